//! Every template of a configuration once, so that a mistake fails the load and not a page at night.

use super::{
    spec::{Receivers, TemplateForm, TemplateUse},
    template::{Mistake, Templates},
};

/// What is wrong with the templates of a configuration.
#[derive(Debug, Default)]
pub struct TemplateMistakes {
    /// In the files of templates. Where there are any, nothing is said of the receivers, which may use what is in them.
    pub files: Vec<Mistake>,
    /// In the receivers.
    pub receivers: Vec<BadTemplate>,
}

/// A template of a receiver that cannot be rendered.
#[derive(Debug)]
pub struct BadTemplate {
    /// The receiver's place in the list.
    pub receiver: usize,
    /// The integration's kind.
    pub kind: &'static str,
    /// Its place among those of its kind.
    pub integration: u16,
    /// Where in it: `fields.0.title`.
    pub path: String,
    /// What is wrong, one line.
    pub why: String,
}

/// Reads the files, each a name and a text, and renders every template of the receivers with a made-up group.
pub fn template_mistakes(receivers: &Receivers, files: &[(String, String)]) -> TemplateMistakes {
    let templates = match Templates::parse(files) {
        Ok(templates) => templates,
        Err(files) => return TemplateMistakes { files, ..TemplateMistakes::default() },
    };
    let mut found = TemplateMistakes::default();
    for (receiver, own) in receivers.receivers.iter().enumerate() {
        for (kind, integration, way) in own.ways() {
            for used in way.provider.templates() {
                if let Some(why) = mistake(&templates, &used) {
                    let path = used.path;
                    found.receivers.push(BadTemplate { receiver, kind, integration, path, why });
                }
            }
        }
    }
    found
}

fn mistake(templates: &Templates, used: &TemplateUse<'_>) -> Option<String> {
    let text = used.template.as_str();
    let tried = match used.form {
        TemplateForm::Text => templates.check(text),
        TemplateForm::Html => templates.check_html(text),
    };
    let mistake = tried.err().filter(|mistake| !mistake.by_data)?;
    // What is wrong is told in the template's own words, which may be a secret's.
    let masked = || "the template in it cannot be used".to_owned();
    Some(if used.is_secret { masked() } else { mistake.to_string() })
}

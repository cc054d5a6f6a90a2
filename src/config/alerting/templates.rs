//! Every template is rendered once when the configuration is read; mistakes get the place where the template stands.

use super::Alerting;
use crate::{
    config::{
        codes::Code,
        files::SourceFile,
        finding::{Finding, Path},
        layers::Values,
        place,
    },
    model::Diagnostic,
    notify::spec::{BadTemplate, TemplateMistake, template_mistakes},
};

impl Alerting {
    /// The files of templates: each a name and a text.
    pub fn template_texts(&self) -> Vec<(String, String)> {
        let files = self.templates.iter();
        files.map(|file| (file.path.display().to_string(), file.text.clone())).collect()
    }

    /// Mistakes in the files of templates, and in the receivers of `[receivers.*]`.
    pub(in crate::config) fn bad_templates(
        &self,
        values: &Values,
    ) -> (Vec<Diagnostic>, Vec<Finding>) {
        let found = template_mistakes(&self.receivers, &self.template_texts());
        let own = found.receivers.iter().map(|bad| {
            let path = self.path_in_tables(bad, values);
            let message = format!("{}: {}", path.subject(), bad.why);
            Finding::new(Code::BadTemplate, path, message)
        });
        let own = own.collect();
        (found.files.iter().map(|mistake| self.in_template_file(mistake)).collect(), own)
    }

    /// The same for receivers that come from an `alertmanager.yml`.
    pub(in crate::config) fn bad_templates_of(&self, file: &SourceFile) -> Vec<Diagnostic> {
        let found = template_mistakes(&self.receivers, &self.template_texts());
        let own = found.receivers.iter().map(|bad| {
            let path = path_in_file(bad);
            let message = format!("{}: {}", path.subject(), bad.why);
            Diagnostic {
                span: place::within(file, &path),
                path: path.to_string(),
                ..place::nowhere(Code::BadTemplate, message)
            }
        });
        found.files.iter().map(|mistake| self.in_template_file(mistake)).chain(own).collect()
    }

    /// `receivers.NAME.slack.title`, with an index where the kind is a list.
    fn path_in_tables(&self, bad: &BadTemplate, values: &Values) -> Path {
        let name = self.receivers.receivers.get(bad.receiver).map_or("", |own| &*own.name);
        let kind = Path::of(["receivers", name, bad.kind]);
        let first = kind.index(bad.integration.into());
        let at = if values.find(&first).is_some() { first } else { kind };
        at.then(Path::parse(&bad.path).0)
    }

    fn in_template_file(&self, mistake: &TemplateMistake) -> Diagnostic {
        let name = mistake.file.as_deref().unwrap_or_default();
        let file = self.templates.iter().find(|file| file.path.display().to_string() == name);
        let span = file.filter(|_| mistake.line > 0).map(|file| {
            place::at(&file.path, &file.text, mistake.line, mistake.column.unwrap_or(1))
        });
        Diagnostic { span, ..place::nowhere(Code::BadTemplate, mistake.to_string()) }
    }
}

/// `receivers[0].slack_configs[1].title`
fn path_in_file(bad: &BadTemplate) -> Path {
    let list = format!("{}_configs", bad.kind);
    let one = Path::of(["receivers"]).index(bad.receiver).key(list).index(bad.integration.into());
    one.then(Path::parse(&bad.path).0)
}

//! Texts that may be Go templates.

use gotmpl::Template;

use crate::compat::{
    decode::{Field, Reader, Sensitive, Text},
    go_url::GoUrl,
    yaml::{Id, Yaml},
};

/// Whether a text is a template at all.
///
/// # Errors
/// Why it is one that cannot be read. As in Alertmanager, which looks before it knows its own functions, only those of
/// the language itself are known.
pub(super) fn is_template(text: &str) -> Result<bool, String> {
    if !text.contains("{{") {
        return Ok(false);
    }
    Template::new("").parse(text).map(|_| true).map_err(|why| why.to_string())
}

/// The URL of a webhook: a secret, and it may be a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct TemplateUrl(pub(in crate::compat) Sensitive);

impl Field for TemplateUrl {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let written = text.lossy();
        if !text.is_empty() && written != crate::model::Secret::MASK {
            match is_template(&written) {
                Ok(true) => {}
                // What the parser says repeats the text, which is a secret.
                Err(_) => return reader.bad_value(id, "the template in it cannot be read"),
                Ok(false) => {
                    let url = GoUrl::parse(&written);
                    let http = |url: &GoUrl| matches!(url.scheme.as_str(), "http" | "https");
                    let why = match url {
                        Err(why) => why,
                        Ok(url) if !http(&url) => "it begins with `http://` or `https://`",
                        Ok(url) if !url.has_host() => "the host is missing",
                        Ok(_) => "",
                    };
                    if !why.is_empty() {
                        return reader.bad_value(id, &format!("not a URL: {why}"));
                    }
                }
            }
        }
        self.0 = Sensitive(text.clone());
        true
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

//! What may not be quoted though a server repeats it.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use url::{Url, form_urlencoded};

use crate::{
    model::Secret,
    net::web::{client::Answer, decoded},
};

/// How much of a body is quoted, in bytes.
const QUOTED: usize = 200;

/// Shorter parts of a URL or of a secret would mask half of every answer.
const SHORTEST_PART: usize = 6;

/// The same of a secret as a whole.
const SHORTEST: usize = 4;

/// Every secret of one request: of all providers, in whatever form a server may give them back.
#[derive(Clone, Default)]
pub(super) struct Masked(Vec<String>);

impl Masked {
    /// The path and the query of a URL, whole and in parts.
    pub(super) fn of(url: &Url) -> Self {
        let mut masked = Self::default();
        masked.part(url.path());
        masked.part(url.query().unwrap_or_default());
        for segment in url.path_segments().into_iter().flatten() {
            masked.part(segment);
        }
        for (_, value) in url.query_pairs() {
            masked.part(&value);
        }
        masked
    }

    /// And a secret: a password, a token, a header's value.
    pub(super) fn and(mut self, secret: &str) -> Self {
        self.secret(secret);
        self
    }

    /// And all that the request of this answer held besides.
    pub(super) fn with(&self, answer: &Answer) -> Self {
        let mut masked = self.clone();
        for secret in &answer.told {
            masked.secret(secret.expose());
        }
        masked
    }

    fn part(&mut self, text: &str) {
        if text.len() >= SHORTEST_PART {
            self.0.push(text.to_owned());
        }
    }

    fn secret(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.push(secret.to_owned());
        }
        // The credentials behind a scheme, the token behind a name, the values of cookies.
        let behind = |mark| secret.split_once(mark).map(|(_, rest)| rest);
        let values = secret.split(';').filter_map(|one| one.split_once('='));
        let values = values.map(|(_, value)| value.trim());
        for part in behind(' ').into_iter().chain(behind(':')).chain(values) {
            self.part(part);
        }
        // What a server makes of basic authentication.
        let pair = secret.strip_prefix("Basic ").and_then(|own| BASE64_STANDARD.decode(own).ok());
        if let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok())
            && let Some((_, password)) = pair.split_once(':')
        {
            self.part(&pair);
            self.secret(password);
        }
    }

    /// The beginning of an answer, for people.
    pub(super) fn quote(&self, body: &[u8]) -> String {
        let text = self.hide(String::from_utf8_lossy(body).into_owned());
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line[..line.floor_char_boundary(QUOTED)].to_owned()
    }

    /// A text without the secrets in it. What is cut, is cut after it: half a secret would not be found.
    pub(super) fn hide(&self, mut text: String) -> String {
        let mut forms: Vec<String> = self.0.iter().flat_map(|secret| forms(secret)).collect();
        // The longest first, so that no rest of it stays.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        for form in forms {
            if text.contains(&form) {
                text = text.replace(&form, Secret::MASK);
            }
        }
        text
    }
}

/// A secret as servers write what they were told: as it came, decoded, encoded, inside JSON and HTML.
fn forms(secret: &str) -> Vec<String> {
    let plain = String::from_utf8_lossy(&decoded(secret.as_bytes())).into_owned();
    let json = serde_json::Value::from(secret).to_string().trim_matches('"').to_owned();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut forms = vec![
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        BASE64_STANDARD_NO_PAD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(secret),
        json.replace('/', r"\/"),
        json,
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        html.replace('"', "&#34;").replace('\'', "&#x27;"),
        html,
        secret.to_owned(),
        plain,
    ];
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_in_every_form() {
        let url: Url = "https://a.example/x/se%20cret%2Fpath?key=que%26ry%3Dvalue".parse().unwrap();
        let masked = Masked::of(&url)
            .and("Bearer t0ken/with\"quote<")
            .and("Basic dXNlcjpwYTpzcw==")
            .and("session=c00kie; b=1")
            .and("bot:12345678")
            .and("4+=/");
        for (echo, wanted) in [
            ("path se%20cret%2Fpath", "path <secret>"),
            ("path 'se cret/path'", "path '<secret>'"),
            ("key que%26ry%3Dvalue que&ry=value", "key <secret> <secret>"),
            ("html que&amp;ry=value", "html <secret>"),
            ("no Bearer t0ken/with\"quote<", "no <secret>"),
            ("no t0ken/with\"quote< here", "no <secret> here"),
            (r#"{"no":"t0ken\/with\"quote<"}"#, r#"{"no":"<secret>"}"#),
            ("no t0ken/with&quot;quote&lt;", "no <secret>"),
            ("no t0ken/with&#34;quote&lt;", "no <secret>"),
            ("no t0ken%2Fwith%22quote%3C", "no <secret>"),
            ("no dXNlcjpwYTpzcw==, user:pa:ss, pa:ss", "no <secret>, <secret>, <secret>"),
            ("cookie c00kie", "cookie <secret>"),
            (
                "12345678 is no bot, Ym90OjEyMzQ1Njc4 neither",
                "<secret> is no bot, <secret> neither",
            ),
            ("4+=/ NCs9Lw== 4%2B%3D%2F", "<secret> <secret>== <secret>"),
            ("Bearer of user", "Bearer of user"),
        ] {
            assert_eq!(masked.quote(echo.as_bytes()), wanted);
        }
    }

    #[test]
    fn no_half_of_a_secret_stays_where_a_quotation_ends() {
        let masked = Masked::default().and("hunter2hunter2hunter2");
        let quoted = masked.quote(format!("{} hunter2hunter2hunter2", "x".repeat(190)).as_bytes());
        assert!(!quoted.contains("hunter2"), "{quoted}");
    }
}

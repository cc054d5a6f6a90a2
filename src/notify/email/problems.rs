use std::str::FromStr;

use lettre::message::{Mailboxes, header::HeaderName};

use super::{Spec, connection};
use crate::{model::Problem, notify::spec::Template};

/// Mistakes that no single value shows.
pub(super) fn of(spec: &Spec) -> Vec<Problem> {
    let mut problems = spec.password().problems();
    problems.extend(spec.secret().problems());
    let mut add = |path: &str, message: String| {
        problems.push(Problem { path: path.into(), message, hint: None });
    };
    if connection::parts(&spec.smarthost).is_none() {
        add("smarthost", "it is not `host:port`".into());
    }
    if spec.hello.is_empty() || spec.hello.contains(char::is_whitespace) {
        add("hello", "it is not a name".into());
    }
    for (key, template) in [("to", &spec.to), ("from", &spec.from)] {
        match addresses(template) {
            Some(Err(why)) => add(key, format!("`{key}` is not an address: {why}")),
            Some(Ok(0)) => add(key, format!("`{key}` has no address")),
            Some(Ok(2..)) if key == "from" => add(key, "`from` has more than one address".into()),
            _ => {}
        }
    }
    let names: Vec<String> = spec.headers.keys().map(|name| name.to_ascii_lowercase()).collect();
    for (at, name) in spec.headers.keys().enumerate() {
        let path = format!("headers.{name}");
        if names[..at].contains(&names[at]) {
            add(&path, format!("`{name}` is there twice"));
        }
        if HeaderName::new_from_ascii(name.clone()).is_err() {
            add(&path, format!("`{name}` is not a header's name"));
        }
        if spec.threading.enabled && ["references", "in-reply-to"].contains(&names[at].as_str()) {
            add(&path, format!("`threading` sets `{name}` itself"));
        }
    }
    if spec.html.is_empty() && spec.text.is_empty() {
        add("html", "the message is empty: neither `html` nor `text`".into());
    }
    let tls = spec.tls.iter();
    problems.extend(tls.flat_map(|tls| tls.problems("tls.")));
    problems
}

/// How many addresses there are, where no template decides it.
fn addresses(template: &Template) -> Option<Result<usize, String>> {
    let text = template.as_str();
    (!text.contains("{{")).then(|| {
        let parsed = Mailboxes::from_str(text.trim());
        parsed.map(|all| all.iter().count()).map_err(|error| error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_place() {
        let good =
            "to = 'a@x.example, B <b@x.example>'\nfrom = 'n@x.example'\nsmarthost = 'x:25'\n";
        let paths = |text: &str| -> Vec<String> {
            let spec: Spec = toml::from_str(text).unwrap();
            of(&spec).into_iter().map(|problem| problem.path).collect()
        };
        assert!(paths(good).is_empty());
        for (from, to, path) in [
            ("x:25", "x", "smarthost"),
            ("a@x.example, ", "@, ", "to"),
            ("'n@x.example'", "'n@x.example, m@x.example'", "from"),
        ] {
            assert_eq!(paths(&good.replace(from, to)), [path]);
        }
        for (more, path) in [
            ("html = ''", "html"),
            ("hello = 'a b'", "hello"),
            ("auth_password = 'x'\nauth_password_file = 'y'", "auth_password_file"),
            ("headers = { X-A = '1', x-a = '2' }", "headers.x-a"),
            ("headers = { 'a b' = '1' }", "headers.a b"),
            ("headers = { References = '1' }\nthreading.enabled = true", "headers.References"),
            ("tls.cert_file = 'x'", "tls.cert_file"),
        ] {
            assert_eq!(paths(&format!("{good}{more}")), [path]);
        }
    }
}

use std::fmt::Write as _;

use hyper::http::uri::PathAndQuery;

use super::url::decoded;

/// What a request for a URL asks for as Go's client does: its path and query as they were written, with escapes for what
/// no request can carry. Browsers, and so the `url` crate, take dots, backslashes and blanks away.
///
/// `None` where Go and we would not agree on where the host ends.
pub fn path_and_query(url: &str) -> Option<PathAndQuery> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (rest, query) =
        rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('\\') {
        return None;
    }
    let mut written = if path.is_empty() { "/".to_owned() } else { escaped_path(path.as_bytes()) };
    if let Some(query) = query {
        written.push('?');
        escape_query(query.as_bytes(), &mut written);
    }
    written.parse().ok()
}

/// Where an answer leads, its path and query with the same escapes; without its fragment. Its bytes may be any.
pub fn reference(location: &[u8]) -> String {
    let (rest, _) = cut(location, b'#');
    let (rest, query) = cut(rest, b'?');
    let (authority, path) = rest.split_at(path_of(rest));
    let mut written = String::from_utf8_lossy(authority).into_owned();
    written.push_str(&escaped_path(path));
    if let Some(query) = query {
        written.push('?');
        escape_query(query, &mut written);
    }
    written
}

/// Where the path begins.
fn path_of(reference: &[u8]) -> usize {
    let is_scheme = |text: &[u8]| {
        text.first().is_some_and(u8::is_ascii_alphabetic)
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    };
    let after_scheme = match cut(reference, b':') {
        (scheme, Some(rest)) if is_scheme(scheme) => reference.len() - rest.len(),
        _ => 0,
    };
    let rest = &reference[after_scheme..];
    match rest.strip_prefix(b"//") {
        Some(authority) => after_scheme + 2 + cut(authority, b'/').0.len(),
        None => after_scheme,
    }
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == at) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

/// Go's `URL.EscapedPath`: as it was written, unless one character does not fit; then all that is not plain is escaped.
fn escaped_path(path: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
    let mut escaped = String::with_capacity(path.len() + 16);
    if path.iter().all(|byte| plain(*byte) || b"!'()*[]%".contains(byte)) {
        escape(path, |_| true, &mut escaped);
        return escaped;
    }
    escape(&decoded(path), plain, &mut escaped);
    escaped
}

fn escape_query(query: &[u8], into: &mut String) {
    escape(query, |byte| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte), into);
}

fn escape(bytes: &[u8], fits: impl Fn(u8) -> bool, into: &mut String) {
    for byte in bytes {
        if fits(*byte) {
            into.push(char::from(*byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_written_is_asked_for() {
        for (url, wanted) in [
            ("http://a.example", "/"),
            ("http://a.example/a/../b", "/a/../b"),
            ("http://a.example//a//b/.", "//a//b/."),
            ("http://a.example/%7Ea%2fb", "/%7Ea%2fb"),
            ("http://a.example/a!'()*[b]", "/a!'()*[b]"),
            ("http://a.example/a\\b", "/a%5Cb"),
            ("http://a.example/a ", "/a%20"),
            ("http://a.example/a|b!%2F%7E", "/a%7Cb%21/~"),
            ("http://a.example/%0a|", "/%0A%7C"),
            ("http://a.example/\u{72fc}", "/%E7%8B%BC"),
            ("http://a.example?a=/b/../c#d?e", "/?a=/b/../c"),
            ("http://a.example/?a='b'&c=d e\"<>[]|\\%zz", "/?a='b'&c=d%20e%22%3C%3E[]|\\%zz"),
            ("http://a.example/?", "/?"),
            ("HTTP://u:p@a.example/x#/../y", "/x"),
        ] {
            let written = path_and_query(url);
            assert_eq!(written.as_ref().map(PathAndQuery::as_str), Some(wanted), "{url}");
        }
        assert_eq!(path_and_query("http://a.example\\@b.example/x"), None);
    }

    /// What Go's client asks for when it is sent there.
    #[test]
    fn references_are_escaped() {
        for (location, wanted) in [
            (&b"/caf\xe9"[..], "/caf%E9"),
            (b"/x?q=\xe9#f", "/x?q=%E9"),
            (b"/\\127.0.0.1:81/w", "/%5C127.0.0.1:81/w"),
            (b"\\\\a.example/w", "%5C%5Ca.example/w"),
            (b"//a.example/a|b^c", "//a.example/a%7Cb%5Ec"),
            (b"HTTP://a.example:81?q='a'", "HTTP://a.example:81?q='a'"),
            (b"https://a.example", "https://a.example"),
            (b"?q=a b", "?q=a%20b"),
            (b"a:b", "a:b"),
            (b"", ""),
        ] {
            assert_eq!(reference(location), wanted, "{}", location.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn nothing_else_comes_into_the_request_line(rest in "\\PC{0,30}|[/a.%0-9?#\\\\ \"|]{0,30}") {
            if let Some(written) = path_and_query(&format!("http://{rest}")) {
                prop_assert!(written.as_str().starts_with('/'));
                prop_assert!(written.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
            let reference = reference(format!("/a{rest}").as_bytes());
            prop_assert!(reference.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}

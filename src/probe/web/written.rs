use std::fmt::Write as _;

use hyper::http::uri::PathAndQuery;

use super::url::decoded;

/// What a request for a URL asks for as Go's client does: its path and query as they were written, with escapes for what
/// no request can carry. Browsers, and so the `url` crate, take dots, backslashes and blanks away.
///
/// `None` where Go and we would not agree on where the host ends.
pub(in crate::probe) fn path_and_query(url: &str) -> Option<PathAndQuery> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (rest, query) =
        rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('\\') {
        return None;
    }
    let mut written = if path.is_empty() { "/".to_owned() } else { escaped_path(path) };
    if let Some(query) = query {
        written.push('?');
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte);
        escape(query.as_bytes(), fits, &mut written);
    }
    written.parse().ok()
}

/// Go's `URL.EscapedPath`: as it was written, unless one character does not fit; then all that is not plain is escaped.
fn escaped_path(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
    if path.bytes().all(|byte| plain(byte) || b"!'()*[]%".contains(&byte)) {
        return path.to_owned();
    }
    let mut escaped = String::with_capacity(path.len() + 16);
    escape(&decoded(path), plain, &mut escaped);
    escaped
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

    proptest! {
        #[test]
        fn nothing_else_comes_into_the_request_line(rest in "\\PC{0,30}|[/a.%0-9?#\\\\ \"|]{0,30}") {
            if let Some(written) = path_and_query(&format!("http://{rest}")) {
                prop_assert!(written.as_str().starts_with('/'));
                prop_assert!(written.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}

//! Which texts are URLs: those that Go's `url.ParseRequestURI` takes.

use std::fmt::Write as _;

/// Whether Go takes it; what follows a `#` is cut off before it is asked.
pub(super) fn is_request_uri(text: &str) -> bool {
    let text = text.split_once('#').map_or(text, |(text, _)| text);
    if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let Some((scheme, rest)) = scheme(text) else { return false };
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !path.starts_with('/') {
        return scheme;
    }
    match path.strip_prefix("//").filter(|_| scheme) {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            is_authority(authority) && escapes_hold(path)
        }
        None => escapes_hold(path),
    }
}

/// Whether there is a scheme, and what follows it; `None` for a colon that nothing precedes.
fn scheme(text: &str) -> Option<(bool, &str)> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at > 0 => return Some((true, text.get(at + 1..)?)),
            b':' => return None,
            _ => break,
        }
    }
    Some((false, text))
}

fn is_authority(authority: &str) -> bool {
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
    user.is_none_or(is_user) && is_host(host)
}

fn is_user(user: &str) -> bool {
    escapes_hold(user)
        && user
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte))
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        let Some((address, port)) = inner.rsplit_once(']') else { return false };
        let (address, zone) = address.split_once("%25").map_or((address, ""), |(a, z)| (a, z));
        return is_port(port) && is_host_text(address) && escapes_hold(zone);
    }
    let (name, port) = host.find(':').map_or((host, ""), |at| host.split_at(at));
    is_port(port) && is_host_text(name)
}

/// A colon and digits, or nothing.
fn is_port(port: &str) -> bool {
    port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_host_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    escapes_hold(text)
        && bytes.iter().enumerate().all(|(at, byte)| match byte {
            // Only what is no ASCII may be escaped in a host.
            b'%' => bytes.get(at + 1).is_some_and(|hex| !matches!(hex, b'0'..=b'7')),
            other => {
                !other.is_ascii()
                    || other.is_ascii_alphanumeric()
                    || b"-_.~!\"$&'()*+,;=:[]<>".contains(other)
            }
        })
}

/// Whether every percent sign begins an escape.
fn escapes_hold(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let hex = rest.as_bytes().get(..2);
        hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A text in double quotes, as Go's `%q` writes it.
pub(in super::super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        // Writing into a String cannot fail.
        let _ = match char {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{7}' => out.write_str("\\a"),
            '\u{8}' => out.write_str("\\b"),
            '\u{b}' => out.write_str("\\v"),
            '\u{c}' => out.write_str("\\f"),
            control if u32::from(control) < 0x20 || control == '\u{7f}' => {
                write!(out, "\\x{:02x}", u32::from(control))
            }
            hidden @ ('\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                write!(out, "\\u{:04x}", u32::from(hidden))
            }
            plain => out.write_char(plain),
        };
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of Alertmanager 0.33.1.
    #[test]
    fn urls_are_those_that_go_takes() {
        for url in [
            "/abs/path",
            "mailto:x@y",
            "http://h/ ü?q=ü",
            "*",
            "x:",
            "http://x/#frag%",
            "http://u:p@h/",
            "http:///x",
            "http://h/<>\"{}|\\^`",
            "http://a<b/",
            "//host/path",
            "http://x/?a=%",
            "http://x:99999/",
            "http://[::1]:9/",
        ] {
            assert!(is_request_uri(url), "{url}");
        }
        for url in [
            "::bad",
            "relative/x",
            "http://[::1",
            "http://a b/",
            "http://x/%zz",
            "http://x:port/",
            "1x:y",
            " http://x",
            "http://x\t/",
            "http://%41/",
        ] {
            assert!(!is_request_uri(url), "{url}");
        }
    }
}

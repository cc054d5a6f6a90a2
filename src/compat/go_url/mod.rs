//! A URL as Go's `net/url` takes it apart and writes it again.
//!
//! Contract: what Go accepts is accepted, and [`GoUrl`]'s `Display` gives what Go's `String` does. No message repeats the text,
//! which may hold a password.

mod escape;

use std::{fmt, net::Ipv6Addr};

use self::escape::{Part, escape, is_escaped, unescape};

/// The parts of a URL, unescaped where Go keeps them so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct GoUrl {
    /// In lower case.
    pub(in crate::compat) scheme: String,
    opaque: String,
    /// The user and, behind a colon, the password.
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    /// The path as it was written, where that is not how Go would escape it.
    raw_path: Option<String>,
    no_authority: bool,
    /// What follows the question mark, if there is one.
    query: Option<String>,
    fragment: Vec<u8>,
    raw_fragment: Option<String>,
}

impl GoUrl {
    /// Go's `url.Parse`.
    ///
    /// # Errors
    /// Why it is none.
    pub(in crate::compat) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("it holds a control character");
        }
        let (body, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut url = Self::without_fragment(body)?;
        url.fragment = unescape(fragment, Part::Fragment)?;
        let usual = escape(&url.fragment, Part::Fragment);
        url.raw_fragment = (usual != fragment).then(|| fragment.to_owned());
        Ok(url)
    }

    fn without_fragment(body: &str) -> Result<Self, &'static str> {
        let mut url = Self::default();
        if body == "*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, rest) = scheme(body)?;
        url.scheme = scheme.to_ascii_lowercase();
        let mut rest = rest;
        if let Some((before, query)) = rest.split_once('?') {
            url.query = Some(query.to_owned());
            rest = before;
        }
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            if rest.split('/').next().unwrap_or_default().contains(':') {
                return Err("the scheme is missing: write `http://` before the host");
            }
        }
        let local = url.scheme.is_empty() && rest.starts_with("///");
        match rest.strip_prefix("//").filter(|_| !local) {
            Some(after) => {
                let end = after.find('/').unwrap_or(after.len());
                url.authority(&after[..end])?;
                rest = &after[end..];
            }
            None => url.no_authority = !url.scheme.is_empty() && rest.starts_with('/'),
        }
        url.set_path(rest)?;
        Ok(url)
    }

    fn set_path(&mut self, written: &str) -> Result<(), &'static str> {
        self.path = unescape(written, Part::Path)?;
        let usual = escape(&self.path, Part::Path);
        self.raw_path = (usual != written).then(|| written.to_owned());
        Ok(())
    }

    fn authority(&mut self, text: &str) -> Result<(), &'static str> {
        let Some((user, host)) = text.rsplit_once('@') else {
            self.host = host(text)?;
            return Ok(());
        };
        self.host = self::host(host)?;
        let permitted =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
        if !user.bytes().all(permitted) {
            return Err("the user or the password holds a character that has to be escaped");
        }
        let (name, password) = match user.split_once(':') {
            Some((name, password)) => (name, Some(unescape(password, Part::User)?)),
            None => (user, None),
        };
        self.user = Some((unescape(name, Part::User)?, password));
        Ok(())
    }

    /// Whether it names a host.
    pub(in crate::compat) fn has_host(&self) -> bool {
        !self.host.is_empty()
    }

    /// Closes the path with a slash, as Alertmanager does where it adds to a path.
    pub(in crate::compat) fn end_in_slash(&mut self) {
        if !self.path.ends_with(b"/") {
            self.path.push(b'/');
        }
    }

    /// With `xxxxx` for a password.
    pub(in crate::compat) fn redacted(&self) -> String {
        let mut url = self.clone();
        if let Some((_, Some(password))) = &mut url.user {
            *password = b"xxxxx".to_vec();
        }
        url.to_string()
    }

    fn escaped_path(&self) -> String {
        if let Some(raw) = self.raw_path.as_deref().filter(|raw| is_escaped(raw, Part::Path))
            && unescape(raw, Part::Path).is_ok_and(|path| path == self.path)
        {
            return raw.to_owned();
        }
        if self.path == b"*" { "*".to_owned() } else { escape(&self.path, Part::Path) }
    }

    fn escaped_fragment(&self) -> String {
        if let Some(raw) = self.raw_fragment.as_deref()
            && is_escaped(raw, Part::Fragment)
        {
            return raw.to_owned();
        }
        escape(&self.fragment, Part::Fragment)
    }
}

impl fmt::Display for GoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            let named = self.has_host() || self.user.is_some();
            let authority = !self.scheme.is_empty() || named;
            if authority && (named || !self.no_authority) {
                if named || !self.path.is_empty() {
                    out.push_str("//");
                }
                if let Some((user, password)) = &self.user {
                    out.push_str(&escape(user, Part::User));
                    if let Some(password) = password {
                        out.push(':');
                        out.push_str(&escape(password, Part::User));
                    }
                    out.push('@');
                }
                out.push_str(&escape(&self.host, Part::Host));
            }
            let path = self.escaped_path();
            if !path.is_empty() && !path.starts_with('/') && self.has_host() {
                out.push('/');
            }
            if out.is_empty() && path.split('/').next().unwrap_or_default().contains(':') {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if let Some(query) = &self.query {
            out.push('?');
            out.push_str(query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&self.escaped_fragment());
        }
        f.write_str(&out)
    }
}

/// What stands before the first colon, if it is a scheme, and the rest.
fn scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("the scheme is missing before the colon"),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn host(text: &str) -> Result<Vec<u8>, &'static str> {
    match text.rfind('[') {
        Some(0) => literal(text),
        Some(_) => Err("a bracket stands inside of the host"),
        None => {
            if !text.rfind(':').is_none_or(|at| is_port(&text[at..])) {
                return Err("the port is not a number");
            }
            unescape(text, Part::Host)
        }
    }
}

/// An IPv6 address in brackets, with a zone behind `%25` or without.
fn literal(text: &str) -> Result<Vec<u8>, &'static str> {
    let Some(end) = text.rfind(']') else { return Err("a bracket of the host is missing") };
    if !is_port(&text[end + 1..]) {
        return Err("the port is not a number");
    }
    let name = &text[1..end];
    let zone = name.find("%25").unwrap_or(name.len());
    let address = unescape(&name[..zone], Part::Host)?;
    let is_address = str::from_utf8(&address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    let zone = unescape(&name[zone..], Part::Zone)?;
    if !is_address || zone == b"%" {
        return Err("only an IPv6 address stands in brackets");
    }
    Ok([b"[", &*address, &*zone, b"]", &text.as_bytes()[end + 1..]].concat())
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_what_go_takes_for_them() {
        for text in
            ["", "http://proxy:3128", "proxy", "//host/x", "http://[::1]:80/", "socks5://u:p@h:1"]
        {
            assert_eq!(GoUrl::parse(text).map(|url| url.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "127.0.0.1:3128",
            ":80",
            "http://h:x",
            "http://[::1",
            "http://[1.2.3.4]/",
            "http://a b/",
            "http://h/%zz",
            "http://u\"@h/",
            "a\u{1}",
        ] {
            assert!(GoUrl::parse(text).is_err(), "{text}");
        }
    }

    /// What Go 1.26 prints.
    #[test]
    fn urls_are_written_as_go_writes_them() {
        for (text, written) in [
            ("HTTP://Host/a b", "http://Host/a%20b"),
            ("http://h/%7Ea%2Fb", "http://h/%7Ea%2Fb"),
            ("http://h/%e4/ü", "http://h/%E4/%C3%BC"),
            ("http://h?x=a b#f g", "http://h?x=a b#f%20g"),
            ("http://h/?", "http://h/?"),
            ("http://u:p%40@h", "http://u:p%40@h"),
            ("mailto:a@b", "mailto:a@b"),
            ("file:/x", "file:/x"),
            ("file:///x", "file:///x"),
            ("http://[fe80::1%25en0]/", "http://[fe80::1%25en0]/"),
            ("http://h/a{b}", "http://h/a%7Bb%7D"),
            ("http://h/'()*!", "http://h/'()*!"),
            ("http://h/#", "http://h/"),
            ("./a:b", "./a:b"),
        ] {
            assert_eq!(GoUrl::parse(text).unwrap().to_string(), written, "{text}");
        }
        let url = GoUrl::parse("HTTP://me:hunter2@h:80/x").unwrap();
        assert_eq!(url.redacted(), "http://me:xxxxx@h:80/x");
        assert_eq!(GoUrl::parse("http://me@h/").unwrap().redacted(), "http://me@h/");
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,20}|[a-z:/?#%@0-9\\[\\]]{0,24}") {
            if let Ok(url) = GoUrl::parse(&text) {
                let _ = url.to_string();
            }
        }
    }
}

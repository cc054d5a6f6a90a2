//! What may stand behind a key of an `alertmanager.yml` beside text and numbers.

use std::{fmt::Write as _, time::Duration};

use crate::{
    compat::{
        decode::{Field, Reader, Text},
        go_url::GoUrl,
        yaml::{Id, Yaml},
    },
    model::Secret,
};

/// A URL that is shown; `http` or `https` and a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct HttpUrl(pub(in crate::compat) Option<GoUrl>);

impl HttpUrl {
    /// One that is known to be right.
    pub(super) fn known(text: &str) -> Self {
        Self(GoUrl::parse(text).ok())
    }

    /// As it is shown and called.
    pub(in crate::compat) fn text(&self) -> String {
        self.0.as_ref().map_or_else(String::new, GoUrl::to_string)
    }
}

fn http_url(text: &str) -> Result<GoUrl, &'static str> {
    let url = GoUrl::parse(text)?;
    if !matches!(url.scheme.as_str(), "http" | "https") {
        return Err("it begins with `http://` or `https://`");
    }
    if !url.has_host() {
        return Err("the host is missing");
    }
    Ok(url)
}

impl Field for HttpUrl {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        match http_url(&text.lossy()) {
            Ok(url) => self.0 = Some(url),
            Err(why) => return reader.bad_value(id, &format!("not a URL: {why}")),
        }
        true
    }
    fn show(&self) -> Yaml {
        if self.is_zero() { Yaml::Null } else { self.text().as_str().into() }
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

/// A URL that is a secret. `<secret>` itself is accepted, so that a page of the configuration can be read back.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct SecretUrl(pub(in crate::compat) Option<GoUrl>);

impl SecretUrl {
    /// As it is called.
    pub(in crate::compat) fn text(&self) -> String {
        self.0.as_ref().map_or_else(String::new, GoUrl::to_string)
    }
}

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Secret::MASK)
    }
}

impl Field for SecretUrl {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        if text.lossy() == Secret::MASK {
            self.0 = Some(GoUrl::default());
            return true;
        }
        match http_url(&text.lossy()) {
            Ok(url) => self.0 = Some(url),
            Err(why) => return reader.bad_value(id, &format!("not a URL: {why}")),
        }
        true
    }
    fn show(&self) -> Yaml {
        if self.is_zero() { Yaml::Null } else { Secret::MASK.into() }
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

/// A list that is different where it is empty and where it is not there; neither is shown.
#[derive(Debug, Clone)]
pub(in crate::compat) struct Listed<F>(Option<Vec<F>>);

impl<F> Default for Listed<F> {
    fn default() -> Self {
        Self(None)
    }
}

impl<F> Listed<F> {
    /// What is said.
    pub(in crate::compat) fn given(&self) -> Option<&[F]> {
        self.0.as_deref()
    }

    pub(in crate::compat) fn iter(&self) -> impl Iterator<Item = &F> {
        self.0.iter().flatten()
    }
}

impl<F: Field> Field for Listed<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut list: Vec<F> = Vec::new();
        let good = list.take(reader, id);
        self.0 = good.then_some(list);
        good
    }
    fn show(&self) -> Yaml {
        self.0.as_ref().map_or(Yaml::Null, Field::show)
    }
    fn is_zero(&self) -> bool {
        self.0.as_ref().is_none_or(Vec::is_empty)
    }
}

/// A duration as Prometheus writes it, `1d12h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::compat) struct Period(pub(in crate::compat) Duration);

/// What a duration of Go can hold.
const LONGEST: Duration = Duration::from_nanos(i64::MAX as u64);

impl Field for Period {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let text = text.lossy();
        match text.parse::<crate::model::PromDuration>() {
            Ok(duration) if duration.0 <= LONGEST => self.0 = duration.0,
            Ok(_) => return reader.bad_value(id, "the duration is longer than 292 years"),
            Err(why) => {
                // The text may be anything a stranger put there; only its fault is repeated.
                let why = why.to_string();
                let why = why.split_once("is not a duration: ").map_or(&*why, |(_, why)| why);
                return reader.bad_value(id, &format!("not a duration: {why}"));
            }
        }
        true
    }
    fn show(&self) -> Yaml {
        written(self.0).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

/// Prometheus' `Duration.String`: years and weeks only where nothing is left of them.
pub(in crate::compat) fn written(duration: Duration) -> String {
    const UNITS: [(&str, u128, bool); 7] = [
        ("y", 365 * 86_400_000, true),
        ("w", 7 * 86_400_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    let (mut millis, mut out) = (duration.as_millis(), String::new());
    if millis == 0 {
        return "0s".to_owned();
    }
    for (unit, size, whole) in UNITS {
        if millis >= size && (!whole || millis.is_multiple_of(size)) {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}{unit}", millis / size);
            millis %= size;
        }
    }
    out
}

/// `host:port`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct HostPort {
    host: String,
    port: String,
}

impl HostPort {
    /// As Go joins them.
    pub(in crate::compat) fn text(&self) -> String {
        let Self { host, port } = self;
        match (host.as_str(), port.as_str()) {
            ("", "") => String::new(),
            _ if host.contains([':', '%']) => format!("[{host}]:{port}"),
            _ => format!("{host}:{port}"),
        }
    }
}

impl Field for HostPort {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        if text.is_empty() {
            return true;
        }
        match split(&text.lossy()) {
            Ok((_, "")) => return reader.bad_value(id, "the port is empty"),
            Ok((host, port)) => {
                *self = Self { host: host.to_owned(), port: port.to_owned() };
            }
            Err(why) => return reader.bad_value(id, why),
        }
        true
    }
    fn show(&self) -> Yaml {
        self.text().as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.host.is_empty() && self.port.is_empty()
    }
}

/// Go's `net.SplitHostPort`.
fn split(text: &str) -> Result<(&str, &str), &'static str> {
    const NO_PORT: &str = "the port is missing: write `host:port`";
    const COLONS: &str = "there are too many colons: an IPv6 address stands in brackets";
    let Some(last) = text.rfind(':') else { return Err(NO_PORT) };
    let (host, rest) = match text.strip_prefix('[') {
        Some(inside) => {
            let Some(end) = inside.find(']') else { return Err("a bracket is missing") };
            if end + 2 == text.len() {
                return Err(NO_PORT);
            }
            if end + 2 != last {
                return Err(if text.as_bytes().get(end + 2) == Some(&b':') {
                    COLONS
                } else {
                    NO_PORT
                });
            }
            (&inside[..end], &text[end + 2..])
        }
        None => (&text[..last], text),
    };
    if !text.starts_with('[') && host.contains(':') {
        return Err(COLONS);
    }
    let inner = if text.starts_with('[') { host } else { "" };
    if inner.contains('[') || rest.contains(['[', ']']) {
        return Err("a bracket stands in the wrong place");
    }
    Ok((host, &text[last + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_prometheus_writes_them() {
        for (seconds, text) in [
            (0, "0s"),
            (300, "5m"),
            (129_600, "1d12h"),
            (90 * 86_400, "90d"),
            (14 * 86_400, "2w"),
            (365 * 86_400, "1y"),
            (366 * 86_400, "366d"),
        ] {
            assert_eq!(written(Duration::from_secs(seconds)), text);
        }
        assert_eq!(written(Duration::from_millis(1500)), "1s500ms");
    }

    #[test]
    fn hosts_and_ports_are_split_as_go_splits_them() {
        assert_eq!(split("a:25"), Ok(("a", "25")));
        assert_eq!(split(":25"), Ok(("", "25")));
        assert_eq!(split("[::1]:25"), Ok(("::1", "25")));
        assert_eq!(split("a:"), Ok(("a", "")));
        for text in ["a", "::1", "[::1]", "[::1", "a:b:1", "[a]b:1", "a]:1", "[a]:1:2", "a[:1"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}

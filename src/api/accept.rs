//! What a client accepts: media types with their parameters, and content encodings, by q value (RFC 9110 section 12.5).

use std::cmp::Reverse;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::metrics::Format;

/// How an answer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// The word of `Content-Encoding`; none for identity.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const PROTOBUF: &str = "application/vnd.google.protobuf; \
                        proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// The format of `/metrics` and its content type. A client that accepts nothing we have gets text 0.0.4 and no error,
/// as from every other exporter.
pub(super) fn format(headers: &HeaderMap) -> (Format, HeaderValue) {
    let best = ranges(headers, &header::ACCEPT).iter().find_map(known);
    let (format, content_type) = best.unwrap_or_else(|| (Format::Text, TEXT.to_owned()));
    // Made of our own words alone, so it is always a valid value.
    let content_type =
        HeaderValue::try_from(content_type).unwrap_or(HeaderValue::from_static(TEXT));
    (format, content_type)
}

/// The format of an answer of blackbox_exporter's, which has no OpenMetrics, and its content type, which always names an
/// escaping scheme: the last one asked for up to the format that is taken, as in Go's client library.
pub(super) fn classic(headers: &HeaderMap) -> (Format, HeaderValue) {
    let mut escaping = "underscores";
    let mut taken = (Format::Text, TEXT);
    for range in ranges(headers, &header::ACCEPT) {
        escaping = range.escaping().unwrap_or(escaping);
        match (&*range.name, range.parameter("version")) {
            _ if range.is_protobuf() => {
                taken = (Format::Protobuf, PROTOBUF);
                break;
            }
            ("text/plain", None | Some("" | "0.0.4")) => break,
            _ => {}
        }
    }
    let content_type = format!("{}; escaping={escaping}", taken.1);
    let fallback = HeaderValue::from_static(taken.1);
    (taken.0, HeaderValue::try_from(content_type).unwrap_or(fallback))
}

/// The compression of an answer; the first the client names among equals, because it knows what costs it least.
pub(super) fn encoding(headers: &HeaderMap) -> Encoding {
    let best = ranges(headers, &header::ACCEPT_ENCODING).iter().find_map(|range| {
        Some(match &*range.name {
            "gzip" | "x-gzip" => Encoding::Gzip,
            "zstd" => Encoding::Zstd,
            "identity" => Encoding::Identity,
            _ => return None,
        })
    });
    best.unwrap_or(Encoding::Identity)
}

/// The compression of an answer of blackbox_exporter's: among equals that which Go's client library takes first.
pub(super) fn classic_encoding(headers: &HeaderMap) -> Encoding {
    let ranges = ranges(headers, &header::ACCEPT_ENCODING);
    let words = ["identity", "*", "gzip"];
    let known = |range: &&Range| words.contains(&&*range.name);
    let best = ranges.iter().filter(known).map(|range| range.quality).max();
    let of =
        |word: &str| ranges.iter().any(|range| Some(range.quality) == best && range.name == word);
    match words.into_iter().find(|word| of(word)) {
        Some("gzip") => Encoding::Gzip,
        _ => Encoding::Identity,
    }
}

fn known(range: &Range) -> Option<(Format, String)> {
    let version = range.parameter("version");
    match (&*range.name, version) {
        _ if range.is_protobuf() => Some((Format::Protobuf, range.escaped(PROTOBUF))),
        // 0.0.1 is a draft of 1.0.0 that older Prometheus servers ask for and read alike.
        ("application/openmetrics-text", None | Some("0.0.1" | "1.0.0")) => {
            let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            Some((Format::OpenMetrics, range.escaped(text)))
        }
        ("text/plain", Some("1.0.0")) => {
            let text = "text/plain; version=1.0.0; charset=utf-8";
            let escaping = range.escaping().unwrap_or("underscores");
            Some((Format::Text, format!("{text}; escaping={escaping}")))
        }
        ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => {
            Some((Format::Text, TEXT.to_owned()))
        }
        _ => None,
    }
}

/// One element of an `Accept` header, in lower case.
struct Range {
    name: String,
    parameters: Vec<(String, String)>,
    /// In thousandths.
    quality: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, b';');
        let name = parts.next()?.trim().to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| {
                (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned())
            })
            .collect();
        let quality = parameters.iter().position(|(name, _)| name == "q");
        let quality = quality.map_or(Some(1000), |at| thousandths(&parameters.remove(at).1));
        (!name.is_empty()).then_some(Self { name, parameters, quality: quality? })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }

    /// The escaping scheme to answer with, where one is asked for. All our names are plain, so each scheme leaves them
    /// as they are, except `dots`, which would double their underscores: then we say what we did instead.
    fn escaping(&self) -> Option<&'static str> {
        Some(match self.parameter("escaping")? {
            "allow-utf-8" => "allow-utf-8",
            "values" => "values",
            _ => "underscores",
        })
    }

    fn escaped(&self, content_type: &str) -> String {
        let mut content_type = content_type.to_owned();
        if let Some(escaping) = self.escaping() {
            content_type.push_str("; escaping=");
            content_type.push_str(escaping);
        }
        content_type
    }

    /// Whether it is the one form of protobuf that we write.
    fn is_protobuf(&self) -> bool {
        self.name == "application/vnd.google.protobuf"
            && self.parameter("proto") == Some("io.prometheus.client.MetricFamily")
            && self.parameter("encoding") == Some("delimited")
    }

    fn is_wildcard(&self) -> bool {
        self.name.ends_with('*')
    }
}

/// Elements of a header that are looked at; Prometheus sends five.
const MAX_RANGES: usize = 64;

/// What the client accepts, the dearest first; what it refuses with q=0 is left out.
fn ranges(headers: &HeaderMap, name: &HeaderName) -> Vec<Range> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let mut ranges: Vec<Range> = values
        .flat_map(|value| split(value, b','))
        .take(MAX_RANGES)
        .filter_map(Range::parse)
        .filter(|range| range.quality > 0)
        .collect();
    ranges.sort_by_key(|range| (Reverse(range.quality), range.is_wildcard()));
    ranges
}

/// Parts between separators, not counting those inside quotes.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |char: char| {
        quoted ^= char == '"';
        !quoted && char == char::from(separator)
    })
}

/// A q value; `None` where it is none, which makes the element void.
fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    (0.0..=1.0).contains(&quality).then_some((quality * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accept(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn formats() {
        const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        const PROTO: &str = "application/vnd.google.protobuf;\
                             proto=io.prometheus.client.MetricFamily;encoding=delimited";
        let table: &[(&str, Format, &str)] = &[
            ("", Format::Text, TEXT),
            ("*/*", Format::Text, TEXT),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text, TEXT),
            ("application/json", Format::Text, TEXT),
            ("application/openmetrics-text;version=1.0.0", Format::OpenMetrics, OPEN),
            ("Application/OpenMetrics-Text; Version=1.0.0", Format::OpenMetrics, OPEN),
            ("application/openmetrics-text; version=0.0.1", Format::OpenMetrics, OPEN),
            ("application/openmetrics-text;version=2.0.0", Format::Text, TEXT),
            ("application/openmetrics-text;q=0, */*", Format::Text, TEXT),
            ("application/openmetrics-text;q=banana, text/plain;q=0.1", Format::Text, TEXT),
            // What Prometheus 2 and Prometheus 3 send.
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
                Format::OpenMetrics,
                OPEN,
            ),
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.2",
                Format::Text,
                "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            ),
            (
                "text/plain;version=1.0.0;escaping=dots",
                Format::Text,
                "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
            ),
            (
                "*/*, text/plain;version=0.0.4;q=0.5, application/openmetrics-text;q=0.9",
                Format::Text,
                TEXT,
            ),
            ("*/*, application/openmetrics-text", Format::OpenMetrics, OPEN),
            (PROTO, Format::Protobuf, PROTOBUF),
            (
                "application/vnd.google.protobuf;proto=\"io.prometheus.client.MetricFamily\";\
                 encoding=\"delimited\";escaping=values;q=0.7,text/plain;q=0.5",
                Format::Protobuf,
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited; escaping=values",
            ),
            // A protobuf we do not speak leads to the next one.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=text,application/openmetrics-text;q=0.5",
                Format::OpenMetrics,
                OPEN,
            ),
        ];
        for (value, wanted, content_type) in table {
            let (format, got) = format(&accept(header::ACCEPT, value));
            assert_eq!((format, got.to_str().unwrap()), (*wanted, *content_type), "{value}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let mut headers = accept(header::ACCEPT, "text/plain;q=0.5");
        headers.append(header::ACCEPT, "application/openmetrics-text".parse().unwrap());
        assert_eq!(format(&headers).0, Format::OpenMetrics);
    }

    #[test]
    fn encodings() {
        let table = [
            ("", Encoding::Identity),
            ("gzip", Encoding::Gzip),
            ("deflate, gzip, br, zstd", Encoding::Gzip),
            ("zstd, gzip", Encoding::Zstd),
            ("gzip;q=0.5, zstd;q=0.9", Encoding::Zstd),
            ("identity, gzip;q=0.5", Encoding::Identity),
            ("gzip;q=0", Encoding::Identity),
            ("br", Encoding::Identity),
            ("identity;q=0, br", Encoding::Identity),
            ("GZIP ; Q=1", Encoding::Gzip),
        ];
        for (value, wanted) in table {
            assert_eq!(encoding(&accept(header::ACCEPT_ENCODING, value)), wanted, "{value}");
        }
    }

    #[test]
    fn classic_encodings() {
        for (value, wanted) in [
            ("", Encoding::Identity),
            ("gzip", Encoding::Gzip),
            ("zstd, gzip", Encoding::Gzip),
            ("gzip;q=0.5, zstd", Encoding::Gzip),
            ("zstd", Encoding::Identity),
            ("gzip, identity", Encoding::Identity),
            ("gzip;q=0.9, *;q=0.1", Encoding::Gzip),
            ("br, deflate", Encoding::Identity),
        ] {
            assert_eq!(
                classic_encoding(&accept(header::ACCEPT_ENCODING, value)),
                wanted,
                "{value}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_is_answered(value in "[ -~]{0,200}") {
            format(&accept(header::ACCEPT, &value));
            encoding(&accept(header::ACCEPT_ENCODING, &value));
        }
    }
}

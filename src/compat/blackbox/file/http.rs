use super::Client;
use crate::compat::{
    blackbox::codes,
    decode::{Field, Named, Pattern, Reader, Section, Size, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// `http`
    Http = { ip_protocol_fallback: true, client: Client::initial() } check validate {
        valid_status_codes: Vec<i64>,
        valid_http_versions: Vec<Text>,
        preferred_ip_protocol: Text,
        ip_protocol_fallback: bool,
        skip_resolve_phase_with_proxy: bool,
        no_follow_redirects: Option<bool>,
        fail_if_ssl: bool,
        fail_if_not_ssl: bool,
        method: Text,
        headers: Named<Text>,
        fail_if_body_matches_regexp: Vec<Pattern>,
        fail_if_body_not_matches_regexp: Vec<Pattern>,
        fail_if_body_json_matches_cel: Option<Rule>,
        fail_if_body_json_not_matches_cel: Option<Rule>,
        fail_if_header_matches: Vec<HeaderMatch>,
        fail_if_header_not_matches: Vec<HeaderMatch>,
        body: Text,
        body_file: Text,
        client: Client => inline,
        compression: Text,
        body_size_limit: Size,
        enable_http3: bool,
    }
}

section! {
    /// A rule for one header.
    HeaderMatch check validate {
        header: Text,
        regexp: Pattern,
        allow_missing: bool,
    }
}

impl HeaderMatch {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.header.is_empty() {
            reader.clash(
                codes::MISSING,
                &["header"],
                "`header` is missing: the name of the header",
            );
        }
        if self.regexp.text().is_empty() {
            reader.clash(codes::MISSING, &["regexp"], "`regexp` is missing or empty");
        }
    }
}

impl Http {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if !(0..i64::MAX).contains(&self.body_size_limit.0) {
            self.body_size_limit.0 = i64::MAX - 1;
        }
        self.client.validate(reader);
        if let Some(no) = self.no_follow_redirects {
            self.client.follow_redirects = !no;
        }
        if !self.body.is_empty() && !self.body_file.is_empty() {
            let why = "`body` and `body_file` exclude each other";
            reader.clash(codes::CONTRADICTION, &["body_file", "body"], why);
        }
        let compression = self.compression.lossy();
        for (name, value) in self.headers.iter() {
            let asks = name.eq_ignore_ascii_case("Accept-Encoding");
            if asks && !accepts(&value.lossy(), &compression) {
                let why = format!(
                    "the header asks for `{}`, which leaves out the compression `{compression}` that is expected",
                    value.lossy()
                );
                let path = format!("headers.{name}");
                reader.clash(codes::CONTRADICTION, &[&path], why);
            }
        }
        self.http3_problems(reader);
    }

    fn http3_problems(&self, reader: &mut Reader<'_>) {
        let lists =
            |version: &str| self.valid_http_versions.iter().any(|own| own.lossy() == version);
        if !self.enable_http3 {
            if lists("HTTP/3.0") {
                let why = "`HTTP/3.0` is a valid version only with `enable_http3: true`";
                reader.clash(codes::CONTRADICTION, &["valid_http_versions"], why);
            }
            return;
        }
        let mut consistent = true;
        if lists("HTTP/2.0") || lists("HTTP/1.1") {
            let why = "with `enable_http3` only `HTTP/3.0` can be a valid version";
            reader.clash(codes::CONTRADICTION, &["valid_http_versions"], why);
            consistent = false;
        }
        if self.client.enable_http2 {
            let why = "`enable_http3: true` needs `enable_http2: false`";
            reader.clash(codes::CONTRADICTION, &["enable_http2", "enable_http3"], why);
            consistent = false;
        }
        if consistent && !cfg!(feature = "http3") {
            let why = "this build of noroshi does not speak HTTP/3";
            reader.clash(codes::HTTP3, &["enable_http3"], why);
            reader.hint(Some("build it with `--features http3`, or take `enable_http3` away to probe over HTTP/2".to_owned()));
        }
    }
}

/// An expression in CEL. What is wrong with it is found when the module is turned into a check.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Rule(pub(in crate::compat) Text);

impl Field for Rule {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !self.0.take(reader, id) {
            return false;
        }
        if let Err(why) = crate::compat::blackbox::native::cel(&self.0.lossy()) {
            return reader.bad_value(id, &why);
        }
        true
    }
    fn show(&self) -> Yaml {
        if self.0.is_empty() { Yaml::Null } else { self.0.show() }
    }
    fn is_zero(&self) -> bool {
        false
    }
}

/// Whether a client that sends this `Accept-Encoding` says that it takes the compression.
pub(in crate::compat) fn accepts(header: &str, compression: &str) -> bool {
    if compression.is_empty() || header.is_empty() {
        return true;
    }
    let mut offers: Vec<(&str, i64)> = header
        .split(',')
        .map(|part| match part.rsplit_once(';') {
            None => (part.trim(), 1000),
            Some((name, quality)) => {
                let quality = quality.trim();
                let quality = quality.strip_prefix("q=").unwrap_or(quality);
                (name.trim(), thousandths(quality))
            }
        })
        .collect();
    offers.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    offers
        .iter()
        .find(|(name, _)| *name == compression || *name == "*")
        .is_some_and(|(_, quality)| *quality > 0)
}

fn thousandths(quality: &str) -> i64 {
    let number: f64 = quality.parse().unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` saturates, which is as good as exact here"
    )]
    let rounded = (number * 1000.0).round() as i64;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_must_be_asked_for() {
        for (header, compression, fits) in [
            ("", "gzip", true),
            ("gzip", "", true),
            ("gzip", "gzip", true),
            ("deflate", "gzip", false),
            ("br, gzip;q=0.5", "gzip", true),
            ("gzip;q=0, deflate", "gzip", false),
            ("*", "br", true),
            ("*;q=0", "br", false),
            ("gzip;q=0.0, *;q=0.5", "gzip", true),
            ("gzip;q=x", "gzip", false),
        ] {
            assert_eq!(accepts(header, compression), fits, "{header} / {compression}");
        }
    }
}

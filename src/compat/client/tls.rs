use crate::compat::{
    decode::{Field, Reader, Section, Sensitive, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// `tls_config`
    Tls check validate {
        ca: Text,
        cert: Text,
        key: Sensitive,
        ca_file: Text,
        cert_file: Text,
        key_file: Text,
        ca_ref: Text,
        cert_ref: Text,
        key_ref: Text,
        server_name: Text,
        insecure_skip_verify: bool => always,
        min_version: Version,
        max_version: Version,
    }
}

impl Tls {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        let several = |given: [bool; 3]| given.iter().filter(|given| **given).count() > 1;
        let cas = [!self.ca.is_empty(), !self.ca_file.is_empty(), !self.ca_ref.is_empty()];
        let certs = [!self.cert.is_empty(), !self.cert_file.is_empty(), !self.cert_ref.is_empty()];
        let keys = [!self.key.is_zero(), !self.key_file.is_empty(), !self.key_ref.is_empty()];
        for (given, names) in [
            (cas, ["ca_file", "ca", "ca_ref"]),
            (certs, ["cert_file", "cert", "cert_ref"]),
            (keys, ["key_file", "key", "key_ref"]),
        ] {
            if several(given) {
                let [file, inline, reference] = names;
                let why =
                    format!("at most one of `{inline}`, `{file}` and `{reference}` may be set");
                reader.clash(reader.codes().contradiction, &names, why);
            }
        }
        match (certs.contains(&true), keys.contains(&true)) {
            (true, false) => {
                let why = "a client certificate needs its key: `key` or `key_file`";
                reader.clash(reader.codes().missing, &["cert_file", "cert", "cert_ref"], why);
            }
            (false, true) => {
                let why = "a client key needs its certificate: `cert` or `cert_file`";
                reader.clash(reader.codes().missing, &["key_file", "key", "key_ref"], why);
            }
            _ => {}
        }
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::compat) enum Version {
    /// Not set.
    #[default]
    Any,
    /// `TLS10`, deprecated by RFC 8996.
    Tls10,
    /// `TLS11`, deprecated by RFC 8996.
    Tls11,
    /// `TLS12`
    Tls12,
    /// `TLS13`
    Tls13,
}

impl Version {
    const WORDS: [(&str, Self); 4] = [
        ("TLS10", Self::Tls10),
        ("TLS11", Self::Tls11),
        ("TLS12", Self::Tls12),
        ("TLS13", Self::Tls13),
    ];

    /// As the file writes it.
    pub(in crate::compat) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, own)| *own == self).map_or("", |(word, _)| word)
    }
}

impl Field for Version {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let word = text.lossy();
        let Some((_, version)) = Self::WORDS.iter().find(|(known, _)| *known == word) else {
            reader.bad_value(id, "not a version of TLS");
            let digits: String = word.chars().filter(char::is_ascii_digit).collect();
            let near = Self::WORDS.iter().find(|(known, _)| known.ends_with(&digits));
            let hint = near
                .filter(|_| digits.len() == 2)
                .map(|(word, _)| format!("did you mean `{word}`?"));
            reader.hint(hint.or(Some("it is TLS10, TLS11, TLS12 or TLS13".to_owned())));
            return false;
        };
        *self = *version;
        true
    }
    fn show(&self) -> Yaml {
        self.word().into()
    }
    fn is_zero(&self) -> bool {
        *self == Self::Any
    }
}

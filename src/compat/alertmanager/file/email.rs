use super::{HostPort, default, needed};
use crate::compat::{
    client::Tls,
    decode::{Field, Named, Reader, Section, Sensitive, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// One of `email_configs`.
    Email = { html: default("email.default.html") } check validate {
        send_resolved: bool => always,
        to: Text,
        from: Text,
        hello: Text,
        smarthost: HostPort,
        auth_username: Text,
        auth_password: Sensitive,
        auth_password_file: Text,
        auth_secret: Sensitive,
        auth_secret_file: Text,
        auth_identity: Text,
        headers: Named<Text>,
        html: Text,
        text: Text,
        require_tls: Option<bool>,
        tls_config: Option<Tls>,
        force_implicit_tls: Option<bool>,
        threading: Threading,
    }
}

section! {
    /// Whether a group's messages are one conversation.
    Threading {
        enabled: bool,
        thread_by_date: Text,
    }
}

impl Email {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "to", &self.to);
        let mut headers: Vec<(String, Text)> = Vec::new();
        for (name, value) in self.headers.iter() {
            let name = canonical(name);
            if headers.iter().any(|(own, _)| *own == name) {
                let why = format!("the header `{name}` is there twice, in other letters");
                reader.clash(reader.codes().duplicate, &["headers"], why);
            } else {
                headers.push((name, value.clone()));
            }
        }
        self.headers.0 = headers;
        if self.threading.enabled {
            self.threading_problems(reader);
        }
    }

    fn threading_problems(&self, reader: &mut Reader<'_>) {
        for header in ["References", "In-Reply-To"] {
            if self.headers.iter().any(|(own, _)| own == header) {
                let why = format!("`threading` sets the header `{header}` itself");
                reader.clash(reader.codes().contradiction, &["headers"], why);
            }
        }
        if !matches!(&*self.threading.thread_by_date.lossy(), "none" | "daily") {
            let why = "`thread_by_date` is `none` or `daily`";
            let keys = ["threading.thread_by_date", "threading"];
            reader.clash(reader.codes().bad_value, &keys, why);
        }
    }
}

/// Go's `CanonicalMIMEHeaderKey`: `X-My-Header`; a name with other characters than a header has stays as it is.
fn canonical(name: &str) -> String {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(token) {
        return name.to_owned();
    }
    let mut upper = true;
    let letter = |c: char| {
        let c = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        upper = c == '-';
        c
    };
    name.chars().map(letter).collect()
}

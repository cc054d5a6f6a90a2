use super::{Period, SecretUrl, needed, text};
use crate::compat::{
    client::{Client, Headers, Tls},
    decode::{Field, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// `tracing`
    Tracing = { client_type: text("grpc") } check validate {
        client_type: Text,
        endpoint: Text,
        sampling_fraction: f64,
        insecure: bool,
        tls_config: Option<Tls>,
        headers: Option<Headers>,
        compression: Text,
        timeout: Period,
    }
}

impl Tracing {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "endpoint", &self.endpoint);
        let kind = self.client_type.lossy();
        if !matches!(&*kind, "http" | "grpc") {
            let why = "it is `http` or `grpc`";
            reader.clash(reader.codes().bad_value, &["client_type"], why);
        }
        if !matches!(&*self.compression.lossy(), "" | "gzip") {
            let why = "the only one is `gzip`";
            reader.clash(reader.codes().bad_value, &["compression"], why);
        }
    }
}

section! {
    /// `event_recorder`, of Alertmanager behind a feature flag.
    EventRecorder {
        file_outputs: Vec<FileOutput>,
        webhook_outputs: Vec<WebhookOutput>,
        kafka_outputs: Vec<KafkaOutput>,
    }
}

section! {
    /// One of `file_outputs`.
    FileOutput check validate {
        path: Text => always,
    }
}

impl FileOutput {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        needed(reader, "path", &self.path);
    }
}

section! {
    /// One of `webhook_outputs`.
    WebhookOutput check validate {
        url: SecretUrl => always,
        http_config: Option<Client>,
        timeout: Period,
        workers: i64,
        max_retries: i64,
        retry_backoff: Period,
    }
}

impl WebhookOutput {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if !self.url.0.as_ref().is_some_and(crate::compat::go_url::GoUrl::has_host) {
            reader.clash(reader.codes().missing, &["url"], "`url` is missing");
        }
    }
}

section! {
    /// One of `kafka_outputs`.
    KafkaOutput check validate {
        brokers: Vec<Text> => always,
        topic: Text => always,
        client_id: Text,
        format: Text,
        acks: Text,
        compression: Text,
        buffer_size: i64,
        tls_config: Option<Tls>,
    }
}

impl KafkaOutput {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.brokers.is_empty() || self.brokers.iter().any(Text::is_empty) {
            let why = "at least one broker is needed, and none is empty";
            reader.clash(reader.codes().missing, &["brokers"], why);
        }
        needed(reader, "topic", &self.topic);
        if self.format.is_empty() {
            self.format = text("json");
        }
        let choices: [(&str, &Text, &[&str]); 3] = [
            ("format", &self.format, &["json", "protobuf"]),
            ("acks", &self.acks, &["", "none", "leader", "all"]),
            ("compression", &self.compression, &["", "none", "gzip", "snappy", "lz4", "zstd"]),
        ];
        for (key, value, known) in choices {
            if !known.contains(&&*value.lossy()) {
                let known: Vec<_> = known.iter().filter(|word| !word.is_empty()).copied().collect();
                let why = format!("it is one of {}", known.join(", "));
                reader.clash(reader.codes().bad_value, &[key], why);
            }
        }
    }
}

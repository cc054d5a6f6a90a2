//! A Prometheus that watches the world: how it is started, and what it answers, complaints included.

use std::{net::SocketAddr, path::Path, process::Command};

use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::{
    server::{Server, free_port, get, part},
    support::daemon::exchange,
};

/// How often the world is scraped and rules are evaluated, in seconds: as often as two cores bear it.
pub(super) const SCRAPE: u64 = 2;

/// One that runs.
pub(super) struct Prometheus {
    /// What distinguishes it: how it stores histograms.
    pub(super) name: &'static str,
    _server: Server,
    address: SocketAddr,
}

/// Times in seconds since the epoch, and the step between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) step: f64,
}

/// What a query was answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The error, and everything Prometheus warns or informs of.
    pub(super) complaints: Vec<String>,
    /// Series, each with its labels, that have a number.
    pub(super) rows: Vec<Value>,
}

impl Prometheus {
    /// Starts it on this configuration, with the jobs and rule files that are in it.
    pub(super) fn start(name: &'static str, config: &str, folder: &Path) -> Option<Self> {
        let program = part("prometheus")?;
        let file = folder.join(format!("{name}.yml"));
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        // A job may be about itself.
        std::fs::write(&file, config.replace("@SELF@", &address.to_string())).unwrap();
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join(name).display()))
            .arg(format!("--web.listen-address={address}"))
            // What was firing when Alertmanager was not found yet is told soon again.
            .arg("--rules.alert.resend-delay=1s")
            .arg("--enable-feature=native-histograms");
        let ready = || get(address, "/-/ready").is_some();
        let server = Server::start(&mut command, folder, name, ready);
        Some(Self { name, _server: server, address })
    }

    /// Now.
    pub(super) fn instant(&self, expression: &str) -> Answer {
        Answer::read(&self.ask("/api/v1/query", &[("query", expression)]))
    }

    /// Over a range of time.
    pub(super) fn range(&self, expression: &str, range: Range) -> Answer {
        let [start, end, step] = [range.start, range.end, range.step].map(|part| part.to_string());
        let parameters = [("query", expression), ("start", &start), ("end", &end), ("step", &step)];
        Answer::read(&self.ask("/api/v1/query_range", &parameters))
    }

    /// The values that a label has among the series of a selector.
    pub(super) fn label_values(&self, selector: Option<&str>, label: &str) -> Vec<String> {
        let path = format!("/api/v1/label/{label}/values");
        let mut query = Serializer::new(String::new());
        if let Some(selector) = selector {
            query.append_pair("match[]", selector);
        }
        let answer = exchange(
            &self.address.to_string(),
            ("GET", &format!("{path}?{}", query.finish())),
            &[],
            b"",
        );
        let answer: Value = serde_json::from_str(&answer.unwrap().body).unwrap();
        assert_eq!(answer["status"], "success", "{selector:?} {label}: {answer}");
        serde_json::from_value(answer["data"].clone()).unwrap()
    }

    /// What another page of its API has to say.
    pub(super) fn data(&self, path: &str) -> Value {
        let answer = get(self.address, path).unwrap_or_else(|| panic!("refused: {path}"));
        serde_json::from_str::<Value>(&answer).unwrap()["data"].take()
    }

    fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let body = Serializer::new(String::new()).extend_pairs(parameters).finish();
        let form = ["Content-Type: application/x-www-form-urlencoded"];
        let address = self.address.to_string();
        let answer = exchange(&address, ("POST", path), &form, body.as_bytes())
            .unwrap_or_else(|| panic!("{} does not answer", self.name));
        serde_json::from_str(&answer.body).unwrap()
    }
}

impl Answer {
    fn read(answer: &Value) -> Self {
        let texts = |key: &str| answer[key].as_array().into_iter().flatten().map(text);
        let mut complaints: Vec<String> = texts("warnings").chain(texts("infos")).collect();
        complaints.extend(answer.get("error").map(text));
        let data = &answer["data"];
        let rows = match data["resultType"].as_str() {
            // A number without labels.
            Some("scalar") => vec![serde_json::json!({ "metric": {}, "value": data["result"] })],
            _ => data["result"].as_array().cloned().unwrap_or_default(),
        };
        Self { complaints, rows: rows.into_iter().filter(has_a_number).collect() }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A series of nothing but "not a number" is shown as nothing.
fn has_a_number(row: &Value) -> bool {
    let is_number = |sample: &Value| sample[1].as_str() != Some("NaN");
    let values = row["values"].as_array().into_iter().flatten();
    let one = row.get("value").into_iter();
    values.chain(one).any(is_number)
        || row.get("histogram").is_some()
        || row.get("histograms").is_some()
}

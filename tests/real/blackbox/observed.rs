//! What is compared of an answer: every series of an exposition, or status and text.

use std::{collections::BTreeMap, io::Read};

use flate2::read::GzDecoder;

use crate::support::daemon::Answer;

use super::{allowed::Difference, protobuf};

/// Families whose values are times: only their labels are compared.
const TIMES: [&str; 6] = [
    "probe_dns_duration_seconds",
    "probe_dns_lookup_time_seconds",
    "probe_duration_seconds",
    "probe_grpc_duration_seconds",
    "probe_http_duration_seconds",
    "probe_icmp_duration_seconds",
];

/// What noroshi says beside: why a probe failed, and what its deadline was, as the peer's next version will.
const REASON: &str = "probe_failure_reason";
const TIMEOUT: &str = "probe_timeout_seconds";

/// What the peer says of a probe at the level of debugging, and scripts may look for.
const THEIR_LINES: [&str; 13] = [
    "Beginning probe",
    "Found matching reply packet",
    "Got response",
    "Making HTTP request",
    "Probe succeeded",
    "Read line",
    "Received HTTP response",
    "Resolved target address",
    "Resolving target address",
    "Response timings for roundtrip",
    "Sending line",
    "Successfully dialed",
    "Regexp matched",
];

/// Headers of an answer that a scraper may look at.
const HEADERS: [&str; 4] = ["content-type", "content-encoding", "location", "allow"];

/// An answer in parts, each with what there is of it, in an order that means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Observed(BTreeMap<String, Vec<String>>);

impl Observed {
    /// Status, headers that matter, and the series or the text of the body.
    pub(super) fn of(answer: &Answer) -> Self {
        let mut observed = Self::default();
        observed.add("status", answer.status.to_string());
        for name in HEADERS {
            let value = answer.header(name).unwrap_or("none");
            // Which letters a page for people is in, only one of them says.
            observed.add(
                name,
                value
                    .strip_suffix("; charset=utf-8")
                    .filter(|it| *it == "text/html")
                    .unwrap_or(value),
            );
        }
        let kind = answer.header("content-type").unwrap_or_default();
        let body = body(answer);
        let text = String::from_utf8_lossy(&body);
        if kind.contains("version=0.0.4") {
            observed.series(&text);
        } else if kind.contains("google.protobuf") {
            observed.series(&protobuf::as_text(&body));
        } else if text.starts_with("Logs for the probe:\n") {
            observed.debug(&text);
        } else if text.contains("<h1>Blackbox Exporter</h1>") {
            observed.index(&text);
        } else if text.starts_with("modules:") {
            observed.yaml("config", &text);
        } else {
            observed.add("body", text);
        }
        observed
    }

    /// The same of `/metrics`, where only what is about probing is alike in the two; values that are times are left out.
    pub(super) fn of_own_metrics(answer: &Answer) -> Self {
        let mut observed = Self::of(answer);
        observed.0.retain(|part, _| part.starts_with("blackbox_") || HEADERS.contains(&&**part));
        for part in ["blackbox_exporter_config_last_reload_success_timestamp_seconds"] {
            for text in observed.0.get_mut(part).into_iter().flatten() {
                *text = text.split(' ').next().unwrap_or_default().to_owned();
            }
        }
        // Whose build it is differs; that it is told, and in which labels, does not.
        for text in observed.0.get_mut("blackbox_exporter_build_info").into_iter().flatten() {
            let labels = text.split('"').step_by(2).collect::<String>();
            *text = labels;
        }
        observed
    }

    pub(super) fn add(&mut self, part: impl Into<String>, text: impl Into<String>) {
        self.0.entry(part.into()).or_default().push(text.into());
    }

    pub(super) fn get(&self, part: &str) -> &[String] {
        self.0.get(part).map_or(&[], Vec::as_slice)
    }

    /// The value of a series without labels.
    pub(super) fn value(&self, metric: &str) -> Option<&str> {
        self.get(metric).iter().find_map(|text| text.strip_prefix("{} "))
    }

    /// Takes out what only noroshi says, after a look at it: a deadline for every probe, a reason for each that failed.
    pub(super) fn take_own(&mut self) -> Result<(), String> {
        let reasons = self.0.remove(REASON).unwrap_or_default();
        let timeouts = self.0.remove(TIMEOUT).unwrap_or_default();
        let gauge = |texts: &[String]| texts.len() == 2 && texts[0] == "is a gauge";
        let wanted = match self.value("probe_success") {
            Some("0") => gauge(&reasons) && gauge(&timeouts) && reasons[1].ends_with("} 1"),
            Some(_) => reasons.is_empty() && gauge(&timeouts),
            None => reasons.is_empty() && timeouts.is_empty(),
        };
        if wanted { Ok(()) } else { Err(format!("{reasons:?} {timeouts:?}")) }
    }

    /// Families and their series. The order of the families is compared too: it is that of their names.
    fn series(&mut self, text: &str) {
        let mut families = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or((rest, "nothing"));
                self.add(name, format!("is a {kind}"));
                families.push(name);
            } else if !line.starts_with('#') && !line.is_empty() {
                let (name, labels, value) = sample(line);
                let value = if TIMES.contains(&name) { "some time" } else { &value };
                self.add(name, format!("{{{}}} {value}", labels.join(",")));
            }
        }
        if !families.is_sorted() {
            self.add("order", families.join(" "));
        }
    }

    /// The three parts of `debug=true`: which lines there are, the series, and the module as YAML.
    fn debug(&mut self, text: &str) {
        let parts: Vec<&str> = text.split("\n\n\n").collect();
        let headings: Vec<_> = parts.iter().map(|part| part.trim_start().lines().next()).collect();
        self.add("headings", format!("{headings:?}"));
        let [lines, metrics, module] = parts[..] else { return };
        for line in lines.lines().skip(1).filter(|line| !line.is_empty()) {
            let (level, words) = (pair(line, "level"), pair(line, "msg"));
            // Only one of them shows what led to a result without being asked to, and that one has more to show.
            if level != "DEBUG" || THEIR_LINES.contains(&words) {
                self.add(format!("log {level}"), words);
            }
        }
        self.series(metrics.trim_start().split_once('\n').map_or("", |(_, rest)| rest));
        self.yaml("module", module.trim_start().split_once('\n').map_or("", |(_, rest)| rest));
    }

    /// The first page: the probes it lists.
    fn index(&mut self, text: &str) {
        let (_, table) = text.split_once("<table").unwrap_or((text, ""));
        for row in table.split("<tr><td>").skip(1) {
            let cells: Vec<_> =
                row.split("</td>").map(|cell| cell.trim_start_matches("<td>")).collect();
            let id = row.split("id=").nth(1).and_then(|rest| rest.split('\'').next());
            self.add("probes", format!("{:?} {id:?}", &cells[..3]));
        }
    }

    /// Every leaf of a document, by its path.
    pub(super) fn yaml(&mut self, part: &str, text: &str) {
        match serde_saphyr::from_str::<serde_json::Value>(text) {
            Ok(value) => self.leaves(part, &value),
            Err(error) => self.add(part, format!("no YAML: {error}")),
        }
    }

    fn leaves(&mut self, path: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(key, value)| self.leaves(&format!("{path}.{key}"), value));
            }
            serde_json::Value::Array(list) if !list.is_empty() => {
                for value in list {
                    self.leaves(&format!("{path}[]"), value);
                }
            }
            leaf => self.add(path, leaf.to_string()),
        }
    }

    /// Takes out the lines of debugging, which the peer has only if it was told to.
    pub(super) fn without_debugging(mut self) -> Self {
        self.0.remove("log DEBUG");
        self
    }

    /// Where two differ. With another status nothing else can be the same but the text.
    pub(super) fn differences(&self, ours: &Self, case: &str) -> Vec<Difference> {
        let refused = self.get("status") != ours.get("status");
        let parts = self.0.keys().chain(ours.0.keys().filter(|part| !self.0.contains_key(*part)));
        let differ = parts
            .filter(|part| !refused || ["status", "body"].contains(&part.as_str()))
            .filter(|part| self.sorted(part) != ours.sorted(part));
        let difference = |part: &String| Difference {
            case: case.to_owned(),
            field: part.clone(),
            theirs: shown(self.get(part)),
            ours: shown(ours.get(part)),
        };
        differ.map(difference).collect()
    }

    fn sorted(&self, part: &str) -> Vec<&String> {
        let mut texts: Vec<_> = self.get(part).iter().collect();
        texts.sort();
        texts
    }
}

/// The body's bytes, gzip taken off.
fn body(answer: &Answer) -> Vec<u8> {
    if answer.header("content-encoding") != Some("gzip") {
        return answer.raw.clone();
    }
    let mut body = Vec::new();
    GzDecoder::new(answer.raw.as_slice()).read_to_end(&mut body).expect("gzip as announced");
    body
}

/// The value of a pair of logfmt, without its quotes; nothing if the line has none.
fn pair<'a>(line: &'a str, name: &str) -> &'a str {
    let Some((_, rest)) = line.split_once(&format!("{name}=")) else { return "" };
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => rest.split(' ').next().unwrap_or_default(),
    }
}

fn shown(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(" ; ") }
}

/// Name, labels in the order of their names, and the value as Rust writes the number.
fn sample(line: &str) -> (&str, Vec<String>, String) {
    let (series, value) = line.rsplit_once(' ').unwrap_or((line, ""));
    let value = value.parse::<f64>().map_or_else(|_| value.to_owned(), |number| number.to_string());
    let Some((name, labels)) = series.split_once('{') else { return (series, Vec::new(), value) };
    let mut pairs = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for character in labels.trim_end_matches('}').chars() {
        if character == ',' && !quoted {
            pairs.push(String::new());
            continue;
        }
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        if let Some(pair) = pairs.last_mut() {
            pair.push(character);
        }
    }
    pairs.retain(|pair| !pair.is_empty());
    pairs.sort();
    (name, pairs, value)
}

#[test]
fn an_exposition_is_read_whatever_its_labels_hold() {
    let mut observed = Observed::default();
    observed.series(
        "# HELP a b\n# TYPE b gauge\nb{z=\"1,}\",a=\"x\\\"y\\\\\"} 3.668918509e+09\n# TYPE a gauge\na 1\n\
         # TYPE probe_duration_seconds gauge\nprobe_duration_seconds 0.25\n",
    );
    assert_eq!(observed.get("b"), ["is a gauge", "{a=\"x\\\"y\\\\\",z=\"1,}\"} 3668918509"]);
    assert_eq!(observed.get("order"), ["b a probe_duration_seconds"]);
    assert_eq!(observed.value("a"), Some("1"));
    assert_eq!(observed.value("probe_duration_seconds"), Some("some time"));
}

#[test]
fn every_difference_is_named() {
    let of = |text: &str| {
        let mut observed = Observed::default();
        observed.series(text);
        observed
    };
    let theirs = of("# TYPE a gauge\na 1\n# TYPE b gauge\nb{x=\"1\"} 1\n");
    let ours = of("# TYPE a gauge\na 2\n# TYPE c gauge\nc 1\n");
    let fields: Vec<_> = theirs.differences(&ours, "case").into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["a", "b", "c"]);
    assert!(theirs.differences(&theirs, "case").is_empty());
}

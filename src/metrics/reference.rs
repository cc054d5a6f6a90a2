//! The tables of `docs/metrics.md`.

use std::collections::BTreeMap;

use super::{Families, Telemetry, check, cluster, exposition::CHECKS};
use crate::{
    cluster::kinds::KINDS,
    model::{Desc, Histogram, LabelSet, MetricKind, Sink},
};

/// Every family with type, labels and meaning, as Markdown.
pub fn reference(families: &Families, telemetry: &Telemetry) -> String {
    let mut text = String::new();
    section(
        &mut text,
        "Every check",
        "Each series carries `check`, `group`, `kind` and the labels named in `export_labels`.",
        check::rows::<Listing>().map(|(desc, _)| row(&desc)),
    );
    section(
        &mut text,
        "By kind",
        "What the last run measured, with the same labels.",
        families.all().iter().filter(|desc| desc.exported).map(|desc| row(desc)),
    );
    section(
        &mut text,
        "Shown by the API alone",
        "In `facts` of `/api/v1/checks` and in the terminal, not on `/metrics`.",
        families.all().iter().filter(|desc| !desc.exported).map(|desc| row(desc)),
    );
    section(
        &mut text,
        "Clusters",
        "How fresh the series of `/metrics/kube` are. Those of a cluster that noroshi does not run in carry `cluster`; those \
         that begin with `noroshi_cluster_collector_` carry `collector`, the name of the resource.",
        cluster::descs().map(row),
    );
    section(
        &mut text,
        "Kubernetes objects",
        "What no peer shows of the objects of clusters, on `/metrics/kube` beside kube-state-metrics' own families. Those of a \
         cluster that noroshi does not run in carry `cluster`. Amounts of resources are in the unit that `unit` names.",
        KINDS.iter().flat_map(|kind| (kind.own)()).map(row),
    );
    let mut listing = Listing::default();
    telemetry.write(&mut listing);
    let own = listing.rows.into_iter().map(|(name, row)| {
        let labels: Vec<&str> = row.labels.iter().map(String::as_str).collect();
        line(&name, row.kind, &labels, &row.help)
    });
    section(
        &mut text,
        "noroshi itself",
        "Without labels of a check.",
        std::iter::once(row(&CHECKS)).chain(own),
    );
    text
}

fn section(text: &mut String, title: &str, words: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&["## ", title, "\n\n", words, "\n\n"].concat());
    text.push_str("| family | type | labels | meaning |\n|---|---|---|---|\n");
    text.extend(rows);
}

fn row(desc: &Desc) -> String {
    line(desc.name, desc.kind, desc.labels, desc.help)
}

fn line(name: &str, kind: MetricKind, labels: &[&str], help: &str) -> String {
    let kind = match kind {
        MetricKind::Gauge => "gauge",
        MetricKind::Counter => "counter",
        MetricKind::Histogram => "histogram",
    };
    let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{name}` | {kind} | {} | {} |\n", labels.join(", "), help.replace('|', "\\|"))
}

/// Keeps what families there are, and the labels seen on their samples.
#[derive(Default)]
struct Listing {
    rows: BTreeMap<String, Listed>,
    current: String,
}

struct Listed {
    kind: MetricKind,
    help: String,
    labels: Vec<String>,
}

impl Listing {
    fn see(&mut self, extra: &[(&str, &str)]) {
        let Some(row) = self.rows.get_mut(&self.current) else { return };
        for (name, _) in extra {
            if *name != "le" && row.labels.iter().all(|known| known != name) {
                row.labels.push((*name).to_owned());
            }
        }
    }
}

impl Sink for Listing {
    fn family(&mut self, name: &str, help: &str, kind: MetricKind) {
        name.clone_into(&mut self.current);
        let row = Listed { kind, help: help.to_owned(), labels: Vec::new() };
        self.rows.entry(name.to_owned()).or_insert(row);
    }

    fn sample(&mut self, _: &LabelSet, extra: &[(&str, &str)], _: f64) {
        self.see(extra);
    }

    fn histogram(&mut self, _: &LabelSet, extra: &[(&str, &str)], _: &Histogram) {
        self.see(extra);
    }
}

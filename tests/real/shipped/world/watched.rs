//! How each Prometheus scrapes the world: as docs/kubernetes.md says, in its own format. It scrapes what is not noroshi, too.

use std::net::SocketAddr;

use super::super::prometheus::SCRAPE;

/// The job of what is not noroshi: it has no place on our dashboards.
pub(crate) const STRANGERS: &str = "elsewhere";

/// A way of storing histograms.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// What a job says of it.
    job: &'static str,
    /// Whether targets have the label `cluster`, as they have where several clusters are scraped.
    has_cluster: bool,
}

/// Classic buckets as the text format has them, native ones, and native ones of custom buckets made of classic ones.
pub(crate) const FORMATS: [Format; 3] = [
    Format { name: "classic", job: "scrape_protocols: [OpenMetricsText1.0.0]", has_cluster: false },
    Format { name: "native", job: "scrape_protocols: [PrometheusProto]", has_cluster: true },
    Format {
        name: "nhcb",
        job: "scrape_protocols: [PrometheusText0.0.4]\n  convert_classic_histograms_to_nhcb: true",
        has_cluster: false,
    },
];

/// The whole file. Of the instances the first two watch the cluster, and nobody answers at `gone`.
pub(super) fn configuration(
    format: &Format,
    instances: &[String],
    gone: SocketAddr,
    rules: &str,
) -> String {
    let quoted = |all: &[String]| format!("'{}'", all.join("', '"));
    let (all, watching) = (quoted(instances), quoted(&instances[..2]));
    let labels = if format.has_cluster { ", labels: { cluster: here }" } else { "" };
    let targets = |targets: &str| format!("static_configs: [{{ targets: [{targets}]{labels} }}]");
    let job = format.job;
    let [all, watching, strangers] =
        [all, watching, format!("'@SELF@', '{gone}'")].map(|names| targets(&names));
    format!(
        "global: {{ scrape_interval: {SCRAPE}s, scrape_timeout: {SCRAPE}s, evaluation_interval: {SCRAPE}s }}\n\
         {rules}\n\
         scrape_configs:\n\
         - job_name: noroshi\n  {job}\n  {all}\n\
         - job_name: kube-state-metrics\n  metrics_path: /metrics/kube\n  honor_labels: true\n  {job}\n  {watching}\n\
         - job_name: {STRANGERS}\n  {strangers}\n"
    )
}

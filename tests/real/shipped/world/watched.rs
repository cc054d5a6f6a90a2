//! How each Prometheus scrapes the replicas: as docs/kubernetes.md says, in its own format.

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

/// The whole file.
pub(super) fn configuration(format: &Format, replicas: &[String; 2], rules: &str) -> String {
    let [one, two] = replicas;
    let labels = if format.has_cluster { ", labels: { cluster: here }" } else { "" };
    let targets = format!("static_configs: [{{ targets: ['{one}', '{two}']{labels} }}]");
    let job = format.job;
    format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
         {rules}\n\
         scrape_configs:\n\
         - job_name: noroshi\n  {job}\n  {targets}\n\
         - job_name: kube-state-metrics\n  metrics_path: /metrics/kube\n  honor_labels: true\n  {job}\n  {targets}\n"
    )
}

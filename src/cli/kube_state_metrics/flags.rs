use std::time::Duration;

use clap::{ArgAction, Args as Arguments};

use crate::model::go_duration;

/// The flags of kube-state-metrics 2.20, with its defaults.
#[derive(Debug, Clone, Arguments)]
// The image's entry point has ports, and a manifest's arguments may have them again: as there, the last one counts.
#[command(
    args_override_self = true,
    after_help = "\
Exit codes, as kube-state-metrics': 0 ended by a signal; 1 anything else.
Linked as `kube-state-metrics`, the binary takes these flags without a command."
)]
pub(in crate::cli) struct KubeStateMetrics {
    /// The URL of the API server; overrides the one in the kubeconfig
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    pub(super) apiserver: String,
    /// Path to a kubeconfig; without it and --apiserver it is the cluster the process runs in
    #[arg(long, value_name = "FILE", default_value = "", hide_default_value = true)]
    pub(super) kubeconfig: String,
    /// Resources to show, separated by commas [default: the 32 that kube-state-metrics shows]
    #[arg(long, value_name = "NAMES")]
    pub(super) resources: Vec<String>,
    /// Namespaces to watch, separated by commas [default: all]
    #[arg(long, value_name = "NAMES")]
    pub(super) namespaces: Vec<String>,
    /// Namespaces to leave out, separated by commas
    #[arg(long = "namespaces-denylist", value_name = "NAMES")]
    pub(super) namespaces_denylist: Vec<String>,
    /// Patterns of the families to show and no others, separated by commas
    #[arg(long = "metric-allowlist", value_name = "PATTERNS")]
    pub(super) metric_allowlist: Vec<String>,
    /// Patterns of the families to leave out, separated by commas
    #[arg(long = "metric-denylist", value_name = "PATTERNS")]
    pub(super) metric_denylist: Vec<String>,
    /// Patterns of the families to show that are off by default, separated by commas
    #[arg(long = "metric-opt-in-list", value_name = "PATTERNS")]
    pub(super) metric_opt_in_list: Vec<String>,
    /// Labels of objects to show by resource: pods=[app,team-*],nodes=[*]
    #[arg(
        long = "metric-labels-allowlist",
        value_name = "LISTS",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) labels: String,
    /// Annotations of objects to show by resource, in the same form
    #[arg(
        long = "metric-annotations-allowlist",
        value_name = "LISTS",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) annotations: String,
    /// Show only the pods of this node; for a DaemonSet
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(super) node: String,
    /// Show only the pods that no node has yet
    #[arg(
        long = "track-unscheduled-pods",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false",
        hide_default_value = true, action = ArgAction::Set
    )]
    pub(super) track_unscheduled_pods: bool,
    /// The number of this replica, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) shard: u32,
    /// How many replicas share the objects
    #[arg(long = "total-shards", value_name = "N", default_value_t = 1)]
    pub(super) total_shards: u32,

    /// Address to show the objects on
    #[arg(long, value_name = "ADDRESS", default_value = "::")]
    pub(super) host: String,
    /// Port to show the objects on
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub(super) port: u16,
    /// Address to show the program's own metrics on
    #[arg(long = "telemetry-host", value_name = "ADDRESS", default_value = "::")]
    pub(super) telemetry_host: String,
    /// Port to show the program's own metrics on
    #[arg(long = "telemetry-port", value_name = "PORT", default_value_t = 8081)]
    pub(super) telemetry_port: u16,
    /// Compress answers for clients that ask for it
    #[arg(
        long = "enable-gzip-encoding",
        num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false",
        hide_default_value = true, action = ArgAction::Set
    )]
    pub(super) gzip: bool,
    /// A file that switches on TLS and users on both ports, as exporter-toolkit has it
    #[arg(long = "tls-config", value_name = "FILE", default_value = "", hide_default_value = true)]
    pub(super) tls_config: String,
    /// How long an idle connection is kept
    #[arg(long = "server-idle-timeout", value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub(super) idle_timeout: Duration,
    /// How long a client may take to send the head of its first request
    #[arg(long = "server-read-header-timeout", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(super) read_header_timeout: Duration,
    /// How long a client may take to send a request
    #[arg(long = "server-read-timeout", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub(super) read_timeout: Duration,
    /// How long an answer may take
    #[arg(long = "server-write-timeout", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub(super) write_timeout: Duration,

    /// `version` shows the version
    #[arg(value_name = "COMMAND", value_parser = ["version"])]
    pub(super) command: Option<String>,

    #[command(flatten)]
    pub(super) missing: Missing,
    #[command(flatten)]
    pub(super) idle: Idle,
}

/// Flags whose function is not built: a start with one of them is refused.
#[derive(Debug, Clone, Arguments)]
pub(super) struct Missing {
    /// Not built yet: the start is refused
    #[arg(long, value_name = "FILE", default_value = "", hide_default_value = true)]
    config: String,
    /// Not built yet: the start is refused
    #[arg(
        long = "custom-resource-state-config",
        value_name = "YAML",
        default_value = "",
        hide_default_value = true
    )]
    custom_resource_state_config: String,
    /// Not built yet: the start is refused
    #[arg(
        long = "custom-resource-state-config-file",
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    custom_resource_state_config_file: String,
    /// Not built yet: the start is refused
    #[arg(long = "custom-resource-state-only", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        default_value = "false", hide_default_value = true, action = ArgAction::Set)]
    custom_resource_state_only: bool,
    /// Not built yet: the start is refused; give --shard and --total-shards
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pod: String,
    /// Not built yet: the start is refused; give --shard and --total-shards
    #[arg(
        long = "pod-namespace",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pod_namespace: String,
    /// Not built yet: the start is refused; --tls-config has users and client certificates
    #[arg(long = "auth-filter", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        default_value = "false", hide_default_value = true, action = ArgAction::Set)]
    auth_filter: bool,
    /// Not built yet: the start is refused
    #[arg(
        long = "object-limit",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    object_limit: i64,
}

impl Missing {
    /// The first one that is given.
    pub(super) fn first(&self) -> Option<&'static str> {
        let given = [
            ("--config", !self.config.is_empty()),
            ("--custom-resource-state-config", !self.custom_resource_state_config.is_empty()),
            (
                "--custom-resource-state-config-file",
                !self.custom_resource_state_config_file.is_empty(),
            ),
            ("--custom-resource-state-only", self.custom_resource_state_only),
            ("--pod", !self.pod.is_empty()),
            ("--pod-namespace", !self.pod_namespace.is_empty()),
            ("--auth-filter", self.auth_filter),
            ("--object-limit", self.object_limit != 0),
        ];
        given.into_iter().find_map(|(flag, is_given)| is_given.then_some(flag))
    }
}

/// Flags that mean nothing here: each is said once in the log.
#[derive(Debug, Clone, Arguments)]
pub(super) struct Idle {
    #[arg(long = "auto-gomemlimit", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    auto_gomemlimit: Option<String>,
    #[arg(long = "auto-gomemlimit-ratio", hide = true)]
    auto_gomemlimit_ratio: Option<String>,
    #[arg(long = "continue-without-config", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    continue_without_config: Option<String>,
    #[arg(long = "continue-without-custom-resource-state-config-file", num_args = 0..=1, default_missing_value = "true",
        require_equals = true, hide = true)]
    continue_without_custom_resource_state_config_file: Option<String>,
    #[arg(long = "use-apiserver-cache", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    use_apiserver_cache: Option<String>,
    #[arg(long = "add_dir_header", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    add_dir_header: Option<String>,
    #[arg(long = "alsologtostderr", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    alsologtostderr: Option<String>,
    #[arg(long = "alsologtostderrthreshold", hide = true)]
    alsologtostderrthreshold: Option<String>,
    #[arg(long = "legacy_stderr_threshold_behavior", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true)]
    legacy_stderr_threshold_behavior: Option<String>,
    #[arg(long = "log_backtrace_at", hide = true)]
    log_backtrace_at: Option<String>,
    #[arg(long = "log_dir", hide = true)]
    log_dir: Option<String>,
    #[arg(long = "log_file", hide = true)]
    log_file: Option<String>,
    #[arg(long = "log_file_max_size", hide = true)]
    log_file_max_size: Option<String>,
    #[arg(long = "logtostderr", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    logtostderr: Option<String>,
    #[arg(long = "one_output", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    one_output: Option<String>,
    #[arg(long = "skip_headers", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    skip_headers: Option<String>,
    #[arg(long = "skip_log_headers", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide = true)]
    skip_log_headers: Option<String>,
    #[arg(long = "stderrthreshold", hide = true)]
    stderrthreshold: Option<String>,
    #[arg(short = 'v', long = "v", hide = true)]
    v: Option<String>,
    #[arg(long = "vmodule", hide = true)]
    vmodule: Option<String>,
}

impl Idle {
    /// Those that are given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let all = [
            ("--auto-gomemlimit", &self.auto_gomemlimit),
            ("--auto-gomemlimit-ratio", &self.auto_gomemlimit_ratio),
            ("--continue-without-config", &self.continue_without_config),
            (
                "--continue-without-custom-resource-state-config-file",
                &self.continue_without_custom_resource_state_config_file,
            ),
            ("--use-apiserver-cache", &self.use_apiserver_cache),
            ("--add_dir_header", &self.add_dir_header),
            ("--alsologtostderr", &self.alsologtostderr),
            ("--alsologtostderrthreshold", &self.alsologtostderrthreshold),
            ("--legacy_stderr_threshold_behavior", &self.legacy_stderr_threshold_behavior),
            ("--log_backtrace_at", &self.log_backtrace_at),
            ("--log_dir", &self.log_dir),
            ("--log_file", &self.log_file),
            ("--log_file_max_size", &self.log_file_max_size),
            ("--logtostderr", &self.logtostderr),
            ("--one_output", &self.one_output),
            ("--skip_headers", &self.skip_headers),
            ("--skip_log_headers", &self.skip_log_headers),
            ("--stderrthreshold", &self.stderrthreshold),
            ("-v", &self.v),
            ("--vmodule", &self.vmodule),
        ];
        all.into_iter().filter_map(|(flag, value)| value.as_ref().map(|_| flag)).collect()
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let nanos = go_duration::parse(text).and_then(|nanos| u64::try_from(nanos).ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| format!("{text:?} is no duration such as 1m30s"))
}

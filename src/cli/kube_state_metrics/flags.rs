use clap::{ArgAction, Args as Arguments};

use crate::compat::kube_state_metrics::duration;

/// The flags of kube-state-metrics 2.20, with its defaults.
#[derive(Debug, Clone, Arguments)]
// The image's entry point has ports, and a manifest's arguments may have them again: as there, the last one counts.
#[command(
    args_override_self = true,
    after_help = "\
Exit codes: 0 ended by a signal; 1 anything else.
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
        value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false",
        hide_default_value = true, action = ArgAction::Set, value_parser = boolean
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
        value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false",
        hide_default_value = true, action = ArgAction::Set, value_parser = boolean
    )]
    pub(super) gzip: bool,
    /// A file that switches on TLS and users on both ports, as exporter-toolkit has it
    #[arg(long = "tls-config", value_name = "FILE", default_value = "", hide_default_value = true)]
    pub(super) tls_config: String,
    /// How long an idle connection is kept; 0 is --server-read-timeout
    #[arg(long = "server-idle-timeout", value_name = "TIME", default_value = "5m", allow_negative_numbers = true, value_parser = duration)]
    pub(super) idle_timeout: i64,
    /// How long a client may take to send the head of its first request; 0 is --server-read-timeout
    #[arg(long = "server-read-header-timeout", value_name = "TIME", default_value = "5s", allow_negative_numbers = true, value_parser = duration)]
    pub(super) read_header_timeout: i64,
    /// How long a client may take to send a request; 0 is for ever
    #[arg(long = "server-read-timeout", value_name = "TIME", default_value = "1m", allow_negative_numbers = true, value_parser = duration)]
    pub(super) read_timeout: i64,
    /// How long an answer may take; 0 is for ever
    #[arg(long = "server-write-timeout", value_name = "TIME", default_value = "1m", allow_negative_numbers = true, value_parser = duration)]
    pub(super) write_timeout: i64,

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
    #[arg(long = "custom-resource-state-only", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false",
        hide_default_value = true, action = ArgAction::Set, value_parser = boolean)]
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
    #[arg(long = "auth-filter", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false",
        hide_default_value = true, action = ArgAction::Set, value_parser = boolean)]
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
    /// The first one that is given, and what there is in its place.
    pub(super) fn first(&self) -> Option<(&'static str, &'static str)> {
        const RESOURCES: &str = "it shows no custom resources";
        const SHARDS: &str = "--shard and --total-shards say which objects are a replica's";
        let file = &self.custom_resource_state_config_file;
        let given = [
            (
                "--config",
                !self.config.is_empty(),
                "@FILE among the arguments is a file of flags, one a line",
            ),
            (
                "--custom-resource-state-config",
                !self.custom_resource_state_config.is_empty(),
                RESOURCES,
            ),
            ("--custom-resource-state-config-file", !file.is_empty(), RESOURCES),
            ("--custom-resource-state-only", self.custom_resource_state_only, RESOURCES),
            ("--pod", !self.pod.is_empty(), SHARDS),
            ("--pod-namespace", !self.pod_namespace.is_empty(), SHARDS),
            ("--auth-filter", self.auth_filter, "--tls-config has users and client certificates"),
            ("--object-limit", self.object_limit != 0, "all objects are shown"),
        ];
        given.into_iter().find_map(|(flag, is_given, instead)| is_given.then_some((flag, instead)))
    }
}

/// Flags that mean nothing here: each is said once in the log.
#[derive(Debug, Clone, Arguments)]
pub(super) struct Idle {
    #[arg(long = "auto-gomemlimit", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    auto_gomemlimit: Option<bool>,
    #[arg(long = "auto-gomemlimit-ratio", hide = true)]
    auto_gomemlimit_ratio: Option<String>,
    #[arg(long = "continue-without-config", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    continue_without_config: Option<bool>,
    #[arg(long = "continue-without-custom-resource-state-config-file", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    continue_without_custom_resource_state_config_file: Option<bool>,
    #[arg(long = "use-apiserver-cache", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    use_apiserver_cache: Option<bool>,
    #[arg(long = "add_dir_header", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    add_dir_header: Option<bool>,
    #[arg(long = "alsologtostderr", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    alsologtostderr: Option<bool>,
    #[arg(long = "alsologtostderrthreshold", hide = true)]
    alsologtostderrthreshold: Option<String>,
    #[arg(long = "legacy_stderr_threshold_behavior", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    legacy_stderr_threshold_behavior: Option<bool>,
    #[arg(long = "log_backtrace_at", hide = true)]
    log_backtrace_at: Option<String>,
    #[arg(long = "log_dir", hide = true)]
    log_dir: Option<String>,
    #[arg(long = "log_file", hide = true)]
    log_file: Option<String>,
    #[arg(long = "log_file_max_size", hide = true)]
    log_file_max_size: Option<String>,
    #[arg(long = "logtostderr", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    logtostderr: Option<bool>,
    #[arg(long = "one_output", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    one_output: Option<bool>,
    #[arg(long = "skip_headers", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    skip_headers: Option<bool>,
    #[arg(long = "skip_log_headers", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        hide = true, value_parser = boolean)]
    skip_log_headers: Option<bool>,
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
            ("--auto-gomemlimit", self.auto_gomemlimit.is_some()),
            ("--auto-gomemlimit-ratio", self.auto_gomemlimit_ratio.is_some()),
            ("--continue-without-config", self.continue_without_config.is_some()),
            (
                "--continue-without-custom-resource-state-config-file",
                self.continue_without_custom_resource_state_config_file.is_some(),
            ),
            ("--use-apiserver-cache", self.use_apiserver_cache.is_some()),
            ("--add_dir_header", self.add_dir_header.is_some()),
            ("--alsologtostderr", self.alsologtostderr.is_some()),
            ("--alsologtostderrthreshold", self.alsologtostderrthreshold.is_some()),
            ("--legacy_stderr_threshold_behavior", self.legacy_stderr_threshold_behavior.is_some()),
            ("--log_backtrace_at", self.log_backtrace_at.is_some()),
            ("--log_dir", self.log_dir.is_some()),
            ("--log_file", self.log_file.is_some()),
            ("--log_file_max_size", self.log_file_max_size.is_some()),
            ("--logtostderr", self.logtostderr.is_some()),
            ("--one_output", self.one_output.is_some()),
            ("--skip_headers", self.skip_headers.is_some()),
            ("--skip_log_headers", self.skip_log_headers.is_some()),
            ("--stderrthreshold", self.stderrthreshold.is_some()),
            ("-v", self.v.is_some()),
            ("--vmodule", self.vmodule.is_some()),
        ];
        all.into_iter().filter_map(|(flag, is_given)| is_given.then_some(flag)).collect()
    }
}

/// Go's `strconv.ParseBool`: these words and no others.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("it is true or false".to_owned()),
    }
}

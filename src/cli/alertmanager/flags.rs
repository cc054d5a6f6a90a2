use std::{fmt::Write as _, path::PathBuf, time::Duration};

use clap::{ArgAction, Args as Arguments};

use crate::{
    cli::personality::Lines,
    compat::{blackbox::log::Level, go_number},
    model::go_duration,
};

#[expect(clippy::struct_excessive_bools, reason = "switches, and what takes each back")]
/// The flags of Alertmanager 0.33, with its defaults. Of the switches each has a `--no-` form, as there.
#[derive(Debug, Clone, Arguments)]
#[command(
    disable_help_flag = true,
    after_help = "\
Exit codes, as Alertmanager's: 0 ended by a signal; 1 anything else.
Linked as `alertmanager` or `prometheus-alertmanager`, the binary takes these flags without a command."
)]
pub(in crate::cli) struct Alertmanager {
    /// Alertmanager configuration file name
    #[arg(long = "config.file", value_name = "FILE", default_value = "alertmanager.yml")]
    pub(super) config_file: PathBuf,
    /// A file of noroshi's own beside it, TOML or YAML: flap_hold, rate_limit, retry, maintenance and deadman (noroshi's own
    /// flag)
    #[arg(long = "noroshi.config-file", value_name = "FILE")]
    pub(super) extras: Option<PathBuf>,
    /// Read the config file and its templates again, every --config.auto-reload-interval, if they have changed (noroshi's own
    /// flag)
    #[arg(long = "config.enable-auto-reload", conflicts_with = "no_auto_reload")]
    pub(super) auto_reload: bool,
    #[arg(long = "no-config.enable-auto-reload", hide = true)]
    no_auto_reload: bool,
    /// Seconds between two looks at them (noroshi's own flag)
    #[arg(
        long = "config.auto-reload-interval",
        value_name = "SECONDS",
        default_value = "30",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(super) auto_reload_interval: u32,
    /// Base path for data storage: noroshi.db is in it
    #[arg(long = "storage.path", value_name = "FOLDER", default_value = "data/")]
    pub(super) storage_path: PathBuf,
    /// How long to keep data for
    #[arg(long = "data.retention", value_name = "TIME", default_value = "120h", value_parser = duration)]
    pub(super) retention: Duration,
    /// Taken and without effect: what was acknowledged is on disk already
    #[arg(long = "data.maintenance-interval", value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub(super) maintenance_interval: Duration,
    /// Maximum number of silences, expired ones included; 0 is no limit
    #[arg(
        long = "silences.max-silences",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = integer
    )]
    pub(super) max_silences: i64,
    /// Maximum silence size in bytes; 0 is no limit
    #[arg(
        long = "silences.max-silence-size-bytes",
        value_name = "BYTES",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = integer
    )]
    pub(super) max_silence_size: i64,
    /// Log the status change of silences
    #[arg(long = "log.silences", conflicts_with = "no_log_silences")]
    pub(super) log_silences: bool,
    #[arg(long = "no-log.silences", hide = true)]
    no_log_silences: bool,
    /// Interval between two collections of alerts that are long resolved
    #[arg(long = "alerts.gc-interval", value_name = "TIME", default_value = "30m", value_parser = duration)]
    pub(super) gc_interval: Duration,
    /// Maximum number of alerts per alertname; 0 is no limit
    #[arg(
        long = "alerts.per-alertname-limit",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = integer
    )]
    pub(super) per_alertname_limit: i64,
    /// Taken and without effect: a group goes when its last alert does
    #[arg(
        long = "dispatch.maintenance-interval",
        value_name = "TIME",
        default_value = "30s",
        value_parser = duration
    )]
    pub(super) dispatch_maintenance_interval: Duration,
    /// How long after a start nothing is sent yet; --rules.alert.resend-delay of Prometheus is a good value
    #[arg(long = "dispatch.start-delay", value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(super) start_delay: Duration,

    /// Where to listen, ADDRESS:PORT, :PORT or vsock://:PORT; repeat for several
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":9093")]
    pub(super) listen_address: Vec<String>,
    /// Serve on the sockets systemd passed instead of on --web.listen-address
    #[arg(long = "web.systemd-socket", conflicts_with = "no_systemd_socket")]
    pub(super) systemd_socket: bool,
    #[arg(long = "no-web.systemd-socket", hide = true)]
    no_systemd_socket: bool,
    /// The file that switches on TLS, users, headers and a rate limit, as exporter-toolkit has it
    #[arg(
        long = "web.config.file",
        value_name = "PATH",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) web_config_file: String,
    /// The URL under which it is reached from outside; its path prefixes all endpoints
    #[arg(
        long = "web.external-url",
        value_name = "URL",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) external_url: String,
    /// Prefix for the internal routes [default: the path of --web.external-url]
    #[arg(
        long = "web.route-prefix",
        value_name = "PATH",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) route_prefix: String,
    /// GET requests at a time; 0 is the number of processors or 8, whichever is larger
    #[arg(
        long = "web.get-concurrency",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = integer
    )]
    pub(super) get_concurrency: i64,
    /// Timeout for requests; 0 is none
    #[arg(
        long = "web.timeout",
        value_name = "TIME",
        default_value = "0",
        allow_hyphen_values = true,
        value_parser = duration
    )]
    pub(super) timeout: Duration,
    /// Taken and without effect: the page needs no files
    #[arg(
        long = "web.ui-path",
        value_name = "FOLDER",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) ui_path: String,
    /// Taken and without effect: there is no garbage collector to tell
    #[arg(long = "auto-gomemlimit.ratio", value_name = "RATIO", default_value_t = 0.9, value_parser = float)]
    pub(super) gomemlimit_ratio: f64,

    #[command(flatten)]
    pub(super) cluster: Cluster,

    /// Comma-separated: classic-mode, utf8-strict-mode, receiver-name-in-metrics, alert-names-in-metrics,
    /// group-key-in-metrics, auto-gomemlimit, event-recorder
    #[arg(
        long = "enable-feature",
        value_name = "LIST",
        default_value = "",
        hide_default_value = true,
        verbatim_doc_comment
    )]
    pub(super) features: String,
    /// Start although a route reaches a receiver of a provider this build does not have (noroshi's own flag)
    #[arg(long = "allow-missing-providers")]
    pub(super) allow_missing_providers: bool,
    /// The least important messages that are logged: debug, info, warn or error
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub(super) log_level: Level,
    /// How a message is written: logfmt or json
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    pub(super) log_format: Lines,
    /// Show this help
    #[arg(short = 'h', long = "help", alias = "no-help", action = ArgAction::HelpLong)]
    help: Option<bool>,
    #[arg(long = "help-long", alias = "no-help-long", hide = true, action = ArgAction::HelpLong)]
    help_long: Option<bool>,
}

/// The flags of Alertmanager's cluster. There is none: replicas that do not know each other page twice.
#[derive(Debug, Clone, Arguments)]
pub(in crate::cli) struct Cluster {
    /// Taken and without effect: nothing listens there
    #[arg(long = "cluster.listen-address", value_name = "ADDRESS", default_value = "0.0.0.0:9094")]
    pub(super) gossip_address: String,
    /// Taken and without effect
    #[arg(
        long = "cluster.advertise-address",
        value_name = "ADDRESS",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) advertise_address: String,
    /// Taken and without effect
    #[arg(
        long = "cluster.peer-name",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) peer_name: String,
    /// A peer: refused without --cluster.allow-duplicates, as each replica would send every notice
    #[arg(long = "cluster.peer", value_name = "ADDRESS")]
    pub(super) peer: Vec<String>,
    /// Start beside peers although every notice is then sent once by each of them (noroshi's own flag)
    #[arg(long = "cluster.allow-duplicates")]
    pub(super) allow_duplicates: bool,
    /// Taken and without effect
    #[arg(long = "cluster.peer-timeout", value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub(super) peer_timeout: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.peers-resolve-timeout",
        value_name = "TIME",
        default_value = "15s",
        value_parser = duration
    )]
    pub(super) peers_resolve_timeout: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.gossip-interval",
        value_name = "TIME",
        default_value = "200ms",
        value_parser = duration
    )]
    pub(super) gossip_interval: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.pushpull-interval",
        value_name = "TIME",
        default_value = "1m0s",
        value_parser = duration
    )]
    pub(super) pushpull_interval: Duration,
    /// Taken and without effect
    #[arg(long = "cluster.tcp-timeout", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(super) tcp_timeout: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.probe-timeout",
        value_name = "TIME",
        default_value = "500ms",
        value_parser = duration
    )]
    pub(super) probe_timeout: Duration,
    /// Taken and without effect
    #[arg(long = "cluster.probe-interval", value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(super) probe_interval: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.settle-timeout",
        value_name = "TIME",
        default_value = "1m0s",
        value_parser = duration
    )]
    pub(super) settle_timeout: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.reconnect-interval",
        value_name = "TIME",
        default_value = "10s",
        value_parser = duration
    )]
    pub(super) reconnect_interval: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.reconnect-timeout",
        value_name = "TIME",
        default_value = "6h0m0s",
        value_parser = duration
    )]
    pub(super) reconnect_timeout: Duration,
    /// Taken and without effect
    #[arg(
        long = "cluster.tls-config",
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) tls_config: String,
    /// Taken and without effect
    #[arg(
        long = "cluster.allow-insecure-public-advertise-address-discovery",
        conflicts_with = "no_public_address"
    )]
    public_address: bool,
    #[arg(long = "no-cluster.allow-insecure-public-advertise-address-discovery", hide = true)]
    no_public_address: bool,
    /// Taken and without effect
    #[arg(
        long = "cluster.label",
        value_name = "LABEL",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) label: String,
}

/// As kingpin reads a duration: Go's grammar, with days and weeks; what is negative is none.
fn duration(text: &str) -> Result<Duration, String> {
    let nanos = go_duration::parse(text).or_else(|| go_duration::parse(&in_hours(text)));
    let nanos = nanos.ok_or_else(|| format!("time: invalid duration {text:?}"))?;
    Ok(u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos))
}

/// Days and weeks as hours: `1d12h` is `24h12h`.
fn in_hours(text: &str) -> String {
    let mut out = String::new();
    let mut number = String::new();
    for letter in text.chars() {
        let hours = match letter {
            'd' => Some(24),
            'w' => Some(7 * 24),
            _ => None,
        };
        match (hours, number.parse::<u64>()) {
            (Some(hours), Ok(count)) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}h", count.saturating_mul(hours));
                number.clear();
            }
            _ if letter.is_ascii_digit() => number.push(letter),
            _ => {
                out.push_str(&std::mem::take(&mut number));
                out.push(letter);
            }
        }
    }
    out + &number
}

fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

fn float(text: &str) -> Result<f64, String> {
    go_number::float(text).map_err(|why| format!("strconv.ParseFloat: parsing {text:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_kingpins() {
        for (text, seconds) in [
            ("120h", 432_000),
            ("5d", 432_000),
            ("1w2d", 777_600),
            ("1d12h", 129_600),
            ("6h0m0s", 21_600),
            ("0", 0),
            ("-5s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "3", "-3", "5x", "d", "1.5"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}

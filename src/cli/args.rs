use std::{num::NonZeroU32, path::PathBuf};

use clap::{ArgAction, Args as Arguments, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::{
    alertmanager::Alertmanager, kube_state_metrics::KubeStateMetrics, personality::Lines, web::Web,
};
use crate::{
    compat::{blackbox::log::Level, go_number},
    config::BlackboxOptions,
};

const EXAMPLES: &str = "\
Examples:
  noroshi --config.file=config.example.toml     watch the example's own targets
  noroshi probe http https://example.org        one run, with the time of each phase
  noroshi explain tls_expired                   what a reason means and what to do

Exit codes: 0 ended by a signal, 1 fatal, 2 usage, 78 configuration";

/// Watches targets and tells Prometheus how they stand, and why they failed.
#[derive(Debug, Parser)]
#[command(name = "noroshi", version, after_help = EXAMPLES, max_term_width = 100, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) files: Files,
    #[command(flatten)]
    pub(super) daemon: Daemon,
}

/// Which configuration: for the daemon and for what looks at it.
#[derive(Debug, Clone, Default, Arguments)]
pub(super) struct Files {
    /// A configuration file (TOML or YAML) or a directory of them; repeat for several, later ones win
    /// [default: /etc/noroshi/config.toml if it exists] [env: NOROSHI__CONFIG__FILE]
    #[arg(
        long = "config.file",
        value_name = "PATH",
        help_heading = "Configuration",
        verbatim_doc_comment
    )]
    pub(super) config_file: Vec<PathBuf>,
}

impl Files {
    /// These, and the others where these name none: before the command or behind it.
    pub(super) fn or(self, other: Self) -> Self {
        if self.config_file.is_empty() { other } else { self }
    }
}

/// Flags of the daemon, by the names Prometheus' exporters give them.
#[derive(Debug, Clone, Default, Arguments)]
pub(super) struct Daemon {
    #[command(flatten)]
    pub(super) web: Web,

    /// The path under which everything is served
    /// [default: /] [env: NOROSHI__WEB__ROUTE_PREFIX]
    #[arg(
        long = "web.route-prefix",
        value_name = "PATH",
        help_heading = "Web",
        verbatim_doc_comment
    )]
    pub(super) route_prefix: Option<String>,

    /// The URL under which this instance is reached from outside, for links
    /// [default: none] [env: NOROSHI__WEB__EXTERNAL_URL]
    #[arg(
        long = "web.external-url",
        value_name = "URL",
        help_heading = "Web",
        verbatim_doc_comment
    )]
    pub(super) external_url: Option<String>,

    /// Scrapes answered at a time; more are answered 503
    /// [default: 40] [env: NOROSHI__WEB__MAX_REQUESTS]
    #[arg(long = "web.max-requests", value_name = "N", help_heading = "Web", verbatim_doc_comment)]
    pub(super) max_requests: Option<u32>,

    /// The least important lines that are logged: error, warn, info, debug or trace
    /// [default: info] [env: NOROSHI__LOG__LEVEL]
    #[arg(long = "log.level", value_name = "LEVEL", help_heading = "Log", verbatim_doc_comment)]
    pub(super) log_level: Option<String>,

    /// Start although a route reaches a receiver whose provider this build does not have
    /// [default: false] [env: NOROSHI__ALERTING__ALLOW_MISSING_PROVIDERS]
    #[arg(long = "allow-missing-providers", help_heading = "Alerting", verbatim_doc_comment)]
    pub(super) allow_missing_providers: bool,

    /// How a line is written: logfmt or json
    /// [default: logfmt] [env: NOROSHI__LOG__FORMAT]
    #[arg(long = "log.format", value_name = "FORMAT", help_heading = "Log", verbatim_doc_comment)]
    pub(super) log_format: Option<String>,
}

impl Daemon {
    /// These flags, and the others where these say nothing: `noroshi --log.level=warn run --web.max-requests=3`.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            web: self.web.or(other.web),
            route_prefix: self.route_prefix.or(other.route_prefix),
            external_url: self.external_url.or(other.external_url),
            max_requests: self.max_requests.or(other.max_requests),
            allow_missing_providers: self.allow_missing_providers || other.allow_missing_providers,
            log_level: self.log_level.or(other.log_level),
            log_format: self.log_format.or(other.log_format),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the daemon (the default)
    Run(Run),
    /// Check the configuration: all mistakes at once, nothing is started
    CheckConfig(CheckConfig),
    /// Run one check once and show where its time went
    Probe(Probe),
    /// Tell what a reason or a diagnostic's code means
    Explain(Explain),
    /// Take blackbox_exporter's place: its flags, its file, its pages
    Blackbox(Blackbox),
    /// Take Alertmanager's place: its flags, its file, its API
    Alertmanager(Box<Alertmanager>),
    /// Take kube-state-metrics' place: its flags, its names, its values
    KubeStateMetrics(Box<KubeStateMetrics>),
    /// Show which way an alert would go
    Route(super::route::Route),
    /// Try a receiver
    Notify(super::notify::Notify),
    /// Silence alerts of a running instance
    Silence(super::silence::Silence),
    /// Write a configuration from another program's
    Generate(super::generate::Generate),
    /// Write the rules for Prometheus: recorded series and alerts
    Rules(super::rules::Rules),
    /// Write the Grafana dashboards
    Dashboards(super::dashboards::Dashboards),
    /// Print the role that collecting from a cluster needs
    Rbac(super::rbac::Rbac),
    /// List the checks of a running instance
    List(List),
    /// Show how the checks of a running instance stand
    Status(Status),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Print a shell's completion script
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Print the manual page (roff)
    Man,
}

#[expect(clippy::struct_excessive_bools, reason = "switches, and what takes each back")]
/// The flags of blackbox_exporter 0.28, with its defaults. Of the switches each has a `--no-` form, as there.
#[derive(Debug, Clone, Arguments)]
#[command(
    disable_help_flag = true,
    after_help = "\
Exit codes, as blackbox_exporter's: 0 ended by a signal, or the file is fine; 1 anything else.
Linked as `blackbox_exporter` or `prometheus-blackbox-exporter`, the binary takes these flags without a command."
)]
pub(super) struct Blackbox {
    /// Blackbox exporter configuration file
    #[arg(long = "config.file", value_name = "FILE", default_value = "blackbox.yml")]
    pub(super) config_file: PathBuf,
    /// Validate the config file and exit
    #[arg(long = "config.check", conflicts_with = "no_config_check")]
    pub(super) config_check: bool,
    #[arg(long = "no-config.check", hide = true)]
    no_config_check: bool,
    /// Read the config file again, every --config.auto-reload-interval, if it has changed
    #[arg(long = "config.enable-auto-reload", conflicts_with = "no_auto_reload")]
    pub(super) auto_reload: bool,
    #[arg(long = "no-config.enable-auto-reload", hide = true)]
    no_auto_reload: bool,
    /// Seconds between two looks at the config file
    #[arg(
        long = "config.auto-reload-interval",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = unsigned
    )]
    pub(super) auto_reload_interval: u64,
    /// Seconds to subtract from the scrape's timeout
    #[arg(
        long = "timeout-offset",
        value_name = "SECONDS",
        default_value_t = 0.5,
        value_parser = float
    )]
    pub(super) timeout_offset: f64,
    /// How many results to keep in the history, and how many failures beyond
    #[arg(
        long = "history.limit",
        value_name = "N",
        default_value_t = BlackboxOptions::HISTORY_LIMIT.into(),
        value_parser = unsigned
    )]
    pub(super) history_limit: u64,
    /// Where to listen; repeat for several
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = ":9115")]
    pub(super) listen_address: Vec<String>,

    /// Serve on the sockets systemd passed instead of on --web.listen-address
    #[arg(long = "web.systemd-socket", conflicts_with = "no_systemd_socket")]
    pub(super) systemd_socket: bool,
    #[arg(long = "no-web.systemd-socket", hide = true)]
    no_systemd_socket: bool,

    /// The file that switches on TLS, users, headers and a rate limit, as exporter-toolkit has it
    #[arg(long = "web.config.file", value_name = "PATH")]
    pub(super) web_config_file: Option<String>,

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
    /// Probes at a time; more are answered 503 (noroshi's own flag)
    #[arg(long = "web.max-requests", value_name = "N", default_value_t = BlackboxOptions::MAX_REQUESTS)]
    pub(super) max_requests: NonZeroU32,
    /// The least important messages that are logged: debug, info, warn or error
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub(super) log_level: Level,
    /// How a message is written: logfmt or json
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    pub(super) log_format: Lines,
    /// The least important lines of probes that are logged: debug, info, warn or error
    #[arg(long = "log.prober", value_name = "LEVEL", default_value = "info")]
    pub(super) log_prober: String,
    /// Show this help
    #[arg(short = 'h', long = "help", alias = "no-help", action = ArgAction::HelpLong)]
    help: Option<bool>,
    #[arg(long = "help-long", alias = "no-help-long", hide = true, action = ArgAction::HelpLong)]
    help_long: Option<bool>,
}

fn unsigned(text: &str) -> Result<u64, String> {
    go_number::unsigned(text).map_err(|why| format!("strconv.ParseUint: parsing {text:?}: {why}"))
}

fn float(text: &str) -> Result<f64, String> {
    go_number::float(text).map_err(|why| format!("strconv.ParseFloat: parsing {text:?}: {why}"))
}

#[derive(Debug, Arguments)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) files: Files,
    #[command(flatten)]
    pub(super) daemon: Daemon,
}

#[derive(Debug, Arguments)]
#[command(after_help = "Exit codes: 0 fine, 78 mistakes")]
#[expect(clippy::struct_excessive_bools, reason = "switches")]
pub(super) struct CheckConfig {
    #[command(flatten)]
    pub(super) files: Files,
    /// Files to check, as --config.file
    pub(super) paths: Vec<PathBuf>,
    /// Check an alertmanager.yml instead, and the templates it names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "config_file", "show_effective"])]
    pub(super) alertmanager: Option<PathBuf>,
    /// Check this file of noroshi's own beside it too
    #[arg(long = "noroshi.config-file", value_name = "FILE", requires = "alertmanager")]
    pub(super) extras: Option<PathBuf>,
    /// As that flag of a start: a receiver that this build cannot tell is no mistake
    #[arg(long)]
    pub(super) allow_missing_providers: bool,
    /// How mistakes are shown
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Warnings are mistakes too
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// Print every value with all defaults filled in as TOML, secrets masked, instead of mistakes as JSON
    #[arg(long)]
    pub(super) show_effective: bool,
    /// With --show-effective: say where each value came from
    #[arg(long, requires = "show_effective")]
    pub(super) sources: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: the line, a caret, a hint
    #[default]
    Human,
    /// For programs: an array of objects
    Json,
}

#[derive(Debug, Arguments)]
#[command(after_help = "Examples:
  noroshi probe http https://example.org expect.status=[200] timeout=2s
  noroshi probe dns 192.0.2.53 name=example.org type=MX
  noroshi probe icmp example.org count=5
  noroshi probe --check website --config.file=config.toml

Exit codes: 0 up, 1 down, 2 usage, 3 could not tell, 78 the configuration of --check")]
pub(super) struct Probe {
    #[command(flatten)]
    pub(super) files: Files,
    /// The kind of check: http, tcp, dns, icmp, websocket, tls, unix or grpc
    #[arg(required_unless_present = "check", requires = "target")]
    pub(super) kind: Option<String>,
    /// What to probe: a URL, host:port, a name server or a host, as the kind wants it
    pub(super) target: Option<String>,
    /// Keys of the check, as in the configuration: timeout=2s, expect.status=[204]
    #[arg(value_name = "KEY=VALUE")]
    pub(super) pairs: Vec<String>,
    /// Run this check of the configuration instead
    #[arg(long, value_name = "NAME", conflicts_with_all = ["kind", "target", "pairs"])]
    pub(super) check: Option<String>,
    /// How many times
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) count: u32,
    /// Print the outcome as JSON, one object per run
    #[arg(long, conflicts_with = "prom")]
    pub(super) json: bool,
    /// Print the metrics the check would have
    #[arg(long)]
    pub(super) prom: bool,
}

#[derive(Debug, Arguments)]
pub(super) struct Explain {
    /// A reason such as `tls_expired` or a code such as `C003`; none lists them all
    pub(super) word: Option<String>,
}

/// Which running instance is asked, and how it is reached.
#[derive(Debug, Arguments)]
pub(super) struct Peer {
    /// The instance's URL, route prefix included
    #[arg(long, default_value = "http://127.0.0.1:10070", value_name = "URL")]
    pub(super) url: String,
    /// The user to log in as
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub(super) user: Option<String>,
    /// The file that holds the user's password
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// Credentials, TLS and proxy in a file, the one that amtool takes here
    #[arg(
        id = "http_config_file",
        long = "http.config.file",
        value_name = "FILE",
        conflicts_with = "user"
    )]
    pub(super) config_file: Option<PathBuf>,
}

/// Which running instance is asked, and how its answer is shown.
#[derive(Debug, Arguments)]
pub(super) struct Instance {
    #[command(flatten)]
    pub(super) peer: Peer,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Arguments)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) instance: Instance,
}

#[derive(Debug, Arguments)]
#[command(
    after_help = "Exit codes: 0 asked and shown, 1 not reached, or with --exit-code a check is not up"
)]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) instance: Instance,
    /// Only checks that are not up
    #[arg(long)]
    pub(super) failing: bool,
    /// Exit 1 if the verdict on any check is that it is not up
    #[arg(long)]
    pub(super) exit_code: bool,
}

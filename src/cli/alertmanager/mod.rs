//! `noroshi alertmanager`, and this binary under Alertmanager's names: its flags, its exit codes.

mod flags;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    time::Duration,
};

use clap::{CommandFactory, FromArgMatches, Parser, error::ErrorKind};
use tracing::{error, info, warn};

pub(super) use self::flags::Alertmanager;
use self::flags::Lines;
use super::{argsfile, exit::Exit, page, run::Signals};
use crate::{
    app::{
        self, Front,
        alertmanager::{Features, Options, Personality},
        blackbox::lines::Shape,
        log,
    },
    clock::Clock,
    compat::blackbox::{
        Place,
        log::{Format, Level},
    },
    config::{AlertmanagerFile, LogLevel},
};

/// Names under which the binary is Alertmanager: the project's own, and that of Debian's package.
const NAMES: [&str; 2] = ["alertmanager", "prometheus-alertmanager"];

/// How long sends may go on after a signal; what is not sent then stays in the outbox.
const GRACE: Duration = Duration::from_secs(10);

/// Routes, groups and tells alerts in the place of Alertmanager: same flags, same alertmanager.yml, same API.
#[derive(Parser)]
#[command(disable_version_flag = true, max_term_width = 100)]
struct Standalone {
    #[command(flatten)]
    flags: Alertmanager,
    /// Show the version
    #[arg(long, alias = "no-version")]
    version: bool,
    #[arg(long = "help-man", alias = "no-help-man", hide = true)]
    help_man: bool,
}

/// Runs the personality if these arguments are its own. A wrong flag ends in 1, as there, and not in noroshi's 2.
pub(super) fn in_its_place(args: &[OsString]) -> Option<Exit> {
    let program = args.first().and_then(|path| Path::new(path).file_name())?;
    if let Some(name) = NAMES.iter().find(|name| program == OsStr::new(name)) {
        return Some(parse(name, &args[1..]));
    }
    (args.get(1)? == "alertmanager").then(|| parse("noroshi alertmanager", &args[2..]))
}

fn parse(name: &'static str, rest: &[OsString]) -> Exit {
    let rest = match argsfile::expanded(rest) {
        Ok(rest) => rest,
        Err(why) => {
            eprintln!("{name}: error: {why}, try --help");
            return Exit::Fatal;
        }
    };
    let args = [OsString::from(name)].into_iter().chain(rest);
    let command = Standalone::command().name(name).bin_name(name);
    let parsed = command.clone().try_get_matches_from(args);
    match parsed.and_then(|matches| Standalone::from_arg_matches(&matches)) {
        Ok(standalone) if standalone.version => page::show(&version()),
        Ok(standalone) if standalone.help_man => page::manual(command),
        Ok(standalone) => run(&standalone.flags),
        Err(error) => {
            // Nothing is left to tell a person whose terminal is gone.
            let _ = error.print();
            if error.kind() == ErrorKind::DisplayHelp { Exit::Ok } else { Exit::Fatal }
        }
    }
}

/// In the shape of Prometheus' own programs, whose first line scripts read.
fn version() -> String {
    let build = app::BUILD;
    format!(
        "alertmanager, version {} (noroshi {}, revision: {})\n  \
         rust version:     {}\n  platform:         {}/{}\n  tags:             {}\n",
        app::alertmanager::VERSION,
        build.version,
        build.revision,
        build.rustc,
        std::env::consts::OS,
        std::env::consts::ARCH,
        build.features,
    )
}

fn run(flags: &Alertmanager) -> Exit {
    let format = match flags.log_format {
        Lines::Logfmt => Format::Logfmt,
        Lines::Json => Format::Json,
    };
    log::start_shaped(level(flags.log_level), Shape(format));
    log::take_panics();
    let build = app::BUILD;
    info!(version = build.version, revision = build.revision, "Starting Alertmanager");
    let options = match options(flags) {
        Ok(options) => options,
        Err(Wrong { err, words }) => {
            error!(err, "{words}");
            return Exit::Fatal;
        }
    };
    for feature in &options.features.without_effect {
        warn!(feature, "--enable-feature: it has no effect in noroshi");
    }
    let file = AlertmanagerFile::read(&options.source());
    if file.alerting.is_none() {
        eprint!("{}", file.human("nothing was started"));
        error!(file = %flags.config_file.display(), "error loading configuration file");
        return Exit::Fatal;
    }
    log::diagnostics(&file.diagnostics);
    live(options, file)
}

/// A flag that makes no sense, or not here.
struct Wrong {
    err: String,
    words: &'static str,
}

fn options(flags: &Alertmanager) -> Result<Options, Wrong> {
    let wrong = |words| move |err| Wrong { err, words };
    let features = flags.features.parse::<Features>();
    let features = features.map_err(wrong("error parsing the feature flag list"))?;
    alone(flags).map_err(wrong("unable to initialize gossip mesh"))?;
    let place = place(flags).map_err(wrong("failed to determine external URL"))?;
    let addresses: Result<_, String> =
        flags.listen_address.iter().map(|text| text.parse()).collect();
    let listen_address = addresses.map_err(wrong("Error starting HTTP server"))?;
    let limit = |number: i64| usize::try_from(number).ok().filter(|number| *number > 0);
    Ok(Options {
        config_file: flags.config_file.clone(),
        extras: flags.extras.clone(),
        auto_reload: flags
            .auto_reload
            .then(|| Duration::from_secs(flags.auto_reload_interval.into())),
        storage_path: flags.storage_path.clone(),
        retention: flags.retention,
        max_silences: limit(flags.max_silences),
        max_silence_size: limit(flags.max_silence_size),
        log_silences: flags.log_silences,
        gc_interval: flags.gc_interval,
        per_alertname_limit: limit(flags.per_alertname_limit),
        start_delay: flags.start_delay,
        get_concurrency: limit(flags.get_concurrency),
        timeout: (!flags.timeout.is_zero()).then_some(flags.timeout),
        features,
        allow_missing_providers: flags.allow_missing_providers,
        front: Front {
            listen_address,
            systemd_socket: flags.systemd_socket,
            config_file: Some(&*flags.web_config_file)
                .filter(|file| !file.is_empty())
                .map(Into::into),
        },
        place,
        grace: GRACE,
        clock: Clock::system(),
    })
}

/// Two that do not know each other send everything twice, and nobody learns why.
fn alone(flags: &Alertmanager) -> Result<(), String> {
    let peers = &flags.cluster.peer;
    if peers.is_empty() {
        return Ok(());
    }
    if flags.cluster.allow_duplicates {
        warn!(?peers, "the peers are not told what was sent: every notice is sent by each of them");
        return Ok(());
    }
    Err(format!(
        "--cluster.peer names {}, but replicas of noroshi do not know what the others sent, so that each would send every \
         notice: run one replica, or give --cluster.allow-duplicates",
        peers.join(", ")
    ))
}

fn place(flags: &Alertmanager) -> Result<Place, String> {
    if flags.systemd_socket && flags.external_url.is_empty() {
        return Err(
            "it cannot be inferred from a socket of systemd's, give --web.external-url".into()
        );
    }
    let listen = flags.listen_address.first().map_or("", String::as_str);
    let hostname = app::blackbox::hostname();
    Place::new(&flags.external_url, &flags.route_prefix, &hostname, listen)
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    }
}

fn live(options: Options, file: AlertmanagerFile) -> Exit {
    app::blackbox::take_file_descriptors();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => {
            error!(%err, "no runtime");
            return Exit::Fatal;
        }
    };
    let exit = runtime.block_on(async {
        let mut signals = match Signals::new() {
            Ok(signals) => signals,
            Err(err) => {
                error!(%err, "no signal handler");
                return Exit::Fatal;
            }
        };
        match Personality::start(options, file).await {
            Ok(personality) => until_ended(personality, &mut signals).await,
            Err(err) => {
                error!(%err, "Error starting");
                Exit::Fatal
            }
        }
    });
    // What still blocks (a file on a dead mount) is not waited for.
    runtime.shutdown_background();
    exit
}

/// Reloads on SIGHUP until a signal or a fatal task ends it.
async fn until_ended(mut personality: Personality, signals: &mut Signals) -> Exit {
    loop {
        tokio::select! {
            () = signals.end.asked() => break,
            cause = personality.failed() => {
                error!("{cause}");
                return Exit::Fatal;
            }
            _ = signals.hangup.recv() => {}
        }
        // The result is in the log and in the metrics; the end does not wait for it.
        tokio::select! {
            _ = personality.reload() => {}
            () = signals.end.asked() => break,
        }
    }
    info!("Received SIGTERM, exiting gracefully...");
    tokio::select! {
        _ = personality.stop() => {}
        () = signals.end.asked() => warn!("a second signal: ending now"),
    }
    Exit::Ok
}

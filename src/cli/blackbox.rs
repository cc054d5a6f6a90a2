//! `noroshi blackbox`, and this binary under blackbox_exporter's names: its flags, its exit codes.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    time::Duration,
};

use clap::{CommandFactory, FromArgMatches, Parser, error::ErrorKind};
use tracing::{error, info, warn};

use super::{
    args::{Blackbox, Lines},
    argsfile,
    exit::Exit,
    page,
    run::Signals,
};
use crate::{
    app::{
        self, Front,
        blackbox::{Options, Personality, lines::Shape},
        log,
    },
    clock::Clock,
    compat::blackbox::{
        Place,
        log::{Format, Level},
    },
    config::{BlackboxFile, LogLevel},
};

/// Names under which the binary is blackbox_exporter: the project's own, and that of Debian's package.
const NAMES: [&str; 2] = ["blackbox_exporter", "prometheus-blackbox-exporter"];

/// How long probes may go on after a signal. blackbox_exporter cuts them at once.
const GRACE: Duration = Duration::from_secs(5);

/// Probes targets for Prometheus in the place of blackbox_exporter: same flags, same blackbox.yml, same /probe.
#[derive(Parser)]
#[command(disable_version_flag = true, max_term_width = 100)]
struct Standalone {
    #[command(flatten)]
    flags: Blackbox,
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
    (args.get(1)? == "blackbox").then(|| parse("noroshi blackbox", &args[2..]))
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
        Ok(standalone) => run(standalone.flags),
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
        "noroshi, version {} (in the place of: blackbox_exporter, revision: {})\n  \
         rust version:     {}\n  platform:         {}/{}\n  tags:             {}\n",
        build.version,
        build.revision,
        build.rustc,
        std::env::consts::OS,
        std::env::consts::ARCH,
        build.features,
    )
}

fn run(flags: Blackbox) -> Exit {
    let format = match flags.log_format {
        Lines::Logfmt => Format::Logfmt,
        Lines::Json => Format::Json,
    };
    log::start_shaped(level(flags.log_level), Shape(format));
    log::take_panics();
    let build = app::BUILD;
    info!(version = build.version, revision = build.revision, "Starting blackbox_exporter");
    let level = flags.log_prober.parse().unwrap_or_else(|err: String| {
        let words = "Error setting log prober level, log prober level unchanged";
        warn!(err, current_level = "info", "{words}");
        Level::Info
    });
    let file = BlackboxFile::read(flags.config_file.clone());
    if file.modules.is_none() {
        eprint!("{}", file.human("nothing was started"));
        error!(file = %flags.config_file.display(), "Error loading config");
        return Exit::Fatal;
    }
    log::diagnostics(&file.diagnostics);
    if flags.config_check {
        info!("Config file is ok exiting...");
        return Exit::Ok;
    }
    info!("Loaded config file");
    match options(flags, format, level) {
        Ok(options) => live(options, file),
        Err(Wrong { err, words }) => {
            error!(err, "{words}");
            Exit::Fatal
        }
    }
}

/// A flag that makes no sense, found as late as blackbox_exporter finds it: `--config.check` does not mind it.
struct Wrong {
    err: String,
    words: &'static str,
}

fn options(flags: Blackbox, format: Format, level: Level) -> Result<Options, Wrong> {
    let wrong = |words| move |err| Wrong { err, words };
    let place = place(&flags).map_err(wrong("failed to determine external URL"))?;
    let addresses: Result<_, String> =
        flags.listen_address.iter().map(|text| text.parse()).collect();
    let listen_address = addresses.map_err(wrong("Error starting HTTP server"))?;
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    // Longer than any process runs is never, and never too long for a clock.
    let every = Duration::from_secs(flags.auto_reload_interval.min(u32::MAX.into()));
    Ok(Options {
        config_file: flags.config_file,
        auto_reload: (flags.auto_reload && !every.is_zero()).then_some(every),
        timeout_offset: flags.timeout_offset,
        history_limit: number(flags.history_limit),
        max_requests: number(flags.max_requests.get().into()),
        format,
        level,
        front: Front {
            listen_address,
            systemd_socket: flags.systemd_socket,
            config_file: flags.web_config_file.filter(|file| !file.is_empty()).map(Into::into),
        },
        place,
        clock: Clock::system(),
    })
}

fn place(flags: &Blackbox) -> Result<Place, String> {
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

fn live(options: Options, file: BlackboxFile) -> Exit {
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
        match Personality::start(options, file) {
            Ok(personality) => until_ended(personality, &mut signals).await,
            Err(err) => {
                error!(%err, "Error starting HTTP server");
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
        _ = personality.stop(GRACE) => {}
        () = signals.end.asked() => warn!("a second signal: ending now"),
    }
    Exit::Ok
}

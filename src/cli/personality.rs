//! What this binary does alike in the place of any other program: its arguments, where it is reached, its life.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum, error::ErrorKind};
use tracing::{error, info, warn};

use super::{
    argsfile,
    exit::Exit,
    page,
    run::{Runs, Signals, until_ended},
};
use crate::{
    app::{self, BUILD, StartError, blackbox::lines::Shape, log},
    compat::blackbox::{
        Place,
        log::{Format, Level},
    },
    config::{ListenAddress, LogLevel},
};

/// The program whose place is taken.
pub(super) struct Program {
    /// Names under which the binary is it: the project's own, and that of Debian's package.
    pub(super) names: [&'static str; 2],
    /// What follows `noroshi` otherwise.
    pub(super) command: &'static str,
    /// How it calls itself then.
    pub(super) called: &'static str,
    /// The first line of its help.
    pub(super) about: &'static str,
    /// The first line of `--version`, which scripts read.
    pub(super) version: fn() -> String,
}

#[derive(Parser)]
#[command(disable_version_flag = true, max_term_width = 100)]
struct Standalone<Flags: Args> {
    #[command(flatten)]
    flags: Flags,
    /// Show the version
    #[arg(long, alias = "no-version")]
    version: bool,
    #[arg(long = "help-man", alias = "no-help-man", hide = true)]
    help_man: bool,
}

impl Program {
    /// Runs the personality if these arguments are its own. A wrong flag ends in 1, as there, and not in noroshi's 2.
    pub(super) fn in_its_place<Flags: Args>(
        &self,
        args: &[OsString],
        run: fn(Flags) -> Exit,
    ) -> Option<Exit> {
        let program = args.first().and_then(|path| Path::new(path).file_name())?;
        if let Some(name) = self.names.iter().find(|name| program == OsStr::new(name)) {
            return Some(self.parse(name, &args[1..], run));
        }
        (args.get(1)? == self.command).then(|| self.parse(self.called, &args[2..], run))
    }

    fn parse<Flags: Args>(
        &self,
        name: &'static str,
        rest: &[OsString],
        run: fn(Flags) -> Exit,
    ) -> Exit {
        let rest = match argsfile::expanded(rest) {
            Ok(rest) => rest,
            Err(why) => {
                eprintln!("{name}: error: {why}, try --help");
                return Exit::Fatal;
            }
        };
        let command = Standalone::<Flags>::command().about(self.about).long_about(None);
        let command = command.name(name).bin_name(name);
        let args = [OsString::from(name)].into_iter().chain(rest);
        let parsed = command.clone().try_get_matches_from(args);
        match parsed.and_then(|matches| Standalone::<Flags>::from_arg_matches(&matches)) {
            Ok(standalone) if standalone.version => page::show(&self.version()),
            Ok(standalone) if standalone.help_man => page::manual(command),
            Ok(standalone) => run(standalone.flags),
            Err(error) => {
                // Nothing is left to tell a person whose terminal is gone.
                let _ = error.print();
                if error.kind() == ErrorKind::DisplayHelp { Exit::Ok } else { Exit::Fatal }
            }
        }
    }

    /// In the shape of Prometheus' own programs.
    fn version(&self) -> String {
        format!(
            "{}\n  rust version:     {}\n  platform:         {}/{}\n  tags:             {}\n",
            (self.version)(),
            BUILD.rustc,
            std::env::consts::OS,
            std::env::consts::ARCH,
            BUILD.features,
        )
    }
}

/// How log messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lines {
    /// `time=... level=INFO source=... msg=...`
    Logfmt,
    /// One JSON object a line
    Json,
}

impl From<Lines> for Format {
    fn from(lines: Lines) -> Self {
        match lines {
            Lines::Logfmt => Self::Logfmt,
            Lines::Json => Self::Json,
        }
    }
}

/// Starts the log in the program's own shape.
pub(super) fn start_log(level: Level, format: Format) {
    let level = match level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    };
    log::start_shaped(level, Shape(format));
    log::take_panics();
}

/// A flag that makes no sense, or not here: why, and the words the program logs then.
pub(super) struct Wrong {
    pub(super) err: String,
    pub(super) words: &'static str,
}

impl Wrong {
    /// For `map_err`.
    pub(super) fn with(words: &'static str) -> impl Fn(String) -> Self {
        move |err| Self { err, words }
    }

    /// Logs it.
    pub(super) fn told(&self) -> Exit {
        error!(err = self.err, "{}", self.words);
        Exit::Fatal
    }
}

/// The flags that say where it is reached.
pub(super) struct Reached<'a> {
    pub(super) external_url: &'a str,
    pub(super) route_prefix: &'a str,
    pub(super) systemd_socket: bool,
    pub(super) listen_address: &'a [String],
}

impl Reached<'_> {
    /// Where its pages stand, and where it listens.
    pub(super) fn place(&self) -> Result<(Place, Vec<ListenAddress>), Wrong> {
        let place = self.pages().map_err(Wrong::with("failed to determine external URL"))?;
        let addresses: Result<_, String> =
            self.listen_address.iter().map(|text| text.parse()).collect();
        Ok((place, addresses.map_err(Wrong::with("Error starting HTTP server"))?))
    }

    fn pages(&self) -> Result<Place, String> {
        if self.systemd_socket && self.external_url.is_empty() {
            return Err(
                "it cannot be inferred from a socket of systemd's, give --web.external-url".into(),
            );
        }
        let listen = self.listen_address.first().map_or("", String::as_str);
        let hostname = app::blackbox::hostname();
        Place::new(self.external_url, self.route_prefix, &hostname, listen)
    }
}

/// Starts it on a runtime of its own and lives until a signal; `failed` is what the log says when it does not start.
pub(super) fn live<Program: Runs>(
    start: impl AsyncFnOnce() -> Result<Program, StartError>,
    failed: &str,
) -> Exit {
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
        // A start may wait for what a kubeconfig names.
        let started = tokio::select! {
            started = start() => started,
            () = signals.end.asked() => {
                info!("Received SIGTERM before the start was done");
                return Exit::Ok;
            }
        };
        match started {
            Ok(program) => to_its_end(program, &mut signals).await,
            Err(err) => {
                error!(%err, "{failed}");
                Exit::Fatal
            }
        }
    });
    // What still blocks (a file on a dead mount) is not waited for.
    runtime.shutdown_background();
    exit
}

async fn to_its_end(mut program: impl Runs, signals: &mut Signals) -> Exit {
    let exit = until_ended(&mut program, signals).await;
    if exit == Exit::Ok {
        info!("Received SIGTERM, exiting gracefully...");
        tokio::select! {
            _ = program.stop() => {}
            () = signals.end.asked() => warn!("a second signal: ending now"),
        }
    }
    exit
}

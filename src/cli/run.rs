use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{Figment, value::Dict};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use super::{
    args::{Daemon, Files},
    exit::Exit,
    paint::Paint,
};
use crate::{
    app::{self, App, Cause, Options, Read, StartError},
    clock::Clock,
    config::{self, Sources},
};

/// Read when no file is named and it exists.
const DEFAULT_FILE: &str = "/etc/noroshi/config.toml";

/// The variable that stands for `--config.file`.
const FILE_VARIABLE: &str = "NOROSHI__CONFIG__FILE";

/// How long runs and requests in flight may take after a signal; under Kubernetes' default of 30 s.
const GRACE: Duration = Duration::from_secs(10);

/// `noroshi [run]`.
pub(super) fn run(files: &Files, daemon: &Daemon) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return Exit::Fatal;
        }
    };
    let exit = runtime.block_on(async {
        // First of all: a signal during the start is an order like any other.
        match Signals::new() {
            Ok(signals) => read(sources(files, daemon), signals).await,
            Err(error) => {
                eprintln!("no signal handler: {error}");
                Exit::Fatal
            }
        }
    });
    // What still blocks (a name lookup, a file on a dead mount) is not waited for.
    runtime.shutdown_background();
    exit
}

async fn read(sources: Sources, signals: Signals) -> Exit {
    let clock = Clock::system();
    let since = clock.now();
    let loaded = config::load(&sources);
    let Some(config) = &loaded.config else {
        eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was started"));
        return Exit::Config;
    };
    app::log::start(config.log);
    app::log::take_panics();
    let watch_itself = sources.files.is_empty() && config.checks.is_empty();
    let read = Read { loaded, since, watch_itself };
    live(Options { sources, clock, grace: GRACE }, read, signals).await
}

async fn live(options: Options, read: Read, mut signals: Signals) -> Exit {
    let unconfigured = read.watch_itself;
    let started = tokio::select! {
        started = App::start_read(options, read) => started,
        () = signals.end.asked() => return Exit::Ok,
    };
    let mut app = match started {
        Ok(app) => app,
        Err(error) => {
            error!("{error}");
            let configured = matches!(error, StartError::WebConfig(_) | StartError::Alerting(_));
            return if configured { Exit::Config } else { Exit::Fatal };
        }
    };
    if unconfigured {
        greet(&app);
    }
    let exit = until_ended(&mut app, &mut signals).await;
    info!("stopping: runs in flight end or are cut");
    tokio::select! {
        ended = app.stop() => {
            if ended {
                info!("stopped");
            } else {
                warn!("not everything ended in time");
            }
        }
        () = signals.end.asked() => warn!("a second signal: ending now"),
    }
    exit
}

/// What lives until a signal.
pub(super) trait Runs {
    /// Waits until a task that cannot be replaced ends unexpectedly.
    async fn failed(&mut self) -> Cause;
    /// Reads the configuration again; the result is in the log and in the metrics.
    async fn reload(&self);
    /// Ends what is on its way. Says whether all ended within the grace.
    async fn stop(self) -> bool;
}

impl Runs for App {
    async fn failed(&mut self) -> Cause {
        self.failed().await
    }

    async fn reload(&self) {
        // The result is in the log and in the metrics.
        let _ = self.reload().await;
    }

    async fn stop(self) -> bool {
        self.stop().await
    }
}

/// Reloads on SIGHUP until a signal or a fatal task ends it.
pub(super) async fn until_ended(program: &mut impl Runs, signals: &mut Signals) -> Exit {
    loop {
        tokio::select! {
            () = signals.end.asked() => return Exit::Ok,
            cause = program.failed() => {
                error!("{cause}");
                return Exit::Fatal;
            }
            _ = signals.hangup.recv() => {}
        }
        // The end does not wait for it.
        tokio::select! {
            () = program.reload() => {}
            () = signals.end.asked() => return Exit::Ok,
        }
    }
}

/// The signals that mean something to a daemon.
pub(super) struct Signals {
    /// SIGHUP: read the configuration again.
    pub(super) hangup: Signal,
    pub(super) end: End,
}

/// SIGTERM and SIGINT.
pub(super) struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            end: End {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            },
        })
    }
}

impl End {
    /// Returns when one of them comes.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn greet(app: &App) {
    let Some(address) = app.addresses().first() else { return };
    let host =
        if address.ip().is_unspecified() { "127.0.0.1".into() } else { address.ip().to_string() };
    let scheme = if app.has_tls() { "https" } else { "http" };
    let url = format!("{scheme}://{host}:{}", address.port());
    eprintln!(
        "\nnoroshi runs without a configuration and watches only itself.\n\
         \n  see it        {url}/metrics\
         \n  try it        noroshi --config.file=config.example.toml\
         \n  one check     noroshi probe http https://example.org\
         \n  configure it  {DEFAULT_FILE}, or --config.file=FILE; `noroshi schema` helps an editor\n"
    );
}

/// The configuration's sources, as the flags and the environment name them.
pub(super) fn sources(files: &Files, daemon: &Daemon) -> Sources {
    let mut files = files.config_file.clone();
    if files.is_empty()
        && let Some(named) = std::env::var_os(FILE_VARIABLE)
    {
        files.push(PathBuf::from(named));
    }
    if files.is_empty() && Path::new(DEFAULT_FILE).exists() {
        files.push(DEFAULT_FILE.into());
    }
    let environment = config::process_environment();
    let environment = environment.into_iter().filter(|(name, _)| name != FILE_VARIABLE).collect();
    Sources { files, environment, flags: flags(daemon) }
}

/// The flags under the keys of the file.
fn flags(daemon: &Daemon) -> Dict {
    let mut flags = Figment::new();
    if !daemon.web.listen_address.is_empty() {
        flags = flags.join(("web.listen_address", &daemon.web.listen_address));
    }
    if daemon.web.systemd_socket {
        flags = flags.join(("web.systemd_socket", true));
    }
    if let Some(file) = &daemon.web.config_file {
        flags = flags.join(("web.config_file", file));
    }
    for (key, value) in [
        ("web.route_prefix", &daemon.route_prefix),
        ("web.external_url", &daemon.external_url),
        ("log.level", &daemon.log_level),
        ("log.format", &daemon.log_format),
    ] {
        if let Some(value) = value {
            flags = flags.join((key, value));
        }
    }
    if let Some(number) = daemon.max_requests {
        flags = flags.join(("web.max_requests", number));
    }
    if daemon.allow_missing_providers {
        flags = flags.join(("alerting.allow_missing_providers", true));
    }
    // Strings and numbers always make a dictionary.
    flags.extract().unwrap_or_default()
}

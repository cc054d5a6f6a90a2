use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{Figment, providers::Serialized, value::Dict};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use super::{
    args::{Daemon, Files},
    exit::Exit,
    paint::Paint,
};
use crate::{
    app::{self, App, Options, StartError},
    clock::Clock,
    config::{self, DEFAULT_PORT, RoutePrefix, Sources},
};

/// Read when no file is named and it exists.
const DEFAULT_FILE: &str = "/etc/noroshi/config.toml";

/// The variable that stands for `--config.file`.
const FILE_VARIABLE: &str = "NOROSHI__CONFIG__FILE";

/// How long runs and requests in flight may take after a signal; under Kubernetes' default of 30 s.
const GRACE: Duration = Duration::from_secs(10);

/// `noroshi [run]`.
pub(super) fn run(files: &Files, daemon: &Daemon) -> Exit {
    let mut sources = sources(files, daemon);
    let unconfigured = sources.files.is_empty();
    if unconfigured {
        watch_ourselves(&mut sources);
    }
    let clock = Clock::system();
    let reading = clock.now();
    let loaded = config::load(&sources);
    let Some(config) = &loaded.config else {
        eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was started"));
        return Exit::Config;
    };
    app::log::start(config.log);
    app::log::take_panics();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(%error, "no runtime");
            return Exit::Fatal;
        }
    };
    let options = Options { sources, clock, grace: GRACE };
    let exit = runtime.block_on(live(App::start_on(loaded, reading, options), unconfigured));
    // What still blocks (a name lookup, a file on a dead mount) is not waited for.
    runtime.shutdown_background();
    exit
}

async fn live(start: impl Future<Output = Result<App, StartError>>, unconfigured: bool) -> Exit {
    let mut app = match start.await {
        Ok(app) => app,
        Err(StartError::Config(loaded)) => {
            eprint!("{}", loaded.human(false, "nothing was started"));
            return Exit::Config;
        }
        Err(other) => {
            error!("{other}");
            return Exit::Fatal;
        }
    };
    if unconfigured {
        greet(&app);
    }
    let exit = match until_ended(&mut app).await {
        Ok(exit) => exit,
        Err(error) => {
            error!(%error, "no signal handler");
            Exit::Fatal
        }
    };
    info!("stopping: runs in flight end or are cut");
    tokio::select! {
        ended = app.stop() => {
            if !ended {
                warn!("not everything ended in time");
            }
            exit
        }
        () = ask_to_end() => {
            warn!("a second signal: ending now");
            exit
        }
    }
}

/// Reloads on SIGHUP until a signal or a fatal task ends it.
async fn until_ended(app: &mut App) -> io::Result<Exit> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut end = Box::pin(ask_to_end());
    loop {
        tokio::select! {
            () = &mut end => return Ok(Exit::Ok),
            cause = app.failed() => {
                error!("{cause}");
                return Ok(Exit::Fatal);
            }
            Some(()) = hangup.recv() => {
                // The result is in the log and in the metrics.
                let _ = app.reload().await;
            }
        }
    }
}

/// SIGTERM or SIGINT.
async fn ask_to_end() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn greet(app: &App) {
    let Some(address) = app.addresses().first() else { return };
    let host =
        if address.ip().is_unspecified() { "127.0.0.1".into() } else { address.ip().to_string() };
    let url = format!("http://{host}:{}", address.port());
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
    if !daemon.listen_address.is_empty() {
        flags = flags.join(("web.listen_address", &daemon.listen_address));
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
    // Strings and numbers always make a dictionary.
    flags.extract().unwrap_or_default()
}

/// What is watched when nothing is configured: noroshi itself, at the port it listens on.
fn watch_ourselves(sources: &mut Sources) {
    let listening = config::load(sources).config.and_then(|config| {
        config.web.listen_address.first().map(|address| (address.port, config.web.prefix()))
    });
    let (port, prefix) = listening.unwrap_or((DEFAULT_PORT, RoutePrefix::default()));
    let url = format!("http://127.0.0.1:{port}{}/-/healthy", prefix.as_str());
    let check = Figment::from(Serialized::globals(&sources.flags))
        .join(("checks.noroshi.interval", "5s"))
        .join(("checks.noroshi.timeout", "2s"))
        .join(("checks.noroshi.http.url", url));
    sources.flags = check.extract().unwrap_or_default();
}

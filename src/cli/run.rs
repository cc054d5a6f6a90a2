use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use super::{args::Daemon, exit::Exit, paint::Paint};
use crate::{
    app::{self, App, Options, StartError},
    clock::Clock,
    config::{self, Flags, Sources, render},
};

/// Read when no file is named and it exists.
const DEFAULT_FILE: &str = "/etc/noroshi/config.toml";

/// The variable that stands for `--config.file`.
const FILE_VARIABLE: &str = "NOROSHI__CONFIG__FILE";

/// How long runs and requests in flight may take after a signal; under Kubernetes' default of 30 s.
const GRACE: Duration = Duration::from_secs(10);

/// What is watched when nothing is configured: noroshi itself.
const SELF_CHECK: &str = r#"
[checks.noroshi]
interval = "5s"
timeout = "2s"
http.url = "http://127.0.0.1:PORT/-/healthy"
"#;

/// `noroshi [run]`.
pub(super) fn run(daemon: &Daemon) -> Exit {
    let mut sources = sources(daemon);
    let unconfigured = sources.files.is_empty();
    if unconfigured {
        let listen = daemon.listen_address.first().map_or("0.0.0.0:10070", String::as_str);
        let port = listen.rsplit_once(':').map_or("10070", |(_, port)| port);
        sources.builtin = Some(SELF_CHECK.replace("PORT", port));
    }
    let first = config::load(&sources);
    let Some(config) = &first.config else {
        eprint!("{}", render::human(&first, Paint::on(&io::stderr()).is_on()));
        return Exit::Config;
    };
    app::log::start(config.log.level.into(), config.log.format.into());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(%error, "no runtime");
            return Exit::Fatal;
        }
    };
    let exit = runtime.block_on(live(sources, unconfigured));
    // What still blocks (a name lookup, a file on a dead mount) is not waited for.
    runtime.shutdown_background();
    exit
}

async fn live(sources: Sources, unconfigured: bool) -> Exit {
    let app = App::start(Options { sources, clock: Clock::system(), grace: GRACE }).await;
    let mut app = match app {
        Ok(app) => app,
        Err(StartError::Config(loaded)) => {
            eprint!("{}", render::human(&loaded, false));
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
    let host = if address.ip().is_unspecified() { "127.0.0.1".into() } else { address.ip().to_string() };
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
pub(super) fn sources(daemon: &Daemon) -> Sources {
    let mut files = daemon.config_file.clone();
    if files.is_empty()
        && let Some(named) = std::env::var_os(FILE_VARIABLE)
    {
        files.push(PathBuf::from(named));
    }
    if files.is_empty() && Path::new(DEFAULT_FILE).exists() {
        files.push(DEFAULT_FILE.into());
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != FILE_VARIABLE)
        .collect();
    let mut flags = Flags::default();
    if !daemon.listen_address.is_empty() {
        flags.set("web.listen-address", "web.listen_address", daemon.listen_address.clone());
    }
    for (flag, path, value) in [
        ("web.route-prefix", "web.route_prefix", &daemon.route_prefix),
        ("web.external-url", "web.external_url", &daemon.external_url),
        ("log.level", "log.level", &daemon.log_level),
        ("log.format", "log.format", &daemon.log_format),
    ] {
        if let Some(value) = value {
            flags.set(flag, path, value.clone());
        }
    }
    if let Some(number) = daemon.max_requests {
        flags.set("web.max-requests", "web.max_requests", number);
    }
    Sources { files, environment, flags, builtin: None }
}

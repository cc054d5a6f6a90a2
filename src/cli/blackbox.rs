//! `noroshi blackbox`, and this binary under blackbox_exporter's names: its flags, its exit codes.

use std::{ffi::OsString, time::Duration};

use tracing::{error, info, warn};

use super::{
    args::Blackbox,
    exit::Exit,
    personality::{self, Program, Reached, Wrong},
    run::Runs,
};
use crate::{
    app::{
        self, Cause, Front,
        blackbox::{Options, Personality},
        log,
    },
    clock::Clock,
    compat::blackbox::log::{Format, Level},
    config::BlackboxFile,
};

const PROGRAM: Program = Program {
    names: ["blackbox_exporter", "prometheus-blackbox-exporter"],
    command: "blackbox",
    called: "noroshi blackbox",
    about: "Probes targets for Prometheus in the place of blackbox_exporter: same flags, same blackbox.yml, same /probe",
    version,
};

/// How long probes may go on after a signal. blackbox_exporter cuts them at once.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the personality if these arguments are its own.
pub(super) fn in_its_place(args: &[OsString]) -> Option<Exit> {
    PROGRAM.in_its_place(args, run)
}

fn version() -> String {
    let build = app::BUILD;
    format!(
        "noroshi, version {} (in the place of: blackbox_exporter, revision: {})",
        build.version, build.revision,
    )
}

fn run(flags: Blackbox) -> Exit {
    let format = flags.log_format.into();
    personality::start_log(flags.log_level, format);
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
        Ok(options) => personality::live(
            async || Personality::start(options, file),
            "Error starting HTTP server",
        ),
        Err(wrong) => wrong.told(),
    }
}

/// From the flags, as late as blackbox_exporter looks at them: `--config.check` does not mind what makes no sense.
fn options(flags: Blackbox, format: Format, level: Level) -> Result<Options, Wrong> {
    let reached = Reached {
        external_url: &flags.external_url,
        route_prefix: &flags.route_prefix,
        systemd_socket: flags.systemd_socket,
        listen_address: &flags.listen_address,
    };
    let (place, listen_address) = reached.place()?;
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

impl Runs for Personality {
    async fn failed(&mut self) -> Cause {
        self.failed().await
    }

    async fn reload(&self) {
        // The result is in the log and in the metrics.
        let _ = self.reload().await;
    }

    async fn stop(self) -> bool {
        self.stop(GRACE).await
    }
}

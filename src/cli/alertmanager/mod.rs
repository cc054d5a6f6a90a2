//! `noroshi alertmanager`, and this binary under Alertmanager's names: its flags, its exit codes.

mod flags;

use std::{ffi::OsString, time::Duration};

use tracing::{error, info, warn};

pub(super) use self::flags::Alertmanager;
use super::{
    exit::Exit,
    personality::{self, Program, Reached, Wrong},
    run::Runs,
};
use crate::{
    app::{
        self, Cause, Front,
        alertmanager::{Features, Options, Personality},
        log,
    },
    clock::Clock,
    config::AlertmanagerFile,
};

const PROGRAM: Program = Program {
    names: ["alertmanager", "prometheus-alertmanager"],
    command: "alertmanager",
    called: "noroshi alertmanager",
    about: "Routes, groups and tells alerts in the place of Alertmanager: same flags, same alertmanager.yml, same API",
    version,
};

/// How long sends may go on after a signal; what is not sent then stays in the outbox.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the personality if these arguments are its own.
pub(super) fn in_its_place(args: &[OsString]) -> Option<Exit> {
    PROGRAM.in_its_place(args, |flags| run(&flags))
}

fn version() -> String {
    let build = app::BUILD;
    format!(
        "alertmanager, version {} (noroshi {}, revision: {})",
        app::alertmanager::VERSION,
        build.version,
        build.revision,
    )
}

fn run(flags: &Alertmanager) -> Exit {
    personality::start_log(flags.log_level, flags.log_format.into());
    let build = app::BUILD;
    info!(version = build.version, revision = build.revision, "Starting Alertmanager");
    let options = match options(flags) {
        Ok(options) => options,
        Err(wrong) => return wrong.told(),
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
    personality::live(async || Personality::start(options, file).await, "Error starting")
}

fn options(flags: &Alertmanager) -> Result<Options, Wrong> {
    let features = flags.features.parse::<Features>();
    let features = features.map_err(Wrong::with("error parsing the feature flag list"))?;
    alone(flags).map_err(Wrong::with("unable to initialize gossip mesh"))?;
    let reached = Reached {
        external_url: &flags.external_url,
        route_prefix: &flags.route_prefix,
        systemd_socket: flags.systemd_socket,
        listen_address: &flags.listen_address,
    };
    let (place, listen_address) = reached.place()?;
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
        is_member: !flags.cluster.gossip_address.is_empty(),
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

impl Runs for Personality {
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

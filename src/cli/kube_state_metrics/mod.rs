//! `noroshi kube-state-metrics`, and this binary under that program's name: its flags, its exit codes.

mod flags;

use std::{ffi::OsString, time::Duration};

use tracing::{info, warn};

pub(super) use self::flags::KubeStateMetrics;
use super::{
    exit::Exit,
    page,
    personality::{self, Program, Wrong},
    run::Runs,
};
use crate::{
    app::{
        self, Cause, Front, Patience,
        kube_state_metrics::{Options, Personality},
    },
    clock::Clock,
    compat::{
        blackbox::log::{Format, Level},
        kube_state_metrics::{self, Said, Timeouts},
    },
    config::ListenAddress,
};

const PROGRAM: Program = Program {
    names: ["kube-state-metrics", "kube_state_metrics"],
    command: "kube-state-metrics",
    called: "noroshi kube-state-metrics",
    about: "Shows Kubernetes objects as series in the place of kube-state-metrics: same flags, same names, same values",
    version,
};

/// How long scrapes in flight may go on after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the personality if these arguments are its own.
pub(super) fn in_its_place(args: &[OsString]) -> Option<Exit> {
    PROGRAM.in_its_place(args, |flags| run(&flags))
}

fn version() -> String {
    let build = app::BUILD;
    format!(
        "kube-state-metrics, version {} (noroshi {}, revision: {})",
        kube_state_metrics::VERSION,
        build.version,
        build.revision,
    )
}

fn run(flags: &KubeStateMetrics) -> Exit {
    if flags.command.as_deref() == Some("version") {
        return page::show(&format!("{}\n", version()));
    }
    personality::start_log(Level::Info, Format::Logfmt);
    let build = app::BUILD;
    info!(version = build.version, revision = build.revision, "Starting kube-state-metrics");
    match options(flags) {
        Ok(options) => personality::live(
            async || {
                options.check_access().await?;
                Personality::start(options)
            },
            "Failed to run kube-state-metrics",
        ),
        Err(wrong) => wrong.told(),
    }
}

fn options(flags: &KubeStateMetrics) -> Result<Options, Wrong> {
    let wrong = || Wrong::with("Failed to run kube-state-metrics");
    if let Some((flag, instead)) = flags.missing.first() {
        return Err(wrong()(format!(
            "{flag} is given, and noroshi cannot do what it asks for yet: {instead}"
        )));
    }
    for flag in flags.idle.given() {
        warn!(flag, "it has no effect in noroshi");
    }
    let said = Said {
        apiserver: &flags.apiserver,
        kubeconfig: &flags.kubeconfig,
        resources: &flags.resources,
        namespaces: &flags.namespaces,
        namespaces_denylist: &flags.namespaces_denylist,
        metric_allowlist: &flags.metric_allowlist,
        metric_denylist: &flags.metric_denylist,
        metric_opt_in_list: &flags.metric_opt_in_list,
        labels: &flags.labels,
        annotations: &flags.annotations,
        node: &flags.node,
        track_unscheduled_pods: flags.track_unscheduled_pods,
        shard: (flags.shard, flags.total_shards),
    };
    Ok(Options {
        cluster: kube_state_metrics::cluster(&said).map_err(wrong())?,
        objects: front(&flags.host, flags.port, flags).map_err(wrong())?,
        telemetry: front(&flags.telemetry_host, flags.telemetry_port, flags).map_err(wrong())?,
        gzip: flags.gzip,
        patience: patience(flags),
        clock: Clock::system(),
    })
}

fn patience(flags: &KubeStateMetrics) -> Patience {
    let timeouts = Timeouts {
        read: flags.read_timeout,
        read_header: flags.read_header_timeout,
        idle: flags.idle_timeout,
        write: flags.write_timeout,
    };
    // As there, an answer's bytes may lie unread for as long as the answer may take.
    let answer = timeouts.answer();
    Patience { request: timeouts.head(), answer, unread: answer }
}

fn front(host: &str, port: u16, flags: &KubeStateMetrics) -> Result<Front, String> {
    let address = match host {
        // Both families where the system has both, and the one it has elsewhere.
        "" | "::" => format!(":{port}"),
        host if host.contains(':') => format!("[{host}]:{port}"),
        host => format!("{host}:{port}"),
    };
    Ok(Front {
        listen_address: vec![address.parse::<ListenAddress>()?],
        systemd_socket: false,
        config_file: Some(&*flags.tls_config).filter(|file| !file.is_empty()).map(Into::into),
    })
}

impl Runs for Personality {
    async fn failed(&mut self) -> Cause {
        self.failed().await
    }

    async fn reload(&self) {
        info!("there is no configuration to be read again");
    }

    async fn stop(self) -> bool {
        self.stop(GRACE).await
    }
}

//! The drop-in's server in process: a real pipeline, a store that forgets, and the pages over a socket.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use noroshi::{
    alert::{
        self, Config, Handle, Outputs, Pipeline,
        spec::{GroupBy, InhibitRule, Receiver, Route, TimeInterval},
    },
    api::{
        self, Listener,
        alertmanager::{Alertmanager, Counts, Metrics, Options, Pages, VERSION, personality},
    },
    clock::Clock,
    metrics::{Scrapes, Telemetry},
    model::{Commit, Matcher, Pairs, Restored, matcher::Syntax},
};
use tokio::{runtime::Runtime, sync::mpsc};

use super::daemon::{Answer, exchange};

/// A server; it ends when dropped.
pub struct Running {
    pub address: String,
    pub handle: Handle,
    runtime: Option<Runtime>,
}

impl Running {
    /// With this configuration, below a prefix (`""` for none).
    pub fn start(config: Config, prefix: &str, options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let handle = runtime.block_on(async { serve(config, prefix, options, socket) });
        let running = Self { address, handle, runtime: Some(runtime) };
        let begun = Instant::now();
        while exchange(&running.address, ("GET", &format!("{prefix}/-/ready")), &[], b"").is_none()
        {
            assert!(begun.elapsed() < Duration::from_secs(10), "it does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        running
    }

    /// One request; every one has to be answered.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        exchange(&self.address, (method, path), headers, body).expect("an answer")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &["Content-Type: application/json"], body.as_bytes())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn serve(config: Config, prefix: &str, options: Options, socket: TcpListener) -> Handle {
    let clock = Clock::system();
    let restored = Restored::default();
    let (pipeline, first) =
        Pipeline::new(Arc::new(config), alert::Options::default(), &restored, clock.now());
    let (handle, inbox) = alert::channel();
    let (commits, mut kept) = mpsc::channel::<Commit>(64);
    let outputs = Outputs {
        commits,
        notices: Arc::new(|_| Ok(())),
        withdrawn: Arc::new(|_| true),
        pushes: Arc::new(|_| ()),
    };
    tokio::spawn(alert::run(pipeline, first, inbox, outputs, clock));
    tokio::spawn(async move {
        while let Some(commit) = kept.recv().await {
            (commit.release)(Ok(()));
        }
    });
    let metrics = Metrics::default();
    let scrapes = Scrapes::default();
    let mut telemetry = Telemetry::speaking_as("alertmanager", VERSION);
    metrics.register(telemetry.registry());
    scrapes.register(telemetry.registry());
    telemetry.reloads.succeeded(clock.now());
    let (reload, mut reloads) = mpsc::channel::<api::Reload>(1);
    tokio::spawn(async move {
        while let Some(answer) = reloads.recv().await {
            let _ = answer.send(Ok(String::new()));
        }
    });
    let original = Arc::new(|| Arc::from("route:\n  receiver: default\n"));
    let alertmanager = Alertmanager::new(handle.clone(), original, options, clock, metrics);
    let router = personality(Pages {
        alertmanager: Arc::new(alertmanager),
        counts: Counts::default(),
        store: None,
        pipeline: alert::Metrics::default(),
        per_alertname_limit: 0,
        fingerprint: Arc::default(),
        is_member: false,
        telemetry: Arc::new(telemetry),
        scrapes,
        reload,
        route_prefix: prefix.to_owned(),
        external_url: format!("http://{}{prefix}", socket.local_addr().unwrap()),
    });
    let listener = Listener::new(socket.into()).unwrap();
    tokio::spawn(api::serve(
        listener,
        router,
        None,
        api::Patience::default(),
        std::future::pending(),
    ));
    handle
}

/// Matchers as a file has them.
pub fn matchers(text: &str) -> Arc<[Matcher]> {
    Syntax::Fallback.matchers(text).unwrap().value.into()
}

/// A route of these matchers to a receiver.
pub fn route(receiver: &str, text: &str) -> Route {
    Route {
        receiver: receiver.into(),
        matchers: matchers(text),
        continues: false,
        group_by: GroupBy::Labels(["alertname".into()].into()),
        group_wait: Duration::from_millis(10),
        group_interval: Duration::from_mins(1),
        repeat_interval: Duration::from_hours(1),
        mute_time_intervals: Vec::new(),
        active_time_intervals: Vec::new(),
        labels: Pairs::default(),
        routes: Vec::new(),
    }
}

/// A receiver without integrations.
pub fn receiver(name: &str, labels: &[(&str, &str)]) -> Receiver {
    Receiver {
        name: name.into(),
        labels: Pairs::new(labels.iter().copied()),
        integrations: Vec::new(),
        rate_limit: None,
    }
}

/// Three teams, an inhibition, and an interval that always mutes: [`YAML`] as values.
pub fn config() -> Config {
    let mut root = route("default", "");
    let continues = Route { continues: true, ..route("team-a", r#"team="a""#) };
    let muted =
        Route { mute_time_intervals: vec!["always".into()], ..route("muted", r#"mute="yes""#) };
    root.routes = vec![continues, route("team-b", r#"team=~"a|b""#), muted];
    Config {
        route: root,
        receivers: vec![
            receiver("default", &[]),
            receiver("team-a", &[("owner", "a-team")]),
            receiver("team-b", &[("owner", "b-team")]),
            receiver("muted", &[]),
        ],
        inhibit_rules: vec![InhibitRule {
            name: "".into(),
            source: matchers(r#"severity="critical""#),
            target: matchers(r#"severity="warning""#),
            equal: ["alertname".into()].into(),
        }],
        time_intervals: vec![("always".into(), vec![TimeInterval::default()])],
        maintenance: Vec::new(),
        resolve_timeout: Duration::from_mins(5),
        flap_hold: None,
        resolve_hold: Duration::from_mins(2),
        alertmanagers: Vec::new(),
    }
}

/// [`config`] as Alertmanager reads it.
pub const YAML: &str = r#"
route:
  receiver: default
  group_by: [alertname]
  group_wait: 10ms
  group_interval: 1m
  repeat_interval: 1h
  routes:
  - receiver: team-a
    matchers: ['team="a"']
    continue: true
  - receiver: team-b
    matchers: ['team=~"a|b"']
  - receiver: muted
    matchers: ['mute="yes"']
    mute_time_intervals: [always]
receivers:
- name: default
- name: team-a
  labels: {owner: a-team}
- name: team-b
  labels: {owner: b-team}
- name: muted
inhibit_rules:
- source_matchers: ['severity="critical"']
  target_matchers: ['severity="warning"']
  equal: [alertname]
time_intervals:
- name: always
  time_intervals:
  - times: [{start_time: '00:00', end_time: '24:00'}]
"#;

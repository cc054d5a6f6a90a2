//! An exposition of half a million series, of checks and of pods: processor time of each format, and of a whole
//! compressed answer.

#![expect(clippy::expect_used, reason = "a bench ends with its first error")]

#[path = "../tests/support/kube_api/mod.rs"]
mod kube_api;
#[path = "support/processor_time.rs"]
mod processor_time;

use std::{hint::black_box, ops::ControlFlow, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use futures_util::FutureExt;
use jiff::Timestamp;
use noroshi::{
    api::{
        self,
        blackbox::{self, Blackbox},
    },
    clock::Clock,
    cluster::{
        Watched,
        spec::{Access, Cluster, Settings},
    },
    compat::blackbox::log::Format as LineFormat,
    metrics::{Exposition, Families, Format, Objects, Telemetry},
    model::{
        BaseState, CheckId, CheckSettings, Desc, Fact, Histogram, Outcome, Overlays, Phase, Phases,
        Verdict,
    },
    state::{Counters, Slot, View, Views},
};
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

const SERIES: usize = 500_000;

/// With fifty series each.
const PODS: usize = 10_000;

static FACTS: [Desc; 10] = [
    Desc::gauge("noroshi_http_status_code", "Status code of the last answer."),
    Desc::gauge("noroshi_http_version_ratio", "One."),
    Desc::gauge("noroshi_http_redirects", "Two."),
    Desc::gauge("noroshi_http_body_bytes", "Three."),
    Desc::gauge("noroshi_http_uncompressed_body_bytes", "Four."),
    Desc::gauge("noroshi_http_last_modified_timestamp_seconds", "Five."),
    Desc::gauge("noroshi_check_ip_protocol", "Six."),
    Desc::gauge("noroshi_tls_verified", "Seven."),
    Desc::gauge("noroshi_tls_not_after_timestamp_seconds", "Eight.")
        .labels(&["source", "position"]),
    Desc::gauge("noroshi_tls_info", "Nine.").labels(&["version"]),
];

fn formats(criterion: &mut Criterion) {
    let world = World::new();
    let mut group = criterion.benchmark_group(format!("{SERIES} series"));
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    for (name, format) in [
        ("text", Format::Text),
        ("openmetrics", Format::OpenMetrics),
        ("protobuf", Format::Protobuf),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| processor_time::of(times, || world.write(format)));
        });
    }
    answers(&mut group, &world, "/metrics");
    group.finish();
}

fn pods(criterion: &mut Criterion) {
    let world = World { clusters: vec![cluster()], ..World::of(0) };
    let mut group = criterion.benchmark_group(format!("{PODS} pods"));
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    for (name, format) in [("text", Format::Text), ("protobuf", Format::Protobuf)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| processor_time::of(times, || world.write_objects(format)));
        });
    }
    answers(&mut group, &world, "/metrics/kube");
    group.finish();
}

/// Whole answers, with the channel to the client and the compression.
fn answers(group: &mut BenchmarkGroup<'_, WallTime>, world: &World, path: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let router = world.router();
    for encoding in ["identity", "gzip", "zstd"] {
        group.bench_function(format!("answered with {encoding}"), |bencher| {
            let ask = || runtime.block_on(ask(&router, path, encoding));
            bencher.iter_custom(|times| processor_time::of(times, ask));
        });
    }
}

criterion_group!(benches, formats, pods);
criterion_main!(benches);

async fn ask(router: &Router, path: &str, encoding: &str) -> usize {
    let request = Request::get(path).header(header::ACCEPT_ENCODING, encoding);
    let request = request.body(Body::empty()).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("infallible");
    to_bytes(answer.into_body(), usize::MAX).await.expect("a whole body").len()
}

struct World {
    views: Arc<Views>,
    families: Arc<Families>,
    telemetry: Arc<Telemetry>,
    clusters: Vec<Arc<Watched>>,
}

impl World {
    /// As many checks as it takes.
    fn new() -> Self {
        let mut world = Self::of(1);
        let each = world.lines();
        let two = Self::of(2).lines();
        let checks = SERIES / (two - each);
        world = Self::of(checks);
        let lines = world.lines();
        assert!((SERIES - 100..SERIES + 200).contains(&lines), "{lines}");
        world
    }

    fn of(checks: usize) -> Self {
        let slots = (0..checks).map(|at| Arc::new(slot(&format!("check-{at:06}")))).collect();
        Self {
            views: Arc::new(Views::from_pointee(slots)),
            families: Arc::new(Families::new(&FACTS)),
            telemetry: Arc::new(Telemetry::new()),
            clusters: Vec::new(),
        }
    }

    fn lines(&self) -> usize {
        let mut lines = 0;
        self.each(Format::Text, &mut |chunk| {
            let text = String::from_utf8_lossy(&chunk);
            lines += text.lines().filter(|line| !line.starts_with('#')).count();
        });
        lines
    }

    fn write(&self, format: Format) {
        self.each(format, &mut |chunk| drop(black_box(chunk)));
    }

    fn each(&self, format: Format, take: &mut dyn FnMut(Vec<u8>)) {
        let Self { views, families, telemetry, .. } = self;
        let exposition =
            Exposition { views, families, clusters: &[], telemetry, now: Timestamp::UNIX_EPOCH };
        let _ = exposition.write(format, &mut |chunk| {
            take(chunk);
            ControlFlow::Continue(())
        });
    }

    fn write_objects(&self, format: Format) {
        let objects = Objects { clusters: &self.clusters, wanted: &|_| true };
        let _ = objects.write(format, &mut |chunk| {
            drop(black_box(chunk));
            ControlFlow::Continue(())
        });
    }

    fn router(&self) -> Router {
        let (_, ready) = watch::channel(true);
        let state = api::State {
            clusters: Arc::new(ArcSwap::from_pointee(self.clusters.clone())),
            views: Arc::clone(&self.views),
            families: Arc::clone(&self.families),
            telemetry: Arc::clone(&self.telemetry),
            metrics: api::Metrics::default(),
            ready,
            reload: mpsc::channel(1).0,
            config: Arc::new(String::new),
            blackbox: Arc::new(without_modules()),
            store: None,
            clock: Clock::system(),
            alerts: None,
            web: Arc::new(api::Web {
                route_prefix: String::new(),
                external_url: None,
                max_requests: 40,
            }),
        };
        api::router(state, Router::new())
    }
}

/// One with pods that an API server has told of.
fn cluster() -> Arc<Watched> {
    let spec = Cluster {
        name: "one".into(),
        access: Access::InCluster,
        resources: vec!["pods".to_owned()],
        namespaces_denylist: Vec::new(),
        node: None,
        settings: Settings::default(),
    };
    let cluster = Watched::new(spec, Clock::system());
    let [pods] = cluster.members() else { unreachable!("one resource") };
    pods.collector.begin(0);
    for index in 0..PODS {
        let pod =
            kube_api::pods::pod(kube_api::Seed { index, count: PODS, revision: 0, version: 1 });
        pods.collector.listed(0, &pod).expect("a pod");
    }
    pods.collector.end(0);
    Arc::new(cluster)
}

fn without_modules() -> Blackbox {
    let options = blackbox::Options {
        timeout_offset: 0.5,
        history_limit: 0,
        max_requests: 1,
        format: LineFormat::Logfmt,
    };
    let run = Arc::new(|_, _| async { None }.boxed());
    let metrics = blackbox::Metrics::default();
    Blackbox::new(Arc::default(), options, run, Arc::new(|_| {}), Clock::system(), metrics)
}

fn slot(name: &str) -> Slot {
    let buckets: Arc<[f64]> = Arc::from(Histogram::SECONDS.as_slice());
    let mut durations = Histogram::new(Arc::clone(&buckets));
    for at in 0..50_u32 {
        durations.observe(0.02 + f64::from(at) / 300.0);
    }
    let mut phases = Phases::default();
    for phase in Phase::ALL {
        phases.add(phase, Duration::from_nanos(12_345_678));
    }
    let outcome = Outcome {
        verdict: Verdict::Pass,
        reason: None,
        detail: "".into(),
        phases,
        duration: Duration::from_millis(74),
        facts: FACTS
            .iter()
            .map(|desc| Fact::labelled(desc, desc.labels.iter().map(|_| "value"), 0.123_456))
            .collect(),
    };
    let view = View {
        base: BaseState::Up,
        overlays: Overlays::default(),
        up: Some(true),
        last: Some(Arc::new(outcome)),
        last_run: Some(Timestamp::UNIX_EPOCH),
        changed: Timestamp::UNIX_EPOCH,
        counted: Timestamp::UNIX_EPOCH,
        counters: Counters {
            runs: 12_345,
            failures: 12,
            reasons: Vec::new(),
            missed: 0,
            state_seconds: [0.0, 86_400.25, 30.0, 0.0, 0.5, 0.0, 0.0],
            durations,
            phases: Vec::new(),
        },
        consecutive_failures: 0,
    };
    Slot::new(Arc::new(settings(name, buckets)), view)
}

fn settings(name: &str, buckets: Arc<[f64]>) -> CheckSettings {
    CheckSettings {
        buckets,
        ..CheckSettings::new(
            CheckId::new(name),
            "http",
            "https://example.com/health",
            "example.com",
        )
    }
}

//! What an alert costs beside 1,000 silences and 20 inhibition rules, at 10,000 alerts.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a bench ends by panicking where it cannot go on"
)]

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use noroshi::{
    alert::{
        inhibit::Inhibitor,
        silences::{Settings, Silences},
        spec::InhibitRule,
    },
    model::{
        Alert, AlertSource, Matcher, Overlays, Pairs, Silence, SilenceId,
        matcher::{Syntax, all_match},
    },
};
use uuid::Uuid;

const ALERTS: usize = 10_000;
const SILENCES: usize = 1_000;
const RULES: usize = 20;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a time")
}

/// Eight labels, of 50 names in 20 clusters.
fn alerts() -> Vec<Alert> {
    let one = |n: usize| Alert {
        labels: Pairs::new([
            ("alertname", format!("Alert{}", n % 50)),
            ("cluster", format!("cluster-{}", n % 20)),
            ("instance", format!("10.0.{}.{}:9100", n / 250, n % 250)),
            ("job", "node".to_owned()),
            ("namespace", format!("team-{}", n % 40)),
            ("pod", format!("pod-{n}")),
            ("severity", ["critical", "warning", "info"][n % 3].to_owned()),
            ("team", format!("t{}", n % 12)),
        ]),
        annotations: Pairs::default(),
        starts_at: now(),
        ends_at: now() + Duration::from_hours(1),
        updated_at: now(),
        generator_url: "".into(),
        timeout: false,
        source: AlertSource::Api,
        overlays: Overlays::default(),
        pushed: false,
    };
    (0..ALERTS).map(one).collect()
}

fn matchers(text: &str) -> Arc<[Matcher]> {
    Syntax::Fallback.matchers(text).expect("matchers").value.into()
}

fn silences(matcher: impl Fn(usize) -> String) -> Silences {
    let one = |n: usize| {
        Arc::new(Silence {
            id: SilenceId(Uuid::from_u128(n as u128)),
            matchers: matchers(&matcher(n)),
            starts_at: now(),
            ends_at: now() + Duration::from_hours(1),
            updated_at: now(),
            created_by: "bench".into(),
            comment: "".into(),
            annotations: Pairs::default(),
        })
    };
    Silences::new(Settings::default(), (0..SILENCES).map(one), &[], now())
}

fn per_alert(criterion: &mut Criterion) {
    let alerts = alerts();
    let mut group = criterion.benchmark_group("alerting");
    group.throughput(Throughput::Elements(ALERTS as u64)).sample_size(20);
    let sets = [
        ("1,000 silences, equal", silences(|n| format!("pod=\"pod-{}\"", n * 7))),
        (
            "1,000 silences, alternatives",
            silences(|n| format!("pod=~\"pod-{n}|pod-{}\",severity!=info", n + 9)),
        ),
        ("1,000 silences, beginnings", silences(|n| format!("pod=~\"pod-{n}.*\""))),
        ("1,000 silences, true regexes", silences(|n| format!("pod=~\"pod-{n}[0-9]+x?\""))),
    ];
    for (name, silences) in &sets {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                alerts
                    .iter()
                    .map(|alert| silences.matching(&alert.labels, now()).len())
                    .sum::<usize>()
            });
        });
    }
    let rules: Vec<InhibitRule> = (0..RULES)
        .map(|n| InhibitRule {
            name: "".into(),
            source: matchers(&format!("severity=critical,team=t{}", n % 12)),
            target: matchers("severity=~\"warning|info\""),
            equal: ["alertname".into(), "cluster".into()].into(),
        })
        .collect();
    group.bench_function("20 inhibition rules, told", |bencher| {
        bencher.iter(|| {
            let mut inhibitor = Inhibitor::new(&rules);
            for alert in &alerts {
                inhibitor.upsert(alert);
            }
            inhibitor
        });
    });
    let mut inhibitor = Inhibitor::new(&rules);
    for alert in &alerts {
        inhibitor.upsert(alert);
    }
    group.bench_function("20 inhibition rules, asked", |bencher| {
        bencher.iter(|| {
            let hidden = |alert: &&Alert| inhibitor.inhibited_by(&alert.labels, now()).is_some();
            alerts.iter().filter(hidden).count()
        });
    });
    for text in ["job=node", "job=~\"node|web\"", "job=~\"no.*\"", "job=~\"no[a-z]e\""] {
        let matchers = matchers(text);
        group.bench_function(format!("one matcher, {text}"), |bencher| {
            bencher.iter(|| {
                alerts.iter().filter(|alert| all_match(black_box(&matchers), &alert.labels)).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, per_alert);
criterion_main!(benches);

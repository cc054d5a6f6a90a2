//! Pushes to real Alertmanagers.

use std::{sync::Arc, time::Duration};

use noroshi::{
    model::{Pairs, PushAlert, PushBatch},
    notify::{
        self, Setup,
        spec::{Alertmanager, Receivers},
        template::Templates,
    },
};
use prometheus_client::{encoding::text, registry::Registry};

use crate::support::{Peer, eventually, notice, web};

fn alerts(count: usize) -> Arc<[PushAlert]> {
    let alert = |nth: usize| PushAlert {
        labels: Pairs::new([("alertname", "Down".to_owned()), ("nth", nth.to_string())]),
        annotations: Pairs::default(),
        starts_at: notice::at(),
        ends_at: notice::at(),
        generator_url: "".into(),
    };
    (0..count).map(alert).collect()
}

fn target(name: &str, peer: &Peer, path: &str) -> Arc<Alertmanager> {
    let table = format!(
        "url = 'http://{}{path}'\nhttp.basic_auth = {{ username = 'u', password = 'p' }}\ntimeout = '500ms'",
        peer.address()
    );
    let spec: Alertmanager = toml::from_str(&table).unwrap();
    Arc::new(Alertmanager { name: name.into(), ..spec })
}

fn setup(receivers: Receivers) -> Setup {
    Setup { receivers, templates: Arc::new(Templates::parse(&[]).unwrap()) }
}

fn exposition(register: impl FnOnce(&mut Registry)) -> String {
    let (mut registry, mut out) = (Registry::default(), String::new());
    register(&mut registry);
    text::encode(&mut out, &registry).unwrap();
    out
}

#[tokio::test]
async fn batches_go_out_to_each_target_by_itself() {
    let good = web::serve(|_| web::reply(200, &[], b"")).await;
    let silent = Peer::holding().await;
    let (parts, _told) = notice::parts();
    let metrics = parts.pushes.clone();
    let (handle, inbox) = notify::channel();
    let alertmanagers = vec![target("silent", &silent, ""), target("good", &good, "/prefix/")];
    let running = tokio::spawn(notify::run(
        inbox,
        setup(Receivers { alertmanagers, ..Receivers::default() }),
        parts,
    ));
    let shown = || exposition(|registry| metrics.register(registry));
    eventually!(shown().contains(r#"queue_capacity{alertmanager="good"} 10000"#));
    for name in ["silent", "good", "stranger"] {
        handle.push(&PushBatch { target: name.into(), alerts: alerts(300) });
    }
    eventually!(good.connections() == 2, "{}", shown());
    eventually!(shown().contains(r#"alerts_sent_total{alertmanager="good"} 300"#), "{}", shown());
    let heard = good.heard().await;
    let of = |part: &str| -> Vec<&str> {
        heard.iter().filter(|(own, _)| own == part).map(|(_, words)| words.as_str()).collect()
    };
    assert_eq!(of("request"), ["POST /prefix/api/v2/alerts HTTP/1.1"; 2]);
    assert_eq!(of("header authorization"), ["Basic dTpw"; 2]);
    let counts: Vec<_> = of("body").iter().map(|body| body.matches("nth").count()).collect();
    assert_eq!(counts, [256, 44]);
    eventually!(
        shown().contains(r#"alerts_failed_total{alertmanager="silent"} 300"#),
        "{}",
        shown()
    );
    assert!(shown().contains(r#"alerts_failed_total{alertmanager="good"} 0"#));
    handle.push(&PushBatch { target: "silent".into(), alerts: alerts(10_300) });
    assert!(shown().contains(r#"alerts_dropped_total{alertmanager="silent"} 300"#), "{}", shown());
    handle.stop(Duration::from_secs(5)).await;
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

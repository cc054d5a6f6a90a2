//! A real Prometheus fires a rule: received, grouped, delivered, resolved, and nothing it sent was refused.

use std::{
    net::SocketAddr,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;

use super::peers::Side;
use crate::{
    prometheus::query,
    server::{Server, free_port, get, part, wait_until},
    support::{peer::Peer, web},
};

const RULES: &str = r#"groups:
- name: test
  interval: 1s
  rules:
  - alert: Burning
    expr: burns == 1
    labels: { severity: critical }
    annotations: { summary: "{{ $labels.place }} burns" }
"#;

/// What a webhook was told, in order.
type Told = Arc<Mutex<Vec<Value>>>;

async fn webhook() -> (Peer, Told) {
    let told = Told::default();
    let kept = Arc::clone(&told);
    let peer = web::serve(move |request| {
        kept.lock().unwrap().push(serde_json::from_slice(&request.body).unwrap());
        web::reply(200, &[], b"")
    })
    .await;
    (peer, told)
}

/// Two series that are 1 while it burns.
async fn exporter(burns: Arc<AtomicBool>) -> Peer {
    web::serve(move |_| {
        let value = u8::from(burns.load(Ordering::SeqCst));
        let page = format!("burns{{place=\"east\"}} {value}\nburns{{place=\"west\"}} {value}\n");
        web::reply(200, &[("Content-Type", "text/plain; version=0.0.4")], page.as_bytes())
    })
    .await
}

fn prometheus(
    folder: &std::path::Path,
    exporter: SocketAddr,
    alertmanager: &str,
) -> Option<(Server, SocketAddr)> {
    let program = part("prometheus")?;
    std::fs::write(folder.join("rules.yml"), RULES).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, external_labels: {{ region: eu }} }}\n\
         rule_files: [rules.yml]\nalerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{alertmanager}'] }}] }}] }}\n\
         scrape_configs: [{{ job_name: fire, static_configs: [{{ targets: ['{exporter}', '{address}'] }}] }}]\n"
    );
    std::fs::write(folder.join("prometheus.yml"), config).unwrap();
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--rules.alert.resend-delay=1s");
    let server =
        Server::start(&mut command, folder, "prometheus", || get(address, "/-/ready").is_some());
    Some((server, address))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_of_prometheus_is_told_and_resolved() {
    let burns = Arc::new(AtomicBool::new(false));
    let (hook, told) = webhook().await;
    let exporter = exporter(Arc::clone(&burns)).await;
    let config = format!(
        "route: {{ receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s }}\n\
         receivers: [{{ name: hook, webhook_configs: [{{ url: 'http://{}/' }}] }}]\n",
        hook.address()
    );
    let Some(ours) = Side::Ours.start(&config, &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let target = ours.daemon.url().replace("http://", "");
    let Some((_server, prometheus)) = prometheus(folder.path(), exporter.address(), &target) else {
        return;
    };
    wait_until("Alertmanager to be discovered", || {
        let found = query(prometheus, "prometheus_notifications_alertmanagers_discovered == 1");
        (!found.is_empty()).then_some(())
    });

    burns.store(true, Ordering::SeqCst);
    let firing = wait_until("the notice", || {
        let all = told.lock().unwrap().clone();
        all.into_iter().find(|notice| notice["alerts"].as_array().unwrap().len() == 2)
    });
    assert_eq!(firing["status"], "firing");
    assert_eq!(firing["receiver"], "hook");
    assert_eq!(firing["groupKey"], "{}:{alertname=\"Burning\"}");
    assert_eq!(firing["commonLabels"]["region"], "eu");
    let summaries: Vec<&str> = firing["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["annotations"]["summary"].as_str().unwrap())
        .collect();
    assert_eq!(summaries, ["east burns", "west burns"]);

    burns.store(false, Ordering::SeqCst);
    let resolved = wait_until("the resolve", || {
        let last = told.lock().unwrap().last().cloned()?;
        (last["status"] == "resolved").then_some(last)
    });
    assert!(
        resolved["alerts"].as_array().unwrap().iter().all(|alert| alert["status"] == "resolved")
    );
    wait_until("Prometheus to count what it sent", || {
        let sent = query(prometheus, "prometheus_notifications_sent_total > 2");
        (!sent.is_empty()).then_some(())
    });
    let errors = query(prometheus, "prometheus_notifications_errors_total > 0");
    assert!(errors.is_empty(), "{errors:?}");
    // A group of one name is told once as firing for each of its changes, and once as resolved.
    let count = told.lock().unwrap().iter().filter(|notice| notice["status"] == "resolved").count();
    assert_eq!(count, 1);
}

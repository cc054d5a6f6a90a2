//! A real Prometheus scrapes `/probe` with the usual relabelling; what the blackbox mixin and dashboards ask has answers.

use std::fmt::Write as _;

use crate::{
    prometheus::{query, scraping},
    server::{part, wait_until},
    support::{
        alone::in_a_world,
        authority::{Authority, Flaw},
        dialogue::{self, End, say},
        health::{self, Answer},
        peer::Peer,
        web::{self, reply},
    },
};

use super::{exporter::Side, world::World};

#[test]
fn the_mixins_expressions_have_answers() {
    if part("prometheus").is_some() {
        in_a_world("blackbox::scraped::by_prometheus");
    }
}

/// What is asked, and how many series answer: alerts and dashboards of blackbox-exporter-mixin and of Grafana's
/// dashboards 7587 and 13659, which ask the same.
const EXPRESSIONS: [(&str, usize); 29] = [
    // BlackboxProbeFailed, BlackboxLowUptime30d, BlackboxSslCertificateWillExpireSoon.
    ("probe_success{job=~\"blackbox.*\"} == 0", 1),
    ("avg_over_time(probe_success{job=~\"blackbox.*\"}[30d]) * 100 < 99.9", 1),
    ("probe_ssl_earliest_cert_expiry{job=~\"blackbox.*\"} - time() < 21 * 24 * 3600", 0),
    ("probe_ssl_earliest_cert_expiry{job=~\"blackbox.*\"} - time() > 21 * 24 * 3600", 1),
    // The summary.
    ("count(probe_success{job=~\"blackbox.*\"}) == 7", 1),
    (
        "sum(probe_success{job=~\"blackbox.*\"}) / count(probe_success{job=~\"blackbox.*\"}) > 0.8",
        1,
    ),
    ("count(probe_success{job=~\"blackbox.*\"} == 0) == 1", 1),
    ("avg(probe_duration_seconds{job=~\"blackbox.*\"})", 1),
    ("avg(probe_http_duration_seconds{job=\"blackbox-http\", phase=\"connect\"})", 1),
    ("max by (instance) (probe_success{job=~\"blackbox.*\"})", 7),
    ("probe_http_version{job=\"blackbox-http\"} == 1.1", 2),
    ("probe_tls_version_info{job=\"blackbox-http\", version=\"TLS 1.3\"} == 1", 1),
    ("max by (instance, version) (probe_tls_version_info{job=\"blackbox-http\"})", 1),
    // One instance.
    ("sum by (instance, phase) (probe_http_duration_seconds{job=\"blackbox-http\"}) >= 0", 15),
    ("probe_http_status_code{job=\"blackbox-http\"} == 200", 2),
    ("probe_http_status_code{job=\"blackbox-http\"} == 0", 1),
    ("probe_http_ssl{job=\"blackbox-http\"} == 1", 1),
    ("probe_http_redirects{job=\"blackbox-http\"} == 1", 1),
    ("avg_over_time(probe_http_content_length{job=\"blackbox-http\"}[5m]) > 0", 2),
    ("probe_duration_seconds{job=\"blackbox-tcp\"} > 0", 1),
    ("probe_dns_lookup_time_seconds{job=~\"blackbox-(http|tcp)\"}", 4),
    ("sum by (phase) (probe_icmp_duration_seconds{job=\"blackbox-icmp\"})", 3),
    ("probe_icmp_duration_seconds{job=\"blackbox-icmp\", phase=\"rtt\"} > 0", 1),
    ("probe_dns_answer_rrs{job=\"blackbox-dns\"} == 1", 1),
    ("probe_grpc_healthcheck_response{job=\"blackbox-grpc\", serving_status=\"SERVING\"} == 1", 1),
    ("probe_expect_info{job=\"blackbox-tcp\", version=\"2.0\"} == 1", 1),
    ("probe_ip_protocol{job=~\"blackbox.*\"} == 4", 7),
    ("avg_over_time(probe_success{job=~\"blackbox.*\"}[1m]) * 100 >= 0", 7),
    // Without a word of what was asked for and refused.
    ("up{job=~\"blackbox.*\"} == 1", 7),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "started by the_mixins_expressions_have_answers in a world of its own"]
async fn by_prometheus() {
    let world = World::arrange().await;
    let authority = Authority::new();
    let file = world.folder.path().join("blackbox.yml");
    let ca = authority.ca_file();
    let config = format!(
        "modules:\n  \
         http_2xx: {{ prober: http, timeout: 5s, http: {{ preferred_ip_protocol: ip4, tls_config: {{ ca_file: {} }} }} }}\n  \
         ssh_banner: {{ prober: tcp, tcp: {{ query_response: [{{ expect: '^SSH-([^-]+)-', labels: [{{ name: version, value: '${{1}}' }}] }}] }} }}\n  \
         icmp: {{ prober: icmp }}\n  \
         dns: {{ prober: dns, dns: {{ query_name: four.test, query_type: A }} }}\n  \
         grpc: {{ prober: grpc, grpc: {{ preferred_ip_protocol: ip4 }} }}\n",
        ca.display()
    );
    std::fs::write(&file, config).unwrap();
    let flag = format!("--config.file={}", file.display());
    let daemon = Side::Ours.start(&[&flag], &[]).unwrap();

    let site = web::serve(|request| match request.path() {
        "/" => reply(302, &[("Location", "/there")], b""),
        _ => reply(200, &[], b"up"),
    });
    let site = site.await;
    let secure = web::serve_tls(authority.acceptor(Flaw::None), |_| reply(200, &[], b"up")).await;
    let gone = Peer::refusing();
    let ssh = dialogue::serve(&[say("SSH-2.0-OpenSSH_9.6\r\n")], End::Wait).await;
    let healthy = health::serve(&[("", Answer::Health(1))]).await;
    let targets = [
        ("http", "http_2xx", format!("http://{}/", site.address())),
        ("http", "http_2xx", format!("https://localhost:{}/", secure.address().port())),
        ("http", "http_2xx", format!("http://{}/", gone.address())),
        ("tcp", "ssh_banner", ssh.address().to_string()),
        ("icmp", "icmp", "192.0.2.1".to_owned()),
        ("dns", "dns", "127.0.0.1".to_owned()),
        ("grpc", "grpc", healthy.address().to_string()),
    ];
    let mut jobs = String::new();
    let prober = daemon.url().trim_start_matches("http://").to_owned();
    for prober_kind in ["http", "tcp", "icmp", "dns", "grpc"] {
        let own: Vec<_> = targets.iter().filter(|(kind, ..)| *kind == prober_kind).collect();
        let list: Vec<_> = own.iter().map(|(.., target)| format!("'{target}'")).collect();
        let _ = writeln!(
            jobs,
            "- job_name: blackbox-{prober_kind}\n  metrics_path: /probe\n  params: {{ module: [{}] }}\n  \
             static_configs: [{{ targets: [{}] }}]\n  relabel_configs:\n  \
             - {{ source_labels: [__address__], target_label: __param_target }}\n  \
             - {{ source_labels: [__param_target], target_label: instance }}\n  \
             - {{ target_label: __address__, replacement: '{prober}' }}",
            own[0].1,
            list.join(", ")
        );
    }
    let Some((_server, prometheus)) = scraping(&jobs, world.folder.path()) else { return };
    let ask = tokio::task::spawn_blocking(move || {
        for (expression, answers) in EXPRESSIONS {
            let mut last = 0;
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                wait_until(expression, || {
                    last = query(prometheus, expression).len();
                    (last == answers).then_some(())
                });
            }));
            assert!(found.is_ok(), "{expression}: {last} answers instead of {answers}");
        }
        // The variables of dashboards: `label_values(probe_success, instance)`.
        let rows = query(prometheus, "group by (instance) (probe_success)");
        let mut instances: Vec<_> =
            rows.iter().map(|row| row["metric"]["instance"].as_str().unwrap().to_owned()).collect();
        instances.sort();
        instances
    });
    let instances = ask.await.unwrap();
    let mut wanted: Vec<_> = targets.iter().map(|(.., target)| target.clone()).collect();
    wanted.sort();
    assert_eq!(instances, wanted, "an instance is what was probed, not who probed it");
}

//! The pages around `/probe`, reloads, the history, prefixes and logs: what the programs answer, step by step.

use std::{path::Path, sync::Arc};

use crate::server::itself;
use crate::support::{
    alone::in_a_world,
    daemon::Daemon,
    peer::Peer,
    web::{self, reply},
};

use super::{
    allowed::{self, Difference},
    exporter::Side,
    observed::Observed,
    world::World,
};

/// The two of them on one configuration, asked in turn.
struct Pair {
    daemons: [(Side, Arc<Daemon>); 2],
    theme: &'static str,
    found: Vec<Difference>,
}

impl Pair {
    fn start(theme: &'static str, config: &Path, flags: &[&str]) -> Self {
        let file = format!("--config.file={}", config.display());
        let flags: Vec<_> = [file.as_str()].iter().chain(flags).copied().collect();
        let daemons = Side::BOTH.map(|side| (side, Arc::new(side.start(&flags, &[]).unwrap())));
        Self { daemons, theme, found: Vec::new() }
    }

    /// Compares an answer; the name is the case's.
    async fn get(&mut self, name: &str, path: &str) {
        self.ask(name, "GET", path, &[]).await;
    }

    async fn ask(
        &mut self,
        name: &str,
        method: &'static str,
        path: &str,
        headers: &'static [&str],
    ) {
        self.observe(name, method, path, headers, |answer| {
            Observed::of(answer).without_debugging()
        })
        .await;
    }

    async fn observe(
        &mut self,
        name: &str,
        method: &'static str,
        path: &str,
        headers: &'static [&str],
        look: fn(&crate::support::daemon::Answer) -> Observed,
    ) {
        let mut seen = Vec::new();
        for (side, daemon) in &self.daemons {
            let (daemon, path) = (Arc::clone(daemon), path.to_owned());
            let ask = move || daemon.ask(method, &path, headers);
            let mut observed = look(&tokio::task::spawn_blocking(ask).await.unwrap());
            if *side == Side::Ours && !itself() {
                observed.take_own().unwrap();
            }
            seen.push(observed);
        }
        self.found.extend(seen[0].differences(&seen[1], &format!("{} {name}", self.theme)));
    }

    fn signal(&self, name: &str) {
        self.daemons.iter().for_each(|(_, daemon)| daemon.signal(name));
    }

    /// Waits until both show a value in `/metrics`.
    async fn until(&self, line: &'static str) {
        for (_, daemon) in &self.daemons {
            let daemon = Arc::clone(daemon);
            let wait = move || {
                daemon.until_metrics(line, |metrics| metrics.lines().any(|own| own == line));
            };
            tokio::task::spawn_blocking(wait).await.unwrap();
        }
    }

    fn judge(self) {
        allowed::judge(&[self.theme], &self.found);
    }
}

const MODULES: &str = "\
modules:
  http_2xx: { prober: http, timeout: 5s, http: { basic_auth: { username: me, password: hush } } }
  tcp_connect: { prober: tcp, timeout: 5s }
  ping: { prober: icmp, timeout: 5s, icmp: { ttl: 5 } }
  banner: { prober: tcp, timeout: 5s, tcp: { query_response: [{ expect: \"^220 (.*)\", send: \"QUIT\\r\" }] } }
  soa: { prober: dns, timeout: 5s, dns: { query_name: four.test, query_type: SOA } }
  health: { prober: grpc, timeout: 5s, grpc: { preferred_ip_protocol: ip4 } }
  file: { prober: unix, timeout: 5s }
";

/// Whether the peer is there to stand beside.
fn there() -> bool {
    Side::Theirs.command().is_some()
}

#[test]
fn pages_are_equal() {
    if there() {
        in_a_world("blackbox::surface::pages");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by pages_are_equal in a world of its own"]
async fn pages() {
    let world = World::arrange().await;
    let file = world.folder.path().join("blackbox.yml");
    std::fs::write(&file, MODULES).unwrap();
    let mut pair = Pair::start("page", &file, &[]);
    for (name, method, path) in [
        ("healthy", "GET", "/-/healthy"),
        ("healthy by POST", "POST", "/-/healthy"),
        ("healthy by HEAD", "HEAD", "/-/healthy"),
        ("first", "GET", "/"),
        ("first by POST", "POST", "/"),
        ("nobody knows", "GET", "/nosuch"),
        ("nobody knows, deeper", "GET", "/a/b/c"),
        ("ready", "GET", "/-/ready"),
        ("probe with a slash", "GET", "/probe/"),
        ("metrics with a slash", "GET", "/metrics/"),
        ("in capitals", "GET", "/Probe"),
        ("probe behind two slashes", "GET", "//probe?module=nosuch"),
        ("probe behind two slashes by POST", "POST", "//probe"),
        ("probe beside a folder", "HEAD", "/a/../probe"),
        ("probe by POST", "POST", "/probe?module=nosuch"),
        ("probe by HEAD", "HEAD", "/probe?module=nosuch"),
        ("probe by a method in lower case", "get", "/probe?module=nosuch"),
        ("probe with a slash and a query", "GET", "/probe/?module=nosuch"),
        ("metrics by HEAD", "HEAD", "/metrics"),
        ("reload with a slash", "POST", "/-/reload/"),
        ("reload by HEAD", "HEAD", "/-/reload"),
        ("reload by GET", "GET", "/-/reload"),
        ("reload by PUT", "PUT", "/-/reload"),
        ("logs", "GET", "/logs"),
        ("logs of an id that is none", "GET", "/logs?id=abc"),
        ("logs of an empty id", "GET", "/logs?id="),
        ("logs of an id that is not there", "GET", "/logs?id=0"),
        ("logs of the id below zero", "GET", "/logs?id=-1"),
        ("logs of an id beyond measure", "GET", "/logs?id=99999999999999999999"),
        ("logs of an id and a target", "GET", "/logs?id=1&target=x"),
        ("logs of a word and a target", "GET", "/logs?id=abc&target=x"),
        ("logs of a module", "GET", "/logs?module=x"),
        ("logs of an id and a module", "GET", "/logs?id=1&module=x"),
        ("logs of a target that is not there", "GET", "/logs?target=x"),
        ("logs of a target and a module", "GET", "/logs?target=x&module=y"),
        ("config by POST", "POST", "/config"),
    ] {
        pair.ask(name, method, path, &[]).await;
    }
    pair.get("config", "/config").await;
    pair.observe("metrics", "GET", "/metrics", &[], Observed::of_own_metrics).await;
    pair.ask("unknown module", "GET", "/probe?module=nosuch&target=x", &[]).await;
    pair.observe(
        "metrics after an unknown module",
        "GET",
        "/metrics",
        &[],
        Observed::of_own_metrics,
    )
    .await;
    let openmetrics = &["Accept: application/openmetrics-text;version=1.0.0"];
    pair.observe("metrics as openmetrics", "GET", "/metrics", openmetrics, |answer| {
        let mut observed = Observed::default();
        observed.add("content-type", answer.header("content-type").unwrap_or_default());
        observed
    })
    .await;
    pair.judge();
}

#[test]
fn histories_are_equal() {
    if there() {
        in_a_world("blackbox::surface::histories");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by histories_are_equal in a world of its own"]
async fn histories() {
    let world = World::arrange().await;
    let file = world.folder.path().join("blackbox.yml");
    std::fs::write(&file, MODULES).unwrap();
    let site = web::serve(|_| reply(200, &[], b"up")).await;
    let gone = Peer::refusing();
    let (up, down) = (format!("http://{}/", site.address()), format!("http://{}/", gone.address()));
    let mut pair = Pair::start("history", &file, &["--history.limit=3"]);
    let probes = [
        ("down", "http_2xx", &down),
        ("up", "http_2xx", &up),
        ("<b>odd</b>", "http_2xx", &"http://absent.test/?a=<b>&c".to_owned()),
        ("up again", "http_2xx", &up),
        ("up once more", "http_2xx", &up),
        ("down as tcp", "tcp_connect", &gone.address().to_string()),
        ("up, the last", "http_2xx", &up),
    ];
    for (at, (name, module, target)) in probes.iter().enumerate() {
        let query: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        pair.get(&format!("probe {name}"), &format!("/probe?module={module}&target={query}")).await;
        pair.get(&format!("list after {}", at + 1), "/").await;
    }
    for id in 0..8 {
        pair.get(&format!("logs {id}"), &format!("/logs?id={id}")).await;
    }
    for (name, target) in [("up", &up), ("down", &down)] {
        let query: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        pair.get(&format!("logs of what is {name}"), &format!("/logs?target={query}")).await;
        let path = format!("/logs?target={query}&module=http_2xx");
        pair.get(&format!("logs of what is {name} and its module"), &path).await;
        let path = format!("/logs?target={query}&module=ping");
        pair.get(&format!("logs of what is {name} and another module"), &path).await;
    }
    pair.judge();
}

#[test]
fn reloads_are_equal() {
    if there() {
        in_a_world("blackbox::surface::reloads");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by reloads_are_equal in a world of its own"]
async fn reloads() {
    const GOOD: &str = "blackbox_exporter_config_last_reload_successful 1";
    const BAD: &str = "blackbox_exporter_config_last_reload_successful 0";
    let world = World::arrange().await;
    let file = world.folder.path().join("blackbox.yml");
    std::fs::write(&file, MODULES).unwrap();
    let mut pair = Pair::start("reload", &file, &[]);
    let module = "/probe?module=later&target=127.0.0.1";
    pair.ask("of the same file", "POST", "/-/reload", &[]).await;
    pair.get("module before", module).await;
    std::fs::write(&file, format!("{MODULES}  later: {{ prober: icmp, timeout: 5s }}\n")).unwrap();
    pair.get("module before it is read", module).await;
    pair.ask("of a new file", "POST", "/-/reload", &[]).await;
    pair.get("module after", module).await;
    std::fs::write(&file, "modules: { broken: { colour: red } }\n").unwrap();
    pair.ask("of a broken file", "POST", "/-/reload", &[]).await;
    pair.observe("metrics of a broken file", "GET", "/metrics", &[], Observed::of_own_metrics)
        .await;
    pair.get("module after a broken file", module).await;
    std::fs::remove_file(&file).unwrap();
    pair.ask("of no file", "POST", "/-/reload", &[]).await;
    pair.get("module after no file", module).await;
    std::fs::write(&file, MODULES).unwrap();
    pair.signal("HUP");
    pair.until(GOOD).await;
    pair.get("module after the first file again", module).await;
    std::fs::write(&file, "modules: [").unwrap();
    pair.signal("HUP");
    pair.until(BAD).await;
    pair.observe("metrics at last", "GET", "/metrics", &[], Observed::of_own_metrics).await;
    pair.judge();
}

#[test]
fn prefixes_are_equal() {
    if there() {
        in_a_world("blackbox::surface::prefixes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by prefixes_are_equal in a world of its own"]
async fn prefixes() {
    let world = World::arrange().await;
    let file = world.folder.path().join("blackbox.yml");
    std::fs::write(&file, MODULES).unwrap();
    let mut found = Vec::new();
    for (word, flags) in [
        ("of the url", &["--web.external-url=http://a.test:81/bb/"][..]),
        ("of its own", &["--web.route-prefix=/own", "--web.external-url=http://a.test/bb"]),
        ("without slashes", &["--web.route-prefix=own/deep/"]),
        ("of nothing", &["--web.route-prefix=/", "--web.external-url=http://a.test/bb"]),
        ("of a url without a path", &["--web.external-url=http://a.test"]),
    ] {
        let mut pair = Pair::start("prefix", &file, flags);
        for path in [
            "/",
            "/bb",
            "/bb/",
            "/own",
            "/own/",
            "/own/deep",
            "/own/deep/",
            "/-/healthy",
            "/bb/-/healthy",
            "/own/-/healthy",
            "/own/deep/-/healthy",
            "/bb/probe?module=nosuch&target=x",
            "/own/probe?module=nosuch&target=x",
            "/probe?module=nosuch&target=x",
            "/bb/nosuch",
            "/own/nosuch",
            "/bbq",
        ] {
            pair.get(&format!("{word}: {path}"), path).await;
        }
        found.append(&mut pair.found);
    }
    allowed::judge(&["prefix"], &found);
}

#[test]
fn debug_lines_are_equal() {
    if there() {
        in_a_world("blackbox::surface::debug_lines");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by debug_lines_are_equal in a world of its own"]
async fn debug_lines() {
    let world = World::arrange().await;
    let file = world.folder.path().join("blackbox.yml");
    std::fs::write(&file, MODULES).unwrap();
    let site = web::serve(|request| match request.path() {
        "/moved" => reply(302, &[("Location", "/")], b""),
        "/lost" => reply(404, &[], b""),
        _ => reply(200, &[], b"up"),
    });
    let site = site.await;
    let address = site.address();
    let gone = Peer::refusing();
    let mut pair = Pair::start("debug", &file, &["--log.prober=debug"]);
    for (name, module, target) in [
        ("http", "http_2xx", format!("http://{address}/")),
        ("http moved", "http_2xx", format!("http://{address}/moved")),
        ("http lost", "http_2xx", format!("http://{address}/lost")),
        ("http refused", "http_2xx", format!("http://{}/", gone.address())),
        ("http of an unknown name", "http_2xx", "http://absent.test/".to_owned()),
        ("tcp", "tcp_connect", address.to_string()),
        ("tcp refused", "tcp_connect", gone.address().to_string()),
        ("tcp without a port", "tcp_connect", "127.0.0.1".to_owned()),
        ("icmp", "ping", "127.0.0.1".to_owned()),
        ("dns", "soa", "127.0.0.1".to_owned()),
        ("grpc refused", "health", gone.address().to_string()),
        ("unix of nothing", "file", "/nowhere/x.sock".to_owned()),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let path = format!("/probe?module={module}&target={query}&debug=true");
        pair.observe(name, "GET", &path, &[], Observed::of).await;
    }
    pair.judge();
}

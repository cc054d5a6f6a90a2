//! The programs noroshi is compared with, as Debian ships them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use crate::{
    client::Client,
    service::{self, Service},
    settings::Settings,
};

pub(crate) const BLACKBOX: &str = "prometheus-blackbox-exporter";
pub(crate) const ALERTMANAGER: &str = "prometheus-alertmanager";
pub(crate) const KUBE_STATE_METRICS: &str = "kube-state-metrics";
pub(crate) const SMOKEPING: &str = "prometheus-smokeping-prober";

/// One module for each kind that is compared; options as the checks of noroshi have them.
const MODULES: &str = r"modules:
  http:
    prober: http
    http:
      preferred_ip_protocol: ip4
      tls_config: { insecure_skip_verify: true, min_version: TLS13 }
  tcp:
    prober: tcp
    tcp: { preferred_ip_protocol: ip4 }
  dns:
    prober: dns
    dns: { preferred_ip_protocol: ip4, query_name: noroshi.test, query_type: A }
  icmp:
    prober: icmp
    icmp: { preferred_ip_protocol: ip4 }
  held_http:
    prober: http
    timeout: 2s
    http: { preferred_ip_protocol: ip4 }
  held_tcp:
    prober: tcp
    timeout: 2s
    tcp: { preferred_ip_protocol: ip4, query_response: [{ expect: never }] }
";

/// blackbox_exporter with [`MODULES`].
pub(crate) async fn blackbox(settings: &Settings) -> anyhow::Result<Service> {
    prober(settings, Command::new(find(settings, BLACKBOX)?)).await
}

/// The same offering X25519MLKEM768 too, as Go does since 1.24 and Debian's build of it does not.
pub(crate) async fn blackbox_hybrid(settings: &Settings) -> anyhow::Result<Service> {
    let mut command = Command::new(find(settings, BLACKBOX)?);
    command.env("GODEBUG", "tlsmlkem=1,tlssecpmlkem=0");
    prober(settings, command).await
}

/// noroshi in its place, on the same file.
pub(crate) async fn noroshi_blackbox(settings: &Settings) -> anyhow::Result<Service> {
    let mut command = Command::new(service::noroshi());
    command.arg("blackbox").env_clear();
    prober(settings, command).await
}

/// Alertmanager on this file, with nothing kept from before.
pub(crate) async fn alertmanager(settings: &Settings, config: &str) -> anyhow::Result<Service> {
    alerting(settings, Command::new(find(settings, ALERTMANAGER)?), config).await
}

/// noroshi in its place.
pub(crate) async fn noroshi_alertmanager(
    settings: &Settings,
    config: &str,
) -> anyhow::Result<Service> {
    let mut command = Command::new(service::noroshi());
    command.arg("alertmanager").env_clear();
    alerting(settings, command, config).await
}

async fn alerting(
    settings: &Settings,
    mut command: Command,
    config: &str,
) -> anyhow::Result<Service> {
    let folder = settings.folder.path();
    let (file, storage) = (folder.join("alertmanager.yml"), folder.join("storage"));
    std::fs::write(&file, config)?;
    if storage.exists() {
        std::fs::remove_dir_all(&storage)?;
    }
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.path={}", storage.display()));
    command.arg("--cluster.listen-address=");
    Service::start(settings, command).await
}

async fn prober(settings: &Settings, mut command: Command) -> anyhow::Result<Service> {
    let file = settings.folder.path().join("blackbox.yml");
    std::fs::write(&file, MODULES)?;
    command.arg(format!("--config.file={}", file.display()));
    Service::start(settings, command).await
}

/// smokeping_prober, pinging each of these once a second.
pub(crate) async fn smokeping(settings: &Settings, hosts: &[String]) -> anyhow::Result<Service> {
    let mut command = Command::new(find(settings, SMOKEPING)?);
    command.args(["--ping.interval=1s", "--privileged"]).args(hosts);
    Service::start(settings, command).await
}

/// kube-state-metrics; where it listens and what it shows is for the caller to say.
pub(crate) fn kube_state_metrics(settings: &Settings) -> anyhow::Result<Command> {
    Ok(Command::new(find(settings, KUBE_STATE_METRICS)?))
}

/// noroshi in its place.
pub(crate) fn noroshi_kube_state_metrics() -> Command {
    let mut command = Command::new(service::noroshi());
    command.arg("kube-state-metrics").env_clear();
    command
}

/// What a part says of its version; `None` if it is not there.
pub(crate) fn version(settings: &Settings, part: &str) -> Option<String> {
    let program = find(settings, part).ok()?;
    // kube-state-metrics has a command where the others have a flag.
    ["--version", "version"].iter().find_map(|argument| {
        let output = Command::new(&program).arg(argument).output().ok()?;
        let both = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(both).ok()?;
        let word = text.split(" version ").nth(1)?.split([' ', ',']).next()?;
        // A help's text has the word too.
        let number = word.trim_start_matches('v');
        number.starts_with(|first: char| first.is_ascii_digit()).then(|| number.to_owned())
    })
}

fn find(settings: &Settings, part: &str) -> anyhow::Result<PathBuf> {
    let kept = settings.parts.join("bin").join(part);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all =
        std::iter::once(kept).chain(std::env::split_paths(&path).map(|dir| dir.join(part)));
    all.find(|file| Path::is_file(file)).with_context(|| format!("{part} is not there"))
}

/// Asks for probes over these connections, each as soon as it has an answer; returns how many were made.
pub(crate) async fn drive(
    service: &Service,
    paths: &[String],
    connections: usize,
    time: Duration,
) -> anyhow::Result<u64> {
    let until = Instant::now() + time;
    let loops = (0..connections).map(|first| async move {
        let mut client = Client::connect(service.address).await?;
        let (mut probes, mut failed) = (0_u64, 0_u64);
        for path in paths.iter().cycle().skip(first * paths.len() / connections) {
            let answer = client.get(path, "identity").await?;
            probes += 1;
            let passed = memchr::memmem::find(&answer.body, b"\nprobe_success 1").is_some();
            failed += u64::from(!passed);
            if Instant::now() >= until {
                break;
            }
        }
        anyhow::Ok((probes, failed))
    });
    let all = futures_util::future::try_join_all(loops).await?;
    let (probes, failed) = all.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    ensure!(failed * 100 <= probes, "{failed} of {probes} probes failed");
    Ok(probes)
}

/// Keeps as many probes in flight as there are connections, whatever becomes of them, until the time is over.
pub(crate) async fn hold(
    address: SocketAddr,
    paths: &[String],
    connections: usize,
    time: Duration,
) -> anyhow::Result<()> {
    let until = Instant::now() + time;
    let loops = (0..connections).map(|first| async move {
        let mut client = Client::connect(address).await?;
        for path in paths.iter().cycle().skip(first) {
            client.get(path, "identity").await?;
            if Instant::now() >= until {
                break;
            }
        }
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(loops).await.map(drop)
}

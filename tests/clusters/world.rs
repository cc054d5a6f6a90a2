//! noroshi in the place of kube-state-metrics, in the test's own process, and what it says.

use std::net::SocketAddr;

use noroshi::{
    app::{
        Front, Patience,
        kube_state_metrics::{Options, Personality},
    },
    clock::Clock,
    cluster::spec::Access,
    compat::kube_state_metrics::{Said, cluster},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{support::kube_api::KubeApi, time::until};

/// The flags that a test sets.
#[derive(Default, Clone)]
pub(crate) struct Flags {
    pub(crate) resources: &'static str,
    pub(crate) namespaces: &'static str,
    pub(crate) denied: &'static str,
    pub(crate) node: &'static str,
    /// Families, where all would take long to write.
    pub(crate) families: &'static str,
    /// Which of how many; one of one if it is not said.
    pub(crate) shard: Option<(u32, u32)>,
    pub(crate) gzip: bool,
    pub(crate) patience: Patience,
    /// In place of the server's address alone.
    pub(crate) access: Option<Access>,
}

impl Flags {
    pub(crate) fn resources(resources: &'static str) -> Self {
        Self { resources, ..Self::default() }
    }
}

/// A running one.
pub(crate) struct Noroshi {
    personality: Personality,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Noroshi {
    /// Watches these resources.
    pub(crate) fn start(api: &KubeApi, resources: &'static str) -> Self {
        Self::start_with(api, Flags::resources(resources))
    }

    pub(crate) fn start_with(api: &KubeApi, flags: Flags) -> Self {
        let words = |text: &str| if text.is_empty() { vec![] } else { vec![text.to_owned()] };
        let url = api.url();
        let said = Said {
            apiserver: &url,
            resources: &words(flags.resources),
            namespaces: &words(flags.namespaces),
            namespaces_denylist: &words(flags.denied),
            metric_allowlist: &words(flags.families),
            node: flags.node,
            shard: flags.shard.unwrap_or((0, 1)),
            ..Said::default()
        };
        let mut cluster = cluster(&said).unwrap();
        if let Some(access) = flags.access {
            cluster.access = access;
        }
        let front = || Front {
            listen_address: vec!["127.0.0.1:0".parse().unwrap()],
            systemd_socket: false,
            config_file: None,
        };
        let options = Options {
            cluster,
            objects: front(),
            telemetry: front(),
            gzip: flags.gzip,
            patience: flags.patience,
            clock: Clock::system(),
        };
        Self { personality: Personality::start(options).unwrap() }
    }

    /// Watches these resources, and has listed them.
    pub(crate) async fn ready(api: &KubeApi, resources: &'static str) -> Self {
        let noroshi = Self::start(api, resources);
        noroshi.is_ready().await;
        noroshi
    }

    /// Waits for `/readyz`.
    pub(crate) async fn is_ready(&self) {
        until!(self.get("/readyz").await.status == 200, "{}", self.own().await);
    }

    /// Where the objects are shown, and where its own metrics are.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.personality.addresses()[0], self.personality.addresses()[1])
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.addresses().0, "GET", path, &[]).await
    }

    /// What is shown of objects.
    pub(crate) async fn scrape(&self) -> String {
        self.get("/metrics").await.text()
    }

    /// What is told of noroshi itself.
    pub(crate) async fn own(&self) -> String {
        ask(self.addresses().1, "GET", "/metrics", &[]).await.text()
    }

    /// How many objects are shown in a family.
    pub(crate) async fn count(&self, family: &str) -> usize {
        count(&self.scrape().await, family)
    }

    /// Whether an object is shown, by a label of its series.
    pub(crate) async fn shows(&self, family: &str, label: &str) -> bool {
        let start = format!("{family}{{");
        let scrape = self.scrape().await;
        scrape.lines().any(|line| line.starts_with(&start) && line.contains(label))
    }

    /// The value of a family of noroshi's own, by its labels as they are written; 0 where there is no row.
    pub(crate) async fn value(&self, family: &str, labels: &str) -> f64 {
        let start = format!("{family}{labels} ");
        let own = self.own().await;
        let row = own.lines().find_map(|line| line.strip_prefix(&start));
        row.map_or(0.0, |value| value.parse().unwrap())
    }

    /// The same of one collector.
    pub(crate) async fn collector(&self, family: &str, resource: &str) -> f64 {
        let family = format!("noroshi_cluster_collector_{family}");
        self.value(&family, &format!("{{collector=\"{resource}\"}}")).await
    }

    /// How often a collector has failed, and why.
    pub(crate) async fn failures(&self, resource: &str, reason: &str) -> f64 {
        let labels = format!("{{collector=\"{resource}\",reason=\"{reason}\"}}");
        self.value("noroshi_cluster_collector_watch_errors_total", &labels).await
    }
}

/// How many rows a family has in a text.
pub(crate) fn count(text: &str, family: &str) -> usize {
    let start = format!("{family}{{");
    text.lines().filter(|line| line.starts_with(&start)).count()
}

/// Asks, and reads to the end.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers: String = headers.collect();
    let request = format!("{method} {path} HTTP/1.0\r\nHost: noroshi\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
    Answer { status, head, body: answer.split_off(end + 4) }
}

//! A probe that both programs are asked for, and the table of all of them.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use futures_util::{StreamExt, stream};
use url::form_urlencoded;

use crate::support::{authority::Authority, daemon::Daemon, peer::Peer, tun::Pings};

use super::{allowed::Difference, observed::Observed};
use crate::server::itself;

/// Cases that run at a time.
const AT_ONCE: usize = 24;

/// A case that takes longer is named: all of them together are to be done in a minute.
const SLOW: std::time::Duration = std::time::Duration::from_secs(4);

/// What the peer itself is to answer: a case that fails for a reason of its own would prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Success,
    Failure,
    Status(u16),
}

/// A module, a request for it, and the servers it is about.
pub(super) struct Case {
    name: String,
    /// The module in YAML's flow style; none where the request is about another one, or about none.
    module: Option<String>,
    timeout: &'static str,
    target: String,
    /// More of the query, as it is written.
    query: String,
    /// Whether that is all of it.
    raw: bool,
    headers: Vec<String>,
    method: &'static str,
    watched: Vec<Watched>,
    kept: Vec<Peer>,
    expected: Expected,
}

/// Somebody who hears what is sent.
enum Watched {
    Peer(&'static str, Peer),
    /// An address of the other host's.
    Pings(Pings, u8),
}

/// All cases, by name.
#[derive(Default)]
pub(super) struct Table {
    cases: Vec<Case>,
    /// Authorities whose files modules name.
    authorities: Vec<Authority>,
}

impl Table {
    /// A module of a prober with these options, and a probe of the target by it.
    pub(super) fn case(
        &mut self,
        name: &str,
        prober: &str,
        options: &str,
        target: impl Into<String>,
    ) -> &mut Case {
        let module = format!("prober: {prober}, {prober}: {{ {options} }}");
        self.module(name, &module, target)
    }

    /// A module that is written out.
    pub(super) fn module(
        &mut self,
        name: &str,
        module: &str,
        target: impl Into<String>,
    ) -> &mut Case {
        assert!(self.cases.iter().all(|case| case.name != name), "two cases are named {name}");
        self.cases.push(Case {
            name: name.to_owned(),
            module: Some(module.to_owned()),
            timeout: "20s",
            target: target.into(),
            query: String::new(),
            raw: false,
            headers: Vec::new(),
            method: "GET",
            watched: Vec::new(),
            kept: Vec::new(),
            expected: Expected::Success,
        });
        self.cases.last_mut().unwrap()
    }

    /// A request for `/probe` with this query alone.
    pub(super) fn query(&mut self, name: &str, query: &str) -> &mut Case {
        let case = self.module(name, "", "");
        case.module = None;
        query.clone_into(&mut case.query);
        case
    }

    /// An authority that must live, because its files do.
    pub(super) fn keep(&mut self, authority: Authority) {
        self.authorities.push(authority);
    }

    /// The configuration with every case's module, each named like its case.
    pub(super) fn config(&self) -> String {
        let mut config = String::from("modules:\n");
        for case in &self.cases {
            if let Some(module) = &case.module {
                let _ = write!(config, "  \"{}\": {{ {module}", case.name);
                if !module.contains("timeout:") {
                    let _ = write!(config, ", timeout: {}", case.timeout);
                }
                config.push_str(" }\n");
            }
        }
        config
    }

    /// Asks both for every probe, and the first one twice: what is not the same then is no fault of the other's.
    pub(super) async fn run(self, theirs: Arc<Daemon>, ours: Arc<Daemon>) -> Vec<Difference> {
        let count = self.cases.len();
        let began = std::time::Instant::now();
        let cases = stream::iter(self.cases).map(|case| {
            let (theirs, ours) = (Arc::clone(&theirs), Arc::clone(&ours));
            async move { case.compare(theirs, ours).await }
        });
        let found = cases.buffer_unordered(AT_ONCE).concat().await;
        eprintln!("{count} probes compared in {:.1?}", began.elapsed());
        found
    }
}

impl Case {
    /// The probe fails.
    pub(super) fn fails(&mut self) -> &mut Self {
        self.expected = Expected::Failure;
        self
    }

    /// How long the module lets the probe take.
    pub(super) fn timeout(&mut self, timeout: &'static str) -> &mut Self {
        self.timeout = timeout;
        self
    }

    /// The request is answered with this status.
    pub(super) fn answers(&mut self, status: u16) -> &mut Self {
        self.expected = Expected::Status(status);
        self
    }

    /// What a peer hears is compared too, under its name.
    pub(super) fn hears(&mut self, name: &'static str, peer: Peer) -> &mut Self {
        self.watched.push(Watched::Peer(name, peer));
        self
    }

    /// A peer that must live, and whose word on what it heard would not be the same twice.
    pub(super) fn keeps(&mut self, peer: Peer) -> &mut Self {
        self.kept.push(peer);
        self
    }

    /// The pings that an address of the other host gets are compared too.
    pub(super) fn pings(&mut self, pings: &Pings, address: u8) -> &mut Self {
        self.watched.push(Watched::Pings(pings.clone(), address));
        self
    }

    /// More of the query: `hostname=a.test&debug=true`.
    pub(super) fn with(&mut self, query: &str) -> &mut Self {
        self.query = query.into();
        self
    }

    /// The whole query, as it is written.
    pub(super) fn raw(&mut self, query: &str) -> &mut Self {
        self.raw = true;
        self.with(query)
    }

    pub(super) fn header(&mut self, header: &str) -> &mut Self {
        self.headers.push(header.to_owned());
        self
    }

    pub(super) fn method(&mut self, method: &'static str) -> &mut Self {
        self.method = method;
        self
    }

    async fn compare(self, theirs: Arc<Daemon>, ours: Arc<Daemon>) -> Vec<Difference> {
        let began = std::time::Instant::now();
        let first = self.observe(&theirs).await;
        let mut own = self.observe(&ours).await;
        let again = self.observe(&theirs).await;
        let unsteady = first.differences(&again, &format!("{} (theirs twice)", self.name));
        let mut all = unsteady;
        all.extend(self.unexpected(&first));
        if let (false, Err(own)) = (itself(), own.take_own()) {
            all.push(Difference {
                case: self.name.clone(),
                field: "what only noroshi says".to_owned(),
                theirs: "one reason where the probe fails, and a deadline".to_owned(),
                ours: own,
            });
        }
        all.extend(first.differences(&own, &self.name));
        if began.elapsed() > SLOW {
            eprintln!("{}: three probes took {:.1?}", self.name, began.elapsed());
        }
        all
    }

    async fn observe(&self, daemon: &Arc<Daemon>) -> Observed {
        let (daemon, method, path) = (Arc::clone(daemon), self.method, self.path());
        let headers = self.headers.clone();
        let ask = move || {
            let headers: Vec<_> = headers.iter().map(String::as_str).collect();
            daemon.ask(method, &path, &headers)
        };
        let answer = tokio::task::spawn_blocking(ask).await.unwrap();
        let mut observed = Observed::of(&answer).without_debugging();
        for watched in &self.watched {
            watched.note(&mut observed).await;
        }
        observed
    }

    fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.module.is_some() && !self.raw {
            query.append_pair("module", &self.name).append_pair("target", &self.target);
        }
        let query = [query.finish(), self.query.clone()];
        let query: Vec<_> = query.into_iter().filter(|part| !part.is_empty()).collect();
        format!("/probe?{}", query.join("&"))
    }

    /// Whether the case is what it is meant to be.
    fn unexpected(&self, theirs: &Observed) -> Option<Difference> {
        let status = theirs.get("status").concat();
        let as_meant = match self.expected {
            Expected::Success => theirs.value("probe_success") == Some("1"),
            Expected::Failure => theirs.value("probe_success") == Some("0"),
            Expected::Status(wanted) => status == wanted.to_string(),
        };
        (!as_meant).then(|| Difference {
            case: format!("{} (as it is meant)", self.name),
            field: "status".to_owned(),
            theirs: format!(
                "{status}, {:?}, {:?}",
                theirs.get("probe_success"),
                theirs.get("body")
            ),
            ours: format!("{:?}", self.expected),
        })
    }
}

impl Watched {
    async fn note(&self, observed: &mut Observed) {
        match self {
            Self::Peer(name, peer) => {
                // In their order; a part is one text, or the order would be lost.
                let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
                for (part, words) in peer.heard().await {
                    parts.entry(part).or_default().push(named(&words).to_owned());
                }
                for (part, words) in parts {
                    observed.add(format!("{name} hears {part}"), words.join(" ; "));
                }
            }
            Self::Pings(pings, address) => {
                for packet in pings.take(*address) {
                    observed.add("the ping", described(&packet));
                }
            }
        }
    }
}

/// What a program calls itself is its own: as the prober, its version; where it speaks for itself, all of it.
fn named(words: &str) -> &str {
    let own = ["Go-http-client/", "grpc-go/", "noroshi/"];
    match words {
        _ if words.starts_with("Blackbox-Exporter/") => "Blackbox-Exporter/VERSION",
        _ if own.iter().any(|name| words.starts_with(name)) => "its own name",
        _ => words,
    }
}

/// What may be chosen of a ping: its size, time to live and fragmentation. Ids, numbers and what fills it are anybody's.
fn described(packet: &[u8]) -> String {
    format!(
        "{} bytes, time to live {}, flags {:#04x}, type {}, code {}",
        packet.len(),
        packet[8],
        packet[6] & 0xe0,
        packet[20],
        packet[21],
    )
}

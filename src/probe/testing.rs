//! For the tests of the kinds: a check around a spec, a run of it, scripted servers on loopback.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Report, Spec, run, spec::Check};
use crate::{
    clock::Clock,
    model::{CheckId, CheckSettings, IpProtocol, Reason, Trace},
    net::Net,
};

/// A check with plain settings and this timeout.
pub(super) fn check(spec: Spec, timeout: Duration) -> Check {
    let settings = CheckSettings {
        timeout,
        preferred_ip_protocol: IpProtocol::Ip4,
        ..CheckSettings::new(CheckId::new("fixture"), spec.kind(), &spec.target(), &spec.host())
    };
    Check { settings: Arc::new(settings), spec: Arc::new(spec) }
}

/// One run with default settings but for the timeout.
pub(super) async fn probe(spec: Spec, timeout: Duration) -> Report {
    let (kind, target, host) = (spec.kind(), spec.target(), spec.host());
    let settings = CheckSettings::new(CheckId::new("test"), kind, &target, &host);
    let settings = Arc::new(CheckSettings { timeout, ..settings });
    run(&Check { settings, spec: Arc::new(spec) }, &Net::new(), Clock::system(), Trace::on()).await
}

/// A server for one connection.
pub(super) async fn serve<F: Future<Output = ()> + Send>(
    script: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { script(listener.accept().await.unwrap().0).await });
    address
}

/// Writes, and reads until it has come.
pub(super) async fn say_and_hear(stream: &mut TcpStream, say: &str, hear: &str) {
    stream.write_all(say.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains(hear) {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "no {hear:?} in {heard:?}");
    }
}

/// Reads until the other side is done.
pub(super) async fn drain(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

impl Report {
    pub(super) fn reason(&self) -> Option<Reason> {
        self.outcome.reason
    }

    pub(super) fn detail(&self) -> &str {
        &self.outcome.detail
    }

    /// The first value of a family.
    pub(super) fn value(&self, family: &str) -> Option<f64> {
        self.outcome.facts.iter().find(|fact| fact.desc.name == family).map(|fact| fact.value)
    }

    /// The labels of every value of a family.
    pub(super) fn labels(&self, family: &str) -> Vec<Vec<&str>> {
        let facts = self.outcome.facts.iter().filter(|fact| fact.desc.name == family);
        facts.map(|fact| fact.labels.iter().map(AsRef::as_ref).collect()).collect()
    }
}

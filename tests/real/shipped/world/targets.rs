//! What is checked: peers of every kind, well and broken in many ways, and the checks of them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, Record, rdata::SOA},
};
use parking_lot::Mutex;
use rustls::version::TLS12;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::certificates::{acceptor, speaking};
use crate::support::{
    authority::{Authority, Flaw},
    dialogue::{self, End, Turn, say},
    health::{self, Answer},
    names,
    peer::Peer,
    tls, web, websocket,
};

/// How long the slow site takes for an answer.
const SLOW: Duration = Duration::from_millis(60);

/// So often the one that flaps changes its mind.
const MOOD: Duration = Duration::from_secs(3);

/// What happens to the targets while the world goes on.
pub(super) struct Stage {
    /// Whether the one that recovers does so.
    pub(super) mended: AtomicBool,
    /// The certificate that one of them shows, and another one.
    pub(super) renewed: Arc<Mutex<TlsAcceptor>>,
    pub(super) turned: Arc<Mutex<TlsAcceptor>>,
}

/// All of them.
pub(super) struct Targets {
    pub(super) authority: Authority,
    pub(super) stage: Arc<Stage>,
    /// The checks, as a configuration has them.
    pub(super) checks: String,
    /// Nobody listens there.
    pub(super) gone: SocketAddr,
    _peers: Vec<Peer>,
    _folder: tempfile::TempDir,
}

/// Peers by the words that stand for them in `checks.toml`.
struct Cast {
    text: String,
    peers: Vec<Peer>,
}

impl Cast {
    fn add(&mut self, word: &str, peer: Peer) {
        self.put(word, &peer.address().to_string());
        self.put(&format!("{word}_PORT"), &peer.address().port().to_string());
        self.peers.push(peer);
    }

    fn put(&mut self, word: &str, value: &str) {
        self.text = self.text.replace(&format!("@{word}@"), value);
    }
}

impl Targets {
    pub(super) async fn start() -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let shown = |name| Arc::new(Mutex::new(acceptor(&authority, name, 40)));
        let stage = Arc::new(Stage {
            mended: AtomicBool::new(false),
            renewed: shown("before"),
            turned: shown("well"),
        });
        let text = include_str!("checks.toml").to_owned();
        let mut cast = Cast { text, peers: Vec::new() };
        let gone = Peer::refusing();
        cast.put("GONE", &gone.address().to_string());
        sites(&mut cast, &stage).await;
        certificates(&mut cast, &authority, &stage).await;
        other_kinds(&mut cast, &authority, folder.path()).await;
        cast.put("CA", &authority.ca_file().display().to_string());
        let address = gone.address();
        cast.peers.push(gone);
        assert!(!cast.text.contains('@'), "nobody plays a part of\n{}", cast.text);
        Self {
            authority,
            stage,
            checks: cast.text,
            gone: address,
            _peers: cast.peers,
            _folder: folder,
        }
    }
}

/// Over HTTP.
async fn sites(cast: &mut Cast, stage: &Arc<Stage>) {
    let modified = ("Last-Modified", "Thu, 01 Jan 2026 03:04:05 GMT");
    cast.add("SITE", web::serve(move |_| web::reply(200, &[modified], br#"{"db":"up"}"#)).await);
    cast.add("REDIRECT", web::serve(web::redirect).await);
    cast.add("FAILING", web::serve(|_| web::reply(500, &[], b"sorry")).await);
    cast.add("SILENT", Peer::holding().await);
    let slow = Peer::stream(|mut stream, nth, _| async move {
        loop {
            web::hear(&mut stream, nth).await?;
            tokio::time::sleep(SLOW).await;
            stream.write_all(&web::reply(200, &[], b"late").opening).await?;
        }
    });
    cast.add("SLOW", slow.await);
    let stage = Arc::clone(stage);
    let mending = move |_: &web::Request| {
        let status = if stage.mended.load(Ordering::SeqCst) { 200 } else { 503 };
        web::reply(status, &[], b"")
    };
    cast.add("MENDING", web::serve(mending).await);
    let begun = Instant::now();
    let moody = move |_: &web::Request| {
        let is_well = (begun.elapsed().as_secs() / MOOD.as_secs()).is_multiple_of(2);
        web::reply(if is_well { 200 } else { 503 }, &[], b"")
    };
    cast.add("MOODY", web::serve(moody).await);
}

/// Over TLS.
async fn certificates(cast: &mut Cast, authority: &Authority, stage: &Arc<Stage>) {
    let well = |_: &web::Request| web::reply(200, &[], b"well");
    for (word, flaw) in [
        ("EXPIRED", Flaw::Expired),
        ("UNTRUSTED", Flaw::SelfSigned),
        ("MISNAMED", Flaw::WrongName),
        ("EARLY", Flaw::NotYetValid),
    ] {
        cast.add(word, web::serve_tls(authority.acceptor(flaw), well).await);
    }
    for (word, days) in [("CHAINED", 300), ("WEEKS", 12), ("DAYS", 3)] {
        let acceptor = acceptor(authority, &word.to_lowercase(), days);
        cast.add(word, web::serve_tls(acceptor, well).await);
    }
    let old = speaking(&[&TLS12], authority, "old", 300);
    cast.add("OLD", web::serve_tls(old, well).await);
    for (word, shown) in [("RENEWED", &stage.renewed), ("TURNED", &stage.turned)] {
        let shown = Arc::clone(shown);
        let peer = Peer::stream(move |stream, nth, seen| {
            let acceptor = shown.lock().clone();
            async move {
                let stream = tls::accept(stream, &acceptor, &seen).await?;
                web::converse(stream, nth, &seen, &|_| web::reply(200, &[], b"well")).await
            }
        });
        cast.add(word, peer.await);
    }
}

/// Neither HTTP nor certificates alone.
async fn other_kinds(cast: &mut Cast, authority: &Authority, folder: &std::path::Path) {
    let mail = [say("220 mail ESMTP\r\n"), Turn::HearLine, say("221 bye\r\n")];
    cast.add("MAIL", dialogue::serve(&mail, End::Close).await);
    let path = folder.join("socket");
    let redis = [Turn::HearLine, say("+PONG\r\n")];
    cast.peers.push(dialogue::serve_unix(&path, &redis, End::Close).await);
    cast.put("UNIX", &path.display().to_string());
    cast.add("NAMES", names::over_udp(|question, _| vec![zone(question)]).await);
    cast.add("NOWHERE", names::over_udp(|question, _| vec![nowhere(question)]).await);
    cast.add("SOCKET", websocket::echo().await);
    let services = [("", Answer::Health(1)), ("shop", Answer::Health(2))];
    cast.add("HEALTH", health::serve(&services).await);
    let acceptor = acceptor(authority, "health", 300);
    cast.add("HEALTH_TLS", health::serve_tls(acceptor, &services).await);
}

/// An address, and the zone's SOA.
fn zone(question: &[u8]) -> Vec<u8> {
    let mut answer = names::answer(question);
    let name = answer.queries[0].name().clone();
    let mail = Name::from_ascii("mail.names.test.").unwrap();
    let soa = SOA::new(name.clone(), mail, 2_026_010_203, 3600, 600, 86_400, 60);
    answer.answers.push(Record::from_rdata(name, 300, RData::SOA(soa)));
    answer.to_vec().unwrap()
}

fn nowhere(question: &[u8]) -> Vec<u8> {
    let mut answer: Message = names::answer(question);
    answer.answers.clear();
    answer.metadata.response_code = ResponseCode::NXDomain;
    answer.to_vec().unwrap()
}

//! The whole probe against servers on loopback that answer as told.

mod aims;
mod answers;
mod bodies;
mod credentials;
#[cfg(feature = "http3")]
mod http3;
mod proxies;
mod redirects;
mod secure;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    clock::Clock,
    model::{CheckId, CheckSettings, Outcome, Reason, Trace, Verdict},
    net::Net,
    probe::{Report, spec::Check},
};

/// A server that closes each connection after one answer, and what it was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it.
    async fn new(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::each(move |mut stream, request| {
            let answer = Arc::clone(&answer);
            async move {
                let _ = stream.write_all(&answer(&request)).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// Hands each connection over once its request has been read.
    async fn each<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream, String) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, serve) = (Arc::clone(&asked), Arc::new(serve));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, serve) = (Arc::clone(&log), Arc::clone(&serve));
                tokio::spawn(async move {
                    let request = request(&mut stream).await;
                    log.lock().push(request.clone());
                    serve(stream, request).await;
                });
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

/// A request's head, and its body as far as Content-Length says.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => return text,
        }
    }
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect(status: u16, to: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nLocation: {to}\r\n{more}Content-Length: 0\r\n\r\n").into_bytes()
}

/// What one run gave.
struct Ran {
    outcome: Outcome,
    trace: Trace,
}

impl Ran {
    fn failed_by(&self) -> Option<&str> {
        let mut facts = self.outcome.facts.iter();
        let fact = facts.find(|fact| fact.desc.name == "noroshi_http_failed_rule_info")?;
        fact.labels.first().map(AsRef::as_ref)
    }

    fn fact(&self, name: &str) -> Option<f64> {
        self.outcome.facts.iter().find(|fact| fact.desc.name == name).map(|fact| fact.value)
    }

    #[track_caller]
    fn passes(self) -> Self {
        let Outcome { verdict, reason, detail, .. } = &self.outcome;
        assert_eq!(*verdict, Verdict::Pass, "{reason:?} {detail}\n{:?}", self.trace.steps);
        self
    }

    #[track_caller]
    fn fails(self, reason: Reason, detail: &str) -> Self {
        let outcome = &self.outcome;
        assert_eq!(outcome.reason, Some(reason), "{}\n{:?}", outcome.detail, self.trace.steps);
        assert!(outcome.detail.contains(detail), "{}", outcome.detail);
        self
    }
}

async fn run(spec: Value) -> Ran {
    run_within(Duration::from_secs(10), spec).await
}

/// Names under `.test` lead to loopback, and `localhost` to its IPv4 address.
async fn run_within(timeout: Duration, spec: Value) -> Ran {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    assert_eq!(spec.problems(), [], "{spec:?}");
    run_spec(timeout, spec).await
}

async fn run_spec(timeout: Duration, spec: Spec) -> Ran {
    let mut settings = CheckSettings::new(CheckId::new("test"), "http", "", "");
    settings.timeout = timeout;
    settings.resolve = ["a.test", "b.test", "b.a.test", "localhost"]
        .map(|name| format!("{name}:*:127.0.0.1").parse().unwrap())
        .to_vec();
    let check = Check { settings: settings.into(), spec: Arc::new(super::super::Spec::Http(spec)) };
    let report = super::super::run(&check, &Net::new(), Clock::system(), Trace::on()).await;
    let Report { outcome, trace } = report;
    for fact in outcome.facts.iter() {
        let known = Spec::FAMILIES.iter().chain(super::super::COMMON_FAMILIES);
        assert!(known.into_iter().any(|desc| std::ptr::eq(*desc, fact.desc)), "{}", fact.desc.name);
    }
    Ran { outcome, trace }
}

#[test]
fn the_example_is_a_good_spec() {
    let table: toml::Table = toml::from_str(Spec::EXAMPLE).unwrap();
    let value = serde_json::to_value(&table["http"]).unwrap();
    let spec: Spec = serde_json::from_value(value).unwrap();
    assert_eq!(spec.problems(), []);
    let again: Spec = serde_json::from_value(serde_json::to_value(&spec).unwrap()).unwrap();
    assert_eq!(again, spec);
}

#[test]
fn problems_have_their_place() {
    for (spec, path) in [
        (json!({"url":"http://x/","body":"a","body_file":"b"}), "body_file"),
        (json!({"url":"http://x/","body":"a","body_json":{}}), "body_json"),
        (json!({"url":"http://x/","bearer_token":"a","bearer_token_env":"b"}), "bearer_token_env"),
        (
            json!({"url":"http://x/","bearer_token":"a","headers":{"authorization":"b"}}),
            "headers.Authorization",
        ),
        (
            json!({"url":"http://x/","basic_auth":{"username":"a","password":"b","password_env":"c"}}),
            "basic_auth.password_env",
        ),
        (json!({"url":"http://x/","tls":{},"redirects":{"follow":false}}), "tls"),
        (json!({"url":"https://x/","tls":{"cert_file":"a"}}), "tls.cert_file"),
        (json!({"url":"http://x/","proxy_headers":{"a":"b"}}), "proxy_headers"),
        (json!({"url":"http://x/","proxy_connect_headers":{"a":"b"}}), "proxy_connect_headers"),
        (json!({"url":"http://x/","proxy_resolve":true}), "proxy_resolve"),
        (json!({"url":"http://x/","no_proxy":"a"}), "no_proxy"),
        (
            json!({"url":"http://x/","proxy_url":"http://p:1","proxy_from_environment":true}),
            "proxy_from_environment",
        ),
        (
            json!({"url":"http://x/","bearer_token":"a","authorization":{"credentials":"b"}}),
            "bearer_token",
        ),
        (
            json!({"url":"http://x/","authorization":{"type":"basic","credentials":"b"}}),
            "authorization.type",
        ),
        (
            json!({"url":"http://x/","expect":{"tls":true},"redirects":{"follow":false}}),
            "expect.tls",
        ),
        (json!({"url":"http://x/","method":"HEAD","expect":{"cel":["body.a"]}}), "expect.cel"),
        (json!({"url":"http://x/","proxy_url":"http://p:1","version":"http2"}), "version"),
        (
            json!({"url":"http://x/","method":"HEAD","expect":{"json":[{"path":"$","exists":true}]}}),
            "expect.json",
        ),
        (json!({"url":"http://x/","expect":{"status":[]}}), "expect.status"),
        (
            json!({"url":"http://x/","compression":true,"headers":{"Accept-Encoding":"x"}}),
            "headers.Accept-Encoding",
        ),
        (json!({"url":"http://x/","headers":{"Host":"a b"}}), "headers.Host"),
    ] {
        let parsed: Spec = serde_json::from_value(spec.clone()).unwrap();
        let problems = parsed.problems();
        assert_eq!(problems.len(), 1, "{spec}: {problems:?}");
        assert_eq!(problems[0].path, path, "{spec}");
    }
}

#[test]
#[cfg(not(feature = "http3"))]
fn http3_is_refused_where_it_was_not_built_in() {
    let spec = json!({"url": "https://x/", "version": "http3"});
    let problems = serde_json::from_value::<Spec>(spec).unwrap().problems();
    assert_eq!((problems.len(), &*problems[0].path), (1, "version"));
    assert!(problems[0].hint.as_ref().unwrap().contains("--features http3"));
}

#[test]
fn nothing_secret_is_shown() {
    let spec = json!({
        "url": "https://x/?api_key=hunter2", "bearer_token": "hunter2",
        "headers": {"X-Token": "hunter2"}, "proxy_url": "http://p:1",
        "proxy_basic_auth": {"username": "u", "password": "hunter2"},
        "proxy_headers": {"Proxy-Authorization": "hunter2"},
    });
    let spec: Spec = serde_json::from_value(spec).unwrap();
    let shown = format!("{spec:?} {} {}", serde_json::to_string(&spec).unwrap(), spec.target());
    assert!(!shown.contains("hunter2"), "{shown}");
}

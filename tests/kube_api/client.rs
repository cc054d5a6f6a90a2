//! A client that takes everything at its word: whole answers, and watches a line at a time.

use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use crate::support::{kube_api::KubeApi, patience::patience};

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) bytes: Bytes,
    /// Null if it is no JSON.
    pub(crate) json: Value,
    head: hyper::HeaderMap,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn get(server: &KubeApi, path: &str) -> Answer {
    get_as(server, path, &[]).await
}

pub(crate) async fn get_as(server: &KubeApi, path: &str, headers: &[(&str, &str)]) -> Answer {
    answer(server, "GET", path, headers, "").await.unwrap()
}

/// Any request; an error is the connection's.
pub(crate) async fn answer(
    server: &KubeApi,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, hyper::Error> {
    let response = send(server, method, path, headers, body).await?;
    let (head, body) = response.into_parts();
    let bytes = body.collect().await?.to_bytes();
    Ok(Answer {
        status: head.status.as_u16(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
        json: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
        head: head.headers,
    })
}

async fn send(
    server: &KubeApi,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response<Incoming>, hyper::Error> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("Host", "test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sender.send_request(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await
}

/// `namespace/name` of a list's items.
pub(crate) fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(name).collect()
}

pub(crate) fn name(object: &Value) -> String {
    let word = |name: &str| object["metadata"][name].as_str().unwrap();
    format!("{}/{}", word("namespace"), word("name"))
}

/// An open watch.
pub(crate) struct Watch {
    body: Incoming,
    read: Vec<u8>,
}

/// How a line of a watch came, or did not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    End,
    Broken,
    /// Nothing for a while.
    Silence,
}

impl Watch {
    pub(crate) async fn open(server: &KubeApi, path: &str) -> Self {
        let response = send(server, "GET", path, &[], "").await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        Self { body: response.into_body(), read: Vec::new() }
    }

    /// The next line, within so much time.
    pub(crate) async fn line(&mut self, time: Duration) -> Line {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Line::Text(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            match timeout(time, self.body.frame()).await {
                Err(_) => return Line::Silence,
                Ok(None) => return Line::End,
                Ok(Some(Err(_))) => return Line::Broken,
                Ok(Some(Ok(frame))) => {
                    let mut data = frame.into_data().unwrap();
                    self.read.extend(data.copy_to_bytes(data.remaining()));
                }
            }
        }
    }

    /// The next event: its type, and its object.
    pub(crate) async fn event(&mut self) -> (String, Value) {
        let Line::Text(line) = self.line(patience()).await else { panic!("no event") };
        let mut event: Value = serde_json::from_str(&line).unwrap();
        (event["type"].as_str().unwrap().to_owned(), event["object"].take())
    }

    /// The next events' types and names, and the versions of bookmarks, in short.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        for _ in 0..count {
            let (word, object) = self.event().await;
            events.push(match word.as_str() {
                "BOOKMARK" => format!("BOOKMARK {}", object["metadata"]),
                "ERROR" => format!("ERROR {}", object["code"]),
                _ => format!("{word} {}", name(&object)),
            });
        }
        events
    }
}

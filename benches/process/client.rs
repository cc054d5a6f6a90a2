//! HTTP/1.1 over one kept connection, with the times a scrape is judged by.

use std::{
    io::Read,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long anything may take; 500,000 series of a debug build take seconds.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

/// A whole answer with status 200.
pub(crate) struct Answer {
    /// As it came over the wire.
    pub(crate) body: Vec<u8>,
    gzip: bool,
    /// From the request to the first byte of the body.
    pub(crate) first_byte: Duration,
    /// From the request to the last byte.
    pub(crate) took: Duration,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    /// `encoding` is what is accepted: `gzip`, `identity`.
    pub(crate) async fn get(&mut self, path: &str, encoding: &str) -> anyhow::Result<Answer> {
        tokio::time::timeout(PATIENCE, self.ask("GET", path, encoding, Bytes::new())).await?
    }

    /// Without a body.
    pub(crate) async fn post(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.post_json(path, Bytes::new()).await
    }

    /// With a body of JSON.
    pub(crate) async fn post_json(&mut self, path: &str, body: Bytes) -> anyhow::Result<Answer> {
        tokio::time::timeout(PATIENCE, self.ask("POST", path, "identity", body)).await?
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        encoding: &str,
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::ACCEPT_ENCODING, encoding)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let begun = Instant::now();
        let mut answer = self.sender.send_request(request).await?;
        ensure!(answer.status() == 200, "{path}: answered {}", answer.status());
        let gzip = answer.headers().get(header::CONTENT_ENCODING).is_some_and(|it| it == "gzip");
        let (mut body, mut first_byte) = (Vec::new(), None);
        while let Some(frame) = answer.frame().await {
            if let Ok(data) = frame?.into_data() {
                first_byte.get_or_insert_with(|| begun.elapsed());
                body.extend_from_slice(&data);
            }
        }
        let took = begun.elapsed();
        Ok(Answer { body, gzip, first_byte: first_byte.unwrap_or(took), took })
    }
}

impl Answer {
    /// The samples of an exposition.
    pub(crate) fn samples(&self) -> anyhow::Result<Samples> {
        let mut text = String::new();
        if self.gzip {
            flate2::read::GzDecoder::new(self.body.as_slice()).read_to_string(&mut text)?;
        } else {
            text.push_str(std::str::from_utf8(&self.body)?);
        }
        Ok(Samples(text))
    }
}

/// An exposition as text.
pub(crate) struct Samples(String);

impl Samples {
    /// Labels and value of every series of one name.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
            let (labels, value) = rest.rsplit_once(' ')?;
            Some((labels, value.parse().ok()?))
        })
    }

    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|(_, value)| value).sum()
    }

    pub(crate) fn series(&self) -> usize {
        self.0.lines().filter(|line| !line.starts_with('#')).count()
    }
}

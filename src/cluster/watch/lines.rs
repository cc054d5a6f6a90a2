//! The lines of a watch: one event each.

use http_body_util::BodyExt;
use kube::client::Body;

use super::{Failure, Why};
use crate::clock::{self, Instant};

/// The longest line: etcd holds objects of 1.5 MB, an aggregated API may have larger ones.
const LONGEST: usize = 64 << 20;

/// A buffer that grew beyond this for one object is given back.
const USUAL: usize = 1 << 20;

/// Lines as they arrive.
pub(super) struct Lines<B = Body> {
    body: B,
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where it has no end.
    searched: usize,
}

impl<B> Lines<B>
where
    B: http_body::Body<Data = bytes::Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    pub(super) fn new(body: B) -> Self {
        Self { body, buffer: Vec::new(), start: 0, searched: 0 }
    }

    /// The next line; `None` at the end. The whole of it has to come by then, however steadily it drips.
    pub(super) async fn next(&mut self, due: Instant) -> Result<Option<&str>, Failure> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let line = self.start..self.searched + at;
                self.start = line.end + 1;
                self.searched = self.start;
                let line = std::str::from_utf8(&self.buffer[line]);
                return line.map(Some).map_err(|error| Failure::unusable(error.to_string()));
            }
            self.forget();
            if self.buffer.len() > LONGEST {
                return Err(Failure::unusable(format!("a line of more than {LONGEST} bytes")));
            }
            if !self.more(due).await? {
                return Ok(None);
            }
        }
    }

    /// Forgets the lines that were given out: once for all that came together, since what follows them is moved.
    fn forget(&mut self) {
        self.buffer.drain(..std::mem::take(&mut self.start));
        if self.buffer.is_empty() && self.buffer.capacity() > USUAL {
            self.buffer = Vec::new();
        }
        self.searched = self.buffer.len();
    }

    /// Waits for more bytes; `false` at the end of the body. A line that it cuts off is lost, and the watch that goes on
    /// from the last version brings it again.
    async fn more(&mut self, due: Instant) -> Result<bool, Failure> {
        let frame = clock::timeout_at(due, self.body.frame()).await;
        match frame.map_err(|_| Failure::late("the next event or bookmark"))? {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.buffer.extend_from_slice(data);
                }
                Ok(true)
            }
            Some(Err(error)) => Err(Failure::new(Why::ConnectionLost, error.to_string())),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn lines(chunks: &'static [&'static [u8]]) -> Vec<String> {
        let chunks =
            chunks.iter().map(|chunk| Ok::<_, std::io::Error>(bytes::Bytes::from_static(chunk)));
        let body = http_body_util::StreamBody::new(futures_util::StreamExt::map(
            futures_util::stream::iter(chunks),
            |chunk| chunk.map(http_body::Frame::data),
        ));
        let mut lines = Lines::new(body);
        let mut all = Vec::new();
        while let Some(line) = lines.next(Instant::now() + Duration::from_secs(1)).await.unwrap() {
            all.push(line.to_owned());
        }
        all
    }

    #[tokio::test]
    async fn lines_are_put_together_from_whatever_arrives() {
        assert_eq!(lines(&[b"one\ntw", b"o", b"\n\nfour\nfi"]).await, ["one", "two", "", "four"]);
        assert!(lines(&[]).await.is_empty());
    }
}

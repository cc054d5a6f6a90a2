//! Reads a body within its limits, decompressing it where that was asked for.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use async_compression::{
    tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder},
    zstd::DParameter,
};
use bytes::Bytes;
use futures_util::Stream;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    task::yield_now,
};
use tokio_util::io::StreamReader;

use super::{
    compression::{Coding, Encoding},
    room::Room,
};
use crate::{
    clock::Instant,
    model::{ByteSize, Failure, Reason},
    net::http::Exchange,
};

/// How a body is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The most bytes on the wire.
    pub wire_limit: ByteSize,
    /// The most bytes after decompression.
    pub limit: ByteSize,
    /// Which codings are undone.
    pub decode: Decode,
    /// Whether anybody looks at it; if not, its bytes are only counted.
    pub keep: bool,
    /// A large body waits for its room no longer.
    pub deadline: Instant,
}

/// Which codings of a body are undone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Decode {
    /// None: nobody asked for any.
    #[default]
    Nothing,
    /// Those that `Content-Encoding` names.
    Announced,
    /// This one, whatever the headers say.
    Demanded(Encoding),
}

/// The most bytes that are kept for rules, whatever the limits on the whole body: each run in flight may hold as much.
const KEPT_LIMIT: ByteSize = ByteSize::mebi(16);

/// What has been read of a body, also where the reading failed.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Bytes on the wire, without the framing.
    pub wire: u64,
    /// Bytes after decompression.
    pub size: u64,
    /// The bytes after decompression, if they were to be kept.
    pub bytes: Vec<u8>,
    /// The first bytes on the wire.
    first: Vec<u8>,
    /// Of a large one.
    room: Room,
}

/// How many of the first bytes are remembered: a gzip header without its optional parts.
const FIRST: usize = 10;

/// The most codings one upon the other; one is usual, two are an accident.
const CODINGS_LIMIT: usize = 3;

/// RFC 9659: who decodes zstd in HTTP need not give it more than 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// What is asked of a decoder at once, in bytes.
const PIECE: usize = 16 * 1024;

/// After so many pieces others get their turn.
const PIECES_AT_ONCE: u64 = 16;

impl Body {
    /// Reads to the end. Wants to be called within the phase `receive`.
    ///
    /// # Errors
    /// `body_too_large`, `body_encoding`, and what breaks a connection.
    pub(super) async fn read(
        &mut self,
        exchange: &mut Exchange,
        reading: Reading,
    ) -> Result<(), Failure> {
        if let Some(announced) = exchange.announced().filter(|size| *size > reading.wire_limit.0) {
            let detail = format!("{announced} bytes are announced, {}", limit(reading.wire_limit));
            // As much as would have been counted, had it been read.
            self.wire = reading.wire_limit.0;
            if reading.decode == Decode::Nothing {
                self.size = reading.wire_limit.0.min(reading.limit.0);
            }
            return Err(Failure::new(Reason::BodyTooLarge, detail));
        }
        let Self { wire, size, bytes, first, room } = self;
        let mut wire = Wire { exchange, read: wire, first, limit: reading.wire_limit };
        let mut sink = Sink { size, bytes, room, reading };
        let steps = match reading.decode {
            Decode::Nothing => Vec::new(),
            Decode::Announced => codings(&wire.exchange.head.headers)?,
            Decode::Demanded(encoding) => Step::of(encoding).into_iter().collect(),
        };
        if steps.is_empty() {
            while let Some(piece) = wire.piece().await {
                sink.take(&piece?).await?;
            }
            return Ok(());
        }
        let mut source = StreamReader::new(wire);
        let is_empty = source.fill_buf().await.map_err(undone)?.is_empty();
        if is_empty && reading.decode == Decode::Announced {
            // An answer to HEAD names a coding, but has nothing to decode.
            return Ok(());
        }
        if is_empty {
            return Err(Failure::new(Reason::BodyEncoding, "there is nothing to decode"));
        }
        let mut decoded = decoder(source, &steps).await.map_err(undone)?;
        let mut piece = vec![0; PIECE];
        for number in 1_u64.. {
            if number.is_multiple_of(PIECES_AT_ONCE) {
                // A few kilobytes can become gigabytes without a single wait: the deadline and the others get their turn.
                yield_now().await;
            }
            let length = decoded.read(&mut piece).await.map_err(undone)?;
            if length == 0 {
                return Ok(());
            }
            sink.take(&piece[..length]).await?;
        }
        Ok(())
    }

    /// Whether a body that was demanded in gzip does not even begin like it: there blackbox_exporter gives up before it looks
    /// at any rule.
    pub(super) fn is_no_gzip(&self) -> bool {
        self.first.len() < FIRST || !self.first.starts_with(&[0x1f, 0x8b, 8])
    }
}

/// Where decoded bytes go.
struct Sink<'a> {
    size: &'a mut u64,
    bytes: &'a mut Vec<u8>,
    room: &'a mut Room,
    reading: Reading,
}

impl Sink<'_> {
    async fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        add(self.size, piece.len(), self.reading.limit)?;
        if !self.reading.keep {
            return Ok(());
        }
        if *self.size > KEPT_LIMIT.0 {
            let detail = format!("more than the {KEPT_LIMIT} that rules look at");
            return Err(Failure::new(Reason::BodyTooLarge, detail));
        }
        self.room.grow(*self.size, self.reading.deadline).await?;
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// Counts up to the limit, and fails where there is more.
fn add(total: &mut u64, more: usize, most: ByteSize) -> Result<(), Failure> {
    let sum = total.saturating_add(more as u64);
    *total = sum.min(most.0);
    if sum > most.0 {
        return Err(Failure::new(Reason::BodyTooLarge, limit(most)));
    }
    Ok(())
}

fn limit(most: ByteSize) -> String {
    format!("more than the permitted {most}")
}

/// How one coding is undone.
#[derive(Debug, Clone, Copy)]
enum Step {
    Gzip,
    Br,
    Zstd,
    /// With its zlib frame.
    Zlib,
    /// Without.
    Deflate,
    /// With or without: servers disagree about the word.
    AnyDeflate,
}

impl From<Coding> for Step {
    fn from(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip,
            Coding::Br => Self::Br,
            Coding::Deflate => Self::AnyDeflate,
            Coding::Zstd => Self::Zstd,
        }
    }
}

impl Step {
    const fn of(encoding: Encoding) -> Option<Self> {
        match encoding {
            Encoding::Gzip => Some(Self::Gzip),
            Encoding::Br => Some(Self::Br),
            Encoding::Deflate => Some(Self::Deflate),
            Encoding::Zlib => Some(Self::Zlib),
            Encoding::Zstd => Some(Self::Zstd),
            Encoding::Identity => None,
        }
    }
}

/// The codings in the order in which they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<Step>, Failure> {
    let fail = |why: String| Failure::new(Reason::BodyEncoding, why);
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let words = value.to_str().unwrap_or("?").split(',').map(str::trim);
        for word in words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("identity"))
        {
            let coding = Coding::named(word);
            let unknown =
                || fail(format!("unknown Content-Encoding {:?}", word.get(..40).unwrap_or(word)));
            codings.push(coding.ok_or_else(unknown)?.into());
            if codings.len() > CODINGS_LIMIT {
                return Err(fail(format!("more than {CODINGS_LIMIT} codings one upon the other")));
            }
        }
    }
    Ok(codings)
}

type Source<'a> = Box<dyn AsyncBufRead + Send + Unpin + 'a>;

/// Undoes the codings, the last one first.
async fn decoder<'a>(
    source: impl AsyncBufRead + Send + Unpin + 'a,
    steps: &[Step],
) -> io::Result<Source<'a>> {
    let mut source: Source<'a> = Box::new(source);
    for step in steps.iter().rev() {
        source = match step {
            Step::Gzip => {
                let mut gzip = GzipDecoder::new(source);
                gzip.multiple_members(true);
                buffered(gzip)
            }
            Step::Br => buffered(BrotliDecoder::new(source)),
            Step::Zstd => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
                buffered(ZstdDecoder::with_params(source, &window))
            }
            Step::Zlib => buffered(ZlibDecoder::new(source)),
            Step::AnyDeflate if is_zlib(source.fill_buf().await?) => {
                buffered(ZlibDecoder::new(source))
            }
            Step::Deflate | Step::AnyDeflate => buffered(DeflateDecoder::new(source)),
        };
    }
    Ok(source)
}

fn buffered<'a>(decoder: impl AsyncRead + Send + Unpin + 'a) -> Source<'a> {
    Box::new(BufReader::new(decoder))
}

/// Whether the bytes begin with the frame of RFC 1950: method 8, and a header divisible by 31.
fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [first, second, ..] => {
            first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
        }
        [first] => *first == 0x78,
        [] => false,
    }
}

/// The wire as the decoders want to read it. A failure travels through them inside an [`io::Error`].
struct Wire<'a> {
    exchange: &'a mut Exchange,
    read: &'a mut u64,
    first: &'a mut Vec<u8>,
    limit: ByteSize,
}

impl Wire<'_> {
    async fn piece(&mut self) -> Option<Result<Bytes, Failure>> {
        std::future::poll_fn(|cx| self.poll_piece(cx)).await
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        let piece = self.exchange.poll_chunk(cx);
        piece.map(|piece| {
            Some(piece?.and_then(|piece| {
                let missing = FIRST.saturating_sub(self.first.len()).min(piece.len());
                self.first.extend_from_slice(&piece[..missing]);
                add(self.read, piece.len(), self.limit)?;
                Ok(piece)
            }))
        })
    }
}

impl Stream for Wire<'_> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = self.poll_piece(cx);
        piece.map(|piece| {
            piece.map(|piece| piece.map_err(|failure| io::Error::other(Carried(failure))))
        })
    }
}

/// A failure on its way through a decoder.
#[derive(Debug)]
struct Carried(Failure);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl Error for Carried {}

/// The wire's own failure, or the decoder's.
fn undone(error: io::Error) -> Failure {
    match error.downcast::<Carried>() {
        Ok(Carried(failure)) => failure,
        Err(error) => Failure::new(Reason::BodyEncoding, format!("it does not decode: {error}")),
    }
}

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
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio_util::io::StreamReader;

use super::compression::Coding;
use crate::{
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
    /// Whether `Content-Encoding` is undone: only for who asked for it.
    pub decode: bool,
    /// Whether anybody looks at it; if not, its bytes are only counted.
    pub keep: bool,
}

/// What has been read of a body, also where the reading failed.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Bytes on the wire, without the framing.
    pub wire: u64,
    /// Bytes after decompression.
    pub size: u64,
    /// The bytes after decompression, if they were to be kept.
    pub bytes: Vec<u8>,
}

/// The most codings one upon the other; one is usual, two are an accident.
const CODINGS_LIMIT: usize = 3;

/// RFC 9659: who decodes zstd in HTTP need not give it more than 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// What is asked of a decoder at once, in bytes.
const PIECE: usize = 16 * 1024;

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
            return Err(Failure::new(Reason::BodyTooLarge, detail));
        }
        let codings = if reading.decode { codings(&exchange.head.headers)? } else { Vec::new() };
        let Self { wire, size, bytes } = self;
        let mut wire = Wire { exchange, read: wire, limit: reading.wire_limit };
        if codings.is_empty() {
            while let Some(piece) = wire.piece().await {
                let piece = piece?;
                add(size, piece.len(), reading.limit)?;
                if reading.keep {
                    bytes.extend_from_slice(&piece);
                }
            }
            return Ok(());
        }
        let mut source = StreamReader::new(wire);
        if source.fill_buf().await.map_err(undone)?.is_empty() {
            // An answer to HEAD names a coding, but has nothing to decode.
            return Ok(());
        }
        let mut decoded = decoder(source, &codings).await.map_err(undone)?;
        let mut piece = vec![0; PIECE];
        loop {
            let length = decoded.read(&mut piece).await.map_err(undone)?;
            if length == 0 {
                return Ok(());
            }
            add(size, length, reading.limit)?;
            if reading.keep {
                bytes.extend_from_slice(&piece[..length]);
            }
        }
    }
}

fn add(total: &mut u64, more: usize, most: ByteSize) -> Result<(), Failure> {
    *total += more as u64;
    if *total > most.0 {
        return Err(Failure::new(Reason::BodyTooLarge, limit(most)));
    }
    Ok(())
}

fn limit(most: ByteSize) -> String {
    format!("more than the permitted {most}")
}

/// The codings in the order in which they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, Failure> {
    let fail = |why: String| Failure::new(Reason::BodyEncoding, why);
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let words = value.to_str().unwrap_or("?").split(',').map(str::trim);
        for word in words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("identity"))
        {
            let coding = Coding::named(word);
            let unknown =
                || fail(format!("unknown Content-Encoding {:?}", word.get(..40).unwrap_or(word)));
            codings.push(coding.ok_or_else(unknown)?);
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
    codings: &[Coding],
) -> io::Result<Source<'a>> {
    let mut source: Source<'a> = Box::new(source);
    for coding in codings.iter().rev() {
        source = match coding {
            Coding::Gzip => {
                let mut gzip = GzipDecoder::new(source);
                gzip.multiple_members(true);
                buffered(gzip)
            }
            Coding::Br => buffered(BrotliDecoder::new(source)),
            Coding::Zstd => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
                buffered(ZstdDecoder::with_params(source, &window))
            }
            Coding::Deflate if is_zlib(source.fill_buf().await?) => {
                buffered(ZlibDecoder::new(source))
            }
            Coding::Deflate => buffered(DeflateDecoder::new(source)),
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

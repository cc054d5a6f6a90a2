use std::{cell::RefCell, io};

use axum::{
    body::Body,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::super::accept::{self, Encoding};
use crate::{
    compat::blackbox::families::{self, Shape},
    metrics::{Dialect, Encoder, Format, Protobuf, Text},
    model::{Outcome, Sink},
};

/// A probe's families in the format and the encoding the client wants.
pub(super) fn families(headers: &HeaderMap, shape: Shape, outcome: &Outcome) -> Response {
    exposition(headers, |format| match format {
        Format::Protobuf => written(Protobuf::new(), |sink| families::write(shape, outcome, sink)),
        _ => written(Text::new(Dialect::Prometheus), |sink| {
            families::write(shape, outcome, sink);
        }),
    })
}

/// What `write` makes of a format, as blackbox_exporter answers: text 0.0.4 or protobuf, never OpenMetrics.
pub(in crate::api) fn exposition(
    headers: &HeaderMap,
    write: impl FnOnce(Format) -> Vec<u8>,
) -> Response {
    let (format, content_type) = accept::classic(headers);
    let body = write(format);
    let encoding = accept::classic_encoding(headers);
    let packed = match encoding {
        Encoding::Gzip => gzip(&body).ok(),
        Encoding::Identity | Encoding::Zstd => None,
    };
    let mut answer = match packed.zip(encoding.word()) {
        Some((packed, word)) => ([(header::CONTENT_ENCODING, word)], packed).into_response(),
        None => Body::from(body).into_response(),
    };
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    answer
}

/// What was written to a sink.
pub(in crate::api) fn written<E: Encoder + Sink>(
    mut encoder: E,
    write: impl FnOnce(&mut E),
) -> Vec<u8> {
    write(&mut encoder);
    encoder.finish();
    std::mem::take(encoder.buffer())
}

thread_local! {
    /// Its tables are hundreds of kilobytes, which would cost more to make for each answer than the answer itself.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// A small body as one gzip member (RFC 1952).
fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    /// No name, no time, unknown system, fastest algorithm.
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
    /// Stored blocks add five bytes each; the rest is head and tail.
    const ROOM: usize = 128;
    let mut out = Vec::with_capacity(body.len() + body.len() / 1000 + ROOM);
    out.extend_from_slice(&HEAD);
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        match deflate.compress_vec(body, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => Ok(()),
            Ok(_) | Err(_) => Err(io::Error::other("the body does not fit")),
        }
    })?;
    let mut crc = Crc::new();
    crc.update(body);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(body in prop::collection::vec(any::<u8>(), 0..20_000)) {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&*gzip(&body).unwrap()).read_to_end(&mut plain).unwrap();
            prop_assert_eq!(plain, body);
        }
    }
}

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use flate2::{Compression, write::GzEncoder};

use super::accept::Encoding;
use crate::metrics::Emit;

/// Compressed bytes are given away in pieces of this size: small, so that the first ones leave early.
const PIECE: usize = 8 * 1024;

/// zstd's fastest proper level: a third of gzip's cost and a smaller result.
const ZSTD_LEVEL: i32 = 1;

/// Runs `write` with its chunks compressed on the way to `emit`.
pub(super) fn compress(
    encoding: Encoding,
    write: impl FnOnce(Emit<'_>) -> ControlFlow<()>,
    emit: Emit<'_>,
) -> ControlFlow<()> {
    match encoding {
        Encoding::Identity => write(emit),
        Encoding::Gzip => {
            through(Gzip(GzEncoder::new(Vec::new(), Compression::fast())), write, emit)
        }
        Encoding::Zstd => match zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL) {
            Ok(encoder) => through(Zstd(encoder), write, emit),
            Err(_) => ControlFlow::Break(()), // no memory for its tables
        },
    }
}

/// A compressor that collects its output in a buffer.
trait Compressor: Write {
    fn output(&mut self) -> &mut Vec<u8>;
    fn finish(self) -> io::Result<Vec<u8>>;
}

fn through<C: Compressor>(
    mut compressor: C,
    write: impl FnOnce(Emit<'_>) -> ControlFlow<()>,
    emit: Emit<'_>,
) -> ControlFlow<()> {
    write(&mut |chunk| {
        if compressor.write_all(&chunk).is_err() {
            return ControlFlow::Break(());
        }
        if compressor.output().len() < PIECE {
            return ControlFlow::Continue(());
        }
        emit(std::mem::take(compressor.output()))
    })?;
    match compressor.finish() {
        Ok(rest) => emit(rest),
        Err(_) => ControlFlow::Break(()),
    }
}

struct Gzip(GzEncoder<Vec<u8>>);

struct Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>);

impl Write for Gzip {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Compressor for Gzip {
    fn output(&mut self) -> &mut Vec<u8> {
        self.0.get_mut()
    }
    fn finish(self) -> io::Result<Vec<u8>> {
        self.0.finish()
    }
}

impl Write for Zstd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Compressor for Zstd {
    fn output(&mut self) -> &mut Vec<u8> {
        self.0.get_mut()
    }
    fn finish(self) -> io::Result<Vec<u8>> {
        self.0.finish()
    }
}

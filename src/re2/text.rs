//! Bytes as Go's `regexp` reads them: one that belongs to no UTF-8 character is U+FFFD, of one byte's length.

use std::{
    borrow::Cow,
    ops::{Deref, Range},
};

/// What stands for an unreadable byte.
const UNREADABLE: &[u8] = "\u{fffd}".as_bytes();

/// Bytes to search, and to find back in what was there.
pub(super) struct Text<'h> {
    bytes: &'h [u8],
    readable: Cow<'h, [u8]>,
}

impl<'h> Text<'h> {
    pub(super) fn new(bytes: &'h [u8]) -> Self {
        let readable = if std::str::from_utf8(bytes).is_ok() {
            Cow::Borrowed(bytes)
        } else {
            Cow::Owned(readable(bytes))
        };
        Self { bytes, readable }
    }

    /// The place among the bytes of a place in the readable text, which must lie between characters.
    pub(super) fn written(&self, place: usize) -> usize {
        if let Cow::Borrowed(_) = self.readable {
            return place;
        }
        let (mut left, mut written) = (place, 0);
        for chunk in self.bytes.utf8_chunks() {
            let (valid, invalid) = (chunk.valid().len(), chunk.invalid().len() * UNREADABLE.len());
            if left <= valid + invalid {
                return written + left.min(valid) + left.saturating_sub(valid) / UNREADABLE.len();
            }
            left -= valid + invalid;
            written += valid + chunk.invalid().len();
        }
        written
    }

    /// The bytes that stand where a part of the readable text does.
    pub(super) fn between(&self, range: Range<usize>) -> &'h [u8] {
        &self.bytes[self.written(range.start)..self.written(range.end)]
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.readable
    }
}

fn readable(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    for chunk in bytes.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        // Each byte on its own; the standard library's lossy text has one for several.
        for _ in chunk.invalid() {
            text.extend_from_slice(UNREADABLE);
        }
    }
    text
}

//! The two messages of `grpc.health.v1`, and the five bytes gRPC puts before a message.

use bytes::{BufMut, Bytes, BytesMut};

/// `HealthCheckRequest { string service = 1; }`, framed.
pub(super) fn request(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(0x0a); // field 1, length-delimited
        put_varint(&mut message, service.len() as u64);
        message.put_slice(service.as_bytes());
    }
    let mut framed = BytesMut::with_capacity(HEAD + message.len());
    framed.put_u8(0); // not compressed
    // A service's name is bounded by the configuration.
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.extend_from_slice(&message);
    framed.freeze()
}

/// `HealthCheckResponse { ServingStatus status = 1; }`: the number; `None` if it is not protobuf. Fields that are not known
/// are passed over, as they must be.
pub(super) fn serving_status(mut message: &[u8]) -> Option<i32> {
    let mut status = 0;
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        // Field numbers are 29 bits, and there is no field 0.
        let field = u32::try_from(tag >> 3).ok().filter(|field| (1..1 << 29).contains(field))?;
        match (field, tag & 7) {
            (1, VARINT) => {
                // An enum is an int32 on the wire: what is above is cut off, as every implementation does.
                let [a, b, c, d, ..] = varint(&mut message)?.to_le_bytes();
                status = i32::from_le_bytes([a, b, c, d]);
            }
            (_, wire) => skip(&mut message, field, wire)?,
        }
    }
    Some(status)
}

/// The length of what precedes a message.
pub(super) const HEAD: usize = 5;

/// What precedes a message: whether it is compressed, and its length.
pub(super) fn head(bytes: &[u8]) -> Option<(u8, u32)> {
    let [flag, a, b, c, d, ..] = *bytes else { return None };
    Some((flag, u32::from_be_bytes([a, b, c, d])))
}

const VARINT: u64 = 0;

/// The deepest nesting of groups; protobuf's own limit is 100.
const MAX_GROUPS: usize = 100;

/// Passes over the value of a field. Groups, which proto3 has no more, are passed over with all that is in them.
fn skip(message: &mut &[u8], field: u32, wire: u64) -> Option<()> {
    let mut open: Vec<u32> = Vec::new();
    let (mut field, mut wire) = (field, wire);
    loop {
        match wire {
            VARINT => drop(varint(message)?),
            1 => advance(message, 8)?,
            2 => {
                let length = varint(message)?;
                advance(message, usize::try_from(length).ok()?)?;
            }
            3 if open.len() < MAX_GROUPS => open.push(field),
            4 if open.pop() == Some(field) => {}
            5 => advance(message, 4)?,
            _ => return None,
        }
        if open.is_empty() {
            return Some(());
        }
        let tag = varint(message)?;
        field = u32::try_from(tag >> 3).ok()?;
        wire = tag & 7;
    }
}

fn advance(message: &mut &[u8], by: usize) -> Option<()> {
    *message = message.get(by..)?;
    Some(())
}

/// At most ten bytes, the last of them holding one bit.
fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for at in 0..10 {
        let byte = *message.get(at)?;
        if at == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            advance(message, at + 1)?;
            return Some(value);
        }
    }
    None
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.put_u8(low & 0x7f);
        }
        out.put_u8(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_are_what_protoc_would_write() {
        assert_eq!(&request("")[..], b"\0\0\0\0\0");
        assert_eq!(&request("ab")[..], b"\0\0\0\0\x04\x0a\x02ab");
        let long = request(&"x".repeat(200));
        assert_eq!(&long[..8], b"\0\0\0\0\xcb\x0a\xc8\x01");
    }

    #[test]
    fn answers_are_read_as_protobuf_wants_it() {
        for (message, status) in [
            (&b""[..], Some(0)),
            (b"\x08\x01", Some(1)),
            (b"\x08\x01\x08\x02", Some(2)),
            (b"\x12\x03abc\x08\x01\x19\0\0\0\0\0\0\0\0\x25\0\0\0\0\x28\x80\x01", Some(1)),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Some(-1)),
            (b"\x08\x81\x80\x80\x80\x10", Some(1)),
            // The field with another type is a field that is not known.
            (b"\x0a\x01\x07", Some(0)),
            (b"\x13\x1b\x08\x07\x1c\x14\x08\x01", Some(1)),
            (b"\x13\x08\x01", None),
            (b"\x13\x1c", None),
            (b"\x14", None),
            (b"\x08", None),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", None),
            (b"\x12\x04abc", None),
            (b"\x00\x01", None),
            (b"\x0e\x01", None),
            (b"<html>", None),
        ] {
            assert_eq!(serving_status(message), status, "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(message: Vec<u8>) {
            let _ = serving_status(&message);
            let _ = head(&message);
        }

        #[test]
        fn varints_are_read_back(value: u64) {
            let mut out = BytesMut::new();
            put_varint(&mut out, value);
            let mut rest = &out[..];
            prop_assert_eq!(varint(&mut rest), Some(value));
            prop_assert!(rest.is_empty());
        }
    }
}

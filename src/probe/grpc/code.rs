use std::fmt;

use hyper::StatusCode;

use crate::model::GRPC_STATUSES;

/// How a call ended. Servers may send numbers that are none of [`GRPC_STATUSES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(pub(super) u32);

impl Code {
    pub(super) const OK: Self = Self(0);
    pub(super) const CANCELLED: Self = Self(1);
    pub(super) const UNKNOWN: Self = Self(2);
    pub(super) const DEADLINE_EXCEEDED: Self = Self(4);
    pub(super) const PERMISSION_DENIED: Self = Self(7);
    pub(super) const RESOURCE_EXHAUSTED: Self = Self(8);
    pub(super) const UNIMPLEMENTED: Self = Self(12);
    pub(super) const INTERNAL: Self = Self(13);
    pub(super) const UNAVAILABLE: Self = Self(14);
    pub(super) const UNAUTHENTICATED: Self = Self(16);

    /// The value of `grpc-status`; `None` if it is no number. Read as grpc-go does.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let number: i32 = std::str::from_utf8(value).ok()?.parse().ok()?;
        Some(Self(number.cast_unsigned()))
    }

    /// What an answer means that is no gRPC: a proxy's or a web server's. grpc-go maps it so, and the table of gRPC's
    /// `http-grpc-status-mapping.md`.
    pub(super) fn of_http(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502..=504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }

    /// What a stream means that the server resets, by the table of gRPC's `PROTOCOL-HTTP2.md` as grpc-go has it.
    pub(super) fn of_reset(reason: h2::Reason) -> Self {
        match reason {
            h2::Reason::REFUSED_STREAM => Self::UNAVAILABLE,
            h2::Reason::CANCEL => Self::CANCELLED,
            h2::Reason::FLOW_CONTROL_ERROR | h2::Reason::ENHANCE_YOUR_CALM => {
                Self::RESOURCE_EXHAUSTED
            }
            h2::Reason::INADEQUATE_SECURITY => Self::PERMISSION_DENIED,
            known if u32::from(known) <= u32::from(h2::Reason::HTTP_1_1_REQUIRED) => Self::INTERNAL,
            _ => Self::UNKNOWN,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = usize::try_from(self.0).ok().and_then(|number| GRPC_STATUSES.get(number));
        match name {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "status {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_grpc_go_reads_them() {
        for (text, code) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("+5", Some(5)),
            ("-1", Some(u32::MAX)),
            ("4294967295", None),
            ("x", None),
            ("", None),
            (" 1", None),
        ] {
            assert_eq!(Code::read(text.as_bytes()), code.map(Code), "{text}");
        }
        assert_eq!(Code::UNIMPLEMENTED.to_string(), "UNIMPLEMENTED (12)");
        assert_eq!(Code(99).to_string(), "status 99");
    }

    #[test]
    fn answers_of_others_have_a_code() {
        for (status, code) in
            [(404, Code::UNIMPLEMENTED), (502, Code::UNAVAILABLE), (500, Code::UNKNOWN)]
        {
            assert_eq!(Code::of_http(StatusCode::from_u16(status).unwrap()), code, "{status}");
        }
        assert_eq!(Code::of_reset(h2::Reason::NO_ERROR), Code::INTERNAL);
        assert_eq!(Code::of_reset(h2::Reason::CANCEL), Code::CANCELLED);
        assert_eq!(Code::of_reset(h2::Reason::from(0x4242)), Code::UNKNOWN);
    }
}

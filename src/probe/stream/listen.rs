//! Waits until what is wanted has come.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Wire, escaped};
use crate::{
    model::{Failure, Reason},
    net::Attempt,
    probe::{dialogue::By, hex::Hex},
    re2::Regex,
};

/// What a step waits for.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    Line {
        pattern: &'a Regex,
        /// Whether it has to have ended.
        whole: bool,
    },
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// The most bytes looked through for one step, and the longest line.
const LIMIT: usize = 64 * 1024;

/// The most bytes of whole lines looked through for one step. blackbox_exporter has no such bound, only that of a line.
const LINES_LIMIT: usize = 16 * LIMIT;

/// The last bytes of a step that are kept to be shown.
const TAIL: usize = 200;

/// What a look at the received bytes says.
enum Look {
    /// It is there: so many bytes are done with, and the line or text it was found in.
    Found { consumed: usize, matched: Vec<u8> },
    /// Not yet: so many bytes can be forgotten. `refused` if something whole did not match.
    NotYet { useless: usize, refused: bool },
    /// Whatever comes, it will not match.
    Never,
}

/// Why a step did not hear what it waits for.
pub(super) struct Unheard {
    pub(super) failure: Failure,
    /// What did not match, where what came was whole: not where nothing more came in time.
    pub(super) by: Option<By>,
}

/// Reads until it is there; returns the line or text it was found in.
///
/// # Errors
/// `expect_mismatch` when something else came, `connection_closed` when nothing did, the timeouts and resets of the line.
pub(super) async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
    wanted: Wanted<'_>,
    wire: &mut Wire<S>,
    attempt: &mut Attempt,
) -> Result<Vec<u8>, Unheard> {
    let mut heard = Heard::default();
    let mut ended = false;
    loop {
        match wanted.look(wire.received(), ended) {
            Look::Found { consumed, matched } => {
                wire.consume(consumed);
                return Ok(matched);
            }
            Look::Never => {
                heard.add(wire.received(), true);
                let by = wanted.is_whole(wire.received()).then_some(By::Bytes);
                return Err(Unheard { failure: heard.mismatch(wanted, ""), by });
            }
            Look::NotYet { useless, refused } => {
                let passed = wire.consume(useless);
                heard.add(&passed, refused);
            }
        }
        if ended {
            heard.add(wire.received(), false);
            let by = matches!(wanted, Wanted::Line { .. }).then_some(By::Regex);
            return Err(Unheard { failure: heard.closed(wanted), by });
        }
        if let Some(limit) = wanted.exhausted(heard.len, wire.received().len()) {
            let failure = heard.mismatch(wanted, &format!(" and no match in {limit} bytes"));
            return Err(Unheard { failure, by: None });
        }
        match wire.more(attempt).await {
            Ok(more) => ended = !more,
            Err(failure) => {
                heard.add(wire.received(), false);
                return Err(Unheard { failure: heard.interrupted(wanted, &failure), by: None });
            }
        }
    }
}

impl Wanted<'_> {
    /// Whether so many bytes came as are wanted.
    fn is_whole(self, received: &[u8]) -> bool {
        matches!(self, Self::Bytes(bytes) if received.len() >= bytes.len())
    }

    /// The bound that was reached by what was passed over and what lies here unfinished.
    fn exhausted(self, passed: usize, unfinished: usize) -> Option<usize> {
        match self {
            Self::Line { whole: true, .. } if unfinished >= LIMIT => Some(LIMIT),
            Self::Line { whole: true, .. } => (passed > LINES_LIMIT).then_some(LINES_LIMIT),
            _ => (passed + unfinished > LIMIT).then_some(LIMIT),
        }
    }

    fn look(self, received: &[u8], ended: bool) -> Look {
        match self {
            Self::Line { pattern, whole } => look_for_line(pattern, whole, received, ended),
            Self::Text(text) => look_for_text(text.as_bytes(), received),
            Self::Bytes(bytes) => look_for_bytes(bytes, received),
        }
    }
}

/// Whole lines first. In an unfinished one, where that may do, a match counts only if it ends before the bytes do: what
/// comes next could still make it longer, and `${1}` would depend on how the network cut the line. At the end of all
/// bytes the last line needs no end.
fn look_for_line(pattern: &Regex, whole: bool, received: &[u8], ended: bool) -> Look {
    let mut start = 0;
    while let Some(len) = received[start..].iter().position(|byte| *byte == b'\n') {
        let line = bare(&received[start..start + len]);
        start += len + 1;
        if pattern.is_match(line) {
            return Look::Found { consumed: start, matched: line.to_vec() };
        }
    }
    let rest = &received[start..];
    let last = if ended { bare(rest) } else { rest };
    let end = pattern.find_end(last).filter(|_| !rest.is_empty());
    match end {
        Some(_) if ended => Look::Found { consumed: received.len(), matched: last.to_vec() },
        Some(end) if end < rest.len() && !whole => {
            Look::Found { consumed: start + end, matched: rest.to_vec() }
        }
        _ => Look::NotYet { useless: start, refused: start > 0 },
    }
}

/// A line without the carriage return at its end.
fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn look_for_text(text: &[u8], received: &[u8]) -> Look {
    let found = received.windows(text.len().max(1)).position(|window| window == text);
    match found {
        Some(at) => Look::Found { consumed: at + text.len(), matched: text.to_vec() },
        // All but the bytes it could begin with.
        None => Look::NotYet {
            useless: received.len().saturating_sub(text.len().saturating_sub(1)),
            refused: false,
        },
    }
}

fn look_for_bytes(wanted: &[u8], received: &[u8]) -> Look {
    let common = wanted.len().min(received.len());
    if received[..common] != wanted[..common] {
        return Look::Never;
    }
    if common == wanted.len() {
        return Look::Found { consumed: common, matched: wanted.to_vec() };
    }
    Look::NotYet { useless: 0, refused: false }
}

/// What a step heard that was not what it wanted.
#[derive(Default)]
struct Heard {
    len: usize,
    tail: Vec<u8>,
    refused: bool,
}

impl Heard {
    fn add(&mut self, bytes: &[u8], refused: bool) {
        self.len += bytes.len();
        self.refused |= refused;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }

    fn told(&self, wanted: Wanted<'_>, then: &str) -> String {
        let got = match (wanted, self.tail.is_empty()) {
            (_, true) => "nothing".to_owned(),
            (Wanted::Bytes(_), false) => format!("hex {}", Hex(self.tail.clone())),
            (_, false) => escaped(&self.tail),
        };
        format!("wanted {wanted}, got {got}{then}")
    }

    fn mismatch(&self, wanted: Wanted<'_>, then: &str) -> Failure {
        Failure::new(Reason::ExpectMismatch, self.told(wanted, then))
    }

    fn closed(&self, wanted: Wanted<'_>) -> Failure {
        let reason = if self.len == 0 { Reason::ConnectionClosed } else { Reason::ExpectMismatch };
        Failure::new(reason, self.told(wanted, ", then the connection was closed"))
    }

    fn interrupted(&self, wanted: Wanted<'_>, failure: &Failure) -> Failure {
        let late = matches!(failure.reason, Reason::WaitTimeout | Reason::ReceiveTimeout);
        // A whole line that does not match, and then silence: the answer came, and it was the wrong one.
        let reason = if late && self.refused { Reason::ExpectMismatch } else { failure.reason };
        Failure::new(reason, self.told(wanted, &format!(": {}", failure.detail)))
    }
}

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { pattern, .. } => write!(f, "{pattern:?}"),
            Self::Text(text) => f.write_str(&escaped(text.as_bytes())),
            Self::Bytes(bytes) => {
                let shown = &bytes[..bytes.len().min(TAIL)];
                write!(f, "hex {}", Hex(shown.to_vec()))
            }
        }
    }
}

//! What each container of a pod has for itself.

use super::wire;
use crate::cluster::{
    pool::{Shared, Word, pooled},
    wire::{Near, Time},
};

/// A container as it is: what it has in common with others, and what it has for itself.
#[derive(Clone, Copy)]
pub(super) struct Container<'p> {
    pub(super) about: &'p About,
    pub(super) own: &'p Own,
    pub(super) more: Option<&'p More>,
}

/// What a container has in common with those of its pod's siblings.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct About {
    pub(super) name: Word,
    pub(super) image: Word,
    pub(super) image_id: Word,
    /// How its identifier begins: the runtime's name, or all of it where it does not end as those of runtimes do.
    runtime: Word,
    has_hex: bool,
}

/// What every container has for itself.
#[derive(Debug, PartialEq)]
pub(super) struct Own {
    /// What follows in its identifier, where that is 32 bytes in hex.
    id: [u8; 32],
    restarts: i32,
    since: Near,
    ready: bool,
    running: bool,
    started: bool,
}

/// What a container has that did not just begin to run and went on.
#[derive(Debug, PartialEq, Default)]
pub(super) struct More {
    /// Why it waits.
    waiting: Option<Word>,
    terminated: Option<Termination>,
    last: Option<Termination>,
    /// Since when it runs, where that is far away.
    since: Time,
}

/// How a container ended.
#[derive(Debug, PartialEq)]
pub(super) struct Termination {
    pub(super) reason: Word,
    pub(super) code: i32,
    /// What ended it; 0 if nothing did.
    pub(super) signal: i32,
    pub(super) started: Time,
    pub(super) finished: Time,
}

pooled!(About);

impl About {
    pub(super) fn of(status: &wire::ContainerStatus<'_>) -> Shared<Self> {
        let id = hex(&status.container_id);
        Shared::new(Self {
            name: status.name.word(),
            image: status.image.word(),
            image_id: status.image_id.word(),
            runtime: Word::new(id.map_or(&*status.container_id, |(runtime, _)| runtime)),
            has_hex: id.is_some(),
        })
    }
}

impl Own {
    pub(super) fn of(status: &wire::ContainerStatus<'_>) -> Self {
        let running = status.state.running.as_ref();
        let since = running.map(|running| running.started_at).unwrap_or_default();
        Self {
            id: hex(&status.container_id).map(|(_, id)| id).unwrap_or_default(),
            restarts: status.restart_count,
            since: Near::of(since).unwrap_or_default(),
            ready: status.ready,
            running: running.is_some(),
            started: status.started == Some(true),
        }
    }
}

impl More {
    /// `None` if there is nothing of it.
    pub(super) fn of(status: &wire::ContainerStatus<'_>) -> Option<Self> {
        let state = &status.state;
        let far = state.running.as_ref().map(|running| running.started_at);
        let more = Self {
            waiting: state.waiting.as_ref().map(|waiting| waiting.reason.word()),
            terminated: state.terminated.as_ref().map(Termination::of),
            last: status.last_state.terminated.as_ref().map(Termination::of),
            since: far.filter(|since| Near::of(*since).is_none()).unwrap_or_default(),
        };
        (more != Self::default()).then_some(more)
    }
}

impl<'p> Container<'p> {
    /// Its identifier, as the runtime gave it.
    pub(super) fn id(self) -> String {
        let mut text = String::with_capacity(self.about.runtime.len() + 2 * self.own.id.len());
        text.push_str(&self.about.runtime);
        if self.about.has_hex {
            let mut digits = [0; 64];
            for (pair, byte) in digits.chunks_exact_mut(2).zip(self.own.id) {
                pair.copy_from_slice(&HEX[usize::from(byte)]);
            }
            text.push_str(str::from_utf8(&digits).unwrap_or_default());
        }
        text
    }

    pub(super) fn is_ready(self) -> bool {
        self.own.ready
    }

    pub(super) fn is_running(self) -> bool {
        self.own.running
    }

    /// Whether its startup probe has passed, or it has none and runs.
    pub(super) fn has_started(self) -> bool {
        self.own.started
    }

    pub(super) fn restarts(self) -> i32 {
        self.own.restarts
    }

    /// When it was started: where it runs or has ended.
    pub(super) fn started(self) -> Option<Time> {
        if !self.own.running {
            return self.terminated().map(|termination| termination.started);
        }
        let far = self.more.map(|more| more.since).filter(|since| since.is_set());
        Some(far.unwrap_or_else(|| self.own.since.into()))
    }

    /// Why it waits, if it does.
    pub(super) fn waiting(self) -> Option<&'p str> {
        self.more?.waiting.as_deref()
    }

    /// How it has ended, if it has.
    pub(super) fn terminated(self) -> Option<&'p Termination> {
        self.more?.terminated.as_ref()
    }

    /// How it ended the last time, if it did.
    pub(super) fn last(self) -> Option<&'p Termination> {
        self.more?.last.as_ref()
    }
}

impl Termination {
    fn of(terminated: &wire::Terminated<'_>) -> Self {
        Self {
            reason: terminated.reason.word(),
            code: terminated.exit_code,
            signal: terminated.signal,
            started: terminated.started_at,
            finished: terminated.finished_at,
        }
    }
}

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut all = [[0; 2]; 256];
    let mut byte = 0;
    while byte < all.len() {
        all[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    all
};

/// The 32 bytes in hex at the end of a text, and what stands before them.
fn hex(text: &str) -> Option<(&str, [u8; 32])> {
    let (before, digits) = text.split_at_checked(text.len().checked_sub(64)?)?;
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some((before, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back_as_they_were() {
        let hex = "85c7368a8c1046dc8cad81486fc6436f85c7368a8c1046dc8cad81486fc6436f";
        let ids = [
            format!("containerd://{hex}"),
            hex.to_owned(),
            String::new(),
            "containerd://".to_owned(),
            format!("cri-o://{}", hex.to_uppercase()),
            format!("docker://{}é", &hex[1..]),
            format!("x://{}g", &hex[1..]),
        ];
        for id in &ids {
            let json = serde_json::json!({ "containerID": id }).to_string();
            let (is_packed, text) =
                read(&json, |container| (container.about.has_hex, container.id()));
            assert_eq!(text, *id);
            assert_eq!(is_packed, id.ends_with(hex), "{id}");
        }
    }

    fn read<R>(json: &str, then: impl FnOnce(Container<'_>) -> R) -> R {
        let status = serde_json::from_str(json).unwrap();
        let (about, own, more) = (About::of(&status), Own::of(&status), More::of(&status));
        then(Container { about: &about, own: &own, more: more.as_ref() })
    }

    #[test]
    fn times_far_away_are_kept() {
        let started = |at: &str| {
            let json = format!(r#"{{"state":{{"running":{{"startedAt":"{at}"}}}}}}"#);
            read(&json, |container| {
                (container.started().and_then(Time::get), container.more.is_some())
            })
        };
        assert_eq!(started("2026-11-28T00:00:00Z"), (Some(1_795_824_000.0), false));
        assert_eq!(started("1969-12-31T23:59:58Z"), (Some(-2.0), true));
        assert_eq!(started("2200-01-01T00:00:00Z"), (Some(7_258_118_400.0), true));
    }
}

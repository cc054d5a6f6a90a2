//! What each container of a pod has for itself.

use super::wire;
use crate::cluster::{
    pool::{Shared, Word, pooled},
    wire::{Near, Time},
};

/// A container as it is.
#[derive(Debug, PartialEq)]
pub(super) struct Container {
    pub(super) about: Shared<About>,
    /// What follows in its identifier, where that is 32 bytes in hex.
    id: [u8; 32],
    pub(super) restarts: i32,
    since: Near,
    more: Option<Box<More>>,
    pub(super) ready: bool,
    pub(super) running: bool,
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

/// What a container has that does nothing but run.
#[derive(Debug, PartialEq, Default)]
struct More {
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
    pub(super) started: Time,
    pub(super) finished: Time,
}

pooled!(About);

impl Container {
    pub(super) fn of(status: &wire::ContainerStatus<'_>) -> Self {
        let state = &status.state;
        let id = hex(&status.container_id);
        let since = state.running.as_ref().map(|running| running.started_at).unwrap_or_default();
        let more = More {
            waiting: state.waiting.as_ref().map(|waiting| waiting.reason.word()),
            terminated: state.terminated.as_ref().map(Termination::of),
            last: status.last_state.terminated.as_ref().map(Termination::of),
            since: if Near::of(since).is_some() { Time::default() } else { since },
        };
        Self {
            about: Shared::new(About {
                name: status.name.word(),
                image: status.image.word(),
                image_id: status.image_id.word(),
                runtime: Word::new(id.map_or(&*status.container_id, |(runtime, _)| runtime)),
                has_hex: id.is_some(),
            }),
            id: id.map(|(_, id)| id).unwrap_or_default(),
            restarts: status.restart_count,
            since: Near::of(since).unwrap_or_default(),
            more: (more != More::default()).then(|| more.into()),
            ready: status.ready,
            running: state.running.is_some(),
        }
    }

    /// Its identifier, as the runtime gave it.
    pub(super) fn id(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(self.about.runtime.len() + 2 * self.id.len());
        text.push_str(&self.about.runtime);
        if self.about.has_hex {
            for byte in self.id {
                text.extend(
                    [byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)])),
                );
            }
        }
        text
    }

    /// When it was started: where it runs or has ended.
    pub(super) fn started(&self) -> Option<Time> {
        if !self.running {
            return self.terminated().map(|termination| termination.started);
        }
        let far = self.more.as_ref().map(|more| more.since).filter(|since| since.is_set());
        Some(far.unwrap_or_else(|| self.since.into()))
    }

    /// Why it waits, if it does.
    pub(super) fn waiting(&self) -> Option<&Word> {
        self.more.as_ref()?.waiting.as_ref()
    }

    /// How it has ended, if it has.
    pub(super) fn terminated(&self) -> Option<&Termination> {
        self.more.as_ref()?.terminated.as_ref()
    }

    /// How it ended the last time, if it did.
    pub(super) fn last(&self) -> Option<&Termination> {
        self.more.as_ref()?.last.as_ref()
    }
}

impl Termination {
    fn of(terminated: &wire::Terminated<'_>) -> Self {
        Self {
            reason: terminated.reason.word(),
            code: terminated.exit_code,
            started: terminated.started_at,
            finished: terminated.finished_at,
        }
    }
}

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
        let whole = ids.iter().map(|id| {
            let json = serde_json::json!({ "containerID": id }).to_string();
            Container::of(&serde_json::from_str(&json).unwrap())
        });
        let whole: Vec<Container> = whole.collect();
        assert_eq!(whole.iter().map(Container::id).collect::<Vec<_>>(), ids);
        assert!(whole[0].about.has_hex && &*whole[0].about.runtime == "containerd://");
        assert!(!whole[4].about.has_hex);
    }

    #[test]
    fn times_far_away_are_kept() {
        let started = |at: &str| {
            let json = format!(r#"{{"state":{{"running":{{"startedAt":"{at}"}}}}}}"#);
            let container = Container::of(&serde_json::from_str(&json).unwrap());
            (container.started().and_then(Time::get), container.more.is_some())
        };
        assert_eq!(started("2026-11-28T00:00:00Z"), (Some(1_795_824_000.0), false));
        assert_eq!(started("1969-12-31T23:59:58Z"), (Some(-2.0), true));
        assert_eq!(started("2200-01-01T00:00:00Z"), (Some(7_258_118_400.0), true));
    }
}

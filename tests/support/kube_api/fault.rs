//! How a server misbehaves, and for how long.

use std::time::Duration;

use bytes::Bytes;

/// What a server does with a streaming list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// As servers do since 1.32.
    Offered,
    /// 422, as a server does that has it switched off.
    Unknown,
    /// This status, as a proxy may.
    Refused(u16),
    /// Not known, and so not looked at, as in servers before 1.27: what there is comes, and no end of it is marked.
    Ignored,
}

/// The state of a server's health.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Open watches say nothing, not even when their time is over.
    pub stalled: bool,
    /// Requests are taken and not answered.
    pub mute: bool,
    /// Every request is answered so much later.
    pub delay: Duration,
    /// The pause after each byte of a watch.
    pub drip: Option<Duration>,
    /// Between bookmarks.
    pub bookmarks: Duration,
    pub streaming: Streaming,
    /// Whether long lists are compressed for those who take it.
    pub gzip: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            stalled: false,
            mute: false,
            delay: Duration::ZERO,
            drip: None,
            bookmarks: Duration::from_mins(1),
            streaming: Streaming::Offered,
            gzip: true,
        }
    }
}

/// What every open watch of a resource is told at once.
#[derive(Debug, Clone)]
pub struct Order {
    /// The resource's path; `None` means all.
    pub path: Option<String>,
    /// Bytes to send first.
    pub line: Option<Bytes>,
    /// Whether the answer is over then.
    pub ends: bool,
}

/// Whose connections end without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Watches,
    All,
}

/// An answer that comes instead of the real one.
#[derive(Debug, Clone)]
pub enum Wrong {
    /// A Status object, with the seconds of `Retry-After`.
    Status(u16, Option<u64>),
    /// Anything at all, such as a proxy's page.
    Text(u16, String),
    /// The true answer up to its middle; then the connection breaks.
    Broken,
}

/// Which requests have a [`Wrong`] answer.
#[derive(Debug, Clone)]
pub struct Failure {
    /// `list`, `watch`, `get`, `create`; `None` means any.
    pub verb: Option<String>,
    /// What their path has to contain.
    pub path: String,
    pub wrong: Wrong,
    /// How many are left; `None` is no end.
    pub times: Option<usize>,
}

impl Failure {
    /// The wrong answer to a request, counted.
    pub fn meet(failures: &mut Vec<Self>, verb: &str, path: &str) -> Option<Wrong> {
        let fits = |failure: &Self| {
            failure.verb.as_deref().is_none_or(|own| own == verb) && path.contains(&failure.path)
        };
        let at = failures.iter().position(fits)?;
        let wrong = failures[at].wrong.clone();
        if let Some(times) = &mut failures[at].times {
            *times -= 1;
            if *times == 0 {
                failures.remove(at);
            }
        }
        Some(wrong)
    }
}

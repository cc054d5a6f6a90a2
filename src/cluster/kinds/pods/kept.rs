//! What a pod has for itself, in as little space as can be: a cluster has many.

use std::net::Ipv4Addr;

use serde::{Deserialize, Deserializer};

use super::{
    container::{About, Container, More, Own},
    template::Template,
    wire,
};
use crate::cluster::{
    object::Body,
    pool::{Shared, Word, pooled},
    wire::{Near, Time},
};

/// What is kept of a pod.
#[derive(Debug, PartialEq)]
pub(in crate::cluster) struct Pod {
    pub(super) look: Shared<Look>,
    pub(super) place: Shared<Place>,
    /// The containers, and behind them the init containers, in the order of the status.
    containers: Box<[Own]>,
    rare: Option<Box<Rare>>,
    /// Since when it is accepted, and since when it has those of its conditions whose times are shown; where there are
    /// more, or one is far away, all of them stand in `rare`.
    times: [Near; 1 + TIMED.len()],
    /// Its address, where it has one alone and of the old kind; else all stand in `rare`.
    ip: Option<Ipv4Addr>,
}

/// How a pod looks from afar. Pods of one owner that are well look the same.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Look {
    pub(super) template: Shared<Template>,
    conditions: Shared<[Condition]>,
    /// The containers, and behind them the init containers, in the order of the status.
    containers: Box<[Shared<About>]>,
    /// How many of them are init containers.
    inits: usize,
    pub(super) phase: Choice,
    pub(super) qos: Choice,
}

/// Where a pod runs.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) node: Word,
    pub(super) ip: Word,
}

/// A condition without its time.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Condition {
    pub(super) kind: Word,
    pub(super) status: Word,
    pub(super) reason: Word,
    is_timed: bool,
}

/// What few pods have.
#[derive(Debug, PartialEq, Default)]
struct Rare {
    reason: Word,
    addresses: Option<Box<Addresses>>,
    times: Box<[Time]>,
    /// Of the containers at these places.
    more: Box<[(usize, More)]>,
    volumes: Option<Shared<[Volume]>>,
    devices: Box<[Device]>,
}

/// Addresses that are not one alone and of the old kind.
#[derive(Debug, PartialEq)]
struct Addresses {
    first: Box<str>,
    all: Box<[Box<str>]>,
}

/// A volume that a claim provides.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Volume {
    pub(super) name: Word,
    /// The claim; `None` if it is made for the pod, and named after it.
    pub(super) claim: Option<Word>,
    pub(super) read_only: bool,
}

/// A device that a claim provides.
#[derive(Debug, PartialEq)]
pub(super) struct Device {
    pub(super) name: Word,
    pub(super) claim: Box<str>,
    pub(super) template: Word,
}

/// One of a few words, by its place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Choice {
    /// There is no word.
    Unset,
    /// This one.
    Word(u8),
    /// None of them.
    Other,
}

pooled!(Look, Place, [Condition], [Volume]);

/// The conditions whose times are shown.
const TIMED: [&str; 4] = ["PodScheduled", "Initialized", "ContainersReady", "Ready"];

/// The phases of pods.
pub(super) const PHASES: &[&str] = &["Pending", "Succeeded", "Failed", "Unknown", "Running"];

/// The classes of service.
pub(super) const QOS_CLASSES: &[&str] = &["BestEffort", "Burstable", "Guaranteed"];

impl Choice {
    fn of(words: &[&str], word: &str) -> Self {
        if word.is_empty() {
            return Self::Unset;
        }
        let at = words.iter().position(|known| *known == word);
        at.and_then(|at| u8::try_from(at).ok()).map_or(Self::Other, Self::Word)
    }

    /// The word, empty if it is none of them; `None` if there is none.
    pub(super) fn text(self, words: &[&'static str]) -> Option<&'static str> {
        match self {
            Self::Unset => None,
            Self::Word(at) => words.get(usize::from(at)).copied(),
            Self::Other => Some(""),
        }
    }
}

impl Pod {
    /// The containers, as they are.
    pub(super) fn containers(&self) -> impl Iterator<Item = Container<'_>> + Clone {
        self.all().take(self.look.containers.len() - self.look.inits)
    }

    /// The init containers, as they are.
    pub(super) fn inits(&self) -> impl Iterator<Item = Container<'_>> + Clone {
        self.all().skip(self.look.containers.len() - self.look.inits)
    }

    fn all(&self) -> impl Iterator<Item = Container<'_>> + Clone {
        let more = self.rare.as_ref().map_or(&[][..], |rare| &rare.more);
        self.look.containers.iter().zip(&self.containers).enumerate().map(
            move |(at, (about, own))| {
                let more = more.iter().find(|(of, _)| *of == at).map(|(_, more)| more);
                Container { about, own, more }
            },
        )
    }

    /// Since when it is accepted by a node.
    pub(super) fn start(&self) -> Time {
        self.time(0)
    }

    /// Its conditions, and since when, for those of which that is shown.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (&Condition, Time)> {
        let mut timed = 0;
        self.look.conditions.iter().map(move |condition| {
            timed += usize::from(condition.is_timed);
            let since = if condition.is_timed { self.time(timed) } else { Time::default() };
            (condition, since)
        })
    }

    fn time(&self, at: usize) -> Time {
        let far = self.rare.as_ref().and_then(|rare| rare.times.get(at)).copied();
        far.unwrap_or_else(|| self.times.get(at).copied().unwrap_or_default().into())
    }

    /// Why it is as it is, where the whole pod has a reason.
    pub(super) fn reason(&self) -> &str {
        self.rare.as_ref().map_or("", |rare| &rare.reason)
    }

    /// The volumes that claims provide.
    pub(super) fn volumes(&self) -> &[Volume] {
        self.rare.as_ref().and_then(|rare| rare.volumes.as_deref()).unwrap_or_default()
    }

    /// The devices that claims provide.
    pub(super) fn devices(&self) -> &[Device] {
        self.rare.as_ref().map_or(&[], |rare| &rare.devices)
    }

    /// Does something with its first address, and with all.
    pub(super) fn with_addresses<R>(&self, then: impl FnOnce(&str, &[&str]) -> R) -> R {
        if let Some(ip) = self.ip {
            let text = ip.to_string();
            return then(&text, &[&text]);
        }
        match self.rare.as_ref().and_then(|rare| rare.addresses.as_ref()) {
            Some(addresses) => {
                let Addresses { first, all } = &**addresses;
                then(first, &all.iter().map(|ip| &**ip).collect::<Vec<_>>())
            }
            None => then("", &[]),
        }
    }
}

impl Body for Pod {}

impl<'de> Deserialize<'de> for Pod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::Pod::deserialize(deserializer).map(|pod| Self::of(&pod))
    }
}

impl Pod {
    fn of(wire::Pod { spec, status }: &wire::Pod<'_>) -> Self {
        let ip = only_address(status);
        let conditions: Vec<Condition> = status.conditions.iter().map(Condition::of).collect();
        let told = status.conditions.iter().zip(&conditions).filter(|(_, own)| own.is_timed);
        let since = told.map(|(condition, _)| condition.last_transition_time);
        let times: Vec<Time> = std::iter::once(status.start_time).chain(since).collect();
        let near = all_near(&times);
        let all = status.container_statuses.iter().chain(&status.init_container_statuses);
        let more = all.clone().enumerate();
        let rare = Rare {
            reason: status.reason.word(),
            addresses: if ip.is_some() { None } else { Addresses::of(status).map(Box::new) },
            times: if near.is_some() { Box::default() } else { times.into() },
            more: more.filter_map(|(at, status)| Some((at, More::of(status)?))).collect(),
            volumes: Volume::all(spec),
            devices: Device::all(spec, status),
        };
        Self {
            look: Shared::new(Look {
                template: Template::of(spec),
                conditions: Shared::new(conditions),
                containers: all.clone().map(About::of).collect(),
                inits: status.init_container_statuses.len(),
                phase: Choice::of(PHASES, &status.phase),
                qos: Choice::of(QOS_CLASSES, &status.qos_class),
            }),
            place: Shared::new(Place { node: spec.node_name.word(), ip: status.host_ip.word() }),
            containers: all.map(Own::of).collect(),
            rare: (rare != Rare::default()).then(|| rare.into()),
            times: near.unwrap_or_default(),
            ip,
        }
    }
}

/// Times in half the space, if there are few enough and none is too far away.
fn all_near<const N: usize>(times: &[Time]) -> Option<[Near; N]> {
    let mut near = [Near::default(); N];
    if times.len() > N {
        return None;
    }
    for (to, time) in near.iter_mut().zip(times) {
        *to = Near::of(*time)?;
    }
    Some(near)
}

/// The address of a pod that has one alone, if it is of the old kind.
fn only_address(status: &wire::Status<'_>) -> Option<Ipv4Addr> {
    let [only] = &*status.pod_ips else { return None };
    if *only.ip == *status.pod_ip { status.pod_ip.parse().ok() } else { None }
}

impl Addresses {
    fn of(status: &wire::Status<'_>) -> Option<Self> {
        if status.pod_ip.is_empty() && status.pod_ips.is_empty() {
            return None;
        }
        let all = status.pod_ips.iter().map(|address| Box::from(&*address.ip));
        Some(Self { first: Box::from(&*status.pod_ip), all: all.collect() })
    }
}

impl Condition {
    fn of(condition: &wire::Condition<'_>) -> Self {
        Self {
            kind: condition.kind.word(),
            status: condition.status.word(),
            reason: condition.reason.word(),
            is_timed: TIMED.contains(&&*condition.kind),
        }
    }
}

impl Volume {
    fn all(spec: &wire::Spec<'_>) -> Option<Shared<[Self]>> {
        let claimed = spec.volumes.iter().filter_map(|volume| {
            let claim = volume.persistent_volume_claim.as_ref();
            if claim.is_none() && volume.ephemeral.is_none() {
                return None;
            }
            Some(Self {
                name: volume.name.word(),
                claim: claim.map(|claim| claim.claim_name.word()),
                read_only: claim.is_some_and(|claim| claim.read_only),
            })
        });
        let claimed: Vec<Self> = claimed.collect();
        (!claimed.is_empty()).then(|| Shared::new(claimed))
    }
}

impl Device {
    fn all(spec: &wire::Spec<'_>, status: &wire::Status<'_>) -> Box<[Self]> {
        let made = |name: &str| {
            // Of several with one name the last one that has a claim counts.
            let mut made = status.resource_claim_statuses.iter().rev();
            made.find_map(|claim| {
                claim.resource_claim_name.as_ref().filter(|_| *claim.name == *name)
            })
        };
        let devices = spec.resource_claims.iter().filter_map(|device| {
            let (claim, template) =
                (device.resource_claim_name.as_ref(), device.resource_claim_template_name.as_ref());
            if claim.is_none() && template.is_none() {
                return None;
            }
            let claim = claim.or_else(|| made(&device.name));
            Some(Self {
                name: device.name.word(),
                claim: claim.map_or_else(Box::default, |claim| Box::from(&**claim)),
                template: template.map_or_else(Word::default, crate::cluster::wire::Text::word),
            })
        });
        devices.collect()
    }
}

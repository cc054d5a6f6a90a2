//! What the pods of one owner have in common. It is held once for all of them.

use super::wire;
use crate::{
    cluster::{
        amount::Amount,
        pool::{Shared, Word, pooled},
    },
    model::Pairs,
};

/// What an owner stamps its pods from.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Template {
    pub(super) containers: Box<[Container]>,
    pub(super) inits: Box<[Container]>,
    pub(super) service_account: Word,
    pub(super) manner: Shared<Manner>,
}

/// A container as it is wanted.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Container {
    pub(super) name: Word,
    pub(super) image: Word,
    /// Its own, which only init containers have.
    pub(super) restart_policy: Word,
    pub(super) resources: Shared<Resources>,
}

/// What a container asks for, and what it may not exceed.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Resources {
    pub(super) requests: Box<[Amount]>,
    pub(super) limits: Box<[Amount]>,
}

/// How pods are run: what even the pods of different owners have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Manner {
    pub(super) priority_class: Word,
    pub(super) restart_policy: Word,
    pub(super) scheduler: Word,
    pub(super) host_network: bool,
    pub(super) runtime_class: Option<Word>,
    /// Each once, in the order in which they are wanted.
    pub(super) tolerations: Box<[Toleration]>,
    pub(super) node_selector: Pairs,
    pub(super) overhead: Box<[Amount]>,
    /// What the pod as a whole asks for, where it says so; then what its containers ask for does not count.
    pub(super) requests: Box<[Amount]>,
}

/// A taint that pods bear.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Toleration {
    pub(super) key: Word,
    pub(super) operator: Word,
    pub(super) value: Word,
    pub(super) effect: Word,
    pub(super) seconds: Option<i64>,
}

pooled!(Template, Resources, Manner);

impl Template {
    pub(super) fn of(spec: &wire::Spec<'_>) -> Shared<Self> {
        Shared::new(Self {
            containers: spec.containers.iter().map(Container::of).collect(),
            inits: spec.init_containers.iter().map(Container::of).collect(),
            service_account: spec.service_account_name.word(),
            manner: Manner::of(spec),
        })
    }
}

impl Container {
    fn of(container: &wire::Container<'_>) -> Self {
        Self {
            name: container.name.word(),
            image: container.image.word(),
            restart_policy: container.restart_policy.word(),
            resources: Shared::new(Resources {
                requests: Amount::all(&container.resources.requests).into(),
                limits: Amount::all(&container.resources.limits).into(),
            }),
        }
    }
}

impl Manner {
    fn of(spec: &wire::Spec<'_>) -> Shared<Self> {
        let mut tolerations: Vec<Toleration> = Vec::with_capacity(spec.tolerations.len());
        for toleration in &spec.tolerations {
            let toleration = Toleration::of(toleration);
            if !tolerations.contains(&toleration) {
                tolerations.push(toleration);
            }
        }
        let selector = spec.node_selector.iter();
        Shared::new(Self {
            priority_class: spec.priority_class_name.word(),
            restart_policy: spec.restart_policy.word(),
            scheduler: spec.scheduler_name.word(),
            host_network: spec.host_network,
            runtime_class: spec.runtime_class_name.as_ref().map(crate::cluster::wire::Text::word),
            tolerations: tolerations.into(),
            node_selector: selector.map(|(label, value)| (&**label, &**value)).collect(),
            overhead: Amount::all(&spec.overhead).into(),
            requests: Amount::all(&spec.resources.requests).into(),
        })
    }
}

impl Toleration {
    fn of(toleration: &wire::Toleration<'_>) -> Self {
        Self {
            key: toleration.key.word(),
            operator: toleration.operator.word(),
            value: toleration.value.word(),
            effect: toleration.effect.word(),
            seconds: toleration.toleration_seconds,
        }
    }
}

//! Pods: whether they are ready, and how often their containers are started anew.

use serde::{Deserialize, de};

use super::{
    conditions,
    history::Restarted,
    scene::{Scene, Verdict, missing, of_another_kind},
    selection::Pick,
    subject::{Judged, Kept, Subject, named, read},
    workload::enough,
};
use crate::{
    cluster::{
        condition::Condition,
        kind::Resource,
        object::{Body, Metadata},
        pool::Word,
        wire::{List, Time},
    },
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::{FAMILIES, Restarts, Spec},
};

static POD: Subject = Subject {
    resource: Some(Resource::namespaced("pods", "", "v1", "Pod")),
    read: |json, _| read(json, Kept::Pod),
};

pub(super) static PODS: Judged = Judged { sees: |spec| vec![(&POD, pick(spec))], judge };

fn pick(spec: &Spec) -> Pick {
    if spec.name.is_some() { named(spec) } else { Pick::Labels(spec.selector.clone()) }
}

/// What is kept of a pod.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    status: Status,
    #[serde(skip)]
    labels: Box<[(Word, Word)]>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Word,
    conditions: List<Condition>,
    container_statuses: List<Container>,
    init_container_statuses: List<Container>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    restart_count: i64,
    last_state: LastState,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct LastState {
    terminated: Option<Terminated>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    finished_at: Time,
}

impl Body for Pod {
    fn take<E: de::Error>(&mut self, metadata: &Metadata<'_>) -> Result<(), E> {
        let labels = metadata.labels()?;
        let words = labels.iter().map(|(key, value)| (Word::new(&**key), Word::new(&**value)));
        self.labels = words.collect();
        Ok(())
    }
}

impl Pod {
    /// How often its containers were started anew.
    pub(super) fn restarted(&self) -> Restarted {
        let all =
            || self.status.container_statuses.iter().chain(&self.status.init_container_statuses);
        let ends = all().filter_map(|own| own.last_state.terminated.as_ref());
        let last = ends.map(|end| end.finished_at).max_by_key(|at| at.timestamp());
        Restarted {
            times: all().map(|own| own.restart_count).fold(0, i64::saturating_add),
            last: last.unwrap_or_default(),
        }
    }

    fn has(&self, selector: &super::selection::Labels) -> bool {
        selector.iter().all(|(key, value)| {
            self.labels.iter().any(|(own, has)| **own == **key && **has == **value)
        })
    }

    fn is_ready(&self) -> bool {
        conditions::wrong("Ready", "True", &self.status.conditions).is_none()
    }
}

fn judge(spec: &Spec, scene: &Scene<'_>, facts: &mut Vec<Fact>) -> Verdict {
    let (mut there, mut ready, mut most) = (0, 0, (0, String::new()));
    let mut conditions = Ok(());
    for (object, history) in scene.all(0, &pick(spec))? {
        let Kept::Pod(pod) = &object.body else { return Err(of_another_kind()) };
        let is_meant = match &spec.name {
            Some(name) => *object.meta.name == **name,
            None => pod.has(&spec.selector),
        };
        if !is_meant || object.meta.deleted.is_set() {
            continue;
        }
        if let Some(Restarts { within, .. }) = spec.restarts {
            let times = history.within(within.0, scene.now);
            if times >= most.0 {
                most = (times, object.meta.name.to_string());
            }
        }
        let is_replaced =
            object.meta.owners.iter().any(crate::cluster::object::Owner::is_controller);
        match &*pod.status.phase {
            // It has done its work.
            "Succeeded" if spec.name.is_none() => continue,
            // It lies there until somebody takes it away, and another runs in its place.
            "Failed" if is_replaced && spec.name.is_none() => continue,
            _ => {}
        }
        there += 1;
        ready += i64::from(pod.is_ready());
        let of = format!("{}: ", object.meta.name);
        conditions = conditions
            .and_then(|()| conditions::hold(&spec.conditions, &pod.status.conditions, &of));
    }
    if let Some(Restarts { most: permitted, within }) = spec.restarts {
        let (times, name) = most;
        facts.push(Fact::new(&FAMILIES.restarts, times.into()));
        if times > permitted {
            let detail = format!(
                "{name} restarted {times} times within {within}, permitted are {permitted}"
            );
            return Err(Failure::new(Reason::PodRestarts, detail));
        }
    }
    if there == 0 && spec.wanted_of(1) > 0 {
        return Err(missing(spec));
    }
    enough(spec, (ready, there), "pods are ready", facts)?;
    conditions
}

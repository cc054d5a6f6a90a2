//! Judges the checks of one cluster, as long as there is one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::{Notify, mpsc, watch};

use super::{
    keep::Keep,
    scene::{Scene, Verdict},
    selection::Selection,
    sight::{Place, Sight, State},
    subject::{self, Subject},
};
use crate::{
    clock::{self, Clock, Instant},
    cluster::Watched,
    model::{self, CheckSettings, Fact, Failure, Observation, Outcome, Reason},
    probe::spec::{Check, Spec, kubernetes},
};

/// How long changes are gathered: a rollout is many of them.
const SETTLE: Duration = Duration::from_millis(100);

/// How soon a check is looked at again of which nobody could tell anything.
const SOON: Duration = Duration::from_secs(1);

/// The longest until somebody looks whether the server answers, where nothing is due.
const LONGEST: Duration = Duration::from_secs(5);

/// Makes an outcome of what was found, as settings want it: inverted, with warnings.
pub type Finish =
    Arc<dyn Fn(&CheckSettings, Result<(), Failure>, Vec<Fact>, Duration) -> Outcome + Send + Sync>;

/// Who is told.
#[derive(Clone)]
pub struct Telling {
    /// Makes the outcome.
    pub finish: Finish,
    /// Takes it, until everything stops.
    pub observations: mpsc::WeakSender<Observation>,
}

impl Watched {
    /// Judges the cluster's checks, whichever these are at the time, until nobody says any more which they are.
    pub async fn judge(
        self: Arc<Self>,
        mut wanted: watch::Receiver<Vec<Check>>,
        telling: Telling,
        clock: Clock,
    ) {
        let mut judges = Judges {
            cluster: &self,
            clock,
            is_connected: false,
            ear: Arc::default(),
            sights: HashMap::new(),
            judged: Vec::new(),
            is_lost: false,
        };
        wanted.mark_changed();
        loop {
            let ear = Arc::clone(&judges.ear);
            tokio::select! {
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let checks = wanted.borrow_and_update().clone();
                    judges.set(checks);
                }
                _ = self.server().client(), if !judges.is_connected => judges.connect(),
                () = ear.notified() => clock::sleep(SETTLE).await,
                () = clock::sleep_until(judges.due()) => {}
            }
            judges.look(&telling).await;
        }
    }
}

/// The checks of a cluster and what they look at.
struct Judges<'w> {
    cluster: &'w Watched,
    clock: Clock,
    is_connected: bool,
    ear: Arc<Notify>,
    sights: HashMap<Place, Sight>,
    judged: Vec<Judged>,
    /// Whether the server did not answer when that was last looked at.
    is_lost: bool,
}

/// One check.
struct Judged {
    check: Check,
    places: Vec<Place>,
    /// How often the bells of its sights had been rung when it was last looked at.
    heard: Option<u64>,
    /// What was told last.
    told: Option<(model::Verdict, Option<Reason>)>,
    /// When it is told again, whether it has changed or not.
    due: Instant,
    /// When it is looked at again instead, while nobody can tell.
    again: Option<Instant>,
    /// When what it looks at no longer counts, if it is not watched again by then.
    ends: Option<Instant>,
}

impl Judged {
    fn next(&self) -> Instant {
        let due = self.ends.map_or(self.due, |ends| ends.min(self.due));
        self.again.unwrap_or(due)
    }
}

impl Judges<'_> {
    /// Other checks: what they look at is watched, and nothing else any more.
    fn set(&mut self, checks: Vec<Check>) {
        let mut wanted: HashMap<Place, (&'static Subject, Selection)> = HashMap::new();
        let mut before: HashMap<_, _> =
            self.judged.drain(..).map(|one| (one.check.settings.id.clone(), one)).collect();
        let now = Instant::now();
        for check in checks {
            let Spec::Kubernetes(spec) = &*check.spec else { continue };
            let sees = (subject::of(spec.kind).sees)(spec);
            let mut places = Vec::with_capacity(sees.len());
            for (subject, pick) in sees {
                let place = Place::of(spec, subject);
                let (_, selection) =
                    wanted.entry(place.clone()).or_insert_with(|| (subject, Selection::default()));
                selection.add(pick, spec.jsonpath.as_ref());
                places.push(place);
            }
            let old = before.remove(&check.settings.id).filter(|old| old.check == check);
            let (told, due) =
                old.map_or((None, now + check.settings.interval), |old| (old.told, old.due));
            let again = Some(now);
            self.judged.push(Judged { check, places, heard: None, told, due, again, ends: None });
        }
        let is_as_wanted = |place: &Place, sight: &Sight| {
            wanted.get(place).is_some_and(|(_, selection)| selection == sight.keep.selection())
        };
        let other = |place: &Place, sight: &mut Sight| !is_as_wanted(place, sight);
        let ended: HashMap<_, _> = self.sights.extract_if(other).collect();
        for (place, what) in wanted {
            let server = self.cluster.server();
            let before = ended.get(&place);
            let sight = self.sights.entry(place);
            sight.or_insert_with_key(|place| {
                let sight = Sight::new(place, what, server, &self.ear, self.clock);
                before.inspect(|before| sight.keep.remember(&before.keep));
                sight
            });
        }
        self.start();
    }

    /// There is a client.
    fn connect(&mut self) {
        self.is_connected = true;
        self.start();
    }

    fn start(&mut self) {
        if self.is_connected {
            for sight in self.sights.values_mut() {
                sight.start(self.cluster.lists());
            }
        }
    }

    /// When the next check is due.
    fn due(&self) -> Instant {
        let next = self.judged.iter().map(Judged::next);
        next.fold(Instant::now() + LONGEST, Instant::min)
    }

    /// Judges every check of which something has changed, or that is due.
    async fn look(&mut self, telling: &Telling) {
        let lost = self.cluster.server().failure();
        let is_other = std::mem::replace(&mut self.is_lost, lost.is_some()) != lost.is_some();
        let now = Instant::now();
        for sight in self.sights.values_mut() {
            sight.attend(now);
        }
        for one in &mut self.judged {
            let sights: Vec<&Sight> =
                one.places.iter().filter_map(|place| self.sights.get(place)).collect();
            let heard = sights.iter().map(|sight| sight.times()).sum();
            let begun = Instant::now();
            if one.heard == Some(heard) && begun < one.next() && !is_other {
                continue;
            }
            one.heard = Some(heard);
            let ends = sights.iter().filter_map(|sight| sight.counts_until());
            one.ends = ends.filter(|ends| *ends > begun).min();
            let mut facts = Vec::new();
            let lost = lost.as_deref();
            let Some(result) = judged(&one.check, &sights, lost, self.clock, &mut facts) else {
                one.again = Some(begun + SOON);
                continue;
            };
            let settings = &one.check.settings;
            let outcome = (telling.finish)(settings, result, facts, begun.elapsed());
            let told = (outcome.verdict, outcome.reason);
            let is_unknown = outcome.verdict == model::Verdict::Unknown;
            one.again = is_unknown.then(|| begun + SOON.min(settings.interval));
            if one.told == Some(told) && begun < one.due {
                continue;
            }
            let fails = outcome.verdict == model::Verdict::Fail;
            let pause = settings.retry_interval.filter(|_| fails).unwrap_or(settings.interval);
            (one.told, one.due) = (Some(told), begun + pause);
            let (id, kind) = (settings.id.clone(), settings.kind);
            let observation = Observation { id, kind, at: self.clock.now(), outcome, missed: 0 };
            // It is gone only while everything stops.
            let Some(observations) = telling.observations.upgrade() else { return };
            let _ = observations.send(observation).await;
        }
    }
}

/// Whether an object is as its check wants it; `None` while that is being listed.
fn judged(
    check: &Check,
    sights: &[&Sight],
    lost: Option<&str>,
    clock: Clock,
    facts: &mut Vec<Fact>,
) -> Option<Verdict> {
    let Spec::Kubernetes(spec) = &*check.spec else { return None };
    let mut is_waiting = false;
    for sight in sights {
        match sight.state() {
            State::Lost(failure) => return Some(Err(failure)),
            State::Waiting => is_waiting = true,
            State::Fresh => {}
        }
    }
    if let Some(why) = lost {
        return Some(Err(Failure::new(Reason::ApiUnreachable, why)));
    }
    (!is_waiting).then(|| judge(spec, sights, clock, facts))
}

fn judge(
    spec: &kubernetes::Spec,
    sights: &[&Sight],
    clock: Clock,
    facts: &mut Vec<Fact>,
) -> Verdict {
    let keeps: Vec<Arc<Keep>> = sights.iter().map(|sight| Arc::clone(&sight.keep)).collect();
    let scene = Scene { now: clock.now(), keeps: &keeps };
    (subject::of(spec.kind).judge)(spec, &scene, facts)
}

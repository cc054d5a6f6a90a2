use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use crate::{
    clock::Instant,
    model::{Lane, Notice, Withdrawn},
};

/// The notices of one integration that are not delivered yet. A lane has one on its way and one that waits, no more.
#[derive(Debug, Default)]
pub(in crate::notify) struct Lanes {
    contents: HashMap<Lane, Content>,
    /// Those of which nothing is on its way, in the order in which their notices wait.
    ready: BTreeMap<Turn, Lane>,
    /// How many notices wait.
    waiting: usize,
    /// What is over and may be offered once more before its sender has heard of it.
    over: Over,
}

#[derive(Debug, Default)]
struct Content {
    flying: Option<Pending>,
    waiting: Option<Pending>,
}

/// When a notice wants to go; the older one of two first.
type Turn = (Instant, u64);

impl Content {
    fn turn(&self) -> Option<Turn> {
        let waiting = self.waiting.as_ref().filter(|_| self.flying.is_none())?;
        Some((waiting.due, waiting.notice.id))
    }
}

/// A notice that waits for an attempt.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Pending {
    /// What is told.
    pub notice: Arc<Notice>,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the next one may be.
    pub due: Instant,
}

/// The last notice of each lane that is over; the lane that was heard of for the longest time goes first.
#[derive(Debug, Default)]
struct Over {
    last: HashMap<Lane, u64>,
    order: VecDeque<(Lane, u64)>,
}

/// Four times the most lanes that a worker holds; texts of lanes are shared.
const REMEMBERED: usize = 4096;

impl Lanes {
    /// Takes a notice; one that is older than what the lane has, or that it has, changes nothing.
    /// Before `due` it is not tried.
    pub(in crate::notify) fn offer(&mut self, notice: Arc<Notice>, due: Instant) {
        if self.over.last.get(&notice.lane).is_some_and(|last| notice.id <= *last) {
            return;
        }
        let content = self.contents.get(&notice.lane);
        let (flying, waiting) = content
            .map_or((None, None), |content| (content.flying.as_ref(), content.waiting.as_ref()));
        if flying.into_iter().chain(waiting).any(|own| notice.id <= own.notice.id) {
            return;
        }
        // The other side is no better for a newer notice: it waits as long as the older one would have.
        let due = waiting.map_or(due, |waiting| waiting.due.max(due));
        let attempts = notice.tried.map_or(0, |tried| tried.attempts);
        let lane = notice.lane.clone();
        self.change(&lane, |content| content.waiting = Some(Pending { notice, attempts, due }));
    }

    /// The earliest time at which a notice wants to go, if nothing of its lane is on its way.
    pub(in crate::notify) fn due(&self) -> Option<Instant> {
        self.ready.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the notice that has been due for the longest; the older one of two.
    pub(in crate::notify) fn take(&mut self, now: Instant) -> Option<Pending> {
        let (_, lane) = self.ready.first_key_value().filter(|((due, _), _)| *due <= now)?;
        self.change(&lane.clone(), |content| {
            content.flying = content.waiting.take();
            content.flying.clone()
        })
    }

    /// An attempt ended and the notice waits for another, unless a newer one has come, or it was withdrawn meanwhile.
    pub(in crate::notify) fn back(&mut self, pending: Pending) {
        let lane = pending.notice.lane.clone();
        if self.over.last.get(&lane).is_some_and(|last| pending.notice.id <= *last) {
            return self.change(&lane, |content| content.flying = None);
        }
        self.change(&lane, |content| {
            content.flying = None;
            match &mut content.waiting {
                Some(newer) => newer.due = newer.due.max(pending.due),
                none => *none = Some(pending),
            }
        });
    }

    /// A notice is over: delivered, or a dead letter.
    pub(in crate::notify) fn over(&mut self, notice: &Notice) {
        self.over.add(&notice.lane, notice.id);
        self.change(&notice.lane, |content| content.flying = None);
    }

    /// A notice is not to be sent any more, and none that is older. An attempt that is on its way ends as it may.
    pub(in crate::notify) fn withdraw(&mut self, withdrawn: &Withdrawn) {
        let Withdrawn { lane, id } = withdrawn;
        self.over.add(lane, *id);
        self.change(lane, |content| {
            content.waiting.take_if(|own| own.notice.id <= *id);
        });
    }

    /// Changes a lane, and what is known of all of them with it.
    fn change<R>(&mut self, lane: &Lane, change: impl FnOnce(&mut Content) -> R) -> R {
        let content = self.contents.entry(lane.clone()).or_default();
        if let Some(turn) = content.turn() {
            self.ready.remove(&turn);
        }
        self.waiting -= usize::from(content.waiting.is_some());
        let result = change(content);
        self.waiting += usize::from(content.waiting.is_some());
        if let Some(turn) = content.turn() {
            self.ready.insert(turn, lane.clone());
        }
        if content.flying.is_none() && content.waiting.is_none() {
            self.contents.remove(lane);
        }
        result
    }

    /// Notices that were taken and of whose attempts nobody knows anything.
    pub(in crate::notify) fn lost(&self, is_on_its_way: impl Fn(u64) -> bool) -> Vec<Pending> {
        let flying = self.contents.values().filter_map(|content| content.flying.as_ref());
        flying.filter(|pending| !is_on_its_way(pending.notice.id)).cloned().collect()
    }

    /// How many lanes there are.
    pub(in crate::notify) fn len(&self) -> usize {
        self.contents.len()
    }

    /// How many notices wait.
    pub(in crate::notify) fn waiting(&self) -> usize {
        self.waiting
    }
}

impl Over {
    fn add(&mut self, lane: &Lane, id: u64) {
        if self.last.get(lane).is_some_and(|last| id <= *last) {
            return;
        }
        self.last.insert(lane.clone(), id);
        self.order.push_back((lane.clone(), id));
        if self.order.len() > REMEMBERED
            && let Some((lane, id)) = self.order.pop_front()
            && self.last.get(&lane) == Some(&id)
        {
            self.last.remove(&lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::notify::testing::notice;

    fn offered(lanes: &mut Lanes, id: u64, group: &str, now: Instant) {
        lanes.offer(Arc::new(Notice { id, ..notice(group, "r") }), now);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_has_one_on_its_way_and_the_newest_waits() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for id in [1, 3, 2] {
            offered(&mut lanes, id, "a", now);
        }
        let first = lanes.take(now).unwrap();
        assert_eq!(first.notice.id, 3);
        offered(&mut lanes, 3, "a", now);
        assert!(lanes.due().is_none(), "it is on its way");
        offered(&mut lanes, 5, "a", now);
        assert!(lanes.due().is_none(), "in order");
        let later = now + Duration::from_secs(9);
        lanes.back(Pending { due: later, ..first });
        assert_eq!(lanes.due(), Some(later), "the newer one waits as long");
        let second = lanes.take(later).unwrap();
        assert_eq!((second.notice.id, second.attempts), (5, 0));
        lanes.over(&second.notice);
        assert_eq!(lanes.len(), 0);
        offered(&mut lanes, 5, "a", later);
        offered(&mut lanes, 4, "a", later);
        assert_eq!(lanes.len(), 0, "what is over is not told again");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_withdrawn_does_not_wait_and_does_not_come_back() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        let withdrawn = |id| Withdrawn { lane: notice("a", "r").lane, id };
        offered(&mut lanes, 1, "a", now);
        lanes.withdraw(&withdrawn(1));
        assert_eq!((lanes.len(), lanes.due()), (0, None));
        offered(&mut lanes, 1, "a", now);
        assert_eq!(lanes.len(), 0, "it may come by a longer way");
        offered(&mut lanes, 2, "a", now);
        let flying = lanes.take(now).unwrap();
        lanes.withdraw(&withdrawn(2));
        offered(&mut lanes, 3, "a", now);
        lanes.withdraw(&withdrawn(1));
        lanes.back(flying);
        assert_eq!(lanes.take(now).unwrap().notice.id, 3, "a newer one stays");
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_due_goes_first() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        offered(&mut lanes, 2, "b", now);
        offered(&mut lanes, 1, "a", now);
        assert_eq!(lanes.take(now).unwrap().notice.id, 1);
        assert_eq!(lanes.take(now).unwrap().notice.id, 2);
        assert!(lanes.take(now).is_none());
    }
}

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use crate::{
    clock::Instant,
    model::{Lane, Notice},
};

/// The notices of one receiver that are not delivered yet. A lane has one on its way and one that waits, no more.
#[derive(Debug, Default)]
pub(in crate::notify) struct Lanes {
    contents: HashMap<Lane, Content>,
    /// Of each integration, the lanes whose waiting notice may go when it is due: none of them has one on its way.
    ready: BTreeMap<u16, BTreeMap<Turn, Lane>>,
    /// How many notices wait.
    waiting: usize,
    /// What is over and may be offered once more before its sender has heard of it.
    over: Over,
}

/// Where a waiting notice stands: by its time, the older one of two first.
type Turn = (Instant, u64);

#[derive(Debug, Default)]
struct Content {
    flying: Option<u64>,
    waiting: Option<Pending>,
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

/// Four times the most lanes that a receiver holds; texts of lanes are shared.
const REMEMBERED: usize = 4096;

impl Lanes {
    /// Takes a notice; one that is older than what the lane has, or that it has, changes nothing.
    /// Before `due` it is not tried.
    pub(in crate::notify) fn offer(&mut self, notice: Arc<Notice>, due: Instant) {
        if self.over.last.get(&notice.lane).is_some_and(|last| notice.id <= *last) {
            return;
        }
        let content = self.contents.get(&notice.lane);
        if content.and_then(|content| content.flying).is_some_and(|flying| notice.id <= flying) {
            return;
        }
        // The other side is no better for a newer notice: it waits as long as the older one would have.
        let due = match content.and_then(|content| content.waiting.as_ref()) {
            Some(waiting) if notice.id <= waiting.notice.id => return,
            Some(waiting) => waiting.due.max(due),
            None => due,
        };
        let attempts = notice.tried.map_or(0, |tried| tried.attempts);
        let lane = notice.lane.clone();
        self.change(&lane, |content| content.waiting = Some(Pending { notice, attempts, due }));
    }

    /// The earliest time at which a notice of that integration wants to go, if nothing of its lane is on its way.
    pub(in crate::notify) fn due(&self, integration: u16) -> Option<Instant> {
        self.next(integration).map(|((due, _), _)| *due)
    }

    /// Takes the notice that has been due for the longest; the older one of two.
    pub(in crate::notify) fn take(&mut self, integration: u16, now: Instant) -> Option<Pending> {
        let (_, lane) = self.next(integration).filter(|((due, _), _)| *due <= now)?;
        let lane = lane.clone();
        self.fly(&lane)
    }

    /// Takes a due notice of any integration that `wanted` wants. Looks at all of them.
    pub(in crate::notify) fn take_if(
        &mut self,
        now: Instant,
        wanted: impl Fn(&Pending) -> bool,
    ) -> Option<Pending> {
        let mut ready = self.ready.values().flatten();
        let (_, lane) = ready.find(|((due, _), lane)| {
            let pending = self.contents.get(lane).and_then(|content| content.waiting.as_ref());
            *due <= now && pending.is_some_and(&wanted)
        })?;
        let lane = lane.clone();
        self.fly(&lane)
    }

    /// Whether a notice waits that `wanted` wants, due or not. Looks at all of them.
    pub(in crate::notify) fn any(&self, wanted: impl Fn(&Pending) -> bool) -> bool {
        self.contents.values().any(|content| content.waiting.as_ref().is_some_and(&wanted))
    }

    /// An attempt ended and the notice waits for another, unless a newer one has come.
    pub(in crate::notify) fn back(&mut self, pending: Pending) {
        let lane = pending.notice.lane.clone();
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
        self.over.add(notice);
        if self.contents.contains_key(&notice.lane) {
            self.change(&notice.lane, |content| content.flying = None);
        }
    }

    fn next(&self, integration: u16) -> Option<(&Turn, &Lane)> {
        self.ready.get(&integration)?.first_key_value()
    }

    /// Puts the notice that waits in a lane on its way.
    fn fly(&mut self, lane: &Lane) -> Option<Pending> {
        let mut pending = None;
        self.change(lane, |content| {
            pending = content.waiting.take();
            content.flying = pending.as_ref().map(|pending| pending.notice.id);
        });
        pending
    }

    /// Changes a lane, and what is known of all of them with it.
    fn change(&mut self, lane: &Lane, change: impl FnOnce(&mut Content)) {
        let content = self.contents.entry(lane.clone()).or_default();
        let ready = self.ready.entry(lane.integration).or_default();
        if let Some(turn) = content.turn() {
            ready.remove(&turn);
        }
        self.waiting -= usize::from(content.waiting.is_some());
        change(content);
        self.waiting += usize::from(content.waiting.is_some());
        if let Some(turn) = content.turn() {
            ready.insert(turn, lane.clone());
        }
        if content.flying.is_none() && content.waiting.is_none() {
            self.contents.remove(lane);
        }
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

impl Content {
    /// When its waiting notice may go, if nothing else of it is on its way.
    fn turn(&self) -> Option<Turn> {
        let pending = self.waiting.as_ref().filter(|_| self.flying.is_none())?;
        Some((pending.due, pending.notice.id))
    }
}

impl Over {
    fn add(&mut self, notice: &Notice) {
        self.last.insert(notice.lane.clone(), notice.id);
        self.order.push_back((notice.lane.clone(), notice.id));
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
        let first = lanes.take(0, now).unwrap();
        assert_eq!(first.notice.id, 3);
        offered(&mut lanes, 3, "a", now);
        assert!(lanes.due(0).is_none(), "it is on its way");
        offered(&mut lanes, 5, "a", now);
        assert!(lanes.due(0).is_none(), "in order");
        let later = now + Duration::from_secs(9);
        lanes.back(Pending { due: later, ..first });
        assert_eq!(lanes.due(0), Some(later), "the newer one waits as long");
        let second = lanes.take(0, later).unwrap();
        assert_eq!((second.notice.id, second.attempts), (5, 0));
        lanes.over(&second.notice);
        assert_eq!(lanes.len(), 0);
        offered(&mut lanes, 5, "a", later);
        offered(&mut lanes, 4, "a", later);
        assert_eq!(lanes.len(), 0, "what is over is not told again");
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_due_goes_first() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        offered(&mut lanes, 2, "b", now);
        offered(&mut lanes, 1, "a", now);
        assert!(lanes.take(1, now).is_none(), "another integration");
        assert_eq!((lanes.waiting(), lanes.len()), (2, 2));
        assert!(lanes.any(|pending| pending.notice.id == 2));
        let first = lanes.take(0, now).unwrap();
        assert_eq!((first.notice.id, lanes.waiting(), lanes.len()), (1, 1, 2));
        assert_eq!(lanes.take_if(now, |pending| pending.notice.id == 2).unwrap().notice.id, 2);
        assert!(lanes.take(0, now).is_none());
        lanes.over(&first.notice);
        assert_eq!((lanes.waiting(), lanes.len()), (0, 1));
    }
}

//! Who waits for which answer.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    packet::{Heard, Says},
    reply::{altered, undelivered},
};
use crate::{clock::Instant, model::Failure};

/// What came, and when.
pub(super) struct Arrival {
    pub(super) at: Instant,
    /// The hop limit of an echo, or what went wrong instead.
    pub(super) result: Result<Option<u8>, Failure>,
}

/// Requests in flight, by the address they went to and their number.
#[derive(Default)]
pub(super) struct Table {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    waiting: HashMap<(IpAddr, u16), Entry>,
    tickets: u64,
}

struct Entry {
    /// Tells this request from a later one with the same number.
    ticket: u64,
    payload: Arc<[u8]>,
    /// An echo with another payload came.
    altered: Option<Failure>,
    sender: oneshot::Sender<Arrival>,
}

impl Table {
    /// Takes a place, unless somebody has it.
    pub(super) fn wait(&self, to: IpAddr, number: u16, payload: &Arc<[u8]>) -> Option<Place<'_>> {
        let mut entries = self.entries.lock();
        if entries.waiting.contains_key(&(to, number)) {
            return None;
        }
        entries.tickets += 1;
        let ticket = entries.tickets;
        let (sender, arrival) = oneshot::channel();
        let payload = Arc::clone(payload);
        let entry = Entry { ticket, payload, altered: None, sender };
        entries.waiting.insert((to, number), entry);
        Some(Place { table: self, key: (to, number), ticket, arrival })
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.entries.lock().waiting.len()
    }

    /// Gives what was heard to who waits for it. Whether anybody did.
    pub(super) fn hear(
        &self,
        heard: &Heard<'_>,
        from: IpAddr,
        hop_limit: Option<u8>,
        at: Instant,
    ) -> bool {
        let key = (heard.target, heard.number);
        let mut entries = self.entries.lock();
        let Some(entry) = entries.waiting.get_mut(&key) else { return false };
        // A late answer to another request, or a forged one: ours may come yet.
        if let Says::Echo(payload) = heard.says
            && *payload != *entry.payload
        {
            entry.altered = Some(altered(from, entry.payload.len(), payload.len()));
            return true;
        }
        let Some(entry) = entries.waiting.remove(&key) else { return false };
        drop(entries);
        let result = undelivered(heard.says, from).map_or(Ok(hop_limit), Err);
        // Who has lost patience meanwhile does not listen.
        let _ = entry.sender.send(Arrival { at, result });
        true
    }

    fn leave(&self, key: (IpAddr, u16), ticket: u64) -> Option<Entry> {
        let mut entries = self.entries.lock();
        let ours = entries.waiting.get(&key).is_some_and(|entry| entry.ticket == ticket);
        if ours { entries.waiting.remove(&key) } else { None }
    }
}

/// A place in the table, left when it is dropped.
pub(super) struct Place<'a> {
    table: &'a Table,
    key: (IpAddr, u16),
    ticket: u64,
    arrival: oneshot::Receiver<Arrival>,
}

impl Place<'_> {
    /// Waits for what comes; never ends by itself.
    pub(super) async fn arrival(&mut self) -> Arrival {
        match (&mut self.arrival).await {
            Ok(arrival) => arrival,
            // The entry, and the sender with it, goes only with an answer or with this place.
            Err(_) => std::future::pending().await,
        }
    }

    /// Gives the place back. Tells of an echo that was none, if one came.
    pub(super) fn give_up(self) -> Option<Failure> {
        self.table.leave(self.key, self.ticket)?.altered
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.table.leave(self.key, self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    const HOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn echo(number: u16, payload: &[u8]) -> Heard<'_> {
        Heard { target: HOST, identifier: 0, number, says: Says::Echo(payload) }
    }

    fn payload(bytes: &[u8]) -> Arc<[u8]> {
        bytes.into()
    }

    #[tokio::test]
    async fn each_hears_its_own() {
        let table = Table::default();
        let mut one = table.wait(HOST, 1, &payload(b"a")).unwrap();
        let mut two = table.wait(HOST, 2, &payload(b"b")).unwrap();
        assert!(table.wait(HOST, 1, &payload(b"c")).is_none(), "taken");
        assert!(!table.hear(&echo(3, b"a"), HOST, None, Instant::now()));
        assert!(table.hear(&echo(2, b"b"), HOST, Some(60), Instant::now()));
        assert!(table.hear(&echo(1, b"a"), HOST, None, Instant::now()));
        assert_eq!(two.arrival().await.result, Ok(Some(60)));
        assert_eq!(one.arrival().await.result, Ok(None));
        assert_eq!(table.len(), 0);
    }

    #[tokio::test]
    async fn another_payload_is_passed_over_and_told_at_the_end() {
        let table = Table::default();
        let mut patient = table.wait(HOST, 1, &payload(b"abc")).unwrap();
        let hasty = table.wait(HOST, 2, &payload(b"abc")).unwrap();
        for number in [1, 2] {
            assert!(table.hear(&echo(number, b"ab"), HOST, None, Instant::now()));
        }
        let failure = hasty.give_up().unwrap();
        assert_eq!(failure.reason, Reason::IcmpNoReply);
        assert_eq!(failure.detail, "192.0.2.1 sent back 2 of the 3 bytes that were sent");
        assert!(table.hear(&echo(1, b"abc"), HOST, None, Instant::now()));
        assert_eq!(patient.arrival().await.result, Ok(None));
    }

    #[test]
    fn who_leaves_late_takes_nobody_s_place() {
        let table = Table::default();
        let first = table.wait(HOST, 1, &payload(b"")).unwrap();
        assert!(table.hear(&echo(1, b""), HOST, None, Instant::now()));
        let second = table.wait(HOST, 1, &payload(b"")).unwrap();
        drop(first);
        assert_eq!(table.len(), 1);
        assert!(second.give_up().is_none());
        assert_eq!(table.len(), 0);
    }
}

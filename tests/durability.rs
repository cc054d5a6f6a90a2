//! What is acknowledged is on disk: the power fails after every commit, and what the disk really has is opened again.
//!
//! SQLite writes through a file system of this test's own ([`lossy`]), which remembers of every file what was synced. A
//! power cut is a copy of that memory, with none, some or all of the unsynced writes beside it, as a real disk may have
//! it. The same test with `synchronous=OFF` finds acknowledged records missing: that shows that it can fail.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[path = "durability/lossy.rs"]
mod lossy;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "shared with the tests of the store")]
mod records;

use std::{collections::BTreeSet, path::Path, sync::mpsc};

use lossy::{Disk, Survives};
use noroshi::{
    clock::Clock,
    model::{Commit, DeliveryResult, Record, Restored},
    store::{self, Metrics, Synchronous, spec::Options},
};
use records::{alert, at, delivery, lane, notice, silence};
use tokio::sync::oneshot;

/// A power cut: where in the log of the disk, and what was acknowledged until then.
#[derive(Debug, Clone, Copy)]
struct Cut {
    place: usize,
    acknowledged: u64,
}

/// The records of one commit: a silence, an alert, and a notice that was sent by the next one.
fn records_of(nth: u64) -> Vec<Record> {
    let sent = nth
        .checked_sub(1)
        .map(|before| Record::Delivery(delivery(before, 1, DeliveryResult::Delivered(None))));
    let mut records = vec![
        Record::Silence(silence(u128::from(nth))),
        Record::Alert(alert(nth)),
        Record::Outbox(notice(nth, lane(u16::try_from(nth).unwrap()))),
    ];
    records.extend(sent);
    records
}

/// Commits one after another, and cuts the power at each acknowledgement, inside of the release: nothing later than
/// that can help.
async fn cuts(path: &Path, synchronous: Synchronous, commits: u64) -> Vec<Cut> {
    let options = Options { path: Some(path.to_owned()), ..Options::default() };
    let clock = Clock::anchored(at(0));
    let opened = store::open_synchronous(&options, clock, Metrics::default(), synchronous);
    let (store, _) = opened.unwrap();
    let (cut, cuts) = mpsc::channel();
    for nth in 0..commits {
        let (told, answer) = oneshot::channel();
        let cut = cut.clone();
        let release = Box::new(move |result: Result<(), _>| {
            result.unwrap();
            cut.send(Cut { place: lossy::place(), acknowledged: nth + 1 }).unwrap();
            let _ = told.send(());
        });
        assert!(store.commits.send(Commit { records: records_of(nth), release }).await.is_ok());
        answer.await.unwrap();
    }
    drop(store.commits);
    store.ended.wait().await;
    cuts.try_iter().collect()
}

/// What a start finds on the disk after the cut; `None` if it finds nothing it can use.
async fn found(disk: &Disk, survives: Survives) -> Option<Restored> {
    let folder = tempfile::tempdir().unwrap();
    disk.write(folder.path(), survives);
    let options = Options { path: Some(folder.path().join("noroshi.db")), ..Options::default() };
    let clock = Clock::anchored(at(0));
    let (store, restored) = store::open(&options, clock, Metrics::default()).ok()?;
    drop(store.commits);
    store.ended.wait().await;
    Some(restored)
}

/// What was acknowledged and is not there.
fn missing(cut: Cut, restored: &Restored) -> Vec<String> {
    let mut missing = Vec::new();
    let silences: BTreeSet<_> = restored.silences.iter().map(|silence| silence.id).collect();
    let alerts: BTreeSet<_> = restored.alerts.iter().map(|alert| alert.fingerprint()).collect();
    for nth in 0..cut.acknowledged {
        if !silences.contains(&silence(u128::from(nth)).id) {
            missing.push(format!("silence {nth}"));
        }
        if !alerts.contains(&alert(nth).fingerprint()) {
            missing.push(format!("alert {nth}"));
        }
    }
    // All but the last are sent: a row that came back would be told twice, one that went would never be. What was not
    // acknowledged yet may be there, or not.
    let unsent: Vec<u64> = restored.outbox.iter().map(|notice| notice.id).collect();
    if unsent != [cut.acknowledged - 1] && unsent != [cut.acknowledged] {
        missing.push(format!("the outbox as it was: {unsent:?}"));
    }
    missing
}

/// Enough for the log to be brought into the file, and to start anew, a few times.
const COMMITS: u64 = 600;

#[tokio::test]
async fn what_is_acknowledged_survives_a_power_cut() {
    lossy::install();
    let folder = lossy::folder();
    let cuts = cuts(&folder.path().join("noroshi.db"), Synchronous::Full, COMMITS).await;
    assert_eq!(cuts.len(), usize::try_from(COMMITS).unwrap());
    let mut disk = Disk::new(folder.path());
    let mut random = fastrand::Rng::with_seed(4);
    for pair in cuts.windows(2) {
        // At each acknowledgement, and somewhere on the way to the next one: checkpoints among it.
        let between = Cut { place: random.usize(pair[0].place..=pair[1].place), ..pair[0] };
        let survives = match random.u8(0..3) {
            0 => Survives::Everything,
            1 => Survives::Some(random.u64(..)),
            _ => Survives::Nothing,
        };
        // Every cut takes a folder of some megabytes; the first fifty show most, one of eight the rest.
        let all = pair[0].acknowledged <= 50 || pair[0].acknowledged % 8 == 0;
        for (cut, survives) in [(pair[0], Survives::Nothing), (between, survives)] {
            disk.run_to(cut.place);
            if all {
                let restored = found(&disk, survives).await;
                let restored = restored.unwrap_or_else(|| panic!("no store after {cut:?}"));
                let missing = missing(cut, &restored);
                assert!(missing.is_empty(), "{cut:?}, {survives:?}: {missing:?} is not on disk");
            }
        }
    }
    // A few to make it, and one for each checkpoint: cuts before, within and after all of them.
    assert!(disk.syncs("noroshi.db") > 4, "the log was never brought into the file");
}

/// The negative control: the same records, the same cuts, and no sync.
#[tokio::test]
async fn without_the_sync_it_does_not() {
    lossy::install();
    let folder = lossy::folder();
    let cuts = cuts(&folder.path().join("noroshi.db"), Synchronous::Off, 20).await;
    let mut disk = Disk::new(folder.path());
    for cut in cuts {
        disk.run_to(cut.place);
        let lost = match found(&disk, Survives::Nothing).await {
            Some(restored) => !missing(cut, &restored).is_empty(),
            None => true,
        };
        assert!(lost, "{cut:?}: all of it is on disk without a sync");
    }
}

//! A transition waits for the disk, in its order; nothing else does.

use super::*;
use crate::model::{Commit, CommitError};

/// A running state, from outside.
pub(super) struct Wired {
    pub(super) commits: mpsc::Receiver<Commit>,
    pub(super) transitions: mpsc::Receiver<Transition>,
    paces: mpsc::Receiver<Pace>,
    observations: mpsc::Sender<Observation>,
    settings: mpsc::Sender<Settings>,
    task: tokio::task::JoinHandle<()>,
}

pub(super) fn wired(state: State) -> Wired {
    let (commits_in, commits) = mpsc::channel(8);
    let (transitions_in, transitions) = mpsc::channel(1);
    let (paces_in, paces) = mpsc::channel(8);
    let (observations, observations_out) = mpsc::channel(8);
    let (settings, settings_out) = mpsc::channel(1);
    let outputs = Outputs { commits: commits_in, transitions: transitions_in, paces: paces_in };
    let task = tokio::spawn(state.run(settings_out, observations_out, outputs));
    Wired { commits, transitions, paces, observations, settings, task }
}

/// Until every task has done what it can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_told_before_it_is_on_disk_and_then_in_order() {
    let mut wired = wired(state(vec![settings("a"), settings("b")]));
    for (name, seconds) in [("a", 1), ("b", 2), ("a", 3)] {
        let verdict = if seconds == 3 { Verdict::Fail } else { Verdict::Pass };
        wired.observations.send(observation(name, seconds, verdict)).await.unwrap();
    }
    let first = wired.commits.recv().await.unwrap();
    let second = wired.commits.recv().await.unwrap();
    let third = wired.commits.recv().await.unwrap();
    // The pace is for the schedule, and costs nothing if it is lost.
    assert!(wired.paces.recv().await.unwrap().troubled);
    (second.release)(Ok(()));
    settle().await;
    assert!(wired.transitions.try_recv().is_err(), "the first is not on disk");
    (first.release)(Ok(()));
    let told = [wired.transitions.recv().await.unwrap(), wired.transitions.recv().await.unwrap()];
    assert_eq!(told.map(|one| one.id), [CheckId::new("a"), CheckId::new("b")]);
    settle().await;
    assert!(wired.transitions.try_recv().is_err(), "the third is not on disk");
    // A disk that fails silences nobody.
    (third.release)(Err(CommitError("full".into())));
    assert_eq!(wired.transitions.recv().await.unwrap().to.0, BaseState::Down);
}

#[tokio::test]
async fn it_ends_when_its_inputs_do_and_leaves_nothing_untold() {
    let mut wired = wired(state(vec![settings("a")]));
    wired.observations.send(observation("a", 1, Verdict::Pass)).await.unwrap();
    let commit = wired.commits.recv().await.unwrap();
    drop((wired.observations, wired.settings));
    settle().await;
    assert!(!wired.task.is_finished());
    (commit.release)(Ok(()));
    assert!(wired.transitions.recv().await.is_some());
    wired.task.await.unwrap();
}

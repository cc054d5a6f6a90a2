//! How everybody else speaks with the pipeline.

use std::{convert::Infallible, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use super::{
    Config, Input, InvalidAlerts, PostedAlert, Reply, SilenceDraft, SilenceError, Snapshot,
};
use crate::model::{AlertSource, CommitError, Delivery, SettingsChange, SilenceId, Transition};

/// Commands on their way. Each holds at most one request's alerts, and whoever sends one waits for its answer, so the
/// channel holds what is being asked at once: 64 requests of a hundred senders, and checks behind them.
const COMMANDS: usize = 64;

/// Deliveries on their way: a burst of one per worker of an integration, of which there are a few hundred at most.
const DELIVERIES: usize = 256;

/// Speaks with the one task that owns the pipeline. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    deliveries: mpsc::Sender<Delivery>,
}

/// The other end of every [`Handle`]; [`run`](super::run) empties it.
#[derive(Debug)]
pub struct Inbox {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) deliveries: mpsc::Receiver<Delivery>,
}

#[derive(Debug)]
pub(super) enum Command {
    /// A step, and who waits for its answer.
    Step(Input, oneshot::Sender<Result<Reply, CommitError>>),
    /// A look.
    Snapshot(oneshot::Sender<Arc<Snapshot>>),
    /// A look at the numbers alone.
    Measure(oneshot::Sender<()>),
}

/// Why a call was not answered as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError<E: std::error::Error> {
    /// The caller's fault.
    #[error(transparent)]
    Refused(E),
    /// It is in force, but will not survive the process.
    #[error("{0}")]
    NotOnDisk(String),
    /// The process is about to end.
    #[error("the alert pipeline has stopped")]
    Stopped,
}

/// A handle, and the inbox it fills.
pub fn channel() -> (Handle, Inbox) {
    let (commands, incoming) = mpsc::channel(COMMANDS);
    let (deliveries, returning) = mpsc::channel(DELIVERIES);
    (Handle { commands, deliveries }, Inbox { commands: incoming, deliveries: returning })
}

impl Handle {
    /// Takes alerts. Answers when what is new of them is on disk.
    ///
    /// # Errors
    /// The text for a 400 if some of them are no alerts (the others are taken), or what went wrong with us.
    pub async fn post(
        &self,
        alerts: Vec<PostedAlert>,
        source: AlertSource,
    ) -> Result<(), CallError<InvalidAlerts>> {
        match self.step(Input::Post { alerts, source }).await? {
            Reply::Posted(result) => result.map_err(CallError::Refused),
            _ => Ok(()),
        }
    }

    /// Makes a silence, or changes the one it names. Answers when it is on disk.
    ///
    /// # Errors
    /// What is wrong with it, or with us.
    pub async fn set_silence(
        &self,
        draft: SilenceDraft,
    ) -> Result<SilenceId, CallError<SilenceError>> {
        let fresh = SilenceId(uuid::Uuid::new_v4());
        match self.step(Input::SetSilence { draft, fresh }).await? {
            Reply::Silenced(result) => result.map_err(CallError::Refused),
            _ => Err(CallError::Stopped),
        }
    }

    /// Ends a silence. Answers when that is on disk.
    ///
    /// # Errors
    /// If there is none of that name, or what went wrong with us.
    pub async fn expire_silence(&self, id: SilenceId) -> Result<(), CallError<SilenceError>> {
        match self.step(Input::ExpireSilence(id)).await? {
            Reply::Expired(result) => result.map_err(CallError::Refused),
            _ => Err(CallError::Stopped),
        }
    }

    /// How everything stands; the same value until something changes.
    ///
    /// # Errors
    /// If the pipeline has stopped.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, CallError<Infallible>> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Snapshot(answer)).await.map_err(|_| CallError::Stopped)?;
        answered.await.map_err(|_| CallError::Stopped)
    }

    /// Brings the gauges up to date, for somebody who reads them now.
    ///
    /// # Errors
    /// If the pipeline has stopped.
    pub async fn measure(&self) -> Result<(), CallError<Infallible>> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Measure(answer)).await.map_err(|_| CallError::Stopped)?;
        answered.await.map_err(|_| CallError::Stopped)
    }

    /// Goes on with another configuration.
    ///
    /// # Errors
    /// What went wrong with us.
    pub async fn reload(&self, config: Arc<Config>) -> Result<(), CallError<Infallible>> {
        self.step(Input::Reload(config)).await.map(drop)
    }

    /// Takes a change of a check: when this returns it has its place, so that whoever awaits one call after the other keeps
    /// their order. What is returned answers when it is on disk.
    ///
    /// # Errors
    /// What went wrong with us.
    pub async fn transition(
        &self,
        transition: Transition,
    ) -> Result<
        impl Future<Output = Result<(), CallError<Infallible>>> + Send + use<>,
        CallError<Infallible>,
    > {
        let answer = self.send(Input::Transition(transition)).await?;
        Ok(async { answer.await.map(drop) })
    }

    /// Takes changes of the checks' settings. The first call is the whole set: alerts of checks that are not in it end.
    ///
    /// # Errors
    /// What went wrong with us.
    pub async fn settings(
        &self,
        changes: Vec<SettingsChange>,
    ) -> Result<(), CallError<Infallible>> {
        self.step(Input::Settings(changes)).await.map(drop)
    }

    /// Says whether the pipeline still takes what it is told and asked. Keeps nothing open.
    pub fn is_alive(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let (commands, deliveries) = (self.commands.downgrade(), self.deliveries.downgrade());
        move || {
            commands.upgrade().is_some_and(|commands| !commands.is_closed())
                && deliveries.upgrade().is_some_and(|deliveries| deliveries.capacity() > 0)
        }
    }

    /// Where attempts at notices are told.
    pub fn deliveries(&self) -> mpsc::Sender<Delivery> {
        self.deliveries.clone()
    }

    async fn step<E: std::error::Error>(&self, input: Input) -> Result<Reply, CallError<E>> {
        self.send(input).await?.await
    }

    /// Puts an input in its place; then there is its answer to await.
    async fn send<E: std::error::Error>(
        &self,
        input: Input,
    ) -> Result<impl Future<Output = Result<Reply, CallError<E>>> + Send + use<E>, CallError<E>>
    {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Step(input, answer)).await.map_err(|_| CallError::Stopped)?;
        Ok(async {
            let written = answered.await.map_err(|_| CallError::Stopped)?;
            written.map_err(|error| CallError::NotOnDisk(error.to_string()))
        })
    }
}

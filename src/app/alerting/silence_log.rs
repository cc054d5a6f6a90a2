//! A line for each change of a silence: Alertmanager's `--log.silences`.

use tokio::sync::mpsc;
use tracing::info;

use crate::{
    app::Supervisor,
    model::{Commit, Record},
};

/// Commits between the pipeline and the store; as many may wait behind it.
const COMMITS: usize = 64;

/// Stands between the pipeline and the store.
pub(super) fn tap(late: &mut Supervisor, to: mpsc::Sender<Commit>) -> mpsc::Sender<Commit> {
    let (commits, mut passing) = mpsc::channel::<Commit>(COMMITS);
    late.essential("silence-log", async move {
        while let Some(commit) = passing.recv().await {
            commit.records.iter().for_each(line);
            if to.send(commit).await.is_err() {
                return;
            }
        }
    });
    commits
}

fn line(record: &Record) {
    match record {
        Record::Silence(silence) => {
            let matchers: Vec<String> = silence.matchers.iter().map(ToString::to_string).collect();
            info!(
                id = %silence.id,
                matchers = matchers.join(","),
                starts_at = %silence.starts_at,
                ends_at = %silence.ends_at,
                created_by = &*silence.created_by,
                comment = &*silence.comment,
                "silence set"
            );
        }
        Record::SilenceGone(id) => info!(%id, "silence forgotten"),
        _ => {}
    }
}

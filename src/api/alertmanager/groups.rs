//! `/api/v2/alerts/groups`.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{http::HeaderMap, response::Response};

use super::{
    Alertmanager, alerts,
    json::{self, Array},
    list::{self, Part, Place, Rows},
    query::{Query, Wanted},
    receivers::Named,
    refusal::Refusal,
};
use crate::alert::{GroupView, Snapshot};

impl Alertmanager {
    pub(super) async fn get_groups(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        place: Option<Place>,
    ) -> Result<Response, Refusal> {
        let (syntax, snapshot) = (self.options.syntax, self.snapshot().await?);
        let tag = list::tag(("groups", self.started, snapshot.version, query));
        let rows = move |asked: &Query<'_>| {
            let (wanted, part) = (asked.wanted(syntax)?, Part::read(asked)?);
            Ok((Groups { named: Named::new(&snapshot, &wanted), snapshot, wanted }, part))
        };
        let (rows, part) = self.asked(query, rows).await?;
        list::answer(rows, part, query, (headers, tag), place).await
    }
}

struct Groups {
    snapshot: Arc<Snapshot>,
    wanted: Wanted,
    named: Named,
}

impl Rows for Groups {
    fn count(&self) -> usize {
        self.snapshot.groups.len()
    }

    /// Short groups are what there are many of: the time it takes is that of their alerts.
    fn is_wanted(&self, at: usize) -> bool {
        let Some(group) = self.snapshot.groups.get(at) else { return false };
        self.named.one(&group.receiver)
            && (self.wanted.muted || group.muted_by.is_empty())
            && self.snapshot.alerts_of(group).any(|view| alerts::is_wanted(view, &self.wanted))
    }

    fn name(&self, at: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.snapshot.groups.get(at).map(|group| (&group.route_id, &group.key)).hash(&mut hasher);
        hasher.finish()
    }

    fn write(&self, at: usize, out: &mut Vec<u8>) {
        if let Some(group) = self.snapshot.groups.get(at) {
            self.group(group, out);
        }
    }

    fn is_slow(&self) -> bool {
        self.wanted.is_slow()
    }

    fn count_in(&self) -> usize {
        self.snapshot.alerts.len()
    }
}

impl Groups {
    fn group(&self, group: &GroupView, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"alerts\":[");
        let mut list = Array::default();
        let wanted = |view: &&crate::alert::AlertView| alerts::is_wanted(view, &self.wanted);
        for view in self.snapshot.alerts_of(group).filter(wanted) {
            list.next(out);
            if let [_] = &*view.receivers {
                alerts::write(out, view, view.receivers.iter(), &group.muted_by);
            } else {
                // By name, and those that were asked for: as Alertmanager lists them here, though not among the alerts.
                let named = view.receivers.iter().filter(|receiver| self.named.one(receiver));
                let mut receivers: Vec<&Arc<str>> = named.collect();
                receivers.sort_unstable();
                alerts::write(out, view, receivers.into_iter(), &group.muted_by);
            }
        }
        out.extend_from_slice(b"],\"labels\":");
        alerts::pairs(out, &group.labels, json::plain);
        out.extend_from_slice(b",\"receiver\":{\"name\":");
        json::plain(out, &group.receiver);
        out.extend_from_slice(b"}}");
    }
}

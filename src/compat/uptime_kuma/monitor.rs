//! The table `monitor`, as checks.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use toml::Table;

use super::{Database, Row, column, kind, notification::Notifications, section};
use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section, Telling, label_name, words},
};

/// Names of checks by the numbers of monitors; a group has those of all that is in it.
pub(super) type Names = BTreeMap<i64, Vec<String>>;

const INTERVAL: Duration = Duration::from_mins(1);
/// What a check without `timeout` has.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Adds every monitor.
pub(super) fn all(database: &Database<'_>, draft: &mut Draft) -> Names {
    let mut notifications = Notifications::new(database);
    let mut names = Names::new();
    let mut domains = 0;
    for row in database.rows("monitor") {
        let above = Above::of(database, row);
        let kind = section(row).peek("type");
        let mut own = section(&column::telling(row, &kind));
        domains += i32::from(own.flag("domain_expiry_notification") == Some(true));
        own.drop(&["domain_expiry_notification"]);
        let subject = format!("monitor {:?}", own.peek("name"));
        if kind == "group" {
            group(row, own, subject, database, draft);
            continue;
        }
        let name = draft.name("checks", &own.peek("name"));
        let mut piece = Piece { subject, name, ..Piece::default() };
        common(&mut own, &above, row, database, &mut piece);
        if let Err(why) = kind::aim(&kind, &mut own, database, &mut piece, draft) {
            own.drop(&["name"]);
            let columns = [own.keys(), column::of_others(row)].concat().join("`, `");
            piece.remarks.insert(
                0,
                format!("not converted: {why}; it has `{columns}` of the type {kind:?}"),
            );
            unconverted(row, piece, draft);
            continue;
        }
        times(&mut own, &kind, &mut piece);
        let resend = own.count("resend_interval").filter(|beats| *beats > 0);
        let repeat = resend.map(|beats| beats * interval(row));
        for receiver in notifications.of(row, &mut piece, draft) {
            if piece.off.is_none() {
                draft.telling(Telling { check: piece.name.clone(), receiver, repeat });
            }
        }
        for id in above.ids.iter().copied().chain(row.get("id").and_then(Value::as_i64)) {
            names.entry(id).or_default().push(piece.name.clone());
        }
        own.drop(&["name"]);
        let remarks = own.rest();
        piece.remarks.extend(remarks);
        draft.check(piece);
    }
    if domains > 0 {
        let why = format!(
            "`domain_expiry_notification` of {domains} monitors has no equivalent: when a domain expires is not looked up"
        );
        draft.lost("Domains", vec![why]);
    }
    notifications.finish(draft);
    names
}

/// The groups around a monitor.
struct Above {
    ids: Vec<i64>,
    /// From the outermost to the innermost.
    name: String,
    active: bool,
}

impl Above {
    fn of(database: &Database<'_>, row: &Row) -> Self {
        let mut above = Self { ids: Vec::new(), name: String::new(), active: true };
        let mut parent = row.get("parent").cloned().unwrap_or_default();
        while let Some(group) = database.row("monitor", &parent) {
            let Some(id) = parent.as_i64().filter(|id| !above.ids.contains(id)) else { break };
            above.ids.push(id);
            let group_section = section(group);
            let name = group_section.peek("name");
            above.name =
                if above.name.is_empty() { name } else { format!("{name}/{}", above.name) };
            above.active &= is_active(group);
            parent = group.get("parent").cloned().unwrap_or_default();
        }
        above
    }
}

fn is_active(row: &Row) -> bool {
    section(row).flag("active") != Some(false)
}

fn interval(row: &Row) -> Duration {
    section(row)
        .count("interval")
        .filter(|own| *own > 0)
        .map_or(INTERVAL, |own| Duration::from_secs(own.into()))
}

/// A group is no check: its members carry its name.
fn group(
    row: &Row,
    mut own: Section<'_>,
    subject: String,
    database: &Database<'_>,
    draft: &mut Draft,
) {
    let id = row.get("id").cloned().unwrap_or_default();
    own.drop(&[
        "name",
        "active",
        "interval",
        "parent",
        "maxretries",
        "retry_interval",
        "timeout",
        "accepted_statuscodes_json",
    ]);
    let mut remarks = own.rest();
    remarks.insert(0, "a group is no check here; its members have it as their `group`".to_owned());
    let told = database.of("monitor_notification", "monitor_id", &id).count();
    if told > 0 {
        remarks.push(format!("notifications of the group itself ({told}) have no equivalent; its members have their own"));
    }
    if database.of("monitor_tag", "monitor_id", &id).next().is_some() {
        remarks.push("tags of the group itself have no equivalent".to_owned());
    }
    draft.lost(subject, remarks);
}

/// What has no check of its kind: a comment, with what comes nearest where there is such a thing.
fn unconverted(row: &Row, piece: Piece, draft: &mut Draft) {
    let mut remarks = piece.remarks;
    if let Some(address) = kind::nearest(row) {
        remarks
            .push(format!("whether it can be reached is what `tcp.address = \"{address}\"` tells"));
    }
    draft.lost(piece.subject, remarks);
}

/// What every monitor has.
fn common(
    own: &mut Section<'_>,
    above: &Above,
    row: &Row,
    database: &Database<'_>,
    piece: &mut Piece,
) {
    if own.flag("active") == Some(false) {
        piece.off = Some("it was paused".to_owned());
    } else if !above.active {
        piece.off = Some("its group was paused".to_owned());
    }
    for line in own.text("description").iter().flat_map(|text| text.lines()) {
        piece.comments.push(line.to_owned());
    }
    own.drop(&["parent"]);
    if !above.name.is_empty() {
        put(&mut piece.common, "group", above.name.as_str());
    }
    labels(row, database, piece);
    if own.flag("upside_down") == Some(true) {
        put(&mut piece.common, "invert", true);
    }
    match own.text("ip_family").as_deref() {
        Some(family @ ("ipv4" | "ipv6")) => {
            put(
                &mut piece.common,
                "preferred_ip_protocol",
                if family == "ipv4" { "ip4" } else { "ip6" },
            );
            put(&mut piece.common, "ip_protocol_fallback", false);
        }
        Some("dual-stack" | "auto") | None => {}
        Some(other) => piece.remark(format!("`ip_family`: {other:?} is no family of addresses")),
    }
}

/// Tags: a name, and perhaps a value.
fn labels(row: &Row, database: &Database<'_>, piece: &mut Piece) {
    let id = row.get("id").cloned().unwrap_or_default();
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for link in database.of("monitor_tag", "monitor_id", &id) {
        let Some(tag) = link.get("tag_id").and_then(|id| database.row("tag", id)) else { continue };
        let name = section(tag).peek("name");
        let value = section(link).peek("value");
        let value = if value.is_empty() { "true".to_owned() } else { value };
        let label = label_name(&name);
        if label != name {
            piece.remark(format!("the tag {name:?} is the label `{label}` here"));
        }
        let held = labels.entry(label).or_default();
        if !held.is_empty() {
            held.push(',');
        }
        held.push_str(&value);
    }
    if !labels.is_empty() {
        let labels: Table = labels.into_iter().map(|(name, value)| (name, value.into())).collect();
        put(&mut piece.common, "labels", labels);
    }
}

/// How often, how long at most, and after how many failures.
fn times(own: &mut Section<'_>, kind: &str, piece: &mut Piece) {
    let interval = own
        .count("interval")
        .filter(|own| *own > 0)
        .map_or(INTERVAL, |own| Duration::from_secs(own.into()));
    if interval != INTERVAL {
        put(&mut piece.common, "interval", words(interval));
    }
    let wanted = own
        .number("timeout")
        .filter(|own| *own > 0.0)
        .and_then(|own| Duration::try_from_secs_f64(own).ok());
    // Uptime Kuma's own where an older version left it out.
    let wanted = wanted.or(column::HTTP.contains(&kind).then_some(interval * 4 / 5));
    let usual = TIMEOUT.min(interval);
    let timeout = wanted.unwrap_or(usual);
    if timeout > interval {
        piece.remark(format!(
            "`timeout` of {} is longer than the interval; here a run ends before the next one",
            words(timeout)
        ));
    }
    if timeout.min(interval) != usual {
        put(&mut piece.common, "timeout", words(timeout.min(interval)));
    }
    let retries = own.count("maxretries").unwrap_or(0);
    if retries > 0 {
        put(&mut piece.common, "failures", i64::from(retries) + 1);
    }
    let retry = own.count("retry_interval").filter(|own| *own > 0);
    let retry = retry.map(|own| Duration::from_secs(own.into())).filter(|own| *own != interval);
    if let Some(retry) = retry.filter(|_| retries > 0) {
        put(&mut piece.common, "retry_interval", words(retry));
    }
}

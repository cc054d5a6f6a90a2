//! `noroshi silence add|list|expire`: through the v2 API of a running instance, noroshi or Alertmanager.

use std::{fmt::Write as _, io, time::Duration};

use clap::{Args, Subcommand};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};

use super::{args::Peer, client, exit::Exit, page, paint::harmless};
use crate::{
    clock::Clock,
    model::{Matcher, PromDuration, matcher::Syntax},
};

/// `noroshi silence ...`
#[derive(Debug, Args)]
pub(super) struct Silence {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Silence the alerts that match; prints the silence's id
    Add(Add),
    /// List silences
    List(List),
    /// End silences at once
    Expire(Expire),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi silence add NoroshiCheckDown check=website --duration=2h --comment='new disks'
  noroshi silence add 'team=~\"web|api\"' --start=2026-03-01T22:00:00Z --end=2026-03-02T02:00:00Z

Exit codes: 0 done, 1 refused or not reached, 2 usage")]
struct Add {
    #[command(flatten)]
    peer: Peer,
    /// What must match: label=value, label!=value, label=~regex, label!~regex; a bare word first is the alertname
    #[arg(required = true, value_name = "MATCHER")]
    matchers: Vec<String>,
    /// Who makes it [default: the user's name]
    #[arg(short, long, value_name = "NAME")]
    author: Option<String>,
    /// For how long
    #[arg(short, long, default_value = "1h", value_name = "TIME", conflicts_with = "end")]
    duration: PromDuration,
    /// From when, as RFC 3339; without an offset it is local time [default: now]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Until when, as RFC 3339
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// Why
    #[arg(short, long, default_value = "", hide_default_value = true)]
    comment: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 asked and shown, 1 not reached")]
struct List {
    #[command(flatten)]
    peer: Peer,
    /// Only silences that have this very matcher; a bare word is the alertname
    #[arg(value_name = "MATCHER")]
    matchers: Vec<String>,
    /// Expired ones instead of those that are active or pending
    #[arg(long)]
    expired: bool,
    /// Only those that end within this time; with --expired, that ended within it
    #[arg(long, value_name = "TIME")]
    within: Option<PromDuration>,
    /// Only those of this author
    #[arg(long, value_name = "NAME")]
    created_by: Option<String>,
    /// Only ids, one a line
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    /// Print JSON, as the API has it
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: noroshi silence expire $(noroshi silence list -q check=website)

Exit codes: 0 all expired, 1 one was not, or not reached")]
struct Expire {
    #[command(flatten)]
    peer: Peer,
    /// Their ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Runs what was asked for.
pub(super) fn run(silence: &Silence) -> Exit {
    match &silence.what {
        What::Add(options) => add(options),
        What::List(options) => list(options),
        What::Expire(options) => expire(options),
    }
}

/// Matchers as they are typed: the first may be an alert's name alone.
pub(super) fn typed(texts: &[String]) -> Result<Vec<Matcher>, String> {
    let mut matchers = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let bare = index == 0 && !text.contains(['=', '~', '{']);
        let text = if bare { format!("alertname={text:?}") } else { text.clone() };
        matchers.extend(Syntax::Fallback.matchers(&text)?.value);
    }
    Ok(matchers)
}

fn add(options: &Add) -> Exit {
    let body = match draft(options, Clock::system().now()) {
        Ok(body) => body,
        Err(why) => {
            eprintln!("{why}");
            return Exit::Usage;
        }
    };
    match client::post(&options.peer, "/api/v2/silences", &body) {
        Ok(answer) => page::show(&format!("{}\n", harmless(text(&answer, "silenceID")))),
        Err(error) => {
            eprintln!("{error:#}");
            Exit::Fatal
        }
    }
}

fn draft(options: &Add, now: Timestamp) -> Result<Value, String> {
    let matchers = typed(&options.matchers)?;
    let starts_at = options.start.as_deref().map_or(Ok(now), moment)?;
    let ends_at = match options.end.as_deref() {
        Some(end) => moment(end)?,
        None => after(starts_at, options.duration.0)?,
    };
    if ends_at <= starts_at {
        return Err("it would end before it begins".to_owned());
    }
    let author = options.author.clone().or_else(|| std::env::var("USER").ok());
    Ok(json!({
        "matchers": matchers.iter().map(|one| json!({
            "name": &*one.name,
            "value": &*one.value,
            "isRegex": one.op.is_regex(),
            "isEqual": one.op.is_positive(),
        })).collect::<Vec<_>>(),
        "startsAt": starts_at.to_string(),
        "endsAt": ends_at.to_string(),
        "createdBy": author.unwrap_or_default(),
        "comment": options.comment,
    }))
}

fn after(start: Timestamp, duration: Duration) -> Result<Timestamp, String> {
    start.checked_add(duration).map_err(|_| "it would never end".to_owned())
}

/// RFC 3339; what has no offset is local.
fn moment(text: &str) -> Result<Timestamp, String> {
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::system()).ok();
    text.parse()
        .ok()
        .or_else(|| local().map(|zoned| zoned.timestamp()))
        .ok_or_else(|| format!("`{text}` is not a time such as 2026-03-01T22:00:00Z"))
}

fn list(options: &List) -> Exit {
    let path = match filtered(&options.matchers) {
        Ok(path) => path,
        Err(why) => {
            eprintln!("{why}");
            return Exit::Usage;
        }
    };
    let answer = match client::get(&options.peer, &path) {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("{error:#}");
            return Exit::Fatal;
        }
    };
    let now = Clock::system().now();
    let all = answer.as_array().into_iter().flatten();
    let wanted: Vec<&Value> = all.filter(|one| is_wanted(one, options, now)).collect();
    if options.json {
        let wanted: Value = wanted.into_iter().cloned().collect();
        return page::show(&format!("{wanted:#}\n"));
    }
    if options.quiet {
        let ids: String = wanted.iter().map(|one| harmless(text(one, "id")) + "\n").collect();
        return page::show(&ids);
    }
    page::show(&table(&wanted))
}

fn filtered(texts: &[String]) -> Result<String, String> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for matcher in typed(texts)? {
        query.append_pair("filter", &matcher.to_string());
    }
    Ok(format!("/api/v2/silences?{}", query.finish()).trim_end_matches('?').to_owned())
}

fn is_wanted(silence: &Value, options: &List, now: Timestamp) -> bool {
    let expired = silence["status"]["state"] == "expired";
    let ends_at: Option<Timestamp> = text(silence, "endsAt").parse().ok();
    let near = |within: PromDuration| {
        ends_at.is_some_and(|end| end.duration_since(now).unsigned_abs() <= within.0)
    };
    expired == options.expired
        && options.within.is_none_or(near)
        && options.created_by.as_deref().is_none_or(|name| text(silence, "createdBy") == name)
}

fn table(silences: &[&Value]) -> String {
    const HEADS: [&str; 5] = ["ID", "MATCHERS", "ENDS AT", "CREATED BY", "COMMENT"];
    let rows: Vec<[String; 5]> = silences.iter().map(|one| row(one)).collect();
    let widths: Vec<usize> = HEADS
        .iter()
        .enumerate()
        .map(|(at, head)| {
            rows.iter().map(|row| row[at].chars().count()).fold(head.len(), usize::max)
        })
        .collect();
    let mut out = String::new();
    for row in [HEADS.map(str::to_owned)].iter().chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn row(silence: &Value) -> [String; 5] {
    let matchers = silence["matchers"].as_array().into_iter().flatten();
    let matchers: Vec<String> = matchers
        .map(|one| {
            let sign = match (one["isRegex"] == true, one["isEqual"] != false) {
                (false, true) => "=",
                (false, false) => "!=",
                (true, true) => "=~",
                (true, false) => "!~",
            };
            harmless(&format!("{}{sign}{:?}", text(one, "name"), text(one, "value")))
        })
        .collect();
    let cell = |key| harmless(text(silence, key)).replace('\n', " ");
    [cell("id"), matchers.join(" "), cell("endsAt"), cell("createdBy"), cell("comment")]
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn expire(options: &Expire) -> Exit {
    let mut exit = Exit::Ok;
    for id in &options.ids {
        let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let path = format!("/api/v2/silence/{encoded}");
        if let Err(error) = client::delete(&options.peer, &path) {
            let _ = io::Write::flush(&mut io::stdout());
            eprintln!("{id}: {error:#}");
            exit = Exit::Fatal;
        }
    }
    exit
}

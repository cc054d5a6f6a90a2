//! `noroshi route test`: which way an alert would go.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};

use super::{
    args::{Daemon, Files},
    exit::Exit,
    page, silence,
};
use crate::{
    alert::spec::{self, GroupBy},
    model::{MatchOp, Pairs, PromDuration, matcher::all_match},
};

/// `noroshi route ...`
#[derive(Debug, Args)]
pub(super) struct Route {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show which receivers an alert of these labels reaches, and by which route
    Test(Test),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi route test severity=critical team=db
  noroshi route test --alertmanager=alertmanager.yml NoroshiCheckDown check=website
  noroshi route test team=db --verify-receivers=db-pager,audit

Exit codes: 0 shown, 1 other receivers than --verify-receivers, 2 usage, 78 mistakes in the configuration")]
struct Test {
    #[command(flatten)]
    files: Files,
    /// An alertmanager.yml, in the place of noroshi's own configuration
    #[arg(long, value_name = "FILE", conflicts_with = "config_file")]
    alertmanager: Option<PathBuf>,
    /// The alert's labels: label=value; a bare word first is the alertname
    #[arg(value_name = "LABEL=VALUE")]
    labels: Vec<String>,
    /// Exit 1 unless it reaches exactly these, in this order: NAME,NAME
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    verify_receivers: Vec<String>,
}

/// Runs what was asked for.
pub(super) fn run(files: &Files, daemon: &Daemon, route: &Route) -> Exit {
    let What::Test(options) = &route.what;
    let labels = match labels(&options.labels) {
        Ok(labels) => labels,
        Err(why) => {
            eprintln!("{why}");
            return Exit::Usage;
        }
    };
    let files = options.files.clone().or(files.clone());
    let alerting = match super::alerting::read(&files, daemon, options.alertmanager.as_deref()) {
        Ok(alerting) => alerting,
        Err(exit) => return exit,
    };
    let ways = ways(&alerting.pipeline.route, &labels);
    let shown = page::show(&text(&ways, &labels));
    let reached: Vec<&str> = ways.iter().map(Way::receiver).collect();
    if options.verify_receivers.is_empty() || reached == options.verify_receivers {
        return shown;
    }
    eprintln!("expected {}, reached {}", options.verify_receivers.join(","), reached.join(","));
    Exit::Fatal
}

fn labels(texts: &[String]) -> Result<Pairs, String> {
    let matchers = silence::typed(texts)?;
    if let Some(other) = matchers.iter().find(|one| one.op != MatchOp::Equal) {
        return Err(format!("`{other}` is no label of an alert: write label=value"));
    }
    Ok(Pairs::new(matchers.iter().map(|one| (&*one.name, &*one.value))))
}

/// A route an alert takes, with those around it.
struct Way<'r>(Vec<&'r spec::Route>);

impl<'r> Way<'r> {
    fn end(&self) -> Option<&'r spec::Route> {
        self.0.last().copied()
    }

    fn receiver(&self) -> &'r str {
        self.end().map_or("", |route| &route.receiver)
    }
}

/// Depth first, as Alertmanager walks: a route takes what none inside of it takes.
fn ways<'r>(route: &'r spec::Route, labels: &Pairs) -> Vec<Way<'r>> {
    if !all_match(&route.matchers, labels) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for inside in &route.routes {
        let found = ways(inside, labels);
        let taken = !found.is_empty();
        all.extend(found.into_iter().map(|Way(way)| Way([route].into_iter().chain(way).collect())));
        if taken && !inside.continues {
            break;
        }
    }
    if all.is_empty() { vec![Way(vec![route])] } else { all }
}

fn text(ways: &[Way<'_>], labels: &Pairs) -> String {
    let mut out = String::new();
    for way in ways {
        let Some(route) = way.end() else { continue };
        let _ = writeln!(out, "{}", way.receiver());
        for (depth, step) in way.0.iter().enumerate() {
            let indent = "  ".repeat(depth + 1);
            let continues = if step.continues { " (continue)" } else { "" };
            let _ = writeln!(out, "{indent}{}{continues}", braced(step));
        }
        let _ = writeln!(out, "  group     {}", group(route, labels));
        let _ = writeln!(
            out,
            "  timers    wait {}, interval {}, repeat {}",
            PromDuration(route.group_wait),
            PromDuration(route.group_interval),
            PromDuration(route.repeat_interval)
        );
        for (words, names) in
            [("muted in ", &route.mute_time_intervals), ("active in", &route.active_time_intervals)]
        {
            if !names.is_empty() {
                let _ = writeln!(out, "  {words} {}", names.join(", "));
            }
        }
    }
    out
}

fn braced(route: &spec::Route) -> String {
    let matchers: Vec<String> = route.matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", matchers.join(", "))
}

/// The labels that make its group.
fn group(route: &spec::Route, labels: &Pairs) -> String {
    let own = |name: &str| match &route.group_by {
        GroupBy::All => true,
        GroupBy::Labels(names) => names.contains(name),
    };
    let pairs: Vec<String> = labels
        .iter()
        .filter(|(name, _)| own(name))
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

//! `noroshi notify test`: one alert that is none, through a receiver's real providers.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};

use super::{
    args::{Daemon, Files},
    exit::Exit,
    page,
    paint::harmless,
    silence,
};
use crate::{
    app::{Trial, notify_test},
    clock::Clock,
    model::{Delivery, DeliveryResult, MatchOp, Pairs, SendFailure},
};

/// `noroshi notify ...`
#[derive(Debug, Args)]
pub(super) struct Notify {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Send a test through every provider of a receiver and show what each answered
    Test(Test),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi notify test ops --config.file=config.toml
  noroshi notify test ops --alertmanager=alertmanager.yml severity=critical --resolved

Exit codes: 0 all took it, 1 one did not, 2 usage, 78 mistakes in the configuration")]
struct Test {
    #[command(flatten)]
    files: Files,
    /// An alertmanager.yml, in the place of noroshi's own configuration
    #[arg(long, value_name = "FILE", conflicts_with = "config_file")]
    alertmanager: Option<PathBuf>,
    /// The receiver's name
    receiver: String,
    /// Labels of the test's alert
    #[arg(value_name = "LABEL=VALUE")]
    labels: Vec<String>,
    /// Tell it as resolved
    #[arg(long)]
    resolved: bool,
}

/// Runs what was asked for.
pub(super) fn run(files: &Files, daemon: &Daemon, notify: &Notify) -> Exit {
    let What::Test(options) = &notify.what;
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
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return Exit::Fatal;
        }
    };
    let trial = Trial { labels, resolved: options.resolved };
    let tried = notify_test(&alerting, &options.receiver, &trial, Clock::system());
    match runtime.block_on(tried) {
        Ok(tried) => show(&options.receiver, &tried),
        Err(why) => {
            eprintln!("{why}");
            Exit::Usage
        }
    }
}

fn labels(texts: &[String]) -> Result<Pairs, String> {
    let matchers = silence::typed(texts)?;
    if let Some(other) = matchers.iter().find(|one| one.op != MatchOp::Equal) {
        return Err(format!("`{other}` is no label of an alert: write label=value"));
    }
    Ok(Pairs::new(matchers.iter().map(|one| (&*one.name, &*one.value))))
}

fn show(receiver: &str, tried: &[Delivery]) -> Exit {
    if tried.is_empty() {
        return page::show(&format!("{receiver} has no provider: it drops what it gets\n"));
    }
    let mut out = String::new();
    let mut all = true;
    for delivery in tried {
        let failure = |failure: &SendFailure| {
            let status = failure.status.map(|status| format!(" {status}")).unwrap_or_default();
            format!("{}{status}: {}", failure.reason.word(), harmless(&failure.detail))
        };
        let words = match &delivery.result {
            DeliveryResult::Delivered(_) => "delivered".to_owned(),
            DeliveryResult::Retry { failure: why, next_at } => {
                format!("would be tried again at {next_at:.0}: {}", failure(why))
            }
            DeliveryResult::Dead(why) => format!("refused: {}", failure(why)),
        };
        all &= matches!(delivery.result, DeliveryResult::Delivered(_));
        let place = format!("{receiver}/{}[{}]", delivery.lane.kind, delivery.lane.integration);
        let _ = writeln!(out, "{place}  {words} ({:.0} ms)", delivery.seconds * 1000.0);
    }
    match page::show(&out) {
        Exit::Ok if !all => Exit::Fatal,
        exit => exit,
    }
}

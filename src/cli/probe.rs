use std::io;

use serde_json::json;

use super::{
    args::{self, Daemon, Files},
    exit::Exit,
    page,
    paint::Paint,
    run::sources,
    waterfall,
};
use crate::{
    app,
    clock::Clock,
    config,
    model::{Diagnostic, Trace, Verdict},
    net::{Net, spec::TlsOptions},
    probe::{self, Report, spec::Check},
};

/// `noroshi probe`.
pub(super) fn run(files: &Files, daemon: &Daemon, options: &args::Probe) -> Exit {
    let check = match &options.check {
        Some(name) => configured(files, daemon, name),
        None => given(options),
    };
    let check = match check {
        Ok(check) => check,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return Exit::CouldNotTell;
        }
    };
    let exit = runtime.block_on(all(&check, options));
    // A file that never answers must not keep the process.
    runtime.shutdown_background();
    exit
}

async fn all(check: &Check, options: &args::Probe) -> Exit {
    let net = Net::new();
    // The system's roots are read once per process. The daemon has that behind it; a single run must not count it.
    let _ = net.tls().client(&TlsOptions::default(), &[]).await;
    let (mut worst, mut outcomes) = (Exit::Ok, Vec::new());
    for _ in 0..options.count {
        let report = probe::run(check, &net, Clock::system(), Trace::on()).await;
        worst = worse(worst, exit(report.outcome.verdict));
        if options.json {
            page::show(&format!("{}\n", as_json(check, &report)));
        } else if !options.prom {
            page::show(&waterfall::draw(check, &report, Paint::on(&io::stdout())));
        }
        outcomes.push(report.outcome);
    }
    if options.prom {
        page::show(&app::exposition(check, outcomes, Clock::system()));
    }
    worst
}

fn configured(files: &Files, daemon: &Daemon, name: &str) -> Result<Check, Exit> {
    let sources = sources(files, daemon);
    let loaded = config::load(&sources);
    let Some(config) = &loaded.config else {
        eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was probed"));
        return Err(Exit::Config);
    };
    let found = config.checks.iter().find(|check| check.settings.id.as_str() == name).cloned();
    found.ok_or_else(|| {
        let names: Vec<&str> =
            config.checks.iter().take(20).map(|check| check.settings.id.as_str()).collect();
        eprintln!("no check is named `{name}`; there are: {}", names.join(", "));
        Exit::Usage
    })
}

fn given(options: &args::Probe) -> Result<Check, Exit> {
    let (Some(kind), Some(target)) = (&options.kind, &options.target) else {
        return Err(Exit::Usage);
    };
    let mut pairs = Vec::new();
    for pair in &options.pairs {
        let Some((key, value)) = pair.split_once('=') else {
            eprintln!("`{pair}` is not KEY=VALUE");
            return Err(Exit::Usage);
        };
        pairs.push((key.to_owned(), value.to_owned()));
    }
    config::one_off(kind, target, &pairs).map_err(|diagnostics: Vec<Diagnostic>| {
        eprint!("{}", config::human(&diagnostics, Paint::on(&io::stderr()).is_on()));
        Exit::Usage
    })
}

fn as_json(check: &Check, report: &Report) -> serde_json::Value {
    let outcome = &report.outcome;
    let phases: serde_json::Map<_, _> = outcome
        .phases
        .iter()
        .map(|(phase, took)| (phase.word().to_owned(), json!(took.as_secs_f64())))
        .collect();
    let facts: Vec<_> = outcome
        .facts
        .iter()
        .map(|fact| {
            let labels: serde_json::Map<_, _> = fact
                .desc
                .labels
                .iter()
                .zip(fact.labels.iter())
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            json!({ "name": fact.desc.name, "labels": labels, "value": fact.value })
        })
        .collect();
    let steps: Vec<_> = report
        .trace
        .steps
        .iter()
        .map(|(after, what)| json!({ "after_seconds": after.as_secs_f64(), "what": what }))
        .collect();
    json!({
        "check": check.settings.id,
        "kind": check.settings.kind,
        "target": check.settings.target,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "detail": outcome.detail,
        "duration_seconds": outcome.duration.as_secs_f64(),
        "phases": phases,
        "facts": facts,
        "expectations": report.trace.expectations,
        "steps": steps,
    })
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass | Verdict::Warn => Exit::Ok,
        Verdict::Fail => Exit::Fatal,
        Verdict::Unknown => Exit::CouldNotTell,
    }
}

/// Down is worse than not knowing, which is worse than up.
fn worse(a: Exit, b: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Fatal => 2,
        Exit::CouldNotTell => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

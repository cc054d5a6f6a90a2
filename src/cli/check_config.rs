use std::{io, path::Path};

use super::{
    args::{self, Daemon, Files, Format},
    exit::Exit,
    page,
    paint::Paint,
    run::sources,
};
use crate::{
    app,
    config::{self, AlertmanagerFile, AlertmanagerSource},
    model::{Diagnostic, Severity},
};

/// `noroshi check-config`.
pub(super) fn run(files: &Files, daemon: &Daemon, options: &args::CheckConfig) -> Exit {
    if let Some(path) = &options.alertmanager {
        return alertmanager(path, daemon, options);
    }
    let mut sources = sources(files, daemon);
    sources.files.extend(options.paths.iter().cloned());
    if sources.files.is_empty() {
        eprintln!("no configuration file: name one, or use --config.file");
        return Exit::Usage;
    }
    let mut loaded = config::load(&sources);
    let alerting = loaded.config.as_ref().and_then(|config| config.alerting.as_ref());
    let allowed = options.allow_missing_providers
        || alerting.is_some_and(|alerting| alerting.allow_missing_providers);
    if !allowed {
        loaded.refuse_missing();
    }
    let web = loaded.config.as_ref().and_then(|config| config.web.config_file());
    let found = web.map(app::web_config_diagnostics);
    loaded.diagnostics.extend(found.unwrap_or_default());
    let quiet = loaded.diagnostics.is_empty();
    if options.format == Format::Human && !quiet {
        eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was started"));
    }
    if options.format == Format::Json && !options.show_effective {
        page::show(&format!("{}\n", config::json(&loaded.diagnostics)));
    }
    let wrong = is_wrong(&loaded.diagnostics, options);
    if wrong || loaded.config.is_none() {
        return Exit::Config;
    }
    if options.show_effective {
        return page::show(&loaded.effective(options.sources));
    }
    if options.format == Format::Human {
        let checks = loaded.config.as_ref().map_or(0, |config| config.checks.len());
        let plural = if checks == 1 { "" } else { "s" };
        let fine = format!("{} is fine: {checks} check{plural}\n", named(&sources.files));
        return page::show(&fine);
    }
    Exit::Ok
}

/// An `alertmanager.yml`, the templates it names, and a file of noroshi's own beside it.
fn alertmanager(path: &Path, daemon: &Daemon, options: &args::CheckConfig) -> Exit {
    let mut file = AlertmanagerFile::read(&AlertmanagerSource {
        path: path.to_owned(),
        extras: options.extras.clone(),
        ..AlertmanagerSource::default()
    });
    if !(options.allow_missing_providers || daemon.allow_missing_providers) {
        file.refuse_missing();
    }
    match options.format {
        Format::Json => {
            page::show(&format!("{}\n", config::json(&file.diagnostics)));
        }
        Format::Human if !file.diagnostics.is_empty() => {
            eprint!("{}", file.human("nothing was started"));
        }
        Format::Human => {}
    }
    if is_wrong(&file.diagnostics, options) || file.alerting.is_none() {
        return Exit::Config;
    }
    let receivers = file.alerting.map_or(0, |alerting| alerting.receivers.receivers.len());
    if options.format == Format::Json {
        return Exit::Ok;
    }
    let plural = if receivers == 1 { "" } else { "s" };
    page::show(&format!("{} is fine: {receivers} receiver{plural}\n", path.display()))
}

fn is_wrong(found: &[Diagnostic], options: &args::CheckConfig) -> bool {
    found.iter().any(|found| found.severity == Severity::Error || options.deny_warnings)
}

fn named(files: &[std::path::PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

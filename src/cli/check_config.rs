use std::io;

use super::{
    args::{self, Daemon, Files, Format},
    exit::Exit,
    page,
    paint::Paint,
    run::sources,
};
use crate::{app, config, model::Severity};

/// `noroshi check-config`.
pub(super) fn run(files: &Files, daemon: &Daemon, options: &args::CheckConfig) -> Exit {
    let mut sources = sources(files, daemon);
    sources.files.extend(options.paths.iter().cloned());
    if sources.files.is_empty() {
        eprintln!("no configuration file: name one, or use --config.file");
        return Exit::Usage;
    }
    let mut loaded = config::load(&sources);
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
    let wrong = loaded
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error || options.deny_warnings);
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

fn named(files: &[std::path::PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

use std::io;

use super::{
    args::{self, Daemon, Files, Format},
    exit::Exit,
    paint::Paint,
    run::sources,
};
use crate::{config, model::Severity};

/// `noroshi check-config`.
pub(super) fn run(files: &Files, daemon: &Daemon, options: &args::CheckConfig) -> Exit {
    let mut sources = sources(files, daemon);
    sources.files.extend(options.paths.iter().cloned());
    if sources.files.is_empty() {
        eprintln!("no configuration file: name one, or use --config.file");
        return Exit::Usage;
    }
    let loaded = config::load(&sources);
    match options.format {
        Format::Json => println!("{}", config::json(&loaded.diagnostics)),
        Format::Human => {
            eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was started"));
        }
    }
    let wrong = loaded
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error || options.deny_warnings);
    if wrong || loaded.config.is_none() {
        return Exit::Config;
    }
    if options.show_effective {
        print!("{}", loaded.effective(options.sources));
    } else if options.format == Format::Human {
        let checks = loaded.config.as_ref().map_or(0, |config| config.checks.len());
        println!("{} is fine: {checks} checks", named(&sources.files));
    }
    Exit::Ok
}

fn named(files: &[std::path::PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

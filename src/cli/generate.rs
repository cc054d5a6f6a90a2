use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};

use super::{exit::Exit, page};
use crate::{
    compat::blackbox::{self, Options},
    config,
    model::Severity,
};

/// `noroshi generate ...`
#[derive(Debug, Args)]
pub(super) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the checks that do what the modules of a blackbox.yml do
    Config(Config),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi generate config --from-blackbox blackbox.yml                      a commented check per module
  noroshi generate config --from-blackbox blackbox.yml --targets list.txt   checks of `TARGET [MODULE]` lines
  noroshi generate config --from-blackbox blackbox.yml --targets sd.json    checks of Prometheus' file_sd targets

Exit codes: 0 written, 1 a file cannot be read, 78 mistakes in the blackbox.yml")]
struct Config {
    /// The configuration of blackbox_exporter
    #[arg(long, value_name = "FILE")]
    from_blackbox: PathBuf,
    /// What it probes: lines of a target and perhaps a module, or a file_sd list, whose label `module` or
    /// `__param_module` chooses the module. A target that names none is given to each module that takes it
    #[arg(long, value_name = "FILE")]
    targets: Option<PathBuf>,
    /// Write secrets as they are, not as references to environment variables
    #[arg(long)]
    with_secrets: bool,
}

/// `noroshi generate config --from-blackbox FILE [--targets FILE]`.
pub(super) fn run(generate: &Generate) -> Exit {
    let What::Config(asked) = &generate.what;
    match generated(asked) {
        Ok(exit) => exit,
        Err(why) => {
            eprintln!("{why}");
            Exit::Fatal
        }
    }
}

fn generated(asked: &Config) -> Result<Exit, String> {
    let read = |path: &PathBuf| {
        fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let text = read(&asked.from_blackbox)?;
    let targets = match &asked.targets {
        Some(path) => blackbox::targets(&read(path)?, path)?,
        None => Vec::new(),
    };
    let options = Options {
        text: &text,
        file: &asked.from_blackbox,
        targets: &targets,
        with_secrets: asked.with_secrets,
    };
    let Ok(converted) = blackbox::convert(&options) else {
        let file = config::BlackboxFile::read(asked.from_blackbox.clone());
        eprint!("{}", file.human("nothing was written"));
        return Ok(Exit::Config);
    };
    for warning in &converted.warnings {
        let line = warning.span.as_ref().map_or(0, |span| span.line);
        debug_assert_eq!(warning.severity, Severity::Warning);
        eprintln!("{}:{line}: {}", asked.from_blackbox.display(), warning.message);
    }
    for note in &converted.notes {
        eprintln!("note: {note}");
    }
    Ok(page::show(&converted.toml))
}

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{exit::Exit, page};
use crate::{
    compat::{
        blackbox::{self, Options},
        gatus, uptime_kuma,
    },
    config,
    model::Severity,
    store::foreign,
};

/// `noroshi generate ...`
#[derive(Debug, Args)]
pub(super) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the configuration that does what another program's does
    Config(Config),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi generate config --from-blackbox blackbox.yml                      a commented check per module
  noroshi generate config --from-blackbox blackbox.yml --targets list.txt   checks of `TARGET [MODULE]` lines
  noroshi generate config --from-blackbox blackbox.yml --targets sd.json    checks of Prometheus' file_sd targets
  noroshi generate config --from-gatus config.yaml                          checks, receivers, maintenance windows
  noroshi generate config --from-uptime-kuma kuma.db                        the same of Uptime Kuma 1.23 or 2.0

The configuration goes to standard output; what has no equivalent, and what has to be done by hand, stands in it as
comments and is told on standard error. docs/migration/ has a page for each of these programs.

Exit codes: 0 written, 1 a file cannot be read, 2 usage, 78 mistakes in the file of the other program")]
struct Config {
    #[command(flatten)]
    from: From,
    /// What blackbox_exporter probes: lines of a target and perhaps a module, or a file_sd list, whose label `module` or
    /// `__param_module` chooses the module. A target that names none is given to each module that takes it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from_gatus", "from_uptime_kuma"])]
    targets: Option<PathBuf>,
    /// Write secrets as they are, not as references to environment variables
    #[arg(long)]
    with_secrets: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct From {
    /// The configuration of blackbox_exporter
    #[arg(long, value_name = "FILE")]
    from_blackbox: Option<PathBuf>,
    /// The configuration of Gatus, a file or a folder. `${NAME}` in it is replaced from the environment, as Gatus does
    #[arg(long, value_name = "PATH")]
    from_gatus: Option<PathBuf>,
    /// The database of Uptime Kuma, kuma.db. It is only read, and Uptime Kuma may be running
    #[arg(long, value_name = "FILE")]
    from_uptime_kuma: Option<PathBuf>,
}

/// `noroshi generate config --from-... FILE`.
pub(super) fn run(generate: &Generate) -> Exit {
    let What::Config(asked) = &generate.what;
    let from = &asked.from;
    let generated = match (&from.from_blackbox, &from.from_gatus, &from.from_uptime_kuma) {
        (Some(file), _, _) => from_blackbox(asked, file),
        (_, Some(file), _) => from_gatus(asked, file),
        (_, _, Some(file)) => from_uptime_kuma(asked, file),
        (None, None, None) => Ok(Exit::Usage),
    };
    generated.unwrap_or_else(|why| {
        eprintln!("{why}");
        Exit::Fatal
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn from_gatus(asked: &Config, from: &Path) -> Result<Exit, String> {
    let files = if from.is_dir() {
        let mut files = Vec::new();
        gatus_files(from, &mut files)?;
        files
    } else {
        vec![gatus::Source { path: from.to_owned(), text: read(from)? }]
    };
    if files.is_empty() {
        return Err(format!("{} holds no file named *.yaml or *.yml", from.display()));
    }
    let environment = |name: &str| std::env::var(name).ok();
    let options = gatus::Options {
        files: &files,
        from,
        environment: &environment,
        with_secrets: asked.with_secrets,
    };
    match gatus::convert(&options) {
        Ok(converted) => Ok(written(&converted.toml, &converted.notes)),
        Err(gatus::Unread { path, line, message }) => {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            eprintln!("{}{line}: {message}; nothing was written", path.display());
            Ok(Exit::Config)
        }
    }
}

/// The files of a folder that Gatus reads, in its order: however deep, by name, and none with two dots in its path, which
/// is how Kubernetes keeps the older and the newer contents of a ConfigMap apart.
fn gatus_files(folder: &Path, files: &mut Vec<gatus::Source>) -> Result<(), String> {
    let unread = |error| format!("cannot read {}: {error}", folder.display());
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).map_err(unread)?.collect();
    let mut entries = entries.map_err(unread)?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|own| own == "yaml" || own == "yml");
        if entry.file_name().to_string_lossy().contains("..") {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gatus_files(&path, files)?;
        } else if is_yaml {
            files.push(gatus::Source { text: read(&path)?, path });
        }
    }
    Ok(())
}

fn from_uptime_kuma(asked: &Config, file: &Path) -> Result<Exit, String> {
    let foreign::Read { tables, unread } =
        foreign::tables(file, &uptime_kuma::TABLES).map_err(|error| error.to_string())?;
    let options = uptime_kuma::Options {
        tables: &tables,
        unread: &unread,
        file,
        with_secrets: asked.with_secrets,
    };
    match uptime_kuma::convert(&options) {
        Ok(converted) => Ok(written(&converted.toml, &converted.notes)),
        Err(why) => {
            eprintln!("{}: {why}; nothing was written", file.display());
            Ok(Exit::Config)
        }
    }
}

fn from_blackbox(asked: &Config, file: &Path) -> Result<Exit, String> {
    let text = read(file)?;
    let targets = match &asked.targets {
        Some(path) => blackbox::targets(&read(path)?, path)?,
        None => Vec::new(),
    };
    let options =
        Options { text: &text, file, targets: &targets, with_secrets: asked.with_secrets };
    let Ok(converted) = blackbox::convert(&options) else {
        let file = config::BlackboxFile::read(file.to_owned());
        eprint!("{}", file.human("nothing was written"));
        return Ok(Exit::Config);
    };
    for warning in &converted.warnings {
        let line = warning.span.as_ref().map_or(0, |span| span.line);
        debug_assert_eq!(warning.severity, Severity::Warning);
        eprintln!("{}:{line}: {}", file.display(), warning.message);
    }
    Ok(written(&converted.toml, &converted.notes))
}

/// The configuration on one side, what people have to know on the other.
fn written(toml: &str, notes: &[String]) -> Exit {
    for note in notes {
        eprintln!("note: {note}");
    }
    page::show(toml)
}

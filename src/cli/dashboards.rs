use std::{fs, path::PathBuf};

use clap::Args;

use super::{exit::Exit, page};
use crate::{
    dashboards::{self, Dashboard},
    model::suggest::did_you_mean,
};

/// `noroshi dashboards`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  noroshi dashboards --out grafana              all of them, a file each
  noroshi dashboards noroshi-overview           one of them, to the terminal

Exit codes: 0 written, 1 a file cannot be written, 2 usage")]
pub(super) struct Dashboards {
    /// Which, by their ids in Grafana [default: all]
    #[arg(value_name = "UID", value_parser = known)]
    uids: Vec<&'static str>,
    /// The folder that gets a file for each; without one they are printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// `noroshi dashboards [--out DIR] [UID...]`.
pub(super) fn run(options: &Dashboards) -> Exit {
    let all = dashboards::all();
    let is_wanted =
        |dashboard: &&Dashboard| options.uids.is_empty() || options.uids.contains(&dashboard.uid());
    let wanted: Vec<&Dashboard> = all.iter().filter(is_wanted).collect();
    let Some(folder) = &options.out else { return show(&wanted) };
    match write(&wanted, folder) {
        Ok(()) => Exit::Ok,
        Err(why) => {
            eprintln!("{why}");
            Exit::Fatal
        }
    }
}

/// One after the other would be a file that nobody can import.
fn show(wanted: &[&Dashboard]) -> Exit {
    if let [one] = wanted {
        return page::show(&one.text());
    }
    let lines = wanted.iter().map(|one| format!("{:<20} {}\n", one.uid(), one.title()));
    eprintln!("note: `--out DIR` writes them all, a UID prints one");
    page::show(&lines.collect::<String>())
}

fn write(wanted: &[&Dashboard], folder: &PathBuf) -> Result<(), String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    for dashboard in wanted {
        let path = folder.join(format!("{}.json", dashboard.uid()));
        fs::write(&path, dashboard.text())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

fn known(word: &str) -> Result<&'static str, String> {
    let uids = dashboards::all().map(|dashboard| dashboard.uid());
    uids.into_iter().find(|uid| *uid == word).ok_or_else(|| {
        let hint =
            did_you_mean(word, uids).unwrap_or_else(|| format!("there are {}", uids.join(", ")));
        format!("no dashboard is called `{word}`; {hint}")
    })
}

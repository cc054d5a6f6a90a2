//! The configuration of alerting, for commands that look at it without a daemon.

use std::{io, path::Path};

use super::{
    args::{Daemon, Files},
    exit::Exit,
    paint::Paint,
    run::sources,
};
use crate::config::{self, Alerting, AlertmanagerFile, AlertmanagerSource};

/// Of noroshi's own configuration, or of an `alertmanager.yml`. Mistakes and warnings go to the terminal.
pub(super) fn read(
    files: &Files,
    daemon: &Daemon,
    alertmanager: Option<&Path>,
) -> Result<Alerting, Exit> {
    if let Some(path) = alertmanager {
        let source = AlertmanagerSource { path: path.to_owned(), ..AlertmanagerSource::default() };
        let file = AlertmanagerFile::read(&source);
        if file.alerting.is_none() {
            eprint!("{}", file.human("nothing was done"));
        }
        return file.alerting.ok_or(Exit::Config);
    }
    let loaded = config::load(&sources(files, daemon));
    let Some(config) = loaded.config.clone() else {
        eprint!("{}", loaded.human(Paint::on(&io::stderr()).is_on(), "nothing was done"));
        return Err(Exit::Config);
    };
    if config.alerting.is_none() {
        eprintln!("the configuration has no `[route]`; --config.file names another");
    }
    config.alerting.ok_or(Exit::Config)
}

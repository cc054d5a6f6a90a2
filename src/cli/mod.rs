//! Arguments to calls of the app; prints.
//!
//! Contract: the only folder that writes to the terminal, and the only one that chooses exit codes.

#![expect(clippy::print_stderr, reason = "this folder is the terminal")]

mod alerting;
mod alertmanager;
mod args;
mod argsfile;
mod blackbox;
mod check_config;
mod client;
mod dashboards;
mod exit;
mod explain;
mod generate;
mod kube_state_metrics;
mod list;
mod notify;
mod page;
mod paint;
mod personality;
mod probe;
mod rbac;
mod route;
mod rules;
mod run;
mod silence;
mod waterfall;
mod web;

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, Parser, error::ErrorKind};

use args::{Args, Command};
use exit::Exit;

/// Runs what the arguments ask for.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    // rustls needs one provider per process; a second call finds it there, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let own = blackbox::in_its_place(&args)
        .or_else(|| alertmanager::in_its_place(&args))
        .or_else(|| kube_state_metrics::in_its_place(&args));
    if let Some(exit) = own {
        return exit.into();
    }
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Nothing is left to tell a person whose terminal is gone.
            let _ = error.print();
            let shown = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if shown { Exit::Ok } else { Exit::Usage }.into();
        }
    };
    dispatch(args).into()
}

fn dispatch(args: Args) -> Exit {
    let Args { command, files, daemon } = args;
    match command {
        None => run::run(&files, &daemon),
        Some(Command::Run(own)) => run::run(&own.files.or(files), &own.daemon.or(daemon)),
        Some(Command::CheckConfig(options)) => {
            check_config::run(&options.files.clone().or(files), &daemon, &options)
        }
        Some(Command::Probe(options)) => {
            probe::run(&options.files.clone().or(files), &daemon, &options)
        }
        Some(Command::Explain(options)) => explain::run(&options),
        Some(Command::Generate(options)) => generate::run(&options),
        Some(Command::List(options)) => list::list(&options),
        Some(Command::Status(options)) => list::status(&options),
        Some(Command::Blackbox(_)) => {
            eprintln!("its flags stand behind `noroshi blackbox`, none before it");
            Exit::Usage
        }
        Some(Command::Alertmanager(_)) => {
            eprintln!("its flags stand behind `noroshi alertmanager`, none before it");
            Exit::Usage
        }
        Some(Command::KubeStateMetrics(_)) => {
            eprintln!("its flags stand behind `noroshi kube-state-metrics`, none before it");
            Exit::Usage
        }
        Some(Command::Route(options)) => route::run(&files, &daemon, &options),
        Some(Command::Notify(options)) => notify::run(&files, &daemon, &options),
        Some(Command::Silence(options)) => silence::run(&options),
        Some(Command::Rules(options)) => rules::run(&options),
        Some(Command::Dashboards(options)) => dashboards::run(&options),
        Some(Command::Rbac(options)) => rbac::run(&files, &daemon, &options),
        Some(Command::Schema) => page::show(&format!("{:#}\n", crate::config::schema())),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "noroshi", &mut script);
            page::show(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man) => page::manual(Args::command()),
    }
}

/// The command line as clap sees it, for the test that freezes every `--help`.
pub fn command() -> clap::Command {
    Args::command()
}

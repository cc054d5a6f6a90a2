//! Blocks of a console: each `$ command` is run with the real binary, and what it prints is what stands below it.

use super::{
    pages::{Block, Page},
    session::{Ended, Session},
};

/// Commands of noroshi that read and print, and so may be tried wherever they stand.
const HARMLESS: &[&str] = &[
    "--help",
    "--version",
    "check-config",
    "completions",
    "dashboards",
    "explain",
    "generate",
    "man",
    "rbac",
    "route",
    "rules",
    "schema",
];

/// A command as typed, and what is shown of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) shown: String,
}

/// The commands of a block. One that ends with a backslash goes on in the next line.
pub(crate) fn steps(block: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while let Some(begun) = command.strip_suffix('\\') {
                let next = lines.next().ok_or("a command that does not end")?;
                command = format!("{begun}{}", next.trim_start().trim_start_matches("> "));
            }
            steps.push(Step { command, shown: String::new() });
        } else {
            let step = steps.last_mut().ok_or("it does not begin with `$ `")?;
            step.shown.push_str(line);
            step.shown.push('\n');
        }
    }
    if steps.is_empty() { Err("it is empty".to_owned()) } else { Ok(steps) }
}

/// Whether a page has anything to run.
pub(crate) fn is_run(page: &Page) -> bool {
    page.blocks().iter().any(|block| block.language == "console" && block.exempt.is_none())
}

/// Runs the blocks of a page in order, in one folder. Gives what went wrong, with its place, and the tools it lacked.
pub(crate) fn run(page: &Page) -> (Vec<String>, Vec<&'static str>) {
    let (mut wrong, mut without) = (Vec::new(), Vec::new());
    let mut session = Session::new();
    wrong.extend(prepare(page, &mut session).err());
    for block in page.blocks() {
        if let Some(name) = named(&block) {
            session.write(name, &block.text);
        }
        if block.language != "console" || block.exempt.is_some() {
            continue;
        }
        let place = format!("{}:{}", page.path, block.line);
        match steps(&block.text) {
            Err(why) => wrong.push(format!("{place}: {why}")),
            Ok(steps) => {
                for step in steps {
                    match session.run(&step.command, &step.shown) {
                        Ended::AsShown => {}
                        Ended::Without(tool) => without.push(tool),
                        Ended::Otherwise(printed) => wrong.push(told(&place, &step, &printed)),
                    }
                }
            }
        }
    }
    (wrong, without)
}

/// Starts the example where the page's commands ask it something.
pub(crate) fn prepare(page: &Page, session: &mut Session) -> Result<(), String> {
    if !needs_the_example(page) {
        return Ok(());
    }
    let log = "...msg=\"noroshi watches\"...\n...\n";
    match session.run("noroshi --config.file=config.example.toml", log) {
        Ended::AsShown => Ok(()),
        _ => Err(format!("{}: the example does not start", page.path)),
    }
}

fn told(place: &str, Step { command, shown }: &Step, printed: &str) -> String {
    format!("{place}: $ {command}\n--- is shown with\n{shown}--- and printed\n{printed}---\n")
}

/// Whether a block that says it cannot be run could be.
pub(crate) fn could_be_run(block: &Block) -> bool {
    let Ok(steps) = steps(&block.text) else { return false };
    let harmless = |step: &Step| {
        let mut words = step.command.split_whitespace();
        words.next() == Some("noroshi") && words.next().is_some_and(|word| HARMLESS.contains(&word))
    };
    if !steps.iter().all(harmless) {
        return false;
    }
    let mut session = Session::new();
    steps.iter().all(|step| matches!(session.run(&step.command, &step.shown), Ended::AsShown))
}

/// The file that a block is, where its first line is a comment that names it: `# config.toml`.
pub(crate) fn named(block: &Block) -> Option<&str> {
    let name = block.text.lines().next()?.strip_prefix("# ")?;
    let name = name.split([',', ' ']).next()?;
    let (stem, ending) = name.rsplit_once('.')?;
    let plain = stem.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (plain && ["toml", "yaml", "yml"].contains(&ending)).then_some(name)
}

/// Whether a page asks the running example for something, and does not start it itself.
fn needs_the_example(page: &Page) -> bool {
    let commands = page.blocks().into_iter().filter(|block| block.language == "console");
    let commands: String =
        commands.filter(|block| block.exempt.is_none()).map(|block| block.text).collect();
    let asks =
        ["noroshi list", "noroshi status", "noroshi silence", "localhost:1007", "127.0.0.1:1007"];
    let starts = ["$ make run", "$ noroshi --config.file", "$ noroshi run"];
    asks.iter().any(|ask| commands.contains(ask))
        && !starts.iter().any(|start| commands.contains(start))
}

#[test]
fn a_block_is_read_as_a_terminal_shows_it() {
    let step = |command: &str, shown: &str| Step { command: command.into(), shown: shown.into() };
    let read = steps("$ a b \\\n    c\nd\n\ne\n$ f\n");
    assert_eq!(read, Ok(vec![step("a b c", "d\n\ne\n"), step("f", "")]));
    assert!(steps("").is_err() && steps("noroshi list\n").is_err());
}

#[test]
fn what_is_printed_otherwise_is_found() {
    let mut session = Session::new();
    let mut right =
        |command: &str, shown: &str| matches!(session.run(command, shown), Ended::AsShown);
    assert!(right("noroshi --version", "noroshi ...\n"));
    assert!(!right("noroshi --version", "blackbox_exporter\n"));
    assert!(right("noroshi explain tls_expired | head -n 1", "tls_expired: ...\n"));
    assert!(right("noroshi check-config config.example.toml", ""));
    assert!(!right("noroshi check-config gone.toml", ""), "a failure with nothing shown");
    assert!(right("noroshi --colour", "error: unexpected argument ...\n...\n"), "both streams");
    assert!(!right("kubectl version", ""), "what is no tool of the pages is not there");
    assert!(right(
        "cargo run --locked -- --config.file=config.example.toml",
        "...msg=\"noroshi watches\"...\n...\n"
    ));
    assert!(right("curl -s localhost:10070/-/ready", "...\n"));
}

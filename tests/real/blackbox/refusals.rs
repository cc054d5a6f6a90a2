//! Configurations that are accepted and refused, and calls that end: the exit codes are equal.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    allowed::{self, Difference},
    exporter::Side,
};

/// `### accepted: name` or `### refused: name`, and then the file.
const CORPUS: &str = include_str!("corpus.txt");

/// Programs that run at a time.
const AT_ONCE: usize = 4;

/// Flags and arguments; none of these calls goes on to serve. `FILE` is a sound configuration, `FOLDER` is where it lies.
const CALLS: &[&[&str]] = &[
    &["--version"],
    &["--no-version"],
    &["--help"],
    &["-h"],
    &["--no-help"],
    &["--help-long"],
    &["--no-help-long"],
    &["--help-man"],
    &["--no-help-man"],
    &["@FOLDER/args"],
    &["@FOLDER/args", "--config.check"],
    &["--config.check", "@FOLDER/none"],
    &["--config.check", "--config.file", "@FOLDER/none"],
    &["--config.check", "--config.file=FILE", "--", "@FOLDER/args"],
    &["--config.check", "--config.file=FILE"],
    &["--config.check", "--config.file", "FILE"],
    &["--config.check=true", "--config.file=FILE"],
    &["--config.file=FILE", "--config.check", "--config.check"],
    &["--config.check"],
    &["--config.check", "--config.file=/nowhere/blackbox.yml"],
    &["--config.check", "--config.file=FOLDER"],
    &["--config.check", "--config.file="],
    &["--config.check", "--config.file"],
    &["--config.check", "--config.file=FILE", "--config.file=FILE"],
    &["--config.file=/nowhere/blackbox.yml"],
    &["--no-such-flag"],
    &["-x"],
    &["-config.check", "-config.file=FILE"],
    &["serve"],
    &["--config.check", "--config.file=FILE", "more"],
    &["--config.check", "--config.file=FILE", "--"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=1"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=-1.5"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=soon"],
    &["--config.check", "--config.file=FILE", "--timeout-offset="],
    &["--config.check", "--config.file=FILE", "--timeout-offset=0x1p-1"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=0x1"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=1e-1"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=1_0"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=inf"],
    &["--config.check", "--config.file=FILE", "--timeout-offset=1e999"],
    &["--config.check", "--config.file=FILE", "--history.limit=0"],
    &["--config.check", "--config.file=FILE", "--history.limit=0x10"],
    &["--config.check", "--config.file=FILE", "--history.limit=010"],
    &["--config.check", "--config.file=FILE", "--history.limit=08"],
    &["--config.check", "--config.file=FILE", "--history.limit=1_000"],
    &["--config.check", "--config.file=FILE", "--history.limit=+5"],
    &["--config.check", "--config.file=FILE", "--history.limit=18446744073709551615"],
    &["--config.check", "--config.file=FILE", "--history.limit=18446744073709551616"],
    &["--config.check", "--config.file=FILE", "--config.auto-reload-interval=4294967296"],
    &["--config.check", "--config.file=FILE", "--history.limit=-1"],
    &["--config.check", "--config.file=FILE", "--history.limit=many"],
    &["--config.check", "--config.file=FILE", "--log.level=debug", "--log.format=json"],
    &["--config.check", "--config.file=FILE", "--log.level=trace"],
    &["--config.check", "--config.file=FILE", "--log.level=INFO"],
    &["--config.check", "--config.file=FILE", "--log.format=xml"],
    &["--config.check", "--config.file=FILE", "--log.prober=debug"],
    &["--config.check", "--config.file=FILE", "--log.prober=loud"],
    &["--config.check", "--config.file=FILE", "--config.enable-auto-reload"],
    &["--config.check", "--config.file=FILE", "--no-config.enable-auto-reload"],
    &["--config.check", "--config.file=FILE", "--config.auto-reload-interval=5"],
    &["--config.check", "--config.file=FILE", "--config.auto-reload-interval=5s"],
    &["--config.check", "--config.file=FILE", "--config.auto-reload-interval=-5"],
    &["--config.check", "--config.file=FILE", "--web.listen-address=nonsense"],
    &["--config.check", "--config.file=FILE", "--web.listen-address=:1", "--web.listen-address=:2"],
    &["--config.check", "--config.file=FILE", "--web.config.file=/nowhere/web.yml"],
    &["--config.check", "--config.file=FILE", "--web.external-url='http://a.test'"],
    &["--config.check", "--config.file=FILE", "--web.route-prefix=a", "--web.systemd-socket"],
    &["--config.file=FILE", "--web.listen-address=nonsense"],
    &["--config.file=FILE", "--web.listen-address=127.0.0.1:70000"],
    &[
        "--config.file=FILE",
        "--web.config.file=/nowhere/web.yml",
        "--web.listen-address=127.0.0.1:0",
    ],
    &[
        "--config.file=FILE",
        "--web.external-url='http://a.test'",
        "--web.listen-address=127.0.0.1:0",
    ],
    &["--config.file=FILE", "--web.systemd-socket"],
];

#[test]
fn configurations_are_accepted_and_refused_alike() {
    if Side::Theirs.command().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let corpus: Vec<_> = CORPUS.split("\n### ").skip(1).collect();
    let found = each(&corpus, |at, text| {
        let (head, text) = text.split_once('\n').unwrap_or((text, ""));
        let (verdict, name) = head.split_once(": ").unwrap();
        let file = folder.path().join(format!("{at}.yml"));
        std::fs::write(&file, format!("{text}\n")).unwrap();
        let flag = format!("--config.file={}", file.display());
        let codes = Side::BOTH.map(|side| side.run(&["--config.check", &flag]).unwrap().code());
        assert!(["accepted", "refused"].contains(&verdict), "{head}");
        let meant = i32::from(verdict == "refused");
        [
            differ(format!("config {name} (as it is meant)"), codes[0], Some(meant)),
            differ(format!("config {name}"), codes[0], codes[1]),
        ]
    });
    allowed::judge(&["config"], &found);
}

#[test]
fn calls_end_alike() {
    if Side::Theirs.command().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blackbox.yml");
    std::fs::write(&file, "modules:\n  http_2xx: { prober: http }\n").unwrap();
    let lines = format!("# where it is\n--config.check\n--config.file={}\n", file.display());
    std::fs::write(folder.path().join("args"), lines).unwrap();
    let (file, folder) = (file.display().to_string(), folder.path().display().to_string());
    let found = each(CALLS, |_, call| {
        let words: Vec<_> = call
            .iter()
            .map(|word| word.replace("FILE", &file).replace("FOLDER", &folder))
            .collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let codes = Side::BOTH.map(|side| side.run(&words).unwrap().code());
        [differ(format!("call {}", call.join(" ")), codes[0], codes[1])]
    });
    allowed::judge(&["call"], &found);
}

fn differ(case: String, theirs: Option<i32>, ours: Option<i32>) -> Option<Difference> {
    let told =
        |code: Option<i32>| code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    (theirs != ours).then(|| Difference {
        case,
        field: "exit code".to_owned(),
        theirs: told(theirs),
        ours: told(ours),
    })
}

/// The differences of each, some at a time: they are processes, and short ones.
fn each<T: Sync, const N: usize>(
    all: &[T],
    compare: impl Fn(usize, &T) -> [Option<Difference>; N] + Sync,
) -> Vec<Difference> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(at) else { return found };
            found.extend(compare(at, one).into_iter().flatten());
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

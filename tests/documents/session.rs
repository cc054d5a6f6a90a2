//! Where the commands of a page run: a folder of its own with the repository's example, the real binary, a few tools of a
//! shell, and nothing else. Ports that pages name stand for free ones of loopback.

use std::{
    fmt::Write as _,
    fs,
    io::{PipeReader, Read, pipe},
    net::{TcpListener, UdpSocket},
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use regex::{Captures, Regex};

use super::{likeness, pages::root, picture};

/// How long a command may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks at something that is awaited.
const POLL: Duration = Duration::from_millis(20);

/// What the pages may use beside noroshi; whatever else they name is not found, so that no test reaches a real cluster.
const TOOLS: &[&str] = &[
    "awk", "cat", "cp", "curl", "grep", "head", "make", "mkdir", "sed", "sh", "sort", "tail", "tr",
    "wc",
];

/// The ports that pages name: of the example and its demo, and of the drop-ins.
const NAMED: [u16; 12] =
    [10070, 10071, 10072, 10073, 10074, 10075, 10076, 10077, 9115, 9093, 8080, 8081];

/// Below the ports that systems give away by themselves.
const FREE: std::ops::Range<u16> = 20_000..32_000;

/// Which command was started and how it stands.
struct Running {
    child: Child,
    printed: Arc<Mutex<String>>,
}

/// A page's folder and what its commands have left running.
pub(crate) struct Session {
    folder: tempfile::TempDir,
    first: u16,
    running: Vec<Running>,
}

/// What came of a command.
pub(crate) enum Ended {
    AsShown,
    /// A tool that this machine lacks.
    Without(&'static str),
    /// What it printed instead.
    Otherwise(String),
}

impl Session {
    pub(crate) fn new() -> Self {
        let session =
            Self { folder: tempfile::tempdir().unwrap(), first: free_ports(), running: Vec::new() };
        let bin = session.folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for tool in TOOLS {
            if let Some(path) = found(tool) {
                symlink(path, bin.join(tool)).unwrap();
            }
        }
        for (name, text) in [("noroshi", session.noroshi()), ("cargo", CARGO.to_owned())] {
            fs::write(bin.join(name), text).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for name in ["Makefile", "config.example.toml"] {
            session.write(name, &fs::read_to_string(root().join(name)).unwrap());
        }
        session
    }

    /// A file that a page shows, for the commands below it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let mut text = self.real(text);
        if text.contains("\n[demo]\n") && !text.contains("first_port") {
            let first = self.port(1);
            text = text.replace("\n[demo]\n", &format!("\n[demo]\nfirst_port = {first}\n"));
        }
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs a command and holds what it prints against what the page shows.
    ///
    /// One whose last shown line is `...` may go on: it is left running until the page ends. What only asks something of
    /// somebody is asked again until the answer is the one that is shown.
    pub(crate) fn run(&mut self, command: &str, shown: &str) -> Ended {
        if let Some(tool) = TOOLS.iter().find(|tool| names(command, tool) && found(tool).is_none())
        {
            return Ended::Without(tool);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let ended = self.once(command, shown, until);
            let again = asks(command) && Instant::now() < until;
            if matches!(ended, Ended::AsShown) || !again {
                return ended;
            }
            std::thread::park_timeout(POLL * 10);
        }
    }

    fn once(&mut self, command: &str, shown: &str, until: Instant) -> Ended {
        let mut running = self.start(command);
        let goes_on = shown.lines().last().is_some_and(|line| line.trim() == "...");
        loop {
            // In this order: whatever is printed before the end is read.
            let status = running.child.try_wait().unwrap();
            let ended = status.is_some() && Arc::strong_count(&running.printed) == 1;
            let printed = self.named(&running.printed.lock().unwrap());
            if goes_on && likeness::alike(shown, &printed) {
                self.running.push(running);
                return Ended::AsShown;
            }
            if ended {
                let right = match shown {
                    "" => status.is_some_and(|status| status.success()),
                    _ => likeness::alike(shown, &printed),
                };
                return if right { Ended::AsShown } else { Ended::Otherwise(printed) };
            }
            if Instant::now() > until {
                self.running.push(running);
                return Ended::Otherwise(printed + "(and it did not end)\n");
            }
            std::thread::park_timeout(POLL);
        }
    }

    /// What a terminal shows of a command, colours and all. What only asks is asked until it answers as is shown, for a while.
    pub(crate) fn record(&mut self, command: &str, shown: &str) -> String {
        let until = Instant::now() + PATIENCE / 2;
        loop {
            let output = Command::new(found("script").unwrap())
                .args(["-qec", &self.real(command), "/dev/null"])
                .current_dir(self.folder.path())
                .env_clear()
                .envs([
                    ("TERM", "xterm-256color"),
                    ("LANG", "C.UTF-8"),
                    ("TZ", "UTC"),
                    ("USER", "ana"),
                ])
                .env("PATH", self.folder.path().join("bin"))
                .env("HOME", self.folder.path())
                .env("SHELL", "/bin/sh")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let seen = self.named(&String::from_utf8(output.stdout).unwrap().replace('\r', ""));
            let again = asks(command) && Instant::now() < until;
            if !again || likeness::alike(shown, &picture::plain(&seen)) {
                return seen;
            }
            std::thread::park_timeout(POLL * 10);
        }
    }

    /// Both streams go where a terminal would show them; the process has a group of its own, to be ended as a whole.
    fn start(&self, command: &str) -> Running {
        let (reader, writer) = pipe().unwrap();
        let child = Command::new("/bin/sh")
            .args(["-c", &self.real(command)])
            .current_dir(self.folder.path())
            .env_clear()
            .envs([("NO_COLOR", "1"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("USER", "ana")])
            .env("PATH", self.folder.path().join("bin"))
            .env("HOME", self.folder.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stderr(writer.try_clone().unwrap())
            .stdout(writer)
            .spawn()
            .unwrap();
        let printed = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&printed);
        std::thread::spawn(move || keep(reader, &kept));
        Running { child, printed }
    }

    /// The binary, with what keeps it on loopback and on ports of its own.
    fn noroshi(&self) -> String {
        let ports = NAMED.map(|port| self.real(&port.to_string()));
        let [web, .., blackbox, alertmanager, objects, telemetry] = &ports;
        let mut script = format!("#!/bin/sh\nbinary='{}'\n", env!("CARGO_BIN_EXE_noroshi"));
        script.push_str("case \"$*\" in *--url*|*--web.listen-address*|*--help*) exec \"$binary\" \"$@\" ;; esac\n");
        script.push_str("case \"$1\" in\n");
        for (commands, flags) in [
            ("list|status|silence", format!("--url=http://127.0.0.1:{web}")),
            ("run|--config.file*", format!("--web.listen-address=127.0.0.1:{web}")),
            ("blackbox", format!("--web.listen-address=127.0.0.1:{blackbox}")),
            ("alertmanager", format!("--web.listen-address=127.0.0.1:{alertmanager}")),
            (
                "kube-state-metrics",
                format!(
                    "--host=127.0.0.1 --port={objects} --telemetry-host=127.0.0.1 --telemetry-port={telemetry}"
                ),
            ),
        ] {
            writeln!(script, "{commands}) exec \"$binary\" \"$@\" {flags} ;;").unwrap();
        }
        script.push_str("*) exec \"$binary\" \"$@\" ;;\nesac\n");
        script
    }

    fn port(&self, index: usize) -> u16 {
        self.first + u16::try_from(index).unwrap()
    }

    /// The ports that a page names, as they are here.
    fn real(&self, text: &str) -> String {
        let ports = NAMED.map(|port| port.to_string()).join("|");
        let pattern = Regex::new(&format!(r"\b({ports})\b")).unwrap();
        let real = |found: &Captures<'_>| {
            let index = NAMED.iter().position(|port| port.to_string() == found[1]).unwrap();
            self.port(index).to_string()
        };
        pattern.replace_all(text, real).into_owned()
    }

    /// The other way round; and the folder is nowhere.
    fn named(&self, text: &str) -> String {
        let folder = format!("{}/", self.folder.path().display());
        let text = text.replace(&folder, "");
        NAMED.iter().enumerate().fold(text, |text, (index, port)| {
            let real = Regex::new(&format!(r"\b{}\b", self.port(index))).unwrap();
            real.replace_all(&text, port.to_string()).into_owned()
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for Running { child, .. } in &mut self.running {
            let group = format!("-{}", child.id());
            let until = Instant::now() + PATIENCE / 2;
            if matches!(child.try_wait(), Ok(None)) {
                let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
            }
            while matches!(child.try_wait(), Ok(None)) {
                if Instant::now() > until {
                    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                }
                std::thread::park_timeout(POLL);
            }
        }
    }
}

/// `cargo run` is the binary that is already built; nothing else of it is here.
const CARGO: &str = "#!/bin/sh
[ \"$1\" = run ] || { echo \"cargo $1 is not for here\" >&2; exit 64; }
while [ \"$1\" != -- ]; do shift; done
shift
exec noroshi \"$@\"
";

fn keep(mut reader: PipeReader, printed: &Mutex<String>) {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        all.extend_from_slice(&buffer[..read]);
        *printed.lock().unwrap() = String::from_utf8_lossy(&all).into_owned();
    }
}

/// Whether a command only asks somebody who may not know it yet.
fn asks(command: &str) -> bool {
    let reads = ["curl -s ", "noroshi status", "noroshi list", "noroshi silence list"];
    reads.iter().any(|read| command.starts_with(read)) && !command.contains(" -X")
}

/// Whether a pipeline names a program.
fn names(command: &str, program: &str) -> bool {
    command.split(['|', ';', '&', '(']).any(|part| part.split_whitespace().next() == Some(program))
}

fn found(program: &str) -> Option<PathBuf> {
    let places = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> =
        std::env::split_paths(&places).chain(["/usr/bin", "/bin"].map(Into::into)).collect();
    all.iter().map(|place| place.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The first of as many free ports in a row as pages name.
fn free_ports() -> u16 {
    let count = u16::try_from(NAMED.len()).unwrap();
    let free = |port: u16| {
        let address = ("127.0.0.1", port);
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    };
    loop {
        let first = fastrand::u16(FREE.start..FREE.end - count);
        if (first..first + count).all(free) {
            return first;
        }
    }
}

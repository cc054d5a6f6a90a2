//! A small world for both programs: names, hosts and loopback that only the test has. Needs namespaces of its own.

use std::{collections::BTreeMap, net::Ipv4Addr, path::Path, process::Command, time::Duration};

use crate::support::{
    names::wire::{self, Row, row},
    peer::Peer,
    tun::{self, Manner, Pings},
};

/// Last bytes of the addresses in 192.0.2.0/24 whose hosts do not simply reply; `.1` to `.99` do.
pub(super) const LATE: u8 = 101;
pub(super) const SILENT: u8 = 102;
pub(super) const UNREACHABLE: u8 = 103;
pub(super) const FOREIGN: u8 = 104;
pub(super) const GARBAGE: u8 = 105;

/// Everything below `test.`, as the system's resolver sees it. What is not here does not exist.
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const HERE: [u8; 4] = [127, 0, 0, 1];
const HERE_6: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// It lasts as long as this value, except for the mounts, which end with the process.
pub(super) struct World {
    pub(super) pings: Pings,
    _resolver: Peer,
    pub(super) folder: tempfile::TempDir,
}

impl World {
    /// Puts all of it into place.
    pub(super) async fn arrange() -> Self {
        let folder = tempfile::tempdir().unwrap();
        run("ip", &["link", "set", "lo", "up"]);
        std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647").unwrap();
        let hosts = "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 four.hosts.test\n::1 six.hosts.test\n\
                     127.0.0.1 both.hosts.test\n::1 both.hosts.test\n";
        over("/etc/hosts", &folder.path().join("hosts"), hosts);
        let resolver = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
        over("/etc/resolv.conf", &folder.path().join("resolv.conf"), resolver);
        let pings = tun::hosts(|address| match address {
            LATE => Manner::Reply { after: Duration::from_millis(80), lost: 0 },
            SILENT => Manner::Silent,
            UNREACHABLE => Manner::Unreachable,
            FOREIGN => Manner::ForeignId,
            GARBAGE => Manner::Garbage,
            _ => Manner::Reply { after: Duration::ZERO, lost: 0 },
        });
        Self { pings, _resolver: resolve().await, folder }
    }

    /// A file that modules can name.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// Lays a file of our own over one of the system's.
fn over(system: &str, own: &Path, text: &str) {
    std::fs::write(own, text).unwrap();
    run("mount", &["--bind", own.to_str().unwrap(), system]);
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).status().unwrap();
    assert!(done.success(), "{program} {arguments:?}");
}

/// The system's resolver.
async fn resolve() -> Peer {
    let four = || row("four.test", A, HERE);
    let six = || row("six.test", AAAA, HERE_6);
    let both = || [row("both.test", A, HERE), row("both.test", AAAA, HERE_6)];
    let zone: BTreeMap<&str, Vec<Row>> = BTreeMap::from([
        ("four.test", vec![four()]),
        ("six.test", vec![six()]),
        ("both.test", both().to_vec()),
        ("none.test", vec![]),
        (
            "alias.test",
            [&[row("alias.test", CNAME, wire::name("both.test"))][..], &both()].concat(),
        ),
    ]);
    Peer::datagram_at((Ipv4Addr::LOCALHOST, 53).into(), move |query, _, _| {
        let question = wire::question(query);
        let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
        let name = spelled(question);
        if name == "slow.test" {
            return Vec::new();
        }
        let answer = match zone.get(name.as_str()) {
            Some(rows) => {
                let rows: Vec<Row> =
                    rows.iter().filter(|row| [kind, CNAME].contains(&row.kind)).cloned().collect();
                wire::answer(query, 0, 0, [&rows, &[], &[]])
            }
            None if name == "broken.test" => wire::answer(query, 0, 2, [&[], &[], &[]]),
            None => wire::answer(query, 0, 3, [&[], &[], &[]]),
        };
        vec![answer]
    })
    .await
}

/// A question's name in lower case, without its last dot.
fn spelled(question: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = question;
    while let Some((length, after)) = rest.split_first().filter(|(length, _)| **length > 0) {
        let (label, after) = after.split_at(usize::from(*length));
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        rest = after;
    }
    labels.join(".")
}

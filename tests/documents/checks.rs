//! docs/checks.md: of each kind its example, its reasons and its families stand there as the code has them.
//! `UPDATE_DOCS=1 cargo test --test documents checks` writes them.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use noroshi::{
    model::{Reason, Verdict},
    probe::{
        COMMON_FAMILIES,
        spec::{KINDS, Kind},
    },
};

use super::pages::root;

const PAGE: &str = "docs/checks.md";

/// Reasons that no kind has for itself, by where they come from.
const WAY: &[(&str, &[Reason])] = &[
    (
        "The name",
        &[
            Reason::DnsNxdomain,
            Reason::DnsNoAddress,
            Reason::DnsTimeout,
            Reason::DnsServfail,
            Reason::DnsRefused,
            Reason::DnsFailed,
        ],
    ),
    (
        "The connection",
        &[
            Reason::ConnectRefused,
            Reason::ConnectTimeout,
            Reason::ConnectUnreachable,
            Reason::ConnectReset,
            Reason::ConnectionClosed,
            Reason::SendTimeout,
            Reason::WaitTimeout,
            Reason::ReceiveTimeout,
            Reason::ProxyFailed,
            Reason::TokenFailed,
        ],
    ),
    (
        "TLS",
        &[
            Reason::TlsExpired,
            Reason::TlsExpiresSoon,
            Reason::TlsNotYetValid,
            Reason::TlsUntrusted,
            Reason::TlsNameMismatch,
            Reason::TlsRevoked,
            Reason::TlsUnsupportedVersion,
            Reason::TlsClientCertificate,
            Reason::TlsHandshake,
            Reason::TlsTimeout,
        ],
    ),
    (
        "The run as a whole",
        &[
            Reason::DeadlineExceeded,
            Reason::LatencyExceeded,
            Reason::MetricOutOfBounds,
            Reason::AddressesFailed,
            Reason::UnexpectedSuccess,
        ],
    ),
    (
        "noroshi itself: UNKNOWN, never DOWN",
        &[Reason::LocalAddress, Reason::LocalResources, Reason::LocalFile, Reason::InternalPanic],
    ),
    ("`/probe` alone", &[Reason::TargetInvalid, Reason::ModuleInvalid]),
];

/// Where the code of a kind lies, below `src`: its own, and what it shares with others.
fn sources(kind: &Kind) -> Vec<String> {
    let shared: &[&str] = match kind.word {
        "tcp" | "unix" | "tls" => &["probe/stream"],
        "kubernetes" => &["cluster/checks"],
        "icmp" => &["net/ping"],
        "http" | "websocket" => &["net/http", "net/web"],
        _ => &[],
    };
    let shared = shared.iter().chain(&["probe/certificate.rs", "probe/verdict.rs"]);
    own(kind).into_iter().chain(shared.map(|path| (*path).to_owned())).collect()
}

fn own(kind: &Kind) -> [String; 2] {
    [format!("probe/{}", kind.word), format!("probe/{}.rs", kind.word)]
}

fn reasons(reasons: &[Reason]) -> String {
    let mut table = String::from("| reason | what it means | often because |\n|---|---|---|\n");
    for reason in reasons {
        let explanation = reason.explanation();
        let cause = explanation.causes.first().copied().unwrap_or_default();
        let _ = writeln!(table, "| `{}` | {} | {cause} |", reason.word(), explanation.meaning);
    }
    table
}

fn section(kind: &Kind) -> String {
    let shown = kind.families.iter().filter(|desc| desc.exported);
    let families: Vec<String> = shown.map(|desc| format!("`{}`", desc.name)).collect();
    format!(
        "```toml\n[checks.example]\n{}\n```\n\n{}\nIt measures {}. [Every key](configuration.md#kind-{})\n",
        kind.example.trim(),
        reasons(kind.reasons),
        families.join(", "),
        kind.word
    )
}

fn way() -> String {
    let groups = WAY.iter().map(|(title, all)| format!("### {title}\n\n{}", reasons(all)));
    let shown = COMMON_FAMILIES.iter().filter(|desc| desc.exported);
    let families: Vec<String> = shown.map(|desc| format!("`{}`", desc.name)).collect();
    let measured =
        format!("Every kind that resolves a name measures {} too.\n", families.join(", "));
    groups.chain([measured]).collect::<Vec<_>>().join("\n")
}

#[test]
fn checks_are_told_of_as_the_code_has_them() {
    let text = fs::read_to_string(root().join(PAGE)).unwrap();
    let mut fresh = text.clone();
    let sections = KINDS.iter().map(|kind| (kind.word, section(kind)));
    for (word, section) in sections.chain([("way", way())]) {
        let (begin, end) = (format!("<!-- {word}: begin -->\n"), format!("<!-- {word}: end -->"));
        let (before, rest) = fresh.split_once(&begin).unwrap_or_else(|| panic!("{word}: no mark"));
        let (_, after) = rest.split_once(&end).unwrap();
        fresh = format!("{before}{begin}\n{section}\n{end}{after}");
    }
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join(PAGE), &fresh).unwrap();
    } else {
        assert!(
            text == fresh,
            "{PAGE} is behind: UPDATE_DOCS=1 cargo test --test documents checks"
        );
    }
}

/// Whoever meets a word finds it on the page: each is a kind's or of the way there.
#[test]
fn every_reason_has_a_place() {
    let of_kinds = KINDS.iter().flat_map(|kind| kind.reasons);
    let placed: BTreeSet<_> = of_kinds.chain(WAY.iter().flat_map(|(_, all)| *all)).collect();
    let missing: Vec<_> = Reason::ALL.iter().filter(|reason| !placed.contains(reason)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let (_, ours) = WAY.iter().find(|(title, _)| title.contains("UNKNOWN")).unwrap();
    assert!(ours.iter().all(|reason| reason.verdict() == Verdict::Unknown));
}

/// A kind's reasons are those that its code gives.
#[test]
fn a_kind_fails_of_what_it_says() {
    let common: BTreeSet<_> = WAY.iter().flat_map(|(_, all)| *all).collect();
    for kind in KINDS {
        let own = given(&own(kind));
        let untold: Vec<_> = own
            .iter()
            .filter(|reason| !kind.reasons.contains(reason) && !common.contains(reason))
            .collect();
        assert!(untold.is_empty(), "`{}` does not tell of {untold:?}", kind.word);
        let all = given(&sources(kind));
        let invented: Vec<_> = kind.reasons.iter().filter(|reason| !all.contains(reason)).collect();
        assert!(invented.is_empty(), "`{}` never gives {invented:?}", kind.word);
    }
}

/// The reasons that files below `src` name, those of tests apart.
fn given(paths: &[String]) -> BTreeSet<Reason> {
    let mut code = String::new();
    for path in paths {
        gather(&root().join("src").join(path), &mut code);
    }
    let names = |reason: &&Reason| {
        code.match_indices(&format!("Reason::{reason:?}")).any(|(at, found)| {
            !code[at + found.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    };
    Reason::ALL.iter().filter(names).copied().collect()
}

fn gather(path: &Path, code: &mut String) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if !path.file_stem().is_some_and(|name| name == "tests" || name == "testing") {
                gather(&path, code);
            }
        }
    } else if path.is_file() {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        // What the kind says of itself proves nothing.
        let mut inside = false;
        for line in text.lines() {
            inside |= line.contains("const REASONS");
            if !inside {
                code.push_str(line);
                code.push('\n');
            }
            inside &= !line.contains("];");
        }
    }
}

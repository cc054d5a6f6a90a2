//! `docs/metrics.md` lists what the code exposes: `UPDATE_DOCS=1` writes it, without it they are compared.

use std::{env, fs, path::Path};

use noroshi::{
    api,
    metrics::{Families, Telemetry, reference},
    probe::{COMMON_FAMILIES, spec::KINDS},
};

const BEGIN: &str = "<!-- reference: begin -->\n";
const END: &str = "<!-- reference: end -->";

// Elsewhere the process says less of itself.
#[cfg(target_os = "linux")]
#[test]
fn the_reference_is_what_the_code_exposes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = [before, BEGIN, "\n", &generated(), "\n", END, after].concat();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, written).unwrap();
    } else if written != text {
        let known: Vec<&str> = text.lines().collect();
        let new: Vec<&str> = written.lines().filter(|line| !known.contains(line)).collect();
        panic!("docs/metrics.md is behind; run with UPDATE_DOCS=1. New:\n{}", new.join("\n"));
    }
}

/// A series with two labels of one name is refused by Prometheus, and with it the whole scrape.
#[test]
fn no_family_repeats_a_label_of_its_check() {
    for desc in COMMON_FAMILIES.iter().chain(KINDS.iter().flat_map(|kind| kind.families)) {
        for (at, label) in desc.labels.iter().enumerate() {
            let of_checks = ["check", "group", "kind", "target", "instance", "job", "le"];
            assert!(!of_checks.contains(label), "{}: {label}", desc.name);
            assert!(!desc.labels[..at].contains(label), "{}: {label} twice", desc.name);
        }
    }
}

fn generated() -> String {
    let kinds = KINDS.iter().flat_map(|kind| kind.families);
    let families = Families::new(COMMON_FAMILIES.iter().chain(kinds).copied());
    let mut telemetry = Telemetry::new();
    api::Metrics::default().register(telemetry.registry());
    reference(&families, &telemetry)
}

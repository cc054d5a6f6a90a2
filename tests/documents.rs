//! The repository is checked by tests, not by memory: what the documents promise about themselves.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{fs, path::Path};

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_dependency_has_its_reason_and_no_other_is_named() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let mut wanted: Vec<String> = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let names = manifest.get(section).and_then(toml::Value::as_table);
        wanted.extend(names.into_iter().flat_map(toml::Table::keys).cloned());
    }
    wanted.sort();
    wanted.dedup();
    let page = text("docs/dependencies.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split('|').next().unwrap());
    let mut named: Vec<String> = cells
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    named.sort();
    named.dedup();
    assert_eq!(named, wanted);
}

/// What the differential test permits, its users can read.
#[test]
fn every_difference_that_is_permitted_is_told() {
    let page = text("docs/blackbox.md");
    let list = text("tests/real/blackbox/allowed.txt");
    let reasons: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("= ")).collect();
    assert!(reasons.len() > 30);
    for reason in reasons {
        assert!(page.contains(&format!("\n- {}\n", reason.trim())), "{reason}");
    }
}

#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    let readme = text("README.md");
    assert!(readme.lines().count() < 150);
    for page in ["README.md", "ARCHITECTURE.md", "docs/configuration.md", "docs/metrics.md"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        for link in text(page).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            // A pattern in a code sample is no link.
            let link = !target.is_empty() && !target.starts_with('?');
            if link && !target.contains("://") {
                let path = folder.parent().unwrap().join(target);
                assert!(path.exists(), "{page} leads to {target}");
            }
        }
    }
}

/// Two commands: one runs it, one tests it; and what CI runs is the second one.
#[test]
fn the_readmes_commands_are_those_of_ci_and_make() {
    let (readme, makefile, ci) = (text("README.md"), text("Makefile"), text(".ci/run"));
    for target in ["run", "test"] {
        assert!(readme.contains(&format!("\nmake {target}\n")), "make {target}");
        assert!(makefile.contains(&format!("\n{target}:")), "{target}");
    }
    assert!(ci.contains("make test"));
}

//! The checks can fail: each finds what is planted for it, and nothing in its innocent neighbour.

use super::*;

fn plant(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).into() }).collect()
}

fn forbidden(path: &str, text: &str) -> Vec<String> {
    imports_outside_the_table(&imports(&plant(&[(path, text)])))
}

#[test]
fn a_forbidden_import_is_found_wherever_it_hides() {
    let hidden = [
        "use crate::state::View;",
        "use crate::{model::Phase, state::{View, Slot}};",
        "fn f() { let view = crate::state::View::new(); }",
        "fn f() { println!(\"{}\", crate::state::name()); }",
        "use super::super::state;",
        "mod tests { use super::super::super::state::View; }",
        "macro_rules! m { () => { $crate::state::View } }",
        "pub(in crate::state) struct S;",
        "type T = Vec<crate::state::View>;",
    ];
    for text in hidden {
        let found = forbidden("net/dial.rs", text);
        assert!(!found.is_empty(), "{text}");
        assert!(found[0].contains("net may not import state"), "{text}: {}", found[0]);
    }
    let innocent = [
        "use crate::{clock::Instant, model::{Failure, Phase}};",
        "use super::Attempt; fn f(self) { self.state(); other::state::f(); }",
        "//! Not [`crate::state::View`].\nuse std::fmt::{self, Display};",
        "mod tests { use super::*; use super::super::Attempt; }",
    ];
    for text in innocent {
        assert_eq!(forbidden("net/dial.rs", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_row_may_permit_the_specs_alone() {
    let text = "use crate::probe::spec::{Check, KINDS};";
    assert_eq!(forbidden("config/check.rs", text), Vec::<String>::new());
    for text in ["use crate::probe::run;", "use crate::probe;", "use crate::probe::{spec, run};"] {
        assert_eq!(forbidden("config/check.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn the_binary_is_held_to_its_row_too() {
    assert!(forbidden("main.rs", "fn main() { noroshi::cli::main() }").is_empty());
    assert_eq!(forbidden("main.rs", "use noroshi::state::View;").len(), 1);
}

#[test]
fn a_cycle_is_found_and_named() {
    let sources = plant(&[
        ("model/mod.rs", "use crate::re2::Regex;"),
        ("re2.rs", "fn f() { crate::clock::now(); }"),
        ("clock.rs", "use crate::model::Phase;"),
        ("net/mod.rs", "use crate::model::Phase;"),
    ]);
    let found = cycles(&imports(&sources));
    assert_eq!(found, ["src/re2.rs:1: it closes the cycle clock -> model -> re2 -> clock"]);
    assert!(cycles(&imports(&sources[1..])).is_empty());
}

#[test]
fn broken_promises_are_found() {
    let reads = "use jiff::Timestamp; fn f() { Timestamp::now(); }";
    let sources = plant(&[("net/x.rs", reads), ("clock.rs", reads)]);
    assert_eq!(broken_promises(&sources).len(), 1);
    let channel = "use tokio::sync::mpsc; fn f(tokio: u8) {}";
    assert_eq!(broken_promises(&plant(&[("model/x.rs", channel)])).len(), 1);
    assert!(broken_promises(&plant(&[("net/x.rs", channel)])).is_empty());
    let rule = "use rrule::RRuleSet; fn f(rrule: u8) {}";
    let sources = plant(&[("model/x.rs", rule), ("model/window/recurrence.rs", rule)]);
    assert_eq!(broken_promises(&sources).len(), 1);
    let tests = format!("#[cfg(test)]\nmod tests {{ {reads} }}");
    assert!(broken_promises(&plant(&[("net/x.rs", &tests)])).is_empty());
}

#[test]
fn long_files_and_functions_are_found_and_tests_do_not_count() {
    let count = |path: &str, text: &str| oversized(&plant(&[(path, text)])).len();
    let long = format!("fn f() {{\n{}}}\n", "    f();\n".repeat(FUNCTION_LINES));
    assert_eq!(count("net/x.rs", &long), 1);
    let lines = |lines| "fn f() {}\n".repeat(lines);
    assert_eq!(count("net/x.rs", &lines(FILE_LINES)), 0);
    assert_eq!(count("net/x.rs", &lines(FILE_LINES + 1)), 1);
    assert_eq!(count("main.rs", &lines(MAIN_LINES + 1)), 1);
    let tests = format!("fn g() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", lines(FILE_LINES));
    assert_eq!(count("net/x.rs", &tests), 0);
    let long = lines(FILE_LINES + 1);
    let apart = [("net/mod.rs", "#[cfg(test)]\nmod tests;"), ("net/tests.rs", &long)];
    assert!(oversized(&plant(&apart)).is_empty());
}

#[test]
fn empty_names_missing_contracts_and_forgotten_files_are_found() {
    let sources = plant(&[
        ("lib.rs", "//! Map\npub mod net;\nfn f() {}"),
        ("net/mod.rs", "mod dial;"),
        ("net/dial.rs", ""),
        ("net/util.rs", ""),
    ]);
    assert_eq!(empty_names(&sources).len(), 1);
    assert_eq!(without_contract(&sources).len(), 1);
    let lost = [
        "src/lib.rs:3: lib.rs is the map, it holds `mod` lines only",
        "src/net/util.rs: no `mod` line names it",
    ];
    assert_eq!(undeclared(&sources), lost);
}

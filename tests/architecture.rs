//! The house rules that a compiler does not know: who may import whom, no cycles, sizes, names.
//!
//! Every check is a function from sources to complaints, so that `planted` can plant a fault and see it found.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::{spanned::Spanned, visit::Visit};

#[path = "architecture/planted.rs"]
mod planted;

/// What each folder (or file) directly under `src/` may import from this crate. `x::spec` permits that module of `x`
/// alone. `main` is the binary, which names the library by its own name.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("re2", &[]),
    ("model", &["re2"]),
    ("net", &["model", "clock"]),
    ("probe", &["model", "net", "clock", "re2"]),
    ("compat", &["model", "re2", "probe::spec", "alert::spec", "notify::spec", "cluster::spec"]),
    ("discovery", &["model", "clock", "probe::spec"]),
    ("schedule", &["model", "clock", "probe::spec"]),
    ("state", &["model", "clock"]),
    ("alert", &["model", "clock", "re2"]),
    ("notify", &["model", "net", "clock", "re2"]),
    ("store", &["model", "clock"]),
    ("cluster", &["model", "net", "clock", "probe::spec"]),
    ("metrics", &["model", "state", "cluster", "clock"]),
    (
        "config",
        &[
            "model",
            "clock",
            "re2",
            "compat",
            "probe::spec",
            "net::spec",
            "alert::spec",
            "notify::spec",
            "store::spec",
            "cluster::spec",
        ],
    ),
    (
        "api",
        &[
            "model",
            "metrics",
            "state",
            "alert",
            "cluster",
            "store",
            "probe",
            "compat",
            "net::spec",
            "clock",
        ],
    ),
    ("demo", &["model", "clock"]),
    ("dashboards", &["model"]),
    (
        "app",
        &[
            "alert",
            "api",
            "clock",
            "cluster",
            "compat",
            "config",
            "demo",
            "discovery",
            "metrics",
            "model",
            "net",
            "notify",
            "probe",
            "re2",
            "schedule",
            "state",
            "store",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "compat",
            "config",
            "probe",
            "alert",
            "cluster",
            "notify",
            "store",
            "net",
            "clock",
            "model",
            "dashboards",
        ],
    ),
    ("main", &["cli", "app", "clock"]),
];

/// Crates that do what a folder promises not to do: `model` is plain data, without I/O and async.
const MAY_NOT_NAME: &[(&str, &[&str])] =
    &[("model", &["tokio", "hyper", "axum", "futures_util", "rustls"])];

/// Crates that one file alone may name: what they are good for is behind its functions.
const ONLY_IN: &[(&str, &str)] = &[("rrule", "model/window/recurrence.rs")];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 80;
const MAIN_LINES: usize = 40;

#[test]
fn imports_keep_to_the_table() {
    complain(&imports_outside_the_table(&imports(&sources("src"))));
}

#[test]
fn no_cycle_between_folders() {
    complain(&cycles(&imports(&sources("src"))));
}

#[test]
fn the_table_and_the_tree_agree() {
    let sources = sources("src");
    let folders: BTreeSet<String> =
        sources.iter().map(Source::folder).filter(|folder| folder != "lib").collect();
    let rows: BTreeSet<String> =
        MAY_IMPORT.iter().map(|(folder, _)| (*folder).to_owned()).collect();
    let without_row = folders.difference(&rows).map(|folder| format!("src/{folder} has no row"));
    let without_folder = rows.difference(&folders).map(|row| format!("no src/{row} for its row"));
    let permitted = MAY_IMPORT.iter().flat_map(|(from, to)| {
        to.iter().map(|to| Import {
            at: "MAY_IMPORT".to_owned(),
            from: (*from).to_owned(),
            path: to.split("::").map(str::to_owned).collect(),
        })
    });
    let cycles = cycles(&permitted.collect::<Vec<_>>());
    complain(&without_row.chain(without_folder).chain(cycles).collect::<Vec<_>>());
}

#[test]
fn promises_about_time_and_io_are_kept() {
    complain(&broken_promises(&sources("src")));
}

#[test]
fn files_and_functions_stay_small() {
    complain(&oversized(&sources("src")));
}

#[test]
fn names_say_something() {
    complain(&[empty_names(&sources("src")), empty_names(&sources("tests"))].concat());
}

#[test]
fn every_folder_opens_with_its_contract() {
    complain(&without_contract(&sources("src")));
}

#[test]
fn no_file_is_forgotten() {
    complain(&undeclared(&sources("src")));
}

/// One file: its path below the root it was read from, such as `net/dial.rs`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The folder or file directly below the root.
    fn folder(&self) -> String {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs").to_owned()
    }

    /// The module the file is: `net/dial.rs` is `net::dial`, `net/mod.rs` is `net`, `lib.rs` is the root.
    fn module(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let mut parts: Vec<String> = stem.split('/').map(str::to_owned).collect();
        if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }

    fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    fn syntax(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    fn at(&self, span: Span) -> String {
        format!("src/{}:{}", self.path, span.start().line)
    }
}

/// Whether a module is compiled for tests alone.
fn is_test(module: &syn::ItemMod) -> bool {
    module.attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// Modules with a file of their own that are compiled for tests alone.
fn test_modules(sources: &[Source]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for source in sources {
        for item in source.syntax().items {
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
                && is_test(&module)
            {
                found.insert([source.module(), vec![module.ident.to_string()]].concat());
            }
        }
    }
    found
}

/// Every `.rs` file below a folder of this package.
fn sources(root: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).unwrap().to_str().unwrap();
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: relative.replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "nothing to check in {}", root.display());
    found
}

/// A path into this crate, somewhere in a file.
struct Import {
    at: String,
    from: String,
    /// From the crate's root on.
    path: Vec<String>,
}

/// Every `crate::`, `super::` and `self::` path: in `use` trees, in bodies, in the arguments of macros.
///
/// They are read from the tokens, which look the same in all of these places, so none of them is a blind spot.
fn imports(sources: &[Source]) -> Vec<Import> {
    let mut found = Vec::new();
    for source in sources {
        walk(source.tokens(), &mut source.module(), &mut |path, span| {
            found.push(Import { at: source.at(span), from: source.folder(), path });
        });
    }
    found
}

fn walk(stream: TokenStream, module: &mut Vec<String>, found: &mut impl FnMut(Vec<String>, Span)) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for at in 0..tokens.len() {
        match &tokens[at..] {
            [TokenTree::Group(group), ..] => {
                let inline = module_name(&tokens[..at], group);
                module.extend(inline.clone());
                walk(group.stream(), module, found);
                module.truncate(module.len() - usize::from(inline.is_some()));
            }
            [TokenTree::Ident(word), rest @ ..] if is_path(rest) && !ends_path(&tokens[..at]) => {
                let base = match word.to_string().as_str() {
                    "crate" | "noroshi" => Vec::new(),
                    "self" => module.clone(),
                    "super" => module[..module.len().saturating_sub(1)].to_vec(),
                    _ => continue,
                };
                leaves(base, rest, &mut |path| found(path, word.span()));
            }
            _ => {}
        }
    }
}

/// The name of the inline module whose body `group` is.
fn module_name(before: &[TokenTree], group: &proc_macro2::Group) -> Option<String> {
    match before {
        [.., TokenTree::Ident(word), TokenTree::Ident(name)]
            if word == "mod" && group.delimiter() == Delimiter::Brace =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}

/// Whether the tokens end with `#[cfg(test)] mod name`, so that what follows is the body of tests.
fn ends_test_module(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Group(attribute), TokenTree::Ident(word), TokenTree::Ident(_)]
        if word == "mod" && attribute.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Whether the tokens begin with `::`.
fn is_path(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(one), TokenTree::Punct(two), ..]
        if one.as_char() == ':' && two.as_char() == ':')
}

/// Whether the tokens end with `::`, so that what follows is not the beginning of a path.
fn ends_path(tokens: &[TokenTree]) -> bool {
    tokens.len() >= 2 && is_path(&tokens[tokens.len() - 2..])
}

/// All leaves of a path that goes on with `rest`: one, or several where it branches in braces.
fn leaves(mut path: Vec<String>, mut rest: &[TokenTree], found: &mut impl FnMut(Vec<String>)) {
    while is_path(rest) {
        match &rest[2..] {
            [TokenTree::Ident(word), ..] if word == "super" => {
                path.pop();
            }
            [TokenTree::Ident(word), ..] => path.push(word.to_string()),
            [TokenTree::Group(group), ..] => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let comma = |token: &TokenTree| token.to_string() == ",";
                for branch in inner.split(comma).filter(|branch| !branch.is_empty()) {
                    let first = branch[0].to_string();
                    let own = Some(first).filter(|word| word != "self");
                    leaves(path.iter().cloned().chain(own).collect(), &branch[1..], found);
                }
                return;
            }
            _ => break,
        }
        rest = &rest[3..];
    }
    found(path);
}

fn imports_outside_the_table(imports: &[Import]) -> Vec<String> {
    let row = |folder: &str| MAY_IMPORT.iter().find(|(own, _)| *own == folder).map(|(_, to)| *to);
    let mut complaints = Vec::new();
    for Import { at, from, path } in imports {
        // lib.rs holds `mod` lines alone, which is another test's to see.
        let Some(to) = path.first().filter(|to| *to != from && from != "lib") else { continue };
        let permitted = row(from).unwrap_or_default().iter().any(|entry| {
            let entry: Vec<&str> = entry.split("::").collect();
            path.len() >= entry.len() && entry.iter().zip(path).all(|(given, own)| given == own)
        });
        if !permitted {
            let path = path.join("::");
            complaints.push(format!("{at}: {from} may not import {to}: crate::{path}"));
        }
    }
    complaints
}

/// From folder to folder, with a place where it is imported.
type Edges<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// Each cycle as `a -> b -> a`, with an import that closes it.
fn cycles(imports: &[Import]) -> Vec<String> {
    let mut edges = Edges::new();
    for Import { at, from, path } in imports {
        if let Some(to) = path.first().filter(|to| *to != from) {
            edges.entry(from).or_default().entry(to).or_insert(at);
        }
    }
    let mut done = BTreeSet::new();
    let mut complaints = Vec::new();
    for start in edges.keys() {
        follow(start, &edges, &mut Vec::new(), &mut done, &mut complaints);
    }
    complaints
}

fn follow<'a>(
    folder: &'a str,
    edges: &Edges<'a>,
    trail: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    complaints: &mut Vec<String>,
) {
    if let Some(begin) = trail.iter().position(|seen| *seen == folder) {
        let closing = edges[trail[trail.len() - 1]][folder];
        let cycle = [&trail[begin..], &[folder]].concat().join(" -> ");
        complaints.push(format!("{closing}: it closes the cycle {cycle}"));
        return;
    }
    if !done.insert(folder) {
        return;
    }
    trail.push(folder);
    for to in edges.get(folder).into_iter().flat_map(BTreeMap::keys) {
        follow(to, edges, trail, done, complaints);
    }
    trail.pop();
}

/// Reads of the calendar outside `clock.rs`, and crates a folder promised to do without. Tests may do both.
fn broken_promises(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    let tests = test_modules(sources);
    let bound = |own: &&Source| own.path != "clock.rs" && !tests.contains(&own.module());
    for source in sources.iter().filter(bound) {
        let folder = source.folder();
        let row = MAY_NOT_NAME.iter().find(|(own, _)| *own == folder);
        let banned = row.map(|(_, crates)| *crates).unwrap_or_default();
        every_path(source.tokens(), &mut |words, span| {
            let (at, path) = (source.at(span), words.join("::"));
            if words.windows(2).any(|pair| reads_calendar(&pair[0], &pair[1])) {
                complaints.push(format!("{at}: {path} reads the calendar; ask `clock`"));
            }
            if words.len() > 1 && banned.contains(&words[0].as_str()) {
                complaints.push(format!("{at}: {folder} has no business with {path}"));
            }
            let of = ONLY_IN.iter().find(|(name, own)| words[0] == *name && source.path != *own);
            if let Some((_, own)) = of.filter(|_| words.len() > 1) {
                complaints.push(format!("{at}: {path} belongs into {own}"));
            }
        });
    }
    complaints
}

fn reads_calendar(kind: &str, function: &str) -> bool {
    matches!(kind, "Timestamp" | "Zoned" | "SystemTime" | "OffsetDateTime" | "Utc" | "Local")
        && function.starts_with("now")
}

/// Every path outside of inline tests as its words, branches and generics left out.
fn every_path(stream: TokenStream, found: &mut impl FnMut(&[String], Span)) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for at in 0..tokens.len() {
        match &tokens[at..] {
            [TokenTree::Group(_), ..] if ends_test_module(&tokens[..at]) => {}
            [TokenTree::Group(group), ..] => every_path(group.stream(), found),
            [TokenTree::Ident(word), rest @ ..] if !ends_path(&tokens[..at]) => {
                let (mut words, mut rest) = (vec![word.to_string()], rest);
                while is_path(rest) && rest.len() > 2 {
                    words.push(rest[2].to_string());
                    rest = &rest[3..];
                }
                found(&words, word.span());
            }
            _ => {}
        }
    }
}

fn oversized(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    let tests = test_modules(sources);
    for source in sources.iter().filter(|source| !tests.contains(&source.module())) {
        let path = &source.path;
        let mut measure = Measure::default();
        measure.visit_file(&source.syntax());
        let lines = source.text.lines().count() - measure.test_lines;
        let limit = if path == "main.rs" { MAIN_LINES } else { FILE_LINES };
        if lines > limit {
            complaints.push(format!("src/{path}: {lines} lines; at most {limit}"));
        }
        for (name, line, lines) in measure.functions {
            if lines > FUNCTION_LINES {
                complaints.push(format!(
                    "src/{path}:{line}: {name} has {lines} lines; at most {FUNCTION_LINES}"
                ));
            }
        }
    }
    complaints
}

/// Lines of functions, and of the inline tests that do not count.
#[derive(Default)]
struct Measure {
    /// Name, first line, number of lines.
    functions: Vec<(String, usize, usize)>,
    test_lines: usize,
}

impl Measure {
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let (first, last) = (signature.span().start().line, body.span().end().line);
        self.functions.push((signature.ident.to_string(), first, last - first + 1));
    }
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_test(module) {
            let span = module.span();
            self.test_lines += span.end().line - span.start().line + 1;
        } else {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

fn empty_names(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        for name in source.path.trim_end_matches(".rs").split('/') {
            if EMPTY_NAMES.contains(&name) {
                complaints.push(format!("{}: `{name}` does not say what it holds", source.path));
            }
        }
    }
    complaints
}

fn without_contract(sources: &[Source]) -> Vec<String> {
    let opens = |path: &str| path.ends_with("/mod.rs") || path == "lib.rs";
    sources
        .iter()
        .filter(|source| opens(&source.path) && !source.text.starts_with("//! "))
        .map(|source| format!("src/{}: it does not begin with `//!` and its contract", source.path))
        .collect()
}

/// Files that no `mod` line names: neither compiled nor formatted. And anything else than such lines in `lib.rs`.
fn undeclared(sources: &[Source]) -> Vec<String> {
    let mut declared = BTreeSet::new();
    let mut complaints = Vec::new();
    for source in sources {
        for item in source.syntax().items {
            match item {
                syn::Item::Mod(module) if module.content.is_none() => {
                    declared.insert([source.module(), vec![module.ident.to_string()]].concat());
                }
                item if source.path == "lib.rs" => {
                    let at = source.at(item.span());
                    complaints.push(format!("{at}: lib.rs is the map, it holds `mod` lines only"));
                }
                _ => {}
            }
        }
    }
    for source in sources {
        let module = source.module();
        if !module.is_empty() && !declared.contains(&module) {
            complaints.push(format!("src/{}: no `mod` line names it", source.path));
        }
    }
    complaints
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

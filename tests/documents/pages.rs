//! The pages of the repository and the blocks in them: each with its language, its place, and the tag that exempts it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What stands above a block that no test runs: `_Not tested: it needs a cluster._`
const TAG: (&str, &str) = ("_Not tested: ", "._");

/// Folders without pages for people.
const APART: &[&str] = &["target", "tests", "node_modules"];

/// A page of Markdown.
pub(crate) struct Page {
    /// Below the repository's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A fenced block.
pub(crate) struct Block {
    /// The line of its opening fence.
    pub(crate) line: usize,
    /// The first word behind the fence.
    pub(crate) language: String,
    pub(crate) text: String,
    /// Why no test runs it, where it says so.
    pub(crate) exempt: Option<String>,
}

pub(crate) fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Every page there is, whoever adds it: only hidden folders, links and those of tests are passed by.
pub(crate) fn pages() -> Vec<Page> {
    let mut found = Vec::new();
    below(&root(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn below(folder: &Path, found: &mut Vec<Page>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !name.starts_with('.') && !APART.contains(&name.as_str()) {
            below(&entry.path(), found);
        } else if kind.is_file() && entry.path().extension() == Some("md".as_ref()) {
            let path = entry.path();
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push(Page { path, text });
        }
    }
}

impl Page {
    pub(crate) fn blocks(&self) -> Vec<Block> {
        blocks(&self.text)
    }
}

/// A block may be indented, as in a list; its lines then lose so much.
fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut above = "";
    let mut lines = (1..).zip(text.lines());
    while let Some((line, opening)) = lines.next() {
        let inner = opening.trim_start();
        let ticks = inner.len() - inner.trim_start_matches('`').len();
        if ticks < 3 {
            if !opening.trim().is_empty() {
                above = opening.trim();
            }
            continue;
        }
        let (indent, fence) = (opening.len() - inner.len(), &inner[..ticks]);
        let mut text = String::new();
        for (_, inside) in lines.by_ref().take_while(|(_, inside)| inside.trim() != fence) {
            let spaces = inside.len() - inside.trim_start_matches(' ').len();
            text.push_str(&inside[spaces.min(indent)..]);
            text.push('\n');
        }
        let language = inner[ticks..].split_whitespace().next().unwrap_or_default().to_owned();
        let exempt = above.strip_prefix(TAG.0).and_then(|rest| rest.strip_suffix(TAG.1));
        found.push(Block { line, language, text, exempt: exempt.map(str::to_owned) });
        above = "";
    }
    found
}

#[test]
fn blocks_are_found_wherever_they_stand() {
    let page = "a\n```toml\nb = 1\n```\n- c\n\n  _Not tested: d._\n\n  ```console\n  $ e\n    f\n  ```\n````\n```\n````\n";
    let found = blocks(page);
    let seen: Vec<_> =
        found.iter().map(|block| (block.line, &*block.language, &*block.text)).collect();
    assert_eq!(seen, [(2, "toml", "b = 1\n"), (9, "console", "$ e\n  f\n"), (13, "", "```\n")]);
    let exempt: Vec<_> = found.iter().map(|block| block.exempt.as_deref()).collect();
    assert_eq!(exempt, [None, Some("d"), None]);
}

//! The files that patterns such as `templates/*.tmpl` name.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::TemplateFile;

/// The largest file of templates: a megabyte is a book.
const LARGEST: u64 = 4 << 20;

/// The most files of templates.
const MOST: usize = 1000;

/// What patterns lead to.
#[derive(Default)]
pub(super) struct Found {
    /// In the order of the patterns, then of their names; each once.
    pub(super) files: Vec<TemplateFile>,
    /// Patterns without any file.
    pub(super) empty: Vec<String>,
    /// Files that cannot be read.
    pub(super) refused: Vec<(PathBuf, io::Error)>,
    /// What to look at for changes.
    pub(super) watched: Vec<PathBuf>,
}

/// Reads the files; relative patterns are meant from `folder`.
pub(super) fn read(patterns: &[String], folder: &Path) -> Found {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    for pattern in patterns {
        let whole = folder.join(pattern);
        let paths = expanded(&whole);
        if paths.is_empty() {
            found.empty.push(pattern.clone());
        }
        found.watched.push(fixed_part(&whole));
        for path in paths {
            if found.files.len() >= MOST || !seen.insert(path.clone()) {
                continue;
            }
            found.watched.push(path.clone());
            match text(&path) {
                Ok(text) => found.files.push(TemplateFile { path, text }),
                Err(error) => found.refused.push((path, error)),
            }
        }
    }
    found
}

fn text(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > LARGEST {
        let why = format!("it has more than {} MiB", LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    fs::read_to_string(path)
}

/// The part of a pattern before its first wildcard: the folder to watch.
fn fixed_part(pattern: &Path) -> PathBuf {
    let plain = |part: &Component<'_>| !has_wildcard(&part.as_os_str().to_string_lossy());
    pattern.components().take_while(plain).collect()
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The files a pattern names, sorted, as Go's `filepath.Glob` finds them.
fn expanded(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_os_str().to_string_lossy();
        paths = if has_wildcard(&part) {
            let letters: Vec<char> = part.chars().collect();
            paths.iter().flat_map(|folder| listed(folder, &letters)).collect()
        } else {
            paths.into_iter().map(|path| path.join(&*part)).collect()
        };
    }
    paths.retain(|path| path.is_file());
    paths.sort();
    paths
}

fn listed(folder: &Path, pattern: &[char]) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(here) else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| matches(pattern, &name.to_string_lossy().chars().collect::<Vec<_>>()))
        .map(|name| folder.join(name))
        .collect()
}

/// `*` is any text, `?` one letter, `[a-c]` one of these, `[^a-c]` none of them.
fn matches(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|taken| matches(rest, &name[taken..])),
        ['?', rest @ ..] => !name.is_empty() && matches(rest, &name[1..]),
        ['[', rest @ ..] => match (rest.iter().position(|c| *c == ']'), name.split_first()) {
            (Some(end), Some((letter, others))) => {
                is_of(&rest[..end], *letter) && matches(&rest[end + 1..], others)
            }
            _ => false,
        },
        [letter, rest @ ..] => name.first() == Some(letter) && matches(rest, &name[1..]),
    }
}

fn is_of(class: &[char], letter: char) -> bool {
    let (negated, mut class) = match class {
        ['^', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut found = false;
    while let Some((first, rest)) = class.split_first() {
        (found, class) = match rest {
            ['-', last, rest @ ..] => (found || (*first <= letter && letter <= *last), rest),
            _ => (found || *first == letter, rest),
        };
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_gos() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        for (pattern, name, expected) in [
            ("*.tmpl", "a.tmpl", true),
            ("*.tmpl", "a.tmpl.bak", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[a", "a", false),
            ("**", "", true),
        ] {
            assert_eq!(matches(&letters(pattern), &letters(name)), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn each_file_once_in_order() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["one", "two"] {
            fs::create_dir(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("b.tmpl"), folder).unwrap();
        }
        fs::write(root.path().join("a.tmpl"), "a").unwrap();
        let patterns = ["*.tmpl", "*/b.tmpl", "one/*", "none/*.tmpl"].map(str::to_owned);
        let found = read(&patterns, root.path());
        let texts: Vec<_> = found.files.iter().map(|file| file.text.as_str()).collect();
        assert_eq!(texts, ["a", "one", "two"]);
        assert_eq!(found.empty, ["none/*.tmpl"]);
        assert!(found.watched.contains(&root.path().join("none")));
    }
}

//! The recording in the README: the commands of docs/recording/README.md, run in a terminal and drawn as an animated picture.
//!
//! `make recording` runs them anew and writes the page's output and the picture. Without it the two are compared; that the
//! commands still print what the page shows is held where all pages are.

use std::{env, fmt::Write as _, fs};

use super::{console, likeness, pages, picture, session::Session};

/// Columns and lines of the terminal. What is longer is cut, and says so.
const SIZE: (usize, usize) = (98, 21);

fn page() -> pages::Page {
    let path = "docs/recording/README.md".to_owned();
    let text = fs::read_to_string(pages::root().join(&path)).unwrap();
    pages::Page { path, text }
}

/// The terminal's lines of each block, the command first, colours and all.
fn recorded(page: &pages::Page) -> Vec<Vec<String>> {
    let mut session = Session::new();
    console::prepare(page, &mut session).unwrap();
    for block in page.blocks() {
        if let Some(name) = console::named(&block) {
            session.write(name, &block.text);
        }
    }
    let mut scenes = Vec::new();
    for block in page.blocks().iter().filter(|block| block.language == "console") {
        let steps = console::steps(&block.text).unwrap();
        let mut lines = Vec::new();
        for step in steps {
            lines.push(format!("$ {}", step.command));
            let seen = session.record(&step.command, &step.shown);
            lines.extend(seen.lines().map(cut));
        }
        if lines.len() > SIZE.1 {
            lines.truncate(SIZE.1 - 1);
            lines.push("...".to_owned());
        }
        scenes.push(lines);
    }
    scenes
}

/// A line no longer than the terminal is wide. Colours take no room.
fn cut(line: &str) -> String {
    let line = line.trim_end();
    if picture::plain(line).chars().count() <= SIZE.0 {
        return line.to_owned();
    }
    let (mut kept, mut width, mut escape) = (String::new(), 0, false);
    for c in line.chars() {
        escape |= c == '\u{1b}';
        if escape {
            kept.push(c);
        } else if width < SIZE.0 - 3 {
            kept.push(c);
            width += 1;
        }
        escape &= c != 'm';
    }
    // Before the colour ends.
    let at = if kept.ends_with("\u{1b}[0m") { kept.len() - 4 } else { kept.len() };
    kept.insert_str(at, "...");
    kept
}

fn svg(page: &pages::Page) -> String {
    fs::read_to_string(pages::root().join("docs/recording/noroshi.svg"))
        .unwrap_or_else(|_| panic!("{}: `make recording` draws it", page.path))
}

/// What the page shows, one scene a block.
fn shown(page: &pages::Page) -> Vec<String> {
    let blocks = page.blocks().into_iter().filter(|block| block.language == "console");
    blocks.map(|block| block.text).collect()
}

#[test]
fn the_recording_is_what_its_page_shows() {
    let mut page = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        let scenes = recorded(&page);
        for (old, scene) in shown(&page).iter().zip(&scenes) {
            let mut new = String::new();
            for line in scene {
                writeln!(new, "{}", picture::plain(line)).unwrap();
            }
            page.text = page.text.replacen(old, &new, 1);
        }
        fs::write(pages::root().join(&page.path), &page.text).unwrap();
        let drawn = picture::draw(&scenes, SIZE);
        fs::write(pages::root().join("docs/recording/noroshi.svg"), drawn).unwrap();
    }
    let svg = svg(&page);
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
    for outside in ["http://", "https://"] {
        let others = svg.matches(outside).count();
        let own = svg.matches("http://www.w3.org/").count() * usize::from(outside == "http://");
        let targets = shown(&page).concat().matches(outside).count();
        assert!(others <= own + targets, "it takes nothing from elsewhere");
    }
    let (shown, drawn) = (shown(&page), picture::texts(&svg));
    assert!(shown.len() > 2);
    assert_eq!(drawn, shown.concat().lines().collect::<Vec<_>>(), "`make recording` draws it anew");
    assert!(!likeness::alike(&shown[0], &shown[1]));
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let long = format!("\u{1b}[31m{}\u{1b}[0m", "x".repeat(200));
    let cut = cut(&long);
    assert_eq!(picture::plain(&cut), "x".repeat(95) + "...");
    assert!(cut.starts_with("\u{1b}[31m") && cut.ends_with("...\u{1b}[0m"));
}

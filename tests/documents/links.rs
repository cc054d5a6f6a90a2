//! Links between pages: to files that are there, and to headings that are there.

use std::fs;

use super::pages::{Page, root};

/// The links of a page that lead nowhere.
pub(crate) fn broken(page: &Page) -> Vec<String> {
    let folder = root().join(&page.path);
    let mut wrong = Vec::new();
    for target in targets(&page.text) {
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let file = match path {
            "" => folder.clone(),
            path => folder.parent().unwrap().join(path),
        };
        if !file.exists() {
            wrong.push(format!("{} leads to {target}", page.path));
        } else if !heading.is_empty() && file.extension().is_some_and(|ending| ending == "md") {
            let text = fs::read_to_string(&file).unwrap();
            if !headings(&text).iter().any(|known| known == heading) {
                wrong.push(format!("{} leads to {target}, which has no such heading", page.path));
            }
        }
    }
    wrong
}

/// What links within the repository name. A pattern in a sample of code is no link.
fn targets(text: &str) -> Vec<&str> {
    let links = text.split("](").skip(1).filter_map(|link| link.split([')', ' ']).next());
    links
        .filter(|link| !link.is_empty() && !link.starts_with('?') && !link.contains("://"))
        .collect()
}

/// The names by which headings are linked to, as GitHub makes them.
fn headings(text: &str) -> Vec<String> {
    let heads = text.lines().filter(|line| line.starts_with('#'));
    heads
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
        })
        .collect()
}

#[test]
fn headings_are_named_as_on_github() {
    let heads = headings(
        "# In the place of `a`\nb\n## TLS, users & more: `[web]`\n### noroshi's own, beside it\n",
    );
    assert_eq!(heads, ["in-the-place-of-a", "tls-users--more-web", "noroshis-own-beside-it"]);
}

//! What a page shows of a command against what the command prints. docs/README.md tells this to whoever writes pages.
//!
//! A line `...` stands for any lines, `...` inside of a line for any text. Times, durations behind a space, ids of silences,
//! digests and the bars of a picture are equal to any other of their form, and a run of spaces inside of a line is one.

use std::sync::LazyLock;

use regex::Regex;

static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*(Z|[+-]\d\d:\d\d)", "TIME"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
        (r"\b[0-9a-f]{32,}", "DIGEST"),
        (r" *[█▏]+ *", " BAR "),
        (r"\b\d+(\.\d+)? (ms|s)\b", "DURATION"),
        (r"(\S) {2,}", "$1 "),
    ]
    .map(|(pattern, form)| (Regex::new(pattern).unwrap(), form))
    .into()
});

/// Whether what was printed is what is shown.
pub(crate) fn alike(shown: &str, printed: &str) -> bool {
    let lines = |text: &str| text.lines().map(form).collect::<Vec<_>>();
    fits(&lines(shown), &lines(printed))
}

/// A line with what varies replaced by the word for it.
fn form(line: &str) -> String {
    let replaced = VARYING.iter().fold(line.to_owned(), |line, (pattern, form)| {
        pattern.replace_all(&line, *form).into_owned()
    });
    replaced.trim_end().to_owned()
}

fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [first, rest @ ..] if first.trim() == "..." => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        [first, rest @ ..] => match printed {
            [line, others @ ..] => glob(first, line) && fits(rest, others),
            [] => false,
        },
    }
}

/// `...` stands for any text; what is around it stands where it is.
fn glob(shown: &str, line: &str) -> bool {
    let mut parts = shown.split("...");
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else { return false };
            rest = &rest[at + before.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[test]
fn only_what_varies_may_differ() {
    let shown = "DOWN  x  27 ms\n  dns      ▏        0.18 ms\n...\nat 2026-01-31T08:00:00Z";
    let printed =
        "DOWN  x  1.20 s\n  dns      ████ 12 ms\nmore\nand more\nat 2030-12-01T00:00:00.123+01:00";
    assert!(alike(shown, printed));
    let digest = "0123456789abcdef".repeat(4);
    assert!(alike(
        "sha256=f30efccc66d61f7d75acbe8dbe72a1626f824a...",
        &format!("sha256={digest} x")
    ));
    assert!(alike("a ... b ... c", "a 1 b 2 c") && alike("...", "") && alike("a...", "a"));
    for (shown, printed) in [
        ("a", "b"),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("a\n...\nb", "a\nc"),
        ("a ... b", "a c"),
        ("a ... b ... c", "a b"),
        ("...a", "ab"),
        ("  a", "    a"),
        ("wait 1s", "wait 2s"),
        ("UP 1 ms", "DOWN 1 ms"),
    ] {
        assert!(!alike(shown, printed), "{shown} is no {printed}");
    }
}

//! What Telegram is told, and how long that may be.

use super::{ParseMode, Spec};
use crate::notify::{limit, message::Message, setback::Setback};

/// What Telegram shows at most, in characters after its markup is read.
const SHOWN: usize = 4096;

/// What it reads at most, in bytes with markup.
const READ: usize = 1 << 15;

/// The text of the message. Markup cannot be cut anywhere: one that is too long is replaced by a plain list of what burns.
pub(super) fn of(spec: &Spec, message: &Message<'_>) -> Result<String, Setback> {
    match spec.parse_mode {
        ParseMode::Html => {
            let text = message.html(&spec.message)?;
            let fits = text.len() <= READ && shown(&text) <= SHOWN;
            Ok(if fits { text } else { escaped(&instead(message)) })
        }
        ParseMode::Markdown | ParseMode::MarkdownV2 => {
            let text = message.text(&spec.message)?;
            let fits = text.len() <= READ && text.chars().count() <= SHOWN;
            Ok(if fits { text } else { marked(&instead(message), spec.parse_mode) })
        }
        ParseMode::Plain => {
            Ok(limit::characters(&message.text(&spec.message)?, SHOWN).into_owned())
        }
    }
}

/// A shorter text: how many, and the first names.
fn instead(message: &Message<'_>) -> String {
    let alerts = message.data.alerts();
    let firing = alerts.iter().filter(|alert| alert.status == "firing").count();
    let resolved = alerts.len() - firing;
    let mut text = format!(
        "{firing} firing, {resolved} resolved; the whole message is too long for Telegram.\n"
    );
    for alert in alerts.iter().take(20) {
        let name = alert.labels.get("alertname").unwrap_or_default();
        let line = format!("{} {}\n", alert.status, limit::characters(name, 60));
        text.push_str(&line);
    }
    if alerts.len() > 20 {
        text.push_str("...\n");
    }
    text.push_str(&limit::characters(message.data.external_url(), 300));
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// With a backslash before what the markup would read.
fn marked(text: &str, mode: ParseMode) -> String {
    let marks = if mode == ParseMode::MarkdownV2 { "_*[]()~`>#+-=|{}.!\\" } else { "_*[`" };
    let mut marked = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if marks.contains(c) {
            marked.push('\\');
        }
        marked.push(c);
    }
    marked
}

/// How many characters are seen of HTML: tags are not, an entity is one. What is not well formed counts as it is written.
fn shown(html: &str) -> usize {
    let (mut count, mut rest) = (0, html);
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '<' => rest.find('>').map(|at| (at + 1, 0)),
            '&' => rest[..rest.floor_char_boundary(12)].find(';').map(|at| (at + 1, 1)),
            _ => None,
        };
        let (length, seen) = end.unwrap_or((first.len_utf8(), 1));
        count += seen;
        rest = &rest[length..];
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_not_seen() {
        for (html, characters) in [
            ("", 0),
            ("abc", 3),
            ("<b>ä&amp;b</b>", 3),
            ("<a href=\"http://a.example/very/long\">x</a>", 1),
            ("a < b", 5),
            ("a & b", 5),
            ("&#128293;", 1),
        ] {
            assert_eq!(shown(html), characters, "{html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(html in "\\PC{0,60}") {
            assert!(shown(&html) <= html.chars().count());
        }
    }
}

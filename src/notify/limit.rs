//! Cutting texts to what a provider takes.

use std::borrow::Cow;

/// What stands where a text was cut, as in Alertmanager.
const ELLIPSIS: char = '…';

/// At most so many characters; the last is an ellipsis where something was cut.
pub(super) fn characters(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit || text.chars().count() <= limit {
        return text.into();
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    if limit > 0 {
        cut.push(ELLIPSIS);
    }
    cut.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays() {
        for (text, limit, wanted) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöü", 3, "äöü"),
            ("äöüß", 3, "äö…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
            ("", 0, ""),
        ] {
            assert_eq!(characters(text, limit), wanted);
        }
    }
}

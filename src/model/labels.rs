use std::{collections::BTreeMap, sync::Arc};

/// Labels by name, in order. Names come from the configuration; values may come from strangers.
pub type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// Labels of a series, rendered once: the text that every line of a check repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSet {
    pairs: Box<[(Arc<str>, Arc<str>)]>,
    text: Box<str>,
}

impl LabelSet {
    /// Renders the pairs in the order given.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let pairs: Box<[(Arc<str>, Arc<str>)]> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let mut text = Vec::new();
        for (at, (name, value)) in pairs.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"=\"");
            escape_into(&mut text, value);
            text.push(b'"');
        }
        // Only whole characters were pushed, so this never replaces anything.
        let text = String::from_utf8_lossy(&text).into();
        Self { pairs, text }
    }

    /// `name="value",...` with the values escaped, without braces.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pairs themselves, unescaped.
    pub fn pairs(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.pairs
    }
}

/// Appends a label value as the exposition formats want it: backslash, quote and newline escaped.
pub fn escape_into(out: &mut Vec<u8>, value: &str) {
    let mut rest = value.as_bytes();
    // Nearly every value has nothing to escape and is copied as a whole: looking at all of it without a way out early is
    // what a processor does many bytes at a time.
    if !rest.iter().fold(false, |found, byte| found | matches!(byte, b'\\' | b'"' | b'\n')) {
        return out.extend_from_slice(rest);
    }
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'"' | b'\n')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(match rest[at] {
            b'\n' => b"\\n",
            b'"' => b"\\\"",
            _ => b"\\\\",
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_kept() {
        let set = LabelSet::new([("check", "a\"b\\c\nd"), ("group", "狼煙")]);
        assert_eq!(set.text(), "check=\"a\\\"b\\\\c\\nd\",group=\"狼煙\"");
        assert_eq!(&*set.pairs()[0].1, "a\"b\\c\nd");
    }
}

use std::{collections::BTreeMap, sync::Arc};

/// Labels by name, in order. Names come from the configuration; values may come from strangers.
pub type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// Why a check cannot have a label of some name: what the name is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelUse {
    /// It is no label's name at all.
    NoName,
    /// Names beginning with `__`, which Prometheus keeps for itself.
    Internal,
    /// noroshi sets it, or a histogram does.
    Ours,
    /// A scrape overwrites it.
    Scrape,
    /// Rules and dashboards tell clusters apart by it. On `noroshi_check_info` alone it would part that from the check's
    /// other series.
    Cluster,
}

impl LabelUse {
    /// What a name is used for; `None` for one that a check may have.
    pub fn of(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        let is_name = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        match name {
            _ if !is_name => Some(Self::NoName),
            _ if name.starts_with("__") => Some(Self::Internal),
            "check" | "group" | "kind" | "target" | "notify" | "reason" | "state" | "le"
            | "quantile" => Some(Self::Ours),
            "instance" | "job" => Some(Self::Scrape),
            "cluster" => Some(Self::Cluster),
            _ => None,
        }
    }
}

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
    // Nearly every value is copied as a whole.
    if is_plain(rest) {
        return out.extend_from_slice(rest);
    }
    while let Some(at) = rest.iter().position(|byte| is_special(*byte)) {
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

fn is_special(byte: u8) -> bool {
    matches!(byte, b'\\' | b'"' | b'\n')
}

/// Whether a value has nothing to escape. Eight bytes are looked at as one number; the last of them may lie over those
/// before, so that hardly a value is looked at byte by byte.
fn is_plain(value: &[u8]) -> bool {
    if let Some(last) = value.last_chunk::<8>() {
        let words = value.as_chunks::<8>().0.iter().chain([last]);
        return words.fold(0, |found, word| found | specials(u64::from_le_bytes(*word))) == 0;
    }
    if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
        return specials(first << 32 | last) == 0;
    }
    !value.iter().any(|byte| is_special(*byte))
}

/// Not 0 if a byte of eight is special: Mycroft's test for a byte that is 0, after the one that is looked for was made 0.
fn specials(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xff;
    let is = |byte: u8| {
        let zero = word ^ (EACH * u64::from(byte));
        zero.wrapping_sub(EACH) & !zero
    };
    (is(b'\\') | is(b'"') | is(b'\n')) & (EACH << 7)
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

    #[test]
    fn what_has_to_be_escaped_is_found_wherever_it_stands() {
        for length in 1..40 {
            for at in 0..length {
                for (special, escaped) in [('\\', "\\\\"), ('"', "\\\""), ('\n', "\\n")] {
                    // Neighbours that differ from it by a bit: the highest, as in parts of longer characters, or the lowest.
                    for around in ["\u{8a}", "\u{a2}", "#", "]", "\u{b}", "\0"] {
                        let (before, after) = (around.repeat(at), around.repeat(length - at - 1));
                        let mut out = Vec::new();
                        escape_into(&mut out, &format!("{before}{special}{after}"));
                        assert_eq!(out, format!("{before}{escaped}{after}").into_bytes());
                    }
                }
            }
        }
        let mut out = Vec::new();
        escape_into(&mut out, &"\u{8a}\u{a2}#]\u{b}\0!z".repeat(9));
        assert_eq!(out, "\u{8a}\u{a2}#]\u{b}\0!z".repeat(9).into_bytes());
    }
}

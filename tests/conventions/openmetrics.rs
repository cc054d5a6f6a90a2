//! A strict reader of OpenMetrics 1.0 text: whatever the standard forbids and we could get wrong is a mistake here.

use std::collections::{BTreeMap, HashMap, HashSet};

/// Labels in the order they were written.
type Labels = Vec<(String, String)>;

/// What is known while reading: the families so far and the one whose samples come now.
#[derive(Default)]
struct Reader {
    kinds: HashMap<String, String>,
    helped: HashSet<String>,
    family: String,
    sampled: HashSet<String>,
    series: HashSet<(String, BTreeMap<String, String>)>,
    histograms: HashMap<(String, BTreeMap<String, String>), Histogram>,
}

/// One series of a histogram, as its lines have come.
#[derive(Default)]
struct Histogram {
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
}

/// Reads a whole exposition.
///
/// # Errors
/// The first rule that is broken, with its line.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let body = text.strip_suffix("# EOF\n").ok_or("`# EOF` is not last")?;
    if !body.is_empty() && !body.ends_with('\n') {
        return Err("the last line is not ended".into());
    }
    let mut reader = Reader::default();
    for line in body.lines() {
        reader.line(line).map_err(|why| format!("{why}: {line}"))?;
    }
    reader.histograms.into_iter().try_for_each(|((name, labels), histogram)| {
        histogram.check().map_err(|why| format!("{why}: {name}{labels:?}"))
    })
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Err("a blank line".into());
        }
        let Some(comment) = line.strip_prefix('#') else { return self.sample(line) };
        let mut words = comment.strip_prefix(' ').ok_or("a comment")?.splitn(3, ' ');
        let (Some(what), Some(family), Some(rest)) = (words.next(), words.next(), words.next())
        else {
            return Err("neither HELP nor TYPE nor UNIT".into());
        };
        if family != self.family {
            if self.kinds.contains_key(family) || self.helped.contains(family) {
                return Err("a family in two places".into());
            }
            family.clone_into(&mut self.family);
        }
        if self.sampled.contains(family) {
            return Err("metadata after samples".into());
        }
        let fresh = match what {
            "TYPE" => self.kinds.insert(family.to_owned(), rest.to_owned()).is_none(),
            "HELP" => {
                escapes(rest, "\\n\"")?;
                self.helped.insert(family.to_owned())
            }
            "UNIT" => family.ends_with(&format!("_{rest}")),
            _ => return Err("neither HELP nor TYPE nor UNIT".into()),
        };
        if fresh { Ok(()) } else { Err("metadata twice, or a unit that is not in the name".into()) }
    }

    fn sample(&mut self, line: &str) -> Result<(), String> {
        let at = line.find(['{', ' ']).ok_or("no value")?;
        let (name, rest) = line.split_at(at);
        let (labels, rest) = if let Some(rest) = rest.strip_prefix('{') {
            labels(rest)?
        } else {
            (Vec::new(), rest)
        };
        let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
        // Nothing of ours carries a timestamp or an exemplar, so nothing may follow the value.
        let value: f64 = value.parse().map_err(|_| "not a value")?;
        let mut set: BTreeMap<_, _> = BTreeMap::new();
        for (label, value) in labels {
            if set.insert(label, value).is_some() {
                return Err("a label twice".into());
            }
        }
        let family = self.family.clone();
        let kind = self.kinds.get(&family).ok_or("a sample before its TYPE")?.clone();
        let suffix = name.strip_prefix(&family).ok_or("a sample of another family")?;
        self.sampled.insert(family.clone());
        if !self.series.insert((name.to_owned(), set.clone())) {
            return Err("a series twice".into());
        }
        match (&*kind, suffix) {
            ("gauge", "") | ("info", "_info") => Ok(()),
            ("counter", "_total") if value >= 0.0 => Ok(()),
            ("histogram", _) => self.histogram(suffix, set, value),
            _ => Err(format!("a {kind} has no such sample or value")),
        }
    }

    fn histogram(
        &mut self,
        suffix: &str,
        mut labels: BTreeMap<String, String>,
        value: f64,
    ) -> Result<(), String> {
        let bound = labels.remove("le");
        let histogram = self.histograms.entry((self.family.clone(), labels)).or_default();
        match (suffix, bound) {
            ("_bucket", Some(bound)) => {
                let bound = bound.parse().map_err(|_| "a bound that is no number")?;
                histogram.buckets.push((bound, value));
            }
            ("_sum", None) => histogram.sum = Some(value),
            ("_count", None) => histogram.count = Some(value),
            _ => return Err("a histogram has no such sample".into()),
        }
        Ok(())
    }
}

impl Histogram {
    fn check(&self) -> Result<(), &'static str> {
        let rising = self.buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        let last = self.buckets.last().ok_or("no bucket")?;
        if !rising {
            return Err("buckets do not rise, or are not cumulative");
        }
        if last.0 < f64::INFINITY {
            return Err("no bucket +Inf");
        }
        if self.count != Some(last.1) {
            return Err("the count is not that of +Inf");
        }
        self.sum.map(|_| ()).ok_or("no sum")
    }
}

/// `name="value",...}` and what comes after it.
fn labels(mut rest: &str) -> Result<(Labels, &str), String> {
    let mut found = Labels::new();
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("a label without a value")?;
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("`{name}` is no label"));
        }
        let mut escaped = false;
        let end = after.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or("a value without its end")?;
        escapes(&after[..end], "\\n\"")?;
        found.push((name.to_owned(), after[..end].to_owned()));
        rest = &after[end + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((found, after));
        }
        rest = rest.strip_prefix(',').ok_or("neither `,` nor `}` after a label")?;
    }
}

/// A backslash stands before one of these alone.
fn escapes(text: &str, permitted: &str) -> Result<(), String> {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\\' && !rest.next().is_some_and(|c| permitted.contains(c)) {
            return Err("an escape that is none".into());
        }
    }
    Ok(())
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP a b\n# TYPE a counter\na_total{x=\"\\\"\\\\\\n\"} 1\n# TYPE h histogram\n\
                h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n# EOF\n";
    assert_eq!(check(good), Ok(()));
    for (from, to, why) in [
        ("# EOF\n", "", "not last"),
        ("# EOF\n", "# EOF\n# EOF\n", "neither HELP"),
        ("h_sum", "\nh_sum", "blank"),
        ("a_total{", "a{", "no such sample"),
        ("} 1\n", "} -1\n", "no such sample or value"),
        ("} 1\n#", "} 1 1700000000\n#", "not a value"),
        ("\\n\"} 1", "\\t\"} 1", "an escape"),
        ("x=\"", "x=\"1\",x=\"", "a label twice"),
        ("# TYPE a counter\n", "", "before its TYPE"),
        ("h_sum 3\n", "h_sum 3\nh_sum 4\n", "a series twice"),
        ("h_sum 3\n", "", "no sum"),
        ("+Inf\"} 2", "+Inf\"} 0", "not cumulative"),
        ("le=\"+Inf\"", "le=\"2\"", "no bucket +Inf"),
        ("h_count 2", "h_count 3", "the count"),
        ("# EOF", "# TYPE a counter\n# EOF", "two places"),
        ("h_count 2", "h_count 2\nz 1", "another family"),
    ] {
        let broken = good.replacen(from, to, 1);
        let said = check(&broken).unwrap_err();
        assert!(said.contains(why), "{why}? {said}");
    }
}

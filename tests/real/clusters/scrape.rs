//! What a scrape says, free of the order it is said in; and where two of them differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// So many series of a family are shown; the rest is counted.
const SHOWN: usize = 6;

/// Families with their types, and series with their values, in order of their names.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Scrape {
    types: BTreeMap<String, String>,
    /// By name and sorted labels. A series that stands there twice has two values.
    series: BTreeMap<String, Vec<Value>>,
}

/// A number that is equal to itself, also where it is none.
#[derive(Debug, Clone, Copy)]
struct Value(f64);

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq() || self.0 == other.0
    }
}

impl Scrape {
    /// Reads the text format.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut scrape = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(comment) = line.strip_prefix("# ") {
                scrape.take_type(comment).map_err(|why| format!("{why}: {line}"))?;
            } else {
                let (series, value) = row(line).ok_or_else(|| format!("not a row: {line}"))?;
                scrape.series.entry(series).or_default().push(Value(value));
            }
        }
        for values in scrape.series.values_mut() {
            values.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        Ok(scrape)
    }

    fn take_type(&mut self, comment: &str) -> Result<(), &'static str> {
        let Some(rest) = comment.strip_prefix("TYPE ") else {
            return if comment.starts_with("HELP ") {
                Ok(())
            } else {
                Err("neither HELP nor TYPE")
            };
        };
        let (family, kind) = rest.split_once(' ').ok_or("no type")?;
        match self.types.insert(family.to_owned(), kind.to_owned()) {
            None => Ok(()),
            Some(_) => Err("a second header"),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The sum of a family's rows that have all these labels, each written as in a row; `None` where there is none.
    pub(super) fn sum(&self, family: &str, labels: &[&str]) -> Option<f64> {
        let has = |series: &str| {
            family_of(series) == family
                && labels.iter().all(|label| {
                    series.contains(&format!("{{{label}")) || series.contains(&format!(",{label}"))
                })
        };
        let rows = self.series.iter().filter(|(series, _)| has(series));
        let values = rows.flat_map(|(_, values)| values).map(|value| value.0);
        values.reduce(|one, other| one + other)
    }

    /// The series, without their values.
    pub(super) fn series(&self) -> BTreeSet<&str> {
        self.series.keys().map(String::as_str).collect()
    }

    /// A family's rows: the series, and its values.
    pub(super) fn rows(&self, family: &str) -> Vec<(&str, f64)> {
        let rows = self.series.iter().filter(|(series, _)| family_of(series) == family);
        rows.flat_map(|(series, values)| values.iter().map(|value| (series.as_str(), value.0)))
            .collect()
    }

    /// The families that have rows.
    pub(super) fn families(&self) -> BTreeSet<&str> {
        self.series.keys().map(|series| family_of(series)).collect()
    }

    /// How `ours` differs from this, by family; empty where it does not.
    pub(super) fn difference(&self, ours: &Self) -> String {
        let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        // The header of a family without rows says nothing, and noroshi leaves it out.
        for family in self.families().union(&ours.families()).copied() {
            let (theirs, ours) = (self.types.get(family), ours.types.get(family));
            if theirs != ours {
                let word =
                    |kind: Option<&String>| kind.map_or("no header", String::as_str).to_owned();
                let line = format!("type: {}, ours {}", word(theirs), word(ours));
                found.entry(family).or_default().push(line);
            }
        }
        for series in self.series.keys().chain(ours.series.keys()).collect::<BTreeSet<_>>() {
            let line = match (self.series.get(series), ours.series.get(series)) {
                (Some(theirs), Some(ours)) if theirs == ours => continue,
                (Some(theirs), Some(ours)) => {
                    format!("{series}: {}, ours {}", numbers(theirs), numbers(ours))
                }
                (Some(theirs), None) => format!("missing {series} {}", numbers(theirs)),
                (None, ours) => format!("too many {series} {}", numbers(ours.unwrap())),
            };
            found.entry(family_of(series)).or_default().push(line);
        }
        report(&found)
    }
}

fn report(found: &BTreeMap<&str, Vec<String>>) -> String {
    let mut text = String::new();
    for (family, lines) in found {
        writeln!(text, "  {family}: {}", lines.len()).unwrap();
        lines.iter().take(SHOWN).for_each(|line| writeln!(text, "    {line}").unwrap());
        if lines.len() > SHOWN {
            writeln!(text, "    and {} more", lines.len() - SHOWN).unwrap();
        }
    }
    text
}

fn numbers(values: &[Value]) -> String {
    values.iter().map(|value| value.0.to_string()).collect::<Vec<_>>().join(" and ")
}

fn family_of(series: &str) -> &str {
    series.split('{').next().unwrap_or(series)
}

/// The value of a label of a series, as it is written there.
pub(super) fn label<'s>(series: &'s str, name: &str) -> Option<&'s str> {
    let mut rest = series.split_once('{')?.1;
    loop {
        let (own, value) = rest.split_once("=\"")?;
        let end = end_of_text(value)?;
        if own == name {
            return Some(&value[..end]);
        }
        rest = value[end + 1..].trim_start_matches(',');
    }
}

/// A row as series and value. Labels are sorted by name and kept as they are written, escapes included.
fn row(line: &str) -> Option<(String, f64)> {
    let Some((name, rest)) = line.split_once('{') else {
        let (name, value) = line.split_once(' ')?;
        return Some((name.to_owned(), value.parse().ok()?));
    };
    let (mut labels, mut rest) = (Vec::new(), rest);
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"")?;
        let end = end_of_text(after)?;
        labels.push(format!("{label}=\"{}\"", &after[..end]));
        rest = after[end + 1..].trim_start_matches(',');
    }
    labels.sort();
    let value = rest.strip_prefix("} ")?.parse().ok()?;
    Some((format!("{name}{{{}}}", labels.join(",")), value))
}

/// Where the quotation mark stands that ends it.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[test]
fn differences_are_told_by_family() {
    let theirs = "# HELP a A.\n# TYPE a gauge\na{x=\"1\",b=\"\\\"},\"} 1e+06\na{x=\"2\"} 1\n# TYPE b counter\nb NaN\n";
    let ours =
        "# TYPE a gauge\na{b=\"\\\"},\",x=\"1\"} 1000000\na{x=\"3\"} 1\n# TYPE b gauge\nb NaN\n";
    let (theirs, ours) = (Scrape::parse(theirs).unwrap(), Scrape::parse(ours).unwrap());
    assert_eq!(theirs.difference(&theirs), "");
    assert_eq!(
        theirs.difference(&ours),
        "  a: 2\n    missing a{x=\"2\"} 1\n    too many a{x=\"3\"} 1\n  b: 1\n    type: counter, ours gauge\n"
    );
    assert_eq!(theirs.sum("a", &[]), Some(1_000_001.0));
    assert_eq!(theirs.sum("a", &["x=\"1\""]), Some(1e6));
    assert_eq!(theirs.sum("a", &["x=\"3\""]), None);
    assert_eq!(theirs.rows("a").len(), theirs.series().len() - 1);
    assert_eq!(label("a{b=\"\\\"x=\",x=\"1\"}", "x"), Some("1"));
    assert_eq!((label("a{b=\"1\"}", "x"), label("a", "x")), (None, None));
    assert!(Scrape::parse("a{x=\"1\" 1\n").is_err());
    assert!(Scrape::parse("# TYPE a gauge\n# TYPE a gauge\n").is_err());
}

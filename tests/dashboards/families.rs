//! Names of series: those in expressions are those of `docs/metrics.md` and of kube-state-metrics; and each of ours is shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::{
    expression::{Selector, grouped_by, selectors},
    linter::label_values,
    questions, title, variables,
};

/// Families that no panel and no rule shows, each with its reason.
const NOT_SHOWN: &[(&str, &str)] = &[];

/// Labels that Prometheus and its configuration give to every series.
const OF_PROMETHEUS: [&str; 3] = ["cluster", "job", "instance"];

/// A family: its labels, and whether it is a histogram.
#[derive(Debug)]
struct Family {
    labels: BTreeSet<String>,
    is_histogram: bool,
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Ours, as the page has them.
fn ours() -> BTreeMap<String, Family> {
    let page = read("docs/metrics.md");
    let mut families = BTreeMap::new();
    for section in page.split("\n## ").skip(1) {
        if section.starts_with("Shown by the API alone") {
            continue;
        }
        let is_of_checks =
            ["Every check", "By kind"].iter().any(|title| section.starts_with(title));
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split(" | ").collect();
            let words = |cell: &str| -> Vec<String> {
                cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
            };
            let mut labels: BTreeSet<String> = words(cells[2]).into_iter().collect();
            if is_of_checks {
                labels.extend(["check", "group", "kind"].map(str::to_owned));
            }
            // The text above the tables says so of them alone.
            if cells[0].contains("noroshi_cluster_collector_") {
                labels.insert("collector".to_owned());
            }
            let is_histogram = cells[1] == "histogram";
            families.insert(words(cells[0]).remove(0), Family { labels, is_histogram });
        }
    }
    families
}

/// Those of kube-state-metrics, as its table of columns has them.
fn of_kubernetes() -> BTreeMap<String, Family> {
    let table = read("tests/fixtures/ksm-families.tsv");
    let rows = table.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
    rows.map(|row| {
        let labels = row[6].split([',', '|']);
        let labels = labels.map(|label| label.trim().trim_matches(['[', ']']).to_owned()).collect();
        (row[2].to_owned(), Family { labels, is_histogram: false })
    })
    .collect()
}

fn known() -> BTreeMap<String, Family> {
    let mut known = ours();
    known.extend(of_kubernetes());
    // Prometheus' own: whether a scrape came through.
    known.insert("up".to_owned(), Family { labels: BTreeSet::new(), is_histogram: false });
    known
}

/// The families that a selector sees.
fn seen<'k>(selector: &Selector, known: &'k BTreeMap<String, Family>) -> Vec<&'k str> {
    if let Some(name) = &selector.name {
        let parts = ["_bucket", "_sum", "_count"].iter();
        let base = parts
            .filter_map(|part| name.strip_suffix(part))
            .find(|base| known.get(*base).is_some_and(|family| family.is_histogram));
        let name = base.unwrap_or(name);
        return known.get_key_value(name).map(|(name, _)| name.as_str()).into_iter().collect();
    }
    let pattern = selector.matchers.iter().find(|(label, ..)| label == "__name__");
    let Some((_, _, pattern)) = pattern else { return Vec::new() };
    let pattern = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
    known.keys().map(String::as_str).filter(|name| pattern.is_match(name)).collect()
}

/// Everything that is asked, of panels, annotations and variables.
fn asked(dashboard: &Value) -> Vec<(String, String)> {
    let questions = questions(dashboard).into_iter().map(|(place, expr)| (place, expr.to_owned()));
    let choices = variables(dashboard).iter().filter_map(|variable| {
        let (selector, _) = label_values(variable)?;
        Some((format!("{}: ${}", title(dashboard), variable["name"]), selector.to_owned()))
    });
    questions.chain(choices).collect()
}

/// Families and labels that nobody has.
pub(crate) fn unknown(dashboard: &Value) -> Vec<String> {
    let known = known();
    let mut complaints = Vec::new();
    for (place, expr) in asked(dashboard) {
        let mut labels: BTreeSet<&str> = OF_PROMETHEUS.into_iter().collect();
        for selector in selectors(&expr).unwrap() {
            let families = seen(&selector, &known);
            if families.is_empty() {
                complaints.push(format!("{place}: nobody has {selector:?}"));
            }
            let has = |label: &str| {
                label == "__name__"
                    || OF_PROMETHEUS.contains(&label)
                    || families.iter().any(|family| known[*family].labels.contains(label))
            };
            for (label, ..) in selector.matchers.iter().filter(|(label, ..)| !has(label)) {
                complaints.push(format!("{place}: {families:?} has no label {label}"));
            }
            for family in families {
                labels.extend(known[family].labels.iter().map(String::as_str));
            }
        }
        for label in grouped_by(&expr) {
            // `le` is that of buckets; others are made by the expression itself.
            if label != "le" && !labels.contains(&*label) && !expr.contains(&format!("\"{label}\""))
            {
                complaints.push(format!("{place}: nothing in it has the label {label}"));
            }
        }
    }
    complaints
}

/// The families that panels show by their names. What a pattern of names shows is no matter of any of them.
fn named(dashboards: &[Value]) -> BTreeSet<String> {
    let known = known();
    let questions = dashboards.iter().flat_map(questions);
    questions
        .flat_map(|(_, expr)| selectors(expr).unwrap())
        .filter(|selector| selector.name.is_some())
        .flat_map(|selector| {
            seen(&selector, &known).into_iter().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a rule names the family.
fn in_rules(family: &str) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prometheus-rules");
    let files = fs::read_dir(folder).into_iter().flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    texts
        .into_iter()
        .any(|text| text.split(|letter| !is_of_name(letter)).any(|word| word == family))
}

/// Families of ours that nobody sees, and reasons that are none any more.
pub(crate) fn not_shown(dashboards: &[Value]) -> Vec<String> {
    let (named, ours) = (named(dashboards), ours());
    let is_shown = |family: &str| named.contains(family) || in_rules(family);
    let is_excused = |family: &str| NOT_SHOWN.iter().any(|(excused, _)| *excused == family);
    let missing = ours.keys().filter(|family| !is_shown(family) && !is_excused(family));
    let missing = missing.map(|family| format!("{family} is in no panel and in no rule"));
    let stale =
        NOT_SHOWN.iter().filter(|(family, _)| is_shown(family) || !ours.contains_key(*family));
    let stale = stale.map(|(family, _)| format!("{family} needs no excuse"));
    missing.chain(stale).collect()
}

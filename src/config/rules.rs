//! What no type can say about the common keys: bounds, names, and values that do not go together.

use std::time::Duration;

use super::{
    codes::Code,
    finding::{Finding, Path},
    keys::{self, CommonKeys},
    suggest,
};
use crate::{
    model::{CheckId, CheckSettings, Flapping, LabelUse, PromDuration, Slo, Warn},
    probe::spec::{COMMON_FAMILIES, KINDS, Kind, Spec},
};

const MIN_INTERVAL: Duration = CheckSettings::SHORTEST_INTERVAL;
const MAX_INTERVAL: Duration = CheckSettings::LONGEST_INTERVAL;
const MAX_NAME: usize = CheckId::LONGEST;
/// The most buckets of a histogram: each is a series of every check.
const MAX_BUCKETS: usize = 100;

/// How many times too fast an error budget has to be spent for the shipped alerts on it. The last one, 1, any outage reaches.
const BURN_FACTORS: [f64; 3] = [14.4, 6.0, 3.0];

/// Mistakes in the keys that stand at `at`, each by itself.
pub(super) fn each(at: &Path, keys: &CommonKeys, kind: Option<&Kind>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut bad = |key: &str, message: String| {
        let path = at.key(key);
        let message = format!("{} {message}", path.subject());
        findings.push(Finding::new(Code::BadValue, path, message));
    };
    for (key, value, least) in [
        ("interval", keys.interval, MIN_INTERVAL),
        ("timeout", keys.timeout, Duration::from_millis(1)),
        ("retry_interval", keys.retry_interval, MIN_INTERVAL),
    ] {
        if value.is_some_and(|value| value.0 < least) {
            bad(key, format!("must be at least {}", PromDuration(least)));
        }
        if value.is_some_and(|value| value.0 > MAX_INTERVAL) {
            bad(key, format!("must be at most {}", PromDuration(MAX_INTERVAL)));
        }
    }
    if keys.group.as_ref().is_some_and(|group| group.is_empty() || group.len() > MAX_NAME) {
        bad("group", format!("must have 1 to {MAX_NAME} bytes"));
    }
    if keys.slo.is_some_and(|slo| !(slo.objective > 0.0 && slo.objective < 1.0)) {
        bad("slo", "needs an `objective` more than 0 and less than 1, such as 0.999".to_owned());
    }
    let slo = keys.slo.and_then(|slo| objective(at, slo));
    if let Some(why) = keys.flapping.and_then(flapping) {
        bad("flapping", why.to_owned());
    }
    if let Some(why) = keys.buckets.as_deref().and_then(buckets) {
        bad("buckets", why);
    }
    findings.extend(slo);
    for name in keys.labels.iter().flatten().map(|(name, _)| name) {
        findings.extend(label(at.key("labels").key(name.clone()), name));
    }
    if let Some(rules) = &keys.warn {
        findings.extend(warn(&at.key("warn"), rules, kind));
    }
    findings
}

/// Mistakes in `[metrics]`.
pub(super) fn metrics(options: &super::MetricsOptions) -> Vec<Finding> {
    let at = Path::of(["metrics"]);
    let path = at.key("buckets");
    let bounds = buckets(&options.buckets).map(|why| {
        let message = format!("{} {why}", path.subject());
        Finding::new(Code::BadValue, path, message)
    });
    let labels = options.export_labels.iter().enumerate();
    labels
        .filter_map(|(index, name)| label(at.key("export_labels").index(index), name))
        .chain(bounds)
        .collect()
}

/// A timeout longer than its interval, a retry interval longer than it. Each pair is reported once, where it was set.
pub(super) fn times(at: &Path, keys: &CommonKeys, defaults: &CommonKeys) -> Vec<Finding> {
    let defaults_at = Path::of(["defaults"]);
    let place =
        |own: Option<PromDuration>, inherited: Option<PromDuration>, key| match (own, inherited) {
            (Some(value), _) => Some((value, at.key(key))),
            (None, Some(value)) => Some((value, defaults_at.key(key))),
            (None, None) => None,
        };
    let interval = place(keys.interval, defaults.interval, "interval")
        .unwrap_or_else(|| (PromDuration(keys::INTERVAL), Path::default()));
    let mut findings = Vec::new();
    if interval.0.0 < MIN_INTERVAL {
        return findings; // reported by itself, and nearly everything is longer
    }
    let pairs = [
        (Code::TimeoutOverInterval, "timeout", keys.timeout, defaults.timeout),
        (Code::RetryOverInterval, "retry_interval", keys.retry_interval, defaults.retry_interval),
    ];
    for (code, key, own, inherited) in pairs {
        let here = own.is_some() || keys.interval.is_some();
        let Some((value, path)) =
            place(own, inherited, key).filter(|(value, _)| *value > interval.0)
        else {
            continue;
        };
        if here {
            let message =
                format!("{key} {value} is longer than interval {} {}", interval.0, at.place());
            let (path, other, words) = if own.is_some() {
                (path, interval.1.clone(), format!("interval {}", interval.0))
            } else {
                (interval.1.clone(), path, format!("{key} {value}"))
            };
            findings.push(Finding::new(code, path, message).other(words, other));
        }
    }
    findings
}

/// A run that cannot end within its timeout, whatever the target does.
pub(super) fn fits(settings: &CheckSettings, spec: &Spec) -> Option<Finding> {
    let least = spec.least_duration();
    if least.is_zero() || least < settings.timeout {
        return None;
    }
    let path = Path::of(["checks", settings.id.as_str(), spec.kind()]);
    let message = format!(
        "{} takes at least {} and cannot end within the timeout {}",
        path.subject(),
        PromDuration(least),
        PromDuration(settings.timeout),
    );
    let hint = "raise `timeout`, or send fewer packets at shorter gaps";
    Some(Finding::new(Code::Contradiction, path, message).at_key().hint(hint.to_owned()))
}

/// A name that cannot be a check's.
pub(super) fn check_name(name: &str) -> Option<Finding> {
    let why = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.len() > MAX_NAME {
        format!("it has {} bytes, more than {MAX_NAME}", name.len())
    } else if name.chars().any(char::is_control) {
        "it holds a control character".to_owned()
    } else {
        return None;
    };
    let path = Path::of(["checks", name]);
    let shown: String = name.chars().take(40).collect();
    let message = format!("{shown:?} cannot be the name of a check: {why}");
    Some(Finding::new(Code::BadCheckName, path, message).at_key())
}

fn label(path: Path, name: &str) -> Option<Finding> {
    let (why, hint) = match LabelUse::of(name)? {
        LabelUse::NoName => ("it must match [a-zA-Z_][a-zA-Z0-9_]*", None),
        LabelUse::Internal => ("names beginning with `__` are Prometheus' own", None),
        LabelUse::Ours => ("noroshi uses it itself", None),
        LabelUse::Scrape => {
            let hint = format!("a scrape overwrites it; call it `target_{name}` or the like");
            ("Prometheus sets it on every scraped series", Some(hint))
        }
        LabelUse::Cluster => {
            let hint = "call it `target_cluster` or the like".to_owned();
            ("it says where a series comes from, and rules and dashboards go by that", Some(hint))
        }
    };
    let message = format!("{name:?} cannot be the name of a label: {why}");
    Some(Finding::new(Code::BadLabelName, path, message).at_key().hint(hint))
}

/// An objective so low that even an outage spends its budget too slowly for the alerts on it. `slo.objective` itself is
/// looked at elsewhere.
fn objective(at: &Path, slo: Slo) -> Option<Finding> {
    let budget = 1.0 - slo.objective;
    let is_deaf = |factor: &&f64| budget > 0.0 && budget < 1.0 && **factor * budget >= 1.0;
    let deaf: Vec<String> = BURN_FACTORS.iter().filter(is_deaf).map(f64::to_string).collect();
    if deaf.is_empty() {
        return None;
    }
    let path = at.key("slo").key("objective");
    let message = format!(
        "an objective of {} permits so many failures that even a total outage spends them less than {} times too fast",
        slo.objective,
        deaf.join(" or "),
    );
    let hint =
        "alerts NoroshiErrorBudgetBurn of these factors can never fire: raise it above 0.931";
    Some(Finding::new(Code::DeafObjective, path, message).hint(hint.to_owned()))
}

fn flapping(rule: Flapping) -> Option<&'static str> {
    let share = |value: f64| (0.0..=1.0).contains(&value);
    if rule.window == 1 || rule.window > 64 {
        Some("needs a `window` of 2 to 64 runs, or 0 to switch it off")
    } else if !share(rule.start) || !share(rule.stop) {
        Some("needs `start` and `stop` between 0 and 1")
    } else if rule.stop > rule.start {
        Some("needs a `stop` not above its `start`")
    } else {
        None
    }
}

fn buckets(bounds: &[f64]) -> Option<String> {
    if bounds.is_empty() || bounds.len() > MAX_BUCKETS {
        Some(format!("needs 1 to {MAX_BUCKETS} bounds"))
    } else if bounds.iter().any(|bound| !bound.is_finite() || *bound <= 0.0) {
        Some("needs bounds that are finite and more than 0; +Inf is added by itself".to_owned())
    } else if bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
        Some("needs bounds that rise from one to the next".to_owned())
    } else {
        None
    }
}

/// Without a kind, in `[defaults]`, a family of any kind will do.
fn warn(at: &Path, rules: &Warn, kind: Option<&Kind>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, rule) in rules.metrics.iter().enumerate() {
        let path = at.key("metrics").index(index);
        if rule.above.is_none() && rule.below.is_none() {
            let message = format!("{} needs `above`, `below` or both", path.subject());
            findings.push(Finding::new(Code::BadValue, path.clone(), message));
        }
        let own = kind.map_or_else(
            || KINDS.iter().flat_map(|kind| kind.families.iter()).collect::<Vec<_>>(),
            |kind| kind.families.iter().collect(),
        );
        let known = || own.iter().copied().chain(COMMON_FAMILIES).map(|family| family.name);
        if known().any(|name| name == rule.name) {
            continue;
        }
        let whose = kind.map_or_else(String::new, |kind| format!(" of kind {}", kind.word));
        let message = format!("checks{whose} do not measure `{}`", rule.name);
        let mut names: Vec<_> = known().collect();
        names.sort_unstable();
        names.dedup();
        findings.push(
            Finding::new(Code::UnknownMetric, path.key("name"), message)
                .hint(suggest::did_you_mean(&rule.name, names.iter().copied()))
                .known(names),
        );
    }
    findings
}

//! What surprises people, in a file that is accepted.

use std::{collections::BTreeMap, time::Duration};

use super::{
    codes,
    compile::matchers,
    file::{File, Route, Values, written},
};
use crate::{
    compat::{
        code::Code,
        decode::{Field, Reader},
    },
    model::Matcher,
};

/// Notes what looks like a mistake and is none for Alertmanager.
pub(super) fn warn(reader: &mut Reader<'_>, file: &File) {
    for (place, variable) in reader.texts_with(variable) {
        let message =
            format!("`{variable}` stays as it is: Alertmanager expands no environment variables");
        reader.note_at(codes::NOT_EXPANDED, place, message);
    }
    let mut warning = Warning { reader, deprecated: BTreeMap::new() };
    if let Some(root) = &file.route {
        warning.route("route", root, Timers::DEFAULT);
    }
    for (at, rule) in file.inhibit_rules.iter().enumerate() {
        for (key, is_set) in [
            ("source_match", !rule.source_match.is_zero()),
            ("source_match_re", !rule.source_match_re.is_zero()),
            ("target_match", !rule.target_match.is_zero()),
            ("target_match_re", !rule.target_match_re.is_zero()),
        ] {
            let side = key.split('_').next().unwrap_or_default();
            warning.deprecated(
                is_set,
                &format!("inhibit_rules[{at}].{key}"),
                &format!("{side}_matchers"),
            );
        }
    }
    let legacy = !file.mute_time_intervals.is_empty();
    warning.deprecated(legacy, "mute_time_intervals", "time_intervals");
    warning.tell_deprecated();
    warning.ignored("tracing", !file.tracing.is_zero());
    warning.ignored("event_recorder", !file.event_recorder.is_zero());
}

/// Timers in force.
#[derive(Clone, Copy)]
struct Timers {
    group: Duration,
    repeat: Duration,
}

impl Timers {
    const DEFAULT: Self = Self { group: Duration::from_mins(5), repeat: Duration::from_hours(4) };
}

struct Warning<'w, 'd> {
    reader: &'w mut Reader<'d>,
    /// By key: where it stands first, its successor, and how often it stands elsewhere. An old file has it in every route.
    deprecated: BTreeMap<String, (String, String, usize)>,
}

impl Warning<'_, '_> {
    fn note(&mut self, code: Code, path: &str, message: &str) {
        self.reader.note(code, path, format!("`{path}`: {message}"), None);
    }

    fn deprecated(&mut self, is_set: bool, path: &str, successor: &str) {
        if !is_set {
            return;
        }
        let key = path.rsplit('.').next().unwrap_or(path).to_owned();
        let first = (path.to_owned(), successor.to_owned(), 0);
        self.deprecated.entry(key).and_modify(|(.., more)| *more += 1).or_insert(first);
    }

    fn tell_deprecated(&mut self) {
        for (path, successor, more) in std::mem::take(&mut self.deprecated).into_values() {
            let more =
                if more == 0 { String::new() } else { format!(" (and in {more} more places)") };
            self.note(codes::DEPRECATED, &path, &format!("deprecated; write `{successor}`{more}"));
        }
    }

    fn ignored(&mut self, path: &str, is_set: bool) {
        if is_set {
            self.note(codes::IGNORED, path, "it has no effect in noroshi");
        }
    }

    fn route(&mut self, path: &str, route: &Route, parent: Timers) {
        let has = |own: &Values| !own.is_zero();
        self.deprecated(has(&route.r#match), &format!("{path}.match"), "matchers");
        self.deprecated(!route.match_re.is_zero(), &format!("{path}.match_re"), "matchers");
        let receiver = format!("{path}.receiver");
        if path != "route" && route.receiver.is_empty() && self.reader.says(&receiver) {
            let message = "null drops nothing: the alerts go to the receiver of the parent";
            self.note(codes::NULL_RECEIVER, &receiver, message);
        }
        let timers = Timers {
            group: route.group_interval.map_or(parent.group, |own| own.0),
            repeat: route.repeat_interval.map_or(parent.repeat, |own| own.0),
        };
        self.timers(path, route, timers);
        self.unreachable(path, route);
        for (at, child) in route.routes.iter().enumerate() {
            if let Some(child) = child {
                self.route(&format!("{path}.routes[{at}]"), child, timers);
            }
        }
    }

    fn timers(&mut self, path: &str, route: &Route, timers: Timers) {
        let says = route.group_interval.is_some() || route.repeat_interval.is_some();
        if says && timers.repeat < timers.group {
            let key =
                if route.repeat_interval.is_some() { "repeat_interval" } else { "group_interval" };
            let message = format!(
                "`repeat_interval` ({}) is shorter than `group_interval` ({})",
                written(timers.repeat),
                written(timers.group)
            );
            self.note(codes::SHORT_REPEAT, &format!("{path}.{key}"), &message);
        }
    }

    /// A child all of whose alerts an earlier sibling takes: the sibling asks for nothing that the child does not ask for.
    fn unreachable(&mut self, path: &str, route: &Route) {
        let conditions = |own: &Route| matchers(&own.r#match, &own.match_re, &own.matchers);
        let mut before: Vec<(usize, std::sync::Arc<[Matcher]>)> = Vec::new();
        for (at, child) in route.routes.iter().enumerate() {
            let Some(child) = child else { continue };
            let own = conditions(child);
            let taken = before.iter().find(|(_, other)| other.iter().all(|one| own.contains(one)));
            if let Some((first, _)) = taken {
                let message =
                    format!("no alert comes here: `{path}.routes[{first}]` takes all of them");
                self.note(codes::UNREACHABLE_ROUTE, &format!("{path}.routes[{at}]"), &message);
            } else if !child.r#continue {
                before.push((at, own));
            }
        }
    }
}

/// The first thing in a text that looks like a variable of the environment: `${ANYTHING}` or `$UPPER_CASE`. Go's templates
/// have variables too, but in lower case, and none with braces.
fn variable(text: &str) -> Option<String> {
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let word = |text: &str| {
            let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            text.find(|c| !part(c)).unwrap_or(text.len())
        };
        if let Some(inside) = rest.strip_prefix('{') {
            let length = word(inside);
            if length > 0 && inside[length..].starts_with(['}', ':']) {
                return Some(format!("${{{}}}", &inside[..length]));
            }
        }
        let name = &rest[..word(rest)];
        let upper = name.starts_with(|c: char| c.is_ascii_uppercase())
            && !name.bytes().any(|byte| byte.is_ascii_lowercase());
        if upper && name.len() > 1 {
            return Some(format!("${name}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_environment_are_told_from_those_of_templates() {
        assert_eq!(variable("a ${SLACK_URL}/x").as_deref(), Some("${SLACK_URL}"));
        assert_eq!(variable("${url:-x}").as_deref(), Some("${url}"));
        assert_eq!(variable("$TOKEN").as_deref(), Some("$TOKEN"));
        for text in
            ["costs $5", "{{ $x := 1 }}{{ $Value }}", "^a$", "$", "${", "$$", "a=~\"b$\"", "$A"]
        {
            assert_eq!(variable(text), None, "{text}");
        }
    }
}

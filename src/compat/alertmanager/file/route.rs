use super::{Listed, Matchers, Period, Regexps, Values};
use crate::compat::{
    decode::{Field, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// A node of the route tree.
    Route check validate {
        receiver: Text,
        group_by: Listed<Text>,
        r#match: Values,
        match_re: Regexps,
        matchers: Matchers,
        mute_time_intervals: Vec<Text>,
        active_time_intervals: Vec<Text>,
        r#continue: bool => always,
        routes: Vec<Option<Route>>,
        group_wait: Option<Period>,
        group_interval: Option<Period>,
        repeat_interval: Option<Period>,
    }
}

impl Route {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        let zero = |own: Option<Period>| own.is_some_and(|own| own.is_zero());
        if zero(self.group_interval) {
            let why = "it cannot be 0";
            reader.clash(reader.codes().bad_value, &["group_interval"], why);
        }
        if zero(self.repeat_interval) {
            let why = "it cannot be 0";
            reader.clash(reader.codes().bad_value, &["repeat_interval"], why);
        }
        let all = |label: &Text| label.lossy() == "...";
        if self.group_by.iter().any(all) && !self.group_by.iter().all(all) {
            let why = "`...` stands for every label and excludes others beside it";
            reader.clash(reader.codes().contradiction, &["group_by"], why);
        }
        for (at, label) in self.group_by.iter().enumerate() {
            if !all(label) && self.group_by.iter().take(at).any(|other| other == label) {
                let why = format!("the label `{}` stands there twice", label.lossy());
                reader.clash(
                    reader.codes().duplicate,
                    &[&format!("group_by[{at}]"), "group_by"],
                    why,
                );
            }
        }
    }
}

impl Route {
    /// Whether it or a route below it names a receiver.
    pub(in crate::compat) fn names(&self, receiver: &str) -> bool {
        self.receiver.lossy() == receiver
            || self.routes.iter().flatten().any(|child| child.names(receiver))
    }
}

section! {
    /// While a source fires, its targets are hidden.
    InhibitRule {
        name: Text,
        source_match: Values,
        source_match_re: Regexps,
        source_matchers: Matchers,
        target_match: Values,
        target_match_re: Regexps,
        target_matchers: Matchers,
        equal: Vec<Text>,
    }
}

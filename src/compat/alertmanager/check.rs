//! What sections say of each other: names that are used and not defined, defaults that `global` has, matchers.

use std::collections::HashSet;

use super::{
    codes,
    file::{self, File, InhibitRule, Matchers, NamedIntervals, Route},
    fill,
};
use crate::{
    compat::decode::{Reader, Section, Text, shortened},
    model::{matcher::Syntax, suggest},
};

/// Holds all sections against each other, and fills in what they leave to others.
pub(super) fn check(reader: &mut Reader<'_>, file: &mut File, folder: &str, syntax: Syntax) {
    let global = file.global.get_or_insert_with(file::Global::initial);
    fill::fill(reader, global, &mut file.receivers, folder);
    let mut check = Check { reader, syntax, receivers: HashSet::new(), intervals: HashSet::new() };
    check.receivers(file);
    check.intervals("mute_time_intervals", &file.mute_time_intervals);
    check.intervals("time_intervals", &file.time_intervals);
    for (at, rule) in file.inhibit_rules.iter_mut().enumerate() {
        check.inhibit_rule(&format!("inhibit_rules[{at}]"), rule);
    }
    match &mut file.route {
        Some(route) => {
            check.root(route);
            check.route("route", route);
            fill::email_headers(&mut file.receivers, |name| route.names(name));
        }
        None if !check.reader.is_broken("route") => {
            let message = "`route` is missing: where alerts go".to_owned();
            check.reader.note(codes::MISSING, "route", message, None);
        }
        None => {}
    }
}

struct Check<'c, 'd> {
    reader: &'c mut Reader<'d>,
    syntax: Syntax,
    receivers: HashSet<String>,
    intervals: HashSet<String>,
}

impl Check<'_, '_> {
    fn receivers(&mut self, file: &File) {
        for (at, receiver) in file.receivers.iter().enumerate() {
            let name = receiver.name.lossy().into_owned();
            if name.is_empty() {
                continue;
            }
            if self.receivers.contains(&name) {
                let message = format!("the receiver `{}` is there twice", shortened(&name));
                let path = format!("receivers[{at}].name");
                self.reader.note(codes::DUPLICATE, &path, message, None);
            }
            self.receivers.insert(name);
        }
    }

    fn intervals(&mut self, list: &str, intervals: &[NamedIntervals]) {
        for (at, interval) in intervals.iter().enumerate() {
            let name = interval.name.lossy().into_owned();
            if !name.is_empty() && !self.intervals.insert(name.clone()) {
                let message = format!("the time interval `{}` is there twice", shortened(&name));
                let path = format!("{list}[{at}].name");
                self.reader.note(codes::DUPLICATE, &path, message, None);
            }
        }
    }

    /// The root takes every alert, always.
    fn root(&mut self, route: &Route) {
        if route.receiver.is_empty() && !self.reader.is_broken("route.receiver") {
            let message = "`route.receiver` is missing: who is told where no route matches";
            self.reader.note(codes::MISSING, "route.receiver", message.to_owned(), None);
        }
        let has = [
            ("match", !route.r#match.0.0.is_empty()),
            ("match_re", !route.match_re.0.0.is_empty()),
            ("matchers", !route.matchers.written.is_empty()),
            ("mute_time_intervals", !route.mute_time_intervals.is_empty()),
            ("active_time_intervals", !route.active_time_intervals.is_empty()),
            ("continue", route.r#continue),
        ];
        for (key, _) in has.iter().filter(|(_, has)| *has) {
            let message = format!("the first route takes every alert, it has no `{key}`");
            let hint = Some("write it in a route below `routes:`".to_owned());
            self.reader.note(codes::CONTRADICTION, &format!("route.{key}"), message, hint);
        }
    }

    fn route(&mut self, path: &str, route: &mut Route) {
        self.matchers(&format!("{path}.matchers"), &mut route.matchers);
        for (at, label) in route.group_by.iter().enumerate() {
            if label.lossy() != "..." {
                self.label(&format!("{path}.group_by[{at}]"), label);
            }
        }
        if !route.receiver.is_empty() {
            let path = format!("{path}.receiver");
            self.defined(&path, "receiver", &route.receiver, |own| &own.receivers);
        }
        for (key, names) in [
            ("mute_time_intervals", &route.mute_time_intervals),
            ("active_time_intervals", &route.active_time_intervals),
        ] {
            for (at, name) in names.iter().enumerate() {
                let path = format!("{path}.{key}[{at}]");
                self.defined(&path, "time interval", name, |own| &own.intervals);
            }
        }
        for (at, child) in route.routes.iter_mut().enumerate() {
            let path = format!("{path}.routes[{at}]");
            match child {
                Some(child) => self.route(&path, child),
                None if self.reader.is_broken(&path) => {}
                None => {
                    let message = format!("`{path}` is null; it is a route");
                    self.reader.note(codes::MISSING, &path, message, None);
                }
            }
        }
    }

    fn defined(
        &mut self,
        path: &str,
        what: &str,
        name: &Text,
        known: impl Fn(&Self) -> &HashSet<String>,
    ) {
        let name = name.lossy();
        if known(self).contains(&*name) {
            return;
        }
        let mut all: Vec<&str> = known(self).iter().map(String::as_str).collect();
        all.sort_unstable();
        let hint = suggest::did_you_mean(&name, all);
        let message = format!("`{path}`: no {what} `{}` is defined", shortened(&name));
        self.reader.note(codes::UNDEFINED, path, message, hint);
    }

    fn inhibit_rule(&mut self, path: &str, rule: &mut InhibitRule) {
        self.matchers(&format!("{path}.source_matchers"), &mut rule.source_matchers);
        self.matchers(&format!("{path}.target_matchers"), &mut rule.target_matchers);
        for (at, label) in rule.equal.iter().enumerate() {
            self.label(&format!("{path}.equal[{at}]"), label);
        }
    }

    fn label(&mut self, path: &str, label: &Text) {
        let valid = std::str::from_utf8(&label.0).is_ok_and(|name| self.syntax.accepts_name(name));
        if !valid {
            let message =
                format!("`{path}`: `{}` is not the name of a label", shortened(&label.lossy()));
            self.reader.note(codes::BAD_VALUE, path, message, None);
        }
    }

    /// Reads matchers; what else the other syntax would read is told.
    fn matchers(&mut self, path: &str, matchers: &mut Matchers) {
        for (at, text) in matchers.written.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match self.syntax.matchers(&text.lossy()) {
                Ok(read) => {
                    if let Some(remark) = read.remark {
                        let message = format!("`{path}`: {remark}");
                        self.reader.note(codes::MATCHER_SYNTAX, &path, message, None);
                    }
                    matchers.read.extend(read.value);
                }
                Err(why) => {
                    let message = format!("`{path}`: {why}");
                    let hint = Some("write it as 'label=\"value\"'".to_owned());
                    self.reader.note(codes::BAD_MATCHER, &path, message, hint);
                }
            }
        }
        matchers.read.sort();
    }
}

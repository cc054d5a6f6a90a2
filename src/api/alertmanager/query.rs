//! The parameters of a request, as go-openapi reads them.

use std::borrow::Cow;

use axum::http::StatusCode;

use super::{super::blackbox::pairs, refusal::Refusal};
use crate::{
    alert::filter,
    model::{
        MatchOp, Matcher, Pairs,
        matcher::{Patterns, Syntax},
    },
};

/// The longest pattern of receivers; a stranger's, and compiled for each request.
const PATTERN: usize = 4096;

/// How many filters one request may have.
const FILTERS: usize = 200;

/// What all patterns of one request may take together, compiled: a thousand usual ones.
const PATTERNS: usize = 4 << 20;

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Query<'a> {
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Which alerts and groups are wanted.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are the API's own flags")]
pub(super) struct Wanted {
    pub(super) filter: Vec<Matcher>,
    receiver: Option<Matcher>,
    pub(super) receiver_matchers: Vec<Matcher>,
    pub(super) active: bool,
    pub(super) silenced: bool,
    pub(super) inhibited: bool,
    pub(super) muted: bool,
}

impl<'a> Query<'a> {
    pub(super) fn new(query: Option<&'a str>) -> Self {
        Self { parameters: pairs(query).collect() }
    }

    /// The last one counts; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let last = self.parameters.iter().rev().find(|(own, _)| own == name);
        last.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    /// A flag; what is not like true is false.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        const TRUE: [&str; 10] =
            ["true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"];
        self.get(name)
            .map_or(default, |value| TRUE.iter().any(|word| value.eq_ignore_ascii_case(word)))
    }

    /// Whether there is a pattern among the parameters: it is to be compiled where nobody waits behind it.
    pub(super) fn has_patterns(&self) -> bool {
        self.parameters.iter().any(|(name, text)| match &**name {
            "receiver" => !text.is_empty(),
            "filter" | "receiver_matchers" => text.contains('~'),
            _ => false,
        })
    }

    /// Every matcher under a name, where that is all that is asked for.
    pub(super) fn matchers(&self, name: &str, syntax: Syntax) -> Result<Vec<Matcher>, String> {
        self.matchers_of(name, syntax, &mut Patterns::within(PATTERNS))
    }

    fn matchers_of(
        &self,
        name: &str,
        syntax: Syntax,
        patterns: &mut Patterns,
    ) -> Result<Vec<Matcher>, String> {
        let named = self.parameters.iter().filter(|(own, _)| own == name);
        let mut matchers = Vec::new();
        for (_, text) in named {
            if matchers.len() == FILTERS {
                return Err(format!("more than {FILTERS} of `{name}`"));
            }
            matchers.push(syntax.matcher_of(text, patterns)?.value);
        }
        Ok(matchers)
    }

    /// What to keep of alerts and groups.
    pub(super) fn wanted(&self, syntax: Syntax) -> Result<Wanted, Refusal> {
        let bad = |words: String| Refusal::told(StatusCode::BAD_REQUEST, words);
        let mut patterns = Patterns::within(PATTERNS);
        let filter = self.matchers_of("filter", syntax, &mut patterns).map_err(bad)?;
        let receiver = self.get("receiver").map(|text| pattern(text, &mut patterns));
        let receiver = receiver.transpose().map_err(bad)?;
        let receiver_matchers = self
            .matchers_of("receiver_matchers", syntax, &mut patterns)
            .map_err(|why| bad(format!("failed to parse receiver_matchers param: {why}")))?;
        Ok(Wanted {
            filter,
            receiver,
            receiver_matchers,
            active: self.flag("active", true),
            silenced: self.flag("silenced", true),
            inhibited: self.flag("inhibited", true),
            muted: self.flag("muted", true),
        })
    }
}

fn pattern(text: &str, patterns: &mut Patterns) -> Result<Matcher, String> {
    let told = |why: &str| format!("failed to parse receiver param: {why}");
    if text.len() > PATTERN {
        return Err(told(&format!("longer than {PATTERN} bytes")));
    }
    Matcher::written("", MatchOp::Regex, text).compiled(patterns).map_err(|why| told(&why))
}

impl Wanted {
    /// Whether it may take long to tell which alerts are wanted.
    pub(super) fn is_slow(&self) -> bool {
        self.filter.iter().any(Matcher::is_slow)
    }

    /// Whether nothing is asked of receivers.
    pub(super) fn any_receiver(&self) -> bool {
        self.receiver.is_none() && self.receiver_matchers.is_empty()
    }

    /// Whether the name of a receiver is wanted.
    pub(super) fn names(&self, receiver: &str) -> bool {
        self.receiver.as_ref().is_none_or(|pattern| pattern.matches(receiver))
    }

    /// Whether a receiver's labels are wanted.
    pub(super) fn labels(&self, labels: &Pairs) -> bool {
        filter::passes(&self.receiver_matchers, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_go_openapi_does() {
        let query = Query::new(Some("active=banana&silenced=ON&inhibited=&x=1&x=2&receiver="));
        assert!(!query.flag("active", true) && query.flag("silenced", false));
        assert!(query.flag("inhibited", true) && query.flag("missing", true));
        assert_eq!((query.get("x"), query.get("receiver")), (Some("2"), None));
    }

    #[test]
    fn the_patterns_of_a_request_share_their_room() {
        let of = |count: usize| {
            let filters = (0..count).map(|at| format!("filter=a%3D~%22[^a]{{1000}}{at}%22"));
            Query::new(Some(&filters.collect::<Vec<_>>().join("&"))).wanted(Syntax::Fallback)
        };
        assert_eq!(of(2).unwrap().filter.len(), 2);
        let refused = of(190).unwrap_err();
        let words =
            "error parsing regexp: expression too large (more than 4194304 bytes, compiled)";
        assert_eq!(refused, Refusal::told(StatusCode::BAD_REQUEST, words));
        for (query, has) in
            [("filter=a%3Db&active=~", false), ("filter=a!~b", true), ("receiver=x", true)]
        {
            assert_eq!(Query::new(Some(query)).has_patterns(), has, "{query}");
        }
    }

    #[test]
    fn faults_are_told_in_alertmanagers_words() {
        let refused = |text: &str| Query::new(Some(text)).wanted(Syntax::Fallback).unwrap_err();
        let bad = |words: &str| Refusal::told(StatusCode::BAD_REQUEST, words);
        assert_eq!(refused("filter=%3D%3D"), bad("bad matcher format: =="));
        assert_eq!(refused("filter="), bad("bad matcher format: "));
        assert_eq!(
            refused("receiver=("),
            bad(
                "failed to parse receiver param: error parsing regexp: missing closing ): `^(?:()$`"
            )
        );
        assert_eq!(
            refused("receiver_matchers=%3D%3D"),
            bad("failed to parse receiver_matchers param: bad matcher format: ==")
        );
    }
}

//! The parameters of a request, as go-openapi reads them.

use std::borrow::Cow;

use axum::http::StatusCode;

use super::{super::blackbox::pairs, refusal::Refusal};
use crate::{
    alert::filter,
    model::{MatchOp, Matcher, Pairs, matcher::Syntax},
};

/// The longest pattern of receivers; a stranger's, and compiled for each request.
const PATTERN: usize = 4096;

/// How many filters one request may have.
const FILTERS: usize = 200;

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

    /// Every matcher under a name.
    pub(super) fn matchers(&self, name: &str, syntax: Syntax) -> Result<Vec<Matcher>, String> {
        let named = self.parameters.iter().filter(|(own, _)| own == name);
        let mut matchers = Vec::new();
        for (_, text) in named {
            if matchers.len() == FILTERS {
                return Err(format!("more than {FILTERS} of `{name}`"));
            }
            matchers.push(syntax.matcher(text)?.value);
        }
        Ok(matchers)
    }

    /// What to keep of alerts and groups.
    pub(super) fn wanted(&self, syntax: Syntax) -> Result<Wanted, Refusal> {
        let bad = |words: String| Refusal::told(StatusCode::BAD_REQUEST, words);
        let filter = self.matchers("filter", syntax).map_err(bad)?;
        let receiver = self.get("receiver").map(pattern).transpose().map_err(bad)?;
        let receiver_matchers = self
            .matchers("receiver_matchers", syntax)
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

fn pattern(text: &str) -> Result<Matcher, String> {
    let told = |why: &str| format!("failed to parse receiver param: {why}");
    if text.len() > PATTERN {
        return Err(told(&format!("longer than {PATTERN} bytes")));
    }
    Matcher::new("", MatchOp::Regex, text).map_err(|why| told(&why))
}

impl Wanted {
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

//! `conditions:`, as what a kind of check expects.

use std::{collections::BTreeSet, time::Duration};

use toml::{Table, Value};

use super::{
    condition::{Condition, Function, Subject, Wanted},
    kind::{Kind, step},
};
use crate::{
    compat::{
        client::options::put,
        draft::{Comparison, Operator, Path, Piece, Rule, any_of, glob, words},
    },
    probe::spec::dns::RCODES,
};

/// What the conditions leave over.
struct Judge<'p> {
    kind: Kind,
    piece: &'p mut Piece,
    /// Status codes that are accepted.
    statuses: Vec<u16>,
    /// Response codes, or states of a gRPC service, that are accepted.
    words: BTreeSet<&'static str>,
    /// Whether something was expected of the body.
    hears: bool,
    /// The longest time of a run, where the kind has no expectation of that.
    within: Option<Duration>,
    /// The shortest of the times that an answer may take, and the longest that a certificate is to be valid for.
    latency: Option<Duration>,
    validity: Duration,
}

const CODES: std::ops::RangeInclusive<u16> = 100..=999;
const STATES: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/// Adds what the conditions expect; gives the longest time of a run where they set one.
pub(super) fn conditions(conditions: &[String], kind: Kind, piece: &mut Piece) -> Option<Duration> {
    let words: &[&'static str] = match kind {
        Kind::Dns => &RCODES_IN_USE,
        Kind::Grpc => &STATES,
        _ => &[],
    };
    let mut judge = Judge {
        kind,
        piece,
        statuses: CODES.collect(),
        words: words.iter().copied().collect(),
        hears: false,
        within: None,
        latency: None,
        validity: Duration::ZERO,
    };
    for text in conditions {
        let said = Condition::read(text).and_then(|own| judge.take(&own, conditions.len()));
        if let Err(why) = said {
            judge.piece.remark(format!("the condition `{text}` has no equivalent: {why}"));
        }
    }
    judge.close();
    judge.within
}

/// Those that a server answers with; the rest is for updates of zones.
static RCODES_IN_USE: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",
];

impl Judge<'_> {
    fn take(&mut self, condition: &Condition, of: usize) -> Result<(), String> {
        match &condition.subject {
            Subject::Status if self.kind == Kind::Http => {
                self.statuses.retain(|code| condition.holds(&code.to_string()));
                Ok(())
            }
            Subject::Status if self.kind == Kind::SshBanner && condition.holds("0") => Ok(()),
            Subject::Status => Err("there is no status code".to_owned()),
            Subject::Connected => self.connected(condition, of),
            Subject::ResponseTime => self.response_time(condition),
            Subject::CertificateExpiration => self.certificate(condition),
            Subject::DnsRcode if self.kind == Kind::Dns => {
                self.words.retain(|word| condition.holds(word));
                Ok(())
            }
            Subject::DnsRcode => Err("there is no response code".to_owned()),
            Subject::Ip => Err("a check of the kind `dns` expects addresses of a name".to_owned()),
            Subject::DomainExpiration => Err("when a domain expires is not looked up".to_owned()),
            Subject::Header(name) if self.kind == Kind::Http => self.header(name, condition),
            Subject::Header(_) => Err("there are no headers".to_owned()),
            Subject::Body | Subject::Value(_) => self.body(condition),
        }
    }

    fn connected(&mut self, condition: &Condition, of: usize) -> Result<(), String> {
        match (condition.holds("true"), condition.holds("false")) {
            (true, _) => Ok(()),
            (false, true) if of == 1 => {
                put(&mut self.piece.common, "invert", true);
                Ok(())
            }
            (false, true) => Err("only by itself can it be turned round (`invert`)".to_owned()),
            (false, false) => Err("it never holds".to_owned()),
        }
    }

    fn response_time(&mut self, condition: &Condition) -> Result<(), String> {
        let most = condition.at_most().and_then(|most| u64::try_from(most).ok());
        let most = most.filter(|most| *most > 0).ok_or("only an upper bound can be said")?;
        let most = Duration::from_millis(most);
        let key = match (self.kind, self.piece.kind) {
            (Kind::Http, _) | (_, "tcp") => "expect.latency",
            (Kind::Icmp, _) => "expect.rtt",
            _ => {
                self.within = Some(self.within.map_or(most, |own| own.min(most)));
                return Ok(());
            }
        };
        let most = self.latency.map_or(most, |own| own.min(most));
        self.latency = Some(most);
        self.piece.put(key, words(most));
        Ok(())
    }

    fn certificate(&mut self, condition: &Condition) -> Result<(), String> {
        let least = condition.at_least().and_then(|least| u64::try_from(least).ok());
        let least = least.ok_or("only a lower bound can be said")?;
        let has_tls = match self.kind {
            Kind::Http | Kind::Tls | Kind::Starttls => true,
            Kind::Websocket => self
                .piece
                .table
                .get("url")
                .and_then(Value::as_str)
                .is_some_and(|url| url.starts_with("wss")),
            Kind::Grpc => self.piece.table.contains_key("tls"),
            _ => false,
        };
        if !has_tls {
            return Err("there is no certificate".to_owned());
        }
        let least = Duration::from_millis(least);
        if least > self.validity {
            self.validity = least;
            self.piece.put("expect.certificate_validity", words(least));
        }
        Ok(())
    }

    fn header(&mut self, name: &str, condition: &Condition) -> Result<(), String> {
        let mut rule = Table::new();
        put(&mut rule, "name", name);
        match condition.comparison().ok_or("it cannot be said of a header")? {
            Comparison::Exists(wanted) => put(&mut rule, "present", wanted),
            Comparison::Text(Operator::Equal, text) => put(&mut rule, "equals", text),
            comparison => {
                let (wanted, regex) =
                    pattern(&comparison).ok_or("it cannot be said of a header")?;
                put(&mut rule, if wanted { "regex" } else { "not_regex" }, format!("^{regex}$"));
            }
        }
        self.piece.push("expect.headers", rule);
        Ok(())
    }

    fn body(&mut self, condition: &Condition) -> Result<(), String> {
        match self.kind {
            Kind::Http => self.http_body(condition),
            Kind::Dns => self.records(condition),
            Kind::Grpc => {
                if !matches!(&condition.subject, Subject::Value(path) if Path::read("status").as_ref() == Some(path))
                {
                    return Err(
                        "of a gRPC service only `[BODY].status` can be looked at".to_owned()
                    );
                }
                self.words.retain(|state| condition.holds(state));
                Ok(())
            }
            Kind::Tcp | Kind::Tls | Kind::Websocket => self.heard(condition),
            Kind::Icmp | Kind::Starttls | Kind::SshBanner => Err("there is no body".to_owned()),
        }
    }

    fn http_body(&mut self, condition: &Condition) -> Result<(), String> {
        let unsayable = || "it cannot be said of a body".to_owned();
        let comparison = condition.comparison().ok_or_else(unsayable)?;
        let root = Path::read("");
        let path = match &condition.subject {
            Subject::Value(path) => Some(path),
            _ => None,
        };
        let of_json = matches!(comparison, Comparison::Length(..))
            || matches!(&comparison, Comparison::Text(own, _) if !matches!(own, Operator::Equal | Operator::NotEqual));
        if let Some(path) = path.or(root.as_ref().filter(|_| of_json)) {
            match comparison.rule(path).ok_or_else(unsayable)? {
                Rule::Json(rule) => self.piece.push("expect.json", rule),
                Rule::Cel(rule) => self.piece.push("expect.cel", rule),
            }
            return Ok(());
        }
        let mut rule = Table::new();
        match comparison {
            Comparison::Exists(true) => put(&mut rule, "regex", r"\S"),
            Comparison::Exists(false) => put(&mut rule, "not_regex", r"\S"),
            comparison => {
                let wanted = pattern(&comparison).ok_or_else(unsayable)?;
                let literal = match &condition.wanted {
                    Wanted::Pattern(pattern) => literal(pattern),
                    _ => None,
                };
                match (wanted, literal) {
                    ((true, _), Some(text)) => put(&mut rule, "contains", text),
                    ((false, _), Some(text)) => put(&mut rule, "not_contains", text),
                    ((true, regex), None) => put(&mut rule, "regex", format!(r"^\s*{regex}\s*$")),
                    ((false, regex), None) => {
                        put(&mut rule, "not_regex", format!(r"^\s*{regex}\s*$"));
                    }
                }
            }
        }
        self.piece.push("expect.body", rule);
        Ok(())
    }

    /// What a server says.
    fn heard(&mut self, condition: &Condition) -> Result<(), String> {
        if !self.piece.table.contains_key("dialogue") {
            return Err("nothing is sent, so that Gatus reads no answer".to_owned());
        }
        if condition.subject != Subject::Body {
            return Err("a value in JSON is looked for in answers to `http` alone".to_owned());
        }
        let unsayable = "it cannot be said of an answer";
        let regex = match condition.comparison().ok_or(unsayable)? {
            Comparison::Exists(true) => r"\S".to_owned(),
            comparison => {
                let (wanted, regex) = pattern(&comparison).ok_or(unsayable)?;
                if !wanted {
                    return Err("an answer that must not come cannot be waited for".to_owned());
                }
                format!(r"^\s*{regex}\s*$")
            }
        };
        let text = match &condition.wanted {
            Wanted::Pattern(pattern) if self.kind != Kind::Websocket => literal(pattern),
            _ => None,
        };
        self.piece.push(
            "dialogue",
            match text {
                Some(text) => step("expect_text", &text),
                None => step("expect", &regex),
            },
        );
        self.hears = true;
        Ok(())
    }

    /// Gatus looks at the last record of the answer alone; here any of them may fit.
    fn records(&mut self, condition: &Condition) -> Result<(), String> {
        let unsayable = "it cannot be said of records";
        let is_mx = self.piece.table.get("type").and_then(Value::as_str) == Some("MX");
        let before = if is_mx { "[0-9]+ " } else { "" };
        let (wanted, regex) = match condition.comparison().ok_or(unsayable)? {
            Comparison::Exists(wanted) => (wanted, ".".to_owned()),
            Comparison::Length(Operator::Greater, 0) => (true, ".".to_owned()),
            comparison => {
                let (wanted, regex) = pattern(&comparison).ok_or(unsayable)?;
                (wanted, format!(r"^{before}{regex}\.?$"))
            }
        };
        let plain = match (&condition.wanted, condition.function) {
            (Wanted::Text(text), Function::Itself) if !is_mx => Some(text.clone()),
            _ => None,
        };
        // What is wanted by several conditions has to be there for each of them.
        let key = if wanted { "expect.answer.all" } else { "expect.answer.none" };
        match plain {
            Some(text) => self.piece.push(key, text),
            None => self.piece.push(key, step("regex", &regex)),
        }
        Ok(())
    }

    /// What is expected by all conditions together.
    fn close(&mut self) {
        match self.kind {
            Kind::Http => {
                let accepted = ranges(&self.statuses);
                if accepted.is_empty() {
                    self.piece.remark("no status code makes all its conditions hold");
                }
                self.piece.put("expect.status", accepted);
            }
            Kind::Dns if self.words.iter().ne(["NOERROR"].iter()) => {
                debug_assert!(
                    RCODES_IN_USE.iter().all(|own| RCODES.iter().any(|(word, _)| word == own))
                );
                self.piece.put(
                    "expect.rcode",
                    self.words.iter().map(|own| (*own).to_owned()).collect::<Vec<_>>(),
                );
            }
            Kind::Grpc if self.words.iter().ne(["SERVING"].iter()) => {
                self.piece.put(
                    "expect.status",
                    self.words.iter().map(|own| (*own).to_owned()).collect::<Vec<_>>(),
                );
            }
            // An answer has to come, whatever it says.
            Kind::Websocket if !self.hears => self.piece.push("dialogue", step("expect", "^")),
            Kind::Tcp | Kind::Tls if !self.hears && self.piece.table.contains_key("dialogue") => {
                self.piece.push("dialogue", step("expect", "."));
            }
            _ => {}
        }
    }
}

/// Whether it is wanted, and the expression without anchors.
fn pattern(comparison: &Comparison<'_>) -> Option<(bool, String)> {
    Some(match comparison {
        Comparison::Text(Operator::Equal, text) => (true, any_of(&[(*text).to_owned()])),
        Comparison::Text(Operator::NotEqual, text) => (false, any_of(&[(*text).to_owned()])),
        Comparison::Any(wanted, texts) => (*wanted, format!("(?:{})", any_of(texts))),
        Comparison::Pattern(wanted, pattern) => (*wanted, glob(pattern)?),
        _ => return None,
    })
}

/// `text` of `*text*`.
fn literal(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('*')?.strip_suffix('*')?;
    let is_plain = !inner.is_empty() && !inner.contains(['*', '?', '[', '\\']);
    is_plain.then(|| inner.to_owned())
}

/// Status codes as the configuration writes them: `"2xx"`, `"200-204"`, `404`.
pub(in crate::compat) fn ranges(codes: &[u16]) -> Vec<Value> {
    let mut out = Vec::new();
    let mut rest = codes;
    while let Some(&low) = rest.first() {
        let run = rest.iter().zip(low..).take_while(|(code, next)| **code == *next).count();
        let high = rest[run - 1];
        out.push(match (low, high) {
            (low, high) if low == high => i64::from(low).into(),
            (low, high) if low % 100 == 0 && high == low + 99 => format!("{}xx", low / 100).into(),
            (low, high) => format!("{low}-{high}").into(),
        });
        rest = &rest[run..];
    }
    out
}

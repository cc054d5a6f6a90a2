//! `[BODY].status == UP`: a condition taken apart.

use crate::compat::draft::{Comparison, Operator, Path, go_duration};

/// What stands on the side of a condition that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Status,
    Ip,
    ResponseTime,
    DnsRcode,
    Connected,
    CertificateExpiration,
    DomainExpiration,
    /// The body as a whole.
    Body,
    /// A value in it.
    Value(Path),
    Header(String),
}

/// What is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Itself,
    Length,
    Exists,
}

/// What stands on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Text(String),
    Pattern(String),
    Any(Vec<String>),
}

/// A condition: `SUBJECT OPERATOR WANTED`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) subject: Subject,
    pub(super) function: Function,
    pub(super) operator: Operator,
    pub(super) wanted: Wanted,
}

/// In the order in which they are looked for.
const OPERATORS: [(&str, Operator); 6] = [
    (" == ", Operator::Equal),
    (" != ", Operator::NotEqual),
    (" <= ", Operator::LessEqual),
    (" >= ", Operator::GreaterEqual),
    (" > ", Operator::Greater),
    (" < ", Operator::Less),
];

impl Condition {
    /// # Errors
    /// Why it is not one that can be said.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let found = OPERATORS.iter().find_map(|(word, operator)| {
            text.split_once(word).map(|(left, right)| (left.trim(), *operator, right.trim()))
        });
        let (left, operator, right) = found.ok_or("it has no comparison")?;
        let (subject, operator, wanted) = match (subject(left)?, subject(right)?) {
            (Some(subject), None) => (subject, operator, right),
            (None, Some(subject)) => (subject, operator.reversed(), left),
            (Some(_), Some(_)) => return Err("both sides come from the answer".to_owned()),
            (None, None) => return Err("no side comes from the answer".to_owned()),
        };
        let (subject, function) = subject;
        Ok(Self { subject, function, operator, wanted: Wanted::read(wanted) })
    }

    /// Whether a value that it may look at makes it hold.
    pub(super) fn holds(&self, value: &str) -> bool {
        let value = match self.function {
            Function::Itself => value.to_owned(),
            Function::Length => value.len().to_string(),
            Function::Exists => (!value.is_empty()).to_string(),
        };
        match self.operator {
            Operator::Equal => self.wanted.is(&value),
            Operator::NotEqual => !self.wanted.is(&value),
            other => match &self.wanted {
                Wanted::Text(text) => other.holds(&number(&value), &number(text)),
                _ => false,
            },
        }
    }

    /// The largest value that makes it hold, for a condition that sets a bound from above; in milliseconds where the
    /// subject is a time.
    pub(super) fn at_most(&self) -> Option<i64> {
        let Wanted::Text(text) = &self.wanted else { return None };
        let is_bound = matches!(self.operator, Operator::Less | Operator::LessEqual);
        (is_bound && self.function == Function::Itself).then(|| number(text))
    }

    /// The same from below.
    pub(super) fn at_least(&self) -> Option<i64> {
        let Wanted::Text(text) = &self.wanted else { return None };
        let is_bound = matches!(self.operator, Operator::Greater | Operator::GreaterEqual);
        (is_bound && self.function == Function::Itself).then(|| number(text))
    }

    /// As a comparison of a value of the body.
    pub(super) fn comparison(&self) -> Option<Comparison<'_>> {
        let equal = match self.operator {
            Operator::Equal => Some(true),
            Operator::NotEqual => Some(false),
            _ => None,
        };
        Some(match (self.function, &self.wanted) {
            (Function::Exists, _) => match (self.holds("x"), self.holds("")) {
                (true, false) => Comparison::Exists(true),
                (false, true) => Comparison::Exists(false),
                _ => return None,
            },
            (Function::Length, Wanted::Text(text)) => {
                Comparison::Length(self.operator, text.parse().ok()?)
            }
            (Function::Length, _) => return None,
            (Function::Itself, Wanted::Text(text)) => Comparison::Text(self.operator, text),
            (Function::Itself, Wanted::Pattern(pattern)) => Comparison::Pattern(equal?, pattern),
            (Function::Itself, Wanted::Any(texts)) => Comparison::Any(equal?, texts.clone()),
        })
    }
}

impl Wanted {
    fn read(text: &str) -> Self {
        let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(pattern) = inner("pat(") {
            return Self::Pattern(pattern.to_owned());
        }
        match inner("any(") {
            Some(list) => Self::Any(list.split(',').map(|one| one.trim().to_owned()).collect()),
            None => Self::Text(text.to_owned()),
        }
    }

    fn is(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => match (whole(value), whole(text)) {
                (Some(one), Some(other)) => one == other,
                _ => value == text,
            },
            Self::Any(texts) => texts.iter().any(|text| text == value),
            Self::Pattern(pattern) => {
                let regex = crate::compat::draft::glob(pattern)
                    .and_then(|regex| format!("^{regex}$").parse::<crate::re2::Regex>().ok());
                regex.is_some_and(|regex| regex.is_match(value.as_bytes()))
            }
        }
    }
}

/// `len([BODY].items)`; nothing for a literal.
fn subject(text: &str) -> Result<Option<(Subject, Function)>, String> {
    let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')');
    if inner("age(").is_some() {
        return Err("the age of what the answer tells is not looked at".to_owned());
    }
    let (inside, function) = match (inner("len("), inner("has(")) {
        (Some(inside), _) => (inside, Function::Length),
        (_, Some(inside)) => (inside, Function::Exists),
        _ => (text, Function::Itself),
    };
    let word = inside.split_inclusive(']').next().unwrap_or_default();
    let rest = &inside[word.len()..];
    let subject = match (word.to_ascii_uppercase().as_str(), rest) {
        ("[STATUS]", "") => Subject::Status,
        ("[IP]", "") => Subject::Ip,
        ("[RESPONSE_TIME]", "") => Subject::ResponseTime,
        ("[DNS_RCODE]", "") => Subject::DnsRcode,
        ("[CONNECTED]", "") => Subject::Connected,
        ("[CERTIFICATE_EXPIRATION]", "") => Subject::CertificateExpiration,
        ("[DOMAIN_EXPIRATION]", "") => Subject::DomainExpiration,
        ("[BODY]", "") => Subject::Body,
        ("[BODY]", path) => {
            let read = Path::read(path.strip_prefix('.').unwrap_or(path));
            Subject::Value(
                read.ok_or_else(|| format!("the path `{path}` is not one that can be said"))?,
            )
        }
        ("[HEADER]", name) => Subject::Header(name.trim_start_matches('.').to_owned()),
        ("[CONTEXT]", _) => return Err("no value is passed on from another check".to_owned()),
        _ => return Ok(None),
    };
    Ok(Some((subject, function)))
}

/// A whole number as Go reads it.
fn whole(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// What a text is where numbers are compared: a duration counts in milliseconds, and what is no number is 0.
#[expect(clippy::cast_possible_truncation, reason = "as Gatus cuts it")]
fn number(text: &str) -> i64 {
    let duration = go_duration(text).filter(|own| !own.is_zero());
    duration
        .and_then(|own| i64::try_from(own.as_millis()).ok())
        .or_else(|| whole(text))
        .or_else(|| text.parse::<f64>().ok().map(|own| own as i64))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_from_either_side() {
        let read = |text| Condition::read(text).unwrap();
        let status = read("[STATUS] == any(200, 429)");
        assert_eq!(
            (status.holds("200"), status.holds("429"), status.holds("500")),
            (true, true, false)
        );
        assert_eq!(read("500 > [RESPONSE_TIME]").at_most(), Some(500));
        assert_eq!(read("[RESPONSE_TIME] <= 1.5s").at_most(), Some(1500));
        assert_eq!(read("[certificate_expiration] > 48h").at_least(), Some(172_800_000));
        assert!(read("[STATUS] == pat(2*)").holds("204"));
        assert!(read("[CONNECTED] != true").holds("false"));
        assert_eq!(read("len([BODY].data[0].items) > 2").function, Function::Length);
        assert!(matches!(read("[BODY][0].id == 1").subject, Subject::Value(_)));
        for wrong in [
            "[STATUS]",
            "a == b",
            "[STATUS] == [BODY].code",
            "[CONTEXT].id == 1",
            "age([BODY]) < 1h",
        ] {
            assert!(Condition::read(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_condition_panics(text in "(\\[[A-Z]{2,8}\\]|len\\(|pat\\()?\\PC{0,12}( (==|!=|<|>=) )?\\PC{0,8}") {
            if let Ok(condition) = Condition::read(&text) {
                condition.holds("200");
                condition.comparison();
            }
        }
    }
}

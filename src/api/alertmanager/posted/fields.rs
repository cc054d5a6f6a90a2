use std::borrow::Cow;

use super::super::json::{Kind, Mismatch, Scan, Syntax};
use super::moment;
use crate::model::Pairs;
use jiff::Timestamp;

/// Remembers the first value of a wrong kind; reading goes on behind it, because bad syntax counts before it.
#[derive(Debug, Default)]
pub(super) struct First(Option<String>);

impl First {
    pub(super) fn add(&mut self, why: &impl ToString) {
        if self.0.is_none() {
            self.0 = Some(why.to_string());
        }
    }

    /// This one, or the other if there is none.
    pub(super) fn or(self, other: Self) -> Option<String> {
        self.0.or(other.0)
    }
}

/// Whether a name in JSON means a field of Go's: without regard to case.
pub(in super::super) fn same(name: &str, field: &str) -> bool {
    name.eq_ignore_ascii_case(field)
        // The long s and the Kelvin sign fold to s and k.
        || (!name.is_ascii()
            && name.replace('\u{17f}', "s").replace('\u{212a}', "k").eq_ignore_ascii_case(field))
}

/// A value that may be missing.
pub(super) type Read<T> = Result<Option<T>, Syntax>;

/// A string; null is none.
pub(super) fn text<'a>(
    scan: &mut Scan<'a>,
    first: &mut First,
    mismatch: impl FnOnce(Kind) -> Mismatch,
) -> Read<Cow<'a, str>> {
    match scan.kind()? {
        Kind::String => return scan.string().map(Some),
        Kind::Null => {}
        other => first.add(&mismatch(other)),
    }
    scan.skip()?;
    Ok(None)
}

/// A truth; null is none.
pub(super) fn truth(scan: &mut Scan<'_>, first: &mut First, field: &str) -> Read<bool> {
    match scan.kind()? {
        Kind::Bool => return scan.bool().map(Some),
        Kind::Null => {}
        other => first.add(&Mismatch::field(other, field, "bool")),
    }
    scan.skip()?;
    Ok(None)
}

/// A moment; null is none.
pub(super) fn time(scan: &mut Scan<'_>, first: &mut First) -> Read<Timestamp> {
    let text = text(scan, first, |found| Mismatch::value(found, "string"))?;
    Ok(text.and_then(|text| match moment::read(&text) {
        Ok(at) => Some(at),
        Err(why) => {
            first.add(&why);
            None
        }
    }))
}

/// Labels or annotations, added to those of an earlier field of that name; null is none.
pub(super) fn pairs<'a>(
    scan: &mut Scan<'a>,
    first: &mut First,
    field: &str,
    into: &mut Option<Vec<(Cow<'a, str>, Cow<'a, str>)>>,
) -> Result<(), Syntax> {
    match scan.kind()? {
        Kind::Object => {}
        Kind::Null => {
            *into = None;
            return scan.skip();
        }
        other => {
            first.add(&Mismatch::field(other, field, "models.LabelSet"));
            return scan.skip();
        }
    }
    let pairs = into.get_or_insert_with(|| Vec::with_capacity(12));
    let mut members = scan.enter();
    while let Some(name) = scan.name(&mut members)? {
        let mismatch = |found| Mismatch::field(found, &format!("{field}.{name}"), "string");
        let value = text(scan, first, mismatch)?.unwrap_or_default();
        pairs.push((name, value));
    }
    Ok(())
}

/// Packed; none is empty.
pub(super) fn packed(pairs: Option<Vec<(Cow<'_, str>, Cow<'_, str>)>>) -> Pairs {
    pairs.map(Pairs::new).unwrap_or_default()
}

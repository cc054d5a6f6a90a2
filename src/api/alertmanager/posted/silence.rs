use std::borrow::Cow;

use jiff::Timestamp;

use super::{
    super::json::{Kind, Mismatch, Scan, Syntax},
    Unread, fields,
    fields::{First, same},
};
use crate::model::Pairs;

/// A silence as it was posted: nothing is missing, nothing is checked further.
#[derive(Debug, PartialEq)]
pub(in super::super) struct PostedSilence<'a> {
    /// Empty for a new one.
    pub(in super::super) id: Cow<'a, str>,
    pub(in super::super) matchers: Vec<PostedMatcher<'a>>,
    pub(in super::super) starts_at: Timestamp,
    pub(in super::super) ends_at: Timestamp,
    pub(in super::super) created_by: Cow<'a, str>,
    pub(in super::super) comment: Cow<'a, str>,
    pub(in super::super) annotations: Pairs,
}

/// A matcher, not compiled.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct PostedMatcher<'a> {
    pub(in super::super) name: Cow<'a, str>,
    pub(in super::super) value: Cow<'a, str>,
    pub(in super::super) is_regex: bool,
    pub(in super::super) is_equal: bool,
}

#[derive(Default)]
struct Fields<'a> {
    id: Option<Cow<'a, str>>,
    matchers: Option<Vec<MatcherFields<'a>>>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    created_by: Option<Cow<'a, str>>,
    comment: Option<Cow<'a, str>>,
    annotations: Option<Vec<(Cow<'a, str>, Cow<'a, str>)>>,
}

#[derive(Default)]
struct MatcherFields<'a> {
    name: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
    is_regex: Option<bool>,
    is_equal: Option<bool>,
}

/// The body of `POST /api/v2/silences`.
pub(in super::super) fn silence(body: &str) -> Result<PostedSilence<'_>, Unread> {
    let mut scan = Scan::new(body);
    let mut fields = Fields::default();
    match scan.kind()? {
        Kind::Object => {}
        Kind::Null => {
            scan.skip()?;
            return fields.checked();
        }
        other => {
            scan.skip()?;
            let wanted = "struct { ID string \"json:\\\"id,omitempty\\\"\" }";
            return Err(Mismatch::value(other, wanted).into());
        }
    }
    // Go reads it twice, the id first: what is wrong with that is told first.
    let (mut head, mut rest) = (First::default(), First::default());
    let mut members = scan.enter();
    while let Some(name) = scan.name(&mut members)? {
        fields.field(&name, &mut scan, &mut head, &mut rest)?;
    }
    match head.or(rest) {
        Some(why) => Err(Unread::Parse(why)),
        None => fields.checked(),
    }
}

impl<'a> Fields<'a> {
    fn field(
        &mut self,
        name: &str,
        scan: &mut Scan<'a>,
        head: &mut First,
        rest: &mut First,
    ) -> Result<(), Syntax> {
        let string = |field| move |found| Mismatch::field(found, field, "string");
        if same(name, "id") {
            self.id = fields::text(scan, head, string(".id"))?.or(self.id.take());
        } else if same(name, "matchers") {
            self.matchers = matchers(scan, rest)?;
        } else if same(name, "startsAt") {
            self.starts_at = fields::time(scan, rest)?;
        } else if same(name, "endsAt") {
            self.ends_at = fields::time(scan, rest)?;
        } else if same(name, "createdBy") {
            self.created_by = fields::text(scan, rest, string("Silence.createdBy"))?;
        } else if same(name, "comment") {
            self.comment = fields::text(scan, rest, string("Silence.comment"))?;
        } else if same(name, "annotations") {
            fields::pairs(scan, rest, "Silence.annotations", &mut self.annotations)?;
        } else {
            scan.skip()?;
        }
        Ok(())
    }

    /// By the rules of the API's description, in its order.
    fn checked(self) -> Result<PostedSilence<'a>, Unread> {
        let comment = self.comment.ok_or_else(|| Unread::required("comment"))?;
        let created_by = self.created_by.ok_or_else(|| Unread::required("createdBy"))?;
        let ends_at = self.ends_at.ok_or_else(|| Unread::required("endsAt"))?;
        let matchers = self.matchers.ok_or_else(|| Unread::required("matchers"))?;
        if matchers.is_empty() {
            let words = "matchers in body should have at least 1 items";
            return Err(Unread::Invalid(612, words.to_owned()));
        }
        let matchers = matchers.into_iter().enumerate().map(|(at, matcher)| matcher.checked(at));
        let matchers = matchers.collect::<Result<_, _>>()?;
        let starts_at = self.starts_at.ok_or_else(|| Unread::required("startsAt"))?;
        Ok(PostedSilence {
            id: self.id.unwrap_or_default(),
            matchers,
            starts_at,
            ends_at,
            created_by,
            comment,
            annotations: fields::packed(self.annotations),
        })
    }
}

fn matchers<'a>(scan: &mut Scan<'a>, first: &mut First) -> fields::Read<Vec<MatcherFields<'a>>> {
    match scan.kind()? {
        Kind::Array => {}
        other => {
            if other != Kind::Null {
                first.add(&Mismatch::field(other, "Silence.matchers", "models.Matchers"));
            }
            scan.skip()?;
            return Ok(None);
        }
    }
    let mut matchers = Vec::new();
    let mut members = scan.enter();
    while scan.item(&mut members)? {
        let place = format!("Silence.matchers.{}", matchers.len());
        matchers.push(matcher(scan, first, &place)?);
    }
    Ok(Some(matchers))
}

fn matcher<'a>(
    scan: &mut Scan<'a>,
    first: &mut First,
    place: &str,
) -> Result<MatcherFields<'a>, Syntax> {
    let mut matcher = MatcherFields::default();
    match scan.kind()? {
        Kind::Object => {}
        other => {
            if other != Kind::Null {
                first.add(&Mismatch::item(other, place, "models.Matcher"));
            }
            scan.skip()?;
            return Ok(matcher);
        }
    }
    let mut members = scan.enter();
    while let Some(name) = scan.name(&mut members)? {
        let mismatch =
            |field| move |found| Mismatch::field(found, &format!("{place}.{field}"), "string");
        if same(&name, "name") {
            matcher.name = fields::text(scan, first, mismatch("name"))?;
        } else if same(&name, "value") {
            matcher.value = fields::text(scan, first, mismatch("value"))?;
        } else if same(&name, "isRegex") {
            matcher.is_regex = fields::truth(scan, first, &format!("{place}.isRegex"))?;
        } else if same(&name, "isEqual") {
            matcher.is_equal = fields::truth(scan, first, &format!("{place}.isEqual"))?;
        } else {
            scan.skip()?;
        }
    }
    Ok(matcher)
}

impl<'a> MatcherFields<'a> {
    fn checked(self, at: usize) -> Result<PostedMatcher<'a>, Unread> {
        let required = |field: &str| Unread::required(&format!("matchers.{at}.{field}"));
        let is_regex = self.is_regex.ok_or_else(|| required("isRegex"))?;
        let name = self.name.ok_or_else(|| required("name"))?;
        let value = self.value.ok_or_else(|| required("value"))?;
        Ok(PostedMatcher { name, value, is_regex, is_equal: self.is_equal.unwrap_or(true) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        match silence(body).unwrap_err() {
            Unread::Empty => "empty".to_owned(),
            Unread::Parse(why) => why,
            Unread::Invalid(code, why) => format!("{code} {why}"),
        }
    }

    #[test]
    fn a_silence_is_read_with_everything_in_it() {
        let body = r#"{"COMMENT":"c","createdBy":"","startsat":"2036-01-01","endsAt":"2037-01-01","extra":[1],
            "matchers":[{"NAME":"a","value":"b","isRegex":false,"isEqual":null},{"name":"","value":"","isRegex":true,"isEqual":false}],
            "annotations":{"x":"y"}}"#;
        let silence = silence(body).unwrap();
        assert_eq!((&*silence.id, &*silence.comment, &*silence.created_by), ("", "c", ""));
        assert!(silence.matchers[0].is_equal && !silence.matchers[1].is_equal);
        assert_eq!(silence.annotations.get("x"), Some("y"));
    }

    /// Each was asked of Alertmanager 0.33.1.
    #[test]
    fn refusals_are_alertmanagers() {
        for (body, words) in [
            ("", "empty"),
            ("null", "602 comment in body is required"),
            (
                "[]",
                "json: cannot unmarshal array into Go value of type struct { ID string \"json:\\\"id,omitempty\\\"\" }",
            ),
            (
                r#"{"matchers":[1]}"#,
                "json: cannot unmarshal number into Silence.matchers.0 of type models.Matcher",
            ),
            (
                r#"{"matchers":1,"comment":5}"#,
                "json: cannot unmarshal number into Go struct field Silence.matchers of type models.Matchers",
            ),
            (
                r#"{"comment":4,"id":{}}"#,
                "json: cannot unmarshal object into Go struct field .id of type string",
            ),
            (
                r#"{"matchers":[{"value":1}]}"#,
                "json: cannot unmarshal number into Go struct field Silence.matchers.0.value of type string",
            ),
            (
                r#"{"matchers":[{"isEqual":"x"}]}"#,
                "json: cannot unmarshal string into Go struct field Silence.matchers.0.isEqual of type bool",
            ),
            (r#"{"startsAt":1}"#, "json: cannot unmarshal number into Go value of type string"),
            (
                r#"{"annotations":{"x":1}}"#,
                "json: cannot unmarshal number into Go struct field Silence.annotations.x of type string",
            ),
            (r#"{"comment":"","createdBy":""}"#, "602 endsAt in body is required"),
            (
                r#"{"comment":"","createdBy":"","endsAt":"2037-01-01"}"#,
                "602 matchers in body is required",
            ),
            (
                r#"{"comment":"","createdBy":"","endsAt":"2037-01-01","matchers":[]}"#,
                "612 matchers in body should have at least 1 items",
            ),
            (
                r#"{"comment":"","createdBy":"","endsAt":"2037-01-01","matchers":[{"value":"a","isRegex":false}]}"#,
                "602 matchers.0.name in body is required",
            ),
        ] {
            assert_eq!(refused(body), words, "{body}");
        }
    }
}

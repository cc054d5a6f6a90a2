use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;

use super::{
    super::json::{Kind, Mismatch, Scan, Syntax},
    Unread, fields,
    fields::{First, same},
    moment, uri,
};
use crate::{alert::PostedAlert, model::Pairs};

/// How Go names the part of an alert that it reads first.
const HEAD: &str = "struct { Annotations models.LabelSet \"json:\\\"annotations,omitempty\\\"\"; \
                    EndsAt strfmt.DateTime \"json:\\\"endsAt,omitempty\\\"\"; \
                    StartsAt strfmt.DateTime \"json:\\\"startsAt,omitempty\\\"\" }";

/// An alert as it was written.
#[derive(Debug, Default)]
pub(in super::super) struct AlertFields {
    labels: Option<Pairs>,
    annotations: Pairs,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    generator_url: Option<Arc<str>>,
}

/// The body of `POST /api/v2/alerts`. Nothing is taken of a body that breaks a rule of the API's description.
pub(in super::super) fn alerts(body: &str) -> Result<Vec<PostedAlert>, Unread> {
    let mut scan = Scan::new(body);
    match scan.kind()? {
        Kind::Array => {}
        Kind::Null => {
            scan.skip()?;
            return Ok(Vec::new());
        }
        other => {
            scan.skip()?;
            return Err(Mismatch::value(other, "models.PostableAlerts").into());
        }
    }
    let mut posted = Vec::new();
    let mut wrong = None;
    let mut members = scan.enter();
    while scan.item(&mut members)? {
        let (alert, why) = one(&mut scan)?;
        wrong = wrong.or(why);
        if wrong.is_none() {
            posted.push(alert);
        }
    }
    if let Some(why) = wrong {
        return Err(Unread::Parse(why));
    }
    posted.into_iter().enumerate().map(|(at, alert)| alert.checked(&at.to_string())).collect()
}

/// One alert, and the first value in it that is of the wrong kind.
pub(in super::super) fn one(scan: &mut Scan<'_>) -> Result<(AlertFields, Option<String>), Syntax> {
    let mut alert = AlertFields::default();
    match scan.kind()? {
        Kind::Object => {}
        Kind::Null => {
            scan.skip()?;
            return Ok((alert, None));
        }
        other => {
            scan.skip()?;
            return Ok((alert, Some(Mismatch::value(other, HEAD).to_string())));
        }
    }
    // Go reads an alert twice, its head and the rest: what is wrong in the head is told first.
    let (mut head, mut rest) = (First::default(), First::default());
    let (mut labels, mut annotations) = (None, None);
    let mut members = scan.enter();
    while let Some(name) = scan.name(&mut members)? {
        let name = &*name;
        if same(name, "labels") {
            fields::pairs(scan, &mut rest, "Alert.labels", &mut labels)?;
        } else if same(name, "annotations") {
            fields::pairs(scan, &mut head, ".annotations", &mut annotations)?;
        } else if same(name, "startsAt") {
            alert.starts_at = fields::time(scan, &mut head)?.or(alert.starts_at);
        } else if same(name, "endsAt") {
            alert.ends_at = fields::time(scan, &mut head)?.or(alert.ends_at);
        } else if same(name, "generatorURL") {
            let url = fields::text(scan, &mut rest, |found| Mismatch::value(found, "string"))?;
            alert.generator_url = url.map(Cow::into_owned).map(Arc::from).or(alert.generator_url);
        } else {
            scan.skip()?;
        }
    }
    alert.labels = labels.map(Pairs::new);
    alert.annotations = fields::packed(annotations);
    Ok((alert, head.or(rest)))
}

impl AlertFields {
    /// By the rules of the API's description; `place` is where it was.
    pub(in super::super) fn checked(self, place: &str) -> Result<PostedAlert, Unread> {
        let generator_url = self.generator_url.unwrap_or_default();
        if !generator_url.is_empty() && !uri::is_request_uri(&generator_url) {
            let url = uri::quoted(&generator_url);
            let words = format!("{place}.generatorURL in body must be of type uri: {url}");
            return Err(Unread::Invalid(601, words));
        }
        let labels = self.labels.ok_or_else(|| Unread::required(&format!("{place}.labels")))?;
        Ok(PostedAlert {
            labels,
            annotations: self.annotations,
            starts_at: self.starts_at.filter(|at| !moment::is_zero(*at)),
            ends_at: self.ends_at.filter(|at| !moment::is_zero(*at)),
            generator_url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        match alerts(body).unwrap_err() {
            Unread::Empty => "empty".to_owned(),
            Unread::Parse(why) => why,
            Unread::Invalid(code, why) => format!("{code} {why}"),
        }
    }

    #[test]
    fn an_alert_is_read_with_everything_in_it() {
        let posted = alerts(
            r#"[{"x":[{"y":null}],"Labels":{"b":"2","a":"1","a":"3","n":null},"annotations":{"s":"\u003c\ud83d\ude42"},
                "startsAt":"2026-01-02T03:04:05.678+01:00","endsAt":"0001-01-01T00:00:00.000Z","generatorURL":"http://p/g?x=1\u0026y"}] [1]"#,
        )
        .unwrap();
        let alert = &posted[0];
        assert_eq!(alert.labels, Pairs::new([("a", "3"), ("b", "2"), ("n", "")]));
        assert_eq!(alert.annotations.get("s"), Some("<🙂"));
        assert_eq!(alert.starts_at, Some("2026-01-02T02:04:05.678Z".parse().unwrap()));
        assert_eq!(alert.ends_at, None);
        assert_eq!(&*alert.generator_url, "http://p/g?x=1&y");
        assert_eq!(alerts("null").unwrap(), []);
        assert_eq!(
            alerts(r#"[{"labels":{},"labels":{"z":"2"}}]"#).unwrap()[0].labels.get("z"),
            Some("2")
        );
    }

    /// Each was asked of Alertmanager 0.33.1.
    #[test]
    fn refusals_are_alertmanagers() {
        for (body, words) in [
            ("", "empty"),
            ("{}", "json: cannot unmarshal object into Go value of type models.PostableAlerts"),
            ("[{}]", "602 0.labels in body is required"),
            (r#"[{"labels":{"a":"1"}},{"labels":null}]"#, "602 1.labels in body is required"),
            (
                r#"[{"labels":{"a":1,"b":true},"annotations":{"c":2}}]"#,
                "json: cannot unmarshal number into Go struct field .annotations.c of type string",
            ),
            (
                r#"[{"labels":{"a":{}}},{"labels":3}]"#,
                "json: cannot unmarshal object into Go struct field Alert.labels.a of type string",
            ),
            (
                r#"[{"labels":{"a":1},"startsAt":"q"}]"#,
                "parsing time \"q\" as \"2006-01-02\": cannot parse \"q\" as \"2006\"",
            ),
            (
                r#"[{"annotations":{"a":1},"startsAt":"q"}]"#,
                "json: cannot unmarshal number into Go struct field .annotations.a of type string",
            ),
            (r#"[{"labels":{"a":1}},]"#, "invalid character ']' looking for beginning of value"),
            (
                r#"[{"generatorURL":"::bad"}]"#,
                "601 0.generatorURL in body must be of type uri: \"::bad\"",
            ),
            (r#"[{"endsAt":[1]}]"#, "json: cannot unmarshal array into Go value of type string"),
        ] {
            assert_eq!(refused(body), words, "{body}");
        }
    }
}

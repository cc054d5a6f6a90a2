//! How our types travel through the engine's untyped values.
//!
//! The engine asks a value two things by itself: whether it is empty (`if`, `with`, `and`, `or`) and what it iterates
//! over. So a map of labels is a map, a list is a list, and what is empty is empty; everything else about a type is
//! asked of the functions here. The kinds of trusted content that no function of a template makes carry the rest.

use std::{collections::BTreeMap, sync::Arc};

use gotmpl::{SafeKind, Value};

use super::time::{Moment, Span, Zone};
use crate::model::Pairs;

pub(super) type Map = BTreeMap<Arc<str>, Value>;

/// The key that says which of our types a map is. A label of this name cannot be seen by templates.
const MARK: &str = "\0";
const KV: i64 = 0;
static EMPTY: Map = Map::new();

/// Our structs, with their fields in Go's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Struct {
    Pair = 1,
    Alert = 2,
    Data = 3,
}

/// A value, as Go would see it.
pub(super) enum Go<'v> {
    /// Nothing of ours: nil, a bool, a number, a string, a list, a dict.
    Plain(&'v Value),
    /// Trusted HTML or a trusted URL.
    Markup(&'v str),
    /// Labels or annotations: `template.KV`.
    Kv(&'v Map),
    Struct(Struct, &'v Map),
    /// `template.Pairs`.
    Pairs(&'v [Value]),
    Moment(Moment),
    Span(Span),
    Month(i8),
    /// Counts from Sunday.
    Weekday(i8),
    Zone(Zone),
}

impl Struct {
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Pair => &["Name", "Value"],
            Self::Alert => &[
                "Status",
                "Labels",
                "Annotations",
                "StartsAt",
                "EndsAt",
                "GeneratorURL",
                "Fingerprint",
            ],
            Self::Data => &[
                "Receiver",
                "Status",
                "Alerts",
                "NotificationReason",
                "GroupLabels",
                "CommonLabels",
                "CommonAnnotations",
                "RouteLabels",
                "ExternalURL",
                "HeldBack",
            ],
        }
    }

    /// The fields' values, in the order of [`Struct::fields`].
    pub(super) fn value<const N: usize>(self, values: [Value; N]) -> Value {
        let fields = self.fields().iter().map(|name| Arc::from(*name)).zip(values);
        let mark = (Arc::from(MARK), Value::Int(self as i64));
        Value::Map(Arc::new(fields.chain([mark]).collect()))
    }
}

impl<'v> Go<'v> {
    pub(super) fn of(value: &'v Value) -> Self {
        match value {
            Value::Map(map) => match map.get(MARK) {
                Some(Value::Int(KV)) => Self::Kv(map),
                Some(Value::Int(1)) => Self::Struct(Struct::Pair, map),
                Some(Value::Int(2)) => Self::Struct(Struct::Alert, map),
                Some(Value::Int(3)) => Self::Struct(Struct::Data, map),
                _ => Self::Plain(value),
            },
            Value::List(items)
                if matches!(items.first().map(Self::of), Some(Self::Struct(Struct::Pair, _))) =>
            {
                Self::Pairs(items)
            }
            Value::Safe { kind, s } => Self::of_safe(value, *kind, s),
            _ => Self::Plain(value),
        }
    }

    fn of_safe(value: &'v Value, kind: SafeKind, text: &'v str) -> Self {
        match kind {
            SafeKind::Html | SafeKind::Url => Self::Markup(text),
            SafeKind::Srcset => Self::Kv(&EMPTY),
            SafeKind::HtmlAttr => Self::Pairs(&[]),
            SafeKind::Js => Moment::decoded(text).map_or(Self::Plain(value), Self::Moment),
            SafeKind::Css => Self::Span(Span(text.parse().unwrap_or(0))),
            SafeKind::JsStr => {
                let (sort, rest) = text.split_at(text.len().min(1));
                match sort {
                    "m" => Self::Month(rest.parse().unwrap_or(1)),
                    "w" => Self::Weekday(rest.parse().unwrap_or(0)),
                    _ => Zone::decoded(rest).map_or(Self::Plain(value), Self::Zone),
                }
            }
        }
    }

    /// The type's name in Go, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Plain(Value::List(items)) => match items.first().map(Self::of) {
                Some(Self::Struct(Struct::Alert, _)) => "template.Alerts",
                Some(Self::Plain(Value::String(_))) => "[]string",
                _ => "[]interface {}",
            },
            Self::Plain(Value::Map(_)) => "map[string]interface {}",
            Self::Plain(value) => value.type_name(),
            Self::Markup(_) => "template.HTML",
            Self::Kv(_) => "template.KV",
            Self::Struct(Struct::Pair, _) => "template.Pair",
            Self::Struct(Struct::Alert, _) => "template.Alert",
            Self::Struct(Struct::Data, _) => "template.Data",
            Self::Pairs(_) => "template.Pairs",
            Self::Moment(_) => "time.Time",
            Self::Span(_) => "time.Duration",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Zone(_) => "*time.Location",
        }
    }
}

/// Whether a field is one that Alertmanager 0.33 does not have, with nothing in it: then the struct is printed as 0.33 does.
pub(super) fn is_unseen(field: &str, value: &Value) -> bool {
    match field {
        "RouteLabels" => matches!(Go::of(value), Go::Kv(labels) if labels.is_empty()),
        "HeldBack" => matches!(value, Value::Int(0)),
        _ => false,
    }
}

/// The pairs of a `template.KV`, by name.
pub(super) fn entries(map: &Map) -> impl Iterator<Item = (&Arc<str>, &Value)> + Clone {
    map.iter().filter(|(name, _)| &***name != MARK)
}

/// The pairs of a `template.KV` with the alert's name first, as people are shown them.
pub(super) fn sorted(map: &Map) -> impl Iterator<Item = (&Arc<str>, &Value)> + Clone {
    let first = map.get_key_value("alertname").into_iter();
    first.chain(entries(map).filter(|(name, _)| &***name != "alertname"))
}

pub(super) fn kv(pairs: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
    let mut map: Map = pairs.into_iter().filter(|(name, _)| &**name != MARK).collect();
    if map.is_empty() {
        return safe(SafeKind::Srcset, "");
    }
    map.insert(Arc::from(MARK), Value::Int(KV));
    Value::Map(Arc::new(map))
}

pub(super) fn kv_of(pairs: &Pairs) -> Value {
    kv(pairs.iter().map(|(name, value)| (Arc::from(name), text(value))))
}

pub(super) fn pairs(pairs: Vec<Value>) -> Value {
    if pairs.is_empty() { safe(SafeKind::HtmlAttr, "") } else { Value::List(pairs.into()) }
}

pub(super) fn moment(moment: &Moment) -> Value {
    safe(SafeKind::Js, &moment.encoded())
}

pub(super) fn span(span: Span) -> Value {
    // Zero is empty in Go too.
    if span.0 == 0 { safe(SafeKind::Css, "") } else { safe(SafeKind::Css, &span.0.to_string()) }
}

pub(super) fn month(month: i8) -> Value {
    safe(SafeKind::JsStr, &format!("m{month}"))
}

pub(super) fn weekday(weekday: i8) -> Value {
    safe(SafeKind::JsStr, &format!("w{weekday}"))
}

pub(super) fn zone(zone: &Zone) -> Value {
    safe(SafeKind::JsStr, &format!("z{}", zone.encoded()))
}

pub(super) fn text(text: &str) -> Value {
    Value::String(Arc::from(text))
}

pub(super) fn int(number: impl TryInto<i64>) -> Value {
    Value::Int(number.try_into().unwrap_or(i64::MAX))
}

fn safe(kind: SafeKind, text: &str) -> Value {
    Value::Safe { kind, s: Arc::from(text) }
}

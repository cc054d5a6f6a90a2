//! Which objects of a resource and namespace the checks look at.

use std::collections::{BTreeMap, BTreeSet};

use super::unread::Unread;
use crate::{cluster::object::Metadata, probe::spec::kubernetes::JsonPath};

/// Labels with the values they must have.
pub(super) type Labels = BTreeMap<String, String>;

/// What one check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pick {
    /// The object of this name.
    Name(String),
    /// Those with these labels.
    Labels(Labels),
    /// All.
    All,
}

impl Pick {
    /// Whether an object that cannot be read may be one of those.
    pub(super) fn may_mean(&self, unread: &Unread) -> bool {
        match self {
            Self::All => true,
            Self::Name(name) => **name == *unread.name,
            Self::Labels(wanted) => may_fit(wanted, unread),
        }
    }
}

/// What all checks together look at in one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Selection {
    all: bool,
    names: BTreeSet<String>,
    labels: BTreeSet<Labels>,
    /// Which values of custom objects are kept, in the order of their texts.
    pub(super) paths: Vec<JsonPath>,
}

impl Selection {
    /// One check more.
    pub(super) fn add(&mut self, pick: Pick, path: Option<&JsonPath>) {
        match pick {
            Pick::All => self.all = true,
            Pick::Name(name) => drop(self.names.insert(name)),
            Pick::Labels(labels) => drop(self.labels.insert(labels)),
        }
        if let Some(path) = path
            && let Err(at) = self.paths.binary_search_by(|other| other.as_str().cmp(path.as_str()))
        {
            self.paths.insert(at, path.clone());
        }
    }

    /// The field selector and the label selector that the server is given: where one name or one set of labels is all, it
    /// need not send the others.
    pub(super) fn narrowed(&self) -> (String, String) {
        let mut narrow = (String::new(), String::new());
        if self.all || self.names.len() + self.labels.len() != 1 {
            return narrow;
        }
        narrow.0.extend(self.names.iter().map(|name| format!("metadata.name={name}")));
        let pairs = self.labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
        narrow.1 = pairs.collect::<Vec<_>>().join(",");
        narrow
    }

    /// Whether some check looks at an object.
    pub(super) fn has(&self, metadata: &Metadata<'_>) -> serde_json::Result<bool> {
        if self.all || self.names.contains(&*metadata.name) {
            return Ok(true);
        }
        if self.labels.is_empty() {
            return Ok(false);
        }
        let own = metadata.labels::<serde_json::Error>()?;
        let own = |key: &str| own.get(key).map(|value| &**value);
        Ok(self.labels.iter().any(|wanted| fits(wanted, own)))
    }

    /// Whether some check may look at an object that cannot be read.
    pub(super) fn may_have(&self, unread: &Unread) -> bool {
        self.all
            || self.names.contains(&*unread.name)
            || self.labels.iter().any(|wanted| may_fit(wanted, unread))
    }
}

/// Whether all these labels are among an object's.
fn fits<'o>(wanted: &Labels, own: impl Fn(&str) -> Option<&'o str>) -> bool {
    wanted.iter().all(|(key, value)| own(key) == Some(value))
}

/// Whether they may be, where nobody knows.
fn may_fit(wanted: &Labels, unread: &Unread) -> bool {
    let own = unread.labels.as_ref();
    own.is_none_or(|own| fits(wanted, |key| own.get(key).map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn the_server_sends_no_more_than_is_looked_at() {
        let mut selection = Selection::default();
        selection.add(Pick::Name("a".to_owned()), None);
        selection.add(Pick::Name("a".to_owned()), None);
        assert_eq!(selection.narrowed().0, "metadata.name=a");
        selection.add(Pick::Labels(labels("x=1,y=2")), None);
        assert_eq!(selection.narrowed(), (String::new(), String::new()));
        let mut selection = Selection::default();
        selection.add(Pick::Labels(labels("x=1,y=2")), None);
        assert_eq!(selection.narrowed().1, "x=1,y=2");
        selection.add(Pick::All, None);
        assert_eq!(selection.narrowed().1, "");
    }

    #[test]
    fn what_is_looked_at() {
        let has = |selection: &Selection, json: &str| {
            selection.has(&serde_json::from_str(json).unwrap()).unwrap()
        };
        let mut selection = Selection::default();
        selection.add(Pick::Name("a".to_owned()), None);
        selection.add(Pick::Labels(labels("x=1,y=")), None);
        assert!(has(&selection, r#"{"name":"a"}"#));
        assert!(has(&selection, r#"{"name":"b","labels":{"z":"","y":"","x":"1"}}"#));
        assert!(!has(&selection, r#"{"name":"b","labels":{"x":"1"}}"#));
        assert!(!has(&selection, r#"{"name":"b","labels":null}"#));
        selection.add(Pick::All, None);
        assert!(has(&selection, r#"{"name":"b"}"#));
    }
}

//! Where the links of a dashboard lead: to another that is shipped, with values that its variables have.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::{
    super::prometheus::Prometheus,
    Dashboard, Panel,
    text::{Scope, Window},
    variables::Variables,
};

/// Addresses within Grafana have no host.
const GRAFANA: &str = "http://grafana.invalid";

/// What stands in a link, filled in, and followed.
pub(crate) struct Trail<'t> {
    pub(crate) dashboards: &'t [Dashboard],
    pub(crate) prometheus: &'t Prometheus,
    pub(crate) window: Window,
}

impl Trail<'_> {
    /// The complaints of a dashboard's own links.
    pub(crate) fn of_dashboard(&self, dashboard: &Dashboard, variables: &Variables) -> Vec<String> {
        let links = dashboard.json["links"].as_array().into_iter().flatten();
        let followed = links.filter_map(|link| {
            if link["type"] == "dashboards" {
                return self.by_tags(link).err();
            }
            self.follow(link["url"].as_str().unwrap(), variables, BTreeMap::new()).err()
        });
        followed.map(|why| format!("{}: {why}", dashboard.uid)).collect()
    }

    /// Those of a panel's links, for what each of its queries was answered; how many links there are.
    pub(crate) fn of_panel(
        &self,
        panel: &Panel,
        variables: &Variables,
        answers: impl FnOnce() -> Vec<(String, Vec<Value>)>,
    ) -> (usize, Vec<String>) {
        let links = addresses(&panel.json);
        if links.is_empty() {
            return (0, Vec::new());
        }
        let fields = fields(panel, &answers());
        let followed = links.iter().filter_map(|link| {
            let why = self.follow(link, variables, fields.clone()).err()?;
            Some(format!("{}: the link {link}: {why}", panel.name))
        });
        let followed = followed.collect();
        (links.len(), followed)
    }

    fn by_tags(&self, link: &Value) -> Result<(), String> {
        let tags = link["tags"].as_array().cloned().unwrap_or_default();
        let has = |dashboard: &&Dashboard| {
            let own = dashboard.json["tags"].as_array();
            own.is_some_and(|own| tags.iter().all(|tag| own.contains(tag)))
        };
        let found = self.dashboards.iter().filter(has).count();
        if found > 1 { Ok(()) } else { Err(format!("{found} dashboards have the tags {tags:?}")) }
    }

    /// Fills in an address, and looks for where it leads.
    pub(crate) fn follow(
        &self,
        link: &str,
        variables: &Variables,
        row: BTreeMap<String, String>,
    ) -> Result<(), String> {
        let scope = Scope { variables, window: self.window, row };
        let address = scope.fill(link).map_err(|unknown| format!("nobody knows {unknown:?}"))?;
        if !address.starts_with('/') {
            let is_address = Url::parse(&address).is_ok();
            return if is_address { Ok(()) } else { Err(format!("no address: {address}")) };
        }
        let url = Url::parse(&format!("{GRAFANA}{address}")).map_err(|error| error.to_string())?;
        let mut path = url.path().split('/').skip(1);
        let (Some("d"), Some(uid)) = (path.next(), path.next()) else {
            return Err(format!("leads to no dashboard: {address}"));
        };
        let there = self.dashboards.iter().find(|dashboard| dashboard.uid == uid);
        let there = there.ok_or_else(|| format!("nobody ships {uid}"))?;
        let parameters: Vec<_> = url
            .query_pairs()
            .filter_map(|(name, value)| {
                Some((name.strip_prefix("var-")?.to_owned(), value.into_owned()))
            })
            .collect();
        let opened = there.opens_with(&parameters, self.prometheus, self.window);
        opened.map_err(|why| format!("{uid} by {address}: {why}"))
    }
}

/// Of the panel itself, and of its fields.
fn addresses(panel: &Value) -> Vec<String> {
    let config = &panel["fieldConfig"];
    let overrides = config["overrides"].as_array().into_iter().flatten();
    let properties = overrides.flat_map(|one| one["properties"].as_array().into_iter().flatten());
    let of_fields = properties.filter(|one| one["id"] == "links").map(|one| &one["value"]);
    let lists = [&panel["links"], &config["defaults"]["links"]].into_iter().chain(of_fields);
    let links = lists.flat_map(|list| list.as_array().into_iter().flatten());
    links.map(|link| link["url"].as_str().expect("the address of a link").to_owned()).collect()
}

/// What a link may name of the data: the fields of a table's first row, after its transformations, and the labels and
/// the value of a series.
fn fields(panel: &Panel, answers: &[(String, Vec<Value>)]) -> BTreeMap<String, String> {
    let mut columns = BTreeMap::new();
    for (letter, rows) in answers {
        let Some(row) = rows.first() else { continue };
        for (label, value) in row["metric"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap().to_owned();
            columns.entry(label.clone()).or_insert(value);
        }
        for name in ["Value".to_owned(), format!("Value #{letter}"), "Time".to_owned()] {
            columns.entry(name).or_insert_with(|| "1".to_owned());
        }
    }
    let labels =
        columns.clone().into_iter().map(|(name, value)| (format!("__field.labels.{name}"), value));
    let mut known: BTreeMap<_, _> = labels.collect();
    for name in ["raw", "text", "numeric", "time"] {
        known.insert(format!("__value.{name}"), "1".to_owned());
    }
    known.insert("__series.name".to_owned(), "series".to_owned());
    for step in panel.json["transformations"].as_array().into_iter().flatten() {
        transform(step, &mut columns);
    }
    for (name, value) in columns {
        known.insert(format!("__data.fields[\"{name}\"]"), value.clone());
        known.insert(format!("__data.fields.{name}"), value);
    }
    known
}

/// Those that take columns away or name them anew; a column is found by both of its names.
fn transform(step: &Value, columns: &mut BTreeMap<String, String>) {
    let options = &step["options"];
    match step["id"].as_str().unwrap() {
        "organize" => {
            for (name, is_left_out) in options["excludeByName"].as_object().into_iter().flatten() {
                if is_left_out == true {
                    columns.remove(name);
                }
            }
            for (name, new) in options["renameByName"].as_object().into_iter().flatten() {
                if let Some(value) = columns.get(name).cloned() {
                    columns.insert(new.as_str().unwrap().to_owned(), value);
                }
            }
        }
        "filterFieldsByName" => {
            let include = &options["include"];
            let names = include["names"].as_array();
            let pattern = include["pattern"].as_str().map(|text| regex::Regex::new(text).unwrap());
            columns.retain(|name, _| {
                names.is_some_and(|names| names.iter().any(|one| one == name.as_str()))
                    || pattern.as_ref().is_some_and(|pattern| pattern.is_match(name))
            });
        }
        _ => {}
    }
}

//! Where the wall clock hangs.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A time zone with the name it was given by: an IANA name, `UTC` (or nothing), or `Local` for this machine's.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Location {
    name: Arc<str>,
    zone: TimeZone,
}

impl Location {
    /// The zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl FromStr for Location {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let zone = match name {
            "" | "UTC" => return Ok(Self { name: "UTC".into(), zone: TimeZone::UTC }),
            "Local" => TimeZone::system(),
            name if name.contains("..") || name.starts_with(['/', '\\']) => {
                return Err("time: invalid location name".to_owned());
            }
            // jiff does not mind the case; the files that Alertmanager looks for do.
            name => TimeZone::get(name)
                .ok()
                .filter(|zone| zone.iana_name() == Some(name))
                .ok_or_else(|| format!("unknown time zone {name}"))?,
        };
        Ok(Self { name: name.into(), zone })
    }
}

impl TryFrom<String> for Location {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.to_string()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl schemars::JsonSchema for Location {
    fn schema_name() -> Cow<'static, str> {
        "Location".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "an IANA time zone such as `Europe/Berlin`, `UTC` or `Local`" })
    }
}

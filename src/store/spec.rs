//! What the configuration may say about the store.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{ByteSize, PromDuration};

/// `[store]`: what survives a restart, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The database file; its folder is made where it is missing. Without one everything is held in memory, and a restart
    /// forgets silences, unsent notices and open incidents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// How long closed incidents and deliveries are kept; `0s` for as long as `max_size` permits.
    pub retention: PromDuration,
    /// How large the database may grow: above it the oldest deliveries and closed incidents go first. What is in force
    /// (alerts, silences, unsent notices) never goes, so it can grow beyond this.
    pub max_size: ByteSize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: None,
            retention: PromDuration(Duration::from_hours(90 * 24)),
            max_size: ByteSize::mebi(1024),
        }
    }
}

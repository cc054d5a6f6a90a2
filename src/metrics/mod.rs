//! Views to exposition: text 0.0.4, OpenMetrics 1.0 and delimited protobuf, straight from the snapshots.
//!
//! Contract: reads views, never waits for their writer, and keeps no list of what it writes. One
//! [`Exposition`] walks the families in a fixed order, families outside and checks inside, and gives the bytes away in
//! chunks, so that the first ones are on the wire while the last ones are not written yet. Whatever the format, the
//! series are the same: a format is an [`Encoder`], and everything else speaks to [`Sink`](crate::model::Sink).
//!
//! Where the series come from: `check` (what every check has), `fact` (what its kind measured), `cluster` (objects of
//! Kubernetes), `telemetry` (noroshi itself, kept by `prometheus_client`).

mod build;
mod check;
mod cluster;
mod exposition;
mod fact;
mod number;
mod openmetrics;
mod process;
mod protobuf;
mod reference;
mod reload;
mod scrapes;
mod telemetry;
mod text;

#[cfg(test)]
pub(crate) mod fixture;

pub use build::{BUILD, Build};
pub use cluster::{Objects, freshness};
pub use exposition::{Emit, Encoder, Exposition, Format};
pub use fact::Families;
pub use protobuf::Protobuf;
pub use reference::reference;
pub use reload::Reloads;
pub use scrapes::Scrapes;
pub use telemetry::Telemetry;
pub use text::{Dialect, Text};

//! `noroshi alertmanager` beside the program whose place it takes: the same files, the same requests, the same tools.

mod amtool;
mod api;
mod browser;
mod files;
mod metrics;
mod page;
mod payloads;
pub(crate) mod peers;
mod prometheus;
mod routes;
mod rules;
mod synced;
mod templates;
mod timing;

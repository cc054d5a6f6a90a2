//! Files and pages of the programs noroshi takes the place of, turned into its own specs and back.
//!
//! Contract: pure. Foreign text goes in, specs come out (or the other way round); nothing here opens a connection, reads
//! a clock or a file. What a peer accepts is accepted and what it refuses is refused, with a better message.

pub mod alertmanager;
pub mod blackbox;
mod client;
mod code;
mod decode;
mod draft;
pub mod gatus;
pub mod go_number;
mod go_path;
mod go_url;
pub mod kube_state_metrics;
mod page;
pub mod uptime_kuma;
pub mod web_config;
mod yaml;

//! noroshi, in the order in which data runs through it.

pub mod api;
pub mod config;
pub mod discovery;
pub mod metrics;
pub mod probe;
pub mod schedule;
pub mod state;

pub mod clock;
pub mod model;
pub mod net;
pub mod re2;

pub mod demo;

pub mod app;
pub mod cli;

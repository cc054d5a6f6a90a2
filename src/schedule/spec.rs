//! What the configuration may say about the schedule.

pub use super::admission::Limits;

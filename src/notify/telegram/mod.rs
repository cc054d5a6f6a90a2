//! Telegram, by a bot.
//!
//! Contract: a message that is too long for Telegram is cut, or replaced where cutting would break its markup.

mod spec;

pub use spec::{ParseMode, Resolved, Spec};

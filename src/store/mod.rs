//! Durable state in SQLite: what was acknowledged is on disk.
//!
//! Contract: a [`Commit`] is written as a whole, in order, and its release is called after the sync (or with the error);
//! migrations are versioned; nothing of a file that is not ours, or newer than us, is touched.
pub mod spec;

//! A heartbeat out while all is well, so that somebody else notices when we are not.
//!
//! Contract: it stops by itself as soon as scheduler, store or delivery is not alive; silence is the alarm.

pub(super) mod spec;

//! noroshi, in the order in which data runs through it.

pub mod clock;
pub mod model;
pub mod net;
pub mod probe;
pub mod re2;
pub mod state;

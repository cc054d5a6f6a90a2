//! Email by SMTP.
//!
//! Contract: one connection per message; a 4xx is tried again, a 5xx is not.

mod spec;

pub use spec::{ByDate, Spec, Threading};

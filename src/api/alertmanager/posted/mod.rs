//! What clients post, read by hand: alerts come by the thousand, and refusals have Alertmanager's words.
//!
//! Contract: unknown fields are passed over, names are compared without regard to case, as Go does; nothing is kept that
//! was not asked for.

mod alert;
mod fields;
mod moment;
mod refusal;
mod silence;
mod uri;

pub(super) use alert::{AlertFields, alerts, one as alert};
pub(super) use fields::same;
pub(super) use refusal::Unread;
pub(super) use silence::silence;
pub(super) use uri::quoted;

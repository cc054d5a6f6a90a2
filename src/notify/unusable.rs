use std::sync::Arc;

use serde::Serialize;

/// An integration of a kind that is built, which says what nobody can send by. Alertmanager starts with it all the same and
/// fails at each send, so we do too: each notice is a dead letter with the reason in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unusable {
    /// The word of its provider.
    pub kind: &'static str,
    /// Whether resolves would be told too.
    pub send_resolved: bool,
    /// Why nothing can be sent; holds no secret.
    pub why: Arc<str>,
}

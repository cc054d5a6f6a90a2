use std::{any::Any, time::Duration};

/// The pause after a crash of ours, so that one that comes again at once does not burn a core.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// What a panic said.
pub(super) fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

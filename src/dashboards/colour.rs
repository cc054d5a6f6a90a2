//! The few colours there are. None is the only sign of anything: words stand beside it.

/// As it should be.
pub(super) const GREEN: &str = "#73BF69";
/// Soon to be looked at.
pub(super) const YELLOW: &str = "#F2CC0C";
/// To be looked at.
pub(super) const ORANGE: &str = "#FF9830";
/// Broken.
pub(super) const RED: &str = "#F2495C";
/// On purpose.
pub(super) const BLUE: &str = "#5794F2";
/// Nobody knows.
pub(super) const GREY: &str = "#8E8E8E";
/// That of text, where a number is neither good nor bad.
pub(super) const PLAIN: &str = "text";

//! What surprises people, in a file that is accepted.

use super::file::File;
use crate::compat::decode::Reader;

/// Notes what looks like a mistake and is none for Alertmanager.
pub(super) fn warn(_reader: &mut Reader<'_>, _file: &File) {}

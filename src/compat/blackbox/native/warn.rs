use super::super::{Prober, decode::Reader, file};

pub(in crate::compat::blackbox) fn warnings(
    _: &mut Reader<'_>,
    _: &str,
    _: Prober,
    _: &file::Module,
) {
}

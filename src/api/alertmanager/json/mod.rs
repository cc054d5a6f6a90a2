//! JSON as Go reads and writes it: what was posted, without a tree in between, and what is answered, without a
//! serializer in between.
//!
//! Contract: the texts of refusals are those of Go's `encoding/json` (1.27), because people and programs have learnt them.

mod kind;
mod scan;
mod text;
mod write;

pub(super) use kind::{Kind, Mismatch};
pub(super) use scan::{Scan, Syntax};
pub(super) use text::lossy;
pub(super) use write::{Array, plain, string, time};

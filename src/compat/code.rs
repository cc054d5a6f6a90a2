//! What can be wrong with a foreign file: one row per code, which `noroshi explain` tells more about.

use crate::model::{Explanation, Severity};

/// One kind of mistake.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// A letter for the format and three digits: `B001`, `A103`; x0xx are errors, x1xx warnings. Stable.
    pub word: &'static str,
    /// What `noroshi explain` says of it.
    pub explanation: Explanation,
}

impl Code {
    pub(in crate::compat) fn severity(self) -> Severity {
        if self.word.as_bytes().get(1) == Some(&b'1') { Severity::Warning } else { Severity::Error }
    }
}

/// One row per code: name, code, meaning, likely causes, next steps. Never reuse a number.
macro_rules! codes {
    ($($name:ident $word:literal $meaning:literal [$($cause:literal),+ $(,)?] [$($next:literal),+ $(,)?])+) => {
        $(#[doc = $meaning] pub(super) const $name: Code = Code {
            word: $word,
            explanation: Explanation { meaning: $meaning, causes: &[$($cause),+], next: &[$($next),+] },
        };)+

        /// Every code.
        pub const CODES: &[Code] = &[$($name),+];
    };
}
pub(in crate::compat) use codes;

use super::super::{
    json::{Mismatch, Syntax},
    refusal::Refusal,
};

/// Why a body could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Unread {
    /// There is nothing in it.
    Empty,
    /// It could not be read.
    Parse(String),
    /// It was read, and a rule of the API's description is broken: a code and its words.
    Invalid(u16, String),
}

impl Unread {
    /// Something that must be there.
    pub(in super::super) fn required(field: &str) -> Self {
        Self::Invalid(602, format!("{field} in body is required"))
    }

    /// As an answer; `what` is the body's name.
    pub(in super::super) fn refusal(self, what: &str) -> Refusal {
        match self {
            Self::Empty => Refusal::unprocessable(602, format!("{what} in body is required")),
            Self::Parse(why) => Refusal::unread(&format!("{what} body"), "", &why),
            Self::Invalid(code, words) => Refusal::unprocessable(code, words),
        }
    }
}

impl From<Syntax> for Unread {
    fn from(why: Syntax) -> Self {
        match why {
            Syntax::Empty => Self::Empty,
            other => Self::Parse(other.to_string()),
        }
    }
}

impl From<Mismatch> for Unread {
    fn from(why: Mismatch) -> Self {
        Self::Parse(why.to_string())
    }
}

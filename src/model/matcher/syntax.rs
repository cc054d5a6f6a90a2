//! Which of the two syntaxes is read.

use std::fmt;

use super::{Matcher, Patterns, classic, utf8};

/// How matchers are read: Alertmanager's three modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syntax {
    /// Both; where they differ the classic one counts.
    #[default]
    Fallback,
    /// `--enable-feature=classic-mode`
    Classic,
    /// `--enable-feature=utf8-strict-mode`
    Utf8,
}

/// What was read, and what the caller should warn of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// What was read.
    pub value: T,
    /// Only ever in fallback mode.
    pub remark: Option<Remark>,
}

/// Why a text should be written otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The UTF-8 syntax refuses it.
    ClassicOnly {
        /// Why.
        why: String,
        /// How both read it.
        suggestion: String,
    },
    /// The two syntaxes read different things.
    Disagreement {
        /// How both read what counts now.
        suggestion: String,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClassicOnly { why, suggestion } => write!(
                f,
                "only the classic syntax of matchers can read this ({why}); write `{suggestion}`"
            ),
            Self::Disagreement { suggestion } => write!(
                f,
                "the classic and the UTF-8 syntax of matchers read this differently, the classic \
                 one counts; write `{suggestion}`"
            ),
        }
    }
}

impl Syntax {
    /// Reads one matcher: the v2 API's `filter`.
    ///
    /// # Errors
    /// Alertmanager's own sentence.
    pub fn matcher(self, text: &str) -> Result<Read<Matcher>, String> {
        self.matcher_of(text, &mut Patterns::default())
    }

    /// The same where patterns have to share their room.
    ///
    /// # Errors
    /// Alertmanager's own sentence, or that there is no room.
    pub fn matcher_of(self, text: &str, patterns: &mut Patterns) -> Result<Read<Matcher>, String> {
        let plain = |value| Read { value, remark: None };
        if self == Self::Classic {
            return classic::matcher(text, patterns).map(plain);
        }
        if text.starts_with('{') || text.ends_with('}') {
            return Err(format!("unexpected open or close brace: {text}"));
        }
        let utf8 = utf8::matcher(text, patterns);
        if self == Self::Utf8 {
            return utf8.map(plain);
        }
        agreed(utf8, classic::matcher(text, patterns), ToString::to_string)
    }

    /// Reads a list of matchers, in braces or not: an entry of `matchers` in a configuration.
    ///
    /// # Errors
    /// Alertmanager's own sentence.
    pub fn matchers(self, text: &str) -> Result<Read<Vec<Matcher>>, String> {
        let plain = |value| Read { value, remark: None };
        let mut patterns = Patterns::default();
        match self {
            Self::Classic => classic::matchers(text, &mut patterns).map(plain),
            Self::Utf8 => utf8::matchers(text, &mut patterns).map(plain),
            Self::Fallback => {
                let utf8 = utf8::matchers(text, &mut patterns);
                agreed(utf8, classic::matchers(text, &mut patterns), |matchers| {
                    matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                })
            }
        }
    }

    /// Whether a label may have this name.
    pub fn accepts_name(self, name: &str) -> bool {
        match self {
            Self::Fallback | Self::Utf8 => !name.is_empty(),
            Self::Classic => {
                let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                name.bytes().all(part)
                    && name.bytes().next().is_some_and(|one| !one.is_ascii_digit())
            }
        }
    }
}

/// What counts of two readings.
fn agreed<T: PartialEq>(
    utf8: Result<T, String>,
    classic: Result<T, String>,
    written: impl Fn(&T) -> String,
) -> Result<Read<T>, String> {
    match (utf8, classic) {
        (Err(_), Err(why)) => Err(why),
        (Err(why), Ok(value)) => {
            let remark = Remark::ClassicOnly { why, suggestion: written(&value) };
            Ok(Read { value, remark: Some(remark) })
        }
        (Ok(value), Err(_)) => Ok(Read { value, remark: None }),
        (Ok(utf8), Ok(value)) => {
            let differ = utf8 != value;
            let remark = differ.then(|| Remark::Disagreement { suggestion: written(&value) });
            Ok(Read { value, remark })
        }
    }
}

/// A mistake in a part of the configuration that no single value shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, relative to the table of that part: `body_file`.
    pub path: String,
    /// One sentence.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

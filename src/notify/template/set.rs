use std::fmt;

use super::Data;

/// A set of named templates: our own defaults, and over them the files that were configured.
#[derive(Debug)]
pub struct Templates {}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file; `None` for a template that stands in the configuration itself.
    pub file: Option<String>,
    /// Counts from 1; 0 where it is not known.
    pub line: usize,
    /// Counts from 1.
    pub column: Option<usize>,
    /// What is wrong, one line.
    pub message: String,
}

/// Why a template could not be rendered; [`Mistake`] says where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderError(pub Mistake);

impl Templates {
    /// Our defaults, and the files in order: a later definition of a name replaces an earlier one.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Vec<Mistake>> {
        let _ = files;
        Ok(Self {})
    }

    /// Renders as plain text.
    pub fn text(&self, source: &str, data: &Data) -> Result<String, RenderError> {
        let _ = (source, data);
        Ok(String::new())
    }

    /// Renders as HTML: what is filled in is escaped for the place it stands in.
    pub fn html(&self, source: &str, data: &Data) -> Result<String, RenderError> {
        let _ = (source, data);
        Ok(String::new())
    }

    /// Parses a template and renders it as text for a made-up group.
    pub fn check(&self, source: &str) -> Result<(), Mistake> {
        let _ = source;
        Ok(())
    }

    /// The same for HTML.
    pub fn check_html(&self, source: &str) -> Result<(), Mistake> {
        let _ = source;
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
            if let Some(column) = self.column {
                write!(f, "{column}:")?;
            }
        }
        if self.file.is_some() || self.line > 0 {
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for RenderError {}

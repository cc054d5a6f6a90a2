use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::Path,
    sync::Arc,
};

use gotmpl::{
    TemplateError,
    parse::{DefineNode, ListNode, Parser},
};
use parking_lot::Mutex;

use super::{
    Data,
    compiled::Compiled,
    render::Mode,
    rewrite::{Body, Place, Rewriter},
    sample, structure,
};

/// Our own default templates, under the names that Alertmanager's have.
const DEFAULTS: [(&str, &str); 2] = [
    ("default.tmpl", include_str!("defaults/text.tmpl")),
    ("email.tmpl", include_str!("defaults/email.tmpl")),
];
/// Texts that are kept compiled. A configuration has a few for each receiver.
const KEPT: usize = 4096;

/// A set of named templates: our own defaults, and over them the files that were configured.
#[derive(Debug)]
pub struct Templates {
    pub(super) bodies: BTreeMap<String, Body>,
    pub(super) places: Vec<Place>,
    compiled: Mutex<Kept>,
}

/// Texts by what they are rendered as.
type Kept = HashMap<(Mode, Arc<str>), Arc<Compiled>>;

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
    /// Whether it depends on the data: a made-up group failed, a real one may not. To be warned of, not refused.
    pub by_data: bool,
}

/// Why a template could not be rendered, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderError(pub Mistake);

impl Templates {
    /// Our defaults, and the files in order: a later definition of a name replaces an earlier one. The text of a file
    /// outside of its definitions is a template of the file's own name.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Vec<Mistake>> {
        let mut set =
            Self { bodies: BTreeMap::new(), places: Vec::new(), compiled: Mutex::default() };
        let mut mistakes = Vec::new();
        let defaults = DEFAULTS.iter().map(|(name, text)| (*name, *text));
        for (file, text) in defaults.chain(files.iter().map(|(file, text)| (&**file, &**text))) {
            if let Err(mistake) = set.add(file, text) {
                mistakes.push(Mistake { file: Some(file.to_owned()), ..mistake });
            }
        }
        if mistakes.is_empty() { Ok(set) } else { Err(mistakes) }
    }

    /// Renders as plain text.
    pub fn text(&self, source: &str, data: &Data) -> Result<String, RenderError> {
        if !source.contains("{{") {
            return Ok(source.to_owned());
        }
        self.compiled(Mode::Text, source)?.render(self, data)
    }

    /// Renders as HTML: what is filled in is escaped for the place it stands in.
    pub fn html(&self, source: &str, data: &Data) -> Result<String, RenderError> {
        self.compiled(Mode::Html, source)?.render(self, data)
    }

    /// Parses a template and renders it as text for a made-up group.
    pub fn check(&self, source: &str) -> Result<(), Mistake> {
        self.checked(Mode::Text, source)
    }

    /// The same for HTML.
    pub fn check_html(&self, source: &str) -> Result<(), Mistake> {
        self.checked(Mode::Html, source)
    }

    fn checked(&self, mode: Mode, source: &str) -> Result<(), Mistake> {
        let compiled = self.compiled(mode, source).map_err(|RenderError(mistake)| mistake)?;
        compiled.calls(self)?;
        for data in sample::groups() {
            compiled.render(self, &data).map_err(|RenderError(mistake)| mistake)?;
        }
        Ok(())
    }

    fn compiled(&self, mode: Mode, source: &str) -> Result<Arc<Compiled>, RenderError> {
        let key = (mode, Arc::from(source));
        if let Some(known) = self.compiled.lock().get(&key) {
            return Ok(known.clone());
        }
        let compiled = Arc::new(Compiled::new(self, mode, source).map_err(RenderError)?);
        let mut kept = self.compiled.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, compiled.clone());
        Ok(compiled)
    }

    fn add(&mut self, file: &str, text: &str) -> Result<(), Mistake> {
        let parsed = Parsed::new(text)?;
        let name = Path::new(file).file_name().map_or(file.into(), |name| name.to_string_lossy());
        let mut rewriter =
            Rewriter { text, file: Some(file.into()), places: &mut self.places, first: 0 };
        for (name, tree) in parsed.bodies(&name, text)? {
            // As Go: nothing does not replace something.
            if tree.is_empty_tree() && self.bodies.contains_key(&name) {
                continue;
            }
            let body = rewriter.body(&name, tree)?;
            self.bodies.insert(name, body);
        }
        Ok(())
    }
}

/// A text's own tree and its definitions.
pub(super) struct Parsed {
    top: ListNode,
    definitions: Vec<DefineNode>,
}

impl Parsed {
    pub(super) fn new(text: &str) -> Result<Self, Mistake> {
        structure::check(text)?;
        let parsed = Parser::new(text, "{{", "}}").and_then(Parser::parse);
        let (top, definitions) = parsed.map_err(|error| Mistake::of_parse(&error))?;
        Ok(Self { top, definitions })
    }

    /// Each by its name; the text's own first. A name that is defined twice is a mistake, unless once as nothing.
    pub(super) fn bodies(self, own: &str, text: &str) -> Result<Vec<(String, ListNode)>, Mistake> {
        let mut bodies: Vec<(String, ListNode)> = vec![(own.to_owned(), self.top)];
        for DefineNode { pos, name, body } in self.definitions {
            match bodies.iter_mut().find(|(known, _)| *known == name.as_str()) {
                None => bodies.push((name.to_string(), body)),
                Some(_) if body.is_empty_tree() => {}
                Some((_, known)) if known.is_empty_tree() => *known = body,
                Some(_) => {
                    let message = format!("multiple definition of template {:?}", name.as_str());
                    return Err(Mistake::at(text, pos.offset, message));
                }
            }
        }
        Ok(bodies)
    }
}

impl Mistake {
    /// At a byte of a text.
    pub(super) fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            file: None,
            line: before.matches('\n').count() + 1,
            column: Some(before[line_start..].chars().count() + 1),
            message,
            by_data: false,
        }
    }

    pub(super) fn nowhere(message: String) -> Self {
        Self { file: None, line: 0, column: None, message, by_data: false }
    }

    fn of_parse(error: &TemplateError) -> Self {
        match error {
            TemplateError::Parse { line, col, message, .. }
            | TemplateError::Lex { line, col, message, .. } => Self {
                line: *line,
                column: Some(*col).filter(|column| *column > 0),
                ..Self::nowhere(message.lines().collect::<Vec<_>>().join(" "))
            },
            other => Self::nowhere(other.to_string()),
        }
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

use std::collections::BTreeMap;

use gotmpl::{MissingKey, TemplateError, html};

use super::{
    Data,
    data::DataAlert,
    functions,
    render::{Bounded, Mode, OUTPUT, Render},
    rewrite::{Body, Place, Rewriter},
    set::{Mistake, Parsed, RenderError, Templates},
    time::Moment,
    value::{Struct, int, kv_of, moment, text},
};

/// The engine's limit of branches and calls within each other is 200, and escaping HTML recurses through all of them.
const DEPTH: usize = 200;
/// Iterations of `range` in one render; its steps are counted more closely by `Render`.
const ITERATIONS: u64 = 5_000_000;
/// The name of the text itself: none, as in Go.
const OWN: &str = "";

/// A text with all templates that it can reach, ready to be rendered.
#[derive(Debug)]
pub(super) struct Compiled {
    engine: Engine,
    /// Of the text; those of the set come before.
    places: Vec<Place>,
    own: BTreeMap<String, Body>,
}

enum Engine {
    Text(Box<gotmpl::Template>),
    Html(Box<html::Template>),
}

impl Compiled {
    pub(super) fn new(set: &Templates, mode: Mode, source: &str) -> Result<Self, Mistake> {
        let mut places = Vec::new();
        let mut own = BTreeMap::new();
        let mut rewriter =
            Rewriter { text: source, file: None, places: &mut places, first: set.places.len() };
        for (name, tree) in Parsed::new(source)?.bodies(OWN, source)? {
            if tree.is_empty_tree() && set.bodies.contains_key(&name) {
                continue;
            }
            let body = rewriter.body(&name, tree)?;
            own.insert(name, body);
        }
        let reached = reached(set, &own);
        depth(&reached)?;
        let engine =
            Engine::new(mode, &reached).map_err(|error| Mistake::nowhere(message(&error)))?;
        Ok(Self { engine, places, own })
    }

    /// Every template that can be called must be there, or a message would fail on the day that it is called.
    pub(super) fn calls(&self, set: &Templates) -> Result<(), Mistake> {
        let reached = reached(set, &self.own);
        for (name, place) in reached.values().flat_map(|body| &body.calls) {
            if !reached.contains_key(name.as_str()) {
                let missing = format!("template {:?} not defined", name.as_str());
                return Err(self.mistake(set, Some(*place), missing, false));
            }
        }
        Ok(())
    }

    pub(super) fn render(&self, set: &Templates, data: &Data) -> Result<String, RenderError> {
        let value = data.value.get_or_init(|| value(data));
        let render = Render::new(self.engine.mode(), data.now(), data.route_labels().clone());
        let mut out = Bounded::new(OUTPUT);
        let (result, render) = render.run(|| match &self.engine {
            Engine::Text(template) => template.execute_fmt(&mut out, value),
            Engine::Html(template) => template.execute_fmt(&mut out, value),
        });
        match result {
            Ok(()) => Ok(out.text),
            Err(_) if out.full => {
                let long = format!("it makes more than {} MiB", OUTPUT >> 20);
                Err(RenderError(self.mistake(set, render.place, long, true)))
            }
            // Who goes too deep or on for too long with two alerts does so with any.
            Err(error) => {
                let words = message(&error);
                Err(RenderError(self.mistake(set, render.place, words, render.by_data)))
            }
        }
    }

    fn mistake(
        &self,
        set: &Templates,
        place: Option<usize>,
        message: String,
        by_data: bool,
    ) -> Mistake {
        let known = set.places.len();
        let place = place.and_then(|place| match place.checked_sub(known) {
            Some(own) => self.places.get(own),
            None => set.places.get(place),
        });
        let Some(place) = place else { return Mistake { by_data, ..Mistake::nowhere(message) } };
        let message = match &*place.template {
            "" => message,
            template => format!("{message} (in the template {template:?})"),
        };
        Mistake {
            file: place.file.as_deref().map(str::to_owned),
            line: place.line,
            column: Some(place.column),
            message,
            by_data,
        }
    }
}

impl Engine {
    /// The text's own tree is called by a root, so that the engine takes it as it is.
    fn new(mode: Mode, reached: &BTreeMap<&str, &Body>) -> Result<Self, TemplateError> {
        const ROOT: &str = "the root";
        const CALL: &str = r#"{{template "" .}}"#;
        match mode {
            Mode::Text => {
                let template = gotmpl::Template::new(ROOT)
                    .missing_key(MissingKey::ZeroValue)
                    .max_range_iters(ITERATIONS)
                    .funcs(functions::all())
                    .parse(CALL)?;
                let all = reached.iter();
                let add = |template: gotmpl::Template, (name, body): (&&str, &&Body)| {
                    template.add_parse_tree(name, body.tree.clone())
                };
                Ok(Self::Text(Box::new(all.fold(template, add))))
            }
            Mode::Html => {
                let mut template = html::Template::new(ROOT)
                    .missing_key(MissingKey::ZeroValue)
                    .max_range_iters(ITERATIONS)
                    .funcs(functions::all())
                    .parse(CALL)?;
                for (name, body) in reached {
                    template = template.add_parse_tree(name, body.tree.clone())?;
                }
                Ok(Self::Html(Box::new(template)))
            }
        }
    }

    const fn mode(&self) -> Mode {
        match self {
            Self::Text(_) => Mode::Text,
            Self::Html(_) => Mode::Html,
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.mode())
    }
}

/// The text itself and all templates it can call, its own before those of the set.
fn reached<'s>(set: &'s Templates, own: &'s BTreeMap<String, Body>) -> BTreeMap<&'s str, &'s Body> {
    let (mut reached, mut left) = (BTreeMap::new(), vec![OWN]);
    while let Some(name) = left.pop() {
        let found = own.get_key_value(name).or_else(|| set.bodies.get_key_value(name));
        let Some((name, body)) = found else { continue };
        if reached.insert(name.as_str(), body).is_none() {
            left.extend(body.calls.iter().map(|(name, _)| name.as_str()));
        }
    }
    reached
}

/// Escaping HTML walks down every chain of calls, each template once: its stack must suffice for the longest. Where
/// templates call each other in a circle that is no longer than all of them together.
fn depth(reached: &BTreeMap<&str, &Body>) -> Result<(), Mistake> {
    let mut chains = Chains { reached, known: BTreeMap::new(), circle: false };
    let longest = chains.longest(OWN, 0);
    let all = reached.values().map(|body| body.nesting + 1).sum();
    let depth = if chains.circle { all } else { longest };
    if depth > DEPTH {
        let message = format!("templates and branches lie in each other more than {DEPTH} deep");
        return Err(Mistake::nowhere(message));
    }
    Ok(())
}

struct Chains<'c, 's> {
    reached: &'c BTreeMap<&'s str, &'s Body>,
    /// How long the chain from a template on is; `None` while it is walked.
    known: BTreeMap<&'s str, Option<usize>>,
    circle: bool,
}

impl Chains<'_, '_> {
    fn longest(&mut self, name: &str, level: usize) -> usize {
        let Some((name, body)) = self.reached.get_key_value(name) else { return 0 };
        match self.known.get(name) {
            Some(Some(known)) => return *known,
            Some(None) => {
                self.circle = true;
                return 0;
            }
            // Too deep in any case.
            None if level > DEPTH => return level,
            None => {}
        }
        self.known.insert(name, None);
        let below = body.calls.iter().map(|(called, _)| self.longest(called, level + 1)).max();
        let longest = body.nesting + 1 + below.unwrap_or(0);
        self.known.insert(name, Some(longest));
        longest
    }
}

/// One line, in Go's words where they are ours.
fn message(error: &TemplateError) -> String {
    let message = match error {
        TemplateError::Exec(message) => message.clone(),
        TemplateError::UndefinedTemplate(name) => format!("template {name:?} not defined"),
        other => other.to_string(),
    };
    message.lines().collect::<Vec<_>>().join(" ")
}

/// The data as the engine takes them.
fn value(data: &Data) -> gotmpl::Value {
    let alerts: Vec<_> = data.alerts().iter().map(alert).collect();
    Struct::Data.value([
        text(data.receiver()),
        text(data.status()),
        gotmpl::Value::List(alerts.into()),
        text(data.notification_reason()),
        kv_of(data.group_labels()),
        kv_of(data.common_labels()),
        kv_of(data.common_annotations()),
        kv_of(data.route_labels()),
        text(data.external_url()),
        int(data.held_back()),
    ])
}

fn alert(alert: &DataAlert) -> gotmpl::Value {
    Struct::Alert.value([
        text(alert.status),
        kv_of(&alert.labels),
        kv_of(&alert.annotations),
        moment(&Moment::utc(alert.starts_at)),
        moment(&Moment::utc(alert.ends_at)),
        text(&alert.generator_url),
        text(&alert.fingerprint),
    ])
}

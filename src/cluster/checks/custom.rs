//! Custom resources: their conditions, or a value in them.

use serde::Deserialize;
use serde_json::{Result, Value};

use super::{
    conditions,
    scene::{Scene, Verdict, of_another_kind},
    subject::{Judged, Kept, Subject, named, read},
};
use crate::{
    cluster::{
        condition::Condition,
        object::{Body, Object},
    },
    model::{Fact, Failure, Reason},
    probe::spec::kubernetes::{JsonPath, Spec, same},
};

static OBJECTS: Subject = Subject { resource: None, read: object };

pub(super) static CUSTOM: Judged = Judged { sees: |spec| vec![(&OBJECTS, named(spec))], judge };

/// What is kept of a custom object.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Custom {
    #[serde(skip)]
    conditions: Box<[Condition]>,
    /// What each path leads to.
    #[serde(skip)]
    values: Box<[(JsonPath, Box<[Value]>)]>,
}

/// The longest value that is kept, as text; of a longer one, that it is too long.
const LONGEST: usize = 4096;

impl Body for Custom {}

/// Nobody knows what such an object looks like: where it has no conditions as others do, it has none.
fn object(json: &str, paths: &[JsonPath]) -> Result<Object<Kept>> {
    let mut object = read::<Custom>(json, Kept::Custom)?;
    let root: Value = serde_json::from_str(json)?;
    let conditions = root.pointer("/status/conditions").and_then(Value::as_array);
    let conditions = conditions.into_iter().flatten();
    let values = |path: &JsonPath| path.select(&root).into_iter().map(shortened).collect();
    object.body = Kept::Custom(Custom {
        conditions: conditions.filter_map(|own| Condition::deserialize(own).ok()).collect(),
        values: paths.iter().map(|path| (path.clone(), values(path))).collect(),
    });
    Ok(object)
}

fn shortened(value: &Value) -> Value {
    if value.to_string().len() > LONGEST { "(a longer value)".into() } else { value.clone() }
}

fn judge(spec: &Spec, scene: &Scene<'_>, _: &mut Vec<Fact>) -> Verdict {
    let object = scene.object(spec)?;
    let Kept::Custom(custom) = &object.body else { return Err(of_another_kind()) };
    if let (Some(path), Some(wanted)) = (&spec.jsonpath, &spec.equals) {
        let found = custom.values.iter().find(|(own, _)| own == path);
        let found = found.map(|(_, values)| &**values).unwrap_or_default();
        if found.is_empty() || !found.iter().all(|value| same(value, wanted)) {
            let got: Vec<_> = found.iter().take(8).map(Value::to_string).collect();
            let got = if got.is_empty() { "nothing".to_owned() } else { got.join(", ") };
            let detail = format!("{} is {got}, wanted {wanted}", path.as_str());
            return Err(Failure::new(Reason::FieldMismatch, detail));
        }
    } else if spec.conditions.is_empty()
        && let Some(why) = conditions::wrong("Ready", "True", &custom.conditions)
    {
        return Err(Failure::new(Reason::ConditionMismatch, why));
    }
    conditions::hold(&spec.conditions, &custom.conditions, "")
}

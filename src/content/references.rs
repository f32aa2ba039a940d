//! References between records: each must lead somewhere, and to a record that is published.

use super::formats::{Part, Step};
use super::places::Places;
use super::schema::{RefStep, Reference, Schema};
use super::visibility::HIDING;
use crate::model::{Collection, Diagnostic, FieldOrigin, Place, Record, Settings, Value, code};
use std::sync::Arc;

/// How many dangling references get a "did you mean": looking for near names among all keys is costly.
const SUGGESTED: usize = 20;

/// Every reference of a collection: those of its schema, and the fields that views look up.
pub fn declared(settings: &Settings, collection: usize, schema: Option<&Schema>) -> Vec<Reference> {
    let mut references = schema.map_or_else(Vec::new, |schema| schema.references.clone());
    for view in settings.views.iter().filter(|view| view.from == collection) {
        for (field, target) in &view.lookup {
            let path = vec![RefStep::Member(field.value.clone())];
            let target = settings.collections[*target].name.clone();
            let items = [path[0].clone(), RefStep::EveryItem];
            let known = |r: &Reference| r.target == target && (r.path == path || r.path == items);
            if !references.iter().any(known) {
                references.push(Reference { path, target, declared_at: Vec::new() });
            }
        }
    }
    references
}

/// Checks the references of the collection `from`. A reference to a record that is not published becomes null.
pub fn check(
    collections: &mut [Arc<Collection>],
    from: usize,
    references: &[Reference],
    places: &Places<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for reference in references {
        let Some(target) = collections.iter().find(|c| c.name == reference.target && c.complete) else { continue };
        for (at, record) in collections[from].records.iter().enumerate() {
            let Some(value) = start(reference, |name| record.get(name)) else { continue };
            let mut steps = first_step(reference);
            visit(value, &reference.path[1..], &mut steps, &mut |value, steps| {
                if let Some(state) = resolve(value, target) {
                    found.push((at, steps.to_vec(), value.label().unwrap_or_default(), reference, state));
                }
            });
        }
    }
    let mut faults = Vec::new();
    let mut nulled = Vec::new();
    for (i, (at, steps, value, reference, state)) in found.into_iter().enumerate() {
        let collection = &collections[from];
        let place = places.of(collection, &collection.records[at], &steps, Part::Value);
        match state {
            State::Dangling => faults.push(dangling(collections, reference, &value, place, i < SUGGESTED)),
            State::Hidden => {
                nulled.push((at, steps));
                let message =
                    format!("`{value}` of `{}` is not published, so this reference becomes null", reference.target);
                faults.push(Diagnostic::warning(code::HIDDEN_REFERENCE, place, message));
            }
            // That somebody left is no slip of those who speak of them.
            State::Gone => nulled.push((at, steps)),
        }
    }
    for (at, steps) in nulled {
        clear(Arc::make_mut(&mut collections[from]), at, &steps);
    }
    faults
}

enum State {
    Dangling,
    Hidden,
    /// Removed, or hidden by whoever it is about.
    Gone,
}

fn resolve(value: &Value, target: &Collection) -> Option<State> {
    let key = match value {
        Value::Null => return None,
        other => other.label(),
    };
    match key.as_deref().and_then(|key| target.find(key)) {
        None if key.is_some_and(|key| target.removed.has(&key)) => Some(State::Gone),
        None => Some(State::Dangling),
        Some(record) if record.hidden.is_some() && hides_itself(target, record) => Some(State::Gone),
        Some(record) => record.hidden.as_ref().map(|_| State::Hidden),
    }
}

/// Whether a member wrote what keeps the record out.
fn hides_itself(target: &Collection, record: &Record) -> bool {
    let written = |name: &&str| match record.field(name)?.origin {
        FieldOrigin::Written(at) => record.origins.get(usize::from(at)).copied(),
        FieldOrigin::Built => None,
    };
    HIDING.iter().filter_map(written).any(|origin| target.is_write(origin))
}

fn dangling(
    collections: &[Arc<Collection>],
    reference: &Reference,
    value: &str,
    place: Place,
    suggest: bool,
) -> Diagnostic {
    let message = format!("there is no record `{value}` in `{}`", reference.target);
    let fault = Diagnostic::error(code::DANGLING_REFERENCE, place, message);
    let target = collections.iter().find(|c| c.name == reference.target).filter(|_| suggest);
    let keys = target.into_iter().flat_map(|target| target.records.iter().map(|record| record.key.as_str()));
    fault.suggest(
        value,
        keys,
        format!(
            "use the `{}` of one, or add the record",
            collections.iter().find(|c| c.name == reference.target).map_or("key", |c| c.key.as_str())
        ),
    )
}

fn start<'a>(reference: &Reference, get: impl Fn(&str) -> Option<&'a Value>) -> Option<&'a Value> {
    match reference.path.first() {
        Some(RefStep::Member(name)) => get(name),
        _ => None,
    }
}

fn first_step(reference: &Reference) -> Vec<Step> {
    match reference.path.first() {
        Some(RefStep::Member(name)) => vec![Step::Member(name.clone())],
        _ => Vec::new(),
    }
}

/// Calls `sink` for each value that the rest of the path leads to. A list at the end stands for its items.
fn visit(value: &Value, path: &[RefStep], steps: &mut Vec<Step>, sink: &mut impl FnMut(&Value, &[Step])) {
    match (path.split_first(), value) {
        (None | Some((RefStep::EveryItem, _)), Value::List(items)) => {
            let rest = path.get(1..).unwrap_or_default();
            for (i, item) in items.iter().enumerate() {
                steps.push(Step::Item(i));
                visit(item, rest, steps, sink);
                steps.pop();
            }
        }
        (None, _) => sink(value, steps),
        (Some((RefStep::Member(name), rest)), Value::Map(members)) => {
            if let Some((_, member)) = members.iter().find(|(known, _)| **known == **name) {
                steps.push(Step::Member(name.clone()));
                visit(member, rest, steps, sink);
                steps.pop();
            }
        }
        _ => {}
    }
}

fn clear(collection: &mut Collection, at: usize, steps: &[Step]) {
    let Some((Step::Member(name), rest)) = steps.split_first() else { return };
    let field = collection.records[at].fields.iter_mut().find(|field| *field.name == **name);
    let Some(mut value) = field.map(|field| &mut field.value) else { return };
    for step in rest {
        let below = match (value, step) {
            (Value::List(items), Step::Item(index)) => items.get_mut(*index),
            (Value::Map(members), Step::Member(name)) => {
                members.iter_mut().find(|(known, _)| **known == **name).map(|(_, member)| member)
            }
            _ => None,
        };
        match below {
            Some(below) => value = below,
            None => return,
        }
    }
    *value = Value::Null;
}

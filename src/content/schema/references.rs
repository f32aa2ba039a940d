//! `"x-ref": "users"`: this value is a key of that collection.

use crate::content::formats::Step;
use serde_json::Value as Json;

/// Where in a record a reference stands, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub path: Vec<RefStep>,
    /// The collection's name.
    pub target: String,
    /// Where the schema declares it.
    pub declared_at: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefStep {
    Member(String),
    EveryItem,
}

/// How deep references are looked for: a schema may refer to itself.
const DEPTH: usize = 16;

/// The references that a schema declares, through `properties`, `items`, `allOf` and its kin, and local `$ref`s.
pub fn declared(document: &Json) -> Vec<Reference> {
    let mut walk = Walk { document, found: Vec::new() };
    walk.visit(document, &mut Vec::new(), &mut Vec::new());
    walk.found
}

struct Walk<'a> {
    document: &'a Json,
    found: Vec<Reference>,
}

impl Walk<'_> {
    fn visit(&mut self, schema: &Json, path: &mut Vec<RefStep>, at: &mut Vec<Step>) {
        if at.len() > DEPTH * 2 {
            return;
        }
        if let Some(target) = schema.get("x-ref").and_then(Json::as_str) {
            let mut declared_at = at.clone();
            declared_at.push(Step::Member("x-ref".to_owned()));
            let reference = Reference { path: path.clone(), target: target.to_owned(), declared_at };
            if !self.found.iter().any(|known| known.path == reference.path && known.target == reference.target) {
                self.found.push(reference);
            }
        }
        if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
            for (name, property) in properties {
                path.push(RefStep::Member(name.clone()));
                self.below(property, path, at, &["properties", name]);
                path.pop();
            }
        }
        if let Some(items) = schema.get("items") {
            path.push(RefStep::EveryItem);
            self.below(items, path, at, &["items"]);
            path.pop();
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for (i, branch) in schema.get(keyword).and_then(Json::as_array).into_iter().flatten().enumerate() {
                at.push(Step::Member(keyword.to_owned()));
                at.push(Step::Item(i));
                self.visit(branch, path, at);
                at.truncate(at.len() - 2);
            }
        }
        let local = schema.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix('#'));
        if let Some(pointer) = local.filter(|pointer| !pointer.is_empty())
            && let Some(target) = self.document.pointer(pointer)
        {
            let steps = pointer.split('/').skip(1).map(|step| Step::Member(step.to_owned()));
            let mut from: Vec<Step> = steps.collect();
            // The depth goes on counting, so that a schema that refers to itself ends.
            if path.len() < DEPTH {
                self.visit(target, path, &mut from);
            }
        }
    }

    fn below(&mut self, schema: &Json, path: &mut Vec<RefStep>, at: &mut Vec<Step>, steps: &[&str]) {
        at.extend(steps.iter().map(|step| Step::Member((*step).to_owned())));
        self.visit(schema, path, at);
        at.truncate(at.len() - steps.len());
    }
}

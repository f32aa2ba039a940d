//! The schema of each view's rows: what `fields`, `lookup`, `rank` and `count` make of a record's.

use super::api::record_name;
use super::names::{Namer, pascal};
use super::schemas::make_nullable;
use crate::content::Content;
use crate::model::{Rank, Settings, View};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

type Components = BTreeMap<String, Json>;

const AT: &str = "#/components/schemas/";
/// The members that only whole documents carry.
const DOCUMENT_ONLY: [&str; 2] = ["html", "toc"];

/// The component of this name.
pub fn reference(name: &str) -> Json {
    json!({ "$ref": format!("{AT}{name}") })
}

/// The components that a schema names itself.
pub fn references(schema: &Json) -> Vec<String> {
    let mut found = Vec::new();
    visit(schema, &mut |keyword, value| {
        if keyword == "$ref"
            && let Some(name) = value.as_str().and_then(|at| at.strip_prefix(AT))
        {
            found.push(name.split('/').next().unwrap_or(name).to_owned());
        }
    });
    found
}

/// Hands every keyword with a text to `each`.
fn visit(schema: &Json, each: &mut impl FnMut(&str, &Json)) {
    match schema {
        Json::Object(keywords) => keywords.iter().for_each(|(keyword, value)| {
            each(keyword, value);
            visit(value, each);
        }),
        Json::Array(items) => items.iter().for_each(|item| visit(item, each)),
        _ => {}
    }
}

/// Points every local reference of `schema` somewhere else: `from` is what it starts with now.
pub fn redirect(schema: &mut Json, from: &str, to: &str) {
    match schema {
        Json::Object(keywords) => keywords.iter_mut().for_each(|(keyword, value)| match value {
            Json::String(at) if keyword == "$ref" || keyword == "$dynamicRef" => {
                if let Some(rest) = at.strip_prefix(from) {
                    *at = format!("{to}{rest}");
                }
            }
            other => redirect(other, from, to),
        }),
        Json::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        _ => {}
    }
}

/// The components of the site's records.
pub struct Known<'a> {
    /// For each collection: the component of whole documents, and that of rows of lists.
    names: Vec<(String, String)>,
    components: Components,
    content: &'a Content,
    settings: &'a Settings,
}

impl<'a> Known<'a> {
    pub fn new(
        settings: &'a Settings,
        content: &'a Content,
        records: &[Json],
        namer: &mut Namer,
        components: &mut Components,
    ) -> Self {
        let mut names = Vec::new();
        for (decl, schema) in settings.collections.iter().zip(records) {
            let name = namer.unique(&record_name(schema, &decl.name), || format!("Record{}", names.len()));
            let whole = component(schema, &name);
            let mut row = whole.clone();
            let mut left_out = false;
            for member in DOCUMENT_ONLY {
                left_out |= drop_member(&mut row, member);
            }
            let row_name =
                if left_out { namer.unique(&format!("{name}Row"), || format!("{name}Row")) } else { name.clone() };
            if left_out {
                if let Some(keywords) = row.as_object_mut() {
                    keywords.remove("$defs");
                }
                components.insert(row_name.clone(), row);
            }
            components.insert(name.clone(), whole);
            names.push((name, row_name));
        }
        Self { names, components: components.clone(), content, settings }
    }

    /// The schema of a view's rows, or of its documents.
    pub fn row(&self, view: &View, namer: &mut Namer, components: &mut Components) -> Json {
        if let Some((name, schema)) =
            super::about::document(self.settings, view, &self.components[&self.names[view.from].0])
        {
            let name = namer.unique(name, || name.to_owned());
            components.insert(name.clone(), schema);
            return reference(&name);
        }
        let (whole, row) = &self.names[view.from];
        if view.count.is_none() && view.fields.is_none() && view.lookup.is_empty() && view.rank.is_none() {
            return reference(if view.each { whole } else { row });
        }
        let words: Vec<String> = view
            .path
            .value
            .segments
            .iter()
            .map(|segment| match segment {
                crate::model::Segment::Literal(text) => text.clone(),
                crate::model::Segment::Field(name) => format!("by-{name}"),
            })
            .collect();
        let name = namer.unique(&(pascal(&words) + if view.each { "" } else { "Row" }), || format!("{row}Row"));
        let mut schema = match &view.count {
            Some(count) => count_row(&count.label, view),
            None => self.record_row(view, if view.each { whole } else { row }, whole),
        };
        for (field, target) in &view.lookup {
            if let Some(member) = schema.pointer_mut(&pointer(&field.value)) {
                *member = looked_up(member, &self.names[*target].1);
            }
        }
        components.insert(name.clone(), schema);
        reference(&name)
    }

    fn record_row(&self, view: &View, base_name: &str, whole: &str) -> Json {
        let base = &self.components[base_name];
        let Some(fields) = &view.fields else {
            let mut schema = base.clone();
            // What refers to a definition goes on finding it in the record's own component.
            if let Some(keywords) = schema.as_object_mut() {
                keywords.remove("$defs");
            }
            add_rank(&mut schema, view.rank.as_ref());
            return schema;
        };
        let whole = &self.components[whole];
        let required: Vec<&str> =
            whole.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
        let mut properties = Map::new();
        for field in fields {
            let name = field.value.as_str();
            let rank = rank_members(view.rank.as_ref()).into_iter().find(|(member, _)| *member == name);
            let schema = match (rank, whole.pointer(&pointer(name))) {
                (Some((_, schema)), _) => schema,
                (None, Some(schema)) if required.contains(&name) => schema.clone(),
                (None, Some(schema)) => nullable(schema),
                (None, None) if self.content.collections[view.from].closed => json!({ "type": "null" }),
                (None, None) => json!({}),
            };
            properties.insert(name.to_owned(), schema);
        }
        let names: Vec<&str> = fields.iter().map(|field| field.value.as_str()).collect();
        json!({ "type": "object", "properties": properties, "required": names })
    }
}

/// A published schema as a component: what it refers to in itself is found below its name.
pub(super) fn component(schema: &Json, name: &str) -> Json {
    let mut component = schema.clone();
    redirect(&mut component, "#", &format!("{AT}{name}"));
    if let Some(keywords) = component.as_object_mut() {
        keywords.remove("$id");
        keywords.remove("$schema");
    }
    component
}

pub(super) fn pointer(member: &str) -> String {
    format!("/properties/{}", member.replace('~', "~0").replace('/', "~1"))
}

/// Takes a member out; says whether it was there.
fn drop_member(schema: &mut Json, member: &str) -> bool {
    if let Some(Json::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str() != Some(member));
    }
    schema.get_mut("properties").and_then(Json::as_object_mut).is_some_and(|all| all.remove(member).is_some())
}

fn rank_members(rank: Option<&Rank>) -> Vec<(&'static str, Json)> {
    let Some(rank) = rank else { return Vec::new() };
    let integer = |description: &str| json!({ "type": "integer", "minimum": 1, "description": description });
    let mut members = vec![
        ("rank", integer("tied rows share it")),
        ("position", integer("each row has its own")),
        ("tied", json!({ "type": "boolean", "description": "whether another row has this rank" })),
    ];
    if let Some(days) = rank.movement_days {
        let delta = format!("ranks gained in {days} days; null for a row that was not there");
        members.push(("delta", json!({ "type": ["integer", "null"], "description": delta })));
        members.push(("trend", json!({ "enum": ["up", "down", "same", "new"] })));
    }
    members
}

fn add_rank(schema: &mut Json, rank: Option<&Rank>) {
    let Some(keywords) = schema.as_object_mut() else { return };
    for (name, member) in rank_members(rank) {
        if let Json::Object(properties) = keywords.entry("properties").or_insert_with(|| json!({})) {
            properties.insert(name.to_owned(), member);
        }
        match keywords.entry("required").or_insert_with(|| json!([])) {
            Json::Array(required) if !required.contains(&json!(name)) => required.push(json!(name)),
            _ => {}
        }
    }
}

fn count_row(label: &str, view: &View) -> Json {
    let mut members = vec![
        (label, json!({ "type": "string" })),
        ("count", json!({ "type": "integer", "minimum": 1, "description": "records that have the value" })),
    ];
    if view.count.as_ref().is_some_and(|count| count.values.is_some()) {
        members[1].1 = json!({ "type": "integer", "minimum": 0, "description": "records that have the value" });
    }
    members.extend(rank_members(view.rank.as_ref()));
    let chosen: Vec<(&str, Json)> = match &view.fields {
        None => members,
        Some(fields) => fields
            .iter()
            .map(|field| {
                let known = members.iter().find(|(name, _)| *name == field.value);
                (field.value.as_str(), known.map_or_else(|| json!({ "type": "null" }), |(_, schema)| schema.clone()))
            })
            .collect(),
    };
    let required: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Json> =
        chosen.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The same, or null.
pub(super) fn nullable(schema: &Json) -> Json {
    let mut schema = schema.clone();
    let closed = |keywords: &Map<String, Json>| {
        ["$ref", "allOf", "anyOf", "oneOf", "not", "if"].iter().any(|keyword| keywords.contains_key(*keyword))
    };
    match schema.as_object_mut() {
        Some(keywords) if !closed(keywords) => {
            make_nullable(keywords);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// A key, or a list of keys, replaced by the records they name.
fn looked_up(member: &Json, target: &str) -> Json {
    let has = |kind: &str| match member.get("type") {
        Some(Json::String(one)) => one == kind,
        Some(Json::Array(kinds)) => kinds.iter().any(|k| k == kind),
        _ => true,
    };
    // A record that is not published stands as null.
    let one = json!({ "anyOf": [reference(target), { "type": "null" }] });
    let list = json!({ "type": "array", "items": one });
    match (has("array"), has("string") || has("integer")) {
        (true, false) if has("null") => json!({ "anyOf": [list, { "type": "null" }] }),
        (true, false) => list,
        (true, true) => json!({ "anyOf": [reference(target), list, { "type": "null" }] }),
        _ => one,
    }
}

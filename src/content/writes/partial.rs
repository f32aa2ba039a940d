//! The schema of a patch: what a schema says of each member, without what it says of the whole.

use serde_json::{Map, Value as Json};

/// How far `$ref`s are followed: a schema may refer to itself.
const DEPTH: usize = 8;
/// What is said of an object as a whole: a patch is a part of one.
const OF_THE_WHOLE: [&str; 14] = [
    "required",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];

/// The schema that each member of a patch keeps to. What only the whole record can break is for the build to see.
pub fn partial(document: &Json) -> Json {
    part(document, document, 0)
}

fn part(schema: &Json, document: &Json, depth: usize) -> Json {
    let (schema, Some(members)) = resolved(schema, document, depth) else { return schema.clone() };
    let mut kept: Map<String, Json> = members.clone();
    kept.retain(|name, _| !OF_THE_WHOLE.contains(&name.as_str()));
    if let Some(Json::Object(properties)) = kept.get_mut("properties") {
        for property in properties.values_mut() {
            *property = member(property, document, depth);
        }
    }
    debug_assert!(schema.is_object());
    Json::Object(kept)
}

/// An object within a patch is a part of one, too; a list in it stands for the whole list.
fn member(property: &Json, document: &Json, depth: usize) -> Json {
    let (found, members) = resolved(property, document, depth);
    let is_object = members.is_some_and(|members| members.contains_key("properties"));
    if is_object && depth < DEPTH { part(found, document, depth + 1) } else { property.clone() }
}

/// What a local `$ref` leads to, where the schema is nothing but that.
fn resolved<'a>(schema: &'a Json, document: &'a Json, depth: usize) -> (&'a Json, Option<&'a Map<String, Json>>) {
    let mut found = schema;
    for _ in depth..DEPTH {
        let reference = found.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#'));
        match reference.and_then(|pointer| document.pointer(pointer)) {
            Some(next) => found = next,
            None => break,
        }
    }
    (found, found.as_object())
}

/// Every name that the schema gives a member of the record, wherever it does.
pub fn names(document: &Json) -> Vec<String> {
    let mut found = Vec::new();
    gather(document, document, 0, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn gather(schema: &Json, document: &Json, depth: usize, found: &mut Vec<String>) {
    if depth > DEPTH {
        return;
    }
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        found.extend(properties.keys().cloned());
    }
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
    let single = ["if", "then", "else"].into_iter().filter_map(|name| schema.get(name));
    let dependent = schema.get("dependentSchemas").and_then(Json::as_object).into_iter().flat_map(Map::values);
    let referred = schema.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#'));
    let referred = referred.and_then(|pointer| document.pointer(pointer));
    for below in lists.chain(single).chain(dependent).chain(referred) {
        gather(below, document, depth + 1, found);
    }
}

#[cfg(test)]
mod tests {
    use super::{names, partial};
    use serde_json::json;

    #[test]
    fn a_patch_is_held_to_its_members_alone() {
        let schema = json!({
            "type": "object",
            "required": ["name", "home"],
            "properties": {
                "name": { "type": "string", "minLength": 1 },
                "home": { "$ref": "#/$defs/place" },
                "stops": { "type": "array", "items": { "$ref": "#/$defs/place" } }
            },
            "$defs": { "place": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } } }
        });
        let valid = |value| jsonschema::validator_for(&partial(&schema)).expect("a schema").is_valid(&value);
        assert!(valid(json!({})));
        assert!(valid(json!({ "home": {} })));
        assert!(!valid(json!({ "home": { "city": 1 } })));
        assert!(!valid(json!({ "name": "" })));
        assert!(!valid(json!({ "stops": [{}] })), "a list is replaced as a whole");
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let schema = json!({
            "properties": { "a": {} },
            "allOf": [{ "$ref": "#/$defs/more" }],
            "$defs": { "more": { "properties": { "b": {} }, "if": { "properties": { "c": {} } } } }
        });
        assert_eq!(names(&schema), ["a", "b", "c"]);
    }
}

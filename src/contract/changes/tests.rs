//! What breaks a client, schema by schema.

use super::ChangeKind::Breaking;
use super::schema::compare;
use serde_json::{Value as Json, json};

fn told(old: &Json, new: &Json) -> Vec<String> {
    let mut told = Vec::new();
    compare((&Json::Null, old), (&Json::Null, new), &mut |kind, message| told.push(format!("{kind:?}: {message}")));
    told
}

#[test]
fn what_a_client_cannot_know_breaks_it() {
    let row =
        |properties: Json, required: Json| json!({ "type": "object", "properties": properties, "required": required });
    let text = json!({ "type": "string" });
    let old = row(json!({ "a": text, "b": { "type": "integer" } }), json!(["a", "b"]));
    let cases = [
        (row(json!({ "a": text }), json!(["a"])), "Breaking: `b` is gone"),
        (row(json!({ "a": text, "b": { "type": "integer" } }), json!(["b"])), "Breaking: `a` may be absent"),
        (
            row(json!({ "a": { "type": ["string", "null"] }, "b": { "type": "integer" } }), json!(["a", "b"])),
            "Breaking: `a` may be null",
        ),
        (row(json!({ "a": text, "b": { "type": "number" } }), json!(["a", "b"])), "Breaking: `b` may be a number"),
        (row(json!({ "a": text, "b": {} }), json!(["a", "b"])), "Breaking: `b` may be of any type"),
        (
            row(json!({ "a": { "type": "string", "enum": ["x"] }, "b": { "type": "integer" } }), json!(["a", "b"])),
            "Additive: `a` is one of a list of values",
        ),
        (
            row(json!({ "a": text, "b": { "type": "integer" }, "c": {} }), json!(["a", "b"])),
            "Additive: `c` of the answer is new",
        ),
    ];
    assert_eq!(told(&old, &old), Vec::<String>::new());
    for (new, expected) in cases {
        assert_eq!(told(&old, &new), [expected]);
    }
}

#[test]
fn narrower_is_additive_and_wider_is_breaking() {
    let pairs = [
        (json!({ "enum": ["a"] }), json!({ "enum": ["a", "b"] }), "may be \"b\"", "is never \"b\" any more"),
        (
            json!({ "type": "string", "maxLength": 5 }),
            json!({ "type": "string", "maxLength": 9 }),
            "was 5, and is 9",
            "was 9, and is 5",
        ),
        (
            json!({ "type": "string", "format": "date" }),
            json!({ "type": "string" }),
            "need not have",
            "has the `format`",
        ),
    ];
    for (narrow, wide, wider, narrower) in pairs {
        let (out, back) = (told(&narrow, &wide), told(&wide, &narrow));
        assert!(out.len() == 1 && out[0].starts_with("Breaking") && out[0].contains(wider), "{out:?}");
        assert!(back.len() == 1 && back[0].starts_with("Additive") && back[0].contains(narrower), "{back:?}");
    }
}

#[test]
fn schemas_that_hold_themselves_end() {
    let document = json!({ "components": { "schemas": { "A": {
        "type": "object", "properties": { "next": { "$ref": "#/components/schemas/A" } } } } } });
    let start = json!({ "$ref": "#/components/schemas/A" });
    let mut told = Vec::new();
    compare((&document, &start), (&document, &start), &mut |_, message| told.push(message));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn what_is_not_weighed_breaks_where_it_says_less() {
    let text = |more: Json| {
        let mut schema = json!({ "type": "string" });
        schema.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        schema
    };
    let integer = json!({ "type": "integer" });
    let pairs = [
        (json!({ "type": "array", "prefixItems": [{ "type": "string" }] }), json!({ "type": "array" })),
        (json!({ "type": "object", "additionalProperties": integer }), json!({ "type": "object" })),
        (json!({ "type": "object", "patternProperties": { "^a": integer } }), json!({ "type": "object" })),
        (json!({ "type": "integer", "multipleOf": 5 }), json!({ "type": "integer", "multipleOf": 2 })),
        (json!({ "type": "array", "uniqueItems": true }), json!({ "type": "array" })),
        (text(json!({ "not": { "const": "a" } })), text(json!({}))),
        (json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), json!({})),
        (json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), json!({ "type": "boolean" })),
        (json!({ "oneOf": [{ "type": "string" }] }), json!({ "type": "integer" })),
        (json!({ "required": ["a"] }), json!({})),
    ];
    for (old, new) in pairs {
        let told = told(&old, &new);
        assert!(told.iter().any(|message| message.starts_with("Breaking")), "{old} to {new}: {told:?}");
    }
}

#[test]
fn the_same_said_otherwise_breaks_nobody() {
    let pairs = [
        (json!({ "type": ["string", "null"] }), json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })),
        (
            json!({ "oneOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "oneOf": [{ "type": "null" }, { "type": "string" }] }),
        ),
        (json!({ "type": "string" }), json!({ "allOf": [{ "type": "string" }] })),
        (json!({ "enum": ["a", "b"] }), json!({ "oneOf": [{ "const": "a" }, { "const": "b" }] })),
        (json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), json!({ "type": "string" })),
    ];
    for (old, new) in pairs {
        let told = told(&old, &new);
        assert!(!told.iter().any(|message| message.starts_with("Breaking")), "{old} to {new}: {told:?}");
    }
}

#[test]
fn what_stands_beside_a_reference_counts() {
    let document = json!({ "A": { "type": "string" } });
    let with = |length: Json| json!({ "$ref": "#/A", "maxLength": length });
    let mut told = Vec::new();
    compare((&document, &with(json!(5))), (&document, &with(json!(50))), &mut |kind, message| {
        told.push((kind, message));
    });
    assert_eq!(told, [(Breaking, "the `maxLength` of the answer was 5, and is 50".to_owned())]);
}

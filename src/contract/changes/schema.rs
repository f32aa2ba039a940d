//! Two schemas of one answer. An answer may always be more definite than it was; where it may be something that it could
//! not be before, a client that relied on the old promise breaks.

use super::ChangeKind::{self, Additive, Breaking};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Says what changed from `old` to `new`, each a schema within its document.
pub fn compare(old: (&Json, &Json), new: (&Json, &Json), report: &mut impl FnMut(ChangeKind, String)) {
    let mut compared = Compare { old: old.0, new: new.0, seen: BTreeSet::new(), report };
    compared.schemas(old.1, new.1, "the answer");
}

struct Compare<'j, 'r, R> {
    old: &'j Json,
    new: &'j Json,
    /// Pairs of references that are compared already: schemas may hold themselves.
    seen: BTreeSet<(String, String)>,
    report: &'r mut R,
}

/// Keywords that bound a value, and whether a greater bound lets more through.
const BOUNDS: [(&str, bool); 10] = [
    ("maximum", true),
    ("exclusiveMaximum", true),
    ("maxLength", true),
    ("maxItems", true),
    ("maxProperties", true),
    ("minimum", false),
    ("exclusiveMinimum", false),
    ("minLength", false),
    ("minItems", false),
    ("minProperties", false),
];

impl<'j, R: FnMut(ChangeKind, String)> Compare<'j, '_, R> {
    fn say(&mut self, kind: ChangeKind, message: String) {
        (self.report)(kind, message);
    }

    fn schemas(&mut self, old: &'j Json, new: &'j Json, at: &str) {
        let names = |schema: &Json| schema.get("$ref").and_then(Json::as_str).map(str::to_owned);
        if let (Some(a), Some(b)) = (names(old), names(new))
            && !self.seen.insert((a, b))
        {
            return;
        }
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        let (Some(a), Some(b)) = (keywords(old), keywords(new)) else {
            if old != new {
                self.say(Breaking, format!("{at} is described differently"));
            }
            return;
        };
        self.kinds(a, b, at);
        self.values(a, b, at);
        self.bounds(a, b, at);
        self.members(a, b, at);
        if let (Some(a), Some(b)) = (a.get("items"), b.get("items")) {
            self.schemas(a, b, &format!("an item of {at}"));
        } else if a.contains_key("items") && may_be(b, "array") {
            self.say(Breaking, format!("the items of {at} may be anything"));
        }
        if let (Some(a), Some(b)) = (a.get("additionalProperties"), b.get("additionalProperties"))
            && a.is_object()
            && b.is_object()
        {
            self.schemas(a, b, &format!("a member of {at}"));
        }
        for keyword in ["anyOf", "oneOf"] {
            self.alternatives(a.get(keyword), b.get(keyword), at);
        }
        match (list(a.get("allOf")), list(b.get("allOf"))) {
            (a, b) if a.len() == b.len() => a.iter().zip(b).for_each(|(a, b)| self.schemas(a, b, at)),
            (a, b) if a.len() > b.len() => self.say(Breaking, format!("{at} keeps to less than before")),
            _ => self.say(Additive, format!("{at} keeps to more than before")),
        }
    }

    fn kinds(&mut self, old: &Map<String, Json>, new: &Map<String, Json>, at: &str) {
        match (kinds(old), kinds(new)) {
            (Some(a), Some(b)) => {
                let holds = |kinds: &BTreeSet<&str>, kind: &str| {
                    kinds.contains(kind) || kind == "integer" && kinds.contains("number")
                };
                for kind in b.iter().filter(|kind| !holds(&a, kind)) {
                    self.say(Breaking, format!("{at} may be {}", article(kind)));
                }
                for kind in a.iter().filter(|kind| !(holds(&b, kind) || **kind == "number" && b.contains("integer"))) {
                    self.say(Additive, format!("{at} is never {} any more", article(kind)));
                }
                if a.contains("number") && !b.contains("number") && b.contains("integer") {
                    self.say(Additive, format!("{at} is a whole number"));
                }
            }
            // What lists its values or its alternatives is compared by those.
            (Some(_), None) if !new.contains_key("enum") && !new.contains_key("const") && !has_alternatives(new) => {
                self.say(Breaking, format!("{at} may be of any type"));
            }
            (None, Some(_)) if !old.contains_key("enum") && !old.contains_key("const") && !has_alternatives(old) => {
                self.say(Additive, format!("{at} has a type"));
            }
            _ => {}
        }
    }

    fn values(&mut self, old: &Map<String, Json>, new: &Map<String, Json>, at: &str) {
        match (values(old), values(new)) {
            (Some(a), Some(b)) => {
                for value in b.iter().filter(|value| !a.contains(value)) {
                    self.say(Breaking, format!("{at} may be {value}"));
                }
                for value in a.iter().filter(|value| !b.contains(value)) {
                    self.say(Additive, format!("{at} is never {value} any more"));
                }
            }
            (Some(_), None) => self.say(Breaking, format!("{at} is no longer one of a list of values")),
            (None, Some(_)) => self.say(Additive, format!("{at} is one of a list of values")),
            (None, None) => {}
        }
    }

    fn bounds(&mut self, old: &Map<String, Json>, new: &Map<String, Json>, at: &str) {
        for (keyword, upper) in BOUNDS {
            match (old.get(keyword).and_then(Json::as_f64), new.get(keyword).and_then(Json::as_f64)) {
                (Some(_), None) => self.say(Breaking, format!("{at} has no `{keyword}` any more")),
                (None, Some(_)) => self.say(Additive, format!("{at} has a `{keyword}`")),
                (Some(a), Some(b)) if (b > a) == upper && a.total_cmp(&b).is_ne() => {
                    self.say(Breaking, format!("the `{keyword}` of {at} was {a}, and is {b}"));
                }
                (Some(a), Some(b)) if a.total_cmp(&b).is_ne() => {
                    self.say(Additive, format!("the `{keyword}` of {at} was {a}, and is {b}"));
                }
                _ => {}
            }
        }
        for keyword in ["format", "pattern"] {
            match (old.get(keyword), new.get(keyword)) {
                (None, Some(value)) => self.say(Additive, format!("{at} has the `{keyword}` {value}")),
                (Some(a), None) => self.say(Breaking, format!("{at} need not have the `{keyword}` {a}")),
                (Some(a), Some(b)) if a != b => {
                    self.say(Breaking, format!("the `{keyword}` of {at} was {a}, and is {b}"));
                }
                _ => {}
            }
        }
    }

    fn members(&mut self, old: &'j Map<String, Json>, new: &'j Map<String, Json>, at: &str) {
        let (before, after) = (object(old.get("properties")), object(new.get("properties")));
        let (needed, given) = (texts(old.get("required")), texts(new.get("required")));
        for (name, schema) in before.into_iter().flatten() {
            let place = if at == "the answer" { format!("`{name}`") } else { format!("`{name}` of {at}") };
            match after.and_then(|after| after.get(name)) {
                None => self.say(Breaking, format!("{place} is gone")),
                Some(then) => {
                    match (needed.contains(name.as_str()), given.contains(name.as_str())) {
                        (true, false) => self.say(Breaking, format!("{place} may be absent")),
                        (false, true) => self.say(Additive, format!("{place} is always there")),
                        _ => {}
                    }
                    self.schemas(schema, then, &place);
                }
            }
        }
        for name in after.into_iter().flatten().map(|(name, _)| name) {
            if before.is_none_or(|before| !before.contains_key(name)) {
                self.say(Additive, format!("`{name}` of {at} is new"));
            }
        }
    }

    fn alternatives(&mut self, old: Option<&'j Json>, new: Option<&'j Json>, at: &str) {
        if old.is_none() && new.is_none() {
            return;
        }
        let (a, b) = (list(old), list(new));
        if a.len() == b.len() {
            a.iter().zip(b).for_each(|(a, b)| self.schemas(a, b, at));
            return;
        }
        let known = |all: &[Json], one: &Json| all.contains(one);
        if old.is_none() || b.iter().any(|one| !known(a, one)) && new.is_some() {
            self.say(Breaking, format!("{at} has other alternatives"));
        } else {
            self.say(Additive, format!("{at} has fewer alternatives"));
        }
    }
}

fn resolve<'j>(document: &'j Json, schema: &'j Json) -> &'j Json {
    let mut schema = schema;
    // A circle of references names nothing.
    for _ in 0..32 {
        let target = schema.get("$ref").and_then(Json::as_str).and_then(|at| at.strip_prefix('#'));
        match target.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => schema = found,
            None => break,
        }
    }
    schema
}

fn keywords(schema: &Json) -> Option<&Map<String, Json>> {
    static ANYTHING: LazyLock<Map<String, Json>> = LazyLock::new(Map::new);
    match schema {
        Json::Object(keywords) => Some(keywords),
        Json::Bool(true) | Json::Null => Some(&*ANYTHING),
        _ => None,
    }
}

fn kinds(schema: &Map<String, Json>) -> Option<BTreeSet<&str>> {
    match schema.get("type")? {
        Json::String(kind) => Some(BTreeSet::from([kind.as_str()])),
        Json::Array(kinds) => Some(kinds.iter().filter_map(Json::as_str).collect()),
        _ => None,
    }
}

fn may_be(schema: &Map<String, Json>, kind: &str) -> bool {
    kinds(schema).is_none_or(|kinds| kinds.contains(kind))
}

fn values(schema: &Map<String, Json>) -> Option<Vec<&Json>> {
    match (schema.get("enum"), schema.get("const")) {
        (Some(Json::Array(values)), _) => Some(values.iter().collect()),
        (_, Some(value)) => Some(vec![value]),
        _ => None,
    }
}

fn has_alternatives(schema: &Map<String, Json>) -> bool {
    ["anyOf", "oneOf", "allOf"].iter().any(|keyword| schema.contains_key(*keyword))
}

fn object(value: Option<&Json>) -> Option<&Map<String, Json>> {
    value.and_then(Json::as_object)
}

fn list(value: Option<&Json>) -> &[Json] {
    value.and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn texts(value: Option<&Json>) -> BTreeSet<&str> {
    list(value).iter().filter_map(Json::as_str).collect()
}

fn article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(old: &Json, new: &Json) -> Vec<String> {
        let mut told = Vec::new();
        compare((&Json::Null, old), (&Json::Null, new), &mut |kind, message| told.push(format!("{kind:?}: {message}")));
        told
    }

    #[test]
    fn what_a_client_cannot_know_breaks_it() {
        let row = |properties: Json, required: Json| json!({ "type": "object", "properties": properties, "required": required });
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
}

//! The schemas of documents about records: standings and explanations.

use super::rows::{nullable, pointer};
use crate::model::{About, Settings, View};
use serde_json::{Value as Json, json};

/// The schema of a view's documents, and what it is named after; `None` where they are the records themselves. `record` is
/// the schema of a record.
pub fn document(settings: &Settings, view: &View, record: &Json) -> Option<(&'static str, Json)> {
    let key = settings.collections[view.from].key.value.as_str();
    let shape = Shape { key, record };
    match view.about {
        About::Record => None,
        About::Standing(of) => {
            let by = settings.views[of].rank.as_ref().map(|rank| rank.by.value.trim());
            Some(("Standing", shape.standing(by)))
        }
        About::Explain => Some(("Explanation", shape.explanation())),
    }
}

/// What the documents have of the record.
struct Shape<'a> {
    key: &'a str,
    record: &'a Json,
}

fn object(required: &[&str], properties: &Json) -> Json {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn rank(description: &str) -> Json {
    json!({ "type": "integer", "minimum": 1, "description": description })
}

fn text(description: &str) -> Json {
    json!({ "type": "string", "description": description })
}

fn place(value: &Json) -> Json {
    json!({
        "list": text("the path of the ranked list"),
        "ranked": { "type": "boolean", "description": "whether the record is in it" },
        "why": text("why it is not; absent where it is"),
        "rank": rank("tied rows share it"),
        "position": rank("each row has its own"),
        "tied": { "type": "boolean" },
        "of": rank("how many rows the list has"),
        "value": value,
    })
}

impl Shape<'_> {
    fn key_schema(&self) -> Json {
        let known = self.record.pointer(&pointer(self.key)).cloned();
        known.unwrap_or_else(|| json!({ "type": ["string", "integer"], "description": "the record's key" }))
    }

    /// What a row is ranked by: the schema of that member, where it is one.
    fn value(&self, by: Option<&str>) -> Json {
        let known = by.and_then(|by| self.record.pointer(&pointer(by)));
        known.map_or_else(|| json!({ "description": "what the list is ranked by" }), nullable)
    }

    fn standing(&self, by: Option<&str>) -> Json {
        let key = self.key;
        let row = object(
            &[key, "rank", "value"],
            &json!({ key: self.key_schema(), "rank": rank("its rank"), "value": self.value(by) }),
        );
        let rows = |description: &str| json!({ "type": "array", "items": row, "description": description });
        let points = json!({ "type": ["integer", "null"], "description": "how far its value is; null where values are no integers" });
        let next = json!({
            "type": ["object", "null"],
            "description": "the next better rank; null for the best",
            "properties": { "rank": rank("that rank"), "value": self.value(by), "points": points },
            "required": ["rank", "value", "points"],
        });
        let mut properties = place(&self.value(by));
        properties[key] = self.key_schema();
        properties["next"] = next;
        properties["above"] = rows("the rows before, best first");
        properties["below"] = rows("the rows behind");
        object(&[key, "list", "ranked"], &properties)
    }

    fn explanation(&self) -> Json {
        let key = self.key;
        let count = |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
        let day =
            |description: &str| json!({ "type": ["string", "null"], "format": "date", "description": description });
        let month = object(
            &["month", "counted", "days"],
            &json!({ "month": text("year and month"), "counted": count("what it adds to the score"), "days": count("days with activity") }),
        );
        let score = object(
            &["score", "rule", "checkedAt", "countsFrom", "known"],
            &json!({
                "score": text("its name"),
                "rule": { "type": "object", "description": "the formula and its parameters" },
                "checkedAt": { "type": ["string", "null"], "format": "date-time", "description": "when the source was last asked about this member" },
                "countsFrom": day("the first day that counts"),
                "known": { "type": ["object", "null"], "properties": { "from": day("the first known day"), "to": day("the last") }, "required": ["from", "to"] },
                "why": text("why nothing was counted; absent where something was"),
                "months": { "type": "array", "items": month, "description": "they sum up to the score" },
                "capped": object(&["days", "cut"], &json!({ "days": count("days above the daily cap"), "cut": count("what it took off") })),
                "excluded": object(
                    &["daysBeforeStart", "daysUnknown"],
                    &json!({ "daysBeforeStart": count("days with activity before the first that counts"), "daysUnknown": count("days between known ones of which nothing is known") }),
                ),
                "streak": object(
                    &["current", "since", "longest", "provisional"],
                    &json!({
                        "current": count("periods in a row"),
                        "since": day("the first day of the current streak"),
                        "longest": count("the longest one"),
                        "provisional": { "type": "boolean", "description": "whether the current one may be longer than what is known" },
                    }),
                ),
                "gives": { "type": "object", "description": "the record's members that were computed" },
            }),
        );
        let derived = object(
            &["name", "expression", "value"],
            &json!({ "name": text("the member"), "expression": text("how it is computed"), "value": {} }),
        );
        object(
            &[key, "scores", "derived", "rankings"],
            &json!({
                key: self.key_schema(),
                "scores": { "type": "array", "items": score },
                "derived": { "type": "array", "items": derived },
                "rankings": { "type": "array", "items": object(&["list", "ranked"], &place(&self.value(None))) },
            }),
        )
    }
}

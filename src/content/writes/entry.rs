//! The document of an accepted write, read.

use super::body::{self, Malformed};
use crate::model::{Change, Entry, Members, Number, Value};

/// Reads what [`Entry::to_json`] wrote.
///
/// # Errors
/// When the bytes are no such document.
pub fn entry(bytes: &[u8]) -> Result<Entry, Malformed> {
    // What was written stands one level deeper here.
    let mut fields = body::members_to(bytes, body::DEPTH + 1)?.into_vec();
    let mut take = |name: &str| {
        let at = fields.iter().position(|(known, _)| **known == *name)?;
        Some(fields.swap_remove(at).1)
    };
    let mut text = |name: &str| match take(name) {
        Some(Value::Text(text)) => Ok(text.into_string()),
        _ => Err(missing(name)),
    };
    let (id, collection, key) = (text("id")?, text("collection")?, text("key")?);
    let (change, by, at, request) = (text("change")?, text("by")?, text("at")?, text("request")?);
    let version = match take("version") {
        Some(Value::Number(Number::Int(version))) => u64::try_from(version).ok().filter(|version| *version > 0),
        _ => None,
    };
    let version = version.ok_or_else(|| missing("version"))?;
    let by_editor = matches!(take("byEditor"), Some(Value::Bool(true)));
    let claim = match take("claim") {
        Some(Value::Text(claim)) => Some(claim.into_string()),
        _ => None,
    };
    let mut value = || -> Result<Members, Malformed> {
        match take("value") {
            Some(Value::Map(members)) => Ok(members),
            _ => Err(missing("value")),
        }
    };
    let change = match change.as_str() {
        "put" => Change::Put(value()?),
        "patch" => Change::Patch(value()?),
        "delete" => Change::Delete,
        "forgotten" => Change::Forgotten,
        _ => return Err(missing("change")),
    };
    let at = at.parse().map_err(|_| missing("at"))?;
    if id.len() != 32 || !id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(missing("id"));
    }
    Ok(Entry { id, collection, key, version, change, by, by_editor, claim, at, request })
}

fn missing(name: &str) -> Malformed {
    Malformed { line: 1, column: 1, message: format!("this is no accepted write: it has no good `{name}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let members = body::members(br#"{"name":"Mira \"M\" Okafor","days":12345678901234567890,"on":null}"#);
        for change in [
            Change::Put(members.clone().expect("members")),
            Change::Patch(members.expect("members")),
            Change::Delete,
            Change::Forgotten,
        ] {
            let written = Entry {
                id: "0123456789abcdef0123456789abcdef".to_owned(),
                collection: "users".to_owned(),
                key: "mira é".to_owned(),
                version: 3,
                change,
                by: "auth0|1".to_owned(),
                by_editor: true,
                claim: Some("ab".to_owned()),
                at: "2026-11-21T10:00:00.123456789Z".parse().expect("a time"),
                request: "ab".to_owned(),
            };
            assert_eq!(entry(&written.to_json()), Ok(written));
        }
    }

    /// Whatever the endpoint accepts can be read again.
    #[test]
    fn the_deepest_body_is_read() {
        let body = format!("{{\"a\":{}{}}}", "[".repeat(body::DEPTH - 1), "]".repeat(body::DEPTH - 1));
        let written = Entry {
            id: "0123456789abcdef0123456789abcdef".to_owned(),
            collection: "users".to_owned(),
            key: "mira".to_owned(),
            version: 1,
            change: Change::Put(body::members(body.as_bytes()).expect("members")),
            by: String::new(),
            by_editor: false,
            claim: None,
            at: "2026-11-21T10:00:00Z".parse().expect("a time"),
            request: String::new(),
        };
        assert_eq!(entry(&written.to_json()), Ok(written));
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [&b""[..], b"{}", b"[]", b"{\"id\":1}", b"{\"version\":0}"] {
            assert!(entry(bytes).is_err());
        }
    }
}

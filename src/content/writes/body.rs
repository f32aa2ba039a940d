//! The body of a write: one JSON object that means the same to every reader.

use crate::content::formats::{self, Fault, Format, Kind, Node};
use crate::model::{Members, code};

/// How deep lists and objects may stand in each other.
pub const DEPTH: usize = 32;

/// Why a body cannot be read, and where: lines and columns are counted from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// The members of the object. Duplicate members, numbers beyond the range of doubles and half characters are refused,
/// because readers disagree on what they mean (RFC 7493).
///
/// # Errors
/// When the body is not one JSON object in UTF-8, or one of which readers would disagree.
pub fn members(body: &[u8]) -> Result<Members, Malformed> {
    members_to(body, DEPTH)
}

/// The same of an object that may be nested so deep.
///
/// # Errors
/// As [`members`].
pub fn members_to(body: &[u8], depth: usize) -> Result<Members, Malformed> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let good = String::from_utf8_lossy(&body[..error.valid_up_to()]).into_owned();
        at(&good, good.len(), "this is not UTF-8")
    })?;
    if deepest(text) > depth {
        return Err(at(text, 0, &format!("lists and objects are nested more than {depth} levels deep")));
    }
    let (node, faults) = formats::read(Format::Json, text, 0);
    if let Some(Fault { span, message, code, .. }) = faults.into_iter().next() {
        let message = if code == code::SYNTAX && message.is_empty() { "this is not JSON".to_owned() } else { message };
        return Err(at(text, span.start, &message));
    }
    let Some(node) = node else { return Err(at(text, 0, "there is no JSON")) };
    if let Some((start, message)) = refused(&node) {
        return Err(at(text, start, message));
    }
    match node.into_value() {
        crate::model::Value::Map(members) => Ok(members),
        other => Err(at(text, 0, &format!("a record is an object, not {}", other.kind()))),
    }
}

/// How deep brackets stand in each other, whatever they are: strings are passed over.
fn deepest(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The first value that is JSON and still no datum.
fn refused(node: &Node) -> Option<(usize, &'static str)> {
    match &node.kind {
        Kind::Number(number) if !number.as_f64().is_finite() => Some((node.span.start, "this number is out of range")),
        Kind::Text(text) if !is_writing(text) => Some((node.span.start, "this text holds a control character")),
        Kind::List(items) => items.iter().find_map(refused),
        Kind::Map(entries) => entries.iter().find_map(|entry| {
            if is_writing(&entry.name) {
                refused(&entry.node)
            } else {
                Some((entry.name_span.start, "this name holds a control character"))
            }
        }),
        _ => None,
    }
}

/// Whether a text holds nothing but what people write: of the control characters, tabs and ends of lines.
fn is_writing(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'))
}

fn at(text: &str, offset: usize, message: &str) -> Malformed {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Malformed { line, column, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::members;
    use proptest::prelude::*;

    fn refused(body: &[u8]) -> String {
        members(body).map(|_| ()).expect_err("it is refused").message
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        assert!(refused(br#"{"a":1,"a":2}"#).contains("twice"));
        assert!(refused(br#"{"a":1,"\u0061":2}"#).contains("twice"));
        assert!(refused(b"{\"a\":\"\xff\"}").contains("UTF-8"));
        assert!(refused(br#"{"a":1e999}"#).contains("out of range"));
        assert!(refused(br#"{"a":"\u0000"}"#).contains("control"));
        assert!(refused(br#"{"a\u0007":1}"#).contains("control"));
        for broken in [
            &br#"{"a":"\ud800"}"#[..],
            b"",
            b"  ",
            b"[]",
            b"null",
            b"{} {}",
            b"{\"a\":01}",
            b"{\"a\":NaN}",
            b"{'a':1}",
            b"{\"a\":1,}",
            b"\xef\xbb\xbf{}",
        ] {
            assert!(members(broken).is_err(), "{}", String::from_utf8_lossy(broken));
        }
    }

    #[test]
    fn depth_is_bounded_before_anything_is_read() {
        let bomb = format!("{{\"a\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(refused(bomb.as_bytes()).contains("deep"));
        let fine = format!("{{\"a\":{}{}}}", "[".repeat(31), "]".repeat(31));
        assert!(members(fine.as_bytes()).is_ok());
        assert!(members(br#"{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}"#).is_ok());
    }

    #[test]
    fn the_place_is_told() {
        let wrong = members(b"{\n  \"a\": tru\n}").expect_err("it is refused");
        assert_eq!((wrong.line, wrong.column), (2, 8));
    }

    proptest! {
        /// Nothing panics, and what is read is what another reader reads.
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(read) = members(&bytes) {
                let other: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
                prop_assert_eq!(serde_json::Value::from(&crate::model::Value::Map(read)), other);
            }
        }

        #[test]
        fn any_pieces(pieces in prop::collection::vec(prop::sample::select(&[
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"", "\\", "\\u0061", "1", "-0", "1e5", "0.1", "true", "null", " ", "é", "\u{0}",
        ][..]), 0..24)) {
            let text = pieces.concat();
            if let Ok(read) = members(text.as_bytes()) {
                let other: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
                prop_assert_eq!(serde_json::Value::from(&crate::model::Value::Map(read)), other);
            }
        }
    }
}

//! Values as JSON text (RFC 8259), compact.

use super::value::{Number, Value};

/// Appends `value` to `out`.
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(Number::Int(int)) => write_serde(out, int),
        Value::Number(Number::Literal(text)) => out.extend_from_slice(text.as_bytes()),
        Value::Text(text) => write_text(out, text),
        Value::Escaped(json) => out.extend_from_slice(json.as_bytes()),
        Value::List(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
        Value::Map(members) => {
            out.push(b'{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_member(out, name, member);
            }
            out.push(b'}');
        }
    }
}

/// Appends `"name":value`.
pub fn write_member(out: &mut Vec<u8>, name: &str, value: &Value) {
    write_text(out, name);
    out.push(b':');
    write_value(out, value);
}

pub fn write_text(out: &mut Vec<u8>, text: &str) {
    write_serde(out, text);
}

fn write_serde<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("a scalar has a JSON form, and a vector takes any bytes");
}

impl Value {
    /// The text of an [`Self::Escaped`]; empty for any other value.
    pub fn unescaped(&self) -> String {
        match self {
            Self::Escaped(json) => serde_json::from_str(json).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// A text that many answers will hold.
    pub fn escaped(text: &str) -> Self {
        let mut json = Vec::with_capacity(text.len() + text.len() / 16 + 2);
        write_text(&mut json, text);
        Self::Escaped(String::from_utf8(json).unwrap_or_default().into())
    }
}

impl From<&Value> for serde_json::Value {
    /// For the schema check. A literal beyond 64-bit integers becomes the nearest double.
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(Number::Int(int)) => Self::from(*int),
            Value::Number(Number::Literal(text)) => serde_json::from_str(text).unwrap_or(Self::Null),
            Value::Text(text) => Self::String(text.to_string()),
            Value::Escaped(_) => Self::String(value.unescaped()),
            Value::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Map(members) => {
                Self::Object(members.iter().map(|(name, member)| (name.to_string(), Self::from(member))).collect())
            }
        }
    }
}

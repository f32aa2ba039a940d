//! Values as minijinja sees them, there and back.

use super::value::{Name, Number, Value};
use minijinja::value::ValueKind;
use std::collections::BTreeMap;
use std::sync::Arc;

impl From<&Value> for minijinja::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::from(()),
            Value::Bool(flag) => Self::from(*flag),
            Value::Number(Number::Int(int)) => Self::from(*int),
            Value::Number(number) => number.as_i128().map_or_else(|| Self::from(number.as_f64()), Self::from),
            Value::Text(text) => Self::from(&**text),
            Value::Escaped(_) => Self::from(value.unescaped()),
            Value::List(items) => Self::from(items.iter().map(Self::from).collect::<Vec<_>>()),
            Value::Map(members) => {
                let members = members.iter().map(|(name, member)| (name.to_string(), Self::from(member)));
                Self::from_object(members.collect::<BTreeMap<String, Self>>())
            }
        }
    }
}

impl Value {
    /// The result of an expression. `None` is "undefined": the member is absent.
    ///
    /// # Errors
    /// In words, when the result has no JSON form (an infinite number, a function).
    pub fn from_template(value: &minijinja::Value) -> Result<Option<Self>, String> {
        Ok(Some(match value.kind() {
            ValueKind::Undefined => return Ok(None),
            ValueKind::None => Self::Null,
            ValueKind::Bool => Self::Bool(value.is_true()),
            ValueKind::Number => Self::Number(number(value)?),
            ValueKind::String => Self::text(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => Self::List(items(value)?.into()),
            ValueKind::Map => Self::Map(members(value)?.into()),
            other => return Err(format!("the result is {other}, which JSON cannot hold")),
        }))
    }
}

fn number(value: &minijinja::Value) -> Result<Number, String> {
    if value.is_integer() {
        return Ok(Number::from_json(&value.to_string()));
    }
    let float = f64::try_from(value.clone()).map_err(|e| e.to_string())?;
    match serde_json::Number::from_f64(float) {
        Some(number) => Ok(Number::from_json(&number.to_string())),
        None => Err(format!("the result is {float}, which JSON cannot hold")),
    }
}

fn items(value: &minijinja::Value) -> Result<Vec<Value>, String> {
    let iterator = value.try_iter().map_err(|e| e.to_string())?;
    iterator.map(|item| Ok(Value::from_template(&item)?.unwrap_or(Value::Null))).collect()
}

fn members(value: &minijinja::Value) -> Result<Vec<(Name, Value)>, String> {
    let keys = value.try_iter().map_err(|e| e.to_string())?;
    keys.map(|key| {
        let member = value.get_item(&key).map_err(|e| e.to_string())?;
        Ok((Arc::from(key.to_string()), Value::from_template(&member)?.unwrap_or(Value::Null)))
    })
    .collect()
}

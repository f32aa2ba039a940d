//! Records as templates see them: their public members, read when they are asked for.

use crate::model::{Collection, FieldOrigin};
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A record of a collection.
#[derive(Debug)]
pub struct Shown {
    collection: Arc<Collection>,
    at: u32,
}

/// A published record.
pub fn shown(collection: &Arc<Collection>, at: u32) -> Option<Value> {
    let is_hidden = collection.records.get(at as usize)?.hidden.is_some();
    (!is_hidden).then(|| Value::from_object(Shown { collection: Arc::clone(collection), at }))
}

impl Object for Shown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        let name = name.as_str()?;
        let field = self.collection.records[self.at as usize].field(name)?;
        if self.collection.is_private(name) {
            return None;
        }
        // Markdown was sanitised when it was rendered.
        if name == "html" && field.origin == FieldOrigin::Built {
            return Some(Value::from_safe_string(field.value.unescaped()));
        }
        Some(Value::from(&field.value))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let record = &self.collection.records[self.at as usize];
        let public = record.fields.iter().filter(|field| !self.collection.is_private(&field.name));
        Enumerator::Values(public.map(|field| Value::from(&*field.name)).collect())
    }
}

/// An object of these members.
pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::from(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<String, Value>>())
}

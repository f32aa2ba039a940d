//! Records as templates see them: their public members, read when they are asked for.

use crate::model::{Collection, FieldOrigin};
use minijinja::value::{Enumerator, Object, ObjectRepr, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All collections, to look records up in.
#[derive(Clone, Debug)]
pub struct Records(Arc<[Arc<Collection>]>);

impl Records {
    pub fn new(collections: &[Arc<Collection>]) -> Self {
        Self(collections.into())
    }

    /// The published record with this key or alias; null where there is none.
    ///
    /// # Errors
    /// Where there is no such collection.
    pub fn find(&self, name: &str, key: &Value) -> Result<Value, Error> {
        let Some(collection) = self.0.iter().find(|collection| collection.name == name) else {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("there is no collection `{name}`")));
        };
        let at = collection.position(&key.to_string());
        Ok(at.and_then(|at| self.show(collection, at)).unwrap_or(Value::from(())))
    }

    /// A record, if it is published.
    pub fn show(&self, collection: &Arc<Collection>, at: u32) -> Option<Value> {
        let is_hidden = collection.records.get(at as usize)?.hidden.is_some();
        (!is_hidden).then(|| Value::from_object(Shown { collection: Arc::clone(collection), at, all: self.clone() }))
    }
}

/// A record of a collection.
#[derive(Debug)]
struct Shown {
    collection: Arc<Collection>,
    at: u32,
    all: Records,
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

    /// Where a page is about a record, `record` is that one; called, it still finds others.
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        let (name, key): (&str, &Value) = from_args(arguments)?;
        self.all.find(name, key)
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

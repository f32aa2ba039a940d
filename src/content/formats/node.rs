//! A value with the place of each of its parts.

use crate::model::{Code, Name, Number, Severity, Span, Value};

#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One member of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Name,
    pub name_span: Span,
    pub node: Node,
}

/// A fault in one file, before it is given a line and a column.
#[derive(Debug)]
pub struct Fault {
    pub severity: Severity,
    pub code: Code,
    pub span: Span,
    pub message: String,
    pub help: Option<String>,
}

/// A step from a node down to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Member(String),
    Item(usize),
}

/// Which part of a member is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Name,
    Value,
}

impl Fault {
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, span, message: message.into(), help: None }
    }

    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, span, message) }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Node {
    /// What a value is called where a message speaks of it.
    pub fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "an object",
        }
    }

    pub fn into_value(self) -> Value {
        match self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(flag),
            Kind::Number(number) => Value::Number(number),
            Kind::Text(text) => Value::Text(text),
            Kind::List(items) => Value::List(items.into_iter().map(Self::into_value).collect()),
            Kind::Map(entries) => Value::Map(entries.into_iter().map(|e| (e.name, e.node.into_value())).collect()),
        }
    }

    /// The place of the deepest part along `steps` that exists.
    pub fn find(&self, steps: &[Step], part: Part) -> Span {
        let Some((step, rest)) = steps.split_first() else { return self.span.clone() };
        match (&self.kind, step) {
            (Kind::Map(entries), Step::Member(name)) => match entries.iter().find(|e| *e.name == **name) {
                Some(entry) if rest.is_empty() && part == Part::Name => entry.name_span.clone(),
                Some(entry) => entry.node.find(rest, part),
                None => self.span.clone(),
            },
            (Kind::List(items), Step::Item(index)) => {
                items.get(*index).map_or_else(|| self.span.clone(), |item| item.find(rest, part))
            }
            _ => self.span.clone(),
        }
    }

    /// The same with every span moved to the right.
    pub fn shifted(mut self, by: usize) -> Self {
        self.span = super::shift(&self.span, by);
        self.kind = match self.kind {
            Kind::List(items) => Kind::List(items.into_iter().map(|item| item.shifted(by)).collect()),
            Kind::Map(entries) => Kind::Map(entries.into_iter().map(|entry| entry.shifted(by)).collect()),
            scalar => scalar,
        };
        self
    }
}

impl Entry {
    fn shifted(self, by: usize) -> Self {
        Self { name: self.name, name_span: super::shift(&self.name_span, by), node: self.node.shifted(by) }
    }
}

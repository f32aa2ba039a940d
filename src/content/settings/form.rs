//! Tables of `site/site.toml`, read option by option; what nobody asked for is reported as unknown.

use crate::content::formats::{Entry, Kind, Node};
use crate::model::{Diagnostic, Number, Place, Placed, SourceText, Span, code};
use std::cell::RefCell;

/// The file being read, and the faults found so far.
pub struct Reader<'a> {
    pub source: &'a SourceText<'a>,
    faults: RefCell<Vec<Diagnostic>>,
}

/// One table, and which of its options have been taken.
pub struct Form<'a> {
    reader: &'a Reader<'a>,
    span: Span,
    /// What the table is called in messages.
    title: String,
    entries: &'a [Entry],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a SourceText<'a>) -> Self {
        Self { source, faults: RefCell::new(Vec::new()) }
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        self.faults.borrow_mut().push(diagnostic);
    }

    pub fn place(&self, span: &Span) -> Place {
        self.source.place(span)
    }

    pub fn into_faults(self) -> Vec<Diagnostic> {
        self.faults.into_inner()
    }

    /// The node as a table, or a fault.
    pub fn form(&'a self, node: &'a Node, title: impl Into<String>) -> Option<Form<'a>> {
        let title = title.into();
        if let Kind::Map(entries) = &node.kind {
            Some(Form { reader: self, span: node.span.clone(), title, entries, asked: RefCell::default() })
        } else {
            self.wrong(node, &title, "a table");
            None
        }
    }

    pub fn wrong(&self, node: &Node, what: &str, wanted: &str) {
        let message = format!("{what} is {wanted}, not {}", node.describe());
        self.report(Diagnostic::error(code::BAD_OPTION, self.place(&node.span), message));
    }

    /// The node as text, or a fault.
    pub fn text(&self, node: &Node, what: &str) -> Option<Placed<String>> {
        if let Kind::Text(text) = &node.kind {
            Some(Placed { value: text.to_string(), at: self.place(&node.span) })
        } else {
            self.wrong(node, what, "text");
            None
        }
    }
}

impl<'a> Form<'a> {
    pub fn place(&self) -> Place {
        // A table's own span may cover all of its lines; its first line is what names it.
        self.reader.place(&(self.span.start..self.span.start.max(self.first_line_end())))
    }

    fn first_line_end(&self) -> usize {
        let text = self.reader.source.text();
        let rest = text.get(self.span.start..self.span.end.min(text.len())).unwrap_or_default();
        self.span.start + rest.lines().next().map_or(0, str::len)
    }

    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// The option as it stands, where it is given.
    pub fn node(&self, name: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(name);
        self.entries.iter().find(|entry| &*entry.name == name).map(|entry| &entry.node)
    }

    pub fn title_of(&self, name: &str) -> String {
        format!("`{name}` of {}", self.title)
    }

    pub fn text(&self, name: &'static str) -> Option<Placed<String>> {
        self.node(name).and_then(|node| self.reader.text(node, &self.title_of(name)))
    }

    pub fn required_text(&self, name: &'static str) -> Option<Placed<String>> {
        self.require(name);
        self.text(name)
    }

    pub fn flag(&self, name: &'static str) -> Option<bool> {
        let node = self.node(name)?;
        if let Kind::Bool(flag) = node.kind {
            return Some(flag);
        }
        self.reader.wrong(node, &self.title_of(name), "true or false");
        None
    }

    /// A whole number from 1 that must be given.
    pub fn required_positive(&self, name: &'static str) -> Option<Placed<usize>> {
        self.require(name);
        self.positive(name)
    }

    fn require(&self, name: &str) {
        if !self.entries.iter().any(|entry| &*entry.name == name) {
            let message = format!("{} has no `{name}`", self.title);
            self.reader.report(Diagnostic::error(code::MISSING_OPTION, self.place(), message));
        }
    }

    /// A whole number from 1.
    pub fn positive(&self, name: &'static str) -> Option<Placed<usize>> {
        let node = self.node(name)?;
        if let Kind::Number(Number::Int(int)) = node.kind
            && let Ok(value @ 1..) = usize::try_from(int)
        {
            return Some(Placed { value, at: self.reader.place(&node.span) });
        }
        let message = format!("{} is a whole number from 1", self.title_of(name));
        self.reader.report(Diagnostic::error(code::BAD_OPTION, self.reader.place(&node.span), message));
        None
    }

    /// A whole number from 1 to `most`.
    pub fn positive_to(&self, name: &'static str, most: usize) -> Option<Placed<usize>> {
        let found = self.positive(name)?;
        self.bounded(name, found, most)
    }

    /// A whole number from 0 to `most`.
    pub fn whole_to(&self, name: &'static str, most: usize) -> Option<Placed<usize>> {
        let found = self.whole(name)?;
        self.bounded(name, found, most)
    }

    fn bounded(&self, name: &str, found: Placed<usize>, most: usize) -> Option<Placed<usize>> {
        if found.value <= most {
            return Some(found);
        }
        let message = format!("{} is at most {most}", self.title_of(name));
        self.reader.report(Diagnostic::error(code::BAD_OPTION, found.at, message));
        None
    }

    /// A whole number from 0.
    pub fn whole(&self, name: &'static str) -> Option<Placed<usize>> {
        let node = self.node(name)?;
        if let Kind::Number(Number::Int(int)) = node.kind
            && let Ok(value) = usize::try_from(int)
        {
            return Some(Placed { value, at: self.reader.place(&node.span) });
        }
        let message = format!("{} is a whole number from 0", self.title_of(name));
        self.reader.report(Diagnostic::error(code::BAD_OPTION, self.reader.place(&node.span), message));
        None
    }

    /// A number from 0.
    pub fn number(&self, name: &'static str) -> Option<Placed<f64>> {
        let node = self.node(name)?;
        if let Kind::Number(number) = &node.kind
            && let value @ 0.0.. = number.as_f64()
        {
            return Some(Placed { value, at: self.reader.place(&node.span) });
        }
        let message = format!("{} is a number from 0", self.title_of(name));
        self.reader.report(Diagnostic::error(code::BAD_OPTION, self.reader.place(&node.span), message));
        None
    }

    /// A list of texts; a single text stands for a list of one.
    pub fn texts(&self, name: &'static str) -> Option<Vec<Placed<String>>> {
        let node = self.node(name)?;
        let title = self.title_of(name);
        match &node.kind {
            Kind::List(items) => {
                let what = format!("an item of {title}");
                Some(items.iter().filter_map(|item| self.reader.text(item, &what)).collect())
            }
            Kind::Text(_) => self.reader.text(node, &title).map(|text| vec![text]),
            _ => {
                self.reader.wrong(node, &title, "a list of texts");
                None
            }
        }
    }

    pub fn table(&self, name: &'static str) -> Option<Form<'a>> {
        self.node(name).and_then(|node| self.reader.form(node, self.title_of(name)))
    }

    /// Reports the options that nobody asked for.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for entry in self.entries.iter().filter(|entry| !asked.contains(&&*entry.name)) {
            let message = format!("{} has no option `{}`", self.title, entry.name);
            let mut known: Vec<&str> = asked.clone();
            known.sort_unstable();
            known.dedup();
            let options = format!("its options are {}", quoted(&known));
            let fault = Diagnostic::error(code::UNKNOWN_OPTION, self.reader.place(&entry.name_span), message);
            self.reader.report(fault.suggest(&entry.name, known.iter().copied(), options));
        }
    }
}

/// `` `a`, `b` and `c` ``.
pub fn quoted(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

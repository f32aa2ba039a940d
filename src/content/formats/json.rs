//! JSON (RFC 8259) and NDJSON, by descent through borrowed raw values: every digit and every place is kept.

use super::json_words;
use super::node::{Entry, Fault, Kind, Node};
use crate::model::{Names, Number, Span, code};
use rayon::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;

/// How deep lists and objects may stand in each other.
const DEPTH: usize = 100;

pub fn read(text: &str) -> (Option<Node>, Vec<Fault>) {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => {
            let mut reader = Reader { whole: text, names: Names::default(), faults: Vec::new() };
            let node = reader.node(raw.get(), 0);
            (node, reader.faults)
        }
        Err(error) => (None, vec![syntax(text, text, &error)]),
    }
}

/// One JSON value a line; empty lines are passed over.
pub fn read_lines(text: &str) -> (Option<Node>, Vec<Fault>) {
    let lines: Vec<&str> = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
    let read = lines.par_chunks(256).map(|lines| {
        let mut reader = Reader { whole: text, names: Names::default(), faults: Vec::new() };
        let mut nodes = Vec::with_capacity(lines.len());
        for line in lines {
            match serde_json::from_str::<&RawValue>(line) {
                Ok(raw) => nodes.extend(reader.node(raw.get(), 0)),
                Err(error) => reader.faults.push(syntax(text, line, &error)),
            }
        }
        (nodes, reader.faults)
    });
    let (nodes, faults): (Vec<Vec<Node>>, Vec<Vec<Fault>>) = read.unzip();
    let items = nodes.into_iter().flatten().collect();
    (Some(Node { span: 0..text.len(), kind: Kind::List(items) }), faults.into_iter().flatten().collect())
}

struct Reader<'a> {
    whole: &'a str,
    names: Names,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Reads text that is known to be one JSON value.
    fn node(&mut self, raw: &'a str, depth: usize) -> Option<Node> {
        let span = span_in(self.whole, raw);
        if depth > DEPTH {
            self.faults.push(Fault::new(
                code::SYNTAX,
                span.start..span.start + 1,
                format!("nested more than {DEPTH} levels deep"),
            ));
            return None;
        }
        let kind = match raw.as_bytes().first() {
            Some(b'{') => Kind::Map(self.map(raw, depth)?),
            Some(b'[') => Kind::List(self.list(raw, depth)?),
            Some(b'"') => Kind::Text(self.text(raw)?),
            Some(b't') => Kind::Bool(true),
            Some(b'f') => Kind::Bool(false),
            Some(b'n') => Kind::Null,
            _ => Kind::Number(Number::from_json(raw)),
        };
        Some(Node { span, kind })
    }

    fn text(&mut self, raw: &'a str) -> Option<Box<str>> {
        match serde_json::from_str::<Cow<'a, str>>(raw) {
            Ok(text) => Some(text.into()),
            Err(error) => self.refuse(raw, &error),
        }
    }

    fn list(&mut self, raw: &'a str, depth: usize) -> Option<Vec<Node>> {
        let items = match serde_json::from_str::<Vec<&'a RawValue>>(raw) {
            Ok(items) => items,
            Err(error) => return self.refuse(raw, &error),
        };
        if items.len() < 1024 {
            return Some(items.into_iter().filter_map(|item| self.node(item.get(), depth + 1)).collect());
        }
        let read = items.par_chunks(512).map(|items| {
            let mut reader = Reader { whole: self.whole, names: Names::default(), faults: Vec::new() };
            let nodes: Vec<Node> = items.iter().filter_map(|item| reader.node(item.get(), depth + 1)).collect();
            (nodes, reader.faults)
        });
        let (nodes, faults): (Vec<Vec<Node>>, Vec<Vec<Fault>>) = read.unzip();
        self.faults.extend(faults.into_iter().flatten());
        Some(nodes.into_iter().flatten().collect())
    }

    fn map(&mut self, raw: &'a str, depth: usize) -> Option<Vec<Entry>> {
        let members = match (&mut serde_json::Deserializer::from_str(raw)).deserialize_map(Members) {
            Ok(members) => members,
            Err(error) => return self.refuse(raw, &error),
        };
        let mut entries: Vec<Entry> = Vec::with_capacity(members.len());
        let mut seen = HashSet::new();
        let wide = members.len() > 32;
        for (name, value) in members {
            let name_span = match &name {
                Cow::Borrowed(name) => quoted(&span_in(self.whole, name)),
                Cow::Owned(_) => name_before(self.whole, span_in(self.whole, value.get()).start),
            };
            let known = if wide { !seen.insert(name.to_string()) } else { entries.iter().any(|e| *e.name == *name) };
            if known {
                let message = format!("the member `{name}` stands twice in one object");
                self.faults.push(Fault::new(code::DUPLICATE_MEMBER, name_span, message).help("keep one of the two"));
                continue;
            }
            if let Some(node) = self.node(value.get(), depth + 1) {
                entries.push(Entry { name: self.names.share(&name), name_span, node });
            }
        }
        Some(entries)
    }

    fn refuse<T>(&mut self, raw: &str, error: &serde_json::Error) -> Option<T> {
        self.faults.push(syntax(self.whole, raw, error));
        None
    }
}

/// The members of an object, in order, duplicates and all.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some(name) = map.next_key_seed(MemberName)? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

/// A member's name, borrowed from the text where it holds no escape, so that its place is known.
struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// The place of `part`, which is a slice of `whole`.
fn span_in(whole: &str, part: &str) -> Span {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len());
    start..(start + part.len()).min(whole.len())
}

fn quoted(inner: &Span) -> Span {
    inner.start.saturating_sub(1)..inner.end + 1
}

fn syntax(whole: &str, part: &str, error: &serde_json::Error) -> Fault {
    let base = span_in(whole, part).start;
    if let Some((span, message, help)) = json_words::explain(part, part.len() != whole.len()) {
        return Fault::new(code::SYNTAX, base + span.start..base + span.end, message).help(help);
    }
    let line_start = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let at = (base + line_start + error.column().saturating_sub(1)).min(whole.len());
    let told = error.to_string();
    let message = told.split(" at line ").next().unwrap_or(&told);
    let width = whole.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let fault = Fault::new(code::SYNTAX, at..at + width, format!("this is not JSON: {message}"));
    if message.contains("surrogate") || message.contains("unicode") {
        return fault.help("an escape such as `\\ud83d` is half a character: write the character itself");
    }
    fault
}

/// The place of the quoted name of the member whose value starts at the byte `value`.
fn name_before(whole: &str, value: usize) -> Span {
    let before = whole[..value].trim_end().trim_end_matches(':').trim_end();
    let inner = before.strip_suffix('"').unwrap_or(before);
    let is_quote = |at: &usize| (inner[..*at].len() - inner[..*at].trim_end_matches('\\').len()).is_multiple_of(2);
    let start = inner.rmatch_indices('"').map(|(at, _)| at).find(is_quote).unwrap_or(value);
    start.min(before.len())..before.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_places_are_kept() {
        let text = "[{\"a\": 1.10, \"b\\n\": [12345678901234567890]}]";
        let (node, faults) = read(text);
        assert!(faults.is_empty());
        let mut out = Vec::new();
        crate::model::write_value(&mut out, &node.expect("reads").into_value());
        assert_eq!(String::from_utf8(out).expect("UTF-8"), r#"[{"a":1.10,"b\n":[12345678901234567890]}]"#);
    }

    #[test]
    fn a_fault_points_at_the_byte() {
        let (_, faults) = read("{\"a\": 1,\n \"a\": 2,\n \"b\": {\"c\": 1, \"c\": 1}}");
        let places: Vec<usize> = faults.iter().map(|f| f.span.start).collect();
        assert_eq!(places, [10, 33]);
        let (_, faults) = read("{\"a\": tru}");
        assert_eq!(faults[0].span, 6..9);
        let (_, faults) = read(r#"{"n\u0061": 1, "n\u0061": 2}"#);
        assert_eq!(faults[0].span, 15..24);
        let (_, faults) = read_lines("{\"a\": 1}\n{bad\n{\"b\": \"\\ud800\"}\n");
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].span.start, 10);
    }
}

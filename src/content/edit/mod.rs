//! Members of a record's file, changed where they are written: comments, order and everything else stay as they are.

mod notation;

use super::file;
use super::formats::{self, Entry, Format, Kind, Node};
use super::front_matter;
use crate::model::{Name, Span, Value};
use notation::{Style, json, quoted, toml, yaml, yaml_line};
use std::collections::BTreeMap;

/// What changes: the new value of each member, or none for one that goes.
pub type Changes = [(Name, Option<Value>)];

/// A file that holds one record, after the changes; `None` where it cannot be changed without changing more than that.
/// `body` is the text of a Markdown file.
pub fn edit(path: &str, text: &str, changes: &Changes, body: Option<&str>) -> Option<String> {
    let sheet = Sheet::of(path, text)?;
    let mut wanted = members(&sheet.node)?;
    for (name, value) in changes {
        match value {
            Some(value) => drop(wanted.insert(name.to_string(), value.clone())),
            None => drop(wanted.remove(&**name)),
        }
    }
    // What is plain to read is tried first, and what cannot be misread after it.
    [Style::Plain, Style::Quoted].into_iter().find_map(|style| {
        let edited = sheet.edited(text, changes, style);
        let edited = match body {
            Some(body) => Sheet::with_body(&edited, body)?,
            None => edited,
        };
        let again = Sheet::of(path, &edited)?;
        (members(&again.node)? == wanted).then_some(edited)
    })
}

/// A new file in Markdown with these members.
pub fn markdown(members: &[(Name, Value)], body: &str) -> String {
    let changes: Vec<(Name, Option<Value>)> =
        members.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    let empty = "---\n---\n";
    let fresh = |style| {
        let lines: String =
            changes.iter().filter_map(|(name, value)| Some(yaml_line(name, value.as_ref()?, style))).collect();
        let body = body.trim_end();
        if body.is_empty() { format!("---\n{lines}---\n") } else { format!("---\n{lines}---\n\n{body}\n") }
    };
    let plain = fresh(Style::Plain);
    let wanted: BTreeMap<String, Value> =
        members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let is_good =
        |text: &str| Sheet::of("new.md", text).and_then(|sheet| self::members(&sheet.node)) == Some(wanted.clone());
    if members.is_empty() {
        return empty.to_owned();
    }
    if is_good(&plain) { plain } else { fresh(Style::Quoted) }
}

/// A file as it is edited.
struct Sheet {
    format: Format,
    node: Node,
    /// Where the members stand in the text.
    area: Span,
}

impl Sheet {
    fn of(path: &str, text: &str) -> Option<Self> {
        let format = Format::of(path)?;
        let (format, area) = match format {
            Format::Markdown => {
                let parts = front_matter::split(text).ok()?;
                (parts.format, parts.front)
            }
            Format::Json | Format::Yaml | Format::Toml => (format, 0..text.len()),
            Format::Ndjson | Format::Csv => return None,
        };
        let (node, faults) = formats::read(format, &text[area.clone()], area.start);
        let node = node.filter(|node| faults.is_empty() && matches!(node.kind, Kind::Map(_)))?;
        // A file of several records is another matter.
        (!file::holds_many(&node)).then_some(Self { format, node, area })
    }

    fn entries(&self) -> &[Entry] {
        match &self.node.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text after the changes, from the last place to the first so that places stay true.
    fn edited(&self, text: &str, changes: &Changes, style: Style) -> String {
        let mut cuts: Vec<(Span, String)> = Vec::new();
        let mut added = String::new();
        for (name, value) in changes {
            let entry = self.entries().iter().position(|entry| entry.name == *name);
            match (entry, value) {
                (Some(at), value) => cuts.push(self.cut(text, at, value.as_ref(), style)),
                (None, Some(value)) => added.push_str(&self.line(text, name, value, style)),
                (None, None) => {}
            }
        }
        if !added.is_empty() {
            let at = self.end(text);
            cuts.push((at..at, added));
        }
        cuts.sort_by_key(|(span, _)| std::cmp::Reverse((span.start, span.end)));
        let mut edited = text.to_owned();
        for (span, with) in cuts {
            edited.replace_range(span, &with);
        }
        edited
    }

    /// What stands for a member now, and what will.
    fn cut(&self, text: &str, at: usize, value: Option<&Value>, style: Style) -> (Span, String) {
        let entry = &self.entries()[at];
        if self.format == Format::Json {
            return self.json_cut(text, at, value);
        }
        let lines = self.lines(text, at);
        let Some(value) = value else { return (lines, String::new()) };
        let scalar = !matches!(entry.node.kind, Kind::Map(_) | Kind::List(_));
        let one_line = !text[lines.start..lines.end].trim_end().contains('\n');
        let whole = if scalar { Some(entry.node.span.clone()) } else { flow(text, &entry.node.span, self.format) };
        // A value in one line is replaced by itself, so that a comment behind it stays.
        if let Some(span) = whole.filter(|span| one_line && span.start > entry.name_span.end && !span.is_empty()) {
            return (span, self.value(value, style));
        }
        (lines, self.line(text, &entry.name, value, style))
    }

    /// The lines of a member, without comments and empty lines that stand above the next.
    fn lines(&self, text: &str, at: usize) -> Span {
        let line_start = |place: usize| text[..place].rfind('\n').map_or(0, |end| end + 1);
        let entries = self.entries();
        let start = line_start(entries[at].name_span.start);
        let next = entries
            .iter()
            .map(|entry| entry.name_span.start)
            .filter(|place| *place > entries[at].name_span.start)
            .min();
        let limit = next.map_or(self.area.end, line_start);
        let mut end = start;
        let mut place = start;
        for line in text[start..limit].split_inclusive('\n') {
            place += line.len();
            let bare = line.trim();
            if !(bare.is_empty()
                || bare.starts_with('#')
                || self.format == Format::Toml && bare.starts_with('[') && end > start)
            {
                end = place;
            }
        }
        start..end
    }

    /// Where further members go.
    fn end(&self, text: &str) -> usize {
        match self.format {
            Format::Json => self.entries().last().map_or(self.node.span.start + 1, |last| last.node.span.end),
            Format::Toml => {
                // Below a table's head they would be its own.
                let mut place = self.area.start;
                for line in text[self.area.clone()].split_inclusive('\n') {
                    if line.trim_start().starts_with('[') {
                        return place;
                    }
                    place += line.len();
                }
                self.area.end
            }
            _ => self.area.end,
        }
    }

    fn line(&self, text: &str, name: &str, value: &Value, style: Style) -> String {
        match self.format {
            Format::Json => {
                let indent = self.entries().first().map_or("", |first| {
                    let before = &text[..first.name_span.start];
                    &before[before.rfind('\n').unwrap_or(before.len())..]
                });
                let comma = if self.entries().is_empty() { "" } else { "," };
                format!("{comma}{indent}{}: {}", quoted(name), json(value))
            }
            Format::Toml => {
                let bare =
                    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !name.is_empty();
                let name = if bare { name.to_owned() } else { quoted(name) };
                format!("{name} = {}\n", self.value(value, style))
            }
            _ => yaml_line(name, value, style),
        }
    }

    fn value(&self, value: &Value, style: Style) -> String {
        match self.format {
            Format::Json => json(value),
            Format::Toml => toml(value),
            _ => yaml(value, style, false),
        }
    }

    fn json_cut(&self, text: &str, at: usize, value: Option<&Value>) -> (Span, String) {
        let entries = self.entries();
        let entry = &entries[at];
        if let Some(value) = value {
            return (entry.node.span.clone(), json(value));
        }
        let span = match (at.checked_sub(1).map(|before| entries[before].node.span.end), entries.get(at + 1)) {
            (Some(before), _) => before..entry.node.span.end,
            (None, Some(next)) => entry.name_span.start..next.name_span.start,
            (None, None) => entry.name_span.start..entry.node.span.end,
        };
        debug_assert!(span.end <= text.len());
        (span, String::new())
    }

    /// The text with another body, of Markdown.
    fn with_body(text: &str, body: &str) -> Option<String> {
        let parts = front_matter::split(text).ok()?;
        let head = &text[..parts.body];
        let newline = if head.ends_with('\n') { "" } else { "\n" };
        let body = body.trim_end();
        Some(if body.is_empty() { format!("{head}{newline}") } else { format!("{head}{newline}\n{body}\n") })
    }
}

/// Whether the value is written in brackets, and so ends where it says.
/// A list or a map between brackets, without the comment behind it: up to the first bracket with which it is whole.
fn flow(text: &str, span: &Span, format: Format) -> Option<Span> {
    let value = &text[span.clone()];
    let closing = match value.chars().next()? {
        '[' => ']',
        '{' => '}',
        _ => return None,
    };
    let whole = |end: usize| {
        if format != Format::Yaml {
            return end == value.len();
        }
        let (node, faults) = formats::read(Format::Yaml, &value[..end], 0);
        node.is_some() && faults.is_empty()
    };
    let mut ends = value.match_indices(closing).map(|(at, _)| at + 1);
    ends.find(|end| whole(*end)).map(|end| span.start..span.start + end)
}

fn members(node: &Node) -> Option<BTreeMap<String, Value>> {
    match node.clone().into_value() {
        Value::Map(members) => Some(members.into_iter().map(|(name, value)| (name.to_string(), value)).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::members;
    use proptest::prelude::*;

    fn change(json: &str) -> Vec<(Name, Option<Value>)> {
        let members = members(json.as_bytes()).expect("members").into_vec();
        members.into_iter().map(|(name, value)| (name, Some(value).filter(|value| *value != Value::Null))).collect()
    }

    fn edited(path: &str, text: &str, json: &str) -> String {
        edit(path, text, &change(json), None).expect("it can be edited")
    }

    #[test]
    fn comments_and_order_stay() {
        let text = "---\n# Who she is.\ngithubProfile: mira\nname: Mira # as she writes it\ntracks:\n  - AWS # first\n  - Linux\n\n# Where she is.\nlocation: Lagos\n---\n\nHello.\n";
        assert_eq!(
            edited(
                "a.md",
                text,
                r#"{"name":"Mira Okafor","tracks":["C#","Cost"],"site":"https://a.example/?b: c","location":null}"#
            ),
            "---\n# Who she is.\ngithubProfile: mira\nname: Mira Okafor # as she writes it\ntracks: [\"C#\", Cost]\n\n# Where she is.\nsite: \"https://a.example/?b: c\"\n---\n\nHello.\n"
        );
        let flow = "---\ntracks: [AWS, [x]] # in a line\nhome: {city: Lagos} # so is this\nnone: [] # nothing\n---\n";
        assert_eq!(
            edited("a.md", flow, r#"{"tracks":["Linux"],"home":{"city":"Malmö"},"none":["a"]}"#),
            "---\ntracks: [Linux] # in a line\nhome: {\"city\": Malmö} # so is this\nnone: [a] # nothing\n---\n"
        );
        let toml = "+++\nname = \"Mira\" # hm\ndays = 3\n\n[home]\ncity = \"Lagos\"\n+++\nHello.\n";
        assert_eq!(
            edited("a.md", toml, r#"{"days":null,"name":"Ada","tags":["a","b"],"home":{"city":"Malmö"}}"#),
            "+++\nname = \"Ada\" # hm\n\ntags = [\"a\", \"b\"]\nhome = { \"city\" = \"Malmö\" }\n+++\nHello.\n"
        );
        let json = "{\n  \"a\": 1,\n  \"b\": [1,  2],\n  \"c\": \"x\"\n}\n";
        assert_eq!(
            edited("a.json", json, r#"{"a":null,"c":"y","d":{"e":null}}"#),
            "{\n  \"b\": [1,  2],\n  \"c\": \"y\",\n  \"d\": {\"e\":null}\n}\n"
        );
    }

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        let new = new(&change(
            r#"{"a":"no","b":"2026-12-01","c":"1.10","d":"x: y","e":"","f":"- x","g":null,"h":1.50,"i":"Łódź","j":"a\nb"}"#,
        ));
        assert_eq!(
            new,
            "---\na: \"no\"\nb: 2026-12-01\nc: \"1.10\"\nd: \"x: y\"\ne: \"\"\nf: \"- x\"\nh: 1.50\ni: Łódź\nj: \"a\\nb\"\n---\n\nText.\n"
        );
    }

    fn new(changes: &Changes) -> String {
        let members: Vec<(Name, Value)> =
            changes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
        markdown(&members, "Text.\n")
    }

    #[test]
    fn the_text_is_replaced_below_the_front_matter() {
        let text = "---\nname: Mira\n---\n\nOld.\n";
        let changes = change(r#"{"name":"Ada"}"#);
        assert_eq!(edit("a.md", text, &changes, Some("New.\n\n")).as_deref(), Some("---\nname: Ada\n---\n\nNew.\n"));
        assert_eq!(edit("a.csv", "name\nMira\n", &changes, None), None);
        assert_eq!(edit("a.json", "{\"users\":[{}]}", &changes, None), None);
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(
                &[
                    "a", "Z", "é", " ", ":", "#", "-", "'", "\"", "\\", "\n", "[", "{", ",", "1", "true", "no", "~",
                    "&", "*", "!", "%", "|", ">", "\t", "---",
                ][..],
            ),
            0..6,
        )
        .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// Whatever is written is read, and what was not changed stays.
        #[test]
        fn any_text(value in text(), list in prop::collection::vec(text(), 0..3), yaml in prop::bool::ANY) {
            let file = if yaml { "---\nkeep: \"x\" # c\nname: old\nlist:\n- a\n---\nBody.\n" } else { "+++\nkeep = \"x\" # c\nname = \"old\"\nlist = [\"a\"]\n+++\nBody.\n" };
            let list = Value::List(list.into_iter().map(Value::text).collect());
            let changes = [(Name::from("name"), Some(Value::text(value))), (Name::from("list"), Some(list.clone())), (Name::from("new"), Some(list))];
            let edited = edit("a.md", file, &changes, None).expect("it can be edited");
            prop_assert!(edited.contains("# c") && edited.ends_with("Body.\n"), "{}", edited);
        }
    }
}

//! YAML 1.2, core schema, without surprises: `no` is text, `012` is refused, long integers keep their digits.
//!
//! The events come from saphyr-parser; what a scalar means is decided here, because a silent guess about somebody's
//! data is worse than a question.

use super::node::{Entry, Fault, Kind, Node};
use super::yaml_words;
use crate::model::{Names, Number, SourceText, Span, code};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// How deep lists and mappings may stand in each other.
const DEPTH: usize = 100;
/// How many values the aliases of one document may repeat.
const REPEATED: usize = 10_000;

pub fn read(text: &str, names: &mut Names) -> (Option<Node>, Vec<Fault>) {
    let source = SourceText::new(Arc::from(""), text);
    let mut composer = Composer {
        parser: Parser::new_from_str(text),
        ascii: text.is_ascii(),
        source,
        names,
        anchors: HashMap::new(),
        repeated: 0,
        faults: Vec::new(),
    };
    let node = composer.document();
    (node.ok(), composer.faults)
}

struct Composer<'a, 'n> {
    parser: Parser<'a, StrInput<'a>>,
    source: SourceText<'a>,
    ascii: bool,
    names: &'n mut Names,
    anchors: HashMap<usize, Node>,
    repeated: usize,
    faults: Vec<Fault>,
}

/// The document cannot be read any further; why stands among the faults.
struct Stop;

impl<'a> Composer<'a, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let end = self.source.text().len();
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    let fault = Fault::new(code::UNSUPPORTED_YAML, span, "a second document starts here");
                    self.faults.push(fault.help("put each document into a file of its own, or make the file one list"));
                    return Err(Stop);
                }
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                other => root = Some(self.node(other, span, 0)?),
            }
        }
        Ok(root.unwrap_or(Node { span: end..end, kind: Kind::Null }))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.offset(span.start)..self.offset(span.end))),
            None => Ok((Event::StreamEnd, 0..0)),
            Some(Err(error)) => {
                let at = self.offset(*error.marker());
                if let Some(fault) = yaml_words::explain(self.source.text(), at, error.info()) {
                    self.faults.push(fault);
                    return Err(Stop);
                }
                let fault = Fault::new(code::SYNTAX, at..at + 1, format!("this is not YAML: {}", error.info()));
                self.faults.push(match way_out(error.info(), self.source.text(), at) {
                    Some(help) => fault.help(help),
                    None => fault,
                });
                Err(Stop)
            }
        }
    }

    fn offset(&self, marker: Marker) -> usize {
        if self.ascii { marker.index() } else { self.source.offset(marker.line(), marker.col()) }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Stop> {
        if depth > DEPTH {
            self.faults.push(Fault::new(code::SYNTAX, span, format!("nested more than {DEPTH} levels deep")));
            return Err(Stop);
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = self.scalar(&text, style, tag.as_deref(), &span);
                Ok(self.anchored(anchor, Node { span, kind }))
            }
            Event::SequenceStart(anchor, _) => {
                let node = self.sequence(span, depth)?;
                Ok(self.anchored(anchor, node))
            }
            Event::MappingStart(anchor, _) => {
                let node = self.mapping(span, depth)?;
                Ok(self.anchored(anchor, node))
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(Node { span, kind: Kind::Null }),
        }
    }

    fn sequence(&mut self, start: Span, depth: usize) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Node { span: start.start..span.end.max(start.end), kind: Kind::List(items) });
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, name_span) = self.next()?;
            let name = match event {
                Event::MappingEnd => {
                    return Ok(Node { span: start.start..name_span.end.max(start.end), kind: Kind::Map(entries) });
                }
                Event::Scalar(text, style, _, _) => self.member_name(text, style, &name_span),
                _ => {
                    let fault = Fault::new(code::UNSUPPORTED_YAML, name_span, "a member's name must be plain text");
                    self.faults.push(fault);
                    return Err(Stop);
                }
            };
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            if entries.iter().any(|e| *e.name == *name) {
                let message = format!("the member `{name}` stands twice in one mapping");
                self.faults.push(Fault::new(code::DUPLICATE_MEMBER, name_span, message).help("keep one of the two"));
            } else {
                entries.push(Entry { name: self.names.share(&name), name_span, node });
            }
        }
    }

    fn member_name(&mut self, name: Cow<'a, str>, style: ScalarStyle, span: &Span) -> Cow<'a, str> {
        if name == "<<" && style == ScalarStyle::Plain {
            let fault = Fault::new(
                code::UNSUPPORTED_YAML,
                span.clone(),
                "`<<` merges mappings in YAML 1.1; YAML 1.2 has no such thing",
            );
            self.faults.push(fault.help("write the members out"));
        }
        name
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, Stop> {
        let Some(node) = self.anchors.get(&anchor) else {
            self.faults.push(Fault::new(code::UNSUPPORTED_YAML, span, "this alias stands inside the value it names"));
            return Err(Stop);
        };
        self.repeated += size(node);
        if self.repeated > REPEATED {
            let message = format!("the aliases of this document repeat more than {REPEATED} values");
            self.faults.push(Fault::new(code::UNSUPPORTED_YAML, span, message));
            return Err(Stop);
        }
        Ok(Node { span, kind: node.kind.clone() })
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Kind {
        match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => return Kind::Text(text.into()),
            Some(tag) if !tag.is_yaml_core_schema() && !tag.suffix.is_empty() => {
                let message = format!("the tag `{}{}` is not known here", tag.handle, tag.suffix);
                let fault = Fault::new(code::UNSUPPORTED_YAML, span.clone(), message);
                self.faults.push(fault.help("put text that starts with `!` in quotes"));
                return Kind::Null;
            }
            _ if style != ScalarStyle::Plain => return Kind::Text(text.into()),
            _ => {}
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "true" | "True" | "TRUE" => Kind::Bool(true),
            "false" | "False" | "FALSE" => Kind::Bool(false),
            _ if looks_numeric(text) => self.number(text, span),
            _ => Kind::Text(text.into()),
        }
    }

    fn number(&mut self, text: &str, span: &Span) -> Kind {
        let unsigned = text.trim_start_matches(['+', '-']);
        let sign = if text.starts_with('-') { "-" } else { "" };
        let radix = match unsigned.get(..2) {
            Some("0x") => Some(16),
            Some("0o") => Some(8),
            _ => None,
        };
        if let Some(radix) = radix {
            return match i128::from_str_radix(&unsigned[2..], radix) {
                Ok(number) => Kind::Number(Number::from_json(&format!("{sign}{number}"))),
                Err(_) => Kind::Text(text.into()),
            };
        }
        if matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
            let fault = Fault::new(code::SYNTAX, span.clone(), format!("`{text}` has no form in JSON"));
            self.faults.push(fault.help("write a number, or put it in quotes if it is text"));
            return Kind::Null;
        }
        let digits = whole_digits(unsigned);
        if digits.len() > 1 && digits.starts_with('0') {
            let message = format!(
                "`{text}` starts with a zero: it is read as eight's powers, as ten's or as text by different readers"
            );
            let fault = Fault::new(code::AMBIGUOUS_NUMBER, span.clone(), message);
            let plain = unsigned.trim_start_matches('0');
            let zero = if plain.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
            self.faults
                .push(fault.help(format!("write `\"{text}\"` for text, or `{sign}{zero}{plain}` for the number")));
            return Kind::Null;
        }
        let fraction = unsigned[digits.len()..].strip_prefix('.');
        let exponent_at = fraction.map_or("", |f| f.trim_start_matches(|c: char| c.is_ascii_digit()));
        let json = match fraction {
            Some(f) if f.len() == exponent_at.len() => format!("{sign}{}.0{f}", or_zero(digits)),
            _ => format!("{sign}{}{}", or_zero(digits), &unsigned[digits.len()..]),
        };
        Kind::Number(Number::from_json(&json))
    }
}

/// What an editor can do about the parser's complaint `info` at the byte `at`.
fn way_out(info: &str, text: &str, at: usize) -> Option<String> {
    let start = text[..at.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    Some(match () {
        () if line.trim_start_matches(' ').starts_with('\t') || info.contains("tab") => {
            "indent with spaces: YAML takes no tabs".to_owned()
        }
        () if info.contains("mapping values are not allowed") => match line.split_once(": ") {
            Some((name, value)) if value.contains(": ") => {
                format!("text that holds `: ` stands in quotes: `{}: \"{value}\"`", name.trim())
            }
            _ => "text that holds `: ` stands in quotes, and every line of a mapping is `name: value`".to_owned(),
        },
        () if info.contains("simple key") => {
            "every line of a mapping is `name: value`, with a space after the colon".to_owned()
        }
        () if info.contains("quoted scalar") => {
            "close the quote on the line where it opens, or indent the lines that follow".to_owned()
        }
        () if info.contains("flow") || info.contains("illegal placement") => {
            "close every `[` and `{`, with commas between the items".to_owned()
        }
        () if info.contains("anchor") || info.contains("unexpected character") || info.contains("cannot start") => {
            "text that starts with `*`, `&`, `!`, `%`, `@` or a backtick stands in quotes".to_owned()
        }
        () => return None,
    })
}

fn or_zero(digits: &str) -> &str {
    if digits.is_empty() { "0" } else { digits }
}

fn whole_digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

/// Whether the core schema (YAML 1.2.2 §10.3.2) takes `text` for a number.
fn looks_numeric(text: &str) -> bool {
    let signed = text.strip_prefix(['+', '-']);
    let unsigned = signed.unwrap_or(text);
    if text == ".nan" || text == ".NaN" || text == ".NAN" || matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    if let (None, Some(hex)) = (signed, text.strip_prefix("0x")) {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let (None, Some(octal)) = (signed, text.strip_prefix("0o")) {
        return !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    let whole = whole_digits(unsigned);
    let rest = &unsigned[whole.len()..];
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => (Some(whole_digits(after)), &after[whole_digits(after).len()..]),
        None => (None, rest),
    };
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(e) => {
            !e.strip_prefix(['+', '-']).unwrap_or(e).is_empty()
                && whole_digits(e.strip_prefix(['+', '-']).unwrap_or(e)).len()
                    == e.strip_prefix(['+', '-']).unwrap_or(e).len()
        }
        None => rest.is_empty(),
    };
    exponent && (!whole.is_empty() || fraction.is_some_and(|f| !f.is_empty()))
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|e| size(&e.node)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let (node, faults) = read(text, &mut Names::default());
        assert!(faults.is_empty(), "{text}: {faults:?}");
        let mut out = Vec::new();
        crate::model::write_value(&mut out, &node.expect("reads").into_value());
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn scalars_mean_what_yaml_1_2_says() {
        assert_eq!(json("a: no\nb: yes\nc: on\nd: ~\ne: True"), r#"{"a":"no","b":"yes","c":"on","d":null,"e":true}"#);
        assert_eq!(
            json("[12345678901234567890, 0x1F, 0o17, +5, -0.50, .5, 1., 1.e3, 1e3]"),
            "[12345678901234567890,31,15,5,-0.50,0.5,1.0,1.0e3,1e3]"
        );
        assert_eq!(
            json("[2025-02-03, 12:30, 1_000, 0b1, '012', \"1\", 1.2.3, +, 0x]"),
            r#"["2025-02-03","12:30","1_000","0b1","012","1","1.2.3","+","0x"]"#
        );
        assert_eq!(json("a: &x [1, 2]\nb: *x"), r#"{"a":[1,2],"b":[1,2]}"#);
        assert_eq!(json("a: |\n  two\n  lines\nb: >-\n  one\n  line"), r#"{"a":"two\nlines\n","b":"one line"}"#);
    }

    #[test]
    fn what_could_be_misread_is_refused_where_it_stands() {
        let at = |text: &str| {
            let (_, faults) = read(text, &mut Names::default());
            faults.first().map(|f| (f.code, text[f.span.start..].chars().next().unwrap_or('$')))
        };
        assert_eq!(at("zip: 012"), Some((code::AMBIGUOUS_NUMBER, '0')));
        assert_eq!(at("ä: 1\nä: 2"), Some((code::DUPLICATE_MEMBER, 'ä')));
        assert_eq!(at("a: 1\n<<: x"), Some((code::UNSUPPORTED_YAML, '<')));
        assert_eq!(at("a: 1\n---\nb: 2"), Some((code::UNSUPPORTED_YAML, '-')));
        assert_eq!(at("a: .inf"), Some((code::SYNTAX, '.')));
        assert_eq!(at("a: !thing x").map(|f| f.0), Some(code::UNSUPPORTED_YAML));
    }

    #[test]
    fn a_billion_laughs_ends_early() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let all = vec![format!("*a{}", i - 1); 10].join(", ");
            text = format!("{text}a{i}: &a{i} [{all}]\n");
        }
        let (_, faults) = read(&text, &mut Names::default());
        assert_eq!(faults.first().map(|f| f.code), Some(code::UNSUPPORTED_YAML));
    }
}

//! One file of a source: its bytes to entries.

use super::formats::{self, Fault, Format, Kind, Node};
use super::markdown::{Here, Rendered};
use super::{front_matter, markdown};
use crate::model::{Field, FieldOrigin, Manner, Name, Names, Span, Value, code};

/// How a file is to be read.
#[derive(Clone, Copy)]
pub struct Reading {
    pub format: Format,
    /// Whether the file was found in a folder, where a file may be one record.
    pub in_folder: bool,
    pub manner: Manner,
    /// Whether records are named by their paths below `content` rather than by their files' names.
    pub by_path: bool,
    /// How many members will be derived for each record: room is kept for them.
    pub derived: usize,
}

/// One record as one file has it: what is written, then what Markdown adds.
#[derive(Clone)]
pub struct Parsed {
    pub fields: Vec<Field>,
}

/// The records of a file as nodes, each knowing its place.
pub fn nodes(text: &str, reading: Reading) -> (Vec<Node>, Vec<Fault>) {
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let fault = Fault::new(code::EMPTY_FILE, 0..0, "this file is empty");
        return (Vec::new(), vec![fault.help("write a record into it, or delete it")]);
    }
    if reading.format == Format::Markdown {
        return match front(text) {
            Ok((Some(node), faults)) => (vec![node], faults),
            Ok((None, faults)) => (Vec::new(), faults),
            Err(fault) => (Vec::new(), vec![fault]),
        };
    }
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let (node, mut faults) = formats::read(reading.format, &text[start..], start);
    let Some(node) =
        node.filter(|_| faults.is_empty() || reading.format == Format::Ndjson || reading.format == Format::Csv)
    else {
        return (Vec::new(), faults);
    };
    let (records, shape) = records(node, reading);
    faults.extend(shape);
    (records, faults)
}

/// The same without places, with what Markdown adds. Faults are those of [`nodes`] and of Markdown.
pub fn parse(path: &str, text: &str, reading: Reading) -> (Vec<Parsed>, Vec<Fault>) {
    let (nodes, mut faults) = nodes(text, reading);
    let mut parsed = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Kind::Map(entries) = node.kind else { continue };
        let mut built = Vec::new();
        if reading.format == Format::Markdown {
            for entry in
                entries.iter().filter(|e| e.name.as_ref() != "excerpt" && markdown::MEMBERS.contains(&&*e.name))
            {
                let message = format!("`{}` is a member that the build makes from the text", entry.name);
                let fault = Fault::new(code::RESERVED_MEMBER, entry.name_span.clone(), message);
                faults.push(fault.help("remove it, or give it another name"));
            }
            let body = front_matter::split(text).map_or(text.len(), |parts| parts.body);
            let has = |name: &str| entries.iter().any(|entry| &*entry.name == name);
            let slug = if reading.by_path { page_path(path) } else { stem(path).to_owned() };
            let (members, wrong) =
                built_members(slug, &text[body..], reading.manner, Here { file: path, offset: body, whole: None });
            built = members;
            faults.extend(wrong);
            built.retain(|(name, _)| !has(name));
        }
        let mut fields = Vec::with_capacity(entries.len() + built.len() + reading.derived);
        let field = |name, value, origin| Field { name, value, origin };
        let written =
            entries.into_iter().map(|entry| field(entry.name, entry.node.into_value(), FieldOrigin::Written(0)));
        fields.extend(written);
        fields.extend(built.into_iter().map(|(name, value)| field(name, value, FieldOrigin::Built)));
        parsed.push(Parsed { fields });
    }
    (parsed, faults)
}

fn front(text: &str) -> Result<(Option<Node>, Vec<Fault>), Fault> {
    let parts = front_matter::split(text)?;
    let (node, mut faults) = formats::read(parts.format, &text[parts.front.clone()], parts.front.start);
    if !faults.is_empty() {
        return Ok((None, faults));
    }
    // A fault of the record as a whole points at the line that opens the front matter.
    let opening: Span =
        parts.front.start - text[..parts.front.start].trim_start_matches('\u{feff}').len()..parts.front.start;
    let node = match node {
        Some(Node { kind: Kind::Map(entries), .. }) => Some(Node { span: opening, kind: Kind::Map(entries) }),
        Some(Node { kind: Kind::Null, .. }) | None => Some(Node { span: opening, kind: Kind::Map(Vec::new()) }),
        Some(other) => {
            let message = format!("front matter is a list of `name: value` lines, not {}", other.describe());
            let help = match &other.kind {
                Kind::Text(text) if text.contains(':') => "put a space after the colon: `title: Hello`",
                _ => "write a line such as `title: Hello` for each member",
            };
            faults.push(Fault::new(code::NOT_RECORDS, other.span, message).help(help));
            None
        }
    };
    Ok((node, faults))
}

/// The records of a data file: a list of objects, an object with one member that is such a list, or, in a folder, one
/// object.
fn records(node: Node, reading: Reading) -> (Vec<Node>, Vec<Fault>) {
    let described = node.describe();
    let span = node.span.clone();
    let items = match node.kind {
        Kind::List(items) => items,
        Kind::Map(mut entries) => match entries.first() {
            Some(only) if entries.len() == 1 && is_list_of_records(&only.node) => match entries.remove(0).node.kind {
                Kind::List(items) => items,
                _ => Vec::new(),
            },
            _ if reading.in_folder => return (vec![Node { span, kind: Kind::Map(entries) }], Vec::new()),
            _ => return (Vec::new(), vec![not_records(span, &members(&entries))]),
        },
        _ => return (Vec::new(), vec![not_records(span, described)]),
    };
    let mut faults = Vec::new();
    let is_record = |item: &Node| {
        let record = matches!(item.kind, Kind::Map(_));
        if !record {
            let message = format!("a record is an object, not {}", item.describe());
            faults.push(Fault::new(code::NOT_RECORDS, item.span.clone(), message));
        }
        record
    };
    (items.into_iter().filter(is_record).collect(), faults)
}

/// Whether a file is a list of records, rather than one.
pub fn holds_many(node: &Node) -> bool {
    matches!(&node.kind, Kind::Map(entries) if entries.len() == 1 && is_list_of_records(&entries[0].node))
}

fn is_list_of_records(node: &Node) -> bool {
    match &node.kind {
        Kind::List(items) => items.is_empty() || items.iter().any(|item| matches!(item.kind, Kind::Map(_))),
        _ => false,
    }
}

fn members(entries: &[formats::Entry]) -> String {
    match entries {
        [] => "an object without members".to_owned(),
        [one] => format!("an object with the one member `{}`, which is {}", one.name, one.node.describe()),
        many => format!("an object with {} members", many.len()),
    }
}

fn not_records(span: Span, found: &str) -> Fault {
    let message =
        format!("a data file is a list of objects, or an object with one member that is such a list; this is {found}");
    Fault::new(code::NOT_RECORDS, span.start..(span.start + 1).min(span.end), message)
}

fn built_members(slug: String, body: &str, manner: Manner, here: Here<'_>) -> (Vec<(Name, Value)>, Vec<Fault>) {
    let rendered = markdown::render(body, manner, manner.linked.then_some(here));
    let mut members = vec![(shared("slug"), Value::text(slug))];
    members.extend(text_members(&rendered));
    let placed = |fault: Fault| Fault { span: fault.span.start + here.offset..fault.span.end + here.offset, ..fault };
    (members, rendered.faults.into_iter().map(placed).collect())
}

/// What a text adds to its record.
pub fn text_members(rendered: &Rendered) -> Vec<(Name, Value)> {
    let values = [
        ("excerpt", Value::text(&*rendered.excerpt)),
        ("wordCount", Value::int(rendered.words)),
        ("readingTime", Value::int(rendered.reading_time())),
        ("toc", rendered.toc_value()),
        ("html", Value::escaped(&rendered.html)),
    ];
    values.into_iter().map(|(name, value)| (shared(name), value)).collect()
}

/// One allocation of a name for all texts.
fn shared(name: &str) -> Name {
    thread_local! {
        static NAMES: std::cell::RefCell<Names> = std::cell::RefCell::default();
    }
    NAMES.with_borrow_mut(|names| names.share(name))
}

/// The file's name without its extension, or the folder's for `index.md`.
fn stem(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem == "index" { parts.next().unwrap_or(stem) } else { stem }
}

/// Where the page of a file stands: `rules` for `content/pages/rules.md`, `guides/start` for `content/guides/start.md` and
/// for `content/guides/start/index.md`.
fn page_path(path: &str) -> String {
    let below = path.strip_prefix("content/").unwrap_or(path);
    let below = below.strip_prefix("pages/").unwrap_or(below);
    let stem = below.rsplit_once('.').map_or(below, |(stem, _)| stem);
    match stem.strip_suffix("/index") {
        Some(folder) => folder.to_owned(),
        None => stem.to_owned(),
    }
}

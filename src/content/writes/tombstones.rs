//! `data/tombstones.json`: records that are removed for ever, whatever a source, a member or an import says of them.

use crate::content::formats::{self, Fault, Format, Kind, Node};
use crate::content::input::{placed, text};
use crate::model::{Diagnostic, InputFile, Inputs, Removed, Settings, SourceText, TOMBSTONES, code, nearest};
use std::sync::Arc;

/// What is removed for ever.
#[derive(Default)]
pub struct Tombstones {
    /// For each collection.
    removed: Vec<Removed>,
    /// The file, by whose bytes it is known.
    pub file: Option<(Arc<str>, Arc<Vec<u8>>)>,
}

impl Tombstones {
    /// Of the collection with this index.
    pub fn of(&self, collection: usize) -> Option<&Removed> {
        self.removed.get(collection)
    }
}

/// Takes the file out of the inputs and reads it.
pub fn take(settings: &Settings, inputs: &mut Inputs) -> (Tombstones, Vec<Diagnostic>) {
    let mut removed: Vec<Removed> = settings.collections.iter().map(|decl| Removed::of(&decl.name)).collect();
    let Some(file) = inputs.take(TOMBSTONES, false) else { return (Tombstones { removed, file: None }, Vec::new()) };
    let text = match text(TOMBSTONES, &file) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(fault) => return (Tombstones { removed, file: None }, vec![fault]),
    };
    let (node, mut faults) = formats::read(Format::Json, text, 0);
    if let Some(node) = node.filter(|_| faults.is_empty()) {
        for (collection, digest) in digests(node, &mut faults) {
            match settings.collection(&collection.name) {
                Some(at) => removed[at].add_digest(&digest),
                None => faults.push(unknown(settings, &collection)),
            }
        }
    }
    // Of an unknown collection, one fault is enough.
    faults.dedup_by(|b, a| a.span == b.span && a.code == b.code);
    let source = SourceText::new(Arc::from(TOMBSTONES), text);
    let told = faults.into_iter().map(|fault| placed(&source, fault)).collect();
    let bytes = match &file {
        InputFile::Bytes(bytes) => Some((Arc::from(TOMBSTONES), Arc::clone(bytes))),
        _ => None,
    };
    (Tombstones { removed, file: bytes }, told)
}

/// A collection as the file names it.
#[derive(Clone)]
struct Named {
    name: String,
    span: crate::model::Span,
}

const HELP: &str = "write it as `{\"users\": [\"…\"]}`, where each text is the SHA-256 of `users/` and the record's slug, in 64 hexadecimal digits";

fn digests(node: Node, faults: &mut Vec<Fault>) -> Vec<(Named, String)> {
    let mut found = Vec::new();
    let Kind::Map(entries) = node.kind else {
        let message = format!("tombstones are an object of lists, not {}", node.describe());
        faults.push(Fault::new(code::WRONG_TYPE, node.span, message).help(HELP));
        return found;
    };
    for entry in entries {
        let named = Named { name: entry.name.to_string(), span: entry.name_span };
        let Kind::List(items) = entry.node.kind else {
            let message = format!("tombstones of `{}` are a list, not {}", named.name, entry.node.describe());
            faults.push(Fault::new(code::WRONG_TYPE, entry.node.span, message).help(HELP));
            continue;
        };
        for item in items {
            match &item.kind {
                Kind::Text(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    found.push((named.clone(), text.to_string()));
                }
                Kind::Text(_) => {
                    faults.push(Fault::new(code::BAD_FORMAT, item.span, "this is no SHA-256 digest").help(HELP));
                }
                _ => {
                    let message = format!("a tombstone is a text, not {}", item.describe());
                    faults.push(Fault::new(code::WRONG_TYPE, item.span, message).help(HELP));
                }
            }
        }
    }
    found
}

fn unknown(settings: &Settings, collection: &Named) -> Fault {
    let message = format!("there is no collection `{}`, so nothing is removed from it", collection.name);
    let fault = Fault::warning(code::UNKNOWN_COLLECTION, collection.span.clone(), message);
    let near = nearest(&collection.name, settings.collections.iter().map(|decl| decl.name.as_str()));
    match near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help("remove these tombstones when nothing can bring the records back"),
    }
}

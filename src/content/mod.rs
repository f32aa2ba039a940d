//! Bytes to records: front matter, Markdown, data formats, layers, the schema check.

mod aliases;
mod dates;
mod derive;
mod edit;
mod file;
mod formats;
mod front_matter;
mod input;
mod kept;
mod layers;
mod markdown;
mod names;
mod overlays;
mod places;
mod references;
mod schema;
pub mod settings;
mod source;
mod visibility;
mod writes;

pub use dates::instant;
pub use edit::{Changes, edit, markdown as new_markdown};
pub use input::{text, unreadable};
pub use kept::Kept;
pub use markdown::placeholder;
pub use overlays::Nothing;
pub use places::Places;
pub use writes::{
    Accepted, Blame, Effect, Malformed, MemberFault, Rejected, Rules, Standing, Writable, entry as written_entry,
    members, told_elsewhere,
};

use crate::model::{
    Collection, CollectionDecl, Diagnostic, Hidden, InputFile, Inputs, Manner, Overlays, Place, Placed, Settings,
};
use formats::Format;
use jiff::Timestamp;
use overlays::Over;
use rayon::prelude::*;
use schema::Schema;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// What the content says.
#[derive(Default)]
pub struct Content {
    /// In the order of their declaration.
    pub collections: Vec<Arc<Collection>>,
    /// Pages that are files of their own.
    pub pages: Option<Arc<Collection>>,
    /// The schema of each collection, as it is written.
    pub schemas: Vec<Option<serde_json::Value>>,
    /// For each stanza of `[writes]`, what may be written.
    pub writable: Vec<Option<Writable>>,
    pub hidden: Vec<Hidden>,
    /// The next instant at which another record appears or disappears without new input.
    pub next_change: Option<Timestamp>,
    pub diagnostics: Vec<Diagnostic>,
}

/// How the content is to be read.
#[derive(Clone, Copy)]
pub struct Moment<'k> {
    /// The instant that decides what is published.
    pub now: Timestamp,
    /// Whether drafts are published too.
    pub drafts: bool,
    /// What an earlier reading in this process left.
    pub kept: Option<&'k Kept>,
    /// Computes members of records.
    pub overlays: &'k dyn Overlays,
    /// What members wrote.
    pub writes: Option<&'k Effect<'k>>,
}

impl Moment<'_> {
    pub fn at(now: Timestamp) -> Self {
        Self { now, drafts: false, kept: None, overlays: &Nothing, writes: None }
    }
}

/// Reads every collection as it is at a moment.
pub fn read(settings: &Settings, mut inputs: Inputs, places: &Places<'_>, moment: Moment<'_>) -> Content {
    let (writable, diagnostics) = writes::writable(settings, &inputs);
    let (mut content, mut prepared) = (Content { writable, diagnostics, ..Content::default() }, Vec::new());
    for (at, decl) in settings.collections.iter().enumerate() {
        let (schema, faults) = match &decl.schema {
            Some(path) => schema::read(path, &inputs, settings),
            None => (None, Vec::new()),
        };
        content.diagnostics.extend(faults);
        let later = &settings.collections[at + 1..];
        let again = |path: &str| twice(decl, path) || later.iter().any(|decl| reads(decl, path));
        let (found, faults) = source::find(decl, &mut inputs, &again);
        prepared.push(((at, decl), schema, found, faults.is_empty()));
        content.diagnostics.extend(faults);
    }
    let facts: Vec<Vec<source::FileRead>> =
        (0..settings.collections.len()).map(|at| beside(settings, at, &inputs, moment.writes)).collect();
    let unclaimed = if settings.pages.is_empty() { Vec::new() } else { source::unclaimed(settings, &mut inputs) };
    drop(inputs);
    let read = |((at, decl), schema, found, complete): ((usize, &CollectionDecl), _, Vec<source::Found>, bool)| {
        // Nothing is computed for pages.
        let overlays: &dyn Overlays = if decl.pages { &Nothing } else { moment.overlays };
        let over = Over { overlays, collection: at, settings };
        let mut files = source::signature(&found);
        files.extend(facts.get(at).into_iter().flatten().cloned());
        let known = moment.kept.and_then(|kept| kept.collection(decl, &files, moment.now));
        let one = match known.filter(|_| complete) {
            Some((collection, hiding)) => One { collection, schema, hiding, faults: Vec::new() },
            None => one(over, decl, schema, found, complete, places, moment),
        };
        if let Some(kept) = moment.kept.filter(|_| one.faults.is_empty()) {
            kept.keep(decl, files, moment.now, (&one.collection, &one.hiding));
        }
        one
    };
    if !unclaimed.is_empty() {
        let faults = unclaimed.iter().filter_map(source::Found::fault).collect::<Vec<_>>();
        let decl = pages();
        let One { collection, hiding, faults: wrong, .. } =
            read(((usize::MAX, &decl), None, unclaimed, faults.is_empty()));
        content.diagnostics.extend(faults.into_iter().chain(wrong));
        content.hidden.extend(hiding.hidden);
        content.next_change = hiding.next_change;
        content.pages = Some(collection);
    }
    let mut schemas: Vec<Option<Schema>> = Vec::new();
    for One { collection, schema, hiding, faults } in prepared.into_par_iter().map(read).collect::<Vec<_>>() {
        content.diagnostics.extend(faults);
        content.hidden.extend(hiding.hidden);
        content.next_change = hiding.next_change.into_iter().chain(content.next_change).min();
        content.collections.push(collection);
        schemas.push(schema);
    }
    for (from, schema) in schemas.iter().enumerate() {
        let declared = references::declared(settings, from, schema.as_ref());
        content.diagnostics.extend(references::check(&mut content.collections, from, &declared, places));
    }
    content.schemas = schemas.into_iter().map(|schema| schema.map(|schema| schema.document)).collect();
    content
}

/// The collection of the pages that are files of their own: nobody declares it, and no view answers from it.
fn pages() -> CollectionDecl {
    let at = Place::file("content");
    let key = Placed { value: "slug".to_owned(), at: at.clone() };
    let (sources, private, derive) = (Vec::new(), Vec::new(), Vec::new());
    CollectionDecl { name: "pages".to_owned(), at, sources, key, schema: None, private, derive, pages: true }
}

/// Whether a file is one that records are read from.
pub fn holds_records(path: &str) -> bool {
    Format::of(path).is_some()
}

/// Whether a file is one of Markdown.
pub fn is_markdown(path: &str) -> bool {
    Format::of(path) == Some(Format::Markdown)
}

/// Markdown as HTML.
pub fn render_markdown(text: &str, manner: Manner) -> String {
    markdown::render(text, manner, None).html
}

/// What a collection is made from besides its sources: the files of activity that its members are computed from, and what
/// members wrote.
fn beside(
    settings: &Settings,
    collection: usize,
    inputs: &Inputs,
    writes: Option<&Effect<'_>>,
) -> Vec<source::FileRead> {
    let paths = settings.scores_of(collection).flat_map(|score| {
        let source = &settings.sources[score.from];
        [source.facts(), source.checks()]
    });
    let read = |path: String| match inputs.files.get_key_value(path.as_str()) {
        Some((path, InputFile::Bytes(bytes))) => Some((u16::MAX, Arc::clone(path), Arc::clone(bytes))),
        _ => None,
    };
    let writes = writes.into_iter().flat_map(|effect| effect.files(collection));
    paths.filter_map(read).chain(writes).collect()
}

/// One collection by itself, before its references are followed.
struct One {
    collection: Arc<Collection>,
    schema: Option<Schema>,
    hiding: visibility::Hiding,
    faults: Vec<Diagnostic>,
}

fn one(
    over: Over<'_>,
    decl: &CollectionDecl,
    schema: Option<Schema>,
    found: Vec<source::Found>,
    complete: bool,
    places: &Places<'_>,
    moment: Moment<'_>,
) -> One {
    let (site, manner) = (&over.settings.site, manner(over.settings));
    let files = source::read(decl, found, schema.as_ref(), manner, moment.kept);
    let written = over.settings.writes.of(over.collection).and_then(|writes| writes.text.as_deref());
    let laid = writes::ready(moment.writes, over.collection, (decl, written), schema.as_ref(), manner, moment.kept);
    let (mut collection, mut faults) = layers::merge(decl, files, laid, places);
    collection.complete &= complete;
    if let Some(schema) = &schema {
        faults.extend(schema.check(&collection, places));
    }
    declare(&mut collection, over, decl, schema.as_ref());
    faults.extend(names::unknown(&collection, decl));
    faults.extend(names::unknown_to_activity(&collection, over.settings, over.collection));
    let (wrong, then) = over.lay(&mut collection, places);
    faults.extend(wrong);
    faults.extend(derive::derive(&mut collection, &decl.derive, places));
    faults.extend(aliases::index(&mut collection, places));
    let mut hiding = visibility::hide(&mut collection, (moment.now, moment.drafts), &site.time_zone, places);
    faults.append(&mut hiding.faults);
    over.past(&mut collection, then, decl, places);
    over.watch(&collection, &mut hiding);
    One { collection: Arc::new(collection), schema, hiding, faults }
}

/// How the site's texts are rendered.
fn manner(settings: &Settings) -> Manner {
    Manner { linked: !settings.pages.is_empty(), ..settings.site.markdown }
}

/// What the sources of a collection hold, file by file, without what members wrote.
fn sources(
    settings: &Settings,
    decl: &CollectionDecl,
    inputs: &Inputs,
    kept: Option<&Kept>,
) -> Vec<source::FileRecords> {
    let schema = decl.schema.as_ref().and_then(|path| schema::read(path, inputs, settings).0);
    let (found, _) = source::find(decl, &mut inputs.clone(), &|_| true);
    source::read(decl, found, schema.as_ref(), manner(settings), kept)
}

/// Whether the collection reads the file at `path`.
fn reads(decl: &CollectionDecl, path: &str) -> bool {
    readings(decl, path) > 0
}

/// Whether two of its layers do.
fn twice(decl: &CollectionDecl, path: &str) -> bool {
    readings(decl, path) > 1
}

fn readings(decl: &CollectionDecl, path: &str) -> usize {
    let holds = |source: &str| path.strip_prefix(source).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let schema = decl.schema.iter().filter(|schema| schema.value == path).count();
    decl.sources.iter().filter(|source| holds(&source.value)).count() + schema
}

/// The schema of one collection as it is written.
pub fn read_schema(
    settings: &Settings,
    decl: &CollectionDecl,
    inputs: &Inputs,
) -> (Option<serde_json::Value>, Vec<Diagnostic>) {
    match &decl.schema {
        Some(path) => {
            let (schema, faults) = schema::read(path, inputs, settings);
            (schema.map(|schema| schema.document), faults)
        }
        None => (None, Vec::new()),
    }
}

/// Notes the members that a record of the collection may have.
fn declare(collection: &mut Collection, over: Over<'_>, decl: &CollectionDecl, schema: Option<&Schema>) {
    let built = ["slug"].into_iter().chain(markdown::MEMBERS);
    let mut names: BTreeSet<&str> = decl.derive.iter().map(|derived| derived.name.as_str()).collect();
    names.extend(over.settings.scores_of(over.collection).flat_map(crate::model::Score::fields));
    names.extend(["listed", "draft", "date", "expires", "aliases"]);
    names.extend(built.filter(|_| may_have_markdown(collection)));
    let texts = over.settings.writes.of(over.collection).is_some_and(|writes| writes.text.is_some());
    names.extend(markdown::MEMBERS.iter().copied().filter(|_| texts));
    let gone = std::mem::take(&mut collection.names);
    names.extend(gone.iter().map(String::as_str));
    names.extend(schema.into_iter().flat_map(|schema| schema.properties.iter().map(String::as_str)));
    // Readers share the allocation of a name, so most repetitions are told by their address.
    let mut seen = HashSet::new();
    for field in collection.records.iter().flat_map(|record| &record.fields) {
        if seen.insert(field.name.as_ptr()) {
            names.insert(&field.name);
        }
    }
    collection.names = names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect();
    collection.closed = schema.is_some_and(|schema| schema.closed);
}

/// A collection without a record may be one of texts that nobody has written yet.
fn may_have_markdown(collection: &Collection) -> bool {
    collection.records.is_empty()
        || collection.files.iter().any(|file| Format::of(&file.path) == Some(Format::Markdown))
}

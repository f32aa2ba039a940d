//! The inbox as a build reads it: every accepted write and what editors decided of them; and who was removed for ever.

use super::entry::entry;
use super::tombstones::{self, Tombstones};
use super::whose::Known;
use crate::content::formats::{self, Format};
use crate::content::input::{text, unreadable};
use crate::model::{Change, Diagnostic, Entry, InputFile, Inputs, Place, Settings, Value, code, slug};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What members wrote, and where it stands.
#[derive(Default)]
pub struct Accepted {
    /// In order of collection, slug and version.
    pub(super) writes: Vec<Write>,
    pub(super) tombstones: Tombstones,
    pub(super) known: Known,
    by_path: HashMap<Arc<str>, usize>,
}

/// One accepted write.
pub struct Write {
    pub path: Arc<str>,
    pub bytes: Arc<Vec<u8>>,
    pub entry: Entry,
    /// Index into the settings' collections.
    pub collection: usize,
    pub slug: String,
    pub standing: Standing,
    /// Whether an editor wrote or approved it.
    pub by_consent: bool,
}

/// What a write is to the build, whatever it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes its turn among the writes of its key.
    Open,
    /// The content files say it by now.
    Applied,
    /// Nobody has decided of it yet.
    Waiting,
    /// An editor did not want it.
    Refused(Option<String>),
    /// It says nothing any more.
    Forgotten,
}

/// What an editor decided.
enum Decision {
    Approved,
    Rejected(Option<String>),
}

type Decisions = BTreeMap<String, Decision>;

impl Accepted {
    /// Takes what stands in the inbox out of the inputs, so that nobody else reads it. `sound` says that the settings are
    /// whole: a collection that they do not know is a fault only then.
    pub fn take(settings: &Settings, inputs: &mut Inputs, sound: bool) -> (Self, Vec<Diagnostic>) {
        let (tombstones, mut faults) = tombstones::take(settings, inputs);
        let mut found: Vec<(Arc<str>, InputFile)> = Vec::new();
        let inbox = settings.writes.endpoint.inbox.as_str();
        let paths: Vec<Arc<str>> = inputs.under(inbox).map(|(path, _)| Arc::clone(path)).collect();
        for path in paths.into_iter().filter(|path| settings.writes.below(path).is_some()) {
            found.extend(inputs.take(&path, false).map(|file| (path, file)));
        }
        let is_hidden = |below: &str| below.split('/').any(|name| name.starts_with('.'));
        let kind = |path: &str| {
            let below = settings.writes.below(path).filter(|below| !is_hidden(below))?;
            below.split_once('/').map(|(kind, _)| kind.to_owned())
        };
        let mut decisions = Decisions::new();
        for (path, file) in found.iter().filter(|(path, _)| kind(path).as_deref() == Some("decisions")) {
            match decision(path, file) {
                Ok(decision) => drop(decisions.insert(stem(path).to_owned(), decision)),
                Err(fault) => faults.push(fault),
            }
        }
        let read = |(path, file): &(Arc<str>, InputFile)| {
            let kind = kind(path)?;
            let applied = kind == "archive";
            (applied || kind == "entries").then(|| write(settings, path, file, applied, sound))
        };
        let read: Vec<Result<Option<Write>, Diagnostic>> = found.par_iter().filter_map(read).collect();
        let mut writes = Vec::with_capacity(read.len());
        for one in read {
            match one {
                Ok(write) => writes.extend(write),
                Err(fault) => faults.push(fault),
            }
        }
        let mut writes = unique(writes, &mut faults);
        for write in &mut writes {
            write.standing = standing(settings, write, &decisions);
            let decided = decisions.get(&write.entry.id);
            write.by_consent = write.entry.by_editor || matches!(decided, Some(Decision::Approved));
        }
        let by_path = writes.iter().enumerate().map(|(at, write)| (Arc::clone(&write.path), at)).collect();
        (Self { writes, tombstones, known: Known::new(), by_path }, faults)
    }

    /// Every write, in order of collection, slug and version.
    pub fn all(&self) -> &[Write] {
        &self.writes
    }

    /// The write that stands in the file at `path`.
    pub fn at(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The key that a write is of: the index of its collection, and its slug.
    pub fn key(&self, at: usize) -> (usize, &str) {
        let write = &self.writes[at];
        (write.collection, &write.slug)
    }

    /// The writes of each key.
    pub(super) fn chains(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let mut from = 0;
        self.writes.chunk_by(|a, b| (a.collection, &a.slug) == (b.collection, &b.slug)).map(move |chain| {
            let range = from..from + chain.len();
            from = range.end;
            range
        })
    }
}

/// The fault of something that the endpoint did not put there.
pub fn wrong(place: Place, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::BAD_INBOX_ENTRY, place, message)
        .help("the endpoint alone writes the inbox: restore the file as it was, or move it out of that folder")
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".json").unwrap_or(name)
}

/// A write as its file has it; `None` where nobody can say of what it is one.
fn write(
    settings: &Settings,
    path: &Arc<str>,
    file: &InputFile,
    applied: bool,
    sound: bool,
) -> Result<Option<Write>, Diagnostic> {
    let InputFile::Bytes(bytes) = file else {
        return Err(unreadable(path, file).unwrap_or_else(|| wrong(Place::file(path), "this cannot be read")));
    };
    let entry = entry(bytes).map_err(|malformed| {
        let place = Place { line: malformed.line, column: malformed.column, ..Place::file(path) };
        wrong(place, malformed.message)
    })?;
    let declared = settings.collection(&entry.collection).filter(|at| settings.writes.of(*at).is_some());
    let Some(collection) = declared else {
        let message = format!("this was written of `{}`, of which nothing may be written", entry.collection);
        let fault = Diagnostic::error(code::BAD_INBOX_ENTRY, Place::file(path), message);
        let help = "put back what `[writes]` said of it, or move what was written of it out of the inbox";
        return if sound { Err(fault.help(help)) } else { Ok(None) };
    };
    let slug = slug(&entry.key).map_err(|why| wrong(Place::file(path), format!("the key of this write {why}")))?;
    let standing = if applied { Standing::Applied } else { Standing::Open };
    let (path, bytes) = (Arc::clone(path), Arc::clone(bytes));
    Ok(Some(Write { path, bytes, entry, collection, slug, standing, by_consent: false }))
}

/// The writes in their order. A version that stands in the archive was applied; of two that cannot both be, one is a fault.
fn unique(mut writes: Vec<Write>, faults: &mut Vec<Diagnostic>) -> Vec<Write> {
    let is_applied = |write: &Write| write.standing == Standing::Applied;
    writes.sort_by(|a, b| {
        let order = |write: &Write| (write.collection, write.entry.version, !is_applied(write));
        let (a, b) = ((order(a), &a.slug, &a.path), (order(b), &b.slug, &b.path));
        (a.0.0, a.1, a.0.1, a.0.2, a.2).cmp(&(b.0.0, b.1, b.0.1, b.0.2, b.2))
    });
    let mut ids: HashMap<String, Arc<str>> = HashMap::new();
    let mut kept: Vec<Write> = Vec::with_capacity(writes.len());
    for write in writes {
        let twin = kept.last().filter(|last| {
            (last.collection, &last.slug, last.entry.version) == (write.collection, &write.slug, write.entry.version)
        });
        // Of one that came while its version was put aside, the one who wrote heard that it was not accepted.
        if twin.is_some_and(|twin| is_applied(twin) && !is_applied(&write)) {
            continue;
        }
        let other = twin.map(|twin| &twin.path).or_else(|| ids.get(&write.entry.id));
        if let Some(other) = other {
            let message =
                format!("this write and the one of `{other}` cannot both be: they have one version, or one id");
            faults.push(wrong(Place::file(&write.path), message));
            continue;
        }
        ids.insert(write.entry.id.clone(), Arc::clone(&write.path));
        kept.push(write);
    }
    kept
}

fn standing(settings: &Settings, write: &Write, decisions: &Decisions) -> Standing {
    let review = settings.writes.of(write.collection).is_some_and(|decl| decl.review);
    match (&write.entry.change, &write.standing, decisions.get(&write.entry.id)) {
        (Change::Forgotten, ..) => Standing::Forgotten,
        (_, Standing::Applied, _) => Standing::Applied,
        (_, _, Some(Decision::Rejected(reason))) => Standing::Refused(reason.clone()),
        (_, _, Some(Decision::Approved)) => Standing::Open,
        (_, _, None) if review && !write.entry.by_editor => Standing::Waiting,
        (_, _, None) => Standing::Open,
    }
}

fn decision(path: &Arc<str>, file: &InputFile) -> Result<Decision, Diagnostic> {
    let text = text(path, file)?;
    let refuse = |message: &str| wrong(Place::file(path), message);
    let (node, faults) = formats::read(Format::Json, text, 0);
    let Some(Value::Map(members)) = node.filter(|_| faults.is_empty()).map(formats::Node::into_value) else {
        return Err(refuse("this is no decision: it is not one JSON object"));
    };
    let get = |wanted: &str| members.iter().find(|(name, _)| **name == *wanted).map(|(_, value)| value);
    let reason = match get("reason") {
        None | Some(Value::Null) => None,
        Some(Value::Text(reason)) => Some(reason.to_string()),
        Some(_) => return Err(refuse("this is no decision: its `reason` is no text")),
    };
    match get("decision").and_then(Value::as_text) {
        Some("approved") => Ok(Decision::Approved),
        Some("rejected") => Ok(Decision::Rejected(reason)),
        _ => Err(refuse("this is no decision: its `decision` is neither `approved` nor `rejected`")),
    }
}

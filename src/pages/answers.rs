//! The answers of the API, as templates read them: rows by the path of their view.

use super::records::object;
use crate::model::{Artifact, ArtifactOrigin, Body, Rows, Settings, View};
use minijinja::Value;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows that were read, by the key of their list and their range.
type Known = HashMap<(String, Range<usize>), Value>;
/// Where rows stand, by the path of their list and a member of theirs, then by what that member is as text.
type Places = HashMap<(String, String), Arc<HashMap<String, usize>>>;

/// The answers of a build.
#[derive(Clone)]
pub struct Answers {
    artifacts: Arc<Vec<Artifact>>,
    /// What stands before the path of a view in its keys, of each surface.
    prefixes: Arc<[String]>,
    /// Many pages show the same rows: each is read once.
    known: Arc<Mutex<Known>>,
    places: Arc<Mutex<Places>>,
}

/// A list: the key of its default answer, what it is called in URLs, and its rows.
pub struct List<'a> {
    pub key: &'a str,
    /// The path below the surface.
    pub path: &'a str,
    pub rows: &'a Arc<Rows>,
    pub origin: ArtifactOrigin,
}

impl Answers {
    pub fn new(settings: &Settings, artifacts: &Arc<Vec<Artifact>>) -> Self {
        let prefixes = settings.surfaces.iter().map(|surface| surface.key("")).collect();
        Self { artifacts: Arc::clone(artifacts), prefixes, known: Arc::default(), places: Arc::default() }
    }

    fn find(&self, key: &str) -> Option<&Artifact> {
        let at = self.artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).ok()?;
        Some(&self.artifacts[at])
    }

    /// The lists of a view: one, or one for each value of its group.
    pub fn lists(&self, at: usize, view: &View) -> Vec<List<'_>> {
        let Some(prefix) = view.surfaces.first().and_then(|surface| self.prefixes.get(*surface)) else {
            return Vec::new();
        };
        let length = view.path.value.segments.len();
        let start = self.artifacts.partition_point(|artifact| artifact.key.as_str() < prefix.as_str());
        let below = self.artifacts[start..].iter().take_while(|artifact| artifact.key.starts_with(prefix.as_str()));
        below.filter_map(|artifact| list(artifact, at, (prefix, length))).collect()
    }

    /// The first rows of a list, or a whole document, at the path of a view with its fields filled in.
    pub fn answer(&self, path: &str, range: impl Fn(usize) -> Range<usize>) -> Option<Value> {
        let path = path.trim_matches('/');
        let artifact = self.prefixes.iter().find_map(|prefix| self.find(&format!("{prefix}{path}.json")))?;
        match &artifact.body {
            Body::List { rows, .. } => Some(self.rows(&artifact.key, rows, range(rows.len()))),
            Body::Document { rendered, row, .. } => {
                let mut json = Vec::new();
                rendered.document(*row, &mut |piece| json.extend_from_slice(piece));
                Some(read(&json))
            }
            Body::Bytes(_) => None,
        }
    }

    /// The rows before and after the first one whose member is this, in the list at a path; `None` where there is no such
    /// list, null where there is no such row.
    pub fn neighbours(&self, path: &str, member: &str, wanted: &Value) -> Option<Value> {
        let rows = self.answer(path, |length| 0..length)?;
        let name = (path.to_owned(), member.to_owned());
        let known = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let places = known.unwrap_or_else(|| {
            let mut places = HashMap::new();
            for (at, row) in rows.try_iter().into_iter().flatten().enumerate() {
                let is = row.get_attr(member).map(|value| value.to_string()).unwrap_or_default();
                places.entry(is).or_insert(at);
            }
            let places = Arc::new(places);
            self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::clone(&places));
            places
        });
        let Some(at) = places.get(&wanted.to_string()) else { return Some(Value::from(())) };
        let row =
            |at: Option<usize>| at.and_then(|at| rows.get_item_by_index(at).ok()).filter(|row| !row.is_undefined());
        let near = |at| row(at).unwrap_or(Value::from(()));
        let members =
            [("prev", near(at.checked_sub(1))), ("next", near(at.checked_add(1))), ("position", Value::from(at + 1))];
        Some(object(members))
    }

    /// Rows of the list of this key.
    pub fn rows(&self, key: &str, rows: &Rows, range: Range<usize>) -> Value {
        let range = range.start.min(rows.len())..range.end.min(rows.len());
        let name = (key.to_owned(), range.clone());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return known.clone();
        }
        let value = Value::from(range.map(|at| row(rows, at)).collect::<Vec<_>>());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value.clone());
        value
    }
}

/// The list that an artifact is the default answer of, where it is one of the view.
fn list<'a>(artifact: &'a Artifact, view: usize, (prefix, length): (&str, usize)) -> Option<List<'a>> {
    let Body::List { rows, .. } = &artifact.body else { return None };
    let path = artifact.key.strip_prefix(prefix)?.strip_suffix(".json")?;
    let is_default = artifact.origin.view() == Some(view) && path.split('/').count() == length;
    is_default.then_some(List { key: &artifact.key, path, rows, origin: artifact.origin })
}

/// One row as the answers have it.
pub fn row(rows: &Rows, at: usize) -> Value {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    let mut json = Vec::new();
    rows.each_piece(at..at.saturating_add(1), at, &mut |piece| json.extend_from_slice(piece));
    read(&json)
}

/// JSON that the build wrote.
fn read(json: &[u8]) -> Value {
    serde_json::from_slice(json).map_or_else(|_| Value::UNDEFINED, |json| value(&json))
}

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::from(int),
            (None, Some(int)) => Value::from(int),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        serde_json::Value::Object(members) => {
            object(members.iter().map(|(name, member)| (name.as_str(), value(member))))
        }
    }
}

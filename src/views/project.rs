//! `fields` and `lookup`: rows as JSON, each written once.

use crate::model::{
    Before, Collection, RANK_MEMBERS, Rank, Record, Rendered, RenderedBlock, RenderedRow, Standing, Value, View,
    write_member, write_text,
};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The members that only whole documents carry, unless `fields` names them. They stand last, so that a list's row is
/// the beginning of the document.
const DOCUMENT_ONLY: [&str; 2] = ["html", "toc"];
/// The members that the `rank` of a view adds.
pub fn rank_members(rank: Option<&Rank>) -> &'static [&'static str] {
    match rank {
        None => &[],
        Some(rank) if rank.movement_days.is_none() => &RANK_MEMBERS[..3],
        Some(_) => &RANK_MEMBERS,
    }
}

/// Which members of which collection's records are written. Views with the same projection share its rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Projection {
    pub collection: usize,
    pub fields: Option<Vec<String>>,
    /// Field, and index of the collection that it holds a key of.
    pub lookup: Vec<(String, usize)>,
    /// Which of the record's own members give way to those that `rank` adds.
    pub shadows: Vec<&'static str>,
}

/// Where the list part of a written row ends, and the `html` that whole documents have there.
pub struct Cut {
    at: usize,
    html: Option<Arc<str>>,
}

impl Cut {
    pub fn at(at: usize) -> Self {
        Self { at, html: None }
    }
}

/// Every projection that has been written.
pub type Projections = BTreeMap<Projection, Arc<Rendered>>;

impl Projection {
    /// All public members, as a record stands by itself.
    pub fn plain(collection: usize) -> Self {
        Self { collection, fields: None, lookup: Vec::new(), shadows: Vec::new() }
    }

    pub fn of(view: &View, collection: &Collection) -> Self {
        let members = rank_members(view.rank.as_ref());
        let shadows: Vec<&'static str> = members.iter().filter(|name| collection.has_name(name)).copied().collect();
        Self {
            collection: view.from,
            fields: view.fields.as_ref().map(|fields| fields.iter().map(|field| field.value.clone()).collect()),
            lookup: view.lookup.iter().map(|(field, target)| (field.value.clone(), *target)).collect(),
            shadows,
        }
    }

    /// Writes every published record of the collection.
    pub fn render(&self, collections: &[Arc<Collection>], known: &Projections) -> Rendered {
        let collection = &collections[self.collection];
        let count = collection.records.len();
        render(count, |at, out| {
            let record = &collection.records[at];
            if record.hidden.is_some() { Cut::at(out.len()) } else { self.write(out, record, collections, known, None) }
        })
    }

    /// Writes one object, and says where its list part ends.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        record: &Record,
        collections: &[Arc<Collection>],
        known: &Projections,
        standing: Option<Standing>,
    ) -> Cut {
        let collection = &collections[self.collection];
        let mut object = Object::open(out);
        if let Some(fields) = &self.fields {
            for name in fields {
                match standing.and_then(|standing| rank_member(standing, name)) {
                    Some(text) => object.raw(name, &text),
                    None => self.member(&mut object, name, record.get(name), collections, known),
                }
            }
            return Cut::at(object.close());
        }
        let public = |name: &str| !collection.is_private(name) && !self.shadows.contains(&name);
        for field in record.fields.iter().filter(|field| public(&field.name) && !DOCUMENT_ONLY.contains(&&*field.name))
        {
            self.member(&mut object, &field.name, Some(&field.value), collections, known);
        }
        if let Some(standing) = standing {
            for (name, text) in RANK_MEMBERS.iter().filter_map(|name| Some((name, rank_member(standing, name)?))) {
                object.raw(name, &text);
            }
        }
        let mut cut = Cut::at(object.len());
        for name in DOCUMENT_ONLY.into_iter().filter(|name| public(name)) {
            match record.get(name) {
                Some(Value::Escaped(html)) if name == "html" => cut.html = Some(Arc::clone(html)),
                Some(value) => object.member(name, value),
                None => {}
            }
        }
        object.close();
        cut
    }

    fn member(
        &self,
        object: &mut Object<'_>,
        name: &str,
        value: Option<&Value>,
        collections: &[Arc<Collection>],
        known: &Projections,
    ) {
        let target = self.lookup.iter().find(|(field, _)| field == name).map(|(_, target)| *target);
        let (Some(target), Some(value)) = (target, value) else {
            return object.member(name, value.unwrap_or(&Value::Null));
        };
        let rows = known.get(&Self::plain(target));
        let write = |out: &mut Vec<u8>, key: &Value| {
            let found = key.label().and_then(|key| collections[target].position(&key));
            let found = found.filter(|at| collections[target].records[*at as usize].hidden.is_none());
            match (found, rows) {
                (Some(at), Some(rows)) => {
                    out.extend_from_slice(rows.open_row(at));
                    out.push(b'}');
                }
                _ => out.extend_from_slice(b"null"),
            }
        };
        object.name(name);
        match value {
            Value::List(keys) => {
                object.out.push(b'[');
                for (i, key) in keys.iter().enumerate() {
                    if i > 0 {
                        object.out.push(b',');
                    }
                    write(object.out, key);
                }
                object.out.push(b']');
            }
            key => write(object.out, key),
        }
    }
}

/// Writes `count` rows in parallel. `write` appends one object and says where its list part ends.
pub fn render(count: usize, write: impl Fn(usize, &mut Vec<u8>) -> Cut + Sync) -> Rendered {
    let starts: Vec<usize> = (0..count).step_by(Rendered::BLOCK).collect();
    let block = |start: usize| {
        let (mut bytes, mut html) = (Vec::new(), Vec::new());
        let rows = (start..count.min(start + Rendered::BLOCK)).map(|at| {
            let start = offset(bytes.len());
            let cut = write(at, &mut bytes);
            html.push(cut.html);
            RenderedRow { start, cut: offset(cut.at), end: offset(bytes.len()) }
        });
        let rows = rows.collect();
        RenderedBlock { bytes, rows, html }
    };
    Rendered::from_blocks(starts.into_par_iter().map(block).collect())
}

/// Input files are bounded well below 4 GiB, so no block of rows comes near it.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn rank_member(standing: Standing, name: &str) -> Option<String> {
    Some(match name {
        "rank" => standing.rank.to_string(),
        "position" => standing.position.to_string(),
        "tied" => standing.tied.to_string(),
        "delta" => match standing.before {
            Before::Untold => return None,
            Before::New => "null".to_owned(),
            Before::Rank(before) => delta(standing, before).to_string(),
        },
        "trend" => match standing.before {
            Before::Untold => return None,
            Before::New => "\"new\"",
            Before::Rank(before) => match delta(standing, before) {
                1.. => "\"up\"",
                0 => "\"same\"",
                _ => "\"down\"",
            },
        }
        .to_owned(),
        _ => return None,
    })
}

/// How many ranks the row has gained since.
fn delta(standing: Standing, before: usize) -> i64 {
    let rank = |rank: usize| i64::try_from(rank).unwrap_or(i64::MAX);
    rank(before) - rank(standing.rank)
}

/// What stands behind a shared row that is ranked.
pub fn rank_suffix(standing: Standing) -> Box<str> {
    let members = RANK_MEMBERS.iter().filter_map(|name| Some((name, rank_member(standing, name)?)));
    members.fold(String::new(), |all, (name, text)| all + ",\"" + name + "\":" + &text).into()
}

/// A row of a `count`.
pub fn count_row(
    out: &mut Vec<u8>,
    fields: Option<&[String]>,
    label: (&str, &str),
    count: usize,
    standing: Option<Standing>,
) -> Cut {
    let mut object = Object::open(out);
    let all: Vec<&str> = match fields {
        Some(fields) => fields.iter().map(String::as_str).collect(),
        None => [label.0, "count"].into_iter().chain(standing.iter().flat_map(|_| RANK_MEMBERS).take(3)).collect(),
    };
    for name in all {
        match standing.and_then(|standing| rank_member(standing, name)) {
            Some(text) => object.raw(name, &text),
            None if name == label.0 => object.member(name, &Value::text(label.1)),
            None if name == "count" => object.member(name, &Value::int(count)),
            None => object.member(name, &Value::Null),
        }
    }
    Cut::at(object.close())
}

/// An object being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { start: out.len(), out }
    }

    fn len(&self) -> usize {
        self.out.len()
    }

    fn comma(&mut self) {
        if self.out.len() > self.start {
            self.out.push(b',');
        }
    }

    fn member(&mut self, name: &str, value: &Value) {
        self.comma();
        write_member(self.out, name, value);
    }

    fn name(&mut self, name: &str) {
        self.comma();
        write_text(self.out, name);
        self.out.push(b':');
    }

    fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Closes the object, and says where it was still open.
    fn close(self) -> usize {
        let cut = self.out.len();
        self.out.push(b'}');
        cut
    }
}

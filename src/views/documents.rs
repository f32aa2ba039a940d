//! `each`: one document for each record, and one for each of its aliases.

use super::Context;
use super::arrange::Arranged;
use crate::model::{ArtifactOrigin, Collection, Diagnostic, PathTemplate, Place, Record, Value, View, code, slug};

/// A record's document, before it is put on surfaces.
pub struct Document {
    pub path: String,
    /// The path that links name: for an alias, the record's own.
    pub canonical: Option<String>,
    /// Index into what was written.
    pub row: u32,
    pub origin: ArtifactOrigin,
}

/// The documents of the view `view`, whose index is `index`.
pub fn documents(context: &Context<'_>, index: u32, view: &View, rows: &Arranged) -> (Vec<Document>, Vec<Diagnostic>) {
    let collection = context.collection(view);
    let (mut documents, mut faults) = (Vec::with_capacity(rows.order.len()), Vec::new());
    for (&row, &at) in rows.order.iter().zip(&rows.records) {
        let record = &collection.records[at as usize];
        let mut one = One { context, collection, view, record, faults: &mut faults };
        let Some(slugs) = one.slugs() else { continue };
        let path = slugs.fill(&view.path.value, None);
        for (item, alias) in one.aliases() {
            let other = slugs.fill(&view.path.value, Some(&alias));
            if other != path {
                let origin = ArtifactOrigin::Alias { view: index, record: at, item };
                documents.push(Document { path: other, canonical: Some(path.clone()), row, origin });
            }
        }
        let origin = ArtifactOrigin::Record { view: index, record: at };
        documents.push(Document { path, canonical: None, row, origin });
    }
    (documents, faults)
}

/// The slugs that fill a path's fields.
struct Slugs<'v> {
    by_field: Vec<(&'v str, String)>,
    /// The field that an alias stands for: the key, or else the last.
    named: Option<&'v str>,
}

impl Slugs<'_> {
    fn fill(&self, path: &PathTemplate, alias: Option<&str>) -> String {
        path.fill(|name| match alias {
            Some(alias) if self.named == Some(name) => alias,
            _ => self.by_field.iter().find(|(field, _)| *field == name).map_or("", |(_, slug)| slug.as_str()),
        })
    }
}

/// One record on its way to a document.
struct One<'a, 'f> {
    context: &'a Context<'a>,
    collection: &'a Collection,
    view: &'a View,
    record: &'a Record,
    faults: &'f mut Vec<Diagnostic>,
}

impl<'a> One<'a, '_> {
    fn place(&self, field: &str, item: Option<usize>) -> Place {
        self.context.locate.locate(self.collection, self.record, field, item)
    }

    /// The slug of each field of the path, or faults.
    fn slugs(&mut self) -> Option<Slugs<'a>> {
        let path = &self.view.path.value;
        let mut by_field = Vec::new();
        for field in path.fields() {
            let is_key = field == self.collection.key;
            let value =
                if is_key { Some(self.record.key.clone()) } else { self.record.get(field).and_then(Value::label) };
            match value.as_deref().map(slug) {
                Some(Ok(slug)) => by_field.push((field, slug)),
                Some(Err(why)) => {
                    let message = format!("`{field}` {why}, so the view `{path}` has no URL for this record");
                    self.faults.push(Diagnostic::error(code::BAD_KEY, self.place(field, None), message));
                }
                // A field that no record has was told where the view names it.
                None if !self.collection.has_name(field) => {}
                None => {
                    let message = format!("this record has no `{field}` that could stand in the path `{path}`");
                    self.faults.push(Diagnostic::error(code::PATH_FIELD, self.place(field, None), message));
                }
            }
        }
        let mut fields = by_field.iter().map(|(field, _)| *field);
        let named = fields.clone().find(|field| *field == self.collection.key).or_else(|| fields.next_back());
        (by_field.len() == path.fields().count()).then_some(Slugs { by_field, named })
    }

    /// The slug of each alias, with its index.
    fn aliases(&mut self) -> Vec<(u32, String)> {
        let mut slugs = Vec::new();
        for (item, alias) in self.record.written_aliases() {
            match slug(&alias) {
                Ok(slug) => slugs.push((item, slug)),
                Err(why) => {
                    let place = self.place("aliases", Some(item as usize));
                    self.faults.push(Diagnostic::error(code::BAD_KEY, place, why.of_alias(&alias)));
                }
            }
        }
        slugs
    }
}

//! Where those stood who are gone: what leads there leads nowhere, and nobody made a mistake.

use crate::model::{Collection, PageOf, PathTemplate, Removed, Segment, Settings, decode, fold};
use std::sync::Arc;

/// The paths of removed records.
#[derive(Default)]
pub struct Gone {
    places: Vec<Place>,
    /// Folders of sources, and who is gone from them.
    folders: Vec<(String, Arc<Removed>)>,
}

/// The paths of one page or answer of each record.
struct Place {
    segments: Vec<Part>,
    removed: Arc<Removed>,
}

enum Part {
    Literal(String),
    Key,
    /// What a record held there went with it.
    Any,
}

impl Gone {
    pub fn of(settings: &Settings, collections: &[Arc<Collection>]) -> Self {
        let mut gone = Self::default();
        for (at, collection) in collections.iter().enumerate().filter(|(_, collection)| !collection.removed.is_empty())
        {
            let removed = Arc::new(collection.removed.clone());
            let place = |prefix: &str, path: &PathTemplate| Place {
                segments: parts(prefix, path, &collection.key),
                removed: Arc::clone(&removed),
            };
            let pages = settings.pages.iter().filter(|page| page.of == PageOf::Each(at));
            gone.places.extend(pages.map(|page| place("", &page.path.value)));
            for view in settings.views.iter().filter(|view| view.each && view.from == at) {
                let surfaces = view.surfaces.iter().map(|surface| &settings.surfaces[*surface]);
                gone.places.extend(surfaces.map(|surface| place(&surface.prefix, &view.path.value)));
            }
            let sources = settings.collections.get(at).map_or(&[][..], |decl| &decl.sources);
            gone.folders.extend(sources.iter().map(|source| (format!("{}/", source.value), Arc::clone(&removed))));
        }
        // Where no key stands in a path, nobody is told from anybody else.
        gone.places.retain(|place| place.segments.iter().any(|part| matches!(part, Part::Key)));
        gone
    }

    /// Whether a path of the site, as a text has it, was that of a removed record.
    pub fn has(&self, path: &str) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let path = decode(path).unwrap_or_else(|| path.to_owned());
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        self.places.iter().any(|place| place.has(&segments))
    }

    /// Whether a file was that of a removed record.
    pub fn had(&self, path: &str) -> bool {
        self.folders.iter().any(|(folder, removed)| {
            let Some(below) = path.strip_prefix(folder.as_str()) else { return false };
            let stem = below.rsplit_once('.').map_or(below, |(stem, _)| stem);
            let stem = stem.strip_suffix("/index").unwrap_or(stem);
            removed.has(stem.rsplit('/').next().unwrap_or(stem))
        })
    }
}

impl Place {
    fn has(&self, segments: &[&str]) -> bool {
        let last = segments.len().saturating_sub(1);
        let fits = |(at, (part, segment)): (usize, (&Part, &&str))| match part {
            Part::Literal(literal) => literal.eq_ignore_ascii_case(segment),
            Part::Any => true,
            Part::Key => {
                let slug = fold(segment.chars());
                let plain = [".html", ".json"].iter().find_map(|kind| slug.strip_suffix(kind)).filter(|_| at == last);
                self.removed.has_slug(&slug) || plain.is_some_and(|slug| self.removed.has_slug(slug))
            }
        };
        self.segments.len() == segments.len() && self.segments.iter().zip(segments).enumerate().all(fits)
    }
}

fn parts(prefix: &str, path: &PathTemplate, key: &str) -> Vec<Part> {
    let prefix = prefix.split('/').filter(|segment| !segment.is_empty()).map(|text| Part::Literal(text.to_owned()));
    let own = path.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => Part::Literal(text.clone()),
        Segment::Field(name) if name == key => Part::Key,
        Segment::Field(_) => Part::Any,
    });
    prefix.chain(own).collect()
}

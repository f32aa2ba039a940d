//! The route table as requests are matched against it: by the dev server here, by the edge function in JavaScript.

use super::resolve::LONGEST_PATH_OF_A_KEY;
use crate::model::{Artifact, Segment, Settings, encode_path};
use std::collections::BTreeSet;

/// What a request is matched against.
#[derive(Debug, Default)]
pub struct RouteTable {
    /// The path under which the site is hosted, by segments; empty for the root of its host.
    pub base: Vec<String>,
    pub surfaces: Vec<TableSurface>,
    /// In the order in which they are tried: a literal segment before a field, from the left.
    pub routes: Vec<TableRoute>,
    /// Keys of files whose own URL the rules would take for something else.
    pub files: BTreeSet<String>,
    /// Paths of answers whose last segment ends in `.json` by itself, in lower case.
    pub dotted: BTreeSet<String>,
}

#[derive(Debug)]
pub struct TableSurface {
    pub prefix: Vec<String>,
}

/// One view, on all of its surfaces.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableRoute {
    pub segments: Vec<TableSegment>,
    /// Index into the settings' views.
    pub view: usize,
    pub surfaces: Vec<usize>,
    /// The greatest limit of a list; `None` for single documents.
    pub max: Option<usize>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableSegment {
    Literal(String),
    /// A slug.
    Field,
}

/// An answer that no request reaches, by the index of its artifact.
#[derive(Debug)]
pub struct Unreachable {
    pub artifact: usize,
    /// What is wrong with the request that should reach it.
    pub why: String,
}

impl RouteTable {
    pub fn of(settings: &Settings) -> Self {
        let segments = |path: &str| path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        let mut routes: Vec<TableRoute> = settings.views.iter().enumerate().map(route).collect();
        routes.sort_unstable();
        Self {
            base: segments(settings.site.base_path()),
            surfaces: settings.surfaces.iter().map(|s| TableSurface { prefix: segments(&s.prefix) }).collect(),
            routes,
            ..Self::default()
        }
    }

    /// Takes note of the artifacts that need more than the rules, and tells those that their own URL does not reach.
    /// `artifacts` are in order of key.
    pub fn admit(&mut self, artifacts: &[Artifact]) -> Vec<Unreachable> {
        let shadows = self.shadows();
        let there = |key: &str| artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).is_ok();
        let mut unreachable = Vec::new();
        for (at, artifact) in artifacts.iter().enumerate() {
            let mut report = |why: String| unreachable.push(Unreachable { artifact: at, why });
            let instead = |url: &str, key: &str| format!("`{url}` is answered with `{key}`");
            let Some(view) = artifact.origin.view() else {
                let url = encode_path(&artifact.key);
                match self.resolve("GET", &url, None).key() {
                    Some(key) if key == artifact.key => {}
                    Some(other) if there(other) => report(instead(&url, other)),
                    _ => drop(self.files.insert(artifact.key.clone())),
                }
                continue;
            };
            let Some(path) = artifact.key.strip_suffix(".json") else { continue };
            if path.len() > LONGEST_PATH_OF_A_KEY {
                report(format!("its path has {} bytes, and S3 takes {LONGEST_PATH_OF_A_KEY} of a list's", path.len()));
            }
            if path.strip_suffix(".json").is_some() {
                if there(path) {
                    report(instead(&encode_path(path), path));
                } else {
                    self.dotted.insert(path.to_ascii_lowercase());
                }
            }
            if let Some(reaches) = shadows.iter().find_map(|shadow| shadow.over(self, view, path)) {
                report(instead(&encode_path(path), &reaches));
            }
        }
        unreachable
    }

    /// Routes that an earlier one may take paths from, on each surface that they share.
    fn shadows(&self) -> Vec<Shadow> {
        let mut shadows = Vec::new();
        for (later, route) in self.routes.iter().enumerate() {
            for (earlier, other) in self.routes[..later].iter().enumerate() {
                let shared = route.surfaces.iter().filter(|surface| other.surfaces.contains(surface));
                let overlap = route.segments.len() == other.segments.len()
                    && route.segments.iter().zip(&other.segments).all(|pair| match pair {
                        (TableSegment::Literal(a), TableSegment::Literal(b)) => a.eq_ignore_ascii_case(b),
                        _ => true,
                    });
                shadows.extend(shared.filter(|_| overlap).map(|surface| Shadow { earlier, later, surface: *surface }));
            }
        }
        shadows
    }
}

/// Two routes that may fit one path: the earlier takes it.
struct Shadow {
    earlier: usize,
    later: usize,
    surface: usize,
}

impl Shadow {
    /// What takes the place of the answer of `view` at `path`.
    fn over(&self, table: &RouteTable, view: usize, path: &str) -> Option<String> {
        if table.routes[self.later].view != view {
            return None;
        }
        let mut segments = path.split('/');
        let on_surface = table.surfaces[self.surface].prefix.iter().all(|prefix| segments.next() == Some(prefix));
        let earlier = &table.routes[self.earlier].segments;
        let fits = on_surface
            && earlier.iter().all(|segment| match (segment, segments.next()) {
                (TableSegment::Literal(literal), Some(text)) => literal.eq_ignore_ascii_case(text),
                (TableSegment::Field, text) => text.is_some(),
                (_, None) => false,
            })
            && segments.next().is_none();
        fits.then(|| table.resolve("GET", &encode_path(path), None).key().unwrap_or_default().to_owned())
    }
}

fn route((index, view): (usize, &crate::model::View)) -> TableRoute {
    let segments = view.path.value.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => TableSegment::Literal(text.clone()),
        Segment::Field(_) => TableSegment::Field,
    });
    TableRoute {
        segments: segments.collect(),
        view: index,
        surfaces: view.surfaces.clone(),
        max: (!view.each).then_some(view.limit.max),
    }
}

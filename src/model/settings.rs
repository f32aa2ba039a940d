//! What `site/site.toml` declares, checked and placed.

use super::codes::code;
use super::diagnostic::Diagnostic;
use super::page::{Badge, Feed, Page};
use super::path::PathTemplate;
use super::scoring::{Score, Source};
use super::text::Place;
use super::writes::{TOMBSTONES, Writes};

/// A value and where it is written, so that a fault found later can point at it.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    pub value: T,
    pub at: Place,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub site: SiteInfo,
    pub openapi: OpenApi,
    pub collections: Vec<CollectionDecl>,
    /// Names of collections whose declaration has faults that leave nothing to read.
    pub broken_collections: Vec<String>,
    pub sources: Vec<Source>,
    /// Names of sources whose declaration has faults that leave nothing to ask.
    pub broken_sources: Vec<String>,
    pub scores: Vec<Score>,
    pub surfaces: Vec<Surface>,
    pub views: Vec<View>,
    pub pages: Vec<Page>,
    pub feeds: Vec<Feed>,
    pub badges: Vec<Badge>,
    /// Where the index for searching the pages is published; none where the site has no search.
    pub search: Option<Placed<PathTemplate>>,
    pub writes: Writes,
}

#[derive(Clone, Debug)]
pub struct SiteInfo {
    pub name: String,
    /// Canonical, without a slash at its end; empty where the site declares none.
    pub base_url: String,
    pub time_zone: jiff::tz::TimeZone,
    /// How many artifacts a build may make.
    pub max_artifacts: usize,
    /// How large an input file may be, in bytes.
    pub max_file_bytes: u64,
    pub markdown: Manner,
}

/// How Markdown is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Whether raw HTML stands as it is written.
    pub trusted: bool,
    /// Whether quotation marks, dashes and dots become those of print.
    pub smart: bool,
    /// Whether code is coloured; `None` means where the site has pages.
    pub highlight: Option<bool>,
    /// Whether the site has pages that links lead to.
    pub linked: bool,
}

/// What the OpenAPI document says besides the routes; empty where the site says nothing.
#[derive(Clone, Debug, Default)]
pub struct OpenApi {
    pub title: String,
    pub description: String,
    /// An SPDX identifier.
    pub license: String,
    /// Whether there is an API reference at `/api-docs`.
    pub reference: bool,
}

#[derive(Clone, Debug)]
pub struct CollectionDecl {
    pub name: String,
    pub at: Place,
    pub sources: Vec<Placed<String>>,
    pub key: Placed<String>,
    pub schema: Option<Placed<String>>,
    pub private: Vec<Placed<String>>,
    pub derive: Vec<Derived>,
    /// Whether its records are pages of their own, named by their paths below `content`.
    pub pages: bool,
}

/// A computed member: its name, and a minijinja expression over the record.
#[derive(Clone, Debug)]
pub struct Derived {
    pub name: String,
    pub expression: Placed<String>,
}

/// A family of URLs that answer in one shape.
#[derive(Clone, Debug)]
pub struct Surface {
    pub name: String,
    pub at: Place,
    /// Starts with a slash and does not end with one; empty for the root.
    pub prefix: String,
    pub shape: Shape,
    /// Raised when its answers change in a way that breaks clients.
    pub version: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The array or the object itself.
    Bare,
    /// `{ data, meta, links }`.
    Envelope,
}

/// One declared answer shape.
#[derive(Clone, Debug)]
pub struct View {
    pub path: Placed<PathTemplate>,
    /// Index into [`Settings::collections`].
    pub from: usize,
    /// The `from` as it is written.
    pub from_at: Place,
    pub filter: Option<Placed<String>>,
    pub group: Option<Group>,
    pub count: Option<Count>,
    pub sort: Vec<Placed<Sort>>,
    pub rank: Option<Rank>,
    pub fields: Option<Vec<Placed<String>>>,
    pub each: bool,
    pub about: About,
    pub limit: Limit,
    /// Rows on a page.
    pub page: Option<usize>,
    /// Fields that hold keys of other collections, and the index of that collection.
    pub lookup: Vec<(Placed<String>, usize)>,
    /// Indices into [`Settings::surfaces`].
    pub surfaces: Vec<usize>,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub field: Placed<String>,
    pub values: Option<Vec<Placed<String>>>,
}

#[derive(Clone, Debug)]
pub struct Count {
    pub field: Placed<String>,
    /// The name of the value's member in a row.
    pub label: String,
    pub values: Option<Vec<Placed<String>>>,
}

/// A sort key: an expression over a row, and its direction.
#[derive(Clone, Debug)]
pub struct Sort {
    pub expression: String,
    pub descending: bool,
}

/// The members that `rank` adds to rows; the last two where it tells of movement.
pub const RANK_MEMBERS: [&str; 5] = ["rank", "position", "tied", "delta", "trend"];

#[derive(Clone, Debug)]
pub struct Rank {
    pub by: Placed<String>,
    pub method: RankMethod,
    /// Over how many days a member's movement is told.
    pub movement_days: Option<u32>,
}

/// What an `each` document tells of its record.
#[derive(Clone, Debug)]
pub enum About {
    /// The record itself.
    Record,
    /// Where it stands in a ranked view (its index), and who stands next to it.
    Standing(usize),
    /// How its numbers came about, and whether it is ranked.
    Explain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankMethod {
    /// 1, 2, 2, 4
    Competition,
    /// 1, 2, 2, 3
    Dense,
    /// 1, 2, 3, 4
    Ordinal,
}

/// Bounds of a list's `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The rows of an answer without a limit; all of them where this is `None`.
    pub default: Option<usize>,
    pub max: usize,
}

impl Shape {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Envelope => "envelope",
        }
    }
}

impl SiteInfo {
    /// The path under which the site is hosted: `/club` for `https://example.org/club`, else empty.
    pub fn base_path(&self) -> &str {
        let Some((_, rest)) = self.base_url.split_once("://") else { return "" };
        rest.find('/').map_or("", |slash| &rest[slash..])
    }
}

impl Surface {
    /// The object key of `path` on this surface.
    pub fn key(&self, path: &str) -> String {
        let prefix = self.prefix.trim_start_matches('/');
        if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") }
    }

    /// The fault of a page or the like at a path of the surface: no request reaches it.
    pub fn hides(&self, path: &str, at: Place) -> Diagnostic {
        let message = format!("`/{path}` is below the surface `{}`, whose requests the API answers", self.name);
        let fault = Diagnostic::error(code::BAD_PATH, at, message);
        match self.prefix.as_str() {
            "" => fault.help("give the surface a prefix, such as `/api`"),
            prefix => fault.help(format!("choose a path outside `{prefix}`")),
        }
    }

    /// Whether a path is that of the surface or below it, in whatever letter case; the root of a host is nobody's.
    fn answers(&self, path: &str) -> bool {
        let segments = |path: &str| {
            path.split('/').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect::<Vec<_>>()
        };
        let path = segments(path);
        !path.is_empty() && path.starts_with(&segments(&self.prefix))
    }
}

impl View {
    /// Whether it ranks all of its records in one list.
    pub fn is_ranking(&self) -> bool {
        self.rank.is_some() && !self.each && self.group.is_none() && self.count.is_none()
    }
}

impl Settings {
    pub fn collection(&self, name: &str) -> Option<usize> {
        self.collections.iter().position(|c| c.name == name)
    }

    /// The surface that carries what the build says of itself: the first enveloped one, else the first.
    pub fn home_surface(&self) -> Option<&Surface> {
        self.surfaces.iter().find(|s| s.shape == Shape::Envelope).or_else(|| self.surfaces.first())
    }

    /// The surface whose requests a path is one of, which is the one with the longest prefix; not percent-encoded.
    pub fn surface_of(&self, path: &str) -> Option<&Surface> {
        let mut surfaces: Vec<&Surface> = self.surfaces.iter().filter(|surface| surface.answers(path)).collect();
        surfaces.sort_by_key(|surface| surface.prefix.len());
        surfaces.pop()
    }

    /// The scores of the members of a collection.
    pub fn scores_of(&self, collection: usize) -> impl Iterator<Item = &Score> {
        self.scores.iter().filter(move |score| self.sources[score.from].members == collection)
    }

    /// The files and folders that a build of this site reads besides `site/site.toml`.
    pub fn wanted(&self) -> Vec<String> {
        let mut wanted = vec!["site/static".to_owned()];
        if !self.pages.is_empty() {
            // Pages may be files of their own.
            wanted.extend(["content".to_owned(), "site/templates".to_owned()]);
        }
        for collection in &self.collections {
            wanted.extend(collection.sources.iter().map(|s| s.value.clone()));
            wanted.extend(collection.schema.iter().map(|s| s.value.clone()));
        }
        for source in &self.sources {
            wanted.extend([source.facts(), source.checks()]);
        }
        wanted.extend(self.writes.collections.iter().map(|decl| decl.schema.value.clone()));
        wanted.extend(self.writes.wanted());
        wanted.push(TOMBSTONES.to_owned());
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }
}

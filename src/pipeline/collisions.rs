//! Artifacts that meet on one key, told at the later declaration.

use crate::content::settings;
use crate::contract::Unreachable;
use crate::model::{
    Artifact, ArtifactOrigin, Collection, Diagnostic, Locate, PageOf, PathTemplate, Place, Settings, code, decode,
    page_url,
};
use crate::release;
use std::sync::Arc;

/// Where things are declared.
pub struct Declared<'a> {
    pub settings: &'a Settings,
    pub collections: &'a [Arc<Collection>],
    /// Pages that are files of their own.
    pub plain: Option<&'a Arc<Collection>>,
    pub locate: &'a dyn Locate,
}

/// Two artifacts on one key, told at the later declaration.
pub fn told(declared: &Declared<'_>, artifacts: &[Artifact]) -> Vec<Diagnostic> {
    let settings = declared.settings;
    let describe = |artifact: &Artifact| declared.of(artifact);
    let found = release::collisions(artifacts);
    let found = found
        .into_iter()
        .filter(|c| !declared.known(artifacts[c.later].origin, artifacts[c.earlier].origin))
        .map(|collision| {
            let (earlier, later) = (&artifacts[collision.earlier], &artifacts[collision.later]);
            let ((first, at_first), (second, at_second)) = (describe(earlier), describe(later));
            let message = if earlier.key == later.key {
                format!("{second} and {first} both make `{}`", collision.key)
            } else {
                format!("{second} and {first} need `{}` as a file and as a folder", collision.key)
            };
            Diagnostic::error(code::KEY_COLLISION, at_second, message)
                .help(format!("the other is declared at {at_first}"))
        });
    let reserved = artifacts.iter().filter(|artifact| is_reserved(settings, &artifact.key)).map(|artifact| {
        let (what, at) = describe(artifact);
        Diagnostic::error(
            code::KEY_COLLISION,
            at,
            format!("{what} makes `{}`, which the build makes itself", artifact.key),
        )
    });
    found.chain(reserved).collect()
}

/// Answers that their own URL does not reach, told where they are declared.
pub fn unreachable(declared: &Declared<'_>, artifacts: &[Artifact], unreachable: &[Unreachable]) -> Vec<Diagnostic> {
    let told = |found: &Unreachable| {
        let (what, at) = declared.of(&artifacts[found.artifact]);
        let message = format!("no request reaches {what}: {}", found.why);
        Diagnostic::error(code::UNREACHABLE, at, message)
            .help("give one of the two another name, or a view another path")
    };
    unreachable.iter().map(told).collect()
}

/// Pages where the API answers, told at what names them.
pub fn below_surfaces(declared: &Declared<'_>, artifacts: &[Artifact]) -> Vec<Diagnostic> {
    let settings = declared.settings;
    let told = |artifact: &Artifact| {
        let is_told = match artifact.origin {
            ArtifactOrigin::Page(page) => {
                settings.surface_of(&settings.pages[page as usize].path.value.to_string()).is_some()
            }
            ArtifactOrigin::PageOf { .. } | ArtifactOrigin::Plain(_) => false,
            ArtifactOrigin::PageAlias { .. } | ArtifactOrigin::PlainAlias { .. } => false,
            _ => true,
        };
        let path = decode(&page_url(&artifact.key)).filter(|_| !is_told)?;
        let path = path.trim_start_matches('/');
        let surface = settings.surface_of(path)?;
        Some(surface.hides(path, declared.of(artifact).1))
    };
    artifacts.iter().filter_map(told).collect()
}

/// Keys that no view, page or file may have.
pub fn is_reserved(settings: &Settings, key: &str) -> bool {
    is_sealed(settings, key) || settings.writes.are_there() && is_of_receipts(settings, key)
}

/// Whether a key is that of the folder of receipts, or below it, in whatever letter case.
fn is_of_receipts(settings: &Settings, key: &str) -> bool {
    let Some(folder) = settings.home_surface().map(|home| home.key(release::RECEIPTS)) else { return false };
    let begins = key.get(..folder.len()).is_some_and(|start| start.eq_ignore_ascii_case(&folder));
    begins && (key.len() == folder.len() || key[folder.len()..].starts_with('/'))
}

/// Keys of the build's own documents that are not among the artifacts yet, and its state.
pub fn is_sealed(settings: &Settings, key: &str) -> bool {
    let own = |name: &str| settings.home_surface().is_some_and(|surface| surface.key(name) == key);
    own("manifest.json") || own("status.json") || key == ".precast" || key.starts_with(".precast/")
}

impl Declared<'_> {
    /// What an artifact is made for, and where that is declared.
    fn of(&self, artifact: &Artifact) -> (String, Place) {
        match artifact.origin {
            ArtifactOrigin::Build => ("the build".to_owned(), Place::file(settings::PATH)),
            ArtifactOrigin::Static => {
                let path = format!("site/static/{}", artifact.key);
                (format!("the file `{path}`"), Place::file(&path))
            }
            ArtifactOrigin::View(view) => {
                let path = &self.settings.views[view as usize].path;
                (format!("the view `{}`", path.value), path.at.clone())
            }
            ArtifactOrigin::Group { view, record, item } => {
                let item = Some(item as usize).filter(|_| item != u32::MAX);
                let group = self.settings.views[view as usize].group.as_ref().map(|group| group.field.value.as_str());
                let (_, place) = self.of_view(view, record, group, item);
                (format!("a group of the view `{}`", self.settings.views[view as usize].path.value), place)
            }
            ArtifactOrigin::Record { view, record } => self.of_view(view, record, None, None),
            ArtifactOrigin::Alias { view, record, item } => {
                let (what, place) = self.of_view(view, record, Some("aliases"), Some(item as usize));
                (format!("an alias of {what}"), place)
            }
            ArtifactOrigin::Page(page) => {
                let path = &self.settings.pages[page as usize].path;
                (format!("the page `/{}`", path.value), path.at.clone())
            }
            ArtifactOrigin::PageOf { page, record } => self.of_page(page, record),
            ArtifactOrigin::Feed(feed) => {
                let path = &self.settings.feeds[feed as usize].path;
                (format!("the feed `/{}`", path.value), path.at.clone())
            }
            ArtifactOrigin::Badge { badge, record } => {
                let badge = &self.settings.badges[badge as usize];
                let what = format!("of the badge `/{}`", badge.path.value);
                self.record(&badge.path.value, badge.from, record, None, None, &what)
            }
            ArtifactOrigin::PageAlias { page, record, item } => {
                let (what, _) = self.of_page(page, record);
                let collection = match self.settings.pages[page as usize].of {
                    PageOf::Each(from) => Some(&self.collections[from]),
                    PageOf::One | PageOf::Rows(_) => None,
                };
                (format!("an alias of {what}"), self.in_file(collection, record, "aliases", Some(item)))
            }
            ArtifactOrigin::Plain(record) => {
                let place = self.in_file(self.plain, record, "slug", None);
                (format!("the page of `{}`", place.path), place)
            }
            ArtifactOrigin::PlainAlias { record, item } => {
                let place = self.in_file(self.plain, record, "aliases", Some(item));
                (format!("an alias of the page of `{}`", place.path), place)
            }
        }
    }

    /// The place of a member of a record, or of its item.
    fn in_file(&self, collection: Option<&Arc<Collection>>, record: u32, field: &str, item: Option<u32>) -> Place {
        let item = item.map(|item| item as usize);
        let found = collection.and_then(|collection| Some((collection, collection.records.get(record as usize)?)));
        found.map_or_else(
            || Place::file("content"),
            |(collection, record)| self.locate.locate(collection, record, field, item),
        )
    }

    /// Whether the meeting of two was told where one of them is written: an alias that is another record's key or alias,
    /// two declarations on one path.
    fn known(&self, later: ArtifactOrigin, earlier: ArtifactOrigin) -> bool {
        let Settings { views, pages, badges, .. } = self.settings;
        let shape = |page: u32| pages[page as usize].path.value.shape();
        match (later, earlier) {
            (
                ArtifactOrigin::Alias { view, .. },
                ArtifactOrigin::Record { view: other, .. } | ArtifactOrigin::Alias { view: other, .. },
            ) => views[view as usize].from == views[other as usize].from,
            (
                ArtifactOrigin::PageAlias { page, record, item },
                ArtifactOrigin::PageOf { page: other, .. } | ArtifactOrigin::PageAlias { page: other, .. },
            ) => match (pages[page as usize].of, pages[other as usize].of) {
                (PageOf::Each(from), PageOf::Each(other)) if from == other => {
                    is_taken(&self.collections[from], record, item)
                }
                _ => false,
            },
            (
                ArtifactOrigin::PlainAlias { record, item },
                ArtifactOrigin::Plain(_) | ArtifactOrigin::PlainAlias { .. },
            ) => self.plain.is_some_and(|plain| is_taken(plain, record, item)),
            (
                ArtifactOrigin::Page(page) | ArtifactOrigin::PageOf { page, .. },
                ArtifactOrigin::Page(other) | ArtifactOrigin::PageOf { page: other, .. },
            ) => page != other && shape(page) == shape(other),
            (ArtifactOrigin::Badge { badge, .. }, ArtifactOrigin::Badge { badge: other, .. }) => {
                let shape = |badge: u32| badges[badge as usize].path.value.shape();
                badge != other && shape(badge) == shape(other)
            }
            _ => false,
        }
    }

    fn of_view(&self, view: u32, record: u32, field: Option<&str>, item: Option<usize>) -> (String, Place) {
        let view = &self.settings.views[view as usize];
        let what = format!("of the view `{}`", view.path.value);
        self.record(&view.path.value, view.from, record, field, item, &what)
    }

    fn of_page(&self, page: u32, record: u32) -> (String, Place) {
        let page = &self.settings.pages[page as usize];
        let what = format!("of the page `/{}`", page.path.value);
        match page.of {
            PageOf::Each(from) => self.record(&page.path.value, from, record, None, None, &what),
            PageOf::One | PageOf::Rows(_) => (format!("the page `/{}`", page.path.value), page.path.at.clone()),
        }
    }

    fn record(
        &self,
        path: &PathTemplate,
        from: usize,
        record: u32,
        field: Option<&str>,
        item: Option<usize>,
        of: &str,
    ) -> (String, Place) {
        let collection = &self.collections[from];
        let record = &collection.records[record as usize];
        let named = || path.fields().find(|name| *name == collection.key).or_else(|| path.fields().last());
        let field = field.or_else(named).unwrap_or_default();
        let place = self.locate.locate(collection, record, field, item);
        (format!("the record `{}` {of}", record.key), place)
    }
}

/// Whether an alias of a record leads to another, by its key or by an alias of it.
fn is_taken(collection: &Collection, record: u32, item: u32) -> bool {
    let aliases = collection.records[record as usize].written_aliases();
    let alias = aliases.iter().find(|(at, _)| *at == item);
    alias.and_then(|(_, alias)| collection.position(alias)).is_some_and(|owner| owner != record)
}

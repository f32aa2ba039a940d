//! Artifacts that meet on one key, told at the later declaration.

use crate::content::settings;
use crate::contract::Unreachable;
use crate::model::{
    Artifact, ArtifactOrigin, Collection, Diagnostic, Locate, PageOf, PathTemplate, Place, Settings, code,
};
use crate::release;
use std::sync::Arc;

/// Two artifacts on one key, told at the later declaration.
pub fn told(
    settings: &Settings,
    collections: &[Arc<Collection>],
    locate: &dyn Locate,
    artifacts: &[Artifact],
) -> Vec<Diagnostic> {
    let describe = |artifact: &Artifact| declaration(settings, collections, locate, artifact);
    // An alias that is another record's key or alias was told where it is written.
    let known = |later: ArtifactOrigin, earlier: ArtifactOrigin| match (later, earlier) {
        (
            ArtifactOrigin::Alias { view, .. },
            ArtifactOrigin::Record { view: other, .. } | ArtifactOrigin::Alias { view: other, .. },
        ) => settings.views[view as usize].from == settings.views[other as usize].from,
        _ => false,
    };
    let found = release::collisions(artifacts);
    let found =
        found.into_iter().filter(|c| !known(artifacts[c.later].origin, artifacts[c.earlier].origin)).map(|collision| {
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
pub fn unreachable(
    settings: &Settings,
    collections: &[Arc<Collection>],
    locate: &dyn Locate,
    artifacts: &[Artifact],
    unreachable: &[Unreachable],
) -> Vec<Diagnostic> {
    let told = |found: &Unreachable| {
        let (what, at) = declaration(settings, collections, locate, &artifacts[found.artifact]);
        let message = format!("no request reaches {what}: {}", found.why);
        Diagnostic::error(code::UNREACHABLE, at, message)
            .help("give one of the two another name, or a view another path")
    };
    unreachable.iter().map(told).collect()
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

fn declaration(
    settings: &Settings,
    collections: &[Arc<Collection>],
    locate: &dyn Locate,
    artifact: &Artifact,
) -> (String, Place) {
    let declared = Declared { settings, collections, locate };
    match artifact.origin {
        ArtifactOrigin::Build => ("the build".to_owned(), Place::file(settings::PATH)),
        ArtifactOrigin::Static => {
            let path = format!("site/static/{}", artifact.key);
            (format!("the file `{path}`"), Place::file(&path))
        }
        ArtifactOrigin::View(view) => {
            let path = &settings.views[view as usize].path;
            (format!("the view `{}`", path.value), path.at.clone())
        }
        ArtifactOrigin::Group { view, record, item } => {
            let item = Some(item as usize).filter(|_| item != u32::MAX);
            let group = settings.views[view as usize].group.as_ref().map(|group| group.field.value.as_str());
            let (_, place) = declared.of_view(view, record, group, item);
            (format!("a group of the view `{}`", settings.views[view as usize].path.value), place)
        }
        ArtifactOrigin::Record { view, record } => declared.of_view(view, record, None, None),
        ArtifactOrigin::Alias { view, record, item } => {
            let (what, place) = declared.of_view(view, record, Some("aliases"), Some(item as usize));
            (format!("an alias of {what}"), place)
        }
        ArtifactOrigin::Page(page) => {
            let path = &settings.pages[page as usize].path;
            (format!("the page `/{}`", path.value), path.at.clone())
        }
        ArtifactOrigin::PageOf { page, record } => declared.of_page(page, record),
        ArtifactOrigin::Feed(feed) => {
            let path = &settings.feeds[feed as usize].path;
            (format!("the feed `/{}`", path.value), path.at.clone())
        }
        ArtifactOrigin::Badge { badge, record } => {
            let badge = &settings.badges[badge as usize];
            let what = format!("of the badge `/{}`", badge.path.value);
            declared.record(&badge.path.value, badge.from, record, None, None, &what)
        }
        ArtifactOrigin::Plain(_) => (format!("the page `{}`", artifact.key), Place::file("content")),
    }
}

/// Where things are declared.
struct Declared<'a> {
    settings: &'a Settings,
    collections: &'a [Arc<Collection>],
    locate: &'a dyn Locate,
}

impl Declared<'_> {
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

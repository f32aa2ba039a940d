//! One file to serve.

use super::body::Body;

#[derive(Clone, Debug)]
pub struct Artifact {
    /// The object key: a relative path with `/`.
    pub key: String,
    pub media_type: &'static str,
    pub cache: CacheClass,
    pub body: Body,
    pub origin: ArtifactOrigin,
}

/// What an artifact is made for: where two meet on one key, both are named. The order is that of declaration: the
/// later one is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArtifactOrigin {
    /// What the build says of itself.
    Build,
    /// A list of a view, by the view's index.
    View(u32),
    /// A file of `site/static/`.
    Static,
    /// One group's list, by view and by the value that first names it: its record, and its item in a list (else the
    /// greatest number).
    Group { view: u32, record: u32, item: u32 },
    /// One record's document.
    Record { view: u32, record: u32 },
    /// A page that is declared, or one of the pages of its lists, by the declaration's index.
    Page(u32),
    /// The page of one record.
    PageOf { page: u32, record: u32 },
    /// A feed, by the declaration's index.
    Feed(u32),
    /// A badge of one record.
    Badge { badge: u32, record: u32 },
    /// A page that is a file of its own, by the index of its record.
    Plain(u32),
    /// The document of a record at one of its aliases.
    Alias { view: u32, record: u32, item: u32 },
    /// What leads to the page of a record from one of its aliases.
    PageAlias { page: u32, record: u32, item: u32 },
    /// The same of a page that is a file of its own.
    PlainAlias { record: u32, item: u32 },
}

impl ArtifactOrigin {
    /// The view that it answers, by its index.
    pub fn view(self) -> Option<usize> {
        match self {
            Self::View(view) | Self::Group { view, .. } | Self::Record { view, .. } | Self::Alias { view, .. } => {
                Some(view as usize)
            }
            Self::Build
            | Self::Static
            | Self::Page(_)
            | Self::PageOf { .. }
            | Self::Feed(_)
            | Self::Badge { .. }
            | Self::Plain(_)
            | Self::PageAlias { .. }
            | Self::PlainAlias { .. } => None,
        }
    }
}

/// How long an answer may be kept. A layout turns the class into headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheClass {
    /// An answer of the API: as old as the release.
    View,
    /// A file of `site/static/`, at a name that can change its bytes.
    Asset,
    /// A file whose name changes with its bytes.
    Immutable,
    /// What the build says of itself; changes with every release.
    Meta,
}

impl CacheClass {
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Asset => "asset",
            Self::Immutable => "immutable",
            Self::Meta => "meta",
        }
    }

    /// The class of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::View, Self::Asset, Self::Immutable, Self::Meta].into_iter().find(|class| class.name() == name)
    }
}

//! Pages that `site/site.toml` declares.

use super::path::PathTemplate;
use super::settings::Placed;

/// A page, or one for each of something.
#[derive(Clone, Debug)]
pub struct Page {
    /// Without the slash at its beginning; the root has no segments.
    pub path: Placed<PathTemplate>,
    /// A file below `site/templates`.
    pub template: Placed<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    /// Whether search engines are told of it.
    pub indexed: bool,
    pub of: PageOf,
}

/// What pages are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageOf {
    /// One page by itself.
    One,
    /// The rows of a list, or of each list of a group: the index of the view.
    Rows(usize),
    /// One page for each record: the index of the collection.
    Each(usize),
}

/// A feed of the rows of a list, or of each list of a group, as Atom and as JSON Feed.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Without the slash at its beginning, and without an extension.
    pub path: Placed<PathTemplate>,
    /// The index of the view.
    pub view: Placed<usize>,
    pub title: Option<String>,
    /// How many entries it has at most.
    pub limit: usize,
}

/// A small picture for each record, to be shown elsewhere.
#[derive(Clone, Debug)]
pub struct Badge {
    /// Without the slash at its beginning, and without an extension.
    pub path: Placed<PathTemplate>,
    /// The index of the collection.
    pub from: usize,
    pub label: String,
    /// An expression over the record, and over where it stands.
    pub message: Placed<String>,
    /// Hexadecimal digits.
    pub color: String,
    /// The index of the ranked view that says where a record stands.
    pub view: Option<usize>,
    /// Styles besides the flat one.
    pub styles: Vec<BadgeStyle>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeStyle {
    Flat,
    FlatSquare,
    Plastic,
    ForTheBadge,
}

impl BadgeStyle {
    pub const ALL: [Self; 4] = [Self::Flat, Self::FlatSquare, Self::Plastic, Self::ForTheBadge];

    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::FlatSquare => "flat-square",
            Self::Plastic => "plastic",
            Self::ForTheBadge => "for-the-badge",
        }
    }
}

/// The key of the page at a path: `users/mira.html`, and `index.html` for the root.
pub fn page_key(path: &str) -> String {
    if path.is_empty() { "index.html".to_owned() } else { format!("{path}.html") }
}

/// The path of the URL at which the page of a key is canonical, without the site's base path: `/users/mira`. A name with
/// a dot keeps its extension, since requests for it would else be taken for a file.
pub fn page_url(key: &str) -> String {
    let path = match key.strip_suffix(".html") {
        Some("index") => "",
        Some(path) if !path.rsplit('/').next().unwrap_or_default().contains('.') => path,
        _ => key,
    };
    super::slug::encode_path(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_canonical_without_their_extension() {
        assert_eq!((page_key(""), page_url("index.html")), ("index.html".to_owned(), "/".to_owned()));
        assert_eq!(page_url(&page_key("users/mira")), "/users/mira");
        assert_eq!(page_url(&page_key("tags/node.js")), "/tags/node.js.html");
        assert_eq!(page_url(&page_key("tags/ça va")), "/tags/%C3%A7a%20va");
    }
}

//! Lists and documents as artifacts: every limit, every page, every record, on every surface.

use crate::model::{
    Artifact, ArtifactOrigin, Body, CacheClass, Limit, Rendered, Rows, Shape, SiteInfo, Surface, encode,
};
use std::fmt::Write as _;
use std::sync::Arc;

const JSON: &str = "application/json";

/// One list, ready to be cut into answers.
pub struct List {
    /// Relative to a surface: `articles/aws`.
    pub path: String,
    pub rows: Arc<Rows>,
    pub limit: Limit,
    pub page: Option<usize>,
    pub origin: ArtifactOrigin,
}

/// How many answers a list of `rows` rows has on one surface.
pub fn count(rows: usize, limit: Limit, page: Option<usize>) -> usize {
    let pages = page.map_or(0, |size| pages(rows, size));
    limit.max.saturating_add(2).saturating_add(pages)
}

/// The pages of a list: the first is always there.
fn pages(rows: usize, size: usize) -> usize {
    rows.div_ceil(size).max(1)
}

/// Every answer of a list on one surface.
pub fn list(site: &SiteInfo, surface: &Surface, list: &List, out: &mut Vec<Artifact>) {
    let total = list.rows.len();
    let answers = Answers { site, surface, list, total };
    out.reserve(count(total, list.limit, list.page));
    let default = list.limit.default.unwrap_or(total).min(total);
    out.push(answers.artifact("", 0..default, list.limit.default, None));
    for limit in 1..=list.limit.max {
        out.push(answers.artifact(&format!("/limit/{limit}"), 0..limit.min(total), Some(limit), None));
    }
    out.push(answers.artifact("/limit/all", 0..total, None, None));
    if let Some(size) = list.page {
        let last = pages(total, size);
        for page in 1..=last {
            let range = ((page - 1) * size).min(total)..(page * size).min(total);
            out.push(answers.artifact(&format!("/page/{page}"), range, None, Some((page, last))));
        }
    }
}

struct Answers<'a> {
    site: &'a SiteInfo,
    surface: &'a Surface,
    list: &'a List,
    total: usize,
}

impl Answers<'_> {
    fn artifact(
        &self,
        suffix: &str,
        range: std::ops::Range<usize>,
        limit: Option<usize>,
        page: Option<(usize, usize)>,
    ) -> Artifact {
        let (head, tail) = match self.surface.shape {
            Shape::Bare => ("[", "]".into()),
            Shape::Envelope => ("{\"data\":[", self.tail(suffix, range.len(), limit, page)),
        };
        let range = index(range.start)..index(range.end);
        let body = Body::List { head, rows: Arc::clone(&self.list.rows), range, tail };
        let key = format!("{}{suffix}.json", self.surface.key(&self.list.path));
        Artifact { key, media_type: JSON, cache: CacheClass::View, body, origin: self.list.origin }
    }

    fn tail(&self, suffix: &str, count: usize, limit: Option<usize>, page: Option<(usize, usize)>) -> Box<str> {
        let url = url(self.site, self.surface, &self.list.path);
        let mut tail = format!("],\"meta\":{{\"total\":{},\"count\":{count}", self.total);
        if let Some(limit) = limit {
            let _ = write!(tail, ",\"limit\":{limit}");
        }
        if let Some((page, pages)) = page {
            let _ = write!(tail, ",\"page\":{page},\"pages\":{pages}");
        }
        let _ = write!(tail, "}},\"links\":{{\"self\":\"{url}{suffix}\"");
        if let Some((page, pages)) = page {
            let mut link = |name: &str, to: usize| {
                let _ = write!(tail, ",\"{name}\":\"{url}/page/{to}\"");
            };
            link("first", 1);
            if page > 1 {
                link("prev", page - 1);
            }
            if page < pages {
                link("next", page + 1);
            }
            link("last", pages);
        }
        tail.push_str("}}");
        tail.into()
    }
}

/// One record's document on one surface, at `path`; links name it by `canonical`.
pub fn document(
    site: &SiteInfo,
    surface: &Surface,
    path: &str,
    canonical: &str,
    row: (&Arc<Rendered>, u32),
    origin: ArtifactOrigin,
) -> Artifact {
    let (head, tail) = match surface.shape {
        Shape::Bare => ("", Box::default()),
        Shape::Envelope => {
            let tail = format!(",\"meta\":{{}},\"links\":{{\"self\":\"{}\"}}}}", url(site, surface, canonical));
            ("{\"data\":", tail.into())
        }
    };
    let body = Body::Document { head, rendered: Arc::clone(row.0), row: row.1, tail };
    Artifact { key: format!("{}.json", surface.key(path)), media_type: JSON, cache: CacheClass::View, body, origin }
}

/// The path of an answer's URL, percent-encoded.
fn url(site: &SiteInfo, surface: &Surface, path: &str) -> String {
    let mut url = format!("{}{}", site.base_path(), surface.prefix);
    for segment in path.split('/') {
        url.push('/');
        encode(segment, &mut url);
    }
    url
}

fn index(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

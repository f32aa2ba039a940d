//! What search engines are told of: `sitemap.xml` (sitemaps.org, protocol 0.9) and `robots.txt`.

use super::plan::Job;
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Settings, escape, media_type};
use std::fmt::Write as _;
use std::sync::Arc;

/// A sitemap holds at most so many URLs.
const LARGEST: usize = 50_000;
const OPENING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// The sitemap of the pages that are indexed, in several files where one cannot hold them; nothing where the site does
/// not say where it is.
pub fn sitemap(settings: &Settings, jobs: &[Job<'_>]) -> Vec<Artifact> {
    let base = &settings.site.base_url;
    if base.is_empty() {
        return Vec::new();
    }
    let mut urls: Vec<&str> = jobs.iter().filter(|job| job.indexed).map(|job| job.url.as_str()).collect();
    urls.sort_unstable();
    let mut made = Vec::new();
    if urls.len() <= LARGEST {
        made.push(artifact("sitemap.xml", set(base, &urls)));
    } else {
        let mut index = format!("{OPENING}<sitemapindex xmlns=\"{NAMESPACE}\">\n");
        for (at, part) in urls.chunks(LARGEST).enumerate() {
            let key = format!("sitemap-{}.xml", at + 1);
            let _ = writeln!(index, "<sitemap><loc>{}</loc></sitemap>", escape(&format!("{base}/{key}")));
            made.push(artifact(&key, set(base, part)));
        }
        made.push(artifact("sitemap.xml", index + "</sitemapindex>\n"));
    }
    // Robots read it at the root of a host alone.
    if settings.site.base_path().is_empty() {
        made.push(artifact("robots.txt", format!("User-agent: *\nAllow: /\n\nSitemap: {base}/sitemap.xml\n")));
    }
    made
}

fn set(base: &str, urls: &[&str]) -> String {
    let mut text = format!("{OPENING}<urlset xmlns=\"{NAMESPACE}\">\n");
    for url in urls {
        let _ = writeln!(text, "<url><loc>{}</loc></url>", escape(&format!("{base}{url}")));
    }
    text + "</urlset>\n"
}

fn artifact(key: &str, text: String) -> Artifact {
    Artifact {
        key: key.to_owned(),
        media_type: media_type(key),
        cache: CacheClass::View,
        body: Body::Bytes(Arc::new(text.into_bytes())),
        origin: ArtifactOrigin::Build,
    }
}

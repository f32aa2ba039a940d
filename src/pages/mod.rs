//! Answers and templates to pages: what people read.

mod answers;
mod assets;
mod badges;
mod charts;
mod each;
mod feeds;
mod filters;
mod functions;
mod plan;
pub mod prose;
mod records;
mod search;
mod sitemap;
mod tags;
mod templates;

pub use search::Index;
pub use tags::{Parts, Tags};
pub use templates::Templates;

use crate::model::{Artifact, Body, CacheClass, Collection, Diagnostic, Locate, Settings, SiteInfo, media_type};
use crate::scores::Known;
use answers::Answers;
use assets::Assets;
use functions::Shared;
use plan::{Job, Of};
use rayon::prelude::*;
use records::Records;
use std::sync::Arc;

/// The template of a page that is a file of its own under `content/`, where it names no other.
pub const PLAIN: &str = "page.html";

/// What pages are rendered from.
pub struct Site<'a> {
    pub settings: &'a Settings,
    pub collections: &'a [Arc<Collection>],
    /// Pages that are files of their own under `content/`.
    pub plain: Option<&'a Arc<Collection>>,
    pub templates: &'a Templates,
    pub locate: &'a dyn Locate,
    /// What is known of each day of members.
    pub known: Known,
}

/// Renders every page. `artifacts` are the answers and the files of `site/static/`, in order of key; `index` is that of an
/// earlier run.
pub fn run(site: &Site<'_>, artifacts: &Arc<Vec<Artifact>>, index: &mut Index) -> (Vec<Artifact>, Vec<Diagnostic>) {
    let answers = Answers::new(site.settings, artifacts);
    let (jobs, mut faults) = plan::jobs(site, &answers);
    if let Some(fault) = plan::too_many(site.settings, artifacts.len(), jobs.len()) {
        return (Vec::new(), vec![fault]);
    }
    let assets = Arc::new(Assets::new(site.settings.site.base_path(), artifacts));
    let shared = Shared {
        settings: site.settings,
        collections: site.collections,
        records: Records::new(site.collections),
        answers: answers.clone(),
        assets: Arc::clone(&assets),
        known: site.known.clone(),
        dotted: Arc::new(
            jobs.iter().filter(|job| job.url.strip_suffix(".html").is_some()).map(|job| job.url.clone()).collect(),
        ),
    };
    let environment = site.templates.environment(&shared);
    let rendered: Vec<Result<Artifact, templates::Failure>> = jobs
        .par_iter()
        .map(|job| {
            if let Of::Alias(to) = &job.of {
                return Ok(artifact(job, moved(&site.settings.site, to)));
            }
            let template = environment.get_template(&job.template);
            let html = template.and_then(|template| template.render(job.context(&shared)));
            html.map(|html| artifact(job, html)).map_err(|error| {
                let about = job.record().and_then(|(of, record)| site.locate.last_write(of, record));
                templates::Failure { page: job.url.clone(), error, about }
            })
        })
        .collect();
    let mut pages = Vec::with_capacity(rendered.len());
    let mut failures = Vec::new();
    for one in rendered {
        match one {
            Ok(page) => pages.push(page),
            Err(failure) => failures.push(failure),
        }
    }
    faults.extend(site.templates.told(failures));
    if let Some(path) = site.settings.search.as_ref().filter(|_| faults.is_empty()) {
        let found = index.of(path, &indexed(&jobs, &pages));
        match found {
            Ok(index) => pages.extend(index),
            Err(fault) => faults.push(fault),
        }
    }
    pages.extend(assets.artifacts());
    let (badges, wrong) = badges::badges(site, &answers);
    pages.extend(badges);
    faults.extend(wrong);
    let (feeds, wrong) = feeds::feeds(site, &answers, &jobs.iter().map(|job| job.url.as_str()).collect());
    pages.extend(feeds);
    faults.extend(wrong);
    let taken = |key: &str| artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).is_ok();
    pages.extend(sitemap::sitemap(site.settings, &jobs).into_iter().filter(|made| !taken(&made.key)));
    (pages, faults)
}

/// The pages that may be found, with their URLs.
fn indexed<'p>(jobs: &'p [Job<'_>], pages: &'p [Artifact]) -> Vec<(&'p str, &'p Artifact)> {
    let rendered = jobs.iter().zip(pages);
    rendered.filter(|(job, _)| job.indexed).map(|(job, page)| (job.url.as_str(), page)).collect()
}

/// The page of an alias: browsers go on, and search engines are told where it is.
fn moved(site: &SiteInfo, to: &str) -> String {
    let url = format!("{}{to}", site.base_path());
    let canonical = format!("{}{to}", site.base_url);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>This page has moved</title>\n\
         <meta name=\"robots\" content=\"noindex\">\n<link rel=\"canonical\" href=\"{canonical}\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={url}\">\n</head>\n<body>\n\
         <p>This page has moved to <a href=\"{url}\">{url}</a>.</p>\n</body>\n</html>\n"
    )
}

fn artifact(job: &Job<'_>, html: String) -> Artifact {
    Artifact {
        key: job.key.clone(),
        media_type: media_type(&job.key),
        cache: CacheClass::View,
        body: Body::Bytes(Arc::new(html.into_bytes())),
        origin: job.origin,
    }
}

//! Where the links of pages lead, whoever wrote them: templates, texts, or the build.

use crate::content::settings::PATH;
use crate::contract::{Resolution, RouteTable};
use crate::model::{Artifact, ArtifactOrigin, Body, Diagnostic, Place, Settings, code, decode, page_url};
use crate::pages::Tags;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The links that lead nowhere, each once.
pub fn broken(
    settings: &Settings,
    table: &RouteTable,
    artifacts: &[&Artifact],
    known: &(dyn Fn(&str) -> bool + Sync),
) -> Vec<Diagnostic> {
    let pages: Vec<(&Artifact, Tags)> = artifacts.par_iter().filter_map(|artifact| page(artifact)).collect();
    let there = |key: &str| known(key) || artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).is_ok();
    let base = settings.site.base_path();
    // Of each link, on how many pages it stands, the first of them first.
    let mut links: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let found: Vec<BTreeSet<String>> = pages
        .par_iter()
        .map(|(artifact, tags)| {
            let own = format!("{base}{}", page_url(&artifact.key));
            tags.addresses.iter().filter_map(|written| inside(written, &own, settings)).collect()
        })
        .collect();
    for (at, found) in found.into_iter().enumerate() {
        found.into_iter().for_each(|link| links.entry(link).or_default().push(at));
    }
    let tags = pages.iter().map(|(artifact, tags)| (artifact.key.as_str(), tags)).collect();
    links
        .iter()
        .filter_map(|(link, on)| {
            let why = wrong(link, table, &there, &tags)?;
            let (first, _) = &pages[on[0]];
            let more = match on.len() {
                1 => String::new(),
                2 => ", and so does one page more".to_owned(),
                count => format!(", and so do {} pages more", count - 1),
            };
            let message = format!("the page `{}` leads to `{link}`{more}, and {why}", page_url(&first.key));
            let fault = Diagnostic::error(code::BROKEN_LINK, declared(settings, first.origin), message);
            Some(fault.help("correct the template or the text that says so"))
        })
        .collect()
}

fn page(artifact: &Artifact) -> Option<(&Artifact, Tags)> {
    let is_page = artifact.media_type.starts_with("text/html");
    let Body::Bytes(bytes) = &artifact.body else { return None };
    is_page.then(|| (artifact, Tags::of(&String::from_utf8_lossy(bytes))))
}

/// The address with its path from the root of the host, where it is one of this site.
fn inside(written: &str, own: &str, settings: &Settings) -> Option<String> {
    let (base, base_url) = (settings.site.base_path(), settings.site.base_url.as_str());
    let whole = base_url.strip_suffix(base).filter(|origin| !origin.is_empty());
    let written = whole.and_then(|origin| written.strip_prefix(origin)).unwrap_or(written);
    let before = written.split(['/', '?', '#']).next().unwrap_or_default();
    let path = match written.bytes().next() {
        None if whole.is_some() => "/".to_owned(),
        None => return None,
        Some(b'#' | b'?') => format!("{own}{written}"),
        Some(b'/') if written.starts_with("//") => return None,
        Some(b'/') => written.to_owned(),
        Some(_) if before.contains(':') => return None,
        Some(_) => format!("{}/{written}", own.rsplit_once('/').map_or("", |(folder, _)| folder)),
    };
    let below = path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    below.then_some(path)
}

/// Why an address leads nowhere.
fn wrong(link: &str, table: &RouteTable, there: &dyn Fn(&str) -> bool, pages: &HashMap<&str, &Tags>) -> Option<String> {
    let (path, fragment) = link.split_once('#').map_or((link, None), |(path, fragment)| (path, Some(fragment)));
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let Resolution::Key { key, .. } = table.resolve("GET", path, query) else {
        return Some("no request may ask for it".to_owned());
    };
    if !there(&key) {
        return Some("nothing is there".to_owned());
    }
    let fragment = fragment.filter(|fragment| !["", "top"].contains(fragment))?;
    let fragment = decode(fragment).unwrap_or_else(|| fragment.to_owned());
    let lacks = pages.get(key.as_str()).is_some_and(|tags| tags.parts.lack(&fragment));
    lacks.then(|| "that page has no such part".to_owned())
}

fn declared(settings: &Settings, origin: ArtifactOrigin) -> Place {
    match origin {
        ArtifactOrigin::Page(page) | ArtifactOrigin::PageOf { page, .. } | ArtifactOrigin::PageAlias { page, .. } => {
            settings.pages[page as usize].path.at.clone()
        }
        _ => Place::file(PATH),
    }
}

//! Links of texts: to other files, to paths of the site, to parts of a page.

use super::media::{Published, address, joined, parted};
use super::targets::Target;
use super::{Desk, Text};
use crate::content::placeholder::Placeholder;
use crate::model::{Artifact, Body, Diagnostic, Locate, Place, Span, code, decode, page_key, page_url};
use crate::pages::Parts;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// A link whose end is only there when every page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    file: String,
    span: Span,
    /// As it is written, or the key of the page of a file.
    path: String,
    to_file: bool,
    fragment: String,
}

/// The address of what is not there.
const NOWHERE: &str = "#";

impl Desk<'_> {
    /// Where a link leads.
    pub(super) fn link(&self, placeholder: &Placeholder, text: &mut Text) -> String {
        let (path, suffix) = parted(&placeholder.written);
        let fragment = suffix.split_once('#').map_or("", |(_, fragment)| fragment);
        let mut ask = |path: &str, to_file: bool| {
            let (file, span) = (placeholder.file.clone(), placeholder.span.clone());
            let fragment = decode(fragment).unwrap_or_else(|| fragment.to_owned());
            text.asked.push(Asked { file, span, path: path.to_owned(), to_file, fragment });
        };
        let base = self.site.settings.site.base_path();
        if path.is_empty() {
            if let Some(Target::Page(key)) = self.targets.get(&placeholder.file) {
                ask(key, true);
            }
            return address(suffix);
        }
        if path.starts_with('/') && !path.starts_with("//") {
            if self.targets.is_gone(path) {
                return NOWHERE.to_owned();
            }
            ask(path, false);
            return format!("{base}{}", address(&placeholder.written));
        }
        let decoded = decode(path).unwrap_or_else(|| path.to_owned());
        let base_file = self.targets.base(&placeholder.file);
        let is_there = joined(base_file, &decoded).is_some_and(|to| self.file(&to).is_some());
        let broken = match joined(base_file, &decoded) {
            _ if path.contains(':') || path.starts_with("//") => format!("`{path}` is no link of this site"),
            None => format!("`{decoded}` leads out of `content`"),
            Some(to) => match self.file(&to) {
                Some(Target::Page(key)) => {
                    ask(&key, true);
                    return format!("{base}{}{}", page_url(&key), address(suffix));
                }
                Some(Target::NoPage(name)) => format!("`{to}` has no page: none is made of each of `{name}`"),
                // What is not published may lead to what is not: a series is written before it appears.
                Some(Target::Hidden(_)) if text.hidden => return NOWHERE.to_owned(),
                Some(Target::Hidden(why)) => format!("`{to}` {why}"),
                Some(Target::Gone) => return NOWHERE.to_owned(),
                None => {
                    if let Some(file) = self.beside(&placeholder.file, &to, suffix) {
                        text.artifacts.extend(file.artifact);
                        return file.url;
                    }
                    match self.missing(&to) {
                        Some(broken) => broken,
                        None => return NOWHERE.to_owned(),
                    }
                }
            },
        };
        let place = self.site.locate.span(&placeholder.file, &placeholder.span);
        let fault = Diagnostic::error(code::BROKEN_LINK, place, broken);
        let help = "a path counts from the file that names it; one that begins with a slash is a path of the site";
        let near = self.targets.beside(base_file);
        text.faults.push(if is_there { fault } else { fault.suggest(&decoded, near, help.to_owned()) });
        NOWHERE.to_owned()
    }

    /// A file that is no text. What stands beside content files is published when those who edit the site say so.
    fn beside(&self, file: &str, to: &str, suffix: &str) -> Option<Published> {
        if self.targets.is_written(file) {
            return None;
        }
        let mut media = self.media.lock().unwrap_or_else(PoisonError::into_inner);
        media.file(to, suffix, self.site.files, self.site.settings.site.base_path())
    }

    /// Why a file is not there; `None` where nobody made a mistake, or where it was told.
    fn missing(&self, to: &str) -> Option<String> {
        let files = self.site.files;
        if !self.targets.complete && files.is_text(to) || self.targets.was_of_gone(to) {
            return None;
        }
        Some(match files.kept_back(to) {
            Some(why) => format!("`{to}` {why}"),
            None => format!("there is no file `{to}`"),
        })
    }

    /// What a path of `content` became: a file, or a folder's `index.md`.
    fn file(&self, path: &str) -> Option<Target> {
        self.targets.get(path).or_else(|| self.targets.get(&format!("{path}/index.md"))).cloned()
    }
}

/// Looks for what links lead to, when every artifact is there: `artifacts` are in order of key.
pub fn check(
    asked: &[Asked],
    artifacts: &[Artifact],
    known: &dyn Fn(&str) -> bool,
    locate: &dyn Locate,
) -> Vec<Diagnostic> {
    let find =
        |key: &str| artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).ok().map(|at| &artifacts[at]);
    let is_html = |artifact: &&Artifact| artifact.media_type.starts_with("text/html");
    let pages = || artifacts.iter().filter(is_html).map(|page| page_url(&page.key));
    let mut read: BTreeMap<&str, Parts> = BTreeMap::new();
    let told = asked.iter().filter_map(|link| {
        let place = || locate.span(&link.file, &link.span);
        let found = if link.to_file {
            // A page that is not there was told where it fails.
            find(&link.path)?
        } else {
            let path = decode(&link.path).unwrap_or_else(|| link.path.clone());
            let path = path.trim_matches('/');
            // The page of a name with a dot is asked for with its extension.
            let page = page_key(path);
            let page = Some(page).filter(|key| with_extension(&page_url(key)) == with_extension(path));
            let others = [path.to_owned(), format!("{path}.json"), format!("{path}/index.html")];
            let mut keys = page.into_iter().chain(others);
            if keys.clone().any(|key| known(&key)) {
                return None;
            }
            match keys.find_map(|key| find(&key)) {
                Some(found) => found,
                None => return Some(nothing(&link.path, pages(), place())),
            }
        };
        let fragment = Some(link.fragment.as_str()).filter(|fragment| !["", "top"].contains(fragment))?;
        let Body::Bytes(bytes) = &found.body else { return None };
        let html = std::str::from_utf8(bytes).ok().filter(|_| is_html(&found))?;
        let parts = read.entry(&found.key).or_insert_with(|| Parts::of(html));
        if !parts.lack(fragment) {
            return None;
        }
        let message = format!("the page `{}` has no part `#{fragment}`", page_url(&found.key));
        let fault = Diagnostic::error(code::BROKEN_LINK, place(), message);
        let help = "headings are named by their words: `## What next` is `#what-next`";
        Some(fault.suggest(fragment, parts.names.iter().map(String::as_str), help.to_owned()))
    });
    told.collect()
}

fn with_extension(path: &str) -> bool {
    path.strip_suffix(".html").is_some()
}

fn nothing(path: &str, pages: impl Iterator<Item = String>, place: Place) -> Diagnostic {
    let pages: Vec<String> = pages.collect();
    let fault = Diagnostic::error(code::BROKEN_LINK, place, format!("there is nothing at `{path}`"));
    let help = "a path that begins with a slash is that of a page, of an answer or of a file of `site/static`";
    fault.suggest(path, pages.iter().map(String::as_str), help.to_owned())
}

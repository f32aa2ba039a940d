//! The index for searching the pages in a browser: Pagefind's, made of the pages as they are published.

use crate::model::{Artifact, Diagnostic, PathTemplate, Placed, code};
#[cfg(feature = "search")]
use crate::model::{ArtifactOrigin, Body, CacheClass, media_type};
#[cfg(feature = "search")]
use pagefind::api::{PagefindIndex, SyntheticFile};
#[cfg(feature = "search")]
use {
    sha2::{Digest, Sha256},
    std::sync::Arc,
};

/// Files of the library that draw a search box of its own. A site draws its own with its templates.
#[cfg(feature = "search")]
const BOXES: &str = "-ui.";
/// What a template marks as the text of its page. Where one page has it, those without are not found.
#[cfg(feature = "search")]
const MARK: &str = "data-pagefind-body";

/// The index of the last pages that were indexed: an index costs more than the pages that it is made of.
#[derive(Default)]
pub struct Index {
    #[cfg(feature = "search")]
    of: Vec<u8>,
    #[cfg(feature = "search")]
    files: Vec<Artifact>,
}

#[cfg(not(feature = "search"))]
impl Index {
    /// The index of these pages, each with its URL, below a path.
    ///
    /// # Errors
    /// A warning: this program was compiled without the library.
    pub fn of(&mut self, path: &Placed<PathTemplate>, _: &[(&str, &Artifact)]) -> Result<Vec<Artifact>, Diagnostic> {
        let message = "this `precast` was compiled without `search`: the pages are published without an index";
        let fault = Diagnostic::warning(code::NO_SEARCH, path.at.clone(), message);
        Err(fault.help("compile it with `--features search`, or remove the table `search`"))
    }
}

#[cfg(feature = "search")]
impl Index {
    /// The index of these pages, each with its URL, below a path.
    ///
    /// # Errors
    /// Where the library makes no index.
    pub fn of(
        &mut self,
        path: &Placed<PathTemplate>,
        pages: &[(&str, &Artifact)],
    ) -> Result<Vec<Artifact>, Diagnostic> {
        let pages = marked(pages);
        let folder = path.value.to_string();
        let digest = digest(&folder, &pages);
        if self.of != digest {
            let files = files(pages).map_err(|error| {
                let message = format!("the pages cannot be indexed: {error:#}");
                Diagnostic::error(code::NO_SEARCH, path.at.clone(), message)
            })?;
            self.files = files.into_iter().map(|file| artifact(&folder, file)).collect();
            self.of = digest;
        }
        Ok(self.files.clone())
    }
}

/// The texts of those pages that have a mark; of all, where none has.
#[cfg(feature = "search")]
fn marked<'p>(pages: &[(&'p str, &Artifact)]) -> Vec<(&'p str, String)> {
    // The library looks for an element that HTML lets authors leave out.
    let whole = |html: String| if html.contains("<html") { html } else { format!("<html>{html}</html>") };
    let text = |page: &Artifact| whole(String::from_utf8_lossy(&page.body.to_vec()).into_owned());
    let mut pages: Vec<_> = pages.iter().map(|(url, page)| (*url, text(page))).collect();
    if pages.iter().any(|(_, html)| html.contains(MARK)) {
        pages.retain(|(_, html)| html.contains(MARK));
    }
    pages
}

#[cfg(feature = "search")]
fn digest(folder: &str, pages: &[(&str, String)]) -> Vec<u8> {
    let mut digest = Sha256::new();
    let parts = pages.iter().flat_map(|(url, html)| [*url, html.as_str()]);
    for part in [folder].into_iter().chain(parts) {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

#[cfg(feature = "search")]
fn files(pages: Vec<(&str, String)>) -> anyhow::Result<Vec<SyntheticFile>> {
    let mut index = PagefindIndex::new(None)?;
    let all = async {
        for (url, html) in pages {
            index.add_html_file(None, Some(url.to_owned()), html).await?;
        }
        index.get_files().await
    };
    // On a thread of its own: whoever builds may be inside a runtime already.
    let mut files = std::thread::scope(|scope| {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().map_err(anyhow::Error::from);
        let indexing = scope.spawn(move || runtime()?.block_on(all));
        indexing.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the library gave up")))
    })?;
    files.retain(|file| !file.filename.to_string_lossy().contains(BOXES));
    Ok(files)
}

#[cfg(feature = "search")]
fn artifact(folder: &str, file: SyntheticFile) -> Artifact {
    let name = file.filename.to_string_lossy().replace('\\', "/");
    // The library names these by their digests.
    let lasting = name.contains('/') || name.ends_with(".pf_meta");
    let key = format!("{folder}/{name}");
    let cache = if lasting { CacheClass::Immutable } else { CacheClass::View };
    let media_type = media_type(&key);
    Artifact { key, media_type, cache, body: Body::Bytes(Arc::new(file.contents)), origin: ArtifactOrigin::Build }
}

//! Files that stand beside texts: published under names that change with their bytes.

use crate::model::{
    Artifact, ArtifactOrigin, Body, CacheClass, Diagnostic, InputFile, Inputs, LONGEST_LASTING, Place, code, decode,
    encode_path, lasting, media_type,
};
use pulldown_cmark_escape::escape_href;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where they are published.
const FOLDER: &str = "media";

/// The files that texts may refer to.
#[derive(Default)]
pub struct Files {
    /// Of `content`, those that hold no records; by path.
    content: BTreeMap<Arc<str>, Arc<Vec<u8>>>,
    /// Of `site/static`, by the path below it.
    statics: BTreeMap<String, Arc<Vec<u8>>>,
    /// Markdown files, whatever they hold.
    texts: Vec<Arc<str>>,
    /// Of `content`, those that are not published, and why.
    kept_back: Vec<(Arc<str>, &'static str)>,
}

/// Why a file is kept back that browsers run: who may write texts may not write programs.
const PROGRAM: &str = "would run in browsers, and what stands beside texts may not";

/// Why a file is kept back whose name leaves no room for a digest.
const LONG: &str = "has a name of more than 242 bytes, which leaves no room for the digest that it is published with";

/// The extensions of files that browsers run in the site's name. Pictures in SVG are not among them: the policy of pages
/// forbids the scripts in them.
const PROGRAMS: [&str; 10] = ["cjs", "htm", "html", "js", "mjs", "swf", "wasm", "xht", "xhtml", "xsl"];

impl Files {
    /// The files of a site; those that browsers run, too, where its texts are trusted.
    pub fn of(inputs: &Inputs, trusted: bool) -> Self {
        let mut files = Self::default();
        for (path, file) in inputs.under("content") {
            let InputFile::Bytes(bytes) = file else { continue };
            if super::targets::is_markdown(path) {
                files.texts.push(Arc::clone(path));
            } else if !trusted && is_program(path) {
                files.kept_back.push((Arc::clone(path), PROGRAM));
            } else if !crate::content::holds_records(path) && !path.split('/').any(|part| part.starts_with('.')) {
                if path.rsplit('/').next().is_some_and(|name| name.len() > LONGEST_LASTING) {
                    files.kept_back.push((Arc::clone(path), LONG));
                } else {
                    files.content.insert(Arc::clone(path), Arc::clone(bytes));
                }
            }
        }
        for (path, file) in inputs.under("site/static") {
            if let (InputFile::Bytes(bytes), Some(below)) = (file, path.strip_prefix("site/static/")) {
                files.statics.insert(below.to_owned(), Arc::clone(bytes));
            }
        }
        files
    }

    pub fn is_text(&self, path: &str) -> bool {
        self.texts.binary_search_by(|text| (**text).cmp(path)).is_ok()
    }

    /// Why a file is kept back that is there.
    pub fn kept_back(&self, path: &str) -> Option<&'static str> {
        let at = self.kept_back.binary_search_by(|(kept, _)| (**kept).cmp(path)).ok()?;
        Some(self.kept_back[at].1)
    }
}

fn is_program(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    PROGRAMS.iter().any(|program| program.eq_ignore_ascii_case(extension))
}

/// Where a file stands in the release, and how large its picture is.
#[derive(Clone)]
pub struct Published {
    pub url: String,
    pub size: Option<Size>,
    pub artifact: Option<Artifact>,
}

/// What was found out of files, by path; known by their allocation.
#[derive(Default)]
pub struct Media {
    known: BTreeMap<Arc<str>, (Arc<Vec<u8>>, Known)>,
}

/// The key of a file, and the size of its picture.
type Known = (String, Option<Size>);

/// Width and height.
type Size = (usize, usize);

/// A file that is not there, or that is kept back.
pub struct Missing {
    path: String,
    near: Vec<String>,
    kept_back: Option<&'static str>,
}

impl Missing {
    pub fn told(&self, what: &str, place: Place) -> Diagnostic {
        if let Some(why) = self.kept_back {
            return Diagnostic::error(code::MISSING_IMAGE, place, format!("`{}` {why}", self.path));
        }
        let fault = Diagnostic::error(code::MISSING_IMAGE, place, format!("there is no {what} `{}`", self.path));
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let help = "a path counts from the file that names it; one that begins with a slash, from `site/static`";
        fault.suggest(name, self.near.iter().map(String::as_str), help.to_owned())
    }
}

pub fn undescribed(place: Place) -> Diagnostic {
    let fault = Diagnostic::warning(code::MISSING_ALT, place, "nobody described this picture");
    fault.help("say what it shows: `![A cloud over three servers](cloud.png)`; where it only decorates, write `![](cloud.png \"\")`")
}

/// The extensions of pictures that tell how large they are.
const PICTURES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "ico"];

/// Tells a picture of this site whose bytes are those of none.
pub fn unreadable(written: &str, found: &Published, place: Place) -> Option<Diagnostic> {
    let (path, _) = parted(written);
    let (_, kind) = path.rsplit_once('.').filter(|_| !path.contains(':') && !path.starts_with("//"))?;
    let known = PICTURES.contains(&kind.to_ascii_lowercase().as_str());
    (known && found.size.is_none()).then_some(())?;
    let fault = Diagnostic::warning(code::MISSING_IMAGE, place, format!("`{path}` cannot be read as a picture"));
    Some(fault.help("its bytes are those of no picture: save it again, or copy it anew"))
}

impl Media {
    /// The picture at an address in a file; `None` stands for a file that has no others beside it.
    pub fn picture(
        &mut self,
        written: &str,
        file: Option<&str>,
        files: &Files,
        base: &str,
    ) -> Result<Published, Missing> {
        let (path, suffix) = parted(written);
        if path.contains(':') || path.starts_with("//") {
            let plain = ["http://", "https://"].iter().any(|scheme| written.to_ascii_lowercase().starts_with(scheme));
            let url = if plain { address(written) } else { "#".to_owned() };
            return Ok(Published { url, size: None, artifact: None });
        }
        let decoded = decode(path).unwrap_or_else(|| path.to_owned());
        if let Some(below) = decoded.strip_prefix('/') {
            let bytes = files.statics.get(below).ok_or_else(|| {
                let near = files.statics.keys().map(|key| key.rsplit('/').next().unwrap_or(key).to_owned()).collect();
                Missing { path: format!("site/static{decoded}"), near, kept_back: None }
            })?;
            let url = format!("{base}{}{}", encode_path(below), address(suffix));
            return Ok(Published { url, size: size(bytes), artifact: None });
        }
        let missing = |path: String| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let beside = files.content.keys().filter_map(|file| file.strip_prefix(folder)?.strip_prefix('/'));
            let near = beside.map(str::to_owned).collect();
            Missing { path, near, kept_back: None }
        };
        let path = file.and_then(|file| joined(file, &decoded)).ok_or_else(|| missing(decoded.clone()))?;
        let kept_back = files.kept_back(&path);
        self.file(&path, suffix, files, base).ok_or_else(|| Missing { kept_back, ..missing(path) })
    }

    /// A file of `content` that is no text, as it is published.
    pub fn file(&mut self, path: &str, suffix: &str, files: &Files, base: &str) -> Option<Published> {
        let (path, bytes) = files.content.get_key_value(path)?;
        let known = self.known.get(path).filter(|(known, _)| Arc::ptr_eq(known, bytes)).map(|(_, known)| known.clone());
        let (key, size) = known.unwrap_or_else(|| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let known = (format!("{FOLDER}/{}", lasting(name, bytes)), size(bytes));
            self.known.insert(Arc::clone(path), (Arc::clone(bytes), known.clone()));
            known
        });
        let url = format!("{base}{}{}", encode_path(&key), address(suffix));
        let artifact = Artifact {
            media_type: media_type(&key),
            key,
            cache: CacheClass::Immutable,
            body: Body::Bytes(Arc::clone(bytes)),
            origin: ArtifactOrigin::Build,
        };
        Some(Published { url, size, artifact: Some(artifact) })
    }
}

/// Width and height as the bytes of a picture tell them.
fn size(bytes: &[u8]) -> Option<Size> {
    imagesize::blob_size(bytes)
        .ok()
        .map(|size| (size.width, size.height))
        .filter(|(width, height)| *width > 0 && *height > 0)
}

/// A path, and what follows it: `a.md` and `?x#y`.
pub fn parted(written: &str) -> (&str, &str) {
    written.split_at(written.find(['?', '#']).unwrap_or(written.len()))
}

/// As it stands in an attribute.
pub fn address(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let _ = escape_href(&mut out, url);
    out
}

/// A path that counts from a file, from the root; `None` where it leaves `content`.
pub fn joined(file: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    path.starts_with("content/").then_some(path)
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_count_from_their_file_and_stay_in_content() {
        let from = |path: &str| joined("content/articles/x/index.md", path);
        assert_eq!(from("a.png").as_deref(), Some("content/articles/x/a.png"));
        assert_eq!(from("./../y.md").as_deref(), Some("content/articles/y.md"));
        assert_eq!(from("../../../site/site.toml"), None);
        assert_eq!(from("../../../../etc"), None);
    }
}

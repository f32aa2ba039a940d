//! Files of `site/static/` at names that change with their bytes, so that readers may keep them for ever.

use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, encode_path, hex};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How much of a digest stands in a name.
pub const LENGTH: usize = 12;

/// The static files, and those that templates asked for.
pub struct Assets {
    base: String,
    files: BTreeMap<String, Artifact>,
    asked: Mutex<BTreeMap<String, String>>,
}

impl Assets {
    pub fn new(base: &str, artifacts: &[Artifact]) -> Self {
        let files = artifacts.iter().filter(|artifact| artifact.origin == ArtifactOrigin::Static);
        let files = files.map(|artifact| (artifact.key.clone(), artifact.clone()));
        Self { base: base.to_owned(), files: files.collect(), asked: Mutex::default() }
    }

    /// The URL of a file, with a part of its digest in its name: `/style.3f0c9a1be27d.css`.
    ///
    /// # Errors
    /// In words, where there is no such file.
    pub fn url(&self, path: &str) -> Result<String, String> {
        let path = path.trim_start_matches('/');
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if let Some(key) = asked.get(path) {
            key.clone()
        } else {
            let file = self.files.get(path).ok_or_else(|| format!("there is no file `site/static/{path}`"))?;
            let digest = hex(&<[u8; 32]>::from(Sha256::digest(file.body.to_vec())));
            let key = named(path, &digest[..LENGTH]);
            asked.insert(path.to_owned(), key.clone());
            key
        };
        Ok(format!("{}{}", self.base, encode_path(&key)))
    }

    /// The files that were asked for, at their lasting names.
    pub fn artifacts(&self) -> Vec<Artifact> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let lasting = asked.iter().filter_map(|(path, key)| {
            let file = self.files.get(path)?;
            let body: Body = file.body.clone();
            let (key, media_type) = (key.clone(), file.media_type);
            Some(Artifact { key, media_type, cache: CacheClass::Immutable, body, origin: ArtifactOrigin::Build })
        });
        lasting.collect()
    }
}

/// `style.css` with `3f0c` in it: `style.3f0c.css`.
pub fn named(path: &str, digest: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let name = match name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        Some((stem, extension)) => format!("{stem}.{digest}.{extension}"),
        None => format!("{name}.{digest}"),
    };
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn the_digest_stands_before_the_extension() {
        assert_eq!(named("style.css", "3f"), "style.3f.css");
        assert_eq!(named("js/search.min.js", "3f"), "js/search.min.3f.js");
        assert_eq!(named("LICENSE", "3f"), "LICENSE.3f");
        assert_eq!(named("a.b/.hidden", "3f"), "a.b/.hidden.3f");
    }
}

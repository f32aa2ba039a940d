//! Files of `site/static/` at names that change with their bytes, so that readers may keep them for ever.

use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, LONGEST_LASTING, encode_path, lasting};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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
            if path.rsplit('/').next().is_some_and(|name| name.len() > LONGEST_LASTING) {
                return Err(format!(
                    "`{path}` has a name of more than {LONGEST_LASTING} bytes, which leaves no room for a digest"
                ));
            }
            let key = lasting(path, &file.body.to_vec());
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

//! `site/static/`: files served as they are.

use std::sync::Arc;

use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, InputFile, Inputs, media_type};

const FOLDER: &str = "site/static";
/// What file managers, editors and version control leave behind.
const LEFT_OUT: [&str; 4] = [".DS_Store", ".gitkeep", "Thumbs.db", "desktop.ini"];

/// The artifact of each static file that could be read, and the paths of those that could not.
pub fn statics(inputs: &Inputs) -> (Vec<Artifact>, Vec<(&str, &InputFile)>) {
    let (mut artifacts, mut unreadable) = (Vec::new(), Vec::new());
    for (path, file) in inputs.under(FOLDER) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some(key) =
            path.strip_prefix("site/static/").filter(|_| !LEFT_OUT.contains(&name) && !name.starts_with(".#"))
        else {
            continue;
        };
        match file {
            InputFile::Bytes(bytes) => artifacts.push(Artifact {
                key: key.to_owned(),
                media_type: media_type(name),
                cache: CacheClass::Asset,
                body: Body::Bytes(Arc::clone(bytes)),
                origin: ArtifactOrigin::Static,
            }),
            other => unreadable.push((&**path, other)),
        }
    }
    (artifacts, unreadable)
}

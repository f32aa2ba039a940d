//! What is to be published: the sealed output of a build, or a release that is live elsewhere.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::channel::Live;
use super::manifest::{Entry, Manifest, Objects};
use super::plan::{Origin, Via};
use super::shards::Shards;
use crate::model::Layout;
use crate::model::hex;
use crate::store::{Content, Store};
use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Files from this size on are sent from the disk, not from memory.
const LARGE: u64 = 256 * 1024;
/// How much of a file is read at once, in bytes.
const PIECE: usize = 64 * 1024;
/// How deep below the output folder the manifest may stand.
const DEEPEST: usize = 4;

/// A release and where its bodies are.
#[derive(Clone)]
pub struct Sealed {
    pub manifest: Manifest,
    pub manifest_key: String,
    /// Where it is not read again.
    manifest_body: Option<Bytes>,
    /// When its sources were read (RFC 3339), where that is known.
    pub read_at: Option<String>,
    /// What the channel said of it, where one goes back to it.
    pub again: Option<Live>,
    bodies: Bodies,
}

#[derive(Clone)]
enum Bodies {
    Folder(PathBuf),
    Live {
        store: Store,
        layout: Layout,
        shards: Option<Shards>,
    },
    /// Earlier versions of the objects of the same target, by key.
    Versions {
        store: Store,
        versions: BTreeMap<String, String>,
    },
}

impl Sealed {
    /// Reads what a build left in `out`.
    ///
    /// # Errors
    /// When there is no build, or an unfinished one.
    pub fn open(out: &Path) -> Result<Self> {
        if fs::metadata(out.join(".precast/journal")).is_ok() {
            bail!("the build in {} was interrupted: run `precast build` again", out.display());
        }
        let manifest_key = find(out, "", DEEPEST).with_context(|| {
            format!(
                "there is no build in {}: run `precast build` first (a site needs a surface to be published)",
                out.display()
            )
        })?;
        let path = out.join(&manifest_key);
        let body = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest = Manifest::parse(&body, &manifest_key)?;
        let read_at = read_at(out, &manifest.release);
        let bodies = Bodies::Folder(out.to_owned());
        Ok(Self { manifest, manifest_key, manifest_body: None, read_at, again: None, bodies })
    }

    /// The release that is live at `store`.
    pub fn live(
        manifest: Manifest,
        manifest_key: String,
        manifest_body: Vec<u8>,
        read_at: Option<String>,
        from: (Store, Layout, Option<Shards>),
    ) -> Self {
        let (store, layout, shards) = from;
        let bodies = Bodies::Live { store, layout, shards };
        Self { manifest, manifest_key, manifest_body: Some(manifest_body.into()), read_at, again: None, bodies }
    }

    /// A release that was live before, of which the target still has every version.
    pub fn earlier(
        live: Live,
        (manifest, manifest_body): (Manifest, Vec<u8>),
        (store, versions): (Store, BTreeMap<String, String>),
    ) -> Self {
        let bodies = Bodies::Versions { store, versions };
        let (manifest_key, read_at) = (live.manifest_key.clone(), live.read_at.clone());
        Self { manifest, manifest_key, manifest_body: Some(manifest_body.into()), read_at, again: Some(live), bodies }
    }

    /// How the body of `key` comes to its own key at the target.
    ///
    /// # Errors
    /// When the target does not know the version that is needed.
    pub fn via(&self, key: &str) -> Result<Via> {
        match &self.bodies {
            Bodies::Versions { versions, .. } if key != self.manifest_key => {
                let version = versions.get(key).with_context(|| {
                    format!(
                        "the target does not know which version of {key} this release had: publish that build again"
                    )
                })?;
                Ok(Via::Copy(Box::new(Origin { from: key.to_owned(), version: Some(version.clone()) })))
            }
            _ => Ok(Via::Upload),
        }
    }

    pub fn release(&self) -> &str {
        &self.manifest.release
    }

    /// Every object, the manifest among them.
    pub fn objects(&self) -> &Objects {
        &self.manifest.objects
    }

    /// The manifest's digest, in hexadecimal.
    pub fn manifest_digest(&self) -> String {
        self.objects().get(&*self.manifest_key).map(|entry| hex(&entry.sha256)).unwrap_or_default()
    }

    /// The code of the edge function, where the release has one.
    pub async fn function(&self) -> Result<Option<String>> {
        let Some((key, entry)) = self.objects().iter().find(|(key, _)| is_function(key, &self.manifest_key)) else {
            return Ok(None);
        };
        let code = self.content(key, entry).await?.read().await?;
        Ok(Some(String::from_utf8(code).map_err(|_| anyhow!("{key} is no text"))?))
    }

    /// Whether the files of a build are still the ones that were built.
    ///
    /// # Errors
    /// When one of `keys` is not.
    pub async fn intact(&self, keys: impl Iterator<Item = &str>) -> Result<()> {
        let Bodies::Folder(out) = &self.bodies else { return Ok(()) };
        let files: Vec<(PathBuf, Entry)> =
            keys.filter_map(|key| Some((out.join(key), self.objects().get(key)?.clone()))).collect();
        let all = tokio::task::spawn_blocking(move || {
            files.par_iter().try_for_each(|(path, entry)| {
                let same = digest(path).with_context(|| changed(path))? == entry.sha256;
                if same { Ok(()) } else { Err(anyhow!(changed(path))) }
            })
        });
        all.await.context("the work was cut off")?
    }

    /// The body of an object, which is the one that the manifest lists.
    pub async fn content(&self, key: &str, entry: &Entry) -> Result<Content> {
        if key == self.manifest_key
            && let Some(body) = &self.manifest_body
        {
            return Ok(Content::Bytes(body.clone()));
        }
        let body = match &self.bodies {
            Bodies::Folder(out) => {
                let path = out.join(key);
                let changed = || changed(&path);
                let size = tokio::fs::metadata(&path).await.with_context(changed)?.len();
                if size != entry.size {
                    bail!("{}", changed());
                }
                if size >= LARGE {
                    return Ok(Content::File(path, size));
                }
                let body = tokio::fs::read(&path).await.with_context(changed)?;
                if <[u8; 32]>::from(Sha256::digest(&body)) != entry.sha256 {
                    bail!("{}", changed());
                }
                body
            }
            Bodies::Versions { store, versions } => {
                let found = store.get(key, versions.get(key).map(String::as_str)).await?;
                let found = found.filter(|object| <[u8; 32]>::from(Sha256::digest(&object.body)) == entry.sha256);
                found.with_context(|| format!("{} no longer has that version of {key}", store.name()))?.body
            }
            Bodies::Live { store, layout, shards } => {
                let object = layout.object(key, shards.as_ref());
                let found = store.get(&object, None).await?;
                let body =
                    found.with_context(|| format!("{} has no {object}: run `verify --repair`", store.name()))?.body;
                if <[u8; 32]>::from(Sha256::digest(&body)) != entry.sha256 {
                    bail!("{object} at {} is not what its manifest says: run `verify --repair`", store.name());
                }
                body
            }
        };
        Ok(Content::Bytes(body.into()))
    }
}

fn changed(path: &Path) -> String {
    format!("{} is not the file that was built: run `precast build` again", path.display())
}

/// The SHA-256 of a file that may be too large to hold in memory.
fn digest(path: &Path) -> std::io::Result<[u8; 32]> {
    let (mut file, mut digest, mut piece) = (fs::File::open(path)?, Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digest.finalize().into()),
            read => digest.update(&piece[..read]),
        }
    }
}

fn is_function(key: &str, manifest_key: &str) -> bool {
    key.strip_suffix("edge.js").is_some_and(|folder| manifest_key.strip_suffix("manifest.json") == Some(folder))
}

/// The nearest manifest below `out`; records of a collection may be called `manifest` too.
fn find(out: &Path, below: &str, depth: usize) -> Option<String> {
    let key = format!("{below}manifest.json");
    if fs::read(out.join(&key))
        .is_ok_and(|bytes| bytes.starts_with(b"{\"release\":") && Manifest::parse(&bytes, &key).is_ok())
    {
        return Some(key);
    }
    let deeper = depth.checked_sub(1)?;
    let mut folders: Vec<String> = fs::read_dir(out.join(below))
        .ok()?
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    folders.sort_unstable();
    folders.iter().find_map(|name| find(out, &format!("{below}{name}/"), deeper))
}

/// When the build read its sources: what its state says, as long as it is the state of this release.
fn read_at(out: &Path, release: &str) -> Option<String> {
    let state = fs::read_to_string(out.join(".precast/state")).ok()?;
    let header: serde_json::Value = serde_json::from_str(state.lines().nth(1)?).ok()?;
    if header["release"]["id"] != release {
        return None;
    }
    let nanoseconds = header["from"].as_i64().map(i128::from)?;
    let at = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
    at.round(jiff::Unit::Second).ok().map(|at| at.to_string())
}

/// The first digits of a release, for people.
pub fn short(release: &str) -> &str {
    release.get(..12).unwrap_or(release)
}

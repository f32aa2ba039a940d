//! A release that was published before: a folder, a manifest file, or the URL of one.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use crate::contract::Published;
use crate::model::hex;
use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How deep below a folder its manifest may stand.
const DEEPEST: usize = 4;
/// The most that is read of one document, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;
/// How long a host may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reads what is published at `location`.
///
/// # Errors
/// When there is no release, or none that can be read.
pub fn load(location: &str) -> Result<Published> {
    if location.starts_with("http://") || location.starts_with("https://") {
        let url = if location.strip_suffix(".json").is_some() {
            location.to_owned()
        } else {
            format!("{}/manifest.json", location.trim_end_matches('/'))
        };
        let base = url.rsplit_once('/').map_or(url.as_str(), |(base, _)| base);
        return published(&url, &fetch(&url)?, &|| fetch(&format!("{base}/openapi.json")));
    }
    load_path(Path::new(location))
}

/// Reads what stands in a folder, or beside a manifest file.
///
/// # Errors
/// When there is no release, or none that can be read.
pub fn load_path(path: &Path) -> Result<Published> {
    if path.to_string_lossy().contains("://") {
        bail!(
            "a build reads no network: fetch the manifest.json and the openapi.json of {} into one folder",
            path.display()
        );
    }
    let manifest = if path.is_dir() {
        let found = find(path, DEEPEST);
        found.with_context(|| format!("there is no release in {}: it has no manifest.json", path.display()))?
    } else {
        path.to_owned()
    };
    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    published(&manifest.display().to_string(), &read(&manifest)?, &|| read(&manifest.with_file_name("openapi.json")))
}

/// The nearest manifest below a folder.
fn find(folder: &Path, depth: usize) -> Option<PathBuf> {
    let manifest = folder.join("manifest.json");
    if fs::read(&manifest).is_ok_and(|bytes| is_manifest(&bytes)) {
        return Some(manifest);
    }
    let below = depth.checked_sub(1)?;
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort_unstable();
    folders.iter().find_map(|folder| find(folder, below))
}

/// A folder of answers may hold a record called `manifest`.
fn is_manifest(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"release\":")
        && serde_json::from_slice::<Json>(bytes).is_ok_and(|json| json["artifacts"].is_object())
}

fn published(name: &str, manifest: &[u8], openapi: &dyn Fn() -> Result<Vec<u8>>) -> Result<Published> {
    let manifest: Json = serde_json::from_slice(manifest).with_context(|| format!("{name} is no manifest"))?;
    let Some(artifacts) = manifest["artifacts"].as_object() else {
        bail!("{name} is no manifest: it lists no artifacts")
    };
    let listed = artifacts.iter().filter(|(_, entry)| entry["cache"] != "meta");
    let answers = listed.map(|(key, entry)| (key.clone(), entry["sha256"].as_str().unwrap_or_default().to_owned()));
    let document = openapi().context("the release has no openapi.json beside its manifest, and so tells no schemas")?;
    let digest = hex(&Sha256::digest(&document));
    let is_document = |key: &str| key == "openapi.json" || key.ends_with("/openapi.json");
    if !artifacts.iter().any(|(key, entry)| is_document(key) && entry["sha256"] == digest.as_str()) {
        bail!("the openapi.json beside {name} is not the one of that release: its digest is not in the manifest");
    }
    let openapi: Json =
        serde_json::from_slice(&document).with_context(|| format!("the openapi.json beside {name} is no JSON"))?;
    if !openapi["paths"].is_object() {
        bail!("the openapi.json beside {name} is no OpenAPI document: it has no paths");
    }
    Ok(Published { answers: answers.collect(), openapi })
}

fn fetch(url: &str) -> Result<Vec<u8>> {
    if url.starts_with("https://") && !cfg!(feature = "https") {
        bail!(
            "this build cannot read {url}: build it with `--features https`, or fetch manifest.json and openapi.json into one folder"
        );
    }
    let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().new_agent();
    let mut response = agent.get(url).call().with_context(|| format!("cannot read {url}"))?;
    response.body_mut().with_config().limit(LARGEST).read_to_vec().with_context(|| format!("cannot read {url}"))
}

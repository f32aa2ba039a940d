//! The seal: a digest for each artifact, one for all, and the documents that name it.

use super::{digests, receipts};
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Receipt, Release, Sealed, Settings, hex, write_text};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The manifest's key, where the site has a surface to carry it.
pub fn manifest_key(settings: &Settings) -> Option<String> {
    settings.home_surface().map(|surface| surface.key("manifest.json"))
}

/// The keys of what names the release, and is no artifact before it is sealed.
pub fn sealed_keys(settings: &Settings, receipts: &[Receipt]) -> Vec<String> {
    let Some(home) = settings.home_surface() else { return Vec::new() };
    let own = ["manifest.json", "status.json"].map(|name| home.key(name));
    own.into_iter().chain(receipts.iter().map(|receipt| home.key(&receipts::path(receipt)))).collect()
}

/// What a release says of itself besides its digest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Name and number of published records of each collection.
    pub records: &'a [(String, usize)],
    /// When the sources were read, where whoever builds says so: a clock would make two builds of one site differ.
    pub read_at: Option<Timestamp>,
    pub activity: Option<&'a Activity>,
    /// The next instant at which the output changes without new input.
    pub next_change: Option<Timestamp>,
    /// What became of each write, in order of id.
    pub receipts: &'a [Receipt],
}

/// What `status.json` says of activity, each as JSON.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// How fresh the facts of each source are.
    pub sources: Option<String>,
    /// The rule of each score, and its parameters.
    pub scores: Option<String>,
}

/// Digests `artifacts`, which are in order of key, and adds the receipts of writes, `status.json` and `manifest.json`, which
/// name the release and so stand outside its digest.
/// `last` is an earlier release, empty where there is none: what both share is not digested again.
pub fn seal(settings: &Settings, facts: Facts<'_>, artifacts: Vec<Artifact>, last: &[Sealed]) -> Release {
    let mut sealed = digests::all(artifacts, last, facts.receipts.len() + 2);
    let mut all = Sha256::new();
    for Sealed { artifact, sha256, .. } in &sealed {
        for part in [artifact.key.as_bytes(), artifact.media_type.as_bytes(), artifact.cache.name().as_bytes()] {
            all.update((part.len() as u64).to_be_bytes());
            all.update(part);
        }
        all.update(sha256);
    }
    let id: [u8; 32] = all.finalize().into();
    if let Some(surface) = settings.home_surface() {
        let release = hex(&id);
        let receipt = |receipt| meta(surface.key(&receipts::path(receipt)), receipts::document(receipt, &release));
        insert(&mut sealed, facts.receipts.iter().map(receipt).collect());
        let status = meta(surface.key("status.json"), status(settings, facts, &id));
        insert(&mut sealed, vec![status]);
        let manifest = meta(surface.key("manifest.json"), manifest(settings, facts, &id, &sealed));
        insert(&mut sealed, vec![manifest]);
    }
    Release { id, artifacts: sealed }
}

/// Puts artifacts in their place, which is one for all: they are in order of key, and nothing stands between them.
fn insert(sealed: &mut Vec<Sealed>, artifacts: Vec<Artifact>) {
    let Some(first) = artifacts.first() else { return };
    let at = sealed.partition_point(|other| other.artifact.key < first.key);
    sealed.splice(at..at, artifacts.into_iter().map(digests::one));
}

fn meta(key: String, body: Vec<u8>) -> Artifact {
    let body = Body::Bytes(Arc::new(body));
    Artifact { key, media_type: "application/json", cache: CacheClass::Meta, body, origin: ArtifactOrigin::Build }
}

/// Which release this is. The one place where a reader learns it: no answer says so, and so an answer that does not
/// change keeps its bytes.
fn status(settings: &Settings, facts: Facts<'_>, id: &[u8; 32]) -> Vec<u8> {
    let mut out = b"{\"release\":\"".to_vec();
    out.extend_from_slice(hex(id).as_bytes());
    if let Some(at) = facts.read_at {
        out.extend_from_slice(b"\",\"readAt\":\"");
        out.extend_from_slice(at.to_string().as_bytes());
    }
    out.extend_from_slice(b"\",\"site\":{\"name\":");
    write_text(&mut out, &settings.site.name);
    out.extend_from_slice(b",\"baseUrl\":");
    write_text(&mut out, &settings.site.base_url);
    out.extend_from_slice(b"},\"sources\":");
    let Activity { sources, scores } = facts.activity.cloned().unwrap_or_default();
    out.extend_from_slice(sources.as_deref().unwrap_or("{}").as_bytes());
    if let Some(scores) = scores {
        out.extend_from_slice(b",\"scores\":");
        out.extend_from_slice(scores.as_bytes());
    }
    if let Some(at) = facts.next_change {
        out.extend_from_slice(b",\"nextChangeAt\":\"");
        out.extend_from_slice(at.to_string().as_bytes());
        out.push(b'"');
    }
    out.push(b'}');
    out
}

/// One line for each artifact, in order of key, so that two manifests can be compared line by line.
fn manifest(settings: &Settings, facts: Facts<'_>, id: &[u8; 32], sealed: &[Sealed]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sealed.len() * 160);
    out.extend_from_slice(b"{\"release\":\"");
    out.extend_from_slice(hex(id).as_bytes());
    out.extend_from_slice(b"\",\"surfaces\":[");
    for (i, surface) in settings.surfaces.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"" } else { b"," });
        write_text(&mut out, surface.prefix.trim_start_matches('/'));
    }
    out.extend_from_slice(b"],\"records\":{");
    for (i, (collection, records)) in facts.records.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"" } else { b"," });
        write_text(&mut out, collection);
        out.push(b':');
        out.extend_from_slice(records.to_string().as_bytes());
    }
    out.extend_from_slice(b"},\"artifacts\":{");
    for (i, Sealed { artifact, sha256, size }) in sealed.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"\n" } else { b",\n" });
        write_text(&mut out, &artifact.key);
        out.extend_from_slice(b":{\"sha256\":\"");
        out.extend_from_slice(hex(sha256).as_bytes());
        out.extend_from_slice(b"\",\"size\":");
        out.extend_from_slice(size.to_string().as_bytes());
        out.extend_from_slice(b",\"mediaType\":");
        write_text(&mut out, artifact.media_type);
        out.extend_from_slice(b",\"cache\":");
        write_text(&mut out, artifact.cache.name());
        out.push(b'}');
    }
    out.extend_from_slice(b"\n}}\n");
    out
}

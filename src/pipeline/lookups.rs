//! What commands besides `build` and `check` ask of a site.

use super::reread;
use crate::content::{self, Places};
use crate::model::{Collection, Diagnostic, Settings};
use crate::{contract, disk};
use anyhow::Result;
use jiff::Timestamp;
use std::path::Path;

/// The schema of a collection's published records.
///
/// # Errors
/// When the disk fails.
pub fn load_schema(
    root: &Path,
    settings: &Settings,
    collection: usize,
) -> Result<(Option<serde_json::Value>, Vec<Diagnostic>)> {
    let decl = &settings.collections[collection];
    let wanted: Vec<String> =
        decl.schema.iter().map(|path| path.value.clone()).chain(decl.sources.iter().map(|s| s.value.clone())).collect();
    let inputs = disk::read(root, &wanted, settings.site.max_file_bytes)?;
    let (written, faults) = content::read_schema(settings, decl, &inputs);
    let markdown =
        decl.sources.iter().flat_map(|source| inputs.under(&source.value)).any(|(path, _)| content::is_markdown(path));
    Ok((faults.is_empty().then(|| contract::public_schema(settings, decl, written.as_ref(), markdown)), faults))
}

/// The schema of a collection as it is written.
///
/// # Errors
/// When the disk fails.
pub fn load_written_schema(
    root: &Path,
    settings: &Settings,
    collection: usize,
) -> Result<(Option<serde_json::Value>, Vec<Diagnostic>)> {
    let decl = &settings.collections[collection];
    let wanted: Vec<String> = decl.schema.iter().map(|path| path.value.clone()).collect();
    let inputs = disk::read(root, &wanted, settings.site.max_file_bytes)?;
    Ok(content::read_schema(settings, decl, &inputs))
}

/// The key of the first published record of each collection.
///
/// # Errors
/// When the disk fails.
pub fn first_keys(root: &Path, settings: &Settings) -> Result<Vec<(String, String)>> {
    let inputs = disk::read(root, &settings.wanted(), settings.site.max_file_bytes)?;
    let reread = |path: &str| reread(root, path, settings.site.max_file_bytes);
    let content = content::read(settings, inputs, &Places::new(&reread), Timestamp::now());
    let first = |collection: Collection| {
        let record = collection.records.into_iter().find(|record| record.hidden.is_none())?;
        Some((collection.name, record.key))
    };
    Ok(content.collections.into_iter().filter_map(first).collect())
}

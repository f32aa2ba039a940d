//! What commands besides `build` and `check` ask of a site.

use super::compute::{Computed, Site};
use super::writes::{self, Given};
use super::{Report, open, reread};
#[cfg(feature = "write")]
use crate::content::Rules;
use crate::content::{self, Content, Moment, Places};
use crate::model::{Collection, Diagnostic, Settings};
use crate::{contract, disk};
use anyhow::Result;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// The whole site as it is at a moment, unsealed, with what was found on the way; without settings there is no site.
///
/// # Errors
/// When the disk fails.
pub fn load_site(root: &Path, moment: Moment<'_>) -> Result<(Report, Option<(Settings, Computed)>)> {
    let mut report = Report::default();
    let Some((settings, faults)) = open(root, &mut report)? else { return Ok((report, None)) };
    let inputs = super::read(root, &settings)?;
    let site = Site { root, settings: &settings };
    let given = Given { site, inputs, moment, faults, further: &|_| Vec::new() };
    let mut computed = writes::computed(given, &mut report, None);
    report.settle(std::mem::take(&mut computed.faults));
    Ok((report, Some((settings, computed))))
}

/// The schema of a collection's published records.
///
/// # Errors
/// When the disk fails.
pub fn load_schema(
    root: &Path,
    settings: &Settings,
    collection: usize,
) -> Result<(Option<serde_json::Value>, Vec<Diagnostic>)> {
    let content = read_content(root, settings)?;
    let (_, faults) = load_written_schema(root, settings, collection)?;
    let schema = contract::record_schemas(settings, &content).into_iter().nth(collection);
    Ok((schema.filter(|_| faults.is_empty()), faults))
}

pub(super) fn read_content(root: &Path, settings: &Settings) -> Result<Content> {
    let inputs = super::read(root, settings)?;
    let reread = |path: &str| reread(root, path, settings.site.max_file_bytes);
    Ok(writes::content(Site { root, settings }, inputs, &Places::new(&reread), Moment::at(Timestamp::now())))
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

/// The settings, and what may be written by them: for each of their writes its rules, or none where the schema has faults.
/// None where the settings cannot be read.
///
/// # Errors
/// When the disk fails.
#[cfg(feature = "write")]
pub fn load_rules(root: &Path) -> Result<Option<(Settings, Vec<Option<Rules>>)>> {
    let (settings, _) = super::load_settings(root)?;
    let Some(settings) = settings else { return Ok(None) };
    let wanted: Vec<String> = settings.writes.collections.iter().map(|decl| decl.schema.value.clone()).collect();
    let inputs = disk::read(root, &wanted, settings.site.max_file_bytes)?;
    let rules = |decl| {
        let (rules, faults) = Rules::read(decl, &settings, &inputs);
        rules.filter(|_| faults.is_empty())
    };
    let rules = settings.writes.collections.iter().map(rules).collect();
    Ok(Some((settings, rules)))
}

/// The key of the first published record of each collection.
///
/// # Errors
/// When the disk fails.
pub fn first_keys(root: &Path, settings: &Settings) -> Result<Vec<(String, String)>> {
    let content = read_content(root, settings)?;
    let first = |collection: &Arc<Collection>| {
        let record = collection.records.iter().find(|record| record.hidden.is_none())?;
        Some((collection.name.clone(), record.key.clone()))
    };
    Ok(content.collections.iter().filter_map(first).collect())
}

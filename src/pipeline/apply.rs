//! Accepted writes turned into content files, so that editors see them where they see everything else.

use super::compute::Site;
use super::writes::{self, Given};
use super::{Report, open, read, reread};
use crate::content::{self, Accepted, Content, Effect, Moment, Places, Standing};
use crate::model::{
    Change, Collection, Diagnostic, FieldOrigin, InputFile, Inputs, Name, Outcome, Record, Removed, Settings,
    TOMBSTONES, Value, slug,
};
use anyhow::Result;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What is to be done, and what cannot be.
#[derive(Debug, Default)]
pub struct Plan {
    /// In order of collection and slug.
    pub applied: Vec<Applied>,
    pub left: Vec<Left>,
    /// The new text of `data/tombstones.json`; none where it stays.
    pub tombstones: Option<String>,
}

/// The writes of one key that content files can say.
#[derive(Debug)]
pub struct Applied {
    pub collection: String,
    pub key: String,
    /// The ids of the writes, in order of version.
    pub ids: Vec<String>,
    /// Files below the root and what they hold then; `None` removes one.
    pub files: BTreeMap<String, Option<String>>,
    /// Whether the record goes.
    pub is_gone: bool,
    /// Whether the files said it before.
    pub is_said: bool,
    /// Files that still name a record that goes: they are lists that somebody else makes.
    pub still_named: Vec<String>,
}

/// The writes of one key that content files cannot say.
#[derive(Debug)]
pub struct Left {
    pub collection: String,
    pub key: String,
    pub why: String,
}

/// What is to be done with the writes of the inbox. Faults are those of the site, which are mended first.
///
/// # Errors
/// When the disk fails.
pub fn plan(root: &Path, now: Timestamp) -> Result<Result<Plan, Vec<Diagnostic>>> {
    let mut report = Report::default();
    let Some((settings, faults)) = open(root, &mut report)? else { return Ok(Err(report.diagnostics)) };
    let inputs = read(root, &settings)?;
    let (site, moment) = (Site { root, settings: &settings }, Moment::at(now));
    let given = Given { site, inputs: inputs.clone(), moment, faults, further: &|_| Vec::new() };
    let computed = writes::computed(given, &mut report, None);
    report.settle(computed.faults);
    if report.errors() > 0 {
        return Ok(Err(report.diagnostics));
    }
    let is_refused = |outcome: &Outcome| *outcome != Outcome::Published;
    let refused = computed.receipts.into_iter().filter(|receipt| is_refused(&receipt.outcome));
    let refused: BTreeSet<String> = refused.map(|receipt| receipt.id).collect();
    let reread = |path: &str| reread(root, path, settings.site.max_file_bytes);
    let places = Places::new(&reread);
    let planner = Planner { settings: &settings, inputs: &inputs, places: &places, moment, refused: &refused };
    Ok(Ok(planner.plan()))
}

struct Planner<'a> {
    settings: &'a Settings,
    inputs: &'a Inputs,
    places: &'a Places<'a>,
    moment: Moment<'a>,
    /// Ids of the writes that the site cannot be built with, or an editor did not want.
    refused: &'a BTreeSet<String>,
}

/// A record as it is read and as it shall be.
struct Pair<'c> {
    base: Option<(&'c Collection, &'c Record)>,
    target: Option<&'c Record>,
}

impl Planner<'_> {
    fn plan(&self) -> Plan {
        let mut inputs = self.inputs.clone();
        let (accepted, _) = Accepted::take(self.settings, &mut inputs, true);
        let out = self.left_out(&accepted);
        let effect = accepted.effect(self.settings, &|at| out.contains(&at));
        let nothing = accepted.effect(self.settings, &|_| true);
        let (base, target) = (self.read(inputs.clone(), &nothing), self.read(inputs, &effect));
        let mut plan = Plan::default();
        for (collection, (base, target)) in base.collections.iter().zip(&target.collections).enumerate() {
            for key in effect.keys(collection) {
                let Some(last) = key.writes.last().or(key.deletion.as_ref()).copied() else { continue };
                let spelt = &effect.write(last).entry.key;
                let pair = Pair { base: base.find(spelt).map(|record| (&**base, record)), target: target.find(spelt) };
                let writes: Vec<&Change> = key.writes.iter().map(|at| &effect.write(*at).entry.change).collect();
                match self.files(collection, (spelt, &key.slug), &pair, (key.masks, &writes)) {
                    Ok(files) => {
                        let is_gone = writes.is_empty();
                        let is_known = nothing.removed(collection).is_some_and(|removed| removed.has_slug(&key.slug));
                        plan.applied.push(Applied {
                            collection: base.name.clone(),
                            key: spelt.clone(),
                            ids: ids(&accepted, last, &out),
                            is_said: files.is_empty() && is_gone == is_known,
                            files,
                            is_gone,
                            still_named: if is_gone { lists(&pair) } else { Vec::new() },
                        });
                    }
                    Err(why) => {
                        plan.left.push(Left { collection: base.name.clone(), key: spelt.clone(), why });
                    }
                }
            }
        }
        self.verified(plan, &target)
    }

    fn read(&self, inputs: Inputs, effect: &Effect<'_>) -> Content {
        content::read(self.settings, inputs, self.places, Moment { writes: Some(effect), ..self.moment })
    }

    /// The writes that are not applied: refused ones, and all that follow one that waits.
    fn left_out(&self, accepted: &Accepted) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        let mut waiting: Option<(usize, &str)> = None;
        for (at, write) in accepted.all().iter().enumerate() {
            let key = (write.collection, write.slug.as_str());
            if write.standing == Standing::Waiting {
                waiting = Some(key);
            }
            if waiting == Some(key) || self.refused.contains(&write.entry.id) {
                out.insert(at);
            }
        }
        out
    }

    /// The files that say what was written of one key.
    fn files(
        &self,
        collection: usize,
        (key, lowered): (&str, &str),
        pair: &Pair<'_>,
        (is_anew, writes): (bool, &[&Change]),
    ) -> Result<BTreeMap<String, Option<String>>, String> {
        let mut files = BTreeMap::new();
        if is_anew {
            files.extend(self.own_files(pair).into_iter().map(|(path, _)| (path, None)));
            if writes.is_empty() {
                return Ok(files);
            }
        }
        let Some(target) = pair.target else { return Err("what was written makes no record".to_owned()) };
        let body = self.body(collection, writes);
        let own = if is_anew { Vec::new() } else { self.own_files(pair) };
        if own.is_empty() {
            let (path, text) =
                self.new_file(collection, (key, lowered), pair, target, body.as_deref().unwrap_or_default())?;
            files.insert(path, Some(text));
            return Ok(files);
        }
        for (path, text) in edited(pair, target, &own, body.as_deref())? {
            files.insert(path, Some(text));
        }
        Ok(files)
    }

    /// The files that hold this record alone, and their texts.
    fn own_files(&self, pair: &Pair<'_>) -> Vec<(String, String)> {
        let Some((collection, record)) = pair.base else { return Vec::new() };
        let mut own: Vec<(String, String)> = Vec::new();
        for origin in &record.origins {
            let Some(file) = collection.files.get(origin.file as usize).filter(|file| file.in_folder) else { continue };
            let text = self.inputs.bytes(&file.path).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
            let alone = |text: &String| content::edit(&file.path, text, &[], None).is_some();
            own.extend(text.filter(alone).map(|text| (file.path.to_string(), text)));
        }
        own
    }

    /// A record that has no file yet: one in the first folder of the collection.
    fn new_file(
        &self,
        collection: usize,
        (key, lowered): (&str, &str),
        pair: &Pair<'_>,
        target: &Record,
        body: &str,
    ) -> Result<(String, String), String> {
        let decl = &self.settings.collections[collection];
        let folder = decl.sources.iter().find(|source| self.inputs.folders.contains(&source.value));
        let Some(folder) = folder else {
            return Err(format!("the collection `{}` has no folder among its sources", decl.name));
        };
        let by_name = decl.key.value == "slug" && key == file_name(key);
        let mut members: Vec<(Name, Value)> = Vec::new();
        if !by_name {
            let value = target.get(&decl.key.value).cloned().unwrap_or_else(|| Value::text(key));
            members.push((Arc::from(decl.key.value.as_str()), value));
        }
        let before = pair.base.map(|(_, record)| written(record, &decl.key.value)).unwrap_or_default();
        let fields = target.fields.iter().filter(|field| field.origin != FieldOrigin::Built);
        for field in fields.filter(|field| *field.name != decl.key.value) {
            if before.get(&field.name) != Some(&&field.value) {
                members.push((Name::clone(&field.name), field.value.clone()));
            }
        }
        let path = format!("{}/{}.md", folder.value, file_name(if by_name { key } else { lowered }));
        if self.inputs.is_file(&path) {
            return Err(format!("{path} is there already, and holds another record"));
        }
        Ok((path, content::new_markdown(&members, body)))
    }

    /// What the last write that has a text says; `None` where none has.
    fn body(&self, collection: usize, writes: &[&Change]) -> Option<String> {
        let member = self.settings.writes.of(collection)?.text.as_ref()?;
        let text = |change: &&Change| {
            let (_, value) = change.members()?.iter().find(|(name, _)| **name == **member)?;
            Some(value.as_text().unwrap_or_default().to_owned())
        };
        writes.iter().rev().find_map(text)
    }

    /// The tombstones as they are to be; `None` where they are so already.
    fn tombstones(&self, plan: &Plan) -> Option<String> {
        let known = self.inputs.bytes(TOMBSTONES).and_then(|bytes| serde_json::from_slice(bytes).ok());
        let before: BTreeMap<String, BTreeSet<String>> = known.unwrap_or_default();
        let mut after = before.clone();
        for Applied { collection, key, is_gone, .. } in &plan.applied {
            let digest = Removed::digest(collection, &slug(key).unwrap_or_default());
            if *is_gone {
                after.entry(collection.clone()).or_default().insert(digest);
            } else if let Some(digests) = after.get_mut(collection) {
                digests.remove(&digest);
            }
        }
        (before != after).then(|| serde_json::to_string_pretty(&after).unwrap_or_default() + "\n")
    }

    /// The plan without what would not read as it was meant.
    fn verified(&self, mut plan: Plan, target: &Content) -> Plan {
        let mut inputs = self.inputs.clone();
        plan.tombstones = self.tombstones(&plan);
        let tombstones = plan.tombstones.clone().map(|text| (TOMBSTONES.to_owned(), Some(text)));
        let files = plan.applied.iter().flat_map(|applied| applied.files.clone());
        for (path, text) in files.chain(tombstones) {
            match text {
                Some(text) => {
                    let file = InputFile::Bytes(Arc::new(text.into_bytes()));
                    inputs.files.insert(Arc::from(path), file);
                }
                None => drop(inputs.files.remove(path.as_str())),
            }
        }
        let (again, _) = Accepted::take(self.settings, &mut inputs, true);
        let nothing = again.effect(self.settings, &|_| true);
        let after = self.read(inputs, &nothing);
        let mut kept = Vec::new();
        for applied in std::mem::take(&mut plan.applied) {
            let find = |content: &Content| {
                let collection = content.collections.iter().find(|collection| collection.name == applied.collection)?;
                let record = collection.find(&applied.key)?;
                let members = written(record, &collection.key).into_iter().map(|(name, value)| (name, value.clone()));
                // A file has a text, be it empty; what was written may have none.
                let text = record.get("html").map(Value::unescaped).filter(|text| !text.is_empty());
                Some((members.collect::<BTreeMap<_, _>>(), text))
            };
            let (wanted, found) = (find(target), find(&after));
            if wanted == found {
                kept.push(applied);
            } else {
                let why = otherwise(&applied, wanted, found);
                plan.left.push(Left { collection: applied.collection, key: applied.key, why });
            }
        }
        plan.applied = kept;
        plan.tombstones = self.tombstones(&plan);
        plan
    }
}

/// A record's members, and its text.
type Said = (BTreeMap<Name, Value>, Option<String>);

/// Where the files of a record would say something else than what was written.
fn otherwise(applied: &Applied, wanted: Option<Said>, found: Option<Said>) -> String {
    let files: Vec<String> = applied.files.keys().map(|path| format!("`{path}`")).collect();
    let files = if files.is_empty() { "its files".to_owned() } else { files.join(" and ") };
    let (Some((wanted, text)), Some((found, of_files))) = (wanted, found) else {
        return format!(
            "{files} alone cannot say whether it is there, for other sources name it, too: change them by hand"
        );
    };
    let names: BTreeSet<&Name> = wanted.keys().chain(found.keys()).collect();
    let differs = names.into_iter().filter(|name| wanted.get(*name) != found.get(*name));
    let mut parts: Vec<String> = differs.map(|name| format!("`{name}`")).collect();
    if text != of_files {
        parts.push("the text".to_owned());
    }
    format!("{files} would say something else of {} than what was written: change it by hand", parts.join(", "))
}

/// The files of a record, changed where they say something else.
fn edited(
    pair: &Pair<'_>,
    target: &Record,
    own: &[(String, String)],
    body: Option<&str>,
) -> Result<BTreeMap<String, String>, String> {
    let Some((collection, record)) = pair.base else { return Err("there is no record".to_owned()) };
    let (before, after) = (written(record, &collection.key), written(target, &collection.key));
    let mut changes: BTreeMap<&str, Vec<(Name, Option<Value>)>> = BTreeMap::new();
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        let origin = record.field(name).map(|field| field.origin);
        let path = match origin {
            Some(FieldOrigin::Written(part)) => record
                .origins
                .get(usize::from(part))
                .and_then(|origin| collection.files.get(origin.file as usize).map(|file| file.path.to_string())),
            _ => own.first().map(|(path, _)| path.clone()),
        };
        let Some((path, _)) = own.iter().find(|(known, _)| Some(known) == path.as_ref()) else {
            let path = path.unwrap_or_default();
            return Err(format!("`{name}` comes from {path}, which this tool does not edit: change it there"));
        };
        changes.entry(path).or_default().push((Name::clone(name), new.map(|value| (*value).clone())));
    }
    let mut texts = BTreeMap::new();
    let with_body = own.iter().find(|(path, _)| content::is_markdown(path)).filter(|_| body.is_some());
    if body.is_some() && with_body.is_none() {
        return Err("a text stands in a Markdown file, and the record has none".to_owned());
    }
    for (path, text) in own {
        let body = body.filter(|_| with_body.is_some_and(|(with, _)| with == path));
        let changes = changes.remove(path.as_str()).unwrap_or_default();
        let edited = content::edit(path, text, &changes, body);
        let edited = edited.ok_or_else(|| format!("{path} cannot be changed without changing more: do it by hand"))?;
        if edited != *text {
            texts.insert(path.clone(), edited);
        }
    }
    Ok(texts)
}

/// Members that files and members of the site wrote, without the key.
fn written<'r>(record: &'r Record, key: &str) -> BTreeMap<Name, &'r Value> {
    let fields = record.fields.iter().filter(|field| field.origin != FieldOrigin::Built && *field.name != *key);
    fields.map(|field| (Name::clone(&field.name), &field.value)).collect()
}

/// The writes of a key up to one of them, without those that are left out.
fn ids(accepted: &Accepted, last: usize, out: &BTreeSet<usize>) -> Vec<String> {
    let all = accepted.all();
    let same = (0..=last).filter(|at| !out.contains(at) && accepted.key(*at) == accepted.key(last));
    let open = same.filter(|at| all[*at].standing != Standing::Applied);
    open.map(|at| all[at].entry.id.clone()).collect()
}

/// The files of many records that hold this one, too.
fn lists(pair: &Pair<'_>) -> Vec<String> {
    let Some((collection, record)) = pair.base else { return Vec::new() };
    let files = record.origins.iter().filter_map(|origin| collection.files.get(origin.file as usize));
    files.filter(|file| !file.in_folder).map(|file| file.path.to_string()).collect()
}

/// A key as the name of a file everywhere.
fn file_name(key: &str) -> String {
    let plain = |c: char| if matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*') { '-' } else { c };
    key.chars().map(plain).collect::<String>().trim_end_matches(['.', ' ']).to_owned()
}

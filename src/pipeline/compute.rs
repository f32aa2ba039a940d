//! Everything between the inputs and the seal.

use super::{Report, collisions, reread};
use crate::content::{self, Content, Moment, Places};
use crate::contract::{self, Api, RouteTable};
use crate::model::{About, Artifact, Collection, Diagnostic, Inputs, Place, Receipt, Settings, code};
use crate::pages::prose::{self, Shortcodes};
use crate::pages::{self, Templates};
use crate::scores::{Known, Scores};
use crate::{release, views};
use jiff::Timestamp;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A site: where it is, and what it says of itself.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    pub root: &'a Path,
    pub settings: &'a Settings,
}

/// What the inputs say, before it is sealed.
pub struct Computed {
    /// In order of key.
    pub artifacts: Vec<Artifact>,
    pub table: RouteTable,
    pub api: Api,
    pub faults: Vec<Diagnostic>,
    /// The next instant at which the output changes without new input.
    pub next_change: Option<Timestamp>,
    pub activity: release::Activity,
    /// What became of each write, in order of id.
    pub receipts: Vec<Receipt>,
}

impl Computed {
    /// What the release says of itself.
    pub fn facts<'a>(&'a self, records: &'a [(String, usize)], read_at: Option<Timestamp>) -> release::Facts<'a> {
        let (activity, next_change) = (Some(&self.activity), self.next_change);
        release::Facts { records, read_at, activity, next_change, receipts: &self.receipts }
    }

    /// Faults of which nobody needs to know more.
    fn cut_off(faults: Vec<Diagnostic>) -> Self {
        Self {
            artifacts: Vec::new(),
            table: RouteTable::default(),
            api: Api { components: BTreeMap::new(), operations: Vec::new() },
            faults,
            next_change: None,
            activity: release::Activity::default(),
            receipts: Vec::new(),
        }
    }
}

/// What an earlier build in this process left.
#[derive(Default)]
pub struct Kept {
    answers: views::Kept,
    texts: prose::Kept,
    index: pages::Index,
}

/// Reads, computes and describes. Where there are faults, the artifacts are what could be made; where a write is at fault,
/// nothing is.
pub fn compute(
    Site { root, settings }: Site<'_>,
    inputs: Inputs,
    moment: Moment<'_>,
    mut faults: Vec<Diagnostic>,
    report: &mut Report,
    kept: Option<&mut Kept>,
) -> Computed {
    let start = Instant::now();
    let (statics, unreadable) = release::statics(&inputs);
    faults.extend(unreadable.into_iter().filter_map(|(path, file)| content::unreadable(path, file)));
    faults.extend(unreadable_facts(settings, &inputs));
    let reread = |path: &str| reread(root, path, settings.site.max_file_bytes);
    let places = Places::new(&reread);
    let (templates, wrong) = if settings.pages.is_empty() { Default::default() } else { Templates::read(&inputs) };
    faults.extend(wrong);
    let gone = |collection: usize| moment.writes?.removed(collection);
    let (scores, wrong) = Scores::read(settings, &inputs, moment.now, &gone);
    faults.extend(wrong);
    let files = prose::Files::of(&inputs, settings.site.markdown.trusted);
    let mut content = content::read(settings, inputs, &places, Moment { overlays: &scores, ..moment });
    faults.append(&mut content.diagnostics);
    let mut first = Kept::default();
    let (again, kept) = (kept.is_some(), kept.unwrap_or(&mut first));
    let (shortcodes, wrong) = Shortcodes::of(&templates, settings.site.base_path());
    faults.extend(wrong);
    let desk = prose::Site { settings, files: &files, shortcodes: &shortcodes, locate: &places };
    let prose::Finished { artifacts: media, asked, faults: wrong } =
        prose::finish(&desk, &mut content.collections, &mut content.pages, &mut kept.texts);
    faults.extend(wrong);
    if moment.writes.is_some_and(|effect| !effect.blamed(&faults).is_empty()) {
        return Computed::cut_off(faults);
    }
    report.hidden = std::mem::take(&mut content.hidden);
    report.collections = content.collections.iter().map(published).collect();
    report.time("content", start);
    let start = Instant::now();
    let explained = explained(settings, &content, &scores);
    let (answers, wrong) =
        views::run(settings, &content.collections, &places, &explained, again.then_some(&mut kept.answers));
    faults.extend(wrong);
    let mut artifacts = gathered(answers.into_iter().chain([statics, media]).collect());
    report.time("views", start);
    let start = Instant::now();
    let answered = !faults.iter().any(|fault| fault.code == code::TOO_MANY_ARTIFACTS);
    let page = || paged(settings, &content, &templates, &places, scores.known(), &mut artifacts, &mut kept.index);
    let wrong = answered.then(page).unwrap_or_default();
    let all_paged = answered && wrong.is_empty();
    faults.extend(wrong);
    report.time("pages", start);
    let start = Instant::now();
    let api = describe(settings, &content, &mut artifacts);
    let table = routed(settings, &content, &places, &mut artifacts, &mut faults);
    if all_paged {
        faults.extend(prose::check(&asked, &artifacts, &|key| collisions::is_sealed(settings, key), &places));
    }
    report.time("contract", start);
    let (activity, next_change) = activity(settings, &content, &scores);
    Computed { artifacts, table, api, faults, next_change, activity, receipts: Vec::new() }
}

/// A collection's name, and how many of its records are published.
fn published(collection: &Arc<Collection>) -> (String, usize) {
    (collection.name.clone(), collection.records.iter().filter(|record| record.hidden.is_none()).count())
}

/// Adds the pages that people read.
fn paged(
    settings: &Settings,
    content: &Content,
    templates: &Templates,
    places: &Places<'_>,
    known: Known,
    artifacts: &mut Vec<Artifact>,
    index: &mut pages::Index,
) -> Vec<Diagnostic> {
    if settings.pages.is_empty() && settings.badges.is_empty() {
        return Vec::new();
    }
    let site = pages::Site {
        settings,
        collections: &content.collections,
        plain: content.pages.as_ref(),
        templates,
        locate: places,
        known,
    };
    let answers = Arc::new(std::mem::take(artifacts));
    let (pages, faults) = pages::run(&site, &answers, index);
    *artifacts = Arc::unwrap_or_clone(answers);
    artifacts.extend(pages);
    sort(artifacts);
    faults
}

/// How requests reach the artifacts, with what tells the edge; and the faults of those that none reaches.
fn routed(
    settings: &Settings,
    content: &Content,
    places: &Places<'_>,
    artifacts: &mut Vec<Artifact>,
    faults: &mut Vec<Diagnostic>,
) -> RouteTable {
    let (collections, plain) = (&content.collections, content.pages.as_ref());
    let declared = collisions::Declared { settings, collections, plain, locate: places };
    faults.extend(collisions::told(&declared, artifacts));
    faults.extend(collisions::below_surfaces(&declared, artifacts));
    let mut table = RouteTable::of(settings);
    let unreachable = table.admit(artifacts);
    contract::put_edge(settings, &table, artifacts);
    // Two answers in one place were told as such.
    if !faults.iter().any(|fault| matches!(fault.code, code::KEY_COLLISION | code::DUPLICATE_PATH)) {
        faults.extend(collisions::unreachable(&declared, artifacts, &unreachable));
    }
    table
}

/// Facts that are there and cannot be read: taken for none, they would make everybody's numbers 0.
fn unreadable_facts(settings: &Settings, inputs: &Inputs) -> Vec<Diagnostic> {
    let paths = settings.sources.iter().flat_map(|source| [source.facts(), source.checks()]);
    let told = |path: String| {
        let folder = inputs.folders.contains(&path).then(|| {
            let message = "this is a folder, and facts of activity are a file";
            Diagnostic::error(code::BAD_ACTIVITY, Place::file(&path), message).help("move it away")
        });
        let file = inputs.files.get(path.as_str()).and_then(|file| content::unreadable(&path, file));
        folder.or(file)
    };
    paths.filter_map(told).collect()
}

fn explained(settings: &Settings, content: &Content, scores: &Scores<'_>) -> views::Explained {
    let views = settings.views.iter().filter(|view| matches!(view.about, About::Explain));
    let collections: BTreeSet<usize> = views.map(|view| view.from).collect();
    collections.into_iter().map(|at| (at, scores.explain(at, &content.collections[at].records))).collect()
}

/// What `status.json` says of the sources of activity and of the scores, and when anything changes by itself.
fn activity(settings: &Settings, content: &Content, scores: &Scores<'_>) -> (release::Activity, Option<Timestamp>) {
    let freshness = scores.freshness(&content.collections);
    let told = |told: serde_json::Value, some: bool| some.then(|| told.to_string());
    let activity = release::Activity {
        sources: told(freshness.told(), !settings.sources.is_empty()),
        scores: told(scores.formulas(), !settings.scores.is_empty()),
    };
    (activity, content.next_change.into_iter().chain(freshness.next_stale()).min())
}

/// Adds what the build says of its answers.
fn describe(settings: &Settings, content: &Content, artifacts: &mut Vec<Artifact>) -> Api {
    let records = contract::record_schemas(settings, content);
    let api = contract::api(settings, content, &records);
    let mut more = contract::pages(settings, &api, artifacts);
    more.extend(contract::openapi(settings, content, &api, artifacts));
    more.extend(contract::client(settings, &api));
    more.extend(contract::schemas(settings, &records));
    more.extend(contract::answer_schemas(settings, &api));
    more.extend(contract::problems::problems(settings));
    more.extend(contract::edge_artifact(settings));
    artifacts.append(&mut more);
    sort(artifacts);
    api
}

fn gathered(parts: Vec<Vec<Artifact>>) -> Vec<Artifact> {
    let mut artifacts = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    parts.into_iter().for_each(|part| artifacts.extend(part));
    sort(&mut artifacts);
    artifacts
}

fn sort(artifacts: &mut [Artifact]) {
    artifacts.par_sort_by(|a, b| a.key.cmp(&b.key).then(a.origin.cmp(&b.origin)));
}

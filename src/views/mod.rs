//! Records to answers: where, group or count, sort, rank, fields, then each record or every list.

mod about;
mod answers;
mod arrange;
mod check;
mod documents;
mod kept;
mod movement;
mod order;
mod project;
mod select;
mod table;

pub use kept::Kept;

use crate::model::{
    About, Artifact, ArtifactOrigin, Collection, Diagnostic, Locate, Place, Record, Rendered, Rows, Settings, Value,
    View, code,
};
use answers::List;
use arrange::{Arranged, arrange};
use documents::{Document, documents};
use project::{Projection, Projections};
use rayon::prelude::*;
use select::Bucket;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use table::{Column, Table};

/// What every view is computed from.
struct Context<'a> {
    settings: &'a Settings,
    collections: &'a [Arc<Collection>],
    locate: &'a dyn Locate,
    projections: Projections,
    explained: &'a Explained,
}

/// For each collection whose records are explained, how the scores of each record came about.
pub type Explained = BTreeMap<usize, Vec<Value>>;

/// Computes every declared answer: the artifacts of each view. Where there are faults, the artifacts are what could be made, for further checks.
pub fn run(
    settings: &Settings,
    collections: &[Arc<Collection>],
    locate: &dyn Locate,
    explained: &Explained,
    mut kept: Option<&mut Kept>,
) -> (Vec<Vec<Artifact>>, Vec<Diagnostic>) {
    let mut context = Context { settings, collections, locate, projections: Projections::new(), explained };
    let plain = settings.views.iter().flat_map(|view| view.lookup.iter().map(|(_, target)| Projection::plain(*target)));
    let shared = settings
        .views
        .iter()
        .filter(|view| shares_rows(view))
        .map(|view| Projection::of(view, &collections[view.from]));
    for projection in plain.chain(shared) {
        if !context.projections.contains_key(&projection) {
            let known = kept.as_ref().and_then(|kept| kept.rows(&projection, collections));
            let rows = known.unwrap_or_else(|| Arc::new(projection.render(collections, &context.projections)));
            if let Some(kept) = &mut kept {
                kept.keep_rows(&projection, collections, &rows);
            }
            context.projections.insert(projection, rows);
        }
    }
    let again = |(index, view)| match kept.as_ref().and_then(|kept| kept.view(index, view, collections)) {
        Some(artifacts) => (Planned::Kept(artifacts.to_vec()), Vec::new()),
        None => plan(&context, index, view),
    };
    let planned: Vec<(Planned, Vec<Diagnostic>)> = settings.views.par_iter().enumerate().map(again).collect();
    let mut faults: Vec<Diagnostic> = planned.iter().flat_map(|(_, faults)| faults.iter().cloned()).collect();
    if let Some(fault) = too_many(settings, planned.iter().map(|(planned, _)| planned)) {
        faults.push(fault);
        return (Vec::new(), faults);
    }
    let good: Vec<bool> = planned.iter().map(|(_, faults)| faults.is_empty()).collect();
    let emit = |(index, (planned, _))| emit(&context, index, planned);
    let artifacts: Vec<Vec<Artifact>> = planned.into_par_iter().enumerate().map(emit).collect();
    if let Some(kept) = kept {
        for (index, view) in settings.views.iter().enumerate().filter(|(index, _)| good[*index]) {
            kept.keep_view(index, view, collections, &artifacts[index]);
        }
    }
    (artifacts, faults)
}

/// Whether the view's rows are the collection's, written once for all views. Rank members among `fields`, and in
/// whole documents, stand within the row, so such rows belong to their view alone.
fn shares_rows(view: &View) -> bool {
    view.count.is_none() && (view.rank.is_none() || view.fields.is_none() && !view.each)
}

/// A view's answers before they are cut to limits and pages.
enum Planned {
    /// As they were cut for the last build.
    Kept(Vec<Artifact>),
    New {
        lists: Vec<List>,
        documents: Vec<Document>,
        rendered: Option<Arc<Rendered>>,
    },
}

fn plan(context: &Context<'_>, index: usize, view: &View) -> (Planned, Vec<Diagnostic>) {
    let mut faults = check::names(context.collections, view);
    let (mut lists, mut whole, mut written) = (Vec::new(), Vec::new(), None);
    let about = match view.about {
        About::Record => None,
        About::Standing(of) => Some(about::standings(context, view, &context.settings.views[of])),
        About::Explain => {
            let explained = context.explained.get(&view.from).map_or(&[][..], Vec::as_slice);
            Some(about::explanations(context, view, explained))
        }
    };
    if let Some((rendered, rows)) = about {
        let (documents, wrong) = documents(context, index_of(index), view, &rows);
        return (Planned::New { lists, documents, rendered: Some(rendered) }, [faults, wrong].concat());
    }
    let rows = select::records(context, view, &mut faults);
    let collection = context.collection(view);
    let before = movement::before(context, view);
    if view.each {
        let (rendered, rows) = arrange(
            context,
            view,
            &Table::Records(collection, rows),
            before.as_ref().and_then(|all| all.get("")),
            &mut faults,
        );
        let (documents, wrong) = documents(context, index_of(index), view, &rows);
        whole = documents;
        faults.extend(wrong);
        written = Some(rendered);
    } else if let Some(count) = &view.count {
        let buckets =
            select::buckets(context, collection, &rows, &count.field.value, count.values.as_deref(), &mut faults);
        let rows = buckets.into_iter().map(|bucket| (bucket.label, bucket.members.len())).collect();
        let table = Table::Counts { label: &count.label, rows };
        lists.push(context.list(index, view, None, (&table, None), &mut faults));
    } else if let Some(group) = &view.group {
        let buckets =
            select::buckets(context, collection, &rows, &group.field.value, group.values.as_deref(), &mut faults);
        let nobody = HashMap::new();
        for mut bucket in buckets {
            let table = Table::Records(collection, std::mem::take(&mut bucket.members));
            let before = before.as_ref().map(|all| all.get(&bucket.slug).unwrap_or(&nobody));
            lists.push(context.list(index, view, Some(&bucket), (&table, before), &mut faults));
        }
    } else {
        let before = before.as_ref().and_then(|all| all.get(""));
        lists.push(context.list(index, view, None, (&Table::Records(collection, rows), before), &mut faults));
    }
    (Planned::New { lists, documents: whole, rendered: written }, faults)
}

impl<'a> Context<'a> {
    fn collection(&self, view: &View) -> &'a Collection {
        &self.collections[view.from]
    }

    /// The value of the expression `source`, declared at `at`, for each row; rows for which it fails are reported and
    /// have none.
    fn column<'t>(&self, table: &'t Table<'_>, at: &Place, source: &str, faults: &mut Vec<Diagnostic>) -> Column<'t> {
        // A name that no record has was told once, where the view is declared; each row need not say it again.
        if !Self::knows_names_of(table, source) {
            return vec![None; table.len()];
        }
        match table.column(source) {
            Ok(column) => column,
            Err(failures) => {
                for (row, why) in failures {
                    let message = format!("the expression `{source}` fails for {}: {why}", table.name(row));
                    let fault = Diagnostic::error(code::EXPRESSION_FAILED, at.clone(), message);
                    faults.push(match Self::record(table, row) {
                        Some((collection, record)) => {
                            let place = self.locate.locate(collection, record, &collection.key, None);
                            let written = self.locate.last_write(collection, record);
                            fault.help(format!("the record stands at {place}")).about(written)
                        }
                        None => fault,
                    });
                }
                vec![None; table.len()]
            }
        }
    }

    fn knows_names_of(table: &Table<'_>, source: &str) -> bool {
        let Table::Records(collection, _) = table else { return true };
        let Ok(expression) = crate::expr::Expression::compile(source) else { return true };
        !collection.knows_its_names() || expression.variables().iter().all(|name| collection.has_name(name))
    }

    fn record<'t>(table: &'t Table<'_>, row: usize) -> Option<(&'t Collection, &'t Record)> {
        match table {
            Table::Records(collection, rows) => Some((collection, &collection.records[rows[row] as usize])),
            Table::Counts { .. } => None,
        }
    }

    fn list(
        &self,
        index: usize,
        view: &View,
        bucket: Option<&Bucket>,
        (table, before): (&Table<'_>, Option<&HashMap<u32, usize>>),
        faults: &mut Vec<Diagnostic>,
    ) -> List {
        let (rendered, arranged) = arrange(self, view, table, before, faults);
        let Arranged { order, records, standings } = arranged;
        // Rows that belong to their view alone hold what the rank adds.
        let behind = if shares_rows(view) { &standings[..] } else { &[] };
        let suffixes = behind.iter().map(|standing| project::rank_suffix(*standing)).collect();
        let view_index = index_of(index);
        let origin = match bucket.and_then(|bucket| bucket.first) {
            Some((record, item)) => {
                let item = item.map_or(u32::MAX, |item| u32::try_from(item).unwrap_or(u32::MAX));
                ArtifactOrigin::Group { view: view_index, record, item }
            }
            None => ArtifactOrigin::View(view_index),
        };
        List {
            path: view.path.value.fill(|_| bucket.map_or("", |bucket| bucket.slug.as_str())),
            rows: Arc::new(Rows { rendered, order, suffixes, records, standings }),
            limit: view.limit,
            page: view.page,
            origin,
        }
    }
}

/// Views are few: a site with 2^32 of them has other troubles.
fn index_of(view: usize) -> u32 {
    u32::try_from(view).unwrap_or(u32::MAX)
}

/// The fault of a site that would make more artifacts than it allows.
fn too_many<'p>(settings: &Settings, planned: impl Iterator<Item = &'p Planned>) -> Option<Diagnostic> {
    let counts: Vec<(usize, &View)> = planned
        .zip(&settings.views)
        .map(|(planned, view)| match planned {
            Planned::Kept(artifacts) => (artifacts.len(), view),
            Planned::New { lists, documents, .. } => {
                let lists: usize = lists
                    .iter()
                    .map(|list| answers::count(list.rows.len(), list.limit, list.page))
                    .fold(0, usize::saturating_add);
                (lists.saturating_add(documents.len()).saturating_mul(view.surfaces.len()), view)
            }
        })
        .collect();
    let total = counts.iter().map(|(count, _)| *count).fold(0, usize::saturating_add);
    if total <= settings.site.max_artifacts {
        return None;
    }
    let mut by_view: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, view)| format!("`{}` {count}", view.path.value))
        .collect();
    by_view.truncate(20);
    let message = format!(
        "this site would make {total} artifacts, more than the {} it allows: {}",
        settings.site.max_artifacts,
        by_view.join(", ")
    );
    let at = Place::file(
        &settings.views.first().map_or_else(|| "site/site.toml".into(), |view| Arc::clone(&view.path.at.path)),
    );
    let help = "lower `limit.max` of a view, or raise `max_artifacts` under `[site]`";
    Some(Diagnostic::error(code::TOO_MANY_ARTIFACTS, at, message).help(help))
}

fn emit(context: &Context<'_>, index: usize, planned: Planned) -> Vec<Artifact> {
    let (lists, documents, rendered) = match planned {
        Planned::Kept(artifacts) => return artifacts,
        Planned::New { lists, documents, rendered } => (lists, documents, rendered),
    };
    let view = &context.settings.views[index];
    let site = &context.settings.site;
    let mut artifacts = Vec::with_capacity(documents.len() * view.surfaces.len());
    for surface in view.surfaces.iter().map(|surface| &context.settings.surfaces[*surface]) {
        for list in &lists {
            answers::list(site, surface, list, &mut artifacts);
        }
        for document in &documents {
            let Some(rendered) = &rendered else { continue };
            let canonical = document.canonical.as_deref().unwrap_or(&document.path);
            artifacts.push(answers::document(
                site,
                surface,
                &document.path,
                canonical,
                (rendered, document.row),
                document.origin,
            ));
        }
    }
    artifacts
}

//! Which of the members that are computed can be seen in some answer.

use crate::expr::Expression;
use crate::model::{About, Settings, View};
use std::collections::BTreeSet;

/// The names of a collection's members that views show, or choose, order or divide rows by.
pub fn shown(settings: &Settings, collection: usize) -> BTreeSet<String> {
    let decl = &settings.collections[collection];
    let is_public = |name: &str| !decl.private.iter().any(|private| private.value == name);
    let views: Vec<&View> = settings.views.iter().filter(|view| view.from == collection).collect();
    let looked_up = settings.views.iter().any(|view| view.lookup.iter().any(|(_, target)| *target == collection));
    let is_whole =
        |view: &&&View| view.fields.is_none() && view.count.is_none() && !matches!(view.about, About::Standing(_));
    let mut shown = BTreeSet::new();
    // A template may show whatever is public.
    let templated = !settings.pages.is_empty();
    if templated || looked_up || views.iter().any(|view| is_whole(&view)) {
        shown.extend(settings.scores_of(collection).flat_map(crate::model::Score::fields).map(str::to_owned));
        shown.extend(decl.derive.iter().map(|derived| derived.name.clone()));
        shown.retain(|name| is_public(name));
    }
    for view in views {
        let expressions = view.filter.iter().map(|filter| &filter.value);
        let expressions = expressions.chain(view.sort.iter().map(|sort| &sort.value.expression));
        let expressions = expressions.chain(view.rank.iter().map(|rank| &rank.by.value));
        expressions.for_each(|source| shown.extend(names(source)));
        shown.extend(view.group.iter().map(|group| group.field.value.clone()));
        shown.extend(view.count.iter().map(|count| count.field.value.clone()));
        shown.extend(view.fields.iter().flatten().map(|field| field.value.clone()));
        shown.extend(view.path.value.fields().map(str::to_owned));
    }
    // A derived member is made of what is declared above it.
    for derived in decl.derive.iter().rev() {
        if shown.contains(&derived.name) {
            shown.extend(names(&derived.expression.value));
        }
    }
    shown
}

fn names(source: &str) -> Vec<String> {
    Expression::compile(source).map(|expression| expression.variables().to_vec()).unwrap_or_default()
}

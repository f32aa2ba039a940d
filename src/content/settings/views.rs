//! `[[views]]`: the declared answers.

use super::form::{Form, Reader, quoted};
use super::{check_expression, sort};
use crate::content::formats::{Kind, Node};
use crate::model::{
    About, Count, Diagnostic, Group, Limit, PathTemplate, Placed, Rank, RankMethod, Settings, View, code,
};

/// A list's greatest limit where the view names none.
const LIST_MAX: usize = 100;
/// A group's.
const GROUP_MAX: usize = 20;

pub fn read(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    let Some(node) = form.node("views") else { return views };
    let Kind::List(items) = &node.kind else {
        reader.wrong(node, "`views`", "a list of tables, each headed `[[views]]`");
        return views;
    };
    for item in items {
        let Some(view) = view(reader, item, settings, &views) else { continue };
        if let Some(other) = views.iter().find(|other| same_place(other, &view)) {
            let message = format!("two views stand on the path `{}`", view.path.value);
            let fault = Diagnostic::error(code::DUPLICATE_PATH, view.path.at.clone(), message);
            reader.report(fault.help(format!("the other is `{}` at {}", other.path.value, other.path.at)));
        }
        views.push(view);
    }
    views
}

fn same_place(a: &View, b: &View) -> bool {
    a.path.value.shape() == b.path.value.shape() && a.surfaces.iter().any(|surface| b.surfaces.contains(surface))
}

fn view(reader: &Reader<'_>, node: &Node, settings: &Settings, earlier: &[View]) -> Option<View> {
    let form = reader.form(node, "a view")?;
    let path = form.required_text("path").and_then(|text| path(reader, text));
    let from = form.required_text("from");
    let from_index = from.as_ref().and_then(|name| collection(reader, settings, name));
    let filter = expression(reader, &form, "where");
    let values = form.texts("values");
    let group = form.text("group");
    let count = form.text("count");
    let label = form.text("as");
    if let Some(label) = label.as_ref().filter(|label| label.value == "count") {
        let message = "`count` is the number's member, so the value's member needs another name";
        reader.report(Diagnostic::error(code::BAD_OPTION, label.at.clone(), message));
    }
    let sort = form.texts("sort").unwrap_or_default().into_iter().map(|key| sort::read(reader, key)).collect();
    let rank = form.table("rank").and_then(|table| rank(reader, &table));
    let fields = form.texts("fields");
    let about = about(reader, &form, settings, earlier);
    let each = form.flag("each").unwrap_or(false) || !matches!(about, Some(About::Record));
    let limit = limit(reader, &form, group.is_some());
    let page = form.table("page").and_then(|table| {
        let size = table.required_positive("size");
        table.finish();
        size.map(|size| size.value)
    });
    let lookup = lookup(reader, &form, settings);
    let surfaces = surfaces(reader, &form, settings);
    form.finish();
    combinations(reader, &form, each);
    let scored = !settings.broken_sources.is_empty()
        || from_index.is_none_or(|from| count.is_none() && settings.scores_of(from).next().is_some());
    check_movement(reader, rank.as_ref(), scored);
    let view = View {
        path: path?,
        from: from_index?,
        from_at: from?.at,
        filter,
        group: group.map(|field| Group { field, values: values.clone() }),
        count: count.map(|field| Count {
            label: label.map_or_else(|| field.value.clone(), |l| l.value),
            field,
            values,
        }),
        sort,
        rank,
        fields,
        each,
        about: about?,
        limit,
        page,
        lookup,
        surfaces,
    };
    check_standing(reader, &view, earlier);
    check_placeholders(reader, &view, &settings.collections[view.from].key.value);
    Some(view)
}

fn path(reader: &Reader<'_>, text: Placed<String>) -> Option<Placed<PathTemplate>> {
    match PathTemplate::parse(&text.value) {
        Ok(value) => Some(Placed { value, at: text.at }),
        Err((why, range)) => {
            reader.report(Diagnostic::error(code::BAD_PATH, text.at.inside_quotes(range), why));
            None
        }
    }
}

pub(super) fn collection(reader: &Reader<'_>, settings: &Settings, name: &Placed<String>) -> Option<usize> {
    let found = settings.collection(&name.value);
    // A collection that could not be read has had its own fault told.
    if found.is_none() && !settings.broken_collections.contains(&name.value) {
        let known: Vec<&str> = settings.collections.iter().map(|c| c.name.as_str()).collect();
        let fault = Diagnostic::error(
            code::UNKNOWN_COLLECTION,
            name.at.clone(),
            format!("there is no collection `{}`", name.value),
        );
        reader.report(fault.suggest(
            &name.value,
            known.iter().copied(),
            format!("the collections are {}", quoted(&known)),
        ));
    }
    found
}

fn expression(reader: &Reader<'_>, form: &Form<'_>, name: &'static str) -> Option<Placed<String>> {
    let text = form.text(name)?;
    check_expression(reader, &text.value, &text.at, 0);
    Some(text)
}

fn rank(reader: &Reader<'_>, form: &Form<'_>) -> Option<Rank> {
    let by = form.required_text("by");
    if let Some(by) = &by {
        check_expression(reader, &by.value, &by.at, 0);
    }
    let method = match form.text("method") {
        None => RankMethod::Competition,
        Some(method) => match method.value.as_str() {
            "competition" => RankMethod::Competition,
            "dense" => RankMethod::Dense,
            "ordinal" => RankMethod::Ordinal,
            other => {
                let fault =
                    Diagnostic::error(code::BAD_OPTION, method.at, format!("`{other}` is not a method of ranking"));
                let known = ["competition", "dense", "ordinal"];
                reader.report(fault.suggest(other, known, format!("the methods are {}", quoted(&known))));
                RankMethod::Competition
            }
        },
    };
    let movement = form.positive_to("movement_days", 3660).map(|days| u32::try_from(days.value).unwrap_or(u32::MAX));
    form.finish();
    by.map(|by| Rank { by, method, movement_days: movement })
}

/// `standing = "leaderboard"` or `explain = true`: documents about records rather than the records.
fn about(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings, earlier: &[View]) -> Option<About> {
    let standing = form.text("standing");
    let explain = form.flag("explain").unwrap_or(false);
    let given = |name: &str| form.entries().iter().find(|entry| &*entry.name == name);
    let refuse = |name: &str, why: &str| {
        if let Some(entry) = given(name) {
            reader.report(Diagnostic::error(code::BAD_OPTION, reader.place(&entry.name_span), why));
        }
    };
    if standing.is_some() || explain {
        for name in ["fields", "lookup", "rank", "sort", "where"] {
            refuse(name, &format!("`{name}` has no meaning in a view that tells about records"));
        }
    }
    let Some(standing) = standing else {
        if explain && settings.scores.is_empty() {
            refuse("explain", "there are no `scores` to explain");
        }
        return Some(if explain { About::Explain } else { About::Record });
    };
    if explain {
        refuse("explain", "a view tells of a standing, or explains, not both");
    }
    let help = "`standing` names a list with `rank` that is declared before";
    let found = named(reader, &standing, earlier, View::is_ranking, ("ranked list", help));
    found.map(About::Standing)
}

/// The view at a path, of those that fit; else what there is none of, and what is named there.
pub(super) fn named(
    reader: &Reader<'_>,
    name: &Placed<String>,
    views: &[View],
    fits: impl Fn(&View) -> bool,
    (what, help): (&str, &str),
) -> Option<usize> {
    let found = views.iter().position(|view| view.path.value.to_string() == name.value && fits(view));
    if found.is_none() {
        let known: Vec<String> =
            views.iter().filter(|view| fits(view)).map(|view| view.path.value.to_string()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let fault =
            Diagnostic::error(code::BAD_OPTION, name.at.clone(), format!("there is no {what} `{}`", name.value));
        reader.report(fault.suggest(&name.value, known.iter().copied(), format!("{help}: {}", quoted(&known))));
    }
    found
}

fn limit(reader: &Reader<'_>, form: &Form<'_>, grouped: bool) -> Limit {
    let usual = if grouped { GROUP_MAX } else { LIST_MAX };
    let Some(table) = form.table("limit") else { return Limit { default: None, max: usual } };
    let default = table.positive("default");
    let given = table.entries().iter().any(|entry| &*entry.name == "max");
    let max = table.positive("max");
    let comparable = max.is_some() || !given;
    let max = max.map_or(usual, |max| max.value);
    if let Some(default) = default.as_ref().filter(|default| comparable && default.value > max) {
        let message = format!("the default limit {} is above the greatest, {max}", default.value);
        let help = if given {
            "raise `max`, or lower `default`".to_owned()
        } else {
            format!("`max` is {usual} where the view names none")
        };
        reader.report(Diagnostic::error(code::BAD_OPTION, default.at.clone(), message).help(help));
    }
    table.finish();
    Limit { default: default.map(|default| default.value), max }
}

fn lookup(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Vec<(Placed<String>, usize)> {
    let Some(table) = form.table("lookup") else { return Vec::new() };
    let joins = table.entries().iter().filter_map(|entry| {
        let target = reader.text(&entry.node, &table.title_of(&entry.name))?;
        let index = collection(reader, settings, &target)?;
        Some((Placed { value: entry.name.to_string(), at: reader.place(&entry.name_span) }, index))
    });
    joins.collect()
}

fn surfaces(reader: &Reader<'_>, form: &Form<'_>, settings: &Settings) -> Vec<usize> {
    let Some(names) = form.texts("surfaces") else { return (0..settings.surfaces.len()).collect() };
    let mut found = Vec::new();
    for name in names {
        match settings.surfaces.iter().position(|surface| surface.name == name.value) {
            Some(index) if !found.contains(&index) => found.push(index),
            Some(_) => {}
            None => {
                let known: Vec<&str> = settings.surfaces.iter().map(|s| s.name.as_str()).collect();
                let fault = Diagnostic::error(
                    code::UNKNOWN_SURFACE,
                    name.at.clone(),
                    format!("there is no surface `{}`", name.value),
                );
                reader.report(fault.suggest(
                    &name.value,
                    known.iter().copied(),
                    format!("the surfaces are {}", quoted(&known)),
                ));
            }
        }
    }
    found
}

/// Options that contradict each other.
fn combinations(reader: &Reader<'_>, form: &Form<'_>, each: bool) {
    let given = |name: &str| form.entries().iter().find(|entry| &*entry.name == name);
    let refuse = |name: &str, why: &str| {
        if let Some(entry) = given(name) {
            reader.report(Diagnostic::error(code::BAD_OPTION, reader.place(&entry.name_span), why));
        }
    };
    if each {
        for name in ["group", "count", "values", "limit", "page"] {
            refuse(name, &format!("`each` makes one document for each record, so `{name}` has no meaning beside it"));
        }
        return;
    }
    if given("group").is_some() {
        refuse("count", "a view has `group` or `count`, not both");
    } else if given("count").is_none() {
        refuse("values", "`values` closes the set of a `group` or a `count`, and there is neither");
    }
    if given("count").is_none() {
        refuse("as", "`as` names the value's member in a `count`, and there is none");
    } else {
        refuse("lookup", "a `count` makes rows of its own, so there is nothing to look up");
    }
}

fn check_standing(reader: &Reader<'_>, view: &View, earlier: &[View]) {
    if let About::Standing(of) = view.about
        && earlier[of].from != view.from
    {
        let message = format!("`{}` ranks another collection than this view's", earlier[of].path.value);
        reader.report(Diagnostic::error(code::BAD_OPTION, view.from_at.clone(), message));
    }
}

fn check_movement(reader: &Reader<'_>, rank: Option<&Rank>, scored: bool) {
    if let Some(rank) = rank.filter(|rank| rank.movement_days.is_some() && !scored) {
        let message =
            "`movement_days` needs rows that scores are computed for: nothing else says how they were ranked before";
        reader.report(Diagnostic::error(code::BAD_OPTION, rank.by.at.clone(), message));
    }
}

/// The fields of a path are the group's value, or the members of one record.
fn check_placeholders(reader: &Reader<'_>, view: &View, key: &str) {
    let path = view.path.value.to_string();
    let report = |marked: &str, message: String, help: String| {
        let found = path.find(marked).filter(|_| !marked.is_empty());
        let at =
            found.map_or_else(|| view.path.at.clone(), |start| view.path.at.inside_quotes(start..start + marked.len()));
        reader.report(Diagnostic::error(code::PATH_FIELD, at, message).help(help));
    };
    let fields: Vec<&str> = view.path.value.fields().collect();
    if view.each {
        if fields.is_empty() {
            let message = format!(
                "`each` makes one document for each record, but the path `{}` is the same for all",
                view.path.value
            );
            report("", message, format!("put a field into the path, such as `{path}/{{{key}}}`"));
        }
        return;
    }
    let wanted = view.group.as_ref().map(|group| group.field.value.as_str());
    for field in fields.iter().filter(|field| Some(**field) != wanted) {
        let message = format!("nothing fills `{{{field}}}` in the path `{}`", view.path.value);
        report(
            &format!("{{{field}}}"),
            message,
            "a field in a path belongs to `each = true`, or to `group` by that very field".to_owned(),
        );
    }
    if let Some(wanted) = wanted.filter(|wanted| !fields.contains(wanted)) {
        let message = format!("the path `{}` is the same for every group", view.path.value);
        report("", message, format!("put `{{{wanted}}}` into the path"));
    }
}

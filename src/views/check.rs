//! The names that a view takes from its records: each must be known, and none private where it would be shown.

use super::project::rank_members;
use crate::expr::Expression;
use crate::model::{Collection, Diagnostic, Place, View, code, word_in};
use std::sync::Arc;

/// Reports names that no record has, and private ones that an answer would show.
pub fn names(collections: &[Arc<Collection>], view: &View) -> Vec<Diagnostic> {
    let mut check = Check { collection: &collections[view.from], faults: Vec::new() };
    if let Some(filter) = &view.filter {
        check.expression(&filter.value, &filter.at, &[]);
    }
    for field in view.path.value.fields().filter(|_| view.each) {
        let text = view.path.value.to_string();
        let braces = format!("{{{field}}}");
        let at = text.find(&braces).map(|start| view.path.at.inside_quotes(start..start + braces.len()));
        check.field(field, &at.unwrap_or_else(|| view.path.at.clone()), &[]);
    }
    if let Some(group) = &view.group {
        check.field(&group.field.value, &group.field.at, &[]);
    }
    let mut row: Vec<&str> = Vec::new();
    if let Some(count) = &view.count {
        check.field(&count.field.value, &count.field.at, &[]);
        row.extend([count.label.as_str(), "count"]);
    }
    for sort in &view.sort {
        check.expression(&sort.value.expression, &sort.at, &row);
    }
    if let Some(rank) = &view.rank {
        check.expression(&rank.by.value, &rank.by.at, &row);
        row.extend(rank_members(Some(rank)));
    }
    for (i, field) in view.fields.iter().flatten().enumerate() {
        check.field(&field.value, &field.at, &row);
        if view.fields.iter().flatten().take(i).any(|other| other.value == field.value) {
            let message = format!("`{}` stands twice among the fields", field.value);
            check.faults.push(Diagnostic::error(code::BAD_OPTION, field.at.clone(), message));
        }
    }
    for (field, _) in &view.lookup {
        check.field(&field.value, &field.at, &[]);
    }
    check.faults
}

struct Check<'a> {
    collection: &'a Collection,
    faults: Vec<Diagnostic>,
}

impl Check<'_> {
    fn field(&mut self, name: &str, at: &Place, row: &[&str]) {
        if row.contains(&name) {
            return;
        }
        if self.collection.is_private(name) {
            let message = format!("`{name}` of `{}` is private, and this would show it", self.collection.name);
            self.faults.push(Diagnostic::error(code::PRIVATE_FIELD, at.clone(), message));
        } else {
            self.known(name, at, row);
        }
    }

    fn expression(&mut self, source: &str, at: &Place, row: &[&str]) {
        let Ok(expression) = Expression::compile(source) else { return };
        for name in expression.variables() {
            // A count's rows have members of their own and none of the record's.
            if row.is_empty() || !row.contains(&name.as_str()) {
                // A descending key is written with its `-` before the expression.
                let skipped = usize::from(at.starts_inside_with("-") && !source.starts_with('-'));
                let word = word_in(source, name).map(|word| word.start + skipped..word.end + skipped);
                let at = word.map_or_else(|| at.clone(), |word| at.inside_quotes(word));
                self.known(name, &at, row);
            }
        }
    }

    fn known(&mut self, name: &str, at: &Place, row: &[&str]) {
        let counts = row.contains(&"count");
        if row.contains(&name) || !counts && (!self.collection.knows_its_names() || self.collection.has_name(name)) {
            return;
        }
        let message = match counts {
            true => format!("the rows of this count have no member `{name}`"),
            false => format!("no record of `{}` has the member `{name}`", self.collection.name),
        };
        let names: Vec<&str> = match counts {
            true => row.to_vec(),
            false => self.collection.names.iter().map(String::as_str).chain(row.iter().copied()).collect(),
        };
        let all = format!("the members are {}", names.join(", "));
        self.faults.push(Diagnostic::error(code::UNKNOWN_FIELD, at.clone(), message).suggest(name, names, all));
    }
}

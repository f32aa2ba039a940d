//! Computed members.

use super::formats::Part;
use super::places::Places;
use super::schema::member;
use crate::expr::Expression;
use crate::model::{Collection, Derived, Diagnostic, FieldOrigin, Locate as _, Name, Place, Record, Value, code};
use rayon::prelude::*;
use std::sync::Arc;

/// Sets the derived members of every record, in the order of their declaration: a later one sees the earlier.
pub fn derive(collection: &mut Collection, derived: &[Derived], places: &Places<'_>) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for Derived { name, expression } in derived {
        let Ok(compiled) = Expression::compile(&expression.value) else { continue };
        // A name that no record has was told once; each record need not say it again.
        if collection.knows_its_names() && !compiled.variables().iter().all(|name| collection.has_name(name)) {
            continue;
        }
        let name: Name = Arc::from(name.as_str());
        let results: Vec<Result<Option<Value>, (String, Place)>> = collection
            .records
            .par_iter()
            .map(|record| {
                evaluate(&compiled, record).map_err(|(why, range)| {
                    let at = range.map_or_else(|| expression.at.clone(), |range| expression.at.inside_quotes(range));
                    (why, at)
                })
            })
            .collect();
        for (at, result) in results.into_iter().enumerate() {
            match result {
                Ok(Some(value)) => {
                    let record = &mut collection.records[at];
                    // HTML that the build made stays what it is where an expression hands it on: a page may show it.
                    let kept = record.get(&name).filter(|known| is_handed_on(known, &value)).cloned();
                    record.set(Arc::clone(&name), kept.unwrap_or(value), FieldOrigin::Built);
                }
                Ok(None) => {}
                Err((why, at_expression)) => {
                    let record = &collection.records[at];
                    let message = format!(
                        "`{name}` of the record `{}` of `{}` cannot be computed: {why}",
                        record.key, collection.name
                    );
                    let here = places.of(collection, record, &member(&collection.key), Part::Value);
                    faults.push(
                        Diagnostic::error(code::EXPRESSION_FAILED, at_expression, message)
                            .help(format!("the record stands at {here}"))
                            .about(places.last_write(collection, record)),
                    );
                }
            }
        }
    }
    faults
}

/// Whether an expression gave the HTML of a text as it was.
fn is_handed_on(known: &Value, given: &Value) -> bool {
    matches!(known, Value::Escaped(_)) && known.compare(given).is_eq()
}

type Failure = (String, Option<std::ops::Range<usize>>);

fn evaluate(expression: &Expression, record: &Record) -> Result<Option<Value>, Failure> {
    let value = expression.eval(|name| record.get(name).map(minijinja::Value::from));
    let value = value.map_err(|fault| (fault.message, fault.range))?;
    Value::from_template(&value).map_err(|why| (why, None))
}

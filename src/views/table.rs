//! The rows that a view sorts and ranks: records, or the values of a count.

use crate::expr::{self, Expression};
use crate::model::{Collection, Value};
use rayon::prelude::*;
use std::borrow::Cow;

/// Rows before they are sorted.
pub enum Table<'a> {
    /// Indices into the collection's records.
    Records(&'a Collection, Vec<u32>),
    /// A value's label and how many records have it.
    Counts { label: &'a str, rows: Vec<(String, usize)> },
}

/// The value of one expression for each row; `None` where it is missing.
pub type Column<'a> = Vec<Option<Cow<'a, Value>>>;

impl<'a> Table<'a> {
    pub fn len(&self) -> usize {
        match self {
            Self::Records(_, rows) => rows.len(),
            Self::Counts { rows, .. } => rows.len(),
        }
    }

    /// What a row is called in a message.
    pub fn name(&self, row: usize) -> String {
        match self {
            Self::Records(collection, rows) => {
                format!("the record `{}` of `{}`", collection.records[rows[row] as usize].key, collection.name)
            }
            Self::Counts { rows, .. } => format!("the row `{}`", rows[row].0),
        }
    }

    /// Evaluates `source` for each row. The names of fields need no evaluation.
    ///
    /// # Errors
    /// The rows for which it fails, each with the reason. An expression that does not compile gives none: that was
    /// told where it is declared.
    pub fn column(&'a self, source: &str) -> Result<Column<'a>, Vec<(usize, String)>> {
        if expr::is_name(source) {
            return Ok((0..self.len()).map(|row| self.get(row, source)).collect());
        }
        let Ok(expression) = Expression::compile(source) else { return Err(Vec::new()) };
        let evaluate = |row: usize| {
            let value = expression.eval(|name| self.get(row, name).map(|value| minijinja::Value::from(&*value)));
            let value = value.map_err(|fault| fault.message).and_then(|value| Value::from_template(&value));
            value.map(|value| value.filter(|v| *v != Value::Null).map(Cow::Owned)).map_err(|why| (row, why))
        };
        let evaluated: Vec<Result<_, (usize, String)>> = (0..self.len()).into_par_iter().map(evaluate).collect();
        let (good, bad): (Vec<_>, Vec<_>) = evaluated.into_iter().partition(Result::is_ok);
        if bad.is_empty() {
            Ok(good.into_iter().flatten().collect())
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    }

    /// A member of a row; null counts as missing.
    fn get(&'a self, row: usize, name: &str) -> Option<Cow<'a, Value>> {
        match self {
            Self::Records(collection, rows) => {
                collection.records[rows[row] as usize].get(name).filter(|v| **v != Value::Null).map(Cow::Borrowed)
            }
            Self::Counts { label, rows } => match name {
                "count" => Some(Cow::Owned(Value::int(rows[row].1))),
                _ if name == *label => Some(Cow::Owned(Value::text(rows[row].0.as_str()))),
                _ => None,
            },
        }
    }
}

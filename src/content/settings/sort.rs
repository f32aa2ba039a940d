//! Sort keys: `-score` is the expression `score`, descending.

use super::check_expression;
use super::form::Reader;
use crate::expr;
use crate::model::{Diagnostic, Placed, Sort, code};

pub fn read(reader: &Reader<'_>, text: Placed<String>) -> Placed<Sort> {
    let (expression, descending) = match text.value.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text.value.as_str(), false),
    };
    let skipped = text.value.len() - expression.len();
    if let Some(operator) = expr::bare_operator(expression).filter(|_| descending) {
        let at = text.at.inside_quotes(operator.start + skipped..operator.end + skipped);
        let message = format!(
            "`{}` could mean the direction or a minus: the leading `-` is the direction of the whole key",
            text.value
        );
        let fault = Diagnostic::error(code::BAD_EXPRESSION, at, message);
        reader.report(fault.help(format!("write `-({})` for that expression, descending", expression.trim())));
    } else {
        check_expression(reader, expression, &text.at, skipped);
    }
    Placed { value: Sort { expression: expression.to_owned(), descending }, at: text.at }
}

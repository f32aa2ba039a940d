//! Expressions of `derive`, `where`, `sort` and `rank`: minijinja's, compiled once, with their faults placed.

use minijinja::{Environment, Error, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_debug(true);
    environment
});

/// The longest expression, in bytes: a longer one would nest deeper than its compiler can go.
const LONGEST: usize = 2_000;

/// A compiled expression.
pub struct Expression {
    compiled: minijinja::Expression<'static, 'static>,
    variables: Vec<String>,
}

/// What is wrong, and with which bytes of the expression, where that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct ExpressionFault {
    pub message: String,
    pub range: Option<Range<usize>>,
}

impl Expression {
    /// # Errors
    /// When `source` is not an expression.
    pub fn compile(source: &str) -> Result<Self, ExpressionFault> {
        if source.len() > LONGEST {
            let message = format!("it is longer than {LONGEST} bytes");
            return Err(ExpressionFault { message, range: None });
        }
        let compiled = ENVIRONMENT.compile_expression_owned(source.to_owned()).map_err(|e| fault(&e))?;
        let globals: Vec<&str> = ENVIRONMENT.globals().map(|(name, _)| name).collect();
        let mut variables: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
        variables.retain(|name| !globals.contains(&name.as_str()));
        variables.sort_unstable();
        Ok(Self { compiled, variables })
    }

    /// The names that the expression takes from its record, sorted.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// # Errors
    /// When the values do not fit what the expression does with them.
    pub fn eval(&self, mut lookup: impl FnMut(&str) -> Option<Value>) -> Result<Value, ExpressionFault> {
        let known = self.variables.iter().filter_map(|name| lookup(name).map(|value| (name.clone(), value)));
        self.compiled.eval(Value::from_object(known.collect::<BTreeMap<String, Value>>())).map_err(|e| fault(&e))
    }
}

/// Whether `source` is no more than the name of a field.
pub fn is_name(source: &str) -> bool {
    let mut chars = source.chars();
    let word = matches!(
        source,
        "true" | "True" | "false" | "False" | "none" | "None" | "not" | "and" | "or" | "is" | "in" | "if" | "else"
    );
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !word
}

/// The first operator of `source` that stands outside brackets and quotes: `-a + b` could mean `(-a) + b` or
/// `-(a + b)`, so a descending sort key must not have one.
pub fn bare_operator(source: &str) -> Option<Range<usize>> {
    let (mut depth, mut quote, mut word) = (0_usize, None, None);
    for (i, c) in source.char_indices() {
        let in_word = c.is_ascii_alphanumeric() || c == '_';
        if let (Some(start), false) = (word, in_word) {
            if depth == 0 && matches!(&source[start..i], "and" | "or" | "not" | "in" | "is" | "if" | "else") {
                return Some(start..i);
            }
            word = None;
        }
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '+' | '-' | '*' | '/' | '%' | '~' | '<' | '>' | '=' | '!') if depth == 0 => return Some(i..i + 1),
            (None, _) if in_word && word.is_none() => word = Some(i),
            _ => {}
        }
    }
    None
}

fn fault(error: &Error) -> ExpressionFault {
    let kind = error.kind().to_string();
    let message = error.detail().map_or(kind, str::to_owned);
    ExpressionFault { message, range: error.range().filter(|r| !r.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_knows_its_names_and_its_fault() {
        let sum = Expression::compile("a + b|default(0)").expect("compiles");
        assert_eq!(sum.variables(), ["a", "b"]);
        let value = sum.eval(|name| (name == "a").then(|| Value::from(2))).expect("evaluates");
        assert_eq!(value, Value::from(2));
        let fault = Expression::compile("a +").err().expect("does not compile");
        assert!(fault.message.contains("unexpected end"), "{}", fault.message);
    }

    #[test]
    fn operators_outside_brackets_are_found() {
        assert_eq!(bare_operator("(a + b)"), None);
        assert_eq!(bare_operator("score"), None);
        assert_eq!(bare_operator("a.b[0]|default('-')"), None);
        assert_eq!(bare_operator("a + b"), Some(2..3));
        assert_eq!(bare_operator("(a) if b else c"), Some(4..6));
        assert!(is_name("githubScore") && !is_name("a.b") && !is_name("true"));
    }
}

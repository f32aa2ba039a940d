//! Expressions of `derive`, `where`, `sort` and `rank`: minijinja's, compiled once, with their faults placed.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};
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
        let compiled =
            ENVIRONMENT.compile_expression_owned(source.to_owned()).map_err(|error| syntax(source, &error))?;
        let globals: Vec<&str> = ENVIRONMENT.globals().map(|(name, _)| name).collect();
        if let Some(fault) = unknown_call(source, &globals) {
            return Err(fault);
        }
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
        let known: BTreeMap<String, Value> = known.collect();
        let evaluated = self.compiled.eval(Value::from_object(known.clone()));
        evaluated.map_err(|error| self.failure(&error, &known))
    }

    /// Why it fails for these values, in words.
    fn failure(&self, error: &Error, known: &BTreeMap<String, Value>) -> ExpressionFault {
        let range = error.range().filter(|range| !range.is_empty());
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let of_kind = |kind: ValueKind| {
            let names = known.iter().filter(move |(_, value)| value.kind() == kind);
            names.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>()
        };
        let absent: Vec<String> =
            self.variables.iter().filter(|name| !known.contains_key(*name)).map(|name| format!("`{name}`")).collect();
        let nulls = of_kind(ValueKind::None);
        let absence = detail.contains("undefined") || error.kind() == ErrorKind::UndefinedError;
        let message = if absence && !absent.is_empty() {
            format!("the record has no {}", absent.join(" and no "))
        } else if detail.contains("none") && !nulls.is_empty() {
            format!("{} {} null", nulls.join(" and "), if nulls.len() == 1 { "is" } else { "are" })
        } else if let Some((operator, types)) = operands(&detail) {
            let texts = of_kind(ValueKind::String);
            let which = if types.contains("text") && !texts.is_empty() {
                format!(": {} {} text", texts.join(" and "), if texts.len() == 1 { "is" } else { "are" })
            } else {
                String::new()
            };
            format!("`{operator}` cannot take {types}{which}")
        } else if let Some(division) = detail.strip_prefix("unable to calculate ").filter(|d| d.ends_with(" 0")) {
            format!("it divides by zero, `{division}`")
        } else {
            detail
        };
        ExpressionFault { message, range }
    }
}

/// The operator and the kinds of its operands in "tried to use + operator on unsupported types string and number".
fn operands(detail: &str) -> Option<(&str, String)> {
    let (operator, rest) = detail.strip_prefix("tried to use ")?.split_once(" operator on unsupported types ")?;
    let (left, right) = rest.split(" (").next()?.split_once(" and ")?;
    let kind = |name: &str| match name {
        "string" => "text".to_owned(),
        "number" => "a number".to_owned(),
        "bool" => "true or false".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "an object".to_owned(),
        "none" => "null".to_owned(),
        "undefined" => "what is missing".to_owned(),
        other => other.to_owned(),
    };
    Some((operator, format!("{} and {}", kind(left), kind(right))))
}

/// Filters and tests that a slip may mean.
const FILTERS: [&str; 22] = [
    "abs", "bool", "default", "first", "float", "int", "join", "last", "length", "list", "lower", "max", "min",
    "replace", "reverse", "round", "sort", "split", "sum", "title", "trim", "upper",
];
const TESTS: [&str; 14] = [
    "defined",
    "undefined",
    "none",
    "true",
    "false",
    "odd",
    "even",
    "number",
    "integer",
    "float",
    "string",
    "boolean",
    "sequence",
    "in",
];

/// The first filter, test or function of `source` that does not exist: it would fail for each record.
fn unknown_call(source: &str, globals: &[&str]) -> Option<ExpressionFault> {
    let words = words(source);
    for (i, (range, before)) in words.iter().enumerate() {
        let name = &source[range.clone()];
        let previous = i.checked_sub(1).map_or("", |i| &source[words[i].0.clone()]);
        let is_test = *before == ' '
            && (previous == "is" || previous == "not" && i > 1 && &source[words[i - 2].0.clone()] == "is");
        let called = source[range.end..].trim_start().starts_with('(');
        let (kind, near) = if *before == '|' {
            let known = ENVIRONMENT.empty_state().apply_filter(name, &[]);
            if !known.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter) {
                continue;
            }
            ("filter", nearest(name, FILTERS))
        } else if is_test {
            let known = ENVIRONMENT.empty_state().perform_test(name, &[]);
            if name == "not" || !known.is_err_and(|error| error.kind() == ErrorKind::UnknownTest) {
                continue;
            }
            ("test", nearest(name, TESTS))
        } else if called && *before != '.' && is_name(name) && !globals.contains(&name) {
            ("function", nearest(name, globals.iter().copied()))
        } else {
            continue;
        };
        let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        return Some(ExpressionFault {
            message: format!("there is no {kind} `{name}`{hint}"),
            range: Some(range.clone()),
        });
    }
    None
}

/// The candidate that a slip of the fingers would turn into `name`.
fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = candidates.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min()?;
    (near.0 <= (name.chars().count() / 3).max(1)).then_some(near.1)
}

/// The words of `source` outside quotes, each with the sign before it: a space where another word stands there.
fn words(source: &str) -> Vec<(Range<usize>, char)> {
    let (mut found, mut start, mut quote, mut escaped, mut before) = (Vec::new(), None, None, false, '(');
    for (i, c) in source.char_indices().chain(std::iter::once((source.len(), '\n'))) {
        let in_word = quote.is_none() && (c.is_alphanumeric() || c == '_');
        if let (Some(from), false) = (start, in_word) {
            found.push((from..i, before));
            (start, before) = (None, ' ');
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if q == c => (quote, before) = (None, '"'),
            Some(_) => {}
            None if in_word => start = start.or(Some(i)),
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => {}
            None => before = c,
        }
    }
    found
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

/// The joining word that `before` ends with twice: the parser takes the second for a name.
fn doubled(before: &str) -> Option<&str> {
    let mut words = before.split_whitespace().rev();
    let last = words.next().filter(|last| matches!(*last, "and" | "or" | "in" | "is"))?;
    (words.next() == Some(last)).then_some(last)
}

/// Why `source` is not an expression, in words where the reason is a usual one.
fn syntax(source: &str, error: &Error) -> ExpressionFault {
    let range = error.range().filter(|range| !range.is_empty() && source.get(range.clone()).is_some());
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let from = range.as_ref().and_then(|range| source.get(range.start..)).unwrap_or_default();
    let word: String = from.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let sign = |signs: &[&'static str]| signs.iter().copied().find(|sign| from.starts_with(sign));
    let message = if from.starts_with('=') && !from.starts_with("==") {
        "`=` is no operator: equality is `==`".to_owned()
    } else if let Some(sign) = sign(&["&&", "&", "||", "!"]) {
        let plain = match sign {
            "||" => "or",
            "!" => "not",
            _ => "and",
        };
        format!("`{sign}` is no operator: write `{plain}`")
    } else if let Some(twice) = range.as_ref().and_then(|range| doubled(source.get(..range.start)?)) {
        format!("`{twice}` stands twice")
    } else if detail.starts_with("unexpected input after expression") && !word.is_empty() {
        format!("`{word}` cannot stand here")
    } else if let Some(expected) = detail.strip_prefix("unexpected end of input, expected ") {
        match expected {
            "expression" => "something is missing at its end".to_owned(),
            other => format!("it ends before its {other}"),
        }
    } else {
        detail
    };
    ExpressionFault { message, range }
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
        assert_eq!(fault.message, "something is missing at its end");
    }

    #[test]
    fn what_does_not_exist_is_found_when_compiling() {
        let why = |source: &str| Expression::compile(source).err().map(|fault| fault.message).unwrap_or_default();
        assert_eq!(why("name | shorten(10)"), "there is no filter `shorten`");
        assert_eq!(why("a|defualt(0)"), "there is no filter `defualt`, did you mean `default`?");
        assert_eq!(why("a is not defind"), "there is no test `defind`, did you mean `defined`?");
        assert_eq!(why("best_of(a, b)"), "there is no function `best_of`");
        assert_eq!(why("a and and b"), "`and` stands twice");
        assert_eq!(why("a = 1"), "`=` is no operator: equality is `==`");
        assert_eq!(why("a && b"), "`&&` is no operator: write `and`");
        assert_eq!(why("'a|b(' ~ c"), "");
        assert_eq!(why("not (a) and (b is divisibleby(3)) and c.items() is in [1] and 'x' in d"), "");
        assert_eq!(why("range(3)|list|map('upper')|length if a is not none else (2)"), "");
        for filter in FILTERS {
            assert_eq!(why(&format!("a|{filter}")), "");
        }
        for test in TESTS {
            let more = if test == "in" { "[1]" } else { "" };
            assert_eq!(why(&format!("a is {test} {more}")), "");
        }
    }

    #[test]
    fn a_failure_names_what_is_missing() {
        let why = |value: Option<Value>| {
            let sum = Expression::compile("a + b").expect("compiles");
            let lookup = |name: &str| if name == "a" { Some(Value::from(2)) } else { value.clone() };
            sum.eval(lookup).err().map(|fault| fault.message).unwrap_or_default()
        };
        assert_eq!(why(None), "the record has no `b`");
        assert_eq!(why(Some(Value::from(()))), "`b` is null");
        assert_eq!(why(Some(Value::from("x"))), "`+` cannot take a number and text: `b` is text");
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

    #[test]
    fn deep_expressions_are_refused_or_read() {
        for (open, close) in [("not ", ""), ("(", ")"), ("-", ""), ("[", "]"), ("a.b(", ")")] {
            for times in [400, 20_000] {
                let source = format!("{}1{}", open.repeat(times), close.repeat(times));
                let compiled = Expression::compile(&source);
                assert!(source.len() <= LONGEST || compiled.is_err());
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_is_read_or_refused(pieces in proptest::collection::vec(proptest::sample::select(&[
            "a", "é", " ", "|", "is ", "not ", "in ", "and ", "(", ")", "[", "]", "{", "}", ".", ",", "=", "'", "\"", "\\",
            "1", "+", "/", "%", "map", "default", "odd", "range", "dict", "if ", "else ", ":", "\n",
        ][..]), 0..16)) {
            let source = pieces.concat();
            match Expression::compile(&source) {
                Ok(expression) => drop(expression.eval(|_| None)),
                Err(fault) => {
                    let range = fault.range.unwrap_or_default();
                    proptest::prop_assert!(source.get(range).is_some(), "{source:?}");
                }
            }
        }
    }
}

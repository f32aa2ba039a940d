//! Values as YAML, TOML and JSON write them in one line.

use crate::model::{Number, Value, write_text, write_value};

/// How texts are written in YAML.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
}

pub fn yaml_line(name: &str, value: &Value, style: Style) -> String {
    let name = if is_plain(name) { name.to_owned() } else { quoted(name) };
    format!("{name}: {}\n", yaml(value, style, false))
}

/// A value in one line of YAML 1.2.
pub fn yaml(value: &Value, style: Style, in_flow: bool) -> String {
    match value {
        Value::Text(text) if style == Style::Plain && is_plain(text) && !(in_flow && text.contains(',')) => {
            text.to_string()
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| yaml(item, style, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}: {}", quoted(name), yaml(value, style, true))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => json(other),
    }
}

/// Whether text can stand without quotation marks, whoever reads it: it begins with a letter, and is no word with a meaning.
/// What looks like a date is text to this tool, and stays as people write it.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    let begins = text.chars().next().is_some_and(char::is_alphabetic);
    let calm =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '@' | '+' | '\'' | '(' | ')' | ',');
    is_date
        || begins
            && text.chars().all(calm)
            && !text.ends_with(' ')
            && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// A value of TOML. It has no null: a member without a value is not there.
pub fn toml(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{} = {}", quoted(name), toml(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Number(Number::Literal(text)) => text.to_string(),
        other => json(other),
    }
}

pub fn json(value: &Value) -> String {
    let mut out = Vec::new();
    write_value(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

pub fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

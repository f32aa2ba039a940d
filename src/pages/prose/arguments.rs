//! What a shortcode takes, as its template declares it, and what a text gives it.

use crate::model::Span;

/// The first comment of a template: `{# args: src: picture, width: number = 640, caption: text?, body #}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    pub arguments: Vec<Argument>,
    /// Whether it stands around Markdown.
    pub body: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: String,
    pub kind: Kind,
    pub otherwise: Otherwise,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Flag,
    /// A picture of `content` or `site/static`: `url`, `width` and `height` in the template.
    Picture,
    /// Any file of them: its URL.
    File,
    /// One of some words.
    Words(Vec<String>),
}

/// What stands in for an argument that is not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Otherwise {
    Fault,
    Null,
    Default(String),
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "number" => Self::Number,
            "flag" => Self::Flag,
            "picture" => Self::Picture,
            "file" => Self::File,
            words if words.contains('|') => {
                let words: Vec<String> = words.split('|').map(|word| word.trim().to_owned()).collect();
                words.iter().all(|word| is_name(word)).then_some(Self::Words(words))?
            }
            _ => return None,
        })
    }

    /// In words, why a value is none of this kind.
    pub fn refuses(&self, value: &str) -> Option<String> {
        match self {
            Self::Number if value.parse::<f64>().is_ok_and(f64::is_finite) => None,
            Self::Number => Some(format!("is a number, not `{value}`")),
            Self::Flag if matches!(value, "true" | "false") => None,
            Self::Flag => Some(format!("is `true` or `false`, not `{value}`")),
            Self::Words(words) if words.iter().any(|word| word == value) => None,
            Self::Words(words) => Some(format!("is one of `{}`, not `{value}`", words.join("`, `"))),
            Self::Text | Self::Picture | Self::File => None,
        }
    }
}

fn is_name(word: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !word.is_empty() && word.chars().all(known)
}

impl Signature {
    /// Reads the declaration of a template; one without any takes nothing.
    ///
    /// # Errors
    /// The place in the template, and in words what is wrong there.
    pub fn read(template: &str) -> Result<Self, (Span, String)> {
        let mut signature = Self::default();
        let Some(start) = template.find("{#") else { return Ok(signature) };
        let Some(end) = template[start..].find("#}").map(|end| start + end) else { return Ok(signature) };
        let comment = template[start + 2..end].trim_matches('-');
        let Some(list) = comment.trim_start().strip_prefix("args:") else { return Ok(signature) };
        let at = |part: &str| {
            let from = part.as_ptr() as usize - template.as_ptr() as usize;
            from..from + part.len()
        };
        for part in parts(list, ',').into_iter().map(str::trim).filter(|part| !part.is_empty()) {
            if part == "body" {
                signature.body = true;
                continue;
            }
            let wrong = |why: &str| Err((at(part), format!("`{part}` {why}")));
            let Some((name, rest)) = part.split_once(':') else { return wrong("has no kind: write `name: text`") };
            let name = name.trim();
            if !is_name(name) || name == "body" || name.contains('-') {
                return wrong("has no name that a template can use");
            }
            let (kind, default) = match parts(rest, '=').as_slice() {
                [kind] => (kind.trim(), None),
                [kind, default] => (kind.trim(), Some(default.trim().trim_matches(['"', '\'']).to_owned())),
                _ => return wrong("has two values"),
            };
            let (kind, null) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
            let Some(kind) = Kind::named(kind.trim()) else {
                return wrong(
                    "is of no kind: there are text, number, flag, picture, file, and words such as `note|tip`",
                );
            };
            if let Some(why) = default.as_deref().and_then(|default| kind.refuses(default)) {
                return wrong(&why);
            }
            let otherwise = match default {
                Some(default) => Otherwise::Default(default),
                None if null => Otherwise::Null,
                None => Otherwise::Fault,
            };
            signature.arguments.push(Argument { name: name.to_owned(), kind, otherwise });
        }
        Ok(signature)
    }
}

/// The parts of a text between separators that stand in no quotation marks.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut quote = None;
    let outside = |c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        quote.is_none() && c == separator
    };
    text.split(outside).collect()
}

/// An argument as a text gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<'t> {
    pub name: &'t str,
    pub value: &'t str,
    pub span: Span,
}

/// The name of a shortcode, and what it is given: `figure src="cloud.png" width=640`. Spans count from the text.
///
/// # Errors
/// The place, and in words what is wrong there.
pub fn given(written: &str) -> Result<(&str, Span, Vec<Given<'_>>), (Span, String)> {
    let mut at = written.len() - written.trim_start().len();
    let length = written[at..].find(char::is_whitespace).unwrap_or(written.len() - at);
    let (name, named) = (&written[at..at + length], at..at + length);
    at += length;
    let mut all: Vec<Given<'_>> = Vec::new();
    loop {
        at += written[at..].len() - written[at..].trim_start().len();
        let rest = &written[at..];
        if rest.is_empty() {
            return Ok((name, named, all));
        }
        let length = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let name = &rest[..length];
        let Some(value) = rest[length..].strip_prefix('=').filter(|_| is_name(name)) else {
            return Err((at..at + length.max(1), format!("`{name}` has no name or no value: write `name=\"value\"`")));
        };
        let begin = at + length + 1;
        let (value, end) = if let Some(quote @ ('"' | '\'')) = value.chars().next() {
            let Some(length) = value[1..].find(quote) else {
                return Err((begin..written.len(), "this quotation mark never closes".to_owned()));
            };
            (&value[1..=length], begin + length + 2)
        } else {
            let length = value.find(char::is_whitespace).unwrap_or(value.len());
            (&value[..length], begin + length)
        };
        if all.iter().any(|other| other.name == name) {
            return Err((at..end, format!("`{name}` is given twice")));
        }
        all.push(Given { name, value, span: at..end });
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_it_takes() {
        let text = "{# args: src: picture, width: number = 640, title: text = \"a, b = c\", kind: note|tip = note, x: flag?, body #}";
        let signature = Signature::read(text).expect("good");
        let otherwise: Vec<_> = signature.arguments.iter().map(|argument| argument.otherwise.clone()).collect();
        let default = |text: &str| Otherwise::Default(text.to_owned());
        let wanted = [Otherwise::Fault, default("640"), default("a, b = c"), default("note"), Otherwise::Null];
        assert_eq!((otherwise.as_slice(), signature.body), (wanted.as_slice(), true));
        assert_eq!(Signature::read("{# says nothing #}<p>"), Ok(Signature::default()));
        for wrong in ["x", "x: word", "x: number = many", "body: text", "a-b: text", "x: text = 1 = 2", "x: a| = a"] {
            assert!(Signature::read(&format!("{{# args: {wrong} #}}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn arguments_have_places() {
        let (name, _, all) = given(" figure  src=\"a b.png\" width=640 alt='' ").expect("good");
        let all: Vec<_> = all.iter().map(|given| (given.name, given.value, given.span.clone())).collect();
        assert_eq!(name, "figure");
        assert_eq!(all, [("src", "a b.png", 9..22), ("width", "640", 23..32), ("alt", "", 33..39)]);
        for wrong in ["x y", "x =1", "x a=\"b", "x a=1 a=2", "x \"a\"=1"] {
            assert!(given(wrong).is_err(), "{wrong}");
        }
    }
}

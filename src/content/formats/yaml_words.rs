//! What a YAML parser finds, in an editor's words, where the editor made the slip.

use super::node::Fault;
use crate::model::{Span, code};

const SPACES: &str = "indent with spaces: every member of one object starts in the same column";

/// What the parser means by `info`, which it marked at the byte `at`, where the slip is a usual one.
pub fn explain(text: &str, at: usize, info: &str) -> Option<Fault> {
    let at = floor(text, at);
    match info {
        _ if info.contains("tab") && tab(text, at).is_some() => tab(text, at),
        "simple key expect ':'" => before(text, at).map(|line| no_colon(text, line)),
        "mapping values are not allowed in this context" => second_colon(text, at),
        "while parsing node, found unknown anchor" => Some(alias(text, at)),
        "invalid trailing content after double-quoted scalar" => {
            Some(told(text, at..at + 1, "text follows the closing quote", Some(quoted_line(text, at))))
        }
        "while parsing a quoted scalar, found unknown escape character" => escape(text, at),
        "invalid indentation in quoted scalar"
        | "while scanning a quoted scalar, found unexpected end of stream"
        | "while scanning a quoted scalar, found unexpected document indicator" => {
            let quote = &text[at..ceil(text, at + 1)];
            Some(told(text, at..at + 1, "this quote never closes", Some(format!("end the text with `{quote}`"))))
        }
        "while parsing a block mapping, did not find expected key" if after_bracket(text, at) => {
            Some(told(text, at..at + 1, "text follows the closing bracket", Some(quoted_line(text, at))))
        }
        "while parsing a block mapping, did not find expected key"
        | "while parsing a block collection, did not find expected '-' indicator"
        | "did not find expected <document start>"
        | "invalid indentation" => Some(indented(text, at)),
        _ if info.starts_with("unexpected character") => special(text, at),
        _ if info.contains("flow") || info.contains("placement of ':'") || info == "unexpected eof" => {
            open_bracket(text, at)
        }
        _ => None,
    }
}

fn told(text: &str, span: Span, message: &str, help: Option<String>) -> Fault {
    let fault = Fault::new(code::SYNTAX, span.start..ceil(text, span.end), message);
    match help {
        Some(help) => fault.help(help),
        None => fault,
    }
}

/// The tab that indents the marked line or one after it, or else the first on the marked line.
fn tab(text: &str, at: usize) -> Option<Fault> {
    let start = line(text, at).start;
    let mut from = start;
    for line in text[start..].split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t').filter(|_| !line.trim().is_empty()) {
            let span = from + tab..from + tab + 1;
            return Some(told(text, span, "a tab stands in the indentation", Some(SPACES.to_owned())));
        }
        from += line.len();
    }
    let tab = start + text[line(text, at)].find('\t')?;
    Some(told(text, tab..tab + 1, "a tab stands here", Some("write spaces, or put the text in quotes".to_owned())))
}

/// A line that should be a member and has no colon.
fn no_colon(text: &str, at: Span) -> Fault {
    let content = text[at.clone()].trim();
    let start = at.start + text[at.clone()].len() - text[at.clone()].trim_start().len();
    let block = before(text, at.start).map(|line| text[line].trim().to_owned());
    let help = match (block.filter(|line| line.ends_with(['|', '>'])), content.split_once(' ')) {
        (Some(block), _) => format!("indent the text below `{block}`"),
        (None, Some((name, value))) if name != "-" && !value.is_empty() => format!("write `{name}: {}`", value.trim()),
        _ => "a member is written `name: value`".to_owned(),
    };
    told(text, start..start + content.len(), "this line has no colon", Some(help))
}

/// A colon that the parser did not expect: in a text, in a line too far to the right, or after a line without one.
fn second_colon(text: &str, at: usize) -> Option<Fault> {
    let here = line(text, at);
    let content = &text[here.clone()];
    if member(content).is_some_and(|(name, _)| here.start + name.len() < at) {
        let help = format!("put the text in quotes: {}", quoted_example(content)?);
        return Some(told(
            text,
            at..at + 1,
            "the text of this value holds `: `, which starts another member",
            Some(help),
        ));
    }
    let above = before(text, here.start)?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    match member(&text[above.clone()]) {
        None => Some(no_colon(text, above)),
        Some(_) if indent(content) > indent(&text[above.clone()]) => Some(indented(text, here.start + indent(content))),
        Some(_) => None,
    }
}

fn indented(text: &str, at: usize) -> Fault {
    let here = line(text, at);
    let content = &text[here.clone()];
    let start = here.start + content.len() - content.trim_start().len();
    told(text, start..start + 1, "this line's indentation fits none of the lines above it", Some(SPACES.to_owned()))
}

fn alias(text: &str, at: usize) -> Fault {
    let name: String = text[at..].chars().skip(1).take_while(|c| !c.is_whitespace()).collect();
    let message = format!("`*` at the start of a value names another value, and none is marked `&{name}`");
    told(text, at..at + 1, &message, Some(quoted_line(text, at)))
}

fn special(text: &str, at: usize) -> Option<Fault> {
    let sign = text[at..].chars().next()?;
    let sign = if sign == '`' { "a backtick".to_owned() } else { format!("`{sign}`") };
    let message = format!("{sign} cannot start a value");
    Some(told(text, at..at + 1, &message, Some(quoted_line(text, at))))
}

/// The first escape that YAML does not know in the quoted text that starts at `at`.
fn escape(text: &str, at: usize) -> Option<Fault> {
    let mut from = at;
    loop {
        let slash = from + text.get(from..)?.find('\\')?;
        let sign = text[slash + 1..].chars().next()?;
        if !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(sign) {
            let message = format!("`\\{sign}` means nothing in double quotes");
            let help = "write `\\\\` for a backslash, or put the text in single quotes".to_owned();
            return Some(told(text, slash..slash + 1 + sign.len_utf8(), &message, Some(help)));
        }
        from = slash + 1 + sign.len_utf8();
    }
}

/// Whether the value on this line starts with a bracket, so that what stands at `at` comes after its end.
fn after_bracket(text: &str, at: usize) -> bool {
    let here = line(text, at);
    member(&text[here.clone()])
        .is_some_and(|(name, value)| here.start + name.len() < at && value.starts_with(['[', '{']))
}

/// The bracket before `at` that is still open there.
fn open_bracket(text: &str, at: usize) -> Option<Fault> {
    let (mut open, mut quote) = (Vec::new(), None);
    for (i, c) in text[..at].char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if text[..i].ends_with([' ', '[', '{', ',', '\n']) => quote = Some(c),
            (None, '[' | '{') => open.push((i, c)),
            (None, ']' | '}') => drop(open.pop()),
            _ => {}
        }
    }
    let (start, bracket) = open.pop()?;
    let closing = if bracket == '[' { ']' } else { '}' };
    if text[start..line(text, start).end].contains(closing) || text[at..line(text, at).end.max(at)].contains(closing) {
        let message = format!("a comma or `{closing}` is missing before this");
        return Some(told(
            text,
            at..at + 1,
            &message,
            Some("text with a comma, a bracket or `: ` stands in quotes".to_owned()),
        ));
    }
    let help = format!("end it with `{closing}`, or put the text in quotes");
    Some(told(text, start..start + 1, &format!("this `{bracket}` never closes"), Some(help)))
}

/// Help that shows the line of `at` with its value in quotes.
fn quoted_line(text: &str, at: usize) -> String {
    let example = quoted_example(&text[line(text, at)]);
    example.map_or_else(|| "put the text in quotes".to_owned(), |example| format!("put the text in quotes: {example}"))
}

/// A line with its value in quotes.
fn quoted_example(line: &str) -> Option<String> {
    let (name, value) = match member(line) {
        Some((name, value)) => (name.trim_start(), value),
        None => ("-", line.trim().strip_prefix("- ")?.trim()),
    };
    let quoted =
        if value.contains(['"', '\\']) { format!("'{}'", value.replace('\'', "''")) } else { format!("\"{value}\"") };
    Some(format!("`{name} {quoted}`"))
}

/// The name of a member with its colon and all before it, and the value.
fn member(line: &str) -> Option<(&str, &str)> {
    let colon = line.find(": ").or_else(|| line.trim_end().ends_with(':').then(|| line.trim_end().len() - 1))?;
    Some((&line[..=colon], line[colon + 1..].trim()))
}

/// The line that holds the byte `at`, without its end.
fn line(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    start..start + text[start..end].trim_end_matches('\r').len()
}

/// The last line before that of `at` that is not empty.
fn before(text: &str, at: usize) -> Option<Span> {
    let mut start = line(text, at).start;
    while start > 0 {
        let span = line(text, start - 1);
        if !text[span.clone()].trim().is_empty() {
            return Some(span);
        }
        start = span.start;
    }
    None
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use crate::model::Names;

    fn why(text: &str) -> (usize, String, String) {
        let (_, mut faults) = yaml::read(text, &mut Names::default());
        let fault = faults.remove(0);
        (fault.span.start, fault.message, fault.help.unwrap_or_default())
    }

    #[test]
    fn slips_are_told_where_they_were_made() {
        let (at, message, _) = why("a: 1\nb: x\n\tc: 2\n");
        assert_eq!((at, message.as_str()), (10, "a tab stands in the indentation"));
        let (at, _, help) = why("a: 1\nauthor ines\n");
        assert_eq!((at, help.as_str()), (5, "write `author: ines`"));
        let (at, _, help) = why("a: é: b\n");
        assert_eq!((at, help.as_str()), (5, "put the text in quotes: `a: \"é: b\"`"));
        let (at, message, _) = why("a: [x, y\nb: 1\n");
        assert_eq!((at, message.as_str()), (3, "this `[` never closes"));
        let (at, message, _) = why("a: \"x \\w\"\n");
        assert_eq!((at, message.as_str()), (6, "`\\w` means nothing in double quotes"));
        let (_, _, help) = why("- @x\n");
        assert_eq!(help, "put the text in quotes: `- \"@x\"`");
    }

    #[test]
    fn nothing_breaks_the_telling() {
        for odd in [
            "*",
            "a: *",
            "é: [",
            "\t",
            "\"\\",
            "a: \"\\é\"",
            "a: |\n\té",
            "]",
            "- [é: }",
            "a: 'é",
            "%é",
            "&",
            "? [",
            "é é\né: é",
        ] {
            let _ = yaml::read(odd, &mut Names::default());
        }
    }
}

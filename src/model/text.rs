//! Places in text files: byte offsets as the line and column an editor shows.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A range of bytes in one file.
pub type Span = Range<usize>;

/// The longest piece of a line that a diagnostic carries, in characters.
const EXCERPT: usize = 100;

/// A text file that faults can be placed in.
pub struct SourceText<'a> {
    path: Arc<str>,
    text: Cow<'a, str>,
    lines: OnceLock<Vec<usize>>,
    /// Whether a character is a byte, so that no line need be counted through.
    ascii: OnceLock<bool>,
}

/// Where `word` stands in `text` as a word of its own.
pub fn word_in(text: &str, word: &str) -> Option<Span> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |start: usize| {
        !text[..start].chars().next_back().is_some_and(|c| part(c) || c == '.')
            && !text[start + word.len()..].chars().next().is_some_and(part)
    };
    text.match_indices(word).map(|(start, _)| start).find(|start| alone(*start)).map(|start| start..start + word.len())
}

/// Where a fault is. Lines and columns count from 1, columns in characters (Unicode scalar values).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the root, with `/`.
    pub path: Arc<str>,
    pub line: usize,
    pub column: usize,
    /// The text of the line, or of the part of a long line around the place.
    pub excerpt: Option<Excerpt>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excerpt {
    pub text: String,
    /// The marked bytes of `text`.
    pub mark: (usize, usize),
}

impl Place {
    /// The file as a whole, for a fault that has no line of its own.
    pub fn file(path: &str) -> Self {
        Self { path: Arc::from(path), line: 1, column: 1, excerpt: None }
    }
}

impl Place {
    /// Whether the quoted text whose place this is starts with `prefix`.
    pub fn starts_inside_with(&self, prefix: &str) -> bool {
        let inside =
            |excerpt: &Excerpt| excerpt.text.get(excerpt.mark.0 + 1..).is_some_and(|rest| rest.starts_with(prefix));
        self.excerpt.as_ref().is_some_and(inside)
    }

    /// The place of some bytes of a quoted text whose place this is.
    #[must_use]
    pub fn inside_quotes(&self, range: Span) -> Self {
        let mut place = self.clone();
        let Some(excerpt) = &mut place.excerpt else { return place };
        let quoted = &excerpt.text[excerpt.mark.0..excerpt.mark.1];
        // An escape, or quotes of three, and the bytes of the text are not those of the file.
        if quoted.starts_with("\"\"\"") || quoted.starts_with("'''") || quoted.starts_with('"') && quoted.contains('\\')
        {
            return place;
        }
        let start = excerpt.mark.0 + 1 + range.start;
        let end = (excerpt.mark.0 + 1 + range.end).min(excerpt.mark.1.saturating_sub(1));
        let Some(shift) = excerpt.text.get(excerpt.mark.0..start) else { return self.clone() };
        if excerpt.text.get(start..end).is_none() {
            return self.clone();
        }
        place.column += shift.chars().count();
        excerpt.mark = (start, end);
        place
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

impl<'a> SourceText<'a> {
    pub fn new(path: Arc<str>, text: impl Into<Cow<'a, str>>) -> Self {
        Self { path, text: text.into(), lines: OnceLock::new(), ascii: OnceLock::new() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn place(&self, span: &Span) -> Place {
        let start = self.boundary(span.start);
        let starts = self.line_starts();
        let line = starts.partition_point(|&s| s <= start) - 1;
        let from = starts[line];
        let to = starts.get(line + 1).map_or(self.text.len(), |&next| next);
        let content = self.text[from..to].trim_end_matches(['\n', '\r']);
        let start = start.min(from + content.len());
        let end = self.boundary(span.end).clamp(start, from + content.len());
        let without_mark = content.strip_prefix('\u{feff}').map_or(0, |_| 1);
        let ascii = *self.ascii.get_or_init(|| self.text.is_ascii());
        let before = if ascii { start - from } else { self.text[from..start].chars().count() };
        let column = before + 1 - usize::from(from < start) * without_mark;
        let excerpt = Some(excerpt(content, start - from..end - from));
        Place { path: Arc::clone(&self.path), line: line + 1, column, excerpt }
    }

    /// The byte at a line and column as parsers count them: `line` from 1, `column` in characters from 0.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let Some(&from) = self.line_starts().get(line.saturating_sub(1)) else { return self.text.len() };
        self.text[from..].char_indices().nth(column).map_or(self.text.len(), |(i, _)| from + i)
    }

    fn line_starts(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            std::iter::once(0)
                .chain(self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
                .collect()
        })
    }

    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

fn excerpt(line: &str, mark: Span) -> Excerpt {
    let line = line.strip_prefix('\u{feff}').map_or((line, 0), |rest| (rest, '\u{feff}'.len_utf8()));
    let (line, dropped) = line;
    let mark = mark.start.saturating_sub(dropped)..mark.end.saturating_sub(dropped);
    let whole = line.chars().nth(EXCERPT).is_none();
    let before = if whole { None } else { line[..mark.start].char_indices().rev().nth(EXCERPT / 2 - 1) };
    let before = before.map_or(0, |(i, _)| i);
    let rest = &line[before..];
    let length = rest.char_indices().nth(EXCERPT).map_or(rest.len(), |(i, _)| i);
    let text: String = rest[..length].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // A control character may take more bytes than the space that stands for it, so the mark is counted in characters.
    let shown = |to: usize| text.char_indices().nth(line[before..to].chars().count()).map_or(text.len(), |(i, _)| i);
    let (start, end) = (shown(mark.start), shown(mark.end));
    Excerpt { mark: (start, end.max(start)), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, span: Span) -> (usize, usize, String) {
        let place = SourceText::new(Arc::from("f"), text).place(&span);
        let excerpt = place.excerpt.expect("a place in text has an excerpt");
        (place.line, place.column, excerpt.text[excerpt.mark.0..excerpt.mark.1].to_owned())
    }

    #[test]
    fn counts_characters_not_bytes_and_takes_crlf() {
        assert_eq!(at("a: 1\r\nnäme: x\r\n", 13..14), (2, 7, "x".to_owned()));
        assert_eq!(at("", 0..0), (1, 1, String::new()));
        assert_eq!(at("a\n", 2..2), (2, 1, String::new()));
        assert_eq!(at("\u{feff}ab", 3..4), (1, 1, "a".to_owned()));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "ü".repeat(5000), "y".repeat(5000));
        let (line, column, marked) = at(&text, 10_000..10_001);
        assert_eq!((line, column, marked.as_str()), (1, 5001, "X"));
    }
}

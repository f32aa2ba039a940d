//! Data formats: bytes to values that know where they stand.

mod csv;
mod json;
mod json_words;
mod node;
mod toml;
mod yaml;
mod yaml_words;

pub use node::{Entry, Fault, Kind, Node, Part, Step};

use crate::model::{Names, Span};

/// A format that holds records, known by its file name extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Json,
    Ndjson,
    Csv,
    Yaml,
    Toml,
}

impl Format {
    /// The format of a file, or `None` for a file that holds no records (an image beside an article).
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with('.') {
            return None;
        }
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Self::Markdown,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            "csv" => Self::Csv,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            _ => return None,
        })
    }
}

/// Reads a whole document (for NDJSON and CSV: a list of their lines). Spans count from `base`.
///
/// What could be read stands in the result even where there are faults.
pub fn read(format: Format, text: &str, base: usize) -> (Option<Node>, Vec<Fault>) {
    let (node, faults) = match format {
        Format::Json => json::read(text),
        Format::Ndjson => json::read_lines(text),
        Format::Csv => csv::read(text),
        Format::Yaml | Format::Markdown => yaml::read(text, &mut Names::default()),
        Format::Toml => toml::read(text, &mut Names::default()),
    };
    if base == 0 {
        return (node, faults);
    }
    let moved = faults.into_iter().map(|fault| Fault { span: shift(&fault.span, base), ..fault }).collect();
    (node.map(|node| node.shifted(base)), moved)
}

fn shift(span: &Span, by: usize) -> Span {
    span.start + by..span.end + by
}

#[cfg(test)]
mod tests {
    use super::{Format, read};
    use proptest::prelude::*;

    proptest! {
        /// Whatever is wrong, it is told within the text, and nothing panics.
        #[test]
        fn every_fault_has_a_place(pieces in prop::collection::vec(prop::sample::select(&[
            "a", "é", ": ", ":", "- ", "[", "]", "{", "}", ",", "\"", "'", "\\", "\n", "\r\n", "\t", "  ", "*", "&", "!", "@",
            "`", "%", "|", "<<", "=", "#", "//", "01", "1.5", "true", "\\u12", "\0", "\u{feff}", "---", "2026-02-30",
        ][..]), 0..24)) {
            let text = pieces.concat();
            let formats = [Format::Json, Format::Ndjson, Format::Csv, Format::Yaml, Format::Toml];
            for fault in formats.into_iter().flat_map(|format| read(format, &text, 0).1) {
                prop_assert!(fault.span.start <= text.len(), "{text:?}: {fault:?}");
                prop_assert!(text.is_char_boundary(fault.span.start), "{text:?}: {fault:?}");
            }
        }
    }
}

//! CSV with a header (RFC 4180). A cell is text; a schema may make it a number, a boolean or nothing.

use super::node::{Entry, Fault, Kind, Node};
use crate::model::{Name, Span, code};
use csv::{ByteRecord, ReaderBuilder};
use std::sync::Arc;

pub fn read(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut faults, mut rows) = (Vec::new(), Vec::new());
    let mut header: Option<Vec<(Name, Span)>> = None;
    let mut record = ByteRecord::new();
    while let Ok(true) = reader.read_byte_record(&mut record) {
        let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(text.len()));
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let start = start + text[start..end].len() - text[start..end].trim_start_matches(['\n', '\r']).len();
        let cells = cells(text, start..end);
        let broken = cells.fault.is_some();
        faults.extend(cells.fault);
        match &header {
            // What follows a quote that closes too late, or a broken header, cannot be told cell from cell.
            _ if broken && (cells.lost || header.is_none()) => break,
            _ if broken => {}
            None => header = Some(columns(&record, &cells.spans, &mut faults)),
            Some(header) => rows.extend(row(header, &record, &cells.spans, start..cells.end, &mut faults)),
        }
    }
    (Some(Node { span: 0..text.len(), kind: Kind::List(rows) }), faults)
}

fn columns(record: &ByteRecord, spans: &[Span], faults: &mut Vec<Fault>) -> Vec<(Name, Span)> {
    let names: Vec<Name> = record.iter().map(|cell| Arc::from(String::from_utf8_lossy(cell))).collect();
    for (i, name) in names.iter().enumerate() {
        let span = spans.get(i).cloned().unwrap_or_default();
        if name.is_empty() {
            faults.push(
                Fault::new(code::SYNTAX, span, "a column has no name").help("name every column in the first line"),
            );
        } else if names[..i].contains(name) {
            faults.push(Fault::new(code::DUPLICATE_MEMBER, span, format!("two columns are named `{name}`")));
        }
    }
    names.into_iter().zip(spans.iter().cloned()).collect()
}

fn row(
    names: &[(Name, Span)],
    record: &ByteRecord,
    spans: &[Span],
    span: Span,
    faults: &mut Vec<Fault>,
) -> Option<Node> {
    if record.len() != names.len() {
        let message = format!("this line has {} cells, the header has {}", record.len(), names.len());
        faults.push(
            Fault::new(code::UNEQUAL_COLUMNS, span, message)
                .help("a cell that holds a comma or a quote stands in \"quotes\""),
        );
        return None;
    }
    let entries = names.iter().zip(record.iter()).enumerate().map(|(i, ((name, name_span), cell))| {
        let span = spans.get(i).cloned().unwrap_or_else(|| span.clone());
        let text = String::from_utf8_lossy(cell).into_owned().into_boxed_str();
        Entry { name: Arc::clone(name), name_span: name_span.clone(), node: Node { span, kind: Kind::Text(text) } }
    });
    Some(Node { kind: Kind::Map(entries.collect()), span: span.clone() })
}

struct Cells {
    spans: Vec<Span>,
    end: usize,
    fault: Option<Fault>,
    /// Whether the lines after this record may be parts of it.
    lost: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum In {
    Start,
    Plain,
    Quotes,
    /// After a quote that closes the cell, unless another quote follows.
    Closed,
}

/// Where each cell of one record stands, quotes included.
fn cells(text: &str, record: Span) -> Cells {
    let bytes = text[record.clone()].as_bytes();
    let (mut spans, mut start, mut state, mut end) = (Vec::new(), 0, In::Start, bytes.len());
    let (mut fault, mut lost) = (None, false);
    for (i, byte) in bytes.iter().enumerate() {
        state = match (state, byte) {
            (In::Start | In::Closed, b'"') => In::Quotes,
            (In::Quotes, b'"') => In::Closed,
            (In::Quotes, _) => In::Quotes,
            (_, b',') => {
                spans.push(record.start + start..record.start + i);
                start = i + 1;
                In::Start
            }
            (_, b'\n' | b'\r') => {
                end = i;
                break;
            }
            (In::Closed, _) => {
                if fault.is_none() {
                    lost = bytes[start..i].contains(&b'\n');
                    let stray = record.start + if lost { start } else { i };
                    fault = Some(after_quote(text, stray, lost));
                }
                In::Plain
            }
            _ => In::Plain,
        };
    }
    spans.push(record.start + start..record.start + end);
    if state == In::Quotes && fault.is_none() {
        let quote = record.start + start;
        let unclosed = Fault::new(code::SYNTAX, quote..quote + 1, "this quote never closes");
        (fault, lost) = (Some(unclosed.help("end the cell with `\"`; a quote within it is written twice")), true);
    }
    Cells { spans, end: record.start + end, fault, lost }
}

fn after_quote(text: &str, at: usize, several_lines: bool) -> Fault {
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    let message = if several_lines {
        "the cell that starts with this quote ends in a later line, and text follows its end"
    } else {
        "text follows the closing quote of this cell"
    };
    let help = "a cell is quoted as a whole, and a quote within it is written twice: `\"say \"\"hello\"\"\"`";
    Fault::new(code::SYNTAX, at..at + width, message).help(if several_lines {
        "end the cell with `\"` in its line"
    } else {
        help
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_know_their_place() {
        let text = "name,zip\r\n\"O\"\"Hara, Ann\",01234\r\n";
        let (node, faults) = read(text);
        assert!(faults.is_empty());
        let Some(Node { kind: Kind::List(rows), .. }) = node else { panic!("a list") };
        let Kind::Map(entries) = &rows[0].kind else { panic!("an object") };
        assert!(matches!(&entries[0].node.kind, Kind::Text(t) if &**t == "O\"Hara, Ann"));
        assert_eq!(&text[entries[1].node.span.clone()], "01234");
    }

    #[test]
    fn unequal_columns_and_open_quotes_are_told_where_they_are() {
        let (_, faults) = read("a,b\n1,2\n3\n4,5,6\n");
        assert_eq!(faults.iter().map(|f| f.span.clone()).collect::<Vec<_>>(), [8..9, 10..15]);
        let (_, faults) = read("a,b\n1,\"2\n3,4\n");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].span, 6..7);
        let (_, faults) = read("a,b\n1,\"2\" é\n3,\"4\"\"5\"\n");
        assert_eq!((faults.len(), faults[0].span.clone()), (1, 9..10));
        let (_, faults) = read("a,b\n1,\"2\n3,\"4\"\n");
        assert_eq!((faults.len(), faults[0].span.clone()), (1, 6..7));
    }
}

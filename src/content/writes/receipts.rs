//! What became of each write: what is told the one who wrote.

use super::accepted::{Accepted, Standing};
use super::effect::Blame;
use super::rules::pointer;
use crate::content::formats::{self, Format, Kind, Node, Step};
use crate::model::{Change, Code, Diagnostic, Entry, MemberFault, Outcome, Place, Receipt, SourceText, Value, code};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The writes that the build rejected, and why.
pub type Rejected = BTreeMap<usize, Vec<MemberFault>>;

impl Accepted {
    /// The receipts of what was built, in order of id, and how many writes wait for an editor.
    pub fn receipts(&self, rejected: &Rejected) -> (Vec<Receipt>, usize) {
        let (mut receipts, mut waiting) = (Vec::new(), 0);
        let is_rejected = |at: usize| rejected.contains_key(&at);
        for chain in self.chains() {
            let life = self.life(chain.clone(), &is_rejected);
            let said = chain.clone().rev().find(|at| self.writes[*at].standing == Standing::Applied);
            // What was written before a deletion went with it.
            for at in life.deletion.unwrap_or(chain.start)..chain.end {
                let write = &self.writes[at];
                let gone = life.gone && write.entry.change != Change::Delete;
                let outcome = match &write.standing {
                    Standing::Forgotten => continue,
                    Standing::Applied | Standing::Waiting if gone => continue,
                    Standing::Waiting => {
                        waiting += 1;
                        continue;
                    }
                    Standing::Refused(reason) => Outcome::Refused { reason: reason.clone() },
                    Standing::Applied => Outcome::Published,
                    Standing::Open if gone => Outcome::Rejected { faults: vec![removed()] },
                    Standing::Open if life.intruders.contains(&at) => {
                        Outcome::Rejected { faults: vec![self.not_theirs(at)] }
                    }
                    // Whatever becomes content takes all before it along, but for what was rejected then.
                    Standing::Open if said.is_some_and(|said| at < said) => {
                        Outcome::Rejected { faults: vec![passed_over()] }
                    }
                    Standing::Open => match rejected.get(&at) {
                        Some(faults) => Outcome::Rejected { faults: faults.clone() },
                        None => Outcome::Published,
                    },
                };
                let entry = &write.entry;
                let (id, collection, version) = (entry.id.clone(), entry.collection.clone(), entry.version);
                receipts.push(Receipt { id, collection, version, outcome });
            }
        }
        receipts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        (receipts, waiting)
    }
}

fn passed_over() -> MemberFault {
    MemberFault {
        pointer: String::new(),
        code: code::BAD_INBOX_ENTRY,
        message: "this was rejected when later writes of the record became content".to_owned(),
        help: Some("write it again".to_owned()),
    }
}

fn removed() -> MemberFault {
    MemberFault {
        pointer: String::new(),
        code: code::BAD_INBOX_ENTRY,
        message: "this record was removed for ever".to_owned(),
        help: Some("choose another key".to_owned()),
    }
}

impl Blame<'_> {
    /// As the one who wrote is told.
    pub fn told(&self, entry: &Entry) -> MemberFault {
        if !self.is_own {
            return told_elsewhere(self.fault);
        }
        let Diagnostic { code, message, help, .. } = self.fault;
        let message = OF_OTHERS.iter().find(|(of, _)| of == code).map_or(message.as_str(), |(_, message)| message);
        let mut values = vec![entry.key.clone()];
        for (_, value) in entry.change.members().into_iter().flatten() {
            gather(value, &mut values);
        }
        let help = help.as_deref().filter(|_| HELPING.contains(code)).map(|help| unquoted(help, &values));
        let pointer = self.pointer.clone().unwrap_or_default();
        MemberFault { pointer, code: *code, message: unquoted(message, &values), help }
    }
}

/// What a value says, and what is in it.
fn gather(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| gather(item, values)),
        Value::Map(members) => members.iter().for_each(|(_, value)| gather(value, values)),
        Value::Text(text) => values.push(text.escape_debug().to_string()),
        other => values.extend(other.label()),
    }
}

/// A text without the values that it quotes, whole or their beginning. Whoever wrote them knows them, and nobody else has to.
fn unquoted(text: &str, values: &[String]) -> String {
    let is_quoted = |part: &str| match part.strip_suffix('…') {
        Some(start) => values.iter().any(|value| value.starts_with(start)),
        None => values.iter().any(|value| value == part),
    };
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 1 && !part.is_empty() && is_quoted(part) { "…" } else { part });
    parts.collect::<Vec<&str>>().join("`")
}

/// Errors whose words name what others wrote, or what is not published; in a receipt, which everybody may read, they are
/// told in these.
const OF_OTHERS: [(Code, &str); 4] = [
    (code::BROKEN_LINK, "a link of this text leads nowhere"),
    (code::DUPLICATE_KEY, "another record has this name already"),
    (code::KEY_COLLISION, "something else has this place already"),
    (code::SLUG_COLLISION, "something else has the same form in URLs"),
];
/// Errors whose help speaks of what was written alone.
const HELPING: [Code; 8] = [
    code::WRONG_TYPE,
    code::MISSING_MEMBER,
    code::NOT_ALLOWED,
    code::BAD_FORMAT,
    code::BAD_DATE,
    code::BAD_KEY,
    code::OUTSIDE_VALUES,
    code::BAD_INBOX_ENTRY,
];

/// An error that stands elsewhere, as the one is told who wrote what brought it about. What others wrote is quoted in no
/// receipt: of their files nothing is said.
pub fn told_elsewhere(fault: &Diagnostic) -> MemberFault {
    let declared = fault.place.path.starts_with("site/");
    let message = if declared { fault.message.as_str() } else { "the rest of the site does not go together with this" };
    MemberFault { pointer: String::new(), code: fault.code, message: message.to_owned(), help: None }
}

/// The JSON Pointer (RFC 6901) of what stands at a place of an entry's file, from the written value on; empty for what is no
/// part of it.
pub fn pointer_at(bytes: &[u8], place: &Place) -> String {
    let Ok(text) = std::str::from_utf8(bytes) else { return String::new() };
    let Some(Node { kind: Kind::Map(entries), .. }) = formats::read(Format::Json, text, 0).0 else {
        return String::new();
    };
    let Some(value) = entries.into_iter().find(|entry| *entry.name == *WITHIN) else { return String::new() };
    let source = SourceText::new(Arc::clone(&place.path), text);
    let offset = source.offset(place.line, place.column.saturating_sub(1));
    let mut steps = Vec::new();
    descend(&value.node, offset, &mut steps);
    pointer(&steps)
}

/// The member of an entry that holds what was written.
pub const WITHIN: &str = "value";

fn descend(node: &Node, offset: usize, steps: &mut Vec<Step>) {
    match &node.kind {
        Kind::Map(entries) => {
            let found = entries.iter().find(|entry| (entry.name_span.start..entry.node.span.end).contains(&offset));
            if let Some(entry) = found {
                steps.push(Step::Member(entry.name.to_string()));
                descend(&entry.node, offset, steps);
            }
        }
        Kind::List(items) => {
            if let Some(at) = items.iter().position(|item| item.span.contains(&offset)) {
                steps.push(Step::Item(at));
                descend(&items[at], offset, steps);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_not_quoted() {
        let values =
            ["many".to_owned(), "A long text, of which the end".to_owned(), "points".to_owned(), "7".to_owned()];
        for (told, kept) in [
            ("`days` is a number, not the text `many`", "`days` is a number, not the text `…`"),
            ("`A long text…` is too long; `points` and `7`", "`…` is too long; `…` and `…`"),
            ("many, `manya` and ``", "many, `manya` and ``"),
        ] {
            assert_eq!(unquoted(told, &values), kept);
        }
    }

    #[test]
    fn places_are_pointers_into_what_was_written() {
        let text = r#"{"key":"é","value":{"name":"Ann","homes":[{"a/b":1},{"city":2}]},"by":"x"}"#;
        let at = |part: &str| {
            let start = text.find(part).expect("it is there");
            let place = SourceText::new(Arc::from("f"), text).place(&(start..start + 1));
            pointer_at(text.as_bytes(), &place)
        };
        assert_eq!(at("\"Ann\""), "/name");
        assert_eq!(at("\"name\""), "/name");
        assert_eq!(at("1}"), "/homes/0/a~1b");
        assert_eq!(at("2}"), "/homes/1/city");
        assert_eq!(at("{\"name\""), "");
        assert_eq!(at("\"x\""), "");
    }
}

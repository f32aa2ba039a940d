//! An accepted write, as the inbox keeps it.

use super::json::{write_member, write_text, write_value};
use super::removed::Removed;
use super::value::{Name, Value};
use jiff::Timestamp;

/// One accepted write of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 32 hexadecimal digits that nobody can guess: the name of the receipt.
    pub id: String,
    pub collection: String,
    /// The record's key as it was first written.
    pub key: String,
    /// How many writes of this key were accepted, this one included.
    pub version: u64,
    pub change: Change,
    /// The subject of the token.
    pub by: String,
    /// Whether an editor wrote, who needs nobody's approval.
    pub by_editor: bool,
    /// A digest of what the token claimed, where a member of the record says whose it is: see [`Entry::claimed`].
    pub claim: Option<String>,
    pub at: Timestamp,
    /// What a retry is recognised by: a digest of who asked for what.
    pub request: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The members are those of the record, over what its sources say.
    Put(Members),
    /// A JSON Merge Patch (RFC 7396).
    Patch(Members),
    /// The record goes, wherever it comes from.
    Delete,
    /// What was written before a deletion, and is forgotten since.
    Forgotten,
}

/// Names and values, in the order in which they were written.
pub type Members = Box<[(Name, Value)]>;

impl Change {
    /// The name by which the inbox's documents call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Put(_) => "put",
            Self::Patch(_) => "patch",
            Self::Delete => "delete",
            Self::Forgotten => "forgotten",
        }
    }

    pub fn members(&self) -> Option<&[(Name, Value)]> {
        match self {
            Self::Put(members) | Self::Patch(members) => Some(members),
            Self::Delete | Self::Forgotten => None,
        }
    }
}

impl Entry {
    /// The document that the inbox holds.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        for (name, text) in [("id", &self.id), ("collection", &self.collection), ("key", &self.key)] {
            write_text(&mut out, name);
            out.push(b':');
            write_text(&mut out, text);
            out.push(b',');
        }
        out.extend_from_slice(format!("\"version\":{},\"change\":\"{}\"", self.version, self.change.name()).as_bytes());
        if let Some(members) = self.change.members() {
            out.extend_from_slice(b",\"value\":");
            write_value(&mut out, &Value::Map(members.into()));
        }
        out.push(b',');
        write_member(&mut out, "by", &Value::text(self.by.as_str()));
        if self.by_editor {
            out.extend_from_slice(b",\"byEditor\":true");
        }
        if let Some(claim) = &self.claim {
            out.push(b',');
            write_member(&mut out, "claim", &Value::text(claim.as_str()));
        }
        out.extend_from_slice(format!(",\"at\":\"{}\",\"request\":\"{}\"}}\n", self.at, self.request).as_bytes());
        out
    }

    /// The same without what was written: who wanted to be forgotten is.
    #[must_use]
    pub fn forgotten(&self) -> Self {
        Self { change: Change::Forgotten, by: String::new(), claim: None, ..self.clone() }
    }

    /// What stands for somebody to whom records of a collection belong. A deletion keeps it when what was written before is
    /// forgotten, so that nobody is named in it.
    pub fn claimed(collection: &str, claim: &str) -> String {
        Removed::digest(collection, &claim.to_ascii_lowercase())
    }
}

/// The members in order of name, and so on all the way down: two objects that mean the same have one such text.
pub fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Map(members) => {
            let mut sorted: Vec<&(Name, Value)> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            out.push(b'{');
            for (i, (name, member)) in sorted.into_iter().enumerate() {
                out.extend_from_slice(if i == 0 { b"" } else { b"," });
                write_text(out, name);
                out.push(b':');
                canonical(member, out);
            }
            out.push(b'}');
        }
        Value::List(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                out.extend_from_slice(if i == 0 { b"" } else { b"," });
                canonical(item, out);
            }
            out.push(b']');
        }
        scalar => write_value(out, scalar),
    }
}

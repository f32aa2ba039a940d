//! Whose activity it is.

use crate::model::{Activity, Check};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// A member as the site's files have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The key of the record.
    pub key: String,
    /// Keys that it had before and no other record has, in lower case.
    pub former: Vec<String>,
    /// What the record calls the account, where it names one.
    pub account: Option<String>,
    /// The day from which activity counts.
    pub joined: Option<Date>,
    /// Every member of the record that can stand in a path.
    pub fields: BTreeMap<String, String>,
    /// Those of them that are told to nobody.
    pub private: BTreeSet<String>,
}

/// The members of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Those who are published.
    pub members: Vec<Member>,
    /// Every key and alias of the collection's records, hidden ones too, in lower case.
    pub taken: BTreeSet<String>,
}

/// A member who is asked about, and what is known already.
#[derive(Clone, Debug)]
pub struct Asking {
    pub key: String,
    pub account: String,
    pub joined: Option<Date>,
    pub fields: BTreeMap<String, String>,
    pub private: BTreeSet<String>,
    pub known: Option<Activity>,
    pub check: Check,
}

impl Asking {
    /// Whether the record still names the account that the facts are of, by the name it had or the one it has.
    pub fn names_the_known(&self) -> bool {
        let Some(known) = &self.known else { return false };
        let current = known.account.as_ref().unwrap_or(&known.member);
        let written = known.written.as_ref().unwrap_or(current);
        same(&self.account, current) || same(&self.account, written)
    }

    /// What the service knows the account by, where that is known of the account that the record names.
    pub fn id(&self) -> Option<&str> {
        self.known.as_ref().filter(|_| self.names_the_known())?.id.as_deref()
    }

    /// The last day of which something is known.
    pub fn last_known(&self) -> Option<Date> {
        self.known.as_ref()?.days().ok()?.last()
    }
}

/// Accounts are named without regard to case.
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// The path of a template such as `data/imports/{handle}.csv`.
///
/// # Errors
/// In words, when the member lacks a field, or its value would leave the folder.
pub fn fill(template: &str, fields: &BTreeMap<String, String>) -> Result<String, String> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        let value = fields.get(name).ok_or_else(|| format!("the record has no `{name}`"))?;
        let odd = value.is_empty() || value.starts_with('.') || value.contains(['/', '\\', ':', '\0']);
        if odd {
            return Err(format!("`{}` is no name for a file", value.escape_debug()));
        }
        path.push_str(before);
        path.push_str(value);
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_their_folder() {
        let fields = |value: &str| BTreeMap::from([("handle".to_owned(), value.to_owned())]);
        assert_eq!(fill("in/{handle}/{handle}.csv", &fields("ann")).as_deref(), Ok("in/ann/ann.csv"));
        assert_eq!(fill("in/all.csv", &BTreeMap::new()).as_deref(), Ok("in/all.csv"));
        for odd in ["..", "../ann", "a/b", "a\\b", "", ".hidden", "C:x"] {
            assert!(fill("in/{handle}.csv", &fields(odd)).is_err(), "{odd}");
        }
        assert!(fill("in/{other}.csv", &fields("ann")).is_err());
    }
}

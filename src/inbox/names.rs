//! Names of objects. They hold lower-case ASCII alone, so that every file system and every bucket keeps them apart.

use crate::model::hex;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Below these, and a collection or a minute, a key or an address has a name.
const PER_KEY: [&str; 4] = [super::ENTRIES, super::ARCHIVE, "heads/", "budgets/"];
/// The longest name that is written out, in bytes: with version and extension it fits any file system.
const LONGEST: usize = 200;

/// `{prefix}{collection}/{name}.{version}.json`
pub fn entry(prefix: &str, collection: &str, key: &str, version: u64) -> String {
    format!("{prefix}{collection}/{}.{version:08}.json", of_key(key))
}

pub fn head(collection: &str, key: &str) -> String {
    format!("heads/{collection}/{}.json", of_key(key))
}

/// A text for the log, in which no object's name tells whose record it is of.
pub fn nameless(text: &str) -> String {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-_~.=".contains(c);
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    let next = |rest: &str| {
        let found = PER_KEY.iter().filter_map(|prefix| rest.find(prefix).map(|at| at + prefix.len()));
        found.min()
    };
    while let Some(at) = next(rest) {
        let (before, after) = rest.split_at(at);
        told.push_str(before);
        let collection = after.find(|c| !is_of_name(c)).unwrap_or(after.len());
        let (collection, after) = after.split_at(collection);
        told.push_str(collection);
        rest = after;
        if let Some(name) = after.strip_prefix('/') {
            told.push_str("/…");
            rest = name.trim_start_matches(is_of_name);
        }
    }
    told + rest
}

/// The URL form of a key, by which keys are the same. Keys without one never get here.
pub fn slug(key: &str) -> String {
    crate::model::slug(key).unwrap_or_else(|_| key.to_owned())
}

/// A digest as a name.
pub fn digest(parts: &[&str]) -> String {
    let mut all = Sha256::new();
    for part in parts {
        all.update((part.len() as u64).to_be_bytes());
        all.update(part.as_bytes());
    }
    hex(&all.finalize())
}

/// The name of a key: its slug, what is no letter, digit or `-_~.` as `=` and two digits for each byte; a long one as a
/// digest, which starts with `=h` and so is nobody's slug.
fn of_key(key: &str) -> String {
    let slug = slug(key);
    let mut name = String::with_capacity(slug.len());
    for byte in slug.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'.' => name.push(char::from(byte)),
            // Writing to a string cannot fail.
            other => drop(write!(name, "={other:02x}")),
        }
    }
    if name.len() <= LONGEST { name } else { format!("=h{}", hex(&Sha256::digest(&slug))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_nobody() {
        for (text, told) in [
            (
                "cannot write a/data/inbox/entries/users/aa.00000001.json: Not a directory",
                "cannot write a/data/inbox/entries/users/…: Not a directory",
            ),
            (
                "s3://b/heads/users/mira.json and entries/notes/x=20y.00000002.json",
                "s3://b/heads/users/… and entries/notes/…",
            ),
            ("no entries/ here, nor archive/users", "no entries/ here, nor archive/users"),
            ("", ""),
        ] {
            assert_eq!(nameless(text), told);
        }
    }

    #[test]
    fn names_are_plain_and_apart() {
        assert_eq!(entry("entries/", "users", "Mira-Okafor", 3), "entries/users/mira-okafor.00000003.json");
        assert_eq!(of_key("C# é"), "c=23-=c3=a9");
        assert_eq!(of_key("a=h"), "a=3dh");
        assert_eq!(of_key(&"é".repeat(120)).len(), 66);
        assert_ne!(of_key("ab"), of_key("a.b"));
        assert_eq!(digest(&["a", "b"]).len(), 64);
        assert_ne!(digest(&["ab", ""]), digest(&["a", "b"]));
    }
}

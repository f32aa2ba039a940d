//! Sources that are files: read, handed to who can read them, told where they are wrong.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::facts::{Faulty, read};
use super::member::{Asking, fill, same};
use super::outcome::{Came, Outcome, Seen, Stretch};
use super::{archive, csv};
use anyhow::Result;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many names are told.
const SHOWN: usize = 5;

/// CSV files, one for all members or one for each. What they hold that becomes nobody's facts is noted.
pub fn csv(
    root: &Path,
    template: &str,
    members: &[Asking],
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Vec<Outcome>> {
    let mut wrong = Vec::new();
    let mut told = |path: &str, faults: Vec<(u64, String)>| {
        wrong.extend(faults.into_iter().map(|(line, why)| format!("{path}:{line}: {why}")));
    };
    let mut outcomes = Vec::new();
    if template.contains('{') {
        for member in members {
            let came = match each(root, template, member)? {
                Err(came) => came,
                Ok((path, text)) => match csv::read(&text, now) {
                    Ok(mut days) => {
                        notes.extend(headed(&path, &days));
                        let key = days.keys().find(|key| key.is_empty() || same(key, &member.key)).cloned();
                        let found = key.and_then(|key| days.remove(&key));
                        notes.extend(strange(&path, days.keys()));
                        seen(found)
                    }
                    Err(faults) => {
                        told(&path, faults);
                        continue;
                    }
                },
            };
            outcomes.push(Outcome { member: member.key.clone(), at: now, came });
        }
    } else {
        let Some(text) = read(root, template)? else {
            return Err(Faulty(vec![format!(
                "{template}: there is no such file: put it there, or mend `path` of the source"
            )])
            .into());
        };
        match csv::read(&text, now) {
            Err(faults) => told(template, faults),
            Ok(days) if days.contains_key("") => {
                told(
                    template,
                    vec![(1, "it says nothing of members: add a column `member`, or a field to `path`".to_owned())],
                );
            }
            Ok(days) => {
                notes.extend(headed(template, &days));
                let (found, strangers) = of_all(days, members, now);
                notes.extend(strange(template, strangers.keys()));
                outcomes.extend(found);
            }
        }
    }
    if wrong.is_empty() { Ok(outcomes) } else { Err(Faulty(wrong).into()) }
}

/// What a file about everybody says of each, and the names that are nobody's. A name is an account's; it is a key's where
/// no account is called so. Who is not named was looked for all the same.
fn of_all(
    mut days: BTreeMap<String, Stretch>,
    members: &[Asking],
    now: Timestamp,
) -> (Vec<Outcome>, BTreeMap<String, Stretch>) {
    let accounts: BTreeSet<String> = members.iter().map(|member| member.account.to_ascii_lowercase()).collect();
    let mut used = BTreeSet::new();
    let mut one = |member: &Asking| {
        let key = Some(member.key.to_ascii_lowercase()).filter(|key| !accounts.contains(key));
        let mut names = [Some(member.account.to_ascii_lowercase()), key].into_iter().flatten();
        let name = names.find(|name| days.contains_key(name));
        let found = name.as_ref().and_then(|name| days.get(name)).cloned();
        used.extend(name);
        Outcome { member: member.key.clone(), at: now, came: seen(found) }
    };
    let outcomes = members.iter().map(&mut one).collect();
    days.retain(|name, _| !used.contains(name));
    (outcomes, days)
}

/// A file that ends with its header may have been cut off.
fn headed(path: &str, days: &BTreeMap<String, Stretch>) -> Option<String> {
    days.is_empty().then(|| format!("{path} has a header and no rows: it changes nothing"))
}

/// Who is named, and is nobody that the file is asked about.
fn strange<'n>(path: &str, names: impl ExactSizeIterator<Item = &'n String>) -> Option<String> {
    let number = names.len();
    let mut shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{}`", name.escape_debug())).collect();
    if number > SHOWN {
        shown.push(format!("and {} more", number - SHOWN));
    }
    let names = if number == 1 { "this name".to_owned() } else { format!("these {number} names") };
    (number > 0)
        .then(|| format!("rows of {path} are left out, for it is not asked about {names}: {}", shown.join(", ")))
}

/// Archives of X.
pub fn archives(
    root: &Path,
    template: &str,
    tag: Option<&str>,
    members: &[Asking],
    now: Timestamp,
) -> Result<Vec<Outcome>> {
    let (mut outcomes, mut wrong) = (Vec::new(), Vec::new());
    for member in members {
        let came = match each(root, template, member)? {
            Err(came) => came,
            Ok((path, text)) => match archive::read(&text, tag) {
                Ok(days) => seen(days),
                Err(why) => {
                    wrong.push(format!("{path}: {why}"));
                    continue;
                }
            },
        };
        outcomes.push(Outcome { member: member.key.clone(), at: now, came });
    }
    if wrong.is_empty() { Ok(outcomes) } else { Err(Faulty(wrong).into()) }
}

/// Path and text of a member's own file, or what comes of having none.
fn each(root: &Path, template: &str, member: &Asking) -> Result<Result<(String, String), Came>> {
    Ok(match fill(template, &member.fields) {
        Err(why) => Err(Came::Failed(why)),
        Ok(path) => match read(root, &path)? {
            None => Err(Came::Missing),
            Some(text) => Ok((path, text)),
        },
    })
}

fn seen(days: Option<Stretch>) -> Came {
    Came::Seen(Seen { days: days.into_iter().collect(), ..Seen::default() })
}

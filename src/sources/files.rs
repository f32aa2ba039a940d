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

/// CSV files, one for all members or one for each.
pub fn csv(root: &Path, template: &str, members: &[Asking], now: Timestamp) -> Result<Vec<Outcome>> {
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
                        let key = days.keys().find(|key| key.is_empty() || same(key, &member.key)).cloned();
                        seen(key.and_then(|key| days.remove(&key)))
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
            Ok(days) => outcomes.extend(of_all(&days, members, now)),
        }
    }
    if wrong.is_empty() { Ok(outcomes) } else { Err(Faulty(wrong).into()) }
}

/// What a file about everybody says of each. A name is an account's; it is a key's where no account is called so.
fn of_all(days: &BTreeMap<String, Stretch>, members: &[Asking], now: Timestamp) -> Vec<Outcome> {
    let accounts: BTreeSet<String> = members.iter().map(|member| member.account.to_ascii_lowercase()).collect();
    let one = |member: &Asking| {
        let key = Some(member.key.to_ascii_lowercase()).filter(|key| !accounts.contains(key));
        let mut names = [Some(member.account.to_ascii_lowercase()), key].into_iter().flatten();
        let found = names.find_map(|name| days.get(&name))?;
        Some(Outcome { member: member.key.clone(), at: now, came: seen(Some(found.clone())) })
    };
    members.iter().filter_map(one).collect()
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

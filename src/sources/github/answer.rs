//! Answers to what was seen of whom.

use super::journey;
use super::tasks::{By, Step, Task};
use crate::model::days_between;
use crate::sources::outcome::Stretch;
use crate::sources::request::{Answer, Pause, Verdict, shortened};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What an answer says of one task.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Seen {
        id: String,
        login: String,
        days: Stretch,
        mark: Option<String>,
    },
    /// When the repository was last pushed to.
    Pushed {
        id: String,
        login: String,
        at: Option<String>,
    },
    /// There is more of it on another page.
    Goes {
        on: Task,
    },
    /// No account has this id any more.
    Gone,
    /// There is no such account, it is none of a person, or it has no repository for the journey.
    Missing,
    /// It was not answered, though the others were.
    Unanswered(String),
}

/// What an answer says.
#[derive(Debug, Default)]
pub struct Read {
    /// The index of a task, and what came of it. Who is not here was not reached.
    pub replies: Vec<(usize, Reply)>,
    pub points: u64,
    /// Why some were not reached.
    pub short: Option<String>,
}

/// What an answer means as a whole. One that holds some of the members is fine.
pub fn verdict(answer: &Answer) -> Verdict {
    if matches!(answer.status, 502 | 504) && answer.header("retry-after").is_none() {
        return Verdict::Smaller(format!("GitHub answers {}", answer.status));
    }
    if answer.status != 200 {
        let limited = answer.status == 403 && answer.text().to_ascii_lowercase().contains("rate limit");
        return if limited { Verdict::Wait(answer.pause().unwrap_or(Pause::Unsaid)) } else { answer.verdict("GitHub") };
    }
    let Ok(body) = serde_json::from_slice::<Json>(&answer.body) else {
        return Verdict::Again("GitHub's answer breaks off".to_owned());
    };
    let errors = || body["errors"].as_array().into_iter().flatten();
    let some = |value: &Json| match value {
        Json::Array(items) => items.iter().any(|item| !item.is_null()),
        value => !value.is_null(),
    };
    let members = body["data"].as_object().into_iter().flatten().filter(|(name, _)| *name != "rateLimit");
    let holds = members.into_iter().any(|(_, value)| some(value));
    let kind = |name: &str| errors().any(|error| error["type"] == name);
    if holds || errors().next().is_some() && errors().all(|error| error["type"] == "NOT_FOUND") {
        return Verdict::Fine;
    }
    if kind("RATE_LIMITED") || kind("RATE_LIMIT") {
        return Verdict::Wait(answer.pause().unwrap_or(Pause::Unsaid));
    }
    if kind("RESOURCE_LIMITS_EXCEEDED") || kind("MAX_NODE_LIMIT_EXCEEDED") {
        return Verdict::Smaller("GitHub says that it is too much at once".to_owned());
    }
    match errors().next() {
        None if body["data"].is_object() => Verdict::Fine,
        None => Verdict::Again("GitHub's answer holds nothing".to_owned()),
        Some(error) => {
            let said = shortened(error["message"].as_str().unwrap_or("nothing of why"));
            // A fault that has a path or a type is of one moment; one without is of the query itself.
            let passing = !error["path"].is_null() || kind("SERVICE_UNAVAILABLE") || said.contains("went wrong");
            let told = format!("GitHub says: {said}");
            if passing { Verdict::Smaller(told) } else { Verdict::Stop(told) }
        }
    }
}

/// Reads what came of each task.
pub fn read(tasks: &[Task], answer: &Answer) -> Read {
    let Ok(body) = serde_json::from_slice::<Json>(&answer.body) else { return Read::default() };
    let mut faults: BTreeMap<usize, (bool, String)> = BTreeMap::new();
    let mut short = None;
    let mut unreached = BTreeSet::new();
    for error in body["errors"].as_array().into_iter().flatten() {
        let said = shortened(error["message"].as_str().unwrap_or("nothing of why"));
        let limited =
            matches!(error["type"].as_str(), Some("RESOURCE_LIMITS_EXCEEDED" | "RATE_LIMITED" | "RATE_LIMIT"));
        if let Some(at) = place(error).filter(|_| !limited) {
            let fault = faults.entry(at).or_insert((true, said));
            fault.0 &= error["type"] == "NOT_FOUND";
        } else {
            unreached.extend(place(error));
            short = Some(format!("GitHub says: {said}"));
        }
    }
    let mut replies = Vec::new();
    for (at, task) in tasks.iter().enumerate().filter(|(at, _)| !unreached.contains(at)) {
        let node = match &task.by {
            By::Id(_) => body["data"]["nodes"].get(at),
            By::Login(_) => body["data"].get(format!("m{at}")),
        };
        let gone = if matches!(task.by, By::Id(_)) { Reply::Gone } else { Reply::Missing };
        let fault = faults.remove(&at);
        // A part that is null without a word of its own is so because of what went wrong elsewhere.
        let cut = short.is_some() && fault.is_none();
        let reply = match (node, fault) {
            (_, Some((false, said))) => Reply::Unanswered(format!("GitHub says: {said}")),
            (Some(Json::Null) | None, Some((true, _))) => gone,
            // What is no person has no members that are asked for.
            (Some(Json::Object(empty)), _) if empty.is_empty() => gone,
            (Some(Json::Null), None) if !cut => gone,
            (Some(Json::Null) | None, None) => continue,
            (Some(node), _) if cut && lacks(task, node) => continue,
            (Some(node), _) => match one(task, node) {
                Ok(reply) => reply,
                Err(_) if cut => continue,
                Err(why) => Reply::Unanswered(why),
            },
        };
        replies.push((at, reply));
    }
    let points = body["data"]["rateLimit"]["cost"].as_u64().unwrap_or(1);
    Read { replies, points, short }
}

/// The index of the task that an error is about.
fn place(error: &Json) -> Option<usize> {
    match error["path"].as_array()?.as_slice() {
        [nodes, at, ..] if nodes == "nodes" => usize::try_from(at.as_u64()?).ok(),
        [alias, ..] => alias.as_str()?.strip_prefix('m')?.parse().ok(),
        [] => None,
    }
}

/// Whether a part is null that may be null of itself too: without a repository, or a branch of it, nothing was done.
fn lacks(task: &Task, node: &Json) -> bool {
    let repository = &node["repository"];
    match &task.step {
        Step::Calendar => false,
        Step::Pushed => repository["pushedAt"].is_null(),
        Step::Commits { .. } => repository["defaultBranchRef"]["target"].is_null(),
    }
}

fn one(task: &Task, node: &Json) -> Result<Reply, String> {
    let text = |name: &str| node[name].as_str().filter(|text| plain(text)).map(str::to_owned);
    let (Some(id), Some(login)) = (text("id"), text("login")) else {
        return Err("GitHub does not say who it is".to_owned());
    };
    if matches!(&task.by, By::Id(asked) if *asked != id) {
        return Err("GitHub answers with another account than was asked about".to_owned());
    }
    match &task.step {
        Step::Calendar => {
            let weeks = node["contributionsCollection"]["contributionCalendar"]["weeks"].as_array();
            let days = calendar(weeks.ok_or("GitHub gives no calendar")?, task)?;
            Ok(Reply::Seen { id, login, days, mark: None })
        }
        _ if node["repository"].is_null() => Ok(Reply::Missing),
        Step::Pushed => Ok(Reply::Pushed { id, login, at: node["repository"]["pushedAt"].as_str().map(str::to_owned) }),
        Step::Commits { after, counted } => {
            let mut counted = counted.clone();
            let target = &node["repository"]["defaultBranchRef"]["target"];
            let account = node["databaseId"].as_u64().ok_or("GitHub gives no number of the account")?;
            // A repository without a branch has no commits.
            if !target.is_null() {
                let page = journey::page(&target["history"], account)?;
                for (day, count) in page.days {
                    *counted.entry(day).or_default() += count;
                }
                if let Some(cursor) = page.next {
                    // Each page must bring something, and end elsewhere than it began: else there would be no last one.
                    if page.commits == 0 || after.as_ref() == Some(&cursor) {
                        return Err("GitHub's history does not come to an end".to_owned());
                    }
                    let step = Step::Commits { after: Some(cursor), counted };
                    return Ok(Reply::Goes { on: Task { step, tries: 0, ..task.clone() } });
                }
            }
            let counts = task.from.series(jiff::Span::new().days(1)).take_while(|day| *day <= task.to);
            let mut counts: Vec<Option<u32>> =
                counts.map(|day| Some(counted.get(&day).copied().unwrap_or(0))).collect();
            // Where it is tomorrow already, only what was done counts.
            if let Some(count) = task.to.tomorrow().ok().and_then(|day| counted.get(&day)) {
                counts.push(Some(*count));
            }
            let mark = node["repository"]["pushedAt"].as_str().map(str::to_owned);
            Ok(Reply::Seen { id, login, days: Stretch::new(task.from, &counts), mark })
        }
    }
}

/// Whether a text can be an id or a login: what is written to files is nothing else.
fn plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=+/[].".contains(&b))
}

/// The days that were asked for, none of them left out. Tomorrow's, where the span reaches so far, is known only once
/// something was done.
fn calendar(weeks: &[Json], task: &Task) -> Result<Stretch, String> {
    let Task { from, to, today, .. } = *task;
    let length = usize::try_from(days_between(from, to) + 1).unwrap_or_default();
    let mut counts = vec![None; length];
    let mut seen = BTreeSet::new();
    for day in weeks.iter().flat_map(|week| week["contributionDays"].as_array().into_iter().flatten()) {
        let date = day["date"].as_str().and_then(|text| text.get(..10)?.parse::<Date>().ok());
        let count = day["contributionCount"].as_u64().and_then(|count| u32::try_from(count).ok());
        let (Some(date), Some(count)) = (date, count) else { return Err("GitHub's calendar holds no days".to_owned()) };
        if !seen.insert(date) {
            return Err(format!("GitHub's calendar has {date} twice"));
        }
        if let Some(place) = usize::try_from(days_between(from, date)).ok().and_then(|at| counts.get_mut(at)) {
            *place = Some(count).filter(|count| date <= today || *count > 0);
        }
    }
    let last = days_between(from, today.min(to));
    let absent = (0..=last).zip(&counts).find(|(_, count)| count.is_none());
    if let Some(day) = absent.and_then(|(at, _)| from.checked_add(at.days()).ok()) {
        return Err(format!("GitHub's calendar leaves out {day}"));
    }
    Ok(Stretch::new(from, &counts))
}

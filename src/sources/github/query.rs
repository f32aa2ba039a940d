//! Tasks to GraphQL. Accounts stand in variables only.

use super::tasks::{By, MOST, Step, Task};
use super::{REPOSITORY, URL};
use crate::sources::request::Request;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The request of tasks that can stand together.
pub fn request(tasks: &[Task], url: Option<&str>) -> Request {
    let (query, variables) = query(tasks);
    let url = format!("{}/graphql", url.unwrap_or(URL).trim_end_matches('/'));
    Request { url, body: Some(json!({ "query": query, "variables": variables }).to_string()), signed: true }
}

fn query(tasks: &[Task]) -> (String, Json) {
    let ids: Vec<&str> = tasks
        .iter()
        .filter_map(|task| match &task.by {
            By::Id(id) => Some(id.as_str()),
            By::Login(_) => None,
        })
        .collect();
    let Some(first) = tasks.first() else { return (String::new(), Json::Null) };
    let mut variables = Map::new();
    let mut declared = String::new();
    let mut fields = String::new();
    if ids.len() == tasks.len() {
        declared.push_str("$ids: [ID!]!");
        variables.insert("ids".to_owned(), json!(ids));
        let inner = inner(first, 0, &mut declared, &mut variables);
        let _ = write!(fields, "nodes(ids: $ids) {{ ... on User {{ {inner} }} }}");
    } else {
        for (at, task) in tasks.iter().enumerate() {
            let By::Login(login) = &task.by else { continue };
            let comma = if at > 0 { ", " } else { "" };
            let _ = write!(declared, "{comma}$l{at}: String!");
            variables.insert(format!("l{at}"), json!(login));
            let inner = inner(task, at, &mut declared, &mut variables);
            let _ = write!(fields, "m{at}: user(login: $l{at}) {{ {inner} }} ");
        }
    }
    let query = format!("query({declared}) {{ rateLimit {{ cost }} {} }}", fields.trim_end());
    (query, Json::Object(variables))
}

/// What is asked of one account. Its variables carry its number.
fn inner(task: &Task, at: usize, declared: &mut String, variables: &mut Map<String, Json>) -> String {
    let mut declare = |name: &str, kind: &str, value: Json| {
        let _ = write!(declared, ", ${name}{at}: {kind}");
        variables.insert(format!("{name}{at}"), value);
        format!("${name}{at}")
    };
    let asked = match &task.step {
        Step::Calendar => {
            let from = declare("f", "DateTime!", json!(format!("{}T00:00:00Z", task.from)));
            let to = declare("t", "DateTime!", json!(format!("{}T23:59:59Z", task.to)));
            format!(
                "contributionsCollection(from: {from}, to: {to}) {{ contributionCalendar {{ weeks {{ contributionDays {{ date contributionCount }} }} }} }}"
            )
        }
        Step::Pushed => format!("repository(name: \"{REPOSITORY}\") {{ pushedAt }}"),
        Step::Commits { after, .. } => {
            // A commit is dated where it was written: up to fourteen hours from here, and before it was committed.
            let since = task.from.saturating_sub(1.days());
            let since = declare("s", "GitTimestamp!", json!(format!("{since}T00:00:00Z")));
            let page = match after {
                Some(cursor) => format!(", after: {}", declare("a", "String!", json!(cursor))),
                None => String::new(),
            };
            format!(
                "repository(name: \"{REPOSITORY}\") {{ pushedAt defaultBranchRef {{ target {{ ... on Commit {{ history(first: 100, since: {since}{page}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ authoredDate author {{ user {{ databaseId }} }} }} }} }} }} }} }}"
            )
        }
    };
    format!("id databaseId login {asked}")
}

/// Every shape of query that can be asked, with variables that it could have: to be held against GitHub's schema.
pub fn shapes() -> Vec<Json> {
    let commits = |after: Option<&str>| Step::Commits { after: after.map(str::to_owned), counted: BTreeMap::new() };
    let end = date(2026, 6, 2);
    let spans: [Date; 4] = [date(2026, 4, 29), date(2026, 1, 1), date(2025, 6, 3), date(2026, 5, 20)];
    let mut shapes = Vec::new();
    for step in [Step::Calendar, Step::Pushed, commits(None), commits(Some("cursor"))] {
        let most = if step == commits(Some("cursor")) { 1 } else { MOST };
        for from in spans {
            for members in 1..=most {
                for by_id in [true, false] {
                    let by = |n: usize| if by_id { By::Id(format!("U_{n}")) } else { By::Login(format!("user-{n}")) };
                    let task =
                        |n| Task { member: n, by: by(n), step: step.clone(), from, to: end, today: end, tries: 0 };
                    let tasks: Vec<Task> = (0..members).map(task).collect();
                    let (query, variables) = query(&tasks);
                    shapes.push(json!({ "query": query, "variables": variables }));
                }
            }
        }
    }
    shapes
}

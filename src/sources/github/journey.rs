//! Commits to days.

use jiff::civil::Date;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A page of a repository's history.
pub struct Page {
    pub days: BTreeMap<Date, u32>,
    /// How many there are, whoever wrote them.
    pub commits: usize,
    /// Where the next one begins.
    pub next: Option<String>,
}

/// Counts the commits that the account wrote, by the day it was where they were written.
///
/// # Errors
/// In words, when it is not such a page.
pub fn page(history: &Json, account: u64) -> Result<Page, String> {
    let nodes = history["nodes"].as_array().ok_or("the history has no commits")?;
    let mut days = BTreeMap::new();
    for node in nodes {
        if node["author"]["user"]["databaseId"].as_u64() != Some(account) {
            continue;
        }
        let day = node["authoredDate"].as_str().and_then(day).ok_or("a commit has no date")?;
        *days.entry(day).or_default() += 1;
    }
    let more = history["pageInfo"]["hasNextPage"].as_bool().ok_or("the history does not say whether it goes on")?;
    let next = history["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    if more && next.is_none() {
        return Err("the history goes on, but does not say where".to_owned());
    }
    Ok(Page { days, commits: nodes.len(), next: next.filter(|_| more) })
}

/// The civil day of an instant as it is written, in its own offset.
pub fn day(text: &str) -> Option<Date> {
    let (day, time) = text.split_once('T')?;
    day.parse().ok().filter(|_| day.len() == 10 && time.len() >= 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    #[test]
    fn commits_count_on_the_day_of_their_author() {
        let commit = |at: &str, who: Option<u64>| json!({ "authoredDate": at, "author": { "user": who.map(|id| json!({ "databaseId": id })) } });
        let nodes = json!([
            commit("2026-05-01T23:30:00-11:00", Some(7)),
            commit("2026-05-02T00:10:00+14:00", Some(7)),
            commit("2026-05-02T12:00:00Z", Some(8)),
            commit("2026-05-02T12:00:00Z", None),
        ]);
        let history = json!({ "nodes": nodes, "pageInfo": { "hasNextPage": true, "endCursor": "c" } });
        let page = page(&history, 7).expect("a page");
        assert_eq!(page.days, BTreeMap::from([(date(2026, 5, 1), 1), (date(2026, 5, 2), 1)]));
        assert_eq!(page.next.as_deref(), Some("c"));
    }
}

//! X: one search of the whole community's posts with a tag, which costs far less than a question for each member.
//!
//! Only ids and days are kept, never a text. Posts are numbered upwards, and a search reads from the newest down.

use super::request::{Answer, Request, Verdict};
use crate::model::Search;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where X answers.
pub const URL: &str = "https://api.x.com";
/// The variable with the token, where a source names none.
pub const TOKEN: &str = "X_BEARER_TOKEN";
/// The parameter that lists the fields of a post, which has had two names.
const FIELDS: &str = "tweet.fields";
/// What X takes for each, in millionths of a dollar.
pub const POST: u64 = 5_000;
pub const USER: u64 = 10_000;
/// The fewest and the most posts of a page.
pub const FEWEST: u64 = 10;
pub const MOST: u64 = 100;
/// How many accounts are looked up at once.
pub const NAMES: usize = 100;
/// A search reaches so far back, and one minute less, so that no clock is too slow.
const REACH: SignedDuration = SignedDuration::from_mins(7 * 24 * 60 - 1);

/// What a page of a search holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Number, author and day of each post.
    pub posts: Vec<(String, String, Date)>,
    pub next: Option<String>,
}

/// The part of the posts that is read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Above this post.
    pub since: Option<String>,
    /// From here on, where no post is known.
    pub start: Option<Timestamp>,
    /// Below this post.
    pub until: Option<String>,
    /// The first day that is read: as a whole, unless a post of it bounds the search.
    pub first: Date,
}

/// Whether everything was read up to some post that a search still reaches.
pub fn follows(search: &Search, now: Timestamp) -> bool {
    search.done.is_some() && search.done_at.is_some_and(|at| now.duration_since(at) < REACH)
}

/// What to read next: what an earlier search left, or what has been posted since.
pub fn range(search: &Search, now: Timestamp) -> Range {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let until = search.oldest.clone();
    if let Some(at) = search.done_at.filter(|_| follows(search, now)) {
        return Range { since: search.done.clone(), start: None, until, first: day(at) };
    }
    let first = day(now).saturating_sub(6.days());
    let start = first.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).ok();
    Range { since: None, start, until, first }
}

/// A search that was left unfinished and cannot be taken up any more is forgotten.
pub fn taken_up(mut search: Search, now: Timestamp) -> Search {
    if search.begun.is_none_or(|begun| now.duration_since(begun) >= REACH) {
        search = Search { newest: None, oldest: None, begun: None, ..search };
    }
    search
}

pub fn page_request(url: Option<&str>, tag: &str, range: &Range, token: Option<&str>, most: u64) -> Request {
    let mut query =
        format!("query={}&max_results={most}&{FIELDS}=author_id,created_at", escaped(&format!("{tag} -is:retweet")));
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(query, "&{name}={}", escaped(&value));
        }
    };
    add("since_id", range.since.clone());
    add("start_time", range.start.map(|start| start.to_string()));
    add("until_id", range.until.clone());
    add("next_token", token.map(str::to_owned));
    let url = format!("{}/2/tweets/search/recent?{query}", url.unwrap_or(URL).trim_end_matches('/'));
    Request { url, body: None, signed: true }
}

pub fn names_request(url: Option<&str>, names: &[&str]) -> Request {
    let url =
        format!("{}/2/users/by?usernames={}", url.unwrap_or(URL).trim_end_matches('/'), escaped(&names.join(",")));
    Request { url, body: None, signed: true }
}

/// Whether a text can be a name on X; another would be an error for all that are asked about with it.
pub fn is_name(text: &str) -> bool {
    (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub fn verdict(answer: &Answer) -> Verdict {
    if answer.text().contains("usage-capped") {
        return Verdict::Stop("the account's posts of this month are used up: X answers again next month".to_owned());
    }
    match answer.verdict("X") {
        Verdict::Fine if serde_json::from_slice::<Json>(&answer.body).is_err() => {
            Verdict::Again("X's answer breaks off".to_owned())
        }
        verdict => verdict,
    }
}

/// # Errors
/// In words, when it is no page.
pub fn page(answer: &Answer) -> Result<Page, String> {
    let body: Json = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let mut posts = Vec::new();
    for post in body["data"].as_array().into_iter().flatten() {
        let text = |name: &str| post[name].as_str().filter(|text| is_number(text) || name == "created_at");
        let day =
            text("created_at").and_then(|at| at.parse::<Timestamp>().ok()).map(|at| at.to_zoned(TimeZone::UTC).date());
        match (text("id"), text("author_id"), day) {
            (Some(id), Some(author), Some(day)) => posts.push((id.to_owned(), author.to_owned(), day)),
            _ => return Err("X gives posts without id, author or date".to_owned()),
        }
    }
    Ok(Page { posts, next: body["meta"]["next_token"].as_str().map(str::to_owned) })
}

/// Ids by name in lower case. Who is not there does not exist.
///
/// # Errors
/// In words, when it is no such answer.
pub fn names(answer: &Answer) -> Result<BTreeMap<String, String>, String> {
    let body: Json = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    if !body["data"].is_array() && !body["errors"].is_array() {
        return Err("X gives neither users nor errors".to_owned());
    }
    let users = body["data"].as_array().into_iter().flatten();
    let read = |user: &Json| {
        let id = user["id"].as_str().filter(|id| is_number(id))?;
        Some((user["username"].as_str()?.to_ascii_lowercase(), id.to_owned()))
    };
    Ok(users.filter_map(read).collect())
}

/// The greater of two posts' numbers.
pub fn newest(a: Option<String>, b: &str) -> String {
    let key = |id: &str| (id.len(), id.to_owned());
    a.filter(|a| key(a) >= key(b)).unwrap_or_else(|| b.to_owned())
}

/// The smaller of two posts' numbers.
pub fn oldest(a: Option<String>, b: &str) -> String {
    let key = |id: &str| (id.len(), id.to_owned());
    a.filter(|a| key(a) <= key(b)).unwrap_or_else(|| b.to_owned())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~,".contains(&b) {
            escaped.push(char::from(b));
        } else {
            let _ = write!(escaped, "%{b:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_search_goes_on_where_the_last_one_ended() {
        let now = at("2026-06-01T12:00:00Z");
        let first = range(&Search::default(), now);
        assert_eq!((first.since, first.start), (None, Some(at("2026-05-26T00:00:00Z"))));
        let done =
            Search { done: Some("99".to_owned()), done_at: Some(at("2026-05-30T12:00:00Z")), ..Search::default() };
        assert_eq!(range(&done, now).since.as_deref(), Some("99"));
        let old = Search { done_at: Some(at("2026-05-20T12:00:00Z")), ..done };
        assert_eq!(range(&old, now).since, None, "a search does not reach so far");
        assert_eq!(newest(Some("99".to_owned()), "100"), "100");
        assert_eq!(oldest(Some("100".to_owned()), "99"), "99");
    }

    #[test]
    fn what_is_asked_is_escaped() {
        let range = range(&Search::default(), at("2026-06-01T12:00:00Z"));
        let url = page_request(None, "#100DaysOfCloud", &range, Some("a&b"), 10).url;
        assert!(url.contains("query=%23100DaysOfCloud%20-is%3Aretweet&max_results=10"), "{url}");
        assert!(url.ends_with("&start_time=2026-05-26T00%3A00%3A00Z&next_token=a%26b"), "{url}");
        assert!(is_name("ann_1") && !is_name("") && !is_name("a,b") && !is_name("sixteen_letters_"));
    }
}

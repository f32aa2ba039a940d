//! The answers of the API that this tool took over from, row for row.
//!
//! The data are a member list and an article list as that API had them, with many ties. The oracle below does what its
//! handlers did with the whole list on every request: filter, stable sort, slice. Each answer of the built site must be
//! the oracle's, to the byte.

use crate::support::{Dice, Site};
use serde_json::json;
use std::fmt::Write as _;

const SITE: &str = r#"
[collections.users]
sources = ["data/users.json"]
key = "githubProfile"

[collections.articles]
sources = ["data/articles.json"]
key = "id"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "leaderboard"
from = "users"
sort = ["-(githubScore + twitterScore)"]
limit = { default = 10, max = 1000 }

[[views]]
path = "users"
from = "users"
limit = { max = 1000 }

[[views]]
path = "users/recent"
from = "users"
sort = ["-dateJoined"]
limit = { max = 1000 }

[[views]]
path = "users/{githubProfile}"
from = "users"
each = true

[[views]]
path = "articles"
from = "articles"
limit = { max = 1000 }

[[views]]
path = "articles/{tags}"
from = "articles"
group = "tags"
limit = { max = 1000 }

[[views]]
path = "tags"
from = "articles"
count = "tags"
as = "tag"
sort = ["-count"]
limit = { max = 1000 }
"#;

const MAX: usize = 1000;
const USERS: usize = 130;
const ARTICLES: usize = 70;
const TAGS: [&str; 12] = [
    "AWS",
    "aws",
    "Azure",
    "Google Cloud",
    "google cloud",
    "CI/CD",
    "C#",
    "C++",
    "Kubernetes",
    "kubernetes",
    "Serverless",
    "Site Reliability  Engineering",
];

/// A row as the handlers sent it, and what they sorted or searched by.
struct User {
    row: String,
    profile: String,
    score: f64,
    joined: String,
}

struct Article {
    row: String,
    tag: &'static str,
}

fn users() -> Vec<User> {
    let mut dice = Dice::new(20_260_601);
    let mut users = Vec::new();
    for n in 0..USERS {
        let id = if n == 17 { "9007199254740993".to_owned() } else { (n + 1).to_string() };
        let days = if n == 23 { "1.10".to_owned() } else { dice.below(101).to_string() };
        let first = dice.one_of(&["Ann", "Zoë", "王", "José", r#"\"Bo\""#, "O'Neil", "a/b"]);
        let profile = format!("{}{n}", dice.one_of(&["ann-", "Bo", "CARL", "dev-Ops-"]));
        let (github, twitter) = (dice.below(12) * 5, dice.below(6) * 5);
        let joined = format!("202{}-0{}-1{}", dice.below(3), 1 + dice.below(3), dice.below(4));
        let status = dice.one_of(&["Learning", "Completed", ""]);
        let (github_streak, twitter_streak) = (dice.below(30), dice.below(30));
        let row = format!(
            concat!(
                r#"{{"id":{id},"name":"{first} {n}","daysCompleted":{days},"githubProfile":"{profile}","#,
                r#""githubScore":{github},"githubStreak":{github_streak},"twitterProfile":"@{profile}","#,
                r#""twitterScore":{twitter},"twitterStreak":{twitter_streak},"#,
                r#""linkedinProfile":"in/{n}","status":"{status}","#,
                r#""avatarImage":"/{n}.png","dateJoined":"{joined}"}}"#
            ),
            id = id,
            first = first,
            n = n,
            days = days,
            profile = profile,
            github = github,
            github_streak = github_streak,
            twitter = twitter,
            twitter_streak = twitter_streak,
            status = status,
            joined = joined
        );
        let score = f64::from(u32::try_from(github + twitter).expect("small"));
        users.push(User { row, profile, score, joined });
    }
    users
}

fn articles() -> Vec<Article> {
    let mut dice = Dice::new(100);
    let article = |n| {
        // The first twelve have each tag once, so that every one occurs.
        let tag = TAGS.get(n).unwrap_or_else(|| dice.one_of(&TAGS));
        let author = dice.one_of(&["Ann", "Bo", "Carl"]);
        let row = format!(
            r#"{{"id":{n},"title":"Day {n}","subtitle":"","image":"/i/{n}.jpg","tags":"{tag}","author":"{author}"}}"#
        );
        Article { row, tag }
    };
    (0..ARTICLES).map(article).collect()
}

/// The rows as people keep them: an object with one list, a member on each line.
fn data_file<'a>(name: &str, rows: impl Iterator<Item = &'a str>) -> String {
    let rows: Vec<String> =
        rows.map(|row| row.replace("\":", "\": ").replace(",\"", ",\n      \"").replace('ë', "\\u00eb")).collect();
    format!("{{\n  \"{name}\": [\n    {}\n  ]\n}}\n", rows.join(",\n    "))
}

/// `[...list].sort((a, b) => …)` is stable, and so is this.
fn by_score(users: &[User]) -> Vec<&str> {
    let mut sorted: Vec<&User> = users.iter().collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    sorted.iter().map(|user| &*user.row).collect()
}

fn by_date_joined(users: &[User]) -> Vec<&str> {
    let mut sorted: Vec<&User> = users.iter().collect();
    sorted.sort_by(|a, b| b.joined.cmp(&a.joined));
    sorted.iter().map(|user| &*user.row).collect()
}

/// `articles.filter((a) => a.tags.toLowerCase() === tag.toLowerCase())`.
fn with_tag<'a>(articles: &'a [Article], tag: &str) -> Vec<&'a str> {
    articles.iter().filter(|article| article.tag.to_lowercase() == tag.to_lowercase()).map(|a| &*a.row).collect()
}

/// Each tag as first spelt with the number of its articles, the most used first.
fn tag_counts(articles: &[Article]) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for Article { tag, .. } in articles {
        match counts.iter_mut().find(|(known, _)| known.to_lowercase() == tag.to_lowercase()) {
            Some((_, count)) => *count += 1,
            None => counts.push((tag, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().map(|(tag, count)| format!(r#"{{"tag":"{tag}","count":{count}}}"#)).collect()
}

/// What a request's tag becomes in an object key: letters lowered, runs of white space and slashes one dash.
fn slug(tag: &str) -> String {
    let words: Vec<&str> = tag.split(|c: char| c.is_whitespace() || c == '/' || c == '\\').collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn percent_encoded(path: &str) -> String {
    path.replace('#', "%23").replace('+', "%2B")
}

/// Every answer of one list, on both surfaces, in every form of the request.
fn is_answered_as(site: &Site, path: &str, rows: &[&str], default: Option<usize>) {
    let first = |n: usize| format!("[{}]", rows[..n.min(rows.len())].join(","));
    let in_each_shape = |suffix: &str, n: usize, limit: Option<usize>| {
        let body = first(n);
        let bare = site.answer(&format!("api/{path}{suffix}"));
        assert!(bare == body, "/api/{path}{suffix} is not the first {n} of {} rows:\n{bare:.600}", rows.len());
        let envelope = site.answer(&format!("v1/{path}{suffix}"));
        let rest = envelope.strip_prefix("{\"data\":").and_then(|rest| rest.strip_prefix(&*body));
        let rest = rest.unwrap_or_else(|| panic!("the data of /v1/{path}{suffix} differ:\n{envelope:.600}"));
        let rest: serde_json::Value = serde_json::from_str(&rest.replacen(',', "{", 1)).expect("meta and links");
        let mut meta = json!({ "total": rows.len(), "count": n.min(rows.len()) });
        if let Some(limit) = limit {
            meta["limit"] = json!(limit);
        }
        let own = format!("/v1/{}{suffix}", percent_encoded(path));
        assert_eq!(rest, json!({ "meta": meta, "links": { "self": own } }), "/v1/{path}{suffix}");
    };
    in_each_shape("", default.unwrap_or(rows.len()), default);
    in_each_shape("/limit/all", rows.len(), None);
    for n in 1..=MAX {
        in_each_shape(&format!("/limit/{n}"), n, Some(n));
    }
    for absent in ["limit/0", "limit/1001", "limit/-1", "limit/abc", "limit"] {
        assert!(!site.path(&format!("public/api/{path}/{absent}.json")).exists(), "/api/{path}/{absent}");
    }
}

fn members_are_answered(site: &Site, users: &[User]) {
    for user in users {
        let slug = user.profile.to_ascii_lowercase();
        assert_eq!(site.answer(&format!("api/users/{slug}")), user.row);
        let envelope = site.answer(&format!("v1/users/{slug}"));
        assert!(envelope.starts_with(&format!("{{\"data\":{},", user.row)), "{envelope}");
        let envelope: serde_json::Value = serde_json::from_str(&envelope).expect("JSON");
        assert_eq!(envelope["links"], json!({ "self": format!("/v1/users/{slug}") }));
    }
}

/// Tags are asked for in any letter case, with spaces and slashes as people type them.
fn tags_are_answered(site: &Site, articles: &[Article]) {
    let mut asked = Vec::new();
    for tag in TAGS {
        let rows = with_tag(articles, tag);
        assert!(!rows.is_empty(), "{tag}");
        for spelling in [tag.to_owned(), tag.to_lowercase(), tag.to_uppercase()] {
            let path = format!("articles/{}", slug(&spelling));
            if !asked.contains(&path) {
                is_answered_as(site, &path, &rows, None);
                asked.push(path);
            }
        }
    }
    assert_eq!(asked.len(), 9, "spellings of one tag are one list: {asked:?}");
}

#[test]
fn every_answer_is_what_the_handlers_answered() {
    let (users, articles) = (users(), articles());
    let site = Site::empty()
        .file("site/site.toml", SITE)
        .file("data/users.json", data_file("users", users.iter().map(|user| &*user.row)))
        .file("data/articles.json", data_file("articles", articles.iter().map(|article| &*article.row)));
    site.build();
    is_answered_as(&site, "leaderboard", &by_score(&users), Some(10));
    is_answered_as(&site, "users", &users.iter().map(|user| &*user.row).collect::<Vec<_>>(), None);
    is_answered_as(&site, "users/recent", &by_date_joined(&users), None);
    is_answered_as(&site, "articles", &articles.iter().map(|a| &*a.row).collect::<Vec<_>>(), None);
    let counts = tag_counts(&articles);
    is_answered_as(&site, "tags", &counts.iter().map(|row| &**row).collect::<Vec<_>>(), None);
    tags_are_answered(&site, &articles);
    members_are_answered(&site, &users);
}

/// The data have what the comparison is to find out about: ties, and numbers that a double does not hold.
#[test]
fn the_data_are_hard_enough() {
    let (users, articles) = (users(), articles());
    let rows = users.iter().fold(String::new(), |mut rows, user| {
        let _ = writeln!(rows, "{}", user.row);
        rows
    });
    assert!(rows.contains(r#""id":9007199254740993,"#) && rows.contains(r#""daysCompleted":1.10,"#));
    let ties = |at: usize| users.iter().filter(|user| user.score.total_cmp(&users[at].score).is_eq()).count();
    assert!((0..users.len()).filter(|at| ties(*at) > 1).count() > 100, "most scores are shared");
    let dates = users.iter().map(|user| &user.joined).collect::<std::collections::BTreeSet<_>>();
    assert!(dates.len() < 40, "most dates are shared");
    assert!(TAGS.iter().all(|tag| with_tag(&articles, tag).len() > 1), "no tag stands alone");
}

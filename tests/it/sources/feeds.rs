//! Sources besides GitHub's calendars: feeds, files, programs, X, and journeys.

use super::scene::Scene;
use super::server::{Asked, Reply, Server};
use precast::sources::{Budget, Options};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

const RSS: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>https://a.example</link><description>d</description>
<item><guid>3</guid><title>c</title><pubDate>Sun, 31 May 2026 23:30:00 -0800</pubDate></item>
<item><guid>2</guid><title>b</title><pubDate>Sun, 31 May 2026 01:00:00 +0000</pubDate></item>
<item><guid>2</guid><title>b</title><pubDate>Sun, 31 May 2026 01:00:00 +0000</pubDate></item>
<item><guid>1</guid><title>a</title><pubDate>Thu, 28 May 2026 10:00:00 GMT</pubDate></item>
</channel></rss>"#;
const ATOM: &str = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>t</title><updated>2026-05-30T00:00:00Z</updated>
<entry><id>1</id><title>a</title><published>2026-05-29T23:59:00+14:00</published><updated>2026-05-31T00:00:00Z</updated></entry></feed>"#;
const JSON_FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","content_text":"a","date_published":"2026-05-31T10:00:00Z"}]}"#;
/// An old entry stands above the newer ones.
const PINNED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[
{"id":"9","content_text":"pinned","date_published":"2026-01-01T10:00:00Z"},{"id":"2","content_text":"b","date_published":"2026-05-31T10:00:00Z"},
{"id":"1","content_text":"a","date_published":"2026-05-30T10:00:00Z"}]}"#;

#[test]
fn feeds_of_every_kind_are_read() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/feeds/rss" => Reply::body(RSS),
        "/feeds/atom" => Reply::body(ATOM),
        "/feeds/json" => Reply::with(302, "location: /moved"),
        "/moved" => Reply::body(JSON_FEED),
        "/feeds/pinned" => Reply::body(PINNED),
        "/feeds/html" => Reply::body("<html><p>no feed</p></html>"),
        _ => Reply::status(404),
    });
    let names = ["rss", "atom", "json", "pinned", "nobody", "html"];
    let users: Vec<Json> = names.iter().map(|name| json!({ "handle": name, "blog": name })).collect();
    let source = format!("[sources.blogs]\nkind = \"feed\"\naccount = \"blog\"\nurl = \"{}/feeds\"\n", server.url);
    let scene = Scene::of(server, &source, &json!(users));
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.missing, ended.summary.failed.len(), ended.kept), (4, 1, 1, None));
    let line = |member: &str| scene.of_member(member);
    assert_eq!((&line("rss")["from"], &line("rss")["days"]), (&"2026-05-28".into(), &"1 _2 2 _".into()));
    assert_eq!((&line("atom")["from"], &line("atom")["days"]), (&"2026-05-29".into(), &"1 _3".into()));
    assert_eq!(line("json")["days"], "1 _");
    assert_eq!(line("pinned")["days"], "1 ?148 1x2", "a pinned entry makes no day without any");
    assert!(
        !scene.server.all().iter().any(|asked| asked.headers.iter().any(|line| line.contains("ghp_"))),
        "no feed sees a token"
    );
}

#[test]
fn csv_files_are_read_and_told_wrong_by_line() {
    let users = json!([{ "handle": "ann" }, { "handle": "Ben" }, { "handle": "cy" }]);
    let scene = Scene::of(
        Server::start(|_| Reply::status(500)),
        "[sources.runs]\nkind = \"csv\"\npath = \"data/imports/{handle}.csv\"\n",
        &users,
    );
    scene.site.write("data/imports/ann.csv", "date,count\n2026-05-01,2\n2026-05-03,1\n");
    scene.site.write("data/imports/Ben.csv", "date,count\n2026-05-02,4\n");
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.missing, ended.summary.spent.requests), (2, 1, 0));
    assert_eq!(scene.of_member("ann")["days"], "2 _ 1");
    let before = scene.facts();
    scene.site.write("data/imports/ann.csv", "date,count\n2026-05-01,many\n");
    let error = scene.refresh_with(Options::default()).expect_err("a fault").to_string();
    assert!(error.starts_with("data/imports/ann.csv:2: `many` is no count"), "{error}");
    assert_eq!(scene.facts(), before);
    assert!(scene.site.ends(1, &["refresh"]).stderr.contains("ann.csv:2"));

    let scene = Scene::of(
        Server::start(|_| Reply::status(500)),
        "[sources.runs]\nkind = \"csv\"\npath = \"data/runs.csv\"\n",
        &users,
    );
    assert!(scene.refresh_with(Options::default()).is_err(), "there is no such file");
    scene.site.write("data/runs.csv", "member,date,count\nANN,2026-05-01,2\nBen,2026-05-02,1\nzoe,2026-05-04,1\n");
    scene.refresh();
    assert_eq!((&scene.of_member("ann")["days"], &scene.of_member("Ben")["days"]), (&"2 _3".into(), &"_ 1 _2".into()));
    assert_eq!(scene.facts().lines().count(), 2, "who is no member has no facts");
}

#[test]
fn rows_that_become_nobodys_facts_are_told() {
    let users = json!([{ "handle": "ann" }, { "handle": "ben" }]);
    let source = |path: &str| format!("[sources.runs]\nkind = \"csv\"\npath = \"{path}\"\n");
    let scene = Scene::of(Server::start(|_| Reply::status(500)), &source("data/runs.csv"), &users);
    scene.site.write("data/runs.csv", "member,date,count\nann,2026-05-01,2\nzoe,2026-05-01,1\n");
    let one = "rows of data/runs.csv are left out, for it is not asked about this name: `zoe`";
    assert_eq!(scene.refresh().summary.notes, [one]);
    assert!(scene.site.json("data/activity/runs.checked.json")["members"]["ben"]["checkedAt"].is_string());
    assert!(scene.site.ends(0, &["refresh"]).stderr.contains(one));
    let more = ["1", "2", "3", "4", "5", "6", "7"].map(|n| format!("z{n},2026-05-01,1\n")).concat();
    scene.site.write("data/runs.csv", format!("member,date,count\nann,2026-05-01,2\n{more}"));
    let [note] = scene.refresh().summary.notes.try_into().expect("a note");
    assert!(note.contains("these 7 names") && note.ends_with("`z1`, `z2`, `z3`, `z4`, `z5`, and 2 more"), "{note}");
    let before = scene.facts();
    scene.site.write("data/runs.csv", "member,date,count\n");
    assert_eq!(scene.refresh().summary.notes, ["data/runs.csv has a header and no rows: it changes nothing"]);
    assert_eq!(scene.facts(), before);
    let scene = Scene::of(Server::start(|_| Reply::status(500)), &source("data/{handle}.csv"), &users);
    scene.site.write("data/ann.csv", "member,date,count\nAnn,2026-05-01,2\nben,2026-05-01,1\n");
    scene.site.write("data/ben.csv", "date,count\n");
    let mut notes = scene.refresh().summary.notes;
    notes.sort();
    let other = "rows of data/ann.csv are left out, for it is not asked about this name: `ben`";
    assert_eq!(notes, ["data/ben.csv has a header and no rows: it changes nothing", other]);
}

#[test]
fn archives_of_x_are_read() {
    let post = |at: &str, tag: &str| json!({ "tweet": { "id_str": "1", "created_at": at, "full_text": "t", "entities": { "hashtags": [{ "text": tag }] } } });
    let posts = json!([
        post("Fri May 01 23:59:59 +0000 2026", "100DaysOfCloud"),
        post("Mon May 04 00:00:01 +0000 2026", "else")
    ]);
    let source =
        "[sources.x]\nkind = \"x-archive\"\npath = \"data/archives/{handle}/tweets.js\"\ntag = \"#100daysofcloud\"\n";
    let scene = Scene::of(Server::start(|_| Reply::status(500)), source, &json!([{ "handle": "ann" }]));
    scene.site.write("data/archives/ann/tweets.js", format!("window.YTD.tweets.part0 = {posts}"));
    scene.refresh();
    assert_eq!(scene.of_member("ann")["days"], "1 _3");
}

#[cfg(unix)]
#[test]
fn a_program_is_a_source() {
    use std::os::unix::fs::PermissionsExt as _;
    let users: Vec<Json> = (0..8).map(|n| json!({ "handle": format!("m{n}") })).collect();
    let source = "[sources.strava]\nkind = \"command\"\ncommand = [\"./strava\", \"--all\"]\n";
    let scene = Scene::of(Server::start(|_| Reply::status(500)), source, &json!(users));
    let script = |text: &str| {
        scene.site.write("strava", format!("#!/bin/sh\n{text}"));
        std::fs::set_permissions(scene.site.path("strava"), std::fs::Permissions::from_mode(0o755))
            .expect("permissions");
    };
    script(
        r#"cat >jobs.txt
echo '{"member":"m0","days":{"2026-05-01":3,"2026-05-04":0}}'
echo '{"member":"m1","from":"2026-05-01","counts":[1,null,2],"id":"77","account":"Em"}'
echo '{"member":"m2","missing":true}'
echo '{"member":"m3","failed":"no consent"}'
for n in 4 5 6 7; do echo "{\"member\":\"m$n\",\"days\":{}}"; done
"#,
    );
    let ended = scene.refresh();
    assert_eq!((ended.summary.fetched, ended.summary.missing, ended.summary.failed.len()), (2, 1, 1), "{ended:?}");
    assert_eq!((&scene.of_member("m0")["days"], &scene.of_member("m1")["days"]), (&"3 ?2 _".into(), &"1 ? 2".into()));
    assert_eq!((&scene.of_member("m1")["id"], &scene.of_member("m1")["account"]), (&"77".into(), &"Em".into()));
    let jobs = scene.site.text("jobs.txt");
    let job: Json = serde_json::from_str(jobs.lines().next().expect("a job")).expect("a job");
    assert_eq!(
        (jobs.lines().count(), &job["member"], &job["from"], &job["to"]),
        (8, &"m0".into(), &"2025-06-02".into(), &"2026-06-01".into())
    );
    let before = scene.facts();
    script("echo '{\"member\":\"m0\",\"days\":{\"2026-05-01\":3}}'\necho nonsense\nexit 1\n");
    let ended = scene.refresh();
    assert!(ended.kept.as_ref().is_some_and(|why| why.contains("no outcome")), "{ended:?}");
    assert_eq!(scene.facts(), before);
}

/// Number, author and day of each post.
pub type Posts = Arc<Mutex<Vec<(u64, u64, &'static str)>>>;

/// X: posts of `ann` (7), of `zoe` (9) and of a stranger, newest first, ten on a page.
pub fn x(posts: Posts) -> impl Fn(&Asked) -> Reply + Send + Sync {
    move |asked| {
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let value = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        if path == "/2/users/by" {
            let known =
                [("7", "Ann", "ann"), ("9", "Zoe", "zoe")].into_iter().filter(|(.., name)| query.contains(name));
            let known: Vec<Json> = known.map(|(id, name, _)| json!({ "id": id, "username": name })).collect();
            return Reply::body(&json!({ "data": known, "errors": [{ "value": "gone", "title": "Not Found Error" }] }));
        }
        let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
        let (since, until) = (number("since_id").unwrap_or(0), number("until_id").unwrap_or(u64::MAX));
        let skip = usize::try_from(number("next_token").unwrap_or(0)).expect("small");
        let most = usize::try_from(number("max_results").expect("a number")).expect("small").min(10);
        let mut found: Vec<_> =
            posts.lock().expect("posts").iter().copied().filter(|(id, ..)| (since + 1..until).contains(id)).collect();
        found.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
        let page: Vec<Json> = found.iter().skip(skip).take(most)
            .map(|(id, author, day)| json!({ "id": id.to_string(), "author_id": author.to_string(), "created_at": format!("{day}T10:00:00.000Z") }))
            .collect();
        let more = found.len() > skip + most;
        let meta = if more { json!({ "next_token": (skip + most).to_string() }) } else { json!({}) };
        Reply::body(&json!({ "data": page, "meta": meta }))
    }
}

pub fn dollars(microdollars: u64) -> Options {
    Options { budget: Budget { max_microdollars: Some(microdollars), ..Budget::default() }, ..Options::default() }
}

#[test]
fn x_is_searched_within_its_budget_and_taken_up_again() {
    let all: Vec<(u64, u64, &str)> = (0..24)
        .map(|n| (100 + n, if n % 2 == 0 { 7 } else { 8 }, if n < 12 { "2026-05-30" } else { "2026-05-31" }))
        .collect();
    let posts = Arc::new(Mutex::new(all));
    let server = Server::start(x(Arc::clone(&posts)));
    let source = format!("[sources.x]\nkind = \"x\"\naccount = \"x\"\nmax_usd = 1\nurl = \"{}\"\n", server.url);
    let users = json!([{ "handle": "a", "x": "ann" }, { "handle": "b", "x": "gone" }, { "handle": "c" }]);
    let scene = Scene::of(server, &source, &users);
    // One look-up of two names and one page of ten posts are allowed.
    let ended = scene.refresh_with(dollars(100_000)).expect("a refresh");
    assert_eq!((ended.short, ended.summary.spent.microdollars, ended.summary.missing), (Some("max_usd"), 60_000, 1));
    assert_eq!(scene.of_member("a")["days"], "5", "what was paid for is kept");
    posts.lock().expect("posts").push((200, 7, "2026-06-01"));
    scene.clock.set("2026-06-01T13:00:00Z");
    let ended = scene.refresh_with(dollars(1_000_000)).expect("a refresh");
    assert_eq!((ended.short, ended.refused), (None, None));
    assert_eq!(
        (&scene.of_member("a")["from"], &scene.of_member("a")["days"]),
        (&"2026-05-26".into(), &"_4 6x2 1".into())
    );
    assert!(scene.of_member("a")["id"] == "7" && scene.facts().lines().count() == 1);
    let before = (scene.facts(), scene.server.requests());
    scene.clock.set("2026-06-01T14:00:00Z");
    let ended = scene.refresh_with(dollars(1_000_000)).expect("a refresh");
    assert_eq!((ended.summary.unchanged, scene.facts(), ended.summary.spent.microdollars), (1, before.0, 0));
    assert!(scene.server.all()[before.1..].iter().any(|asked| asked.path.contains("since_id=200")));
}

/// Pages that lead nowhere end the search, not the patience of who waits for it.
#[test]
fn pages_without_an_end_are_given_up() {
    for posts in [json!([]), json!([{ "id": "5", "author_id": "7", "created_at": "2026-05-31T10:00:00Z" }])] {
        let server = Server::start(move |asked| {
            let token = format!("{}", asked.number);
            let names = json!({ "data": [{ "id": "7", "username": "ann" }] });
            Reply::body(&if asked.path.contains("/users/") {
                names
            } else {
                json!({ "data": posts, "meta": { "next_token": token } })
            })
        });
        let source = format!("[sources.x]\nkind = \"x\"\naccount = \"x\"\nmax_usd = 1\nurl = \"{}\"\n", server.url);
        let scene = Scene::of(server, &source, &json!([{ "handle": "a", "x": "ann" }]));
        let ended = scene.refresh_with(dollars(1_000_000)).expect("a refresh");
        assert!(ended.refused.is_some_and(|why| why.contains("end")));
        assert!(scene.server.requests() < 5);
    }
    for (nodes, moving) in
        [(json!([]), true), (json!([{ "authoredDate": "2026-05-31T10:00:00Z", "author": { "user": null } }]), false)]
    {
        let server = Server::start(move |asked| {
            let cursor = if moving { asked.number.to_string() } else { "c".to_owned() };
            let history = json!({ "nodes": nodes, "pageInfo": { "hasNextPage": true, "endCursor": cursor } });
            let repository =
                json!({ "pushedAt": "2026-05-31T10:00:00Z", "defaultBranchRef": { "target": { "history": history } } });
            Reply::body(
                &json!({ "data": { "m0": { "id": "U_7", "databaseId": 7, "login": "ann", "repository": repository } } }),
            )
        });
        let source = format!("[sources.journey]\nkind = \"github\"\nmode = \"journey\"\nurl = \"{}\"\n", server.url);
        let scene = Scene::of(server, &source, &json!([{ "handle": "ann" }]));
        let ended = scene.refresh();
        assert!(ended.kept.is_some_and(|why| why.contains("end")));
        assert!(scene.server.requests() < 10);
        assert_eq!(scene.facts(), "");
    }
}

/// What an interrupted search has paid for is neither lost nor counted twice.
#[test]
fn a_search_that_was_killed_goes_on_where_it_was() {
    let posts: Posts = Arc::new(Mutex::new((0..24).map(|n| (100 + n, 7, "2026-05-31")).collect()));
    let server = Server::start(x(Arc::clone(&posts)));
    let source = format!("[sources.x]\nkind = \"x\"\naccount = \"x\"\nmax_usd = 1\nurl = \"{}\"\n", server.url);
    let scene = Scene::of(server, &source, &json!([{ "handle": "a", "x": "ann" }]));
    let lines = |all: &str, most: usize| all.split_inclusive('\n').take(most).collect::<String>();
    // What the journal of a whole search is at each of its lines, is what a kill may leave.
    let of = "X { tag: \\\"#100DaysOfCloud\\\", max_usd: Some(1.0) }";
    let url = format!("Some(\\\"{}\\\")", scene.server.url);
    let seen = |days: &str| {
        format!(
            r#"{{"member":"a","at":"2026-06-01T11:00:00Z","came":{{"seen":{{"id":"7","account":"ann","days":[{days}]}}}}}}"#
        )
    };
    let page = |days: &str, oldest: u32| {
        format!(
            r#"{{"page":[{}],"search":{{"newest":"123","oldest":"{oldest}","begun":"2026-06-01T11:00:00Z"}}}}"#,
            seen(days)
        )
    };
    let journal = [
        format!(r#"{{"begun":"2026-06-01T11:00:00Z","of":"{of} {url} x"}}"#),
        seen(""),
        page(r#"{"from":"2026-05-31","days":"10"}"#, 114),
        page(r#"{"from":"2026-05-31","days":"20"}"#, 104),
        page(r#"{"from":"2026-05-31","days":"24"}"#, 100),
    ];
    let journal = journal.map(|line| line + "\n").concat();
    for most in 0..=5 {
        let _ = std::fs::remove_file(scene.site.path("data/activity/x.ndjson"));
        let _ = std::fs::remove_file(scene.site.path("data/activity/x.checked.json"));
        scene.site.write("data/activity/.refresh/x.ndjson", lines(&journal, most) + "{\"page\":[{\"mem");
        let before = scene.server.requests();
        let ended = scene.refresh_with(dollars(1_000_000)).expect("a refresh");
        assert_eq!((scene.count("a", "2026-05-31"), ended.refused), (Some(24), None), "{most}");
        let pages = scene.server.all()[before..].iter().filter(|asked| asked.path.contains("/search/")).count();
        assert_eq!(pages, [3, 3, 3, 3, 2, 2][most], "{most}");
    }
}

#[test]
fn x_without_a_budget_is_not_asked() {
    let scene = Scene::of(
        Server::start(|_| Reply::status(500)),
        "[sources.x]\nkind = \"x\"\naccount = \"x\"\n",
        &json!([{ "handle": "a", "x": "ann" }]),
    );
    assert!(scene.site.ends(0, &["refresh"]).stderr.contains("costs money"));
    assert_eq!(scene.server.requests(), 0);
}

#[test]
fn an_account_that_is_used_up_is_told() {
    let server = Server::start(|_| {
        Reply::Whole(429, Vec::new(), json!({ "type": "https://api.twitter.com/2/problems/usage-capped" }).to_string())
    });
    let source = format!("[sources.x]\nkind = \"x\"\naccount = \"x\"\nmax_usd = 1\nurl = \"{}\"\n", server.url);
    let scene = Scene::of(server, &source, &json!([{ "handle": "a", "x": "ann" }]));
    let ended = scene.refresh_with(dollars(1_000_000)).expect("a refresh");
    assert!(ended.refused.is_some_and(|why| why.contains("used up")));
    assert_eq!(scene.server.requests(), 1);
}

#[test]
fn a_journey_counts_commits_of_its_author() {
    let pushed = Arc::new(Mutex::new("2026-05-31T10:00:00Z".to_owned()));
    let now = Arc::clone(&pushed);
    let server = Server::start(move |asked| {
        let body: Json = serde_json::from_str(&asked.body).expect("a query");
        let variables = &body["variables"];
        let commit = |at: &str, who: u64| json!({ "authoredDate": at, "author": { "user": { "databaseId": who } } });
        let mut repository = json!({ "pushedAt": *now.lock().expect("a time") });
        if body["query"].as_str().expect("a query").contains("history") {
            let second = variables["a0"] == "c1";
            let nodes = if second {
                json!([commit("2026-05-30T23:30:00-11:00", 7)])
            } else {
                json!([commit("2026-05-31T10:00:00+02:00", 7), commit("2026-05-31T11:00:00Z", 8)])
            };
            let page = json!({ "hasNextPage": !second, "endCursor": "c1" });
            repository["defaultBranchRef"] = json!({ "target": { "history": { "nodes": nodes, "pageInfo": page } } });
        }
        let node = json!({ "id": "U_7", "databaseId": 7, "login": "ann", "repository": repository });
        Reply::body(&if variables["ids"].is_array() {
            json!({ "data": { "nodes": [node] } })
        } else {
            json!({ "data": { "m0": node } })
        })
    });
    let source = format!("[sources.journey]\nkind = \"github\"\nmode = \"journey\"\nurl = \"{}\"\n", server.url);
    let scene = Scene::of(server, &source, &json!([{ "handle": "ann", "dateJoined": "2026-05-29" }]));
    assert_eq!(scene.refresh().summary.spent.requests, 2);
    assert_eq!(
        (scene.count("ann", "2026-05-31"), scene.count("ann", "2026-05-30"), scene.count("ann", "2026-05-29")),
        (Some(1), Some(1), Some(0))
    );
    scene.clock.set("2026-06-02T12:00:00Z");
    assert_eq!(scene.refresh().summary.spent.requests, 1, "nothing was pushed");
    assert_eq!(scene.count("ann", "2026-06-02"), Some(0));
    *pushed.lock().expect("a time") = "2026-06-02T13:00:00Z".to_owned();
    scene.clock.set("2026-06-02T14:00:00Z");
    assert_eq!(scene.refresh().summary.spent.requests, 3);
}

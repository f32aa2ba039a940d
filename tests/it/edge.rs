//! The edge function, with the limits of CloudFront's runtime: every route vector, and requests that nobody thought of.

use crate::engine::{Edge, LARGEST, MEMORY, Made, querystring};
use crate::support::{Dice, NOW, Site};
use precast::contract::{Refusal, Resolution, RouteTable};
use precast::pipeline;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

/// Every vector, through the function, and against the plain tree.
pub fn vectors_agree(site: &Site) -> usize {
    site.build();
    let public = site.public();
    let edge = Edge::of(site);
    let run = site.ends(0, &["routes", "--vectors", "--now", NOW]);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let vectors = document["vectors"].as_array().expect("a list");
    for vector in vectors {
        let (method, url) = (vector["method"].as_str().expect("a method"), vector["url"].as_str().expect("a URL"));
        let status = vector["status"].as_u64().expect("a status");
        let key = vector["key"].as_str();
        if let Some(key) = key {
            assert_eq!(
                public.contains_key(key),
                status == 200,
                "the key is there exactly when it is answered: {vector}"
            );
        }
        let problem = vector["problem"].as_str().filter(|_| method != "HEAD").map(str::to_owned);
        let expected = match key {
            Some(key) => Made::Key(key.to_owned()),
            None => Made::Answer { status, problem },
        };
        assert_eq!(edge.made(method, url), expected, "{method} {url}");
    }
    vectors.len()
}

#[test]
fn the_vectors_of_the_shipped_site_agree() {
    let count = vectors_agree(&Site::shipped());
    assert!(count > 5000, "{count} vectors");
}

/// Words of many scripts, and what trips programs.
const TAGS: &[&str] = &[
    "C++",
    "C#",
    "F♯",
    "CI/CD",
    "100%",
    "a?b",
    "a&b=c",
    "x.json",
    "node.js",
    "limit",
    "page",
    "recent",
    "__proto__",
    "constructor",
    "it's",
    "(brackets)",
    "a*b!",
    "semi;colon",
    "at@sign",
    "tilde~",
    "plus+plus",
    "co:lon",
    "back\\slash",
    "double  space",
    "ideographic\u{3000}space",
    "naïve",
    "ÉTÉ",
    "İstanbul",
    "straße",
    "ΑΒΓ",
    "Москва",
    "עברית",
    "العربية",
    "हिन्दी",
    "ไทย",
    "日本語",
    "한국어",
    "ქართული",
    "አማርኛ",
    "👩‍💻",
    "🇵🇹",
    "e\u{301}clair",
    "Ω",
    "ﬁ",
    "limit/5",
    "a#b",
    "[x]",
    "{y}",
    "^",
    "|",
    "\"quoted\"",
    "<b>",
    "`",
    "$",
    ",",
    "zero\u{200d}width",
    "\u{feff}bom",
    "%2F",
    "%35",
    "x..x..",
    "-",
    "--",
    "_",
    "undefined",
    "null",
    "true",
    "0",
    "05",
    "5.0",
    "1e3",
];

/// A site with 300 tags of every alphabet, one view at the root of an enveloped surface among them.
pub fn alphabets() -> Site {
    const RANGES: &[(u32, u32)] = &[
        (0x61, 26),
        (0xe0, 23),
        (0x101, 90),
        (0x3b1, 17),
        (0x430, 32),
        (0x561, 38),
        (0x5d0, 27),
        (0x628, 16),
        (0x905, 50),
        (0x995, 18),
        (0xe01, 46),
        (0x10d0, 33),
        (0x1208, 60),
        (0x3042, 80),
        (0x30a2, 80),
        (0x4e00, 2000),
        (0xac00, 2000),
        (0x1f600, 60),
        (0x20000, 500),
    ];
    let mut dice = Dice::new(7);
    let mut tags: Vec<String> = TAGS.iter().map(|tag| (*tag).to_owned()).collect();
    let mut at = 0;
    while tags.len() < 300 {
        let (first, count) = RANGES[at % RANGES.len()];
        at += 1;
        let mut word = String::new();
        for _ in 0..=dice.below(6) {
            let offset = u32::try_from(dice.below(count as usize)).expect("small");
            word.extend(char::from_u32(first + offset));
            if dice.below(9) == 0 {
                word.push_str(["-", ".", "'", "+"][dice.below(4)]);
            }
        }
        word.push_str(&at.to_string());
        tags.push(word);
    }
    let mut data = String::new();
    for (number, tag) in tags.iter().enumerate() {
        let _ = writeln!(data, "{}", json!({ "id": number, "tags": [tag, tags[(number * 7 + 1) % tags.len()]] }));
    }
    let settings = "[site]\nbase_url = \"https://club.example/sub\"\n\
        [collections.posts]\nsources = [\"data/posts.ndjson\"]\nkey = \"id\"\n\
        [surfaces.Api]\nprefix = \"/API/now\"\n[surfaces.top]\nprefix = \"/\"\nshape = \"envelope\"\n\
        [[views]]\npath = \"Posts/{tags}\"\nfrom = \"posts\"\ngroup = \"tags\"\nlimit = { max = 7 }\npage = { size = 2 }\n\
        [[views]]\npath = \"by/{id}\"\nfrom = \"posts\"\neach = true\n\
        [[views]]\npath = \"all\"\nfrom = \"posts\"\nlimit = { default = 3, max = 12 }\nsurfaces = [\"top\"]\n";
    Site::empty()
        .file("site/site.toml", settings)
        .file("data/posts.ndjson", data)
        .file("site/static/Logo.v2.PNG", "x")
        .file("site/static/by/README", "no extension")
        .file("site/static/.well-known/security.txt", "Contact: x\n")
}

#[test]
fn the_vectors_of_three_hundred_tags_of_every_alphabet_agree() {
    let count = vectors_agree(&alphabets());
    assert!(count > 3000, "{count} vectors");
}

#[test]
fn the_function_is_small_whatever_the_number_of_records() {
    for (site, least) in [(Site::shipped(), 4000), (alphabets(), 3000)] {
        let code = site.ends(0, &["edge", "--now", NOW]).stdout;
        assert!((least..LARGEST).contains(&code.len()), "{} bytes", code.len());
        for word in [
            "eval",
            "Function(",
            "import",
            "require",
            "fetch",
            "class ",
            "=>",
            "let ",
            "const ",
            "`",
            "for (const",
            "...",
        ] {
            let body =
                code.split_once("var T").map_or("", |(_, body)| body.split_once(";\n").map_or("", |(_, rest)| rest));
            assert!(!body.contains(word), "`{word}` is not for an old or a locked-down engine");
        }
    }
}

/// The body of a refusal is the same from the function as from the table that the dev server asks.
#[test]
fn refusals_are_told_alike() {
    let site = Site::shipped();
    let (_, found) =
        pipeline::load_site(&site.path(""), precast::content::Moment::at(NOW.parse().expect("an instant")))
            .expect("a site");
    let (settings, computed) = found.expect("settings");
    let edge = Edge::of(&site);
    for (method, url) in [
        ("GET", "/api/leaderboard?limit=0"),
        ("GET", "/v1/articles/AWS/?limit=21"),
        ("GET", "/api/leaderboard?page=0"),
        ("GET", "/api/leaderboard/limit/5?page=1"),
        ("GET", "/a/../b"),
        ("POST", "/api/leaderboard"),
    ] {
        let answer = edge.call(method, url);
        let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let Resolution::Refused { why, .. } = computed.table.resolve(method, path, query) else { panic!("{url}") };
        assert_eq!(answer["body"].as_str(), Some(why.body(&settings).as_str()), "{url}");
        assert_eq!(answer["headers"]["content-type"]["value"], "application/problem+json");
        assert_eq!(answer["headers"]["access-control-allow-origin"]["value"], "*");
        if why == Refusal::MethodNotAllowed {
            assert_eq!(answer["headers"]["allow"]["value"], "GET, HEAD, OPTIONS");
        }
    }
    let problem: Value =
        serde_json::from_str(edge.call("GET", "/api/articles/aws?limit=21")["body"].as_str().expect("a body"))
            .expect("JSON");
    assert_eq!((&problem["maximum"], &problem["example"]), (&json!(20), &json!("/api/articles/aws?limit=5")));
    let options = edge.call("OPTIONS", "/api/leaderboard");
    assert_eq!(
        (&options["statusCode"], &options["headers"]["access-control-allow-methods"]["value"]),
        (&json!(204), &json!("GET, HEAD, OPTIONS"))
    );
}

/// A long query costs no more than a short one: the engine counts the work.
#[test]
fn work_is_bounded() {
    let edge = Edge::of(&Site::shipped());
    // Half of a megabyte of query is the runtime's to hold, not the function's.
    edge.runtime.set_memory_limit(16 * MEMORY);
    let work = |url: &str| {
        let before = edge.steps.load(Ordering::Relaxed);
        let request = json!({ "request": { "method": "GET", "uri": url.split('?').next(), "querystring": querystring(url.split_once('?').map_or("", |(_, q)| q)) } });
        // The query is parsed before the function is called, by the runtime: that is not counted.
        edge.context.with(|context| {
            context.globals().set("given", request.to_string()).expect("set");
            context.eval::<(), _>("var parsed = JSON.parse(given);").expect("parsed");
            context.eval::<(), _>("for (var i = 0; i < 2000; i++) { handler({ request: { method: 'GET', uri: parsed.request.uri, querystring: parsed.request.querystring } }); }").expect("run");
        });
        edge.steps.load(Ordering::Relaxed) - before
    };
    let short = work("/api/leaderboard?limit=5").max(1);
    let many: String = (0..5000).fold(String::new(), |mut all, number| {
        let _ = write!(all, "p{number}=x&");
        all
    });
    for (name, query) in [
        ("one value of 64 KB", format!("limit={}", "5".repeat(65_000))),
        ("5,000 parameters", format!("{many}limit=5")),
        ("5,000 limits", "limit=5&".repeat(5000)),
    ] {
        let long = work(&format!("/api/leaderboard?{query}"));
        assert!(long <= short * 2, "{name}: {long} against {short}");
    }
}

/// Pieces of requests, well and badly formed.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "",
        "/",
        "api",
        "API",
        "v1",
        "leaderboard",
        "LeaderBoard",
        "articles",
        "aws",
        "AWS",
        "users",
        "recent",
        "limit",
        "page",
        "5",
        "05",
        "all",
        ".json",
        ".JSON",
        "?",
        "&",
        "=",
        "limit=5",
        "page=2",
        "limit=",
        "%",
        "%2",
        "%2f",
        "%2F",
        "%5C",
        "%2e",
        "..",
        ".",
        "%00",
        "%C3",
        "%C3%A9",
        "é",
        "😀",
        "%20",
        "+",
        "%2B",
        "google%20cloud",
        "google-cloud",
        "__proto__",
        "index",
        "%EF%BB%BF",
        "%E3%80%80",
        "%C2%85",
        "-",
        "#",
        "~",
        "'",
        "!",
        "*",
        "(",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[ -~]{0,4}", 1 => any::<char>().prop_map(|c| c.to_string())]
}

#[test]
fn requests_that_nobody_thought_of_agree() {
    let site = Site::shipped();
    let moment = precast::content::Moment::at(NOW.parse().expect("an instant"));
    let (_, found) = pipeline::load_site(&site.path(""), moment).expect("a site");
    let table: RouteTable = found.expect("settings").1.table;
    let edge = Edge::of(&site);
    let config = ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(pieces in prop::collection::vec(piece(), 0..12))| {
        let url = format!("/{}", pieces.concat());
        let (path, query) = url.split_once('?').map_or((url.as_str(), None), |(path, query)| (path, Some(query)));
        let expected = match table.resolve("GET", path, query) {
            Resolution::Key { key, .. } => Made::Key(key),
            Resolution::Refused { why, .. } => Made::Answer { status: u64::from(why.status()), problem: Some(why.name().to_owned()) },
            Resolution::Options => unreachable!("it is a GET"),
        };
        prop_assert_eq!(edge.made("GET", &url), expected, "{}", url);
    });
}

//! The same records in every format that is read give the same answers.

use crate::support::Site;

const SITE: &str = r#"
[collections.members]
sources = ["SOURCE"]
key = "handle"

[[views]]
path = "members"
from = "members"

[[views]]
path = "cards"
from = "members"
sort = ["-points"]
fields = ["handle", "zip", "country", "points", "ratio", "active", "note"]

[[views]]
path = "members/{handle}"
from = "members"
each = true
"#;

/// Says which columns of a CSV file are no text.
const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "handle": { "type": "string" },
    "zip": { "type": "string" },
    "country": { "type": "string" },
    "points": { "type": "integer" },
    "ratio": { "type": "number" },
    "active": { "type": "boolean" },
    "note": { "type": "string" }
  }
}"#;

/// What all of the files below say: a postcode that starts with zeroes, a country that is no boolean, a whole number
/// of twenty digits, a decimal number with a zero at its end.
const ROWS: [&str; 5] = [
    r#"{"handle":"ada","zip":"00701","country":"no","points":7,"ratio":1.10,"active":true,"note":"first, last"}"#,
    r#"{"handle":"bo","zip":"007","country":"se","points":12345678901234567890,"ratio":0.5,"active":false,"note":"say \"hi\""}"#,
    r#"{"handle":"cid","zip":"1e3","country":"yes","points":0,"ratio":2.50,"active":true,"note":"Zoë"}"#,
    r#"{"handle":"dot","zip":"","country":"null","points":-3,"ratio":100,"active":true,"note":"true"}"#,
    r#"{"handle":"eve","zip":"9007199254740993","country":"~","points":9007199254740993,"ratio":0.10,"active":false,"note":"1.10"}"#,
];

const NDJSON: &str = r#"{"handle":"ada","zip":"00701","country":"no","points":7,"ratio":1.10,"active":true,"note":"first, last"}
{"handle":"bo","zip":"007","country":"se","points":12345678901234567890,"ratio":0.5,"active":false,"note":"say \"hi\""}

{"handle":"cid","zip":"1e3","country":"yes","points":0,"ratio":2.50,"active":true,"note":"Zoë"}
{"handle":"dot","zip":"","country":"null","points":-3,"ratio":100,"active":true,"note":"true"}
{"handle":"eve","zip":"9007199254740993","country":"~","points":9007199254740993,"ratio":0.10,"active":false,"note":"1.10"}
"#;

const CSV: &str = r#"handle,zip,country,points,ratio,active,note
ada,00701,no,7,1.10,true,"first, last"
bo,007,se,12345678901234567890,0.5,false,"say ""hi"""
cid,1e3,yes,0,2.50,true,Zoë
dot,,null,-3,100,true,true
eve,9007199254740993,~,9007199254740993,0.10,false,1.10
"#;

const YAML: &str = r#"# Members
- handle: ada
  zip: "00701"
  country: no
  points: 7
  ratio: 1.10
  active: true
  note: first, last
- {handle: bo, zip: "007", country: se, points: 12345678901234567890, ratio: 0.5, active: false, note: 'say "hi"'}
- handle: cid
  zip: "1e3"
  country: yes
  points: 0
  ratio: 2.50
  active: true
  note: Zoë
- handle: dot
  zip: ""
  country: "null"
  points: -3
  ratio: 100
  active: true
  note: "true"
- handle: eve
  zip: "9007199254740993"
  country: "~"
  points: 9007199254740993
  ratio: 0.10
  active: false
  note: '1.10'
"#;

const TOML: &str = r#"[[members]]
handle = "ada"
zip = "00701"
country = "no"
points = 7
ratio = 1.10
active = true
note = "first, last"

[[members]]
handle = "bo"
zip = "007"
country = "se"
points = 12345678901234567890
ratio = 0.5
active = false
note = 'say "hi"'

[[members]]
handle = "cid"
zip = "1e3"
country = "yes"
points = 0
ratio = 2.50
active = true
note = "Zoë"

[[members]]
handle = "dot"
zip = ""
country = "null"
points = -3
ratio = 100
active = true
note = "true"

[[members]]
handle = "eve"
zip = "9007199254740993"
country = "~"
points = 9007199254740993
ratio = 0.10
active = false
note = "1.10"
"#;

/// Each data format: the name of the file, and the file.
fn files() -> Vec<(&'static str, String)> {
    let array = format!("[\n  {}\n]\n", ROWS.join(",\n  "));
    let object = format!("{{ \"members\": {array} }}\n");
    vec![
        ("data/array.json", array),
        ("data/object.json", object),
        ("data/members.ndjson", NDJSON.to_owned()),
        ("data/members.csv", CSV.to_owned()),
        ("data/members.yaml", YAML.to_owned()),
        ("data/members.toml", TOML.to_owned()),
    ]
}

/// A Markdown file for each record, with its part of the list above as front matter.
fn markdown() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for table in TOML.split("[[members]]\n").skip(1) {
        let handle = table.split('"').nth(1).expect("a handle");
        let text = format!("+++\n{}\n+++\n\nHello from {handle}.\n", table.trim_end());
        files.push((format!("content/members/{handle}.md"), text));
    }
    files
}

fn site(source: &str) -> Site {
    let settings = SITE.replace("SOURCE", source);
    if source == "data/members.csv" {
        let settings = settings.replace("key =", "schema = \"site/schemas/member.json\"\nkey =");
        return Site::empty().file("site/site.toml", settings).file("site/schemas/member.json", SCHEMA);
    }
    Site::empty().file("site/site.toml", settings)
}

fn all_rows() -> String {
    format!("[{}]", ROWS.join(","))
}

/// The rows as `cards` sorts them.
fn cards() -> String {
    format!("[{}]", [ROWS[1], ROWS[4], ROWS[0], ROWS[2], ROWS[3]].join(","))
}

/// What Markdown adds to the rows of a list.
fn with_markdown_members(row: &str, handle: &str, words: usize) -> String {
    let open = row.strip_suffix('}').expect("an object");
    format!(r#"{open},"slug":"{handle}","excerpt":"Hello from {handle}.","wordCount":{words},"readingTime":1}}"#)
}

#[test]
fn every_data_format_gives_the_same_answers() {
    for (path, text) in files() {
        let site = site(path).file(path, text);
        site.build();
        assert_eq!(site.answer("api/members"), all_rows(), "{path}");
        assert_eq!(site.answer("api/cards"), cards(), "{path}");
        assert_eq!(site.answer("api/members/limit/2"), format!("[{},{}]", ROWS[0], ROWS[1]), "{path}");
        assert_eq!(site.answer("api/members/eve"), ROWS[4], "{path}");
    }
}

#[test]
fn markdown_gives_the_same_answers_and_its_own_members() {
    let site = site("content/members");
    for (path, text) in markdown() {
        site.write(&path, text);
    }
    site.build();
    assert_eq!(site.answer("api/cards"), cards());
    let handles = ["ada", "bo", "cid", "dot", "eve"];
    let rows = ROWS.iter().zip(handles).map(|(row, handle)| with_markdown_members(row, handle, 3));
    assert_eq!(site.answer("api/members"), format!("[{}]", rows.collect::<Vec<_>>().join(",")));
    let document = site.json("public/api/members/bo.json");
    assert_eq!(document["html"], "<p>Hello from bo.</p>\n");
    assert_eq!(document["toc"], serde_json::json!([]));
}

#[test]
fn byte_order_marks_and_line_ends_of_windows_change_nothing() {
    for (path, text) in files() {
        let site = site(path).file(path, format!("\u{feff}{}", text.replace('\n', "\r\n")));
        site.build();
        assert_eq!(site.answer("api/members"), all_rows(), "{path}");
    }
    let (plain, windows) = (site("content/members"), site("content/members"));
    for (path, text) in markdown() {
        windows.write(&path, format!("\u{feff}{}", text.replace('\n', "\r\n")));
        plain.write(&path, text);
    }
    plain.build();
    windows.build();
    assert_eq!(plain.public(), windows.public());
}

#[test]
fn a_folder_may_hold_every_format() {
    let site = site("content/members")
        .file("content/members/a.json", format!("[{}]", ROWS[0]))
        .file("content/members/b.json", ROWS[1])
        .file("content/members/c/c.ndjson", ROWS[2])
        .file("content/members/d.yaml", "handle: dot\nzip: ''\ncountry: 'null'\n")
        .file("content/members/e.toml", "handle = \"eve\"\nzip = \"9007199254740993\"\n");
    site.build();
    let rest = r#"{"handle":"dot","zip":"","country":"null"},{"handle":"eve","zip":"9007199254740993"}"#;
    let rows = format!("[{},{},{},{rest}]", ROWS[0], ROWS[1], ROWS[2]);
    assert_eq!(site.answer("api/members"), rows);
}

/// Without a schema, nothing says that a column is anything but text.
#[test]
fn csv_without_a_schema_stays_text() {
    let site = Site::empty()
        .file("site/site.toml", SITE.replace("SOURCE", "data/members.csv"))
        .file("data/members.csv", "handle,zip,points,ratio,active,note\nada,007,7,1.10,true,\n");
    let settings = site.text("site/site.toml").replace("\"country\", ", "");
    site.write("site/site.toml", settings);
    site.build();
    let row = r#"{"handle":"ada","zip":"007","points":"7","ratio":"1.10","active":"true","note":""}"#;
    assert_eq!(site.answer("api/members"), format!("[{row}]"));
}

/// An empty cell of a column that is no text is no member.
#[test]
fn an_empty_cell_is_absent_where_the_schema_wants_a_number() {
    let site = site("data/members.csv")
        .file("data/members.csv", CSV.replace("eve,9007199254740993,~,9007199254740993", "eve,,,"));
    site.build();
    let last = r#"{"handle":"eve","zip":"","country":"","ratio":0.10,"active":false,"note":"1.10"}"#;
    assert_eq!(site.answer("api/members/eve"), last);
}

//! Bodies of writes, mutated at random: nothing panics, nothing is read that another reader reads otherwise, and what the
//! validator lets through is read back from the inbox as it was sent.
//!
//! `cargo bench --bench fuzz -- 600 1` runs for 600 seconds from the seed 1 and says how many bodies it tried.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures time and tells what it did")]

use precast::content::{Rules, members, settings, written_entry};
use precast::model::{Change, Entry, InputFile, Inputs, Value, canonical};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SITE: &str = r#"
[collections.users]
sources = ["content/users"]
key = "githubProfile"
private = ["email"]

[writes.users]
schema = "join.json"

[auth]
mode = "local"
"#;

const SCHEMA: &str = r##"{
  "type": "object",
  "required": ["githubProfile", "name"],
  "properties": {
    "githubProfile": { "type": "string", "pattern": "^[A-Za-z0-9](-?[A-Za-z0-9])*$", "maxLength": 39 },
    "name": { "type": "string", "minLength": 1, "maxLength": 80 },
    "site": { "type": "string", "format": "uri" },
    "mail": { "type": "string", "format": "email" },
    "joined": { "type": "string", "format": "date" },
    "days": { "type": "integer", "minimum": 0, "maximum": 100 },
    "ratio": { "type": "number", "multipleOf": 0.25 },
    "tracks": { "type": "array", "items": { "type": "string", "minLength": 1 }, "uniqueItems": true, "maxItems": 5 },
    "home": { "$ref": "#/$defs/place" },
    "kind": { "oneOf": [{ "const": "a" }, { "type": "integer" }] }
  },
  "dependentRequired": { "mail": ["name"] },
  "$defs": { "place": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" }, "in": { "$ref": "#/$defs/place" } } } }
}"##;

/// What mutations start from.
const SEEDS: &[&str] = &[
    r#"{"githubProfile":"mira-okafor","name":"Mira Okafor","tracks":["AWS","Linux"],"days":12}"#,
    r#"{"name":"Ада","site":"https://example.org/a?b#c","mail":"a@example.org","joined":"2026-02-29"}"#,
    r#"{"home":{"city":"Lagos","in":{"city":"Nigeria","in":{"city":"x"}}},"ratio":0.75,"kind":"a"}"#,
    r#"{"name":null,"home":{"in":null},"days":99999999999999999999,"ratio":1e308}"#,
    r#"{"a":"\u00e9\ud83d\ude00\n\t\\\"/","b":[[],[{}],[null,true,false,-0,1E5,0.1e-5]]}"#,
    r#"{"email":"x@example.org","html":"<script>","__proto__":{"x":1},"":0}"#,
];

/// Pieces that break readers.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\x00",
    b"\x1f",
    b"\xff",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"1e999",
    b"-",
    b"0",
    b"01",
    b".5",
    b"NaN",
    b"Infinity",
    b"true",
    b"nul",
    b"null",
    b"//",
    b"/*",
    b" ",
    b"\n",
    b"\"name\"",
    b"\"githubProfile\"",
    b"\"email\"",
    b"9223372036854775808",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"[[[[[[[[[[[[[[[[",
];

/// xorshift64*: the same bodies for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(drawn).unwrap_or_default() % sides.max(1)
    }
}

fn mutate(random: &mut Random, body: &mut Vec<u8>) {
    for _ in 0..=random.below(6) {
        let at = random.below(body.len() + 1);
        match random.below(6) {
            0 => drop(body.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            1 if at < body.len() => drop(body.remove(at)),
            2 if at < body.len() => body[at] ^= 1 << random.below(8),
            3 => {
                let end = (at + random.below(12)).min(body.len());
                let part: Vec<u8> = body[at..end].to_vec();
                let to = random.below(body.len() + 1);
                drop(body.splice(to..to, part));
            }
            4 => body.truncate(at.max(body.len() / 2)),
            _ => {
                let other = SEEDS[random.below(SEEDS.len())].as_bytes();
                let (from, to) = (random.below(other.len()), random.below(other.len()));
                drop(body.splice(at..at, other[from.min(to)..from.max(to)].iter().copied()));
            }
        }
        body.truncate(4096);
    }
}

fn rules() -> Rules {
    let (settings, faults) = settings::read(SITE);
    assert!(faults.is_empty(), "{faults:?}");
    let settings = settings.expect("settings");
    let mut inputs = Inputs::default();
    inputs.files.insert(Arc::from("join.json"), InputFile::Bytes(Arc::new(SCHEMA.as_bytes().to_vec())));
    let (rules, faults) = Rules::read(&settings.writes.collections[0], &settings, &inputs);
    assert!(faults.is_empty(), "{faults:?}");
    rules.expect("rules")
}

/// What became of one body.
#[derive(Default)]
struct Counts {
    tried: u64,
    read: u64,
    valid: u64,
}

fn try_one(rules: &Rules, body: &[u8], counts: &mut Counts) {
    counts.tried += 1;
    let Ok(read) = members(body) else { return };
    counts.read += 1;
    let other: serde_json::Value = serde_json::from_slice(body).expect("another reader reads it");
    assert_eq!(serde_json::Value::from(&Value::Map(read.clone())), other, "{}", String::from_utf8_lossy(body));
    let key = rules.key_of(&read).unwrap_or_else(|_| "mira".to_owned());
    let (whole, part) = (rules.check(&key, &read), rules.check_patch(&key, &read));
    for fault in whole.iter().chain(&part) {
        assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'), "{}", fault.pointer);
    }
    for change in [Change::Put(read.clone()), Change::Patch(read.clone())] {
        let entry = Entry {
            id: "0123456789abcdef0123456789abcdef".to_owned(),
            collection: "users".to_owned(),
            key: key.clone(),
            version: 1,
            change,
            by: "x".to_owned(),
            by_editor: false,
            claim: Some("ab".to_owned()),
            at: jiff::Timestamp::UNIX_EPOCH,
            request: String::new(),
        };
        if !key.chars().any(char::is_control) {
            assert_eq!(written_entry(&entry.to_json()), Ok(entry));
        }
    }
    if whole.is_empty() {
        counts.valid += 1;
        assert!(!read.iter().any(|(name, _)| matches!(&**name, "email" | "html")), "nobody writes these");
    }
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    canonical(&Value::Map(read), &mut once);
    canonical(&Value::Map(members(&once).expect("what is written is read")), &mut twice);
    assert_eq!(once, twice);
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (seconds, seed) = (numbers.next().unwrap_or(5), numbers.next().unwrap_or(1));
    let (rules, mut random, mut counts) = (rules(), Random(seed.max(1)), Counts::default());
    let (start, mut body) = (Instant::now(), Vec::new());
    while start.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..100 {
            if random.below(4) > 0 || body.is_empty() {
                body = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
            }
            mutate(&mut random, &mut body);
            try_one(&rules, &body, &mut counts);
        }
    }
    let Counts { tried, read, valid } = counts;
    println!("{tried} bodies in {seconds} s: {read} are JSON objects, {valid} are valid records; nothing broke");
}

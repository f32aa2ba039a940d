//! A seeded corpus for the benchmarks: members, articles, schemas and a `site.toml`.
//!
//! Dependency-free, so that it can be compiled into a bench, a test or a one-line program alike. The same size gives
//! the same bytes on every machine: all choices come from one splitmix64 stream for each part, integers only.
#![allow(clippy::disallowed_methods, reason = "an I/O edge: it writes the corpus")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

mod words;

use words::{ADJECTIVES, CODE, FIRST_NAMES, LAST_NAMES, NOUNS, STATUSES, TAGS, VOCABULARY};

const SEED: u64 = 0x5EED_0000_C0FF_EE01;
/// 2026-10-31, as days since 1970-01-01: no date in the corpus is later.
const LAST_DAY: u64 = 20_757;
/// Articles are spread over so many days up to `LAST_DAY`.
const ARTICLE_DAYS: u64 = 2_400;
/// Members joined within so many days up to `LAST_DAY`.
const MEMBER_DAYS: u64 = 1_500;

/// How much to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 1,000 members, 200 articles.
    S,
    /// 20,000 members, 5,000 articles.
    L,
    /// 100,000 members, 20,000 articles.
    XL,
}

impl Size {
    /// How many members and how many articles.
    fn counts(self) -> (usize, usize) {
        match self {
            Size::S => (1_000, 200),
            Size::L => (20_000, 5_000),
            Size::XL => (100_000, 20_000),
        }
    }
}

/// Writes the corpus of that size below `root`, which is made where it is missing.
///
/// # Errors
/// Whatever the file system says.
pub fn generate(root: &Path, size: Size) -> io::Result<()> {
    let (members, articles) = size.counts();
    let handles = handles(members);

    fs::create_dir_all(root.join("data"))?;
    let mut users = BufWriter::new(fs::File::create(root.join("data/users.json"))?);
    write_users(&mut users, &handles)?;
    users.flush()?;

    let folder = root.join("content/articles");
    fs::create_dir_all(&folder)?;
    for index in 0..articles {
        let (slug, text) = article(index, &handles);
        fs::write(folder.join(slug + ".md"), text)?;
    }

    fs::create_dir_all(root.join("site/schemas"))?;
    fs::write(root.join("site/schemas/user.json"), USER_SCHEMA)?;
    fs::write(root.join("site/schemas/article.json"), ARTICLE_SCHEMA)?;
    fs::write(root.join("site/site.toml"), SITE)
}

/// splitmix64: small, fast, and good enough to make text with.
struct Random(u64);

impl Random {
    /// A stream of its own for each part of the corpus, so that one part can change without the others moving.
    fn new(part: u64, index: usize) -> Self {
        let mut random = Random(SEED ^ part.rotate_left(48) ^ (index as u64).rotate_left(16));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is far below 2^32.
    fn below(&mut self, bound: u64) -> u64 {
        ((self.next() >> 32) * bound) >> 32
    }

    /// A number in `low..=high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    /// An index into something of that length.
    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.index(from.len())]
    }

    fn word(&mut self) -> &'static str {
        self.pick(VOCABULARY)
    }
}

/// Unique handles such as `amber-falcon-17`.
fn handles(count: usize) -> Vec<String> {
    let mut random = Random::new(1, 0);
    let mut seen = HashSet::with_capacity(count);
    let mut handles = Vec::with_capacity(count);
    while handles.len() < count {
        let handle = format!("{}-{}-{}", random.pick(ADJECTIVES), random.pick(NOUNS), random.between(1, 99));
        if seen.insert(handle.clone()) {
            handles.push(handle);
        }
    }
    handles
}

fn write_users(out: &mut impl io::Write, handles: &[String]) -> io::Result<()> {
    out.write_all(b"{\"users\":[\n")?;
    for (index, handle) in handles.iter().enumerate() {
        let mut random = Random::new(2, index);
        let id = index + 1;
        let first = random.pick(FIRST_NAMES);
        let last = random.pick(LAST_NAMES);
        // The smaller of two draws: many low scores, few high ones, and many ties among both.
        let github = random.below(181).min(random.below(181));
        let twitter = random.below(101).min(random.below(101));
        let days = github.max(twitter).min(100);
        let github_streak = random.below(github.min(60) + 1);
        let twitter_streak = random.below(twitter.min(60) + 1);
        let twitter_profile = format!("{}{}{}", first.to_lowercase(), last.to_lowercase(), random.below(1000));
        let status = random.pick(STATUSES);
        let joined = date(LAST_DAY - random.below(MEMBER_DAYS));
        let end = if id == handles.len() { "\n" } else { ",\n" };
        write!(
            out,
            "{{\"id\":{id},\"name\":\"{first} {last}\",\"daysCompleted\":{days},\"githubProfile\":\"{handle}\",\
             \"githubScore\":{github},\"githubStreak\":{github_streak},\"twitterProfile\":\"{twitter_profile}\",\
             \"twitterScore\":{twitter},\"twitterStreak\":{twitter_streak},\"linkedinProfile\":\"{handle}-{id}\",\
             \"status\":\"{status}\",\"avatarImage\":\"/avatars/{id}.png\",\"dateJoined\":\"{joined}\"}}{end}"
        )?;
    }
    out.write_all(b"]}\n")
}

/// The slug and the text of one article: about 600 words in all.
fn article(index: usize, handles: &[String]) -> (String, String) {
    let mut random = Random::new(3, index);
    let heading: Vec<&str> = (0..random.between(3, 5)).map(|_| random.word()).collect();
    // The number has a fixed width, so no slug is the beginning of another and any order by name is the same order.
    let slug = format!("{}-{:05}", heading.join("-"), index + 1);
    let title = capitalised(&heading.join(" "));
    let subtitle = plain_sentence(&mut random, 6, 12);
    let day = date(LAST_DAY - random.below(ARTICLE_DAYS));
    let author = &handles[random.index(handles.len())];
    let tags: Vec<String> = tags(&mut random).iter().map(|tag| format!("\"{tag}\"")).collect();

    let mut text = String::with_capacity(6_000);
    let _ = write!(
        text,
        "---\ntitle: \"{title}\"\nsubtitle: \"{subtitle}\"\ndate: {day}\nauthor: {author}\ntags: [{}]\n---\n\n",
        tags.join(", ")
    );
    let sections = random.between(2, 3);
    let (with_list, with_code) = (random.below(sections), random.below(sections));
    paragraph(&mut text, &mut random, 72);
    for section in 0..sections {
        let heading: Vec<&str> = (0..random.between(2, 4)).map(|_| random.word()).collect();
        let _ = write!(text, "## {}\n\n", capitalised(&heading.join(" ")));
        // Six paragraphs below headings, whatever the number of sections; list and code bring the rest.
        let paragraphs = if sections == 2 { 3 } else { 2 };
        for _ in 0..paragraphs {
            paragraph(&mut text, &mut random, 74);
        }
        if section == with_list {
            list(&mut text, &mut random);
        }
        if section == with_code {
            code(&mut text, &mut random);
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    (slug, text)
}

/// One to three different tags; tag `i` is drawn with a weight of `1 / (i + 3)`.
fn tags(random: &mut Random) -> Vec<&'static str> {
    // Divisible by most of what it is divided by; the rest is rounded down.
    const SCALE: u64 = 720_720;
    let weights = || (3..).map(|divisor| SCALE / divisor).take(TAGS.len());
    let total: u64 = weights().sum();
    let wanted = 1 + random.index(3);
    let mut tags = Vec::with_capacity(wanted);
    while tags.len() < wanted {
        let mut left = random.below(total);
        for (tag, weight) in TAGS.iter().zip(weights()) {
            if left < weight {
                if !tags.contains(tag) {
                    tags.push(*tag);
                }
                break;
            }
            left -= weight;
        }
    }
    tags
}

/// Sentences of about so many words, with emphasis, code and a link here and there.
fn paragraph(text: &mut String, random: &mut Random, words: u64) {
    let wanted = random.between(words - 12, words + 12);
    let mut written = 0;
    while written < wanted {
        if written > 0 {
            text.push(' ');
        }
        written += sentence(text, random);
    }
    text.push_str("\n\n");
}

/// One sentence; returns how many words it has.
fn sentence(text: &mut String, random: &mut Random) -> u64 {
    let words = random.between(7, 17);
    let mut comma_at = if words > 10 { random.between(4, words - 4) } else { 0 };
    let mut at = 0;
    while at < words {
        let word = random.word();
        // Decorations stand inside a sentence, never at its ends.
        let inside = at > 0 && at + 3 < words;
        if at == 0 {
            text.push_str(&capitalised(word));
        } else if inside && random.one_in(30) {
            let _ = write!(text, " *{word}*");
        } else if inside && random.one_in(40) {
            let _ = write!(text, " `{word}_{}`", random.word());
        } else if inside && random.one_in(80) {
            let (second, path) = (random.word(), random.word());
            let _ = write!(text, " [{word} {second}](https://example.com/{path}/{second})");
            at += 1;
        } else {
            text.push(' ');
            text.push_str(word);
        }
        at += 1;
        if comma_at > 0 && at >= comma_at && at < words {
            text.push(',');
            comma_at = 0;
        }
    }
    text.push(if random.one_in(12) { '?' } else { '.' });
    words
}

/// A sentence without any Markdown, for front matter.
fn plain_sentence(random: &mut Random, low: u64, high: u64) -> String {
    let words: Vec<&str> = (0..random.between(low, high)).map(|_| random.word()).collect();
    capitalised(&words.join(" "))
}

fn list(text: &mut String, random: &mut Random) {
    for _ in 0..random.between(4, 6) {
        let item = plain_sentence(random, 4, 8);
        let _ = writeln!(text, "- {item}");
    }
    text.push('\n');
}

/// A fenced block of one of a few languages, its names from the vocabulary.
fn code(text: &mut String, random: &mut Random) {
    let template = random.pick(CODE);
    let (one, two) = (random.word(), random.word());
    let number = random.between(2, 99).to_string();
    text.push_str(&template.replace("ONE", one).replace("TWO", two).replace("NUM", &number));
    text.push_str("\n\n");
}

fn capitalised(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// `YYYY-MM-DD` of a day counted from 1970-01-01.
fn date(day: u64) -> String {
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

const USER_SCHEMA: &str = include_str!("user.schema.json");
const ARTICLE_SCHEMA: &str = include_str!("article.schema.json");
const SITE: &str = include_str!("site.toml");

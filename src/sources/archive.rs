//! `tweets.js` of an archive that X gives its users.

use super::csv::stretch;
use super::outcome::Stretch;
use jiff::civil::Date;
use jiff::fmt::strtime;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The days of the posts with the tag, or of all posts; each day from the archive's first post to its last is known.
/// Posts of others that were passed on do not count.
///
/// # Errors
/// In words, when it is no such file.
pub fn read(text: &str, tag: Option<&str>) -> Result<Option<Stretch>, String> {
    let start = text.find('[').ok_or("it holds no posts: `tweets.js` begins with `window.YTD.tweets.part0 = [`")?;
    let json = text[start..].trim_end().trim_end_matches(';');
    let posts: Vec<Json> = serde_json::from_str(json).map_err(|error| format!("its posts cannot be read: {error}"))?;
    let tag = tag.map(|tag| tag.trim_start_matches('#'));
    let mut days: BTreeMap<Date, u32> = BTreeMap::new();
    for (number, post) in (1..).zip(&posts) {
        let post = post.get("tweet").unwrap_or(post);
        let day = post["created_at"].as_str().and_then(day).ok_or_else(|| format!("post {number} has no date"))?;
        let passed_on = post["full_text"].as_str().is_some_and(|text| text.starts_with("RT @"));
        let tags = post["entities"]["hashtags"].as_array().into_iter().flatten();
        let tagged =
            |tag: &str| tags.clone().any(|t| t["text"].as_str().is_some_and(|text| text.eq_ignore_ascii_case(tag)));
        let counts = !passed_on && tag.is_none_or(tagged);
        *days.entry(day).or_default() += u32::from(counts);
    }
    let ends = days.keys().next().copied().zip(days.keys().next_back().copied());
    Ok(ends.map(|(first, last)| stretch(&days, first, last)))
}

/// `Wed Oct 10 20:19:24 +0000 2018`, by the day that is written.
fn day(text: &str) -> Option<Date> {
    strtime::parse("%a %b %d %H:%M:%S %z %Y", text).ok()?.to_date().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn posts_with_the_tag_count() {
        let post = |at: &str, text: &str, tag: &str| {
            format!(
                r#"{{"tweet":{{"id_str":"1","created_at":"{at}","full_text":"{text}","entities":{{"hashtags":[{{"text":"{tag}"}}]}}}}}}"#
            )
        };
        let posts = [
            post("Fri May 01 23:59:59 +0000 2026", "day 1", "100daysofcloud"),
            post("Fri May 01 12:00:00 +0000 2026", "lunch", "Lunch"),
            post("Sun May 03 12:00:00 +0000 2026", "RT @ann: day 2", "100DaysOfCloud"),
        ];
        let text = format!("window.YTD.tweets.part0 = [ {} ]\n", posts.join(","));
        let days = |tag| read(&text, tag).expect("an archive").expect("days").counts();
        assert_eq!(days(Some("#100DaysOfCloud")), (date(2026, 5, 1), vec![Some(1), Some(0), Some(0)]));
        assert_eq!(days(None), (date(2026, 5, 1), vec![Some(2), Some(0), Some(0)]));
        assert!(read("{}", None).is_err() && read("[{\"tweet\":{}}]", None).is_err());
        assert_eq!(read("window.YTD.tweets.part0 = []", None), Ok(None));
    }
}

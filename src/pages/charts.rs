//! What was done on which day, drawn: a heat map of a year, and a line of its weeks. Colours are the stylesheet's.

use crate::scores::Stretch;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use std::fmt::Write as _;

/// The side of a day's square, and what lies between two.
const SIDE: usize = 10;
const STEP: usize = 13;
/// Room for the names of the months.
const HEAD: usize = 16;
const LEVELS: usize = 5;
/// The size of a sparkline.
const WIDTH: u64 = 156;
const HEIGHT: u64 = 32;

/// A column for each week from Monday to Sunday. A day of which nothing is known has no square.
pub fn heatmap(days: &Stretch) -> String {
    let most = days.counts.iter().flatten().copied().max().unwrap_or(0);
    let monday = days.from.weekday().to_monday_zero_offset();
    let offset = usize::try_from(monday).unwrap_or_default();
    let columns = (offset + days.counts.len()).div_ceil(7);
    let mut levels: [String; LEVELS] = Default::default();
    for (at, count) in days.counts.iter().enumerate() {
        let Some(count) = count else { continue };
        let (x, y) = ((offset + at) / 7 * STEP, HEAD + (offset + at) % 7 * STEP);
        let _ = write!(levels[level(*count, most)], "M{x} {y}h{SIDE}v{SIDE}h-{SIDE}z");
    }
    let (width, height) = (columns * STEP - (STEP - SIDE), HEAD + 7 * STEP - (STEP - SIDE));
    let mut svg = opened("heat", (width as u64, height as u64), &told(days));
    for (name, column) in months(days, offset) {
        let _ = write!(svg, "<text x=\"{}\" y=\"10\">{name}</text>", column * STEP);
    }
    for (level, path) in levels.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let _ = write!(svg, "<path class=\"h{level}\" d=\"{path}\"/>");
    }
    svg + "</svg>"
}

/// Nothing, and four quarters of the greatest count.
fn level(count: u64, most: u64) -> usize {
    let quarter = (count.saturating_mul(4)).div_ceil(most.max(1));
    usize::try_from(quarter).unwrap_or(LEVELS - 1).min(LEVELS - 1)
}

/// The name of each month over the column of its first whole week; those that would run into the next are left out.
fn months(days: &Stretch, offset: usize) -> Vec<(String, usize)> {
    let mut months: Vec<(String, usize)> = Vec::new();
    let firsts = days.from.series(1.day()).take(days.counts.len()).enumerate().filter(|(_, day)| day.day() == 1);
    for (at, day) in firsts {
        let column = (offset + at).div_ceil(7);
        let ends = months.last().is_none_or(|(_, last)| column >= last + 3);
        if ends && column + 2 <= (offset + days.counts.len()).div_ceil(7) {
            months.push((day.strftime("%b").to_string(), column));
        }
    }
    months
}

/// The sums of the weeks that end as the days do, as a line.
pub fn sparkline(days: &Stretch) -> String {
    let weeks: Vec<u64> = days.counts.rchunks(7).rev().map(|week| week.iter().flatten().sum()).collect();
    line("Activity", &weeks)
}

/// A number for each week, as a line.
pub fn line(what: &str, weeks: &[u64]) -> String {
    let most = weeks.iter().copied().max().unwrap_or(0).max(1);
    let last = weeks.len().saturating_sub(1).max(1) as u64;
    let points = weeks.iter().zip(0_u64..).map(|(sum, at)| {
        let (x, y) = (1 + at * (WIDTH - 2) / last, HEIGHT - 1 - sum * (HEIGHT - 2) / most);
        format!("{x},{y}")
    });
    let points: Vec<String> = points.collect();
    let told = format!("{what} by week: {}", weeks.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
    format!("{}<polyline points=\"{}\"/></svg>", opened("spark", (WIDTH, HEIGHT), &told), points.join(" "))
}

fn opened(class: &str, (width, height): (u64, u64), told: &str) -> String {
    format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{told}\">"
    )
}

/// The text alternative.
fn told(days: &Stretch) -> String {
    let (all, active) =
        days.counts.iter().flatten().fold((0, 0), |(all, active), count| (all + count, active + u64::from(*count > 0)));
    let first = days.counts.iter().position(Option::is_some).unwrap_or_default();
    let day = |at: usize| days.from.checked_add(i64::try_from(at).unwrap_or_default().days()).unwrap_or(days.from);
    let (from, to) = (day(first), day(days.counts.len().saturating_sub(1)));
    let plural = |number: u64, one: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") };
    let written = |day: Date| day.strftime("%-d %B %Y").to_string();
    let busiest = busiest(days).map_or_else(String::new, |weekday| format!(", most often on a {weekday}"));
    format!(
        "{} on {} between {} and {}{busiest}",
        plural(all, "contribution"),
        plural(active, "day"),
        written(from),
        written(to)
    )
}

/// The weekday with the most active days, where one stands out.
fn busiest(days: &Stretch) -> Option<&'static str> {
    let mut active = [0_usize; 7];
    for (day, count) in days.from.series(1.day()).zip(&days.counts) {
        if count.is_some_and(|count| count > 0) {
            active[usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default()] += 1;
        }
    }
    let most = active.iter().max().filter(|most| **most > 0)?;
    let mut those = (0_i8..).zip(&active).filter(|(_, days)| *days == most);
    let (only, more) = (those.next()?, those.next());
    if more.is_some() {
        return None;
    }
    Some(match Weekday::from_monday_zero_offset(only.0).ok()? {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn days(counts: &[Option<u64>]) -> Stretch {
        // A Wednesday.
        Stretch { from: date(2026, 4, 29), counts: counts.to_vec() }
    }

    #[test]
    fn each_known_day_has_a_square_of_its_level() {
        let svg = heatmap(&days(&[Some(0), None, Some(1), Some(4), Some(2), Some(0)]));
        assert!(svg.contains("aria-label=\"7 contributions on 3 days between 29 April 2026 and 4 May 2026\""), "{svg}");
        assert!(svg.contains("<path class=\"h0\" d=\"M0 42h10v10h-10zM13 16h10v10h-10z\"/>"), "{svg}");
        assert!(svg.contains("<path class=\"h1\" d=\"M0 68h10v10h-10z\"/>"), "{svg}");
        assert!(svg.contains("<path class=\"h2\" d=\"M0 94"), "{svg}");
        assert!(svg.contains("<path class=\"h4\" d=\"M0 81"), "{svg}");
        assert!(!svg.contains("h3"), "no day has three quarters: {svg}");
    }

    #[test]
    fn months_are_named_where_there_is_room() {
        let svg = heatmap(&days(&vec![Some(1); 80]));
        let names: Vec<&str> = svg.split("<text").skip(1).filter_map(|text| text.split(['>', '<']).nth(1)).collect();
        assert_eq!(names, ["May", "Jun", "Jul"]);
        assert!(svg.contains("most often on a Wednesday") || !svg.contains("most often"), "{svg}");
    }

    #[test]
    fn a_line_has_a_point_a_week() {
        let svg = sparkline(&days(&[vec![Some(0); 7], vec![Some(2); 7], vec![Some(1); 7]].concat()));
        assert!(svg.contains("aria-label=\"Activity by week: 0, 14, 7\""), "{svg}");
        assert!(svg.contains("points=\"1,31 78,1 155,16\""), "{svg}");
    }
}

//! Badges: a picture of a label and what is said of a record, and the same as shields.io takes it.

use super::Site;
use super::answers::Answers;
use super::each;
use crate::expr::Expression;
use crate::model::{
    Artifact, ArtifactOrigin, Badge, BadgeStyle, Body, CacheClass, Collection, Diagnostic, Record, Standing, code,
    escape, media_type,
};
use rayon::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Of whom there is nothing to say.
const NOTHING: (&str, &str) = ("not yet", "6b7280");
const LABEL: &str = "3b4252";

/// What the ranking says of each record, by its index.
type Places = HashMap<u32, Json>;

/// The badges of every record, in each style.
pub fn badges(site: &Site<'_>, answers: &Answers) -> (Vec<Artifact>, Vec<Diagnostic>) {
    let (mut made, mut faults) = (Vec::new(), Vec::new());
    for (at, badge) in (0_u32..).zip(&site.settings.badges) {
        let collection = &site.collections[badge.from];
        let wrong = names(collection, badge);
        if !wrong.is_empty() {
            faults.extend(wrong);
            continue;
        }
        let Ok(message) = Expression::compile(&badge.message.value) else { continue };
        let places = badge.view.map_or_else(Places::new, |view| places(site, answers, view));
        let records: Vec<(u32, &Record)> =
            (0_u32..).zip(&collection.records).filter(|(_, record)| record.hidden.is_none()).collect();
        let each = |(index, record): &(u32, &Record)| {
            let said = said(&message, collection, record, places.get(index)).map_err(|why| {
                let message = format!("the expression `{}` fails for `{}`: {why}", badge.message.value, record.key);
                Diagnostic::error(code::EXPRESSION_FAILED, badge.message.at.clone(), message)
                    .about(site.locate.last_write(collection, record))
            })?;
            Ok(artifacts((at, badge), collection, (*index, record), said.as_deref()))
        };
        let told: Vec<Result<Vec<Artifact>, Diagnostic>> = records.par_iter().map(each).collect();
        for one in told {
            match one {
                Ok(artifacts) => made.extend(artifacts),
                Err(fault) => faults.push(fault),
            }
        }
    }
    (made, faults)
}

/// The names in a badge's path and message: each is a public member of records, or what a ranking adds.
fn names(collection: &Collection, badge: &Badge) -> Vec<Diagnostic> {
    let mut faults = each::names(collection, &badge.path);
    let variables = Expression::compile(&badge.message.value).map(|message| message.variables().to_vec());
    let of_rank = |name: &str| badge.view.is_some() && ["rank", "position", "tied", "of"].contains(&name);
    for name in variables.unwrap_or_default().into_iter().filter(|name| !of_rank(name)) {
        faults.extend(each::unknown(collection, &name, &badge.message.at));
    }
    faults
}

fn places(site: &Site<'_>, answers: &Answers, view: usize) -> Places {
    let lists = answers.lists(view, &site.settings.views[view]);
    let places = lists.iter().flat_map(|list| {
        let place = |(record, standing): (&u32, &Standing)| {
            let Standing { rank, position, tied, .. } = standing;
            (*record, json!({ "rank": rank, "position": position, "tied": tied, "of": list.rows.len() }))
        };
        list.rows.records.iter().zip(&list.rows.standings).map(place)
    });
    places.collect()
}

/// What the badge says of a record; `None` where that is nothing.
fn said(
    message: &Expression,
    collection: &Collection,
    record: &Record,
    place: Option<&Json>,
) -> Result<Option<String>, String> {
    let lookup = |name: &str| {
        let placed = place.and_then(|place| place.get(name));
        match placed {
            Some(Json::Number(number)) => number.as_u64().map(minijinja::Value::from),
            Some(Json::Bool(flag)) => Some(minijinja::Value::from(*flag)),
            Some(_) => Some(minijinja::Value::from(())),
            // Who is not ranked has no rank.
            None if name == "rank" && !collection.has_name(name) => Some(minijinja::Value::from(())),
            None => record.get(name).map(minijinja::Value::from),
        }
    };
    let value = message.eval(lookup).map_err(|fault| fault.message)?;
    Ok(if value.is_none() || value.is_undefined() { None } else { Some(value.to_string()) }
        .filter(|said| !said.is_empty()))
}

fn artifacts(
    (at, badge): (u32, &Badge),
    collection: &Collection,
    (index, record): (u32, &Record),
    said: Option<&str>,
) -> Vec<Artifact> {
    let Some(path) = each::path_in(&badge.path.value, collection, record) else { return Vec::new() };
    let (message, color) = said.map_or(NOTHING, |said| (said, badge.color.as_str()));
    let artifact = |key: String, text: String| Artifact {
        media_type: media_type(&key),
        key,
        cache: CacheClass::View,
        body: Body::Bytes(Arc::new(text.into_bytes())),
        origin: ArtifactOrigin::Badge { badge: at, record: index },
    };
    let endpoint = json!({ "schemaVersion": 1, "label": badge.label, "message": message, "color": color });
    let draw = |style| drawn(style, &badge.label, message, color);
    let mut made = vec![
        artifact(format!("{path}.svg"), draw(BadgeStyle::Flat)),
        artifact(format!("{path}.json"), format!("{endpoint}\n")),
    ];
    made.extend(badge.styles.iter().map(|style| artifact(format!("{path}/{}.svg", style.name()), draw(*style))));
    made
}

/// Sizes of a style: height, roundness, size of the letters, room beside a text.
fn sizes(style: BadgeStyle) -> (u32, u32, u32, u32) {
    match style {
        BadgeStyle::Flat => (20, 3, 11, 6),
        BadgeStyle::FlatSquare => (20, 0, 11, 6),
        BadgeStyle::Plastic => (18, 4, 11, 6),
        BadgeStyle::ForTheBadge => (28, 0, 10, 12),
    }
}

fn drawn(style: BadgeStyle, label: &str, message: &str, color: &str) -> String {
    let (height, round, size, room) = sizes(style);
    let loud = style == BadgeStyle::ForTheBadge;
    let written = |text: &str| if loud { text.to_uppercase() } else { text.to_owned() };
    let (label, message) = (written(label), written(message));
    let (left, right) = (width(&label, size, loud), width(&message, size, loud));
    let (first, second) = (left + 2 * room, right + 2 * room);
    let all = first + second;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"{height}\" role=\"img\" aria-label=\"{0}: {1}\">\
         <title>{0}: {1}</title>",
        escape(&label),
        escape(&message)
    );
    if style == BadgeStyle::Plastic {
        svg.push_str("<linearGradient id=\"g\" x2=\"0\" y2=\"100%\"><stop offset=\"0\" stop-color=\"#fff\" stop-opacity=\".3\"/><stop offset=\"1\" stop-opacity=\".3\"/></linearGradient>");
    }
    let _ = write!(
        svg,
        "<clipPath id=\"c\"><rect width=\"{all}\" height=\"{height}\" rx=\"{round}\"/></clipPath><g clip-path=\"url(#c)\">\
         <rect width=\"{first}\" height=\"{height}\" fill=\"#{LABEL}\"/><rect x=\"{first}\" width=\"{second}\" height=\"{height}\" fill=\"#{color}\"/>"
    );
    if style == BadgeStyle::Plastic {
        let _ = write!(svg, "<rect width=\"{all}\" height=\"{height}\" fill=\"url(#g)\"/>");
    }
    let baseline = height / 2 + size * 2 / 5;
    let weight = if loud { " font-weight=\"bold\"" } else { "" };
    let _ = writeln!(
        svg,
        "</g><g fill=\"#fff\" font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\" font-size=\"{size}\"{weight}>\
         <text x=\"{room}\" y=\"{baseline}\" textLength=\"{left}\">{}</text>\
         <text x=\"{}\" y=\"{baseline}\" textLength=\"{right}\">{}</text></g></svg>",
        escape(&label),
        first + room,
        escape(&message)
    );
    svg
}

/// How wide a text is, in pixels, of letters of this size: the letters of Verdana, about; the text is fitted to it.
fn width(text: &str, size: u32, loud: bool) -> u32 {
    let hundredths = |letter: char| match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 36,
        'I' | 'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 45,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 95,
        letter if letter.is_ascii_uppercase() => 72,
        letter if letter.is_ascii() => 63,
        // Hangul, kana, ideographs and pictures are as wide as they are high.
        letter if letter >= '\u{1100}' => 100,
        _ => 66,
    };
    let sum: u32 = text.chars().map(hundredths).sum();
    let spaced = if loud { u32::try_from(text.chars().count()).unwrap_or(0) } else { 0 };
    (sum * size).div_ceil(100) + spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_says_what_it_shows() {
        for style in BadgeStyle::ALL {
            let svg = drawn(style, "a & b", "#1", "2d62c9");
            let told = if style == BadgeStyle::ForTheBadge { "A &amp; B: #1" } else { "a &amp; b: #1" };
            assert!(svg.contains(&format!("aria-label=\"{told}\"><title>{told}</title>")), "{svg}");
            assert!(svg.contains("fill=\"#2d62c9\"") && !svg.contains("style="), "{svg}");
        }
    }
}

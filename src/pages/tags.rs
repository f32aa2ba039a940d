//! The tags of a page, as browsers read them (HTML, section 13.2.5): where they lead, and which parts they name.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Attributes that hold an address.
const ADDRESSES: [&str; 5] = ["action", "formaction", "href", "poster", "src"];
/// Attributes that hold several.
const LISTS: [&str; 2] = ["imagesrcset", "srcset"];
/// Elements that hold text alone, whatever it looks like.
const TEXTS: [&str; 8] = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

/// Where the tags of a page lead, each address once and without character references; and the parts of the page.
pub struct Tags {
    pub addresses: BTreeSet<String>,
    pub parts: Parts,
}

/// What a link to a part of a page can name.
#[derive(Debug, Default)]
pub struct Parts {
    pub names: BTreeSet<String>,
    /// Whether the page leads on by itself, with the part that was asked for.
    moved: bool,
}

/// An opening tag.
struct Tag<'h> {
    name: &'h str,
    /// As they are written; of two with one name, the first counts.
    attributes: Vec<(&'h str, &'h str)>,
    closes_itself: bool,
}

impl Tags {
    pub fn of(html: &str) -> Self {
        let (mut addresses, mut parts) = (BTreeSet::new(), Parts::default());
        each(html, |tag| {
            parts.take(tag);
            let values = |names: &'static [&str]| names.iter().filter_map(|name| tag.value(name));
            addresses.extend(values(&ADDRESSES).map(|address| address.trim_matches(is_space).to_owned()));
            values(&LISTS).for_each(|list| addresses.extend(listed(&list).map(str::to_owned)));
        });
        Self { addresses, parts }
    }
}

impl Parts {
    pub fn of(html: &str) -> Self {
        let mut parts = Self::default();
        each(html, |tag| parts.take(tag));
        parts
    }

    /// Whether a link to this part leads to no part of the page.
    pub fn lack(&self, name: &str) -> bool {
        !self.moved && !self.names.contains(name)
    }

    fn take(&mut self, tag: &Tag<'_>) {
        self.names.extend(tag.value("id").map(Cow::into_owned));
        if tag.is("a") {
            self.names.extend(tag.value("name").map(Cow::into_owned));
        }
        self.moved |=
            tag.is("meta") && tag.value("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh"));
    }
}

impl<'h> Tag<'h> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn value(&self, name: &str) -> Option<Cow<'h, str>> {
        let found = self.attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| decoded(value))
    }
}

/// Hands on every opening tag. What stands in comments, scripts and the like is none.
fn each(html: &str, mut take: impl FnMut(&Tag<'_>)) {
    let mut rest = html;
    // How many drawings and formulas are open: in them, a title is an element like any other.
    let mut foreign = 0_usize;
    while let Some((_, after)) = rest.split_once('<') {
        let (name, closes) = after.strip_prefix('/').map_or((after, false), |name| (name, true));
        rest = if let Some(comment) = after.strip_prefix("!--") {
            behind_comment(comment)
        } else if let Some(text) = after.strip_prefix("![CDATA[").filter(|_| foreign > 0) {
            behind(text, "]]>")
        } else if name.starts_with(|sign: char| sign.is_ascii_alphabetic()) {
            let Some((tag, mut behind)) = tag(name) else { return };
            let is_foreign = tag.is("svg") || tag.is("math");
            if closes {
                foreign = foreign.saturating_sub(usize::from(is_foreign));
            } else {
                take(&tag);
                foreign += usize::from(is_foreign && !tag.closes_itself);
                if foreign == 0 && TEXTS.iter().any(|name| tag.is(name)) {
                    behind = from_end_of(tag.name, behind);
                }
            }
            behind
        } else if closes || after.starts_with(['!', '?']) {
            behind(after, ">")
        } else {
            after
        };
    }
}

fn is_space(sign: char) -> bool {
    sign.is_ascii_whitespace()
}

fn behind<'h>(text: &'h str, end: &str) -> &'h str {
    text.split_once(end).map_or("", |(_, behind)| behind)
}

/// What follows a comment, of which the opening was read.
fn behind_comment(text: &str) -> &str {
    if let Some(behind) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return behind;
    }
    let end = text.find("-->").map_or(text.len(), |at| at + "-->".len());
    text[..end].find("--!>").map_or(&text[end..], |at| &text[at + "--!>".len()..])
}

/// The text from the tag that ends an element.
fn from_end_of<'h>(element: &str, text: &'h str) -> &'h str {
    let ends = |(at, _): &(usize, &str)| {
        let name = &text.as_bytes()[at + 2..];
        let same = name.get(..element.len()).is_some_and(|name| name.eq_ignore_ascii_case(element.as_bytes()));
        same && name.get(element.len()).is_none_or(|sign| matches!(sign, b'/' | b'>') || sign.is_ascii_whitespace())
    };
    text.match_indices("</").find(ends).map_or("", |(at, _)| &text[at..])
}

/// A tag from its name on, and what follows it; `None` where the page ends within.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let (name, mut rest) = text.split_at(text.find(|sign| is_space(sign) || matches!(sign, '/' | '>'))?);
    let mut attributes = Vec::new();
    loop {
        let from = rest.trim_start_matches(|sign| is_space(sign) || sign == '/');
        if let Some(behind) = from.strip_prefix('>') {
            let closes_itself = rest[..rest.len() - from.len()].ends_with('/');
            return Some((Tag { name, attributes, closes_itself }, behind));
        }
        // An equals sign at its beginning is part of a name.
        let first = from.chars().next()?.len_utf8();
        let ends = |sign| is_space(sign) || matches!(sign, '/' | '>' | '=');
        let (name, behind) = from.split_at(first + from[first..].find(ends)?);
        let value =
            behind.trim_start_matches(is_space).strip_prefix('=').map(|value| value.trim_start_matches(is_space));
        let (value, behind) = match value {
            None => ("", behind),
            Some(value) => match value.chars().next()? {
                quote @ ('"' | '\'') => value[1..].split_once(quote)?,
                _ => value.split_at(value.find(|sign| is_space(sign) || sign == '>')?),
            },
        };
        attributes.push((name, value));
        rest = behind;
    }
}

/// The value of an attribute without character references: numbers, and the five names that texts are escaped with.
fn decoded(value: &str) -> Cow<'_, str> {
    let Some((before, mut rest)) = value.split_once('&') else { return Cow::Borrowed(value) };
    let mut text = before.to_owned();
    loop {
        let reference = rest.split_once(';').and_then(|(name, behind)| Some((sign(name)?, behind)));
        let (sign, behind) = reference.unwrap_or(('&', rest));
        text.push(sign);
        let Some((before, after)) = behind.split_once('&') else { return Cow::Owned(text + behind) };
        text.push_str(before);
        rest = after;
    }
}

fn sign(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hexadecimal = number.strip_prefix(['x', 'X']);
        return char::from_u32(hexadecimal.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?);
    }
    let known = [("amp", '&'), ("apos", '\''), ("gt", '>'), ("lt", '<'), ("quot", '"')];
    known.iter().find(|(own, _)| *own == name).map(|(_, sign)| *sign)
}

/// The addresses of a `srcset`: each ends with white space or with commas, and a comma ends what is said of it.
fn listed(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|sign| sign == ',' || is_space(sign));
        let (written, after) = rest.split_at(rest.find(is_space).unwrap_or(rest.len()));
        let address = written.trim_end_matches(',');
        rest = if address.len() < written.len() { after } else { after.find(',').map_or("", |comma| &after[comma..]) };
        (!address.is_empty()).then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(html: &str) -> Vec<String> {
        Tags::of(html).addresses.into_iter().collect()
    }

    #[test]
    fn addresses_are_read_however_they_are_written() {
        for html in [
            "<a href=\"/x\">",
            "<a href='/x'>",
            "<a href=/x>",
            "<a\nhref=\"/x\">",
            "<A\tHREF = \" /x \">",
            "<a title='>' href=\"/x\">",
            "<a title=\"<a href='/y'>\"href=/x>",
            "<a href='/x' href='/second'>",
            "<a href=\"&#47;&#x78;\">",
            "<img src=/x>",
            "<video poster='/x'></video>",
            "<form action='/x'>",
            "<button formaction=/x>",
            "<title>a</title><a href=/x>",
            "<svg><title/><style/></svg><a href=/x>",
            "<svg><a href=/x></svg>",
            "<a =x href=/x>",
            "<a/href='/x'/>",
            "<!--><a href=/x>",
            "<!-- a --!><a href=/x>",
            "<!doctype html><?xml?></ ><a href=/x>",
            "<SCRIPT></Script ><a href=/x>",
            "<svg><title>a</svg><a href=/x>",
            "<script>if (a < b) \"</scripts>\"</script><a href=/x>",
        ] {
            assert_eq!(addresses(html), ["/x"], "{html}");
        }
        assert_eq!(addresses("<a href='?a=1&amp;b=2&c=3&#39;&#xZ;&quot;&amp;lt;&'>"), ["?a=1&b=2&c=3'&#xZ;\"&lt;&"]);
    }

    #[test]
    fn what_is_no_tag_leads_nowhere() {
        for html in [
            "src=\"/x\" href=\"/x\"",
            "<code>&lt;a href=\"/x\"&gt;</code>",
            "<!-- <a href=\"/x\"> --><!--<img src=/x>-->",
            "<script>\"<a href='/x'>\"</script><style>a::after { content: '<a href=/x>' }</style>",
            "<title><a href=/x></title><textarea><a href=/x></textarea><iframe><a href=/x></iframe>",
            "a < b href=\"/x\"",
            "<p data-href=\"/x\" hrefs='/x'>",
            "</a href=\"/x\">",
            "<a href=\"/x",
            "<a href=/x",
            "<a title='><a href=/x>",
            "<svg><![CDATA[<a href=/x>]]></svg><![CDATA[<a href=/x>",
            "<title><a href=/x>",
        ] {
            assert_eq!(addresses(html), Vec::<String>::new(), "{html}");
        }
    }

    #[test]
    fn lists_of_pictures_hold_several_addresses() {
        let all = |list: &str| listed(list).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(all(" /a.png 1x,/b.png 2x, /c,d.png 100w"), ["/a.png", "/b.png", "/c,d.png"]);
        assert_eq!(
            (all("/a.png, /b.png"), all(" , "), all("")),
            (vec!["/a.png".into(), "/b.png".into()], vec![], vec![])
        );
        assert_eq!(addresses("<img srcset=\"/a 2x\"><link imagesrcset='/b'>"), ["/a", "/b"]);
    }

    #[test]
    fn parts_are_ids_and_names_of_anchors() {
        let parts = Parts::of("<h2\nid=\"a&amp;b\"><p ID=c><a name='d'></a><p name=e data-id=f><!-- <p id=g> --> id=h");
        assert_eq!(parts.names.iter().map(String::as_str).collect::<Vec<_>>(), ["a&b", "c", "d"]);
        assert!(parts.lack("e") && !parts.lack("a&b"));
        assert!(!Parts::of("<META http-equiv=Refresh content='0; url=/x'>").lack("e"), "a page that has moved");
    }
}

//! HTML that stands in Markdown: where readers cannot trust its author, little of it is left.

use super::placeholder::{CALL, SCHEME};
use super::reading::is_more;
use super::write::ALIGNED;
use super::{code, footnotes};
use pulldown_cmark::{Event, Tag};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Whether the rendered HTML could hold anything that the renderer itself does not vouch for.
pub fn is_suspicious(event: &Event<'_>) -> bool {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => !is_more(html),
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => !is_plain_address(dest_url),
        _ => false,
    }
}

/// Relative, or of a scheme that cannot run anything.
pub fn is_plain_address(url: &str) -> bool {
    let before = url.split(['/', '?', '#']).next().unwrap_or_default();
    match before.split_once(':') {
        None => true,
        Some((scheme, _)) => ["http", "https", "mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known)),
    }
}

/// The scheme of an address that cleaning takes away.
pub fn lost_scheme(url: &str) -> Option<String> {
    // Browsers see no line breaks in an address, nor what stands around it.
    let url: String = url.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let url = url.trim_start_matches(|c: char| c <= ' ');
    let (scheme, _) = url.split_once(':').filter(|_| !is_plain_address(url))?;
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.chars().all(known)).then(|| scheme.to_ascii_lowercase())
}

/// Which placeholders somebody fills.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    Nothing,
    /// Those of links and pictures.
    Addresses,
    All,
}

/// What is left of HTML that somebody else wrote: nothing that runs, nothing that looks like the site's own.
/// Placeholders stay where somebody fills them.
pub fn clean(html: &str, filled: Filled) -> String {
    let sanitiser = match filled {
        Filled::Nothing => &SANITISER,
        Filled::Addresses => &ADDRESSES,
        Filled::All => &FILLED,
    };
    sanitiser.clean(html).to_string()
}

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(builder);

static ADDRESSES: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = builder();
    builder.add_url_schemes([SCHEME]);
    builder
});

static FILLED: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = builder();
    builder.add_url_schemes([SCHEME]).add_tags([CALL]).add_tag_attributes(CALL, ["data-call"]);
    builder
});

fn builder() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::default();
    let headings = ["h1", "h2", "h3", "h4", "h5", "h6", "li"];
    builder
        .link_rel(None)
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .add_tags(["input", "section"])
        .add_tag_attributes("input", ["aria-label", "disabled", "checked"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_allowed_classes("sup", ["footnote-reference"])
        .add_allowed_classes("section", ["table", "footnotes"])
        .add_tag_attributes("a", ["aria-label", "id"])
        .add_tag_attribute_values("a", "role", ["doc-noteref", "doc-backlink"])
        .add_tag_attribute_values("section", "role", ["doc-endnotes"])
        .attribute_filter(of_footnotes)
        .add_tag_attributes("section", ["aria-label"])
        .add_tag_attribute_values("section", "tabindex", ["0"])
        .add_tag_attribute_values("pre", "tabindex", ["0"])
        .add_tag_attributes("code", ["class"])
        .add_allowed_classes("span", code::CLASSES)
        .add_allowed_classes("th", ALIGNED)
        .add_allowed_classes("td", ALIGNED);
    for tag in headings {
        builder.add_tag_attributes(tag, ["id"]);
    }
    builder
}

/// Links have ids and names of footnotes only.
fn of_footnotes<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let begins = match (element, attribute) {
        ("a", "id") => footnotes::REFERENCE,
        ("a", "aria-label") => footnotes::BACK,
        _ => "",
    };
    value.starts_with(begins).then_some(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests {
    use super::{Filled, clean, lost_scheme};

    #[test]
    fn what_loses_its_address_is_known() {
        let lost =
            ["javascript:x", " JaVa\tScript:x", "data:text/html,x", "ftp://x.test/", "localhost:80/x", "file:///x"];
        let stays = [
            "https://x.test/",
            "HTTP:x",
            "mailto:a@x.test",
            "tel:1",
            "/a:b",
            "a/b:c",
            "?a:b",
            "#a:b",
            "a b:c",
            "é:x",
            "//x.test",
            "1:2",
        ];
        for url in lost.into_iter().chain(stays) {
            let stands = clean(&format!("<a href=\"{url}\">x</a>"), Filled::Nothing).contains("href");
            assert_eq!((lost_scheme(url).is_none(), stands), (stays.contains(&url), stays.contains(&url)), "{url}");
        }
    }
}

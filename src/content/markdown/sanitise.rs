//! HTML that stands in Markdown: where readers cannot trust its author, little of it is left.

use super::code;
use super::placeholder::{CALL, SCHEME};
use super::reading::is_more;
use super::write::ALIGNED;
use pulldown_cmark::{Event, Tag};
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

/// What is left of HTML that somebody else wrote: nothing that runs, nothing that looks like the site's own.
/// Placeholders stay where somebody fills them.
pub fn clean(html: &str, filled: bool) -> String {
    if filled { FILLED.clean(html).to_string() } else { SANITISER.clean(html).to_string() }
}

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(builder);

static FILLED: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = builder();
    builder.add_url_schemes([SCHEME]).add_tags([CALL]).add_tag_attributes(CALL, ["data-call"]);
    builder
});

fn builder() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::default();
    let headings = ["h1", "h2", "h3", "h4", "h5", "h6", "sup", "div", "li"];
    builder
        .link_rel(None)
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .add_tags(["input", "section"])
        .add_tag_attributes("input", ["aria-label", "disabled", "checked"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_allowed_classes("sup", ["footnote-reference", "footnote-definition-label"])
        .add_allowed_classes("div", ["footnote-definition"])
        .add_allowed_classes("section", ["table"])
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

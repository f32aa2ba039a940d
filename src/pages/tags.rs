//! The tags of a page, as browsers read them: where they lead, and which parts they name.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Attributes that hold an address.
const ADDRESSES: [&str; 5] = ["action", "formaction", "href", "poster", "src"];
/// Attributes that hold several.
const LISTS: [&str; 2] = ["imagesrcset", "srcset"];

/// Where the tags of a page lead, each address once and without character references; and the parts of the page.
#[derive(Debug, Default)]
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

impl Tags {
    /// Reads a whole page. What stands in comments, scripts and the like is no tag.
    pub fn of(html: &str) -> Self {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from(html));
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        // It only stops before the end for scripts that run, and here none does.
        let _ = tokenizer.feed(&queue);
        tokenizer.end();
        tokenizer.sink.state.into_inner().tags
    }

    fn take(&mut self, tag: &Tag) {
        for held in &tag.attrs {
            let name = &*held.name.local;
            if ADDRESSES.contains(&name) {
                self.addresses.insert(held.value.trim_matches(is_space).to_owned());
            } else if LISTS.contains(&name) {
                self.addresses.extend(listed(&held.value).map(str::to_owned));
            }
        }
        self.parts.take(tag);
    }
}

impl Parts {
    pub fn of(html: &str) -> Self {
        Tags::of(html).parts
    }

    /// Whether a link to this part leads to no part of the page.
    pub fn lack(&self, name: &str) -> bool {
        !self.moved && !self.names.contains(name)
    }

    fn take(&mut self, tag: &Tag) {
        let value = |name: &str| tag.attrs.iter().find(|held| *held.name.local == *name).map(|held| &*held.value);
        self.names.extend(value("id").map(str::to_owned));
        match &*tag.name {
            "a" => self.names.extend(value("name").map(str::to_owned)),
            "meta" => self.moved |= value("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh")),
            _ => {}
        }
    }
}

fn is_space(sign: char) -> bool {
    sign.is_ascii_whitespace()
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

/// Takes the tags from the tokens of a page.
#[derive(Default)]
struct Reader {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    tags: Tags,
    /// How many drawings and formulas are open: their texts hold tags, whatever the element is called.
    foreign: usize,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        let mut state = self.state.borrow_mut();
        let is_foreign = matches!(&*tag.name, "svg" | "math");
        if tag.kind == TagKind::EndTag {
            state.foreign = state.foreign.saturating_sub(usize::from(is_foreign));
            return TokenSinkResult::Continue;
        }
        state.tags.take(&tag);
        state.foreign += usize::from(is_foreign && !tag.self_closing);
        match &*tag.name {
            _ if state.foreign > 0 => TokenSinkResult::Continue,
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.state.borrow().foreign > 0
    }
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

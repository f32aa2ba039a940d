//! What a text asks of other files: it stands in the HTML until they are known, as an address of a scheme of its own.
//!
//! Nothing is granted to an address of this scheme that somebody writes themselves: it asks for what Markdown can ask
//! for, and is answered with addresses of this site alone.

use crate::model::{Span, decode, encode};

/// The attribute that a placeholder stands in begins with this, after the name of its tag.
pub const SCHEME: &str = "precast";

/// The element of a shortcode.
pub const CALL: &str = "precast-call";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Where another file's page is.
    Link,
    /// Where a picture is, and how large.
    Picture,
    /// The same of a picture that nobody described.
    BarePicture,
    /// What a shortcode makes.
    Call,
    /// The same, of the Markdown between its tags.
    CallAround,
    /// Both, in a line of text.
    CallInLine,
    CallAroundInLine,
}

const NAMES: [(&str, Asks); 7] = [
    ("link", Asks::Link),
    ("picture", Asks::Picture),
    ("bare", Asks::BarePicture),
    ("call", Asks::Call),
    ("around", Asks::CallAround),
    ("call-in-line", Asks::CallInLine),
    ("around-in-line", Asks::CallAroundInLine),
];

/// What stands where in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    pub asks: Asks,
    pub file: String,
    pub span: Span,
    pub written: String,
}

impl Placeholder {
    /// As an address that no writer of HTML changes.
    pub fn address(&self) -> String {
        let name = NAMES.iter().find(|(_, asks)| *asks == self.asks).map_or("", |(name, _)| name);
        let mut address = format!("{SCHEME}:{name}/{}-{}/", self.span.start, self.span.end);
        encode(&self.file, &mut address);
        address.push('/');
        encode(&self.written, &mut address);
        address
    }

    pub fn read(address: &str) -> Option<Self> {
        let mut parts = address.strip_prefix(SCHEME)?.strip_prefix(':')?.split('/');
        let name = parts.next()?;
        let (_, asks) = NAMES.into_iter().find(|(known, _)| *known == name)?;
        let (start, end) = parts.next()?.split_once('-')?;
        let span = start.parse().ok()?..end.parse().ok()?;
        Some(Self { asks, file: decode(parts.next()?)?, span, written: decode(parts.next()?)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let placeholder = Placeholder {
            asks: Asks::CallAround,
            file: "content/a b.md".to_owned(),
            span: 3..17,
            written: "callout kind=\"x/y\" é%".to_owned(),
        };
        assert_eq!(Placeholder::read(&placeholder.address()), Some(placeholder));
        for wrong in ["precast:link", "precast:link/1/a/b", "precast:other/1-2/a/b", "https:link/1-2/a/b"] {
            assert_eq!(Placeholder::read(wrong), None, "{wrong}");
        }
    }
}

//! The URL form of keys and group values.

use unicode_normalization::UnicodeNormalization;

/// The longest slug, in bytes: with `.json` it is a file name of 255 bytes, the most that common file systems take.
pub const LONGEST: usize = 250;

/// Why a text has no URL form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSlug {
    Empty,
    LeadingDot,
    Control,
    TooLong,
}

impl BadSlug {
    /// What is wrong with an alias.
    pub fn of_alias(self, alias: &str) -> String {
        if alias.is_empty() {
            format!("an alias {self}")
        } else {
            format!("the alias `{}` {self}", alias.escape_debug())
        }
    }
}

impl std::fmt::Display for BadSlug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::LeadingDot => "starts with a dot, and such files are hidden or leave the folder",
            Self::Control => "contains a control character",
            Self::TooLong => "is longer than 250 bytes, and no file name can hold it",
        })
    }
}

/// NFC; A–Z lowered; each run of white space, `/` and `\` becomes one `-`; everything else stands as it is.
///
/// White space is Unicode's `White_Space` property.
///
/// # Errors
/// When the result is empty, starts with a dot, holds a control character or is longer than 250 bytes.
pub fn slug(text: &str) -> Result<String, BadSlug> {
    let slug = if text.is_ascii() { fold(text.chars()) } else { fold(text.nfc()) };
    match slug.as_bytes().first() {
        None => Err(BadSlug::Empty),
        Some(b'.') => Err(BadSlug::LeadingDot),
        _ if slug.chars().any(char::is_control) => Err(BadSlug::Control),
        _ if slug.len() > LONGEST => Err(BadSlug::TooLong),
        _ => Ok(slug),
    }
}

/// The part of the slug's rule that a request is put through too: A–Z lowered; each run of white space, `/` and `\` one
/// `-`. (NFC needs tables that an edge function has no room for.)
pub fn fold(text: impl Iterator<Item = char>) -> String {
    let mut slug = String::with_capacity(text.size_hint().0);
    let mut in_run = false;
    for c in text {
        let gap = c.is_whitespace() || c == '/' || c == '\\';
        if !gap {
            slug.push(c.to_ascii_lowercase());
        } else if !in_run {
            slug.push('-');
        }
        in_run = gap;
    }
    slug
}

/// The slug as it stands in a URL path (RFC 3986 §3.3): everything but unreserved characters percent-encoded.
pub fn encode(slug: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in slug.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// `/` and the object key, each segment percent-encoded: the URL path at which a plain file host answers with it.
pub fn encode_path(key: &str) -> String {
    let mut path = String::with_capacity(key.len() + 8);
    for segment in key.split('/') {
        path.push('/');
        encode(segment, &mut path);
    }
    path
}

/// Percent-decodes (RFC 3986 §2.1). `None` where an escape is broken or the bytes are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next())? * 16 + digit(rest.next())?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_for_each_run() {
        assert_eq!(slug("Google  Cloud").as_deref(), Ok("google-cloud"));
        assert_eq!(slug("CI / CD\\x").as_deref(), Ok("ci-cd-x"));
        assert_eq!(slug("C++").as_deref(), Ok("c++"));
        assert_eq!(slug("ÉTÉ").as_deref(), Ok("ÉtÉ"));
        assert_eq!(slug("e\u{301}").as_deref(), Ok("\u{e9}"));
        assert_eq!(slug(" a ").as_deref(), Ok("-a-"));
    }

    #[test]
    fn what_cannot_be_a_file_is_refused() {
        assert_eq!(slug(""), Err(BadSlug::Empty));
        assert_eq!(slug(".."), Err(BadSlug::LeadingDot));
        assert_eq!(slug("a\0b"), Err(BadSlug::Control));
        assert_eq!(slug(&"x".repeat(251)), Err(BadSlug::TooLong));
    }

    #[test]
    fn urls_are_encoded_byte_by_byte() {
        let mut url = String::new();
        encode("c#-\u{e9}", &mut url);
        assert_eq!(url, "c%23-%C3%A9");
        assert_eq!(encode_path("a b/c"), "/a%20b/c");
    }

    #[test]
    fn broken_escapes_are_seen() {
        assert_eq!(decode("c%23-%C3%A9+").as_deref(), Some("c#-\u{e9}+"));
        for broken in ["%", "%4", "%zz", "%C3", "%ED%A0%80", "%C0%AF", "%+1"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}

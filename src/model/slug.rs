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
    let mut slug = String::with_capacity(text.len());
    let mut in_run = false;
    let mut push = |c: char| {
        let gap = c.is_whitespace() || c == '/' || c == '\\';
        if !gap {
            slug.push(c.to_ascii_lowercase());
        } else if !in_run {
            slug.push('-');
        }
        in_run = gap;
    };
    if text.is_ascii() {
        text.chars().for_each(&mut push);
    } else {
        text.nfc().for_each(&mut push);
    }
    match slug.as_bytes().first() {
        None => Err(BadSlug::Empty),
        Some(b'.') => Err(BadSlug::LeadingDot),
        _ if slug.chars().any(char::is_control) => Err(BadSlug::Control),
        _ if slug.len() > LONGEST => Err(BadSlug::TooLong),
        _ => Ok(slug),
    }
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
    }
}

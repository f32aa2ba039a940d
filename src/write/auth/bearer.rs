//! The token of a request (RFC 6750 §2.1): in its one `Authorization` header, and nowhere else.

use super::Denied;

/// The most that the header's value has, in bytes.
const LONGEST: usize = 8 * 1024;

/// The token, of all values that the request's `Authorization` headers have.
pub fn token<'a>(values: &[&'a [u8]]) -> Result<&'a str, Denied> {
    let value = match values {
        [] => return Err(Denied::Missing),
        [value] => value,
        // Whoever stands before this server might have read the other one.
        _ => return Err(Denied::Invalid("the request has more than one Authorization header")),
    };
    if value.len() > LONGEST {
        return Err(Denied::Invalid("the Authorization header is too long"));
    }
    let text = std::str::from_utf8(value).unwrap_or_default();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::Invalid("the Authorization header has another scheme than Bearer"));
    }
    let token = rest.trim_start_matches(' ');
    if is_token68(token) { Ok(token) } else { Err(Denied::Invalid("the Authorization header holds no token")) }
}

/// RFC 9110 §11.2.
fn is_token68(text: &str) -> bool {
    let word = text.trim_end_matches('=');
    let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    !word.is_empty() && word.bytes().all(is_part)
}

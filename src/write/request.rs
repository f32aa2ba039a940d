//! What a request asks for, before anybody looks whether it may.

use super::answer::Refusal;
use crate::model::{decode, slug};
use axum::http::{HeaderMap, Method, header};

/// The most that an idempotency key has, in bytes.
const LONGEST_IDEMPOTENCY_KEY: usize = 255;
/// The path below which the endpoint answers.
const PREFIX: &str = "/write";

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub collection: String,
    /// `None` writes a record whose key stands in the body.
    pub key: Option<String>,
}

/// The versions that a request takes for the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Any, as long as there is one.
    Any,
    Versions(Vec<u64>),
}

/// What follows the endpoint's own path, which may stand below the site's base path as all others do; `None` where a
/// path is none of the endpoint's.
pub fn below<'p>(base: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(base).unwrap_or(path).strip_prefix(PREFIX)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

impl Target {
    /// Reads the path of a request, as it was sent.
    pub fn of(base: &str, path: &str) -> Result<Self, Refusal> {
        let rest = below(base, path).ok_or(Refusal::new("not-writable"))?;
        let mut segments = rest.split('/').skip(1);
        let collection = segments.next().filter(|collection| !collection.is_empty());
        let collection = collection.ok_or(Refusal::new("not-writable"))?;
        let collection = decode(collection).ok_or(Refusal::new("malformed-path"))?;
        let (key, further) = (segments.next(), segments.next());
        // One slash at the end means nothing.
        if further.is_some_and(|further| !further.is_empty()) || segments.next().is_some() {
            return Err(Refusal::new("malformed-path"));
        }
        let key = match key {
            None | Some("") => None,
            Some(key) => {
                let key = decode(key).ok_or(Refusal::new("malformed-path"))?;
                if key.contains(['/', '\\']) {
                    return Err(Refusal::new("malformed-path"));
                }
                Some(good_key(&key)?)
            }
        };
        Ok(Self { collection, key })
    }
}

/// A key that can stand in a URL and be the name of a file everywhere.
pub fn good_key(key: &str) -> Result<String, Refusal> {
    let slug = slug(key).map_err(|why| Refusal::new("malformed-key").detail(format!("The key {why}")))?;
    // No address could name it, so nobody could change it again.
    if key.contains(['/', '\\']) {
        return Err(Refusal::new("malformed-key").detail("The key holds a slash"));
    }
    let stem = slug.split('.').next().unwrap_or_default();
    let is_device = matches!(stem, "con" | "prn" | "aux" | "nul")
        || matches!(stem.strip_prefix("com").or(stem.strip_prefix("lpt")), Some(n) if n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    // An object of JavaScript takes this name for its prototype.
    if is_device || slug == "__proto__" {
        return Err(Refusal::new("malformed-key").detail(format!("`{slug}` is a reserved name")));
    }
    if key.chars().any(is_invisible) {
        return Err(Refusal::new("malformed-key").detail("The key holds a character that nobody sees".to_owned()));
    }
    Ok(key.to_owned())
}

/// Marks of direction and joiners make two keys look like one; ends of lines and the like are no part of a name.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
}

/// The one value of a header as text; `None` where it is not given.
fn single<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| malformed(name, "is not ASCII")),
        _ => Err(malformed(name, "is given twice")),
    }
}

fn malformed(name: &header::HeaderName, why: &str) -> Refusal {
    Refusal::new("malformed-header").detail(format!("`{name}` {why}"))
}

/// `If-Match` (RFC 9110 §13.1.1): entity tags that are versions, such as `"3"`.
pub fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Refusal> {
    let name = header::IF_MATCH;
    let Some(text) = single(headers, &name)? else { return Ok(None) };
    if text.trim() == "*" {
        return Ok(Some(IfMatch::Any));
    }
    let mut versions = Vec::new();
    for tag in text.split(',').map(str::trim) {
        // A weak tag never matches here; a number without quotation marks is what people type.
        let strong = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        let weak = tag.strip_prefix("W/\"").is_some_and(|tag| tag.ends_with('"'));
        let bare = tag.bytes().all(|b| b.is_ascii_digit()).then_some(tag).filter(|tag| !tag.is_empty());
        match strong.or(bare) {
            Some(version) => versions.extend(version.parse::<u64>().ok().filter(|v| v.to_string() == version)),
            None if weak => {}
            None => return Err(malformed(&name, "is no list of versions such as `\"3\"`")),
        }
    }
    Ok(Some(IfMatch::Versions(versions)))
}

/// Whether the request is only for what is not there: `If-None-Match: *`.
pub fn only_new(headers: &HeaderMap) -> Result<bool, Refusal> {
    let name = header::IF_NONE_MATCH;
    match single(headers, &name)?.map(str::trim) {
        None => Ok(false),
        Some("*") => Ok(true),
        Some(_) => Err(malformed(&name, "is understood as `*` alone")),
    }
}

/// The `Idempotency-Key`: any visible ASCII.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Refusal> {
    let name = header::HeaderName::from_static("idempotency-key");
    let key = single(headers, &name)?.map(str::trim).filter(|key| !key.is_empty());
    let Some(key) = key else {
        return Err(malformed(
            &name,
            "is missing, or says nothing: make one up for this request, and send it again with each retry",
        ));
    };
    if key.len() > LONGEST_IDEMPOTENCY_KEY {
        return Err(malformed(&name, "has more than 255 bytes"));
    }
    if !key.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err(malformed(&name, "holds a control character"));
    }
    Ok(key.to_owned())
}

/// Whether the body says that it is JSON, as it comes.
pub fn is_json(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let refused = || Refusal::new("not-json");
    let kind = single(headers, &header::CONTENT_TYPE)?.ok_or_else(refused)?;
    let mut parts = kind.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_patch = *method == Method::PATCH && essence == "application/merge-patch+json";
    let charset = parts.all(|part| {
        let part = part.replace('"', "");
        part.is_empty() || part.strip_prefix("charset=").is_none_or(|charset| charset == "utf-8" || charset == "utf8")
    });
    let encoding =
        single(headers, &header::CONTENT_ENCODING)?.is_none_or(|e| e.trim().eq_ignore_ascii_case("identity"));
    if (essence == "application/json" || is_patch) && charset && encoding { Ok(()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn target(path: &str) -> Result<(String, Option<String>), &'static str> {
        Target::of("/club", path).map(|target| (target.collection, target.key)).map_err(|refusal| refusal.problem)
    }

    #[test]
    fn paths_are_read_as_they_are_sent() {
        let users = |key: Option<&str>| Ok(("users".to_owned(), key.map(str::to_owned)));
        assert_eq!(target("/write/users"), users(None));
        assert_eq!(target("/write/users/"), users(None));
        assert_eq!(target("/write/users/Mira"), users(Some("Mira")));
        assert_eq!(target("/write/users/Mira/"), users(Some("Mira")));
        assert_eq!(target("/club/write/users/Mira"), users(Some("Mira")));
        assert_eq!(target("/write/users/c%23%20%C3%A9"), users(Some("c# é")));
        for (path, problem) in [
            ("/users/Mira", "not-writable"),
            ("/writes/users/Mira", "not-writable"),
            ("/pub/write/users/Mira", "not-writable"),
            ("/write", "not-writable"),
            ("/write/", "not-writable"),
            ("/write//x", "not-writable"),
            ("/write/users/a/b", "malformed-path"),
            ("/write/users/a//", "malformed-path"),
            ("/write/users/a%2Fb", "malformed-path"),
            ("/write/users/a%5cb", "malformed-path"),
            ("/write/users/..", "malformed-key"),
            ("/write/users/%2e%2e", "malformed-key"),
            ("/write/users/.hidden", "malformed-key"),
            ("/write/users/%00", "malformed-key"),
            ("/write/users/a%0ab", "malformed-key"),
            ("/write/users/%zz", "malformed-path"),
            ("/write/users/%C3", "malformed-path"),
            ("/write/users/CON", "malformed-key"),
            ("/write/users/nul.txt", "malformed-key"),
            ("/write/users/com1", "malformed-key"),
            ("/write/users/__proto__", "malformed-key"),
            ("/write/users/a%E2%80%AEb", "malformed-key"),
        ] {
            assert_eq!(target(path), Err(problem), "{path}");
        }
        assert_eq!(target(&format!("/write/users/{}", "x".repeat(10_000))), Err("malformed-key"));
        assert_eq!(target("/write/users/community"), users(Some("community")));
    }

    #[test]
    fn keys_of_bodies_are_those_of_addresses() {
        assert!(good_key("Mira Okafor").is_ok());
        for key in ["a/b", "a\\b", "../x", "", "con"] {
            assert_eq!(good_key(key).map_err(|refusal| refusal.problem), Err("malformed-key"), "{key}");
        }
    }

    fn with(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    #[test]
    fn versions_are_entity_tags() {
        let read = |values: &[&str]| if_match(&with(&header::IF_MATCH, values)).map_err(|refusal| refusal.problem);
        let versions = |versions: &[u64]| Ok(Some(IfMatch::Versions(versions.to_vec())));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(IfMatch::Any)));
        assert_eq!(read(&["\"3\""]), versions(&[3]));
        assert_eq!(read(&["3"]), versions(&[3]));
        assert_eq!(read(&["\"3\", \"4\""]), versions(&[3, 4]));
        assert_eq!(read(&["W/\"3\""]), versions(&[]));
        assert_eq!(read(&["\"x\""]), versions(&[]));
        assert_eq!(read(&["\"03\""]), versions(&[]));
        for wrong in [&["three"][..], &["\"3"], &["\"3\"", "\"4\""], &[""], &["3,,4"]] {
            assert_eq!(read(wrong), Err("malformed-header"), "{wrong:?}");
        }
    }

    #[test]
    fn bodies_are_plain_json() {
        let read = |method: Method, kind: &str| is_json(&method, &with(&header::CONTENT_TYPE, &[kind])).is_ok();
        assert!(read(Method::PUT, "application/json"));
        assert!(read(Method::PUT, "Application/JSON; charset=\"UTF-8\""));
        assert!(read(Method::PATCH, "application/merge-patch+json"));
        assert!(!read(Method::PUT, "application/merge-patch+json"));
        assert!(!read(Method::PUT, "application/json; charset=utf-16"));
        for other in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""]
        {
            assert!(!read(Method::PUT, other), "{other}");
        }
        let mut packed = with(&header::CONTENT_TYPE, &["application/json"]);
        packed.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(is_json(&Method::PUT, &packed).is_err());
        assert!(is_json(&Method::PUT, &HeaderMap::new()).is_err());
    }
}

//! One request to the key of the object that answers it, or to why there can be none. `edge.js` does the same, rule by
//! rule; the route vectors hold the two together.

use super::table::{RouteTable, TableRoute, TableSegment};
use crate::model::{decode, encode_path, fold};

/// The longest path of a request, in UTF-16 code units, as a JavaScript string counts them.
const LONGEST_PATH: usize = 4096;
/// The longest path that leaves room for its limits: an S3 key has at most 1,024 bytes.
pub const LONGEST_PATH_OF_A_KEY: usize = 1024 - "/limit/all.json".len();
/// A `limit` or `page` longer than this is none, however it is encoded.
const LONGEST_NUMBER: usize = 64;
/// The methods that are answered.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The object at this key, if there is one; `route` is the index in the table, of a view's answer.
    Key {
        key: String,
        route: Option<usize>,
        surface: Option<usize>,
    },
    /// The methods there are, and who may ask.
    Options,
    Refused {
        why: Refusal,
        surface: Option<usize>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    MethodNotAllowed,
    MalformedPath,
    /// `example` is a request that would be answered.
    LimitOutOfRange {
        max: usize,
        example: String,
    },
    LimitWithPage {
        example: String,
    },
    PageOutOfRange {
        example: String,
    },
}

impl Resolution {
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key { key, .. } => Some(key),
            _ => None,
        }
    }

    pub fn route(&self) -> Option<usize> {
        match self {
            Self::Key { route, .. } => *route,
            _ => None,
        }
    }

    /// Whether the request is below the prefix of a surface.
    pub fn on_surface(&self) -> bool {
        matches!(self, Self::Key { surface: Some(_), .. } | Self::Refused { surface: Some(_), .. })
    }
}

/// What a query says of one parameter.
#[derive(Clone, Copy)]
enum Parameter<'q> {
    Absent,
    Once(&'q str),
    Repeated,
}

impl RouteTable {
    /// `path` and `query` are as the client sent them, percent-encoded.
    pub fn resolve(&self, method: &str, path: &str, query: Option<&str>) -> Resolution {
        match method {
            "GET" | "HEAD" => self.find(path, query.unwrap_or_default()),
            "OPTIONS" => Resolution::Options,
            _ => Resolution::Refused { why: Refusal::MethodNotAllowed, surface: self.surface_of(path) },
        }
    }

    fn surface_of(&self, path: &str) -> Option<usize> {
        let segments = segments(path)?;
        self.surface(self.below_base(&segments)).map(|(surface, _)| surface)
    }

    fn find(&self, path: &str, query: &str) -> Resolution {
        let malformed = Resolution::Refused { why: Refusal::MalformedPath, surface: None };
        let Some(segments) = segments(path) else { return malformed };
        let segments = self.below_base(&segments);
        let joined = segments.join("/");
        if joined.len() > LONGEST_PATH_OF_A_KEY {
            return malformed;
        }
        if self.files.contains(&joined) {
            return Resolution::Key { key: joined, route: None, surface: self.surface(segments).map(|(at, _)| at) };
        }
        let Some((surface, rest)) = self.surface(segments) else {
            let key =
                if joined.is_empty() { "index.html".to_owned() } else { with_extension(joined, segments, "html") };
            return Resolution::Key { key, route: None, surface: None };
        };
        match self.answer(surface, rest, query) {
            Some(Ok((key, route))) => Resolution::Key { key, route: Some(route), surface: Some(surface) },
            Some(Err(why)) => Resolution::Refused { why, surface: Some(surface) },
            None => {
                let prefix = &self.surfaces[surface].prefix;
                let below: Vec<&str> =
                    prefix.iter().map(String::as_str).chain(rest.iter().map(String::as_str)).collect();
                let key = with_extension(below.join("/"), rest, "json");
                Resolution::Key { key, route: None, surface: Some(surface) }
            }
        }
    }

    fn below_base<'s>(&self, segments: &'s [String]) -> &'s [String] {
        segments.strip_prefix(self.base.as_slice()).unwrap_or(segments)
    }

    /// The surface with the longest prefix of the path, and what is below it.
    fn surface<'s>(&self, segments: &'s [String]) -> Option<(usize, &'s [String])> {
        let below = |(at, surface): (usize, &super::table::TableSurface)| {
            let length = surface.prefix.len();
            let head = segments.get(..length)?;
            let same = head.iter().zip(&surface.prefix).all(|(a, b)| a.eq_ignore_ascii_case(b));
            (same && !(length == 0 && segments.is_empty())).then_some((length, at))
        };
        // Of two surfaces with one prefix, the first; settings refuse that.
        let (length, at) =
            self.surfaces.iter().enumerate().filter_map(below).max_by_key(|(length, at)| (*length, usize::MAX - at))?;
        Some((at, &segments[length..]))
    }

    /// The key and the route of a view's answer; `None` where no view has the path.
    fn answer(&self, surface: usize, rest: &[String], query: &str) -> Option<Result<(String, usize), Refusal>> {
        let mut rest = rest.to_vec();
        let folded = self.key(surface, &rest.iter().map(|s| fold(s.chars())).collect::<Vec<_>>()).to_ascii_lowercase();
        if let Some(last) = rest.last_mut().filter(|_| !self.dotted.contains(&folded)) {
            let stem = last.len().saturating_sub(5);
            if stem > 0 && last.is_char_boundary(stem) && last[stem..].eq_ignore_ascii_case(".json") {
                last.truncate(stem);
            }
        }
        let (limit, page) = (parameter(query, "limit"), parameter(query, "page"));
        let asks = |parameter| !matches!(parameter, Parameter::Absent);
        if let Some((route, path)) = self.matching(surface, &rest) {
            let base = self.key(surface, &path);
            let Some(max) = self.routes[route].max else { return Some(Ok((base + ".json", route))) };
            let answer = match (limit, page) {
                (Parameter::Absent, Parameter::Absent) => Ok(base + ".json"),
                (limit, Parameter::Absent) => self.of_limit(&base, limit.value(), max),
                (Parameter::Absent, page) => self.of_page(&base, page.value()),
                _ => Err(Refusal::LimitWithPage { example: self.example(&base, "page=2") }),
            };
            return Some(answer.map(|key| (key, route)));
        }
        let at = rest.len().checked_sub(2).filter(|at| *at > 0)?;
        let (route, path) = self.matching(surface, &rest[..at])?;
        let max = self.routes[route].max?;
        let base = self.key(surface, &path);
        let value = fold(rest[at + 1].chars());
        let answer = match fold(rest[at].chars()).as_str() {
            "limit" | "page" if asks(limit) || asks(page) => {
                Err(Refusal::LimitWithPage { example: self.example(&base, "page=2") })
            }
            "limit" => self.of_limit(&base, Some(value), max),
            "page" => self.of_page(&base, Some(value)),
            _ => return None,
        };
        Some(answer.map(|key| (key, route)))
    }

    /// The first route that the path fits, and the path as its keys spell it.
    fn matching(&self, surface: usize, path: &[String]) -> Option<(usize, Vec<String>)> {
        let fit = |route: &TableRoute| -> Option<Vec<String>> {
            if route.segments.len() != path.len() || !route.surfaces.contains(&surface) {
                return None;
            }
            let spell = |(segment, text): (&TableSegment, &String)| match segment {
                TableSegment::Literal(literal) => literal.eq_ignore_ascii_case(text).then(|| literal.clone()),
                TableSegment::Field => Some(fold(text.chars())),
            };
            route.segments.iter().zip(path).map(spell).collect()
        };
        self.routes.iter().enumerate().find_map(|(at, route)| fit(route).map(|path| (at, path)))
    }

    fn key(&self, surface: usize, path: &[String]) -> String {
        let prefix = self.surfaces[surface].prefix.iter();
        prefix.chain(path).map(String::as_str).collect::<Vec<_>>().join("/")
    }

    fn of_limit(&self, base: &str, value: Option<String>, max: usize) -> Result<String, Refusal> {
        match value {
            Some(value) if value == "all" || number(&value).is_some_and(|n| n <= max) => {
                Ok(format!("{base}/limit/{value}.json"))
            }
            _ => Err(Refusal::LimitOutOfRange { max, example: self.example(base, &format!("limit={}", max.min(5))) }),
        }
    }

    fn of_page(&self, base: &str, value: Option<String>) -> Result<String, Refusal> {
        match value {
            Some(value) if number(&value).is_some() => Ok(format!("{base}/page/{value}.json")),
            _ => Err(Refusal::PageOutOfRange { example: self.example(base, "page=1") }),
        }
    }

    fn example(&self, base: &str, query: &str) -> String {
        let base_path = self.base.join("/");
        let slash = if self.base.is_empty() { "" } else { "/" };
        format!("{}?{query}", encode_path(&format!("{base_path}{slash}{base}")))
    }
}

impl Parameter<'_> {
    /// What it says, decoded; `None` where it says nothing that could be meant.
    fn value(self) -> Option<String> {
        match self {
            Self::Once(text) if text.len() <= LONGEST_NUMBER => decode(text),
            _ => None,
        }
    }
}

/// The segments of a path, decoded, the empty ones left out. `None` for what could leave the tree, or is no text.
fn segments(path: &str) -> Option<Vec<String>> {
    if path.encode_utf16().count() > LONGEST_PATH {
        return None;
    }
    let decoded = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
        let segment = decode(segment)?;
        let bad =
            segment == "." || segment == ".." || segment.contains(['/', '\\']) || segment.contains(char::is_control);
        (!bad).then_some(segment)
    });
    decoded.collect()
}

/// A path without an extension stands for the file of this one.
fn with_extension(path: String, segments: &[String], extension: &str) -> String {
    match segments.last() {
        Some(last) if last.contains('.') => path,
        _ => format!("{path}.{extension}"),
    }
}

fn parameter<'q>(query: &'q str, name: &str) -> Parameter<'q> {
    let mut found = Parameter::Absent;
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key == name {
            found = match found {
                Parameter::Absent => Parameter::Once(value),
                _ => return Parameter::Repeated,
            };
        }
    }
    found
}

/// A whole number from 1, in its one spelling.
fn number(text: &str) -> Option<usize> {
    let plain = text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

//! Problem documents (RFC 9457): what each `type` of an error means, and the bodies of refusals.

use super::resolve::Refusal;
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Settings};
use serde::Serialize;

/// The problem of a key that is not there; the others are refusals of the request itself.
pub const NOT_FOUND: &str = "not-found";
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One kind of problem.
pub struct Problem {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    pub detail: &'static str,
}

/// Every kind, in order of name.
pub const PROBLEMS: &[Problem] = &[
    Problem {
        name: "limit-out-of-range",
        status: 400,
        title: "The limit is out of range",
        detail: "`limit` is given once, as `all` or a whole number from 1 to the greatest that the list allows",
    },
    Problem {
        name: "limit-with-page",
        status: 400,
        title: "A limit and a page do not go together",
        detail: "Ask for a limit or for a page, once",
    },
    Problem {
        name: "malformed-path",
        status: 400,
        title: "The path is malformed",
        detail: "A path holds no `..`, no encoded slash, no control character and no broken escape, and is not longer than any answer's",
    },
    Problem {
        name: "method-not-allowed",
        status: 405,
        title: "The method is not allowed",
        detail: "Answers are read with GET or HEAD",
    },
    Problem {
        name: NOT_FOUND,
        status: 404,
        title: "There is no such answer",
        detail: "No answer stands at this path. The routes are listed in the OpenAPI document",
    },
    Problem {
        name: "page-out-of-range",
        status: 400,
        title: "The page is out of range",
        detail: "`page` is given once, as a whole number from 1",
    },
];

/// Every kind that the endpoint for writes answers besides, in order of name.
pub const WRITE_PROBLEMS: &[Problem] = &[
    Problem {
        name: "body-too-large",
        status: 413,
        title: "The body is too large",
        detail: "A write has a bounded size; nothing of this one was kept",
    },
    Problem {
        name: "body-too-slow",
        status: 408,
        title: "The body did not come in time",
        detail: "Nothing of it was kept: send it again",
    },
    Problem {
        name: "closed",
        status: 503,
        title: "Nobody can write here",
        detail: "The site does not say who may write",
    },
    Problem {
        name: "conflict",
        status: 409,
        title: "Something else was written before",
        detail: "Another write of this record was accepted. Look at it, and send `If-Match` with its version to write over it",
    },
    Problem {
        name: "idempotency-key-reused",
        status: 422,
        title: "The idempotency key was used for another request",
        detail: "An `Idempotency-Key` belongs to one request and its retries: take a new one",
    },
    Problem {
        name: "if-match-required",
        status: 428,
        title: "The request must say which version it changes",
        detail: "Send `If-Match` with the version that you saw, as `\"3\"`",
    },
    Problem {
        name: "malformed-body",
        status: 400,
        title: "The body is malformed",
        detail: "A body is one JSON object in UTF-8, in which no member stands twice",
    },
    Problem {
        name: "malformed-header",
        status: 400,
        title: "A header is malformed",
        detail: "A header of the request is missing or cannot be read",
    },
    Problem {
        name: "malformed-key",
        status: 400,
        title: "The key is malformed",
        detail: "A key has at most 250 bytes, no slash and no control character, and does not start with a dot",
    },
    Problem {
        name: "not-json",
        status: 415,
        title: "The body is not JSON",
        detail: "Send `Content-Type: application/json`; a patch may be `application/merge-patch+json`. Bodies are not compressed",
    },
    Problem {
        name: "not-valid",
        status: 422,
        title: "The record is not valid",
        detail: "Each fault stands under `errors`, with a JSON Pointer to its place",
    },
    Problem {
        name: "not-writable",
        status: 404,
        title: "There is nothing to write here",
        detail: "Records are written at `/write/{collection}/{key}`, of the collections that the site opens",
    },
    Problem {
        name: "not-yours",
        status: 403,
        title: "This record is not yours",
        detail: "The token is good, and does not allow this",
    },
    Problem {
        name: "origin-not-allowed",
        status: 403,
        title: "Pages of this origin may not write",
        detail: "The site lists the origins that may",
    },
    Problem {
        name: "read-only",
        status: 503,
        title: "Nothing is accepted for the moment",
        detail: "The site is read-only. Try again later; nothing of this request was kept",
    },
    Problem {
        name: "too-many-requests",
        status: 429,
        title: "Too many requests",
        detail: "Wait as many seconds as `Retry-After` says",
    },
    Problem {
        name: "unauthenticated",
        status: 401,
        title: "There is no good token",
        detail: "Send `Authorization: Bearer` with a token of the site's issuer",
    },
    Problem {
        name: "unavailable",
        status: 503,
        title: "The write could not be kept",
        detail: "It is not known to be kept: send it again, and it is kept once",
    },
    Problem {
        name: "version-mismatch",
        status: 412,
        title: "The version is not the current one",
        detail: "The request names another version than the current one: look at what was written since, and send `If-Match` with its version to write over it",
    },
];

/// The problem of this name.
pub fn find(name: &str) -> Option<&'static Problem> {
    PROBLEMS.iter().chain(WRITE_PROBLEMS).find(|problem| problem.name == name)
}

/// A body, member by member in the order in which the edge function writes them.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// The greatest limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<usize>,
    /// A request that is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'a str>,
}

impl Refusal {
    /// The name of the problem: the last segment of its `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LimitOutOfRange { .. } => "limit-out-of-range",
            Self::LimitWithPage { .. } => "limit-with-page",
            Self::MalformedPath => "malformed-path",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::PageOutOfRange { .. } => "page-out-of-range",
        }
    }

    pub fn status(&self) -> u16 {
        if *self == Self::MethodNotAllowed { 405 } else { 400 }
    }

    /// The body of the answer.
    pub fn body(&self, settings: &Settings) -> String {
        match self {
            Self::LimitOutOfRange { max, example } => body(settings, self.name(), Some(*max), Some(example)),
            Self::LimitWithPage { example } | Self::PageOutOfRange { example } => {
                body(settings, self.name(), None, Some(example))
            }
            Self::MalformedPath | Self::MethodNotAllowed => body(settings, self.name(), None, None),
        }
    }
}

/// What the `type` of every problem starts with.
pub fn type_prefix(settings: &Settings) -> String {
    let prefix = settings.home_surface().map_or("", |surface| surface.prefix.as_str());
    format!("{}{prefix}/errors/", settings.site.base_url)
}

/// The body of the problem `name`.
pub fn body(settings: &Settings, name: &str, maximum: Option<usize>, example: Option<&str>) -> String {
    let Some(problem) = find(name) else { return String::new() };
    let document = Document {
        r#type: type_prefix(settings) + name,
        title: problem.title,
        status: problem.status,
        detail: problem.detail,
        maximum,
        example,
    };
    serde_json::to_string(&document).unwrap_or_default()
}

/// A document for each problem, under `errors/` of the home surface. `not-found.json` is the body of a 404.
pub fn problems(settings: &Settings) -> Vec<Artifact> {
    let Some(surface) = settings.home_surface() else { return Vec::new() };
    let artifact = |problem: &Problem| Artifact {
        key: surface.key(&format!("errors/{}.json", problem.name)),
        media_type: PROBLEM_JSON,
        cache: CacheClass::View,
        body: Body::Bytes(body(settings, problem.name, None, None).into_bytes().into()),
        origin: ArtifactOrigin::Build,
    };
    let writes = if settings.writes.collections.is_empty() { &[] } else { WRITE_PROBLEMS };
    PROBLEMS.iter().chain(writes).map(artifact).collect()
}

/// The key of the body of a 404 under a surface.
pub fn not_found_key(settings: &Settings) -> Option<String> {
    settings.home_surface().map(|surface| surface.key(&format!("errors/{NOT_FOUND}.json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_problem() {
        let example = String::new();
        for refusal in [
            Refusal::MethodNotAllowed,
            Refusal::MalformedPath,
            Refusal::LimitOutOfRange { max: 1, example: example.clone() },
            Refusal::LimitWithPage { example: example.clone() },
            Refusal::PageOutOfRange { example },
        ] {
            let problem = PROBLEMS.iter().find(|problem| problem.name == refusal.name()).expect("a problem");
            assert_eq!(problem.status, refusal.status());
        }
        assert!(PROBLEMS.is_sorted_by_key(|problem| problem.name));
        assert!(WRITE_PROBLEMS.is_sorted_by_key(|problem| problem.name));
    }
}

//! Headers of answers, the same from the dev server and at the edge.

use super::resolve::METHODS;
use crate::model::CacheClass;
use serde_json::{Value as Json, json};

/// What pages may load: what is published beside them, and pictures and media from anywhere under https, as articles link
/// to them. Neither scripts nor styles stand in a page (Content Security Policy, level 3). Searching is done by WebAssembly.
pub const PAGES: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: https:; font-src 'self' data:; media-src 'self' https:; manifest-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer carries. Everything that is published is public.
pub const ALWAYS: &[(&str, &str)] = &[
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "ETag, Content-Length, Content-Range"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("content-security-policy", PAGES),
];

/// What `OPTIONS` is answered with.
pub const PREFLIGHT: &[(&str, &str)] = &[
    ("allow", METHODS),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", METHODS),
    ("access-control-allow-headers", "*"),
    ("access-control-max-age", "86400"),
];

/// `Cache-Control` of an answer. A browser asks each time whether its copy is still good; the CDN keeps an answer until
/// a release changes it.
pub fn cache_control(class: CacheClass) -> &'static str {
    match class {
        CacheClass::View | CacheClass::Asset => "public, max-age=0, s-maxage=31536000, must-revalidate",
        CacheClass::Immutable => "public, max-age=31536000, immutable",
        CacheClass::Meta => "public, max-age=0, must-revalidate",
    }
}

/// `Cache-Control` of an answer that is no object.
pub const UNCACHED: &str = "no-store";

/// A CloudFront response-headers policy that sets [`ALWAYS`] on every answer, as `CreateResponseHeadersPolicy` takes it.
pub fn policy(name: &str) -> Json {
    let value = |wanted: &str| ALWAYS.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value);
    let list = |items: &[&str]| json!({ "Quantity": items.len(), "Items": items });
    let exposed: Vec<&str> = value("access-control-expose-headers").split(", ").collect();
    let methods: Vec<&str> = METHODS.split(", ").collect();
    json!({
        "Name": name,
        "CorsConfig": {
            "AccessControlAllowCredentials": false,
            "AccessControlAllowHeaders": list(&["*"]),
            "AccessControlAllowMethods": list(&methods),
            "AccessControlAllowOrigins": list(&[value("access-control-allow-origin")]),
            "AccessControlExposeHeaders": list(&exposed),
            "AccessControlMaxAgeSec": 86400,
            "OriginOverride": true
        },
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": { "ContentSecurityPolicy": value("content-security-policy"), "Override": true },
            "ContentTypeOptions": { "Override": true },
            "ReferrerPolicy": { "ReferrerPolicy": value("referrer-policy"), "Override": true }
        }
    })
}

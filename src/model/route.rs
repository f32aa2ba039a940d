//! Routes: which requests there are, and which object key each maps to.

use super::settings::Limit;

/// A URL pattern on one surface.
#[derive(Clone, Debug)]
pub struct Route {
    pub surface: String,
    /// With the surface's prefix: `/v1/users/{githubProfile}`.
    pub path: String,
    /// The object key of the default answer: `v1/users/{githubProfile}.json`.
    pub key: String,
    pub collection: String,
    pub kind: RouteKind,
}

#[derive(Clone, Debug)]
pub enum RouteKind {
    /// One list, or one list for each value of a group.
    List { limit: Limit, page: Option<usize>, grouped: bool },
    /// One document for each record.
    Each,
}

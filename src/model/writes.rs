//! What members may write, and what an accepted write is.

use super::settings::Placed;
use super::text::Place;

/// What `site/site.toml` says of writing: `[writes]`, `[auth]` and `[endpoint]`.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// In the order of their declaration, at most one for each collection.
    pub collections: Vec<WriteDecl>,
    /// Who may write; without it nobody may.
    pub auth: Option<Auth>,
    pub endpoint: Endpoint,
}

/// What may be written of one collection.
#[derive(Clone, Debug)]
pub struct WriteDecl {
    pub name: String,
    pub at: Place,
    /// Index into [`super::Settings::collections`].
    pub collection: usize,
    /// The JSON Schema of what a write may contain.
    pub schema: Placed<String>,
    pub allow: Allow,
    /// What makes a record somebody's own; without it only editors write.
    pub owner: Option<Owner>,
    /// Whether a write waits until an editor approves of it.
    pub review: bool,
    /// The member that holds a text in Markdown.
    pub text: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    pub create: bool,
    pub update: bool,
    pub delete: bool,
}

/// A record is somebody's own where a claim of their token equals its key, or a member of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub claim: String,
    /// `None` means the key.
    pub member: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Auth {
    pub at: Place,
    pub mode: AuthMode,
    /// Claims that make somebody an editor or an administrator.
    pub roles: Vec<RoleRule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Signed tokens (RFC 7519), checked with the issuer's keys.
    Jwt {
        issuer: String,
        audience: String,
        /// The address of the keys; `None` finds it from the issuer.
        jwks: Option<String>,
    },
    /// Tokens that the authorization server is asked about (RFC 7662).
    Introspection { url: String, issuer: Option<String>, audience: Option<String> },
    /// One token, printed when the server starts, on this machine alone.
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Creates and updates records of everybody.
    Editor,
    /// An editor who deletes them, too.
    Admin,
}

/// Whoever has `value` as or among the values of `claim` has the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRule {
    pub role: Role,
    pub claim: String,
    pub value: String,
}

/// How requests to write are treated.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The folder that `build` reads, below the root.
    pub inbox: String,
    /// The most that a body may have, in bytes.
    pub max_bytes: usize,
    /// Requests a minute of one subject; `None` where the site does not say.
    pub per_subject: Option<usize>,
    /// Requests a minute of one address; `None` where the site does not say.
    pub per_address: Option<usize>,
    /// Origins (RFC 6454) of pages of other sites that may write.
    pub origins: Vec<String>,
    pub wake: Option<Wake>,
    pub read_only: bool,
}

/// Who hears that there is something to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A `repository_dispatch` event of a GitHub repository.
    Github { owner: String, repository: String, event: String, url: Option<String> },
    /// A signed POST.
    Webhook { url: String },
}

/// Records that are removed for ever: for each collection, digests of their slugs.
pub const TOMBSTONES: &str = "data/tombstones.json";
/// The folders of the inbox that a build reads. What stands beside them, the endpoint keeps for itself.
const READ: [&str; 3] = ["archive", "decisions", "entries"];
/// Where the inbox stands unless the site says otherwise.
pub const INBOX: &str = "data/inbox";
/// The most that a body has unless the site says otherwise, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            inbox: INBOX.to_owned(),
            max_bytes: MAX_BODY,
            per_subject: None,
            per_address: None,
            origins: Vec::new(),
            wake: None,
            read_only: false,
        }
    }
}

impl Writes {
    /// Whether anything may be written.
    pub fn are_there(&self) -> bool {
        !self.collections.is_empty()
    }

    /// The folders of the inbox that a build reads.
    pub fn wanted(&self) -> impl Iterator<Item = String> {
        READ.iter().filter(|_| self.are_there()).map(|folder| format!("{}/{folder}", self.endpoint.inbox))
    }

    /// What follows the inbox in the path of something in it.
    pub fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.endpoint.inbox.as_str())?.strip_prefix('/').filter(|_| self.are_there())
    }

    /// Whether a path is in the inbox, and what no build reads.
    pub fn keep_back(&self, path: &str) -> bool {
        let is_read = |below: &str| READ.contains(&below.split('/').next().unwrap_or(below));
        self.below(path).is_some_and(|below| !is_read(below))
    }

    /// What may be written of the collection with this index.
    pub fn of(&self, collection: usize) -> Option<&WriteDecl> {
        self.collections.iter().find(|decl| decl.collection == collection)
    }
}

//! Where releases are published to, as `site/environments.toml` declares it.

use super::location::Location;
use super::text::Place;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug)]
pub struct Environment {
    pub name: String,
    pub at: Place,
    /// A folder is below the root.
    pub target: Location,
    pub layout: Layout,
    /// Identifiers of CloudFront distributions.
    pub distributions: Vec<String>,
    /// The name of the CloudFront Function that the distributions run.
    pub function: Option<String>,
    /// Where readers ask, without a slash at its end: a publish waits until the release answers there.
    pub url: Option<String>,
    /// Further targets, that hold the same.
    pub replicas: Vec<Location>,
    pub keep: Keep,
    pub protect: Protect,
    /// Where the endpoint of this environment keeps what it accepts.
    pub inbox: Option<Location>,
    pub region: Option<String>,
    /// A store that speaks S3, and is not AWS.
    pub endpoint: Option<String>,
}

/// How a release stands at its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Every object at its own key.
    #[default]
    Flat,
    /// Every object in an immutable shard; the edge function names the shards.
    Release,
}

/// Which earlier releases can be gone back to: the newest ones, and all that are young.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    pub releases: usize,
    pub days: usize,
}

/// What a publish does not do unless it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protect {
    /// The share of a collection's records that may vanish, in hundredths.
    pub max_shrink: usize,
    /// How many objects may be deleted at once.
    pub max_delete: usize,
}

impl Environment {
    /// A target that no environment declares.
    pub fn at(target: Location) -> Self {
        Self {
            name: "live".to_owned(),
            at: Place::file(""),
            target,
            layout: Layout::Flat,
            distributions: Vec::new(),
            function: None,
            url: None,
            replicas: Vec::new(),
            keep: Keep::default(),
            protect: Protect::default(),
            inbox: None,
            region: None,
            endpoint: None,
        }
    }
}

impl Layout {
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Release => "release",
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self { releases: 10, days: 30 }
    }
}

impl Default for Protect {
    fn default() -> Self {
        Self { max_shrink: 20, max_delete: 1000 }
    }
}

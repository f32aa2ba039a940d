//! GitHub: contribution calendars, or the commits of a member's own repository, through GraphQL.
//!
//! A member whose account is known by its node id is found by that, whatever it is called now; any other by the login
//! that the record names. Up to twenty are asked about in one request, and each is told apart in its answer.

mod answer;
mod journey;
mod query;
mod tasks;

pub use answer::{Read, Reply, read, verdict};
pub use query::{request, shapes};
pub use tasks::{By, MOST, Step, Task, halves, of_login, tasks, together};

/// Where GitHub answers.
pub const URL: &str = "https://api.github.com";
/// The variable with the token, where a source names none.
pub const TOKEN: &str = "GITHUB_TOKEN";
/// The repository of a journey.
pub const REPOSITORY: &str = "100DaysOfCloud";

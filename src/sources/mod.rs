//! Where activity comes from: who is asked for what, and what becomes of the answers.
//!
//! ```text
//!  members, facts, checks, now -> planner -> requests -> driver -> answers -> planner -> outcomes -> journal -> facts
//! ```
//!
//! A planner is pure: it turns members into requests and answers into outcomes, and knows neither network nor clock
//! (`github`, `x`, `feed`, `csv`, `archive`, `command`). The driver alone sends requests, waits, and counts what they
//! cost. What comes of each member is written to a journal as it comes, and becomes facts at the end, all at once.

mod adopt;
mod archive;
mod batches;
mod clock;
mod command;
mod csv;
mod driver;
mod facts;
mod feed;
mod files;
mod forget;
mod github;
mod group;
mod http;
mod journal;
mod lock;
mod member;
mod outcome;
mod program;
mod refresh;
mod request;
mod search;
mod summary;
mod token;
mod x;

pub use clock::{Clock, SystemClock};
pub use driver::{Budget, Spent};
pub use facts::Faulty;
pub use forget::{Forgotten, forget};
pub use github::shapes as github_queries;
pub use http::{Http, USUAL_LIMIT};
pub use lock::Lock;
pub use member::{Member, Roster};
pub use refresh::{Ended, Options, Planned, Work, plan, refresh, token_of};
pub use summary::Summary;
pub use token::Token;

//! The clock by which answers age, which tests bring along.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use std::sync::Arc;
use std::time::Instant;

/// Ages are measured by a clock that nobody sets; whether a token has expired is a question to the calendar.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The machine's own.
pub fn system() -> Clock {
    Arc::new(Instant::now)
}

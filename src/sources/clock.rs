//! The clock, which tests bring along.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use jiff::Timestamp;
use std::pin::Pin;
use std::time::Duration;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's own.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}

//! One integration binary. Sites are folders under `tests/fixtures` or written by a test; the tool is run as its users
//! run it.

#![allow(clippy::disallowed_methods, reason = "tests read and write sites")]

mod answers;
mod architecture;
mod bad_input;
mod command;
#[cfg(unix)]
mod crash;
mod formats;
mod layers;
mod markdown;
mod original;
mod output;
mod ownership;
mod scaffolds;
mod shipped;
mod support;
mod views;

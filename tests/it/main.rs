//! One integration binary. Sites are folders under `tests/fixtures` or written by a test; the tool is run as its users
//! run it.

#![allow(clippy::disallowed_methods, reason = "tests read and write sites")]

mod answers;
mod architecture;
mod bad_input;
mod changes;
mod clients;
mod command;
#[cfg(unix)]
mod crash;
mod edge;
mod engine;
mod facts;
mod formats;
mod layers;
mod markdown;
mod original;
mod output;
mod ownership;
mod pages;
#[cfg(feature = "publish")]
mod publish;
mod scaffolds;
mod scores;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod server;
#[cfg(feature = "serve")]
mod session;
mod shipped;
#[cfg(feature = "refresh")]
mod sources;
#[cfg(feature = "publish")]
mod store;
mod streaks;
mod support;
mod views;
mod wakes;

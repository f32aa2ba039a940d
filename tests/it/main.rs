//! One integration binary. Sites are folders under `tests/fixtures` or written by a test; the tool is run as its users
//! run it.

#![allow(clippy::disallowed_methods, reason = "tests read and write sites")]

mod answers;
#[cfg(feature = "write")]
mod applying;
mod architecture;
mod bad_input;
mod changes;
mod clients;
mod command;
#[cfg(unix)]
mod crash;
#[cfg(feature = "serve")]
mod documented;
mod edge;
mod engine;
mod entries;
mod facts;
mod formats;
#[cfg(feature = "write")]
mod inbox;
mod layers;
mod markdown;
mod original;
mod output;
mod ownership;
mod pages;
mod pages_of_strangers;
#[cfg(feature = "publish")]
mod publish;
#[cfg(feature = "publish")]
mod receipts;
mod rejected;
mod removed;
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
mod texts_of_strangers;
#[cfg(feature = "write")]
mod tokens;
mod views;
mod wakes;
#[cfg(feature = "write")]
mod waking;
mod whose;
mod writes;
#[cfg(feature = "serve")]
mod writing;
mod written_texts;

//! One integration binary. Sites are folders under `tests/fixtures` or written by a test; the tool is run as its users
//! run it.

#![allow(clippy::disallowed_methods, reason = "tests read and write sites")]

mod architecture;
mod bad_input;
mod support;

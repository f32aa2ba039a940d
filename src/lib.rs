//! Precast computes every answer of a JSON API before it is asked, and writes them as plain files.
//!
//! ```text
//!  content/  data/            site/site.toml, schemas, static, templates
//!       \    /                        |
//!        v  v                         v
//!    disk -> content: bytes -> records -> layers merged by key      (all faults collected, with file:line:col)
//!                       |
//!                       v
//!    views: where -> group | count -> sort -> rank -> fields -> each | limit | page     (parallel, no I/O, no clock)
//!                       |            pages: templates, feeds, sitemap
//!                       |            contract: routes, schemas, OpenAPI, TypeScript, edge function, problem documents
//!                       v           /
//!    release: every artifact, sealed under one digest; nothing is written before this point
//!                       |
//!               +-------+--------+
//!               v                v
//!    output: public/,      serve: the same release
//!    changed files only    from memory, watched
//!               |
//!               v
//!    targets: plan(live, next) -> apply -> store: S3 (+ CloudFront), folders; replicas
//! ```
//!
//! In reading order: [`model`] holds the values; [`expr`] the expressions; [`content`] reads; [`views`] answers;
//! [`release`] seals; [`pages`] renders what people read; [`contract`] says what clients are promised; [`disk`], [`output`] and [`published`] are the edges;
//! `sources` fetches activity; `store` and `targets` make releases live; `inbox` keeps what `write` accepts; [`pipeline`] knows the order of the stages; `serve` answers from memory; [`cli`] is the command line.

pub mod model;

pub mod expr;

pub mod content;
pub mod release;
pub mod scores;
pub mod views;

pub mod contract;
pub mod pages;

pub mod disk;
pub mod output;
pub mod published;
#[cfg(feature = "refresh")]
pub mod sources;
#[cfg(feature = "store")]
pub mod store;

#[cfg(feature = "write")]
pub mod inbox;
#[cfg(feature = "publish")]
pub mod targets;

pub mod pipeline;

#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "write")]
pub mod write;

pub mod cli;

//! Requests: which there are, which object answers each, and what is said where none does.

mod edge;
pub mod headers;
pub mod problems;
mod resolve;
mod routes;
mod table;
mod vectors;

pub use edge::{edge, edge_artifact, put_edge};
pub use resolve::{METHODS, Refusal, Resolution};
pub use routes::routes;
pub use table::{RouteTable, TableRoute, TableSegment, Unreachable};
pub use vectors::{Vector, vectors};

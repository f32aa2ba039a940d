//! What clients are promised: routes, schemas, problem documents.

mod answers;
mod api;
mod changes;
mod edge;
mod examples;
pub mod headers;
mod infer;
mod names;
mod openapi;
mod pages;
pub mod problems;
mod resolve;
mod routes;
mod rows;
mod schemas;
mod table;
mod typescript;
mod vectors;
mod verify;

pub use answers::{answer_schemas, operation_of, problem_schema, standalone};
pub use api::{Api, Operation, OperationKind, api};
pub use changes::{Answers, Change, ChangeKind, Changes, Published, broken, contract as contract_changes};
pub use edge::edge;
pub use openapi::openapi;
pub use pages::{NOT_FOUND_PAGE, pages};
pub use problems::problems;
pub use resolve::{METHODS, Refusal, Resolution};
pub use routes::routes;
pub use schemas::{record_schemas, schemas};
pub use table::{RouteTable, TableRoute, TableSegment, Unreachable};
pub use typescript::client;
pub use vectors::{Vector, vectors};
pub use verify::{Mismatch, Verified, verify};

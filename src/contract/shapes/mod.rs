//! Answers: what each looks like, as operations and JSON Schemas.

mod about;
mod answers;
mod api;
mod examples;
mod infer;
mod itself;
mod names;
mod rows;
mod schemas;
mod writable;

pub use answers::{answer_schemas, operation_of, problem_schema, standalone};
pub use api::{Api, Operation, OperationKind, api};
pub use examples::{Example, Examples};
pub use names::Namer;
pub use rows::reference;
pub use schemas::{record_schemas, schemas};
pub use writable::{ACCEPTED, Bodies, REFUSED, Writes, writes};

//! Answers: what each looks like, as operations and JSON Schemas.

mod about;
mod answers;
mod api;
mod examples;
mod infer;
mod names;
mod rows;
mod schemas;

pub use answers::{answer_schemas, operation_of, problem_schema, standalone};
pub use api::{Api, Operation, OperationKind, api};
pub use examples::{Example, Examples};
pub use rows::reference;
pub use schemas::{record_schemas, schemas};

//! What clients are promised: routes, schemas, problem documents.

mod problems;
mod routes;
mod schemas;

pub use problems::problems;
pub use routes::routes;
pub use schemas::{public_schema, schemas};

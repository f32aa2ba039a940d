//! What clients are promised. `requests` and `shapes` say it once; the documents are written from them.

mod changes;
mod openapi;
mod pages;
mod requests;
mod shapes;
mod typescript;
mod verify;

pub use changes::{Answers, Change, ChangeKind, Changes, Published, broken, contract as contract_changes};
pub use openapi::openapi;
pub use pages::{NOT_FOUND_PAGE, pages};
pub use requests::{
    METHODS, Refusal, Resolution, RouteTable, TableRoute, TableSegment, Unreachable, Vector, edge, edge_artifact,
    headers, problems, put_edge, routes, vectors,
};
pub use shapes::{Api, Operation, OperationKind, answer_schemas, api, record_schemas, schemas};
pub use typescript::client;
pub use verify::{Mismatch, Verified, verify};

//! Artifacts to a sealed release: no two on one key, each with its digest, all under one.

mod collisions;
mod digests;
mod manifest;
mod receipts;
mod statics;

pub use collisions::{Collision, collisions};
pub use manifest::{Activity, Facts, manifest_key, seal, sealed_keys};
pub use receipts::FOLDER as RECEIPTS;
pub use statics::statics;

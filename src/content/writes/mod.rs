//! What may be written, as the endpoint checks it and as the build reads it from the inbox.

mod accepted;
mod body;
mod effect;
mod entry;
mod partial;
mod ready;
mod receipts;
mod rules;
mod tombstones;
mod whose;

pub use crate::model::MemberFault;
pub use accepted::{Accepted, Standing, Write};
pub use body::{Malformed, members};
pub use effect::{Blame, Effect};
pub use entry::entry;
pub use ready::{Laid, Ready, ready};
pub use receipts::{Rejected, told_elsewhere};
pub use rules::{Rules, Writable, writable};

pub(super) use accepted::wrong;

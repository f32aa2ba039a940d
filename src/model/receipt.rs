//! What became of an accepted write.

use super::diagnostic::Code;

/// The receipt of one write: it says nothing of who wrote, nor what of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The write's own, which nobody can guess.
    pub id: String,
    pub collection: String,
    pub version: u64,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The release was made with it.
    Published,
    /// An editor did not want it.
    Refused { reason: Option<String> },
    /// The site cannot be built with it.
    Rejected { faults: Vec<MemberFault> },
}

/// One fault of what somebody wrote, with its place in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberFault {
    /// A JSON Pointer (RFC 6901).
    pub pointer: String,
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
}

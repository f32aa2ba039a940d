//! `writes/{id}.json`: what became of each write, for the one who knows its id.

use crate::model::{Outcome, Receipt, write_text};

/// The folder of receipts, under the home surface.
pub const FOLDER: &str = "writes";

/// The path of a receipt below its surface.
pub fn path(receipt: &Receipt) -> String {
    format!("{FOLDER}/{}.json", receipt.id)
}

/// The document. It names neither who wrote nor what of whom.
pub fn document(receipt: &Receipt, release: &str) -> Vec<u8> {
    let status = match receipt.outcome {
        Outcome::Published => "published",
        Outcome::Refused { .. } | Outcome::Rejected { .. } => "rejected",
    };
    let mut out = b"{\"id\":".to_vec();
    write_text(&mut out, &receipt.id);
    let mut member = |name: &str, text: &str| {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        write_text(&mut out, text);
    };
    member("status", status);
    member("release", release);
    member("collection", &receipt.collection);
    out.extend_from_slice(format!(",\"version\":{}", receipt.version).as_bytes());
    match &receipt.outcome {
        Outcome::Rejected { faults } => {
            out.extend_from_slice(b",\"faults\":[");
            for (i, fault) in faults.iter().enumerate() {
                out.extend_from_slice(if i == 0 { b"{\"pointer\":" } else { b",{\"pointer\":" });
                write_text(&mut out, &fault.pointer);
                out.extend_from_slice(b",\"code\":");
                write_text(&mut out, fault.code.0);
                out.extend_from_slice(b",\"message\":");
                write_text(&mut out, &fault.message);
                out.extend_from_slice(b",\"help\":");
                match &fault.help {
                    Some(help) => write_text(&mut out, help),
                    None => out.extend_from_slice(b"null"),
                }
                out.push(b'}');
            }
            out.push(b']');
        }
        Outcome::Refused { reason: Some(reason) } => {
            out.extend_from_slice(b",\"reason\":");
            write_text(&mut out, reason);
        }
        Outcome::Refused { reason: None } | Outcome::Published => {}
    }
    out.push(b'}');
    out
}

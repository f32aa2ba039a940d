//! `precast diff`: what changed for clients between two releases.

use super::{Listing, Outcome, print};
use crate::contract::{ChangeKind, Changes, broken};
use crate::published;
use anyhow::Result;
use clap::ValueEnum;
use serde_json::json;
use std::fmt::Write as _;

#[derive(clap::Args)]
pub struct Diff {
    /// The release before: an output folder, a manifest file, or the URL of one
    old: String,
    /// The release after
    new: String,
    /// How to print the changes
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
    /// End with exit code 1 on such changes
    #[arg(long, value_enum, value_name = "CHANGES")]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Changes that break clients, of a surface whose version was not raised
    Breaking,
    /// Any change
    Any,
}

/// How many keys of a kind are printed for people.
const SHOWN: usize = 20;

impl Diff {
    pub fn run(self) -> Result<Outcome> {
        let (old, new) = (published::load(&self.old)?, published::load(&self.new)?);
        let changes = Changes::between(&old, &new);
        match self.format {
            Listing::Json => print(&format!("{:#}\n", document(&changes))),
            Listing::Human => print(&text(&changes)),
        }
        let failed = match self.fail_on {
            None => false,
            Some(FailOn::Any) => !changes.is_empty(),
            Some(FailOn::Breaking) => broken(&changes.contract).next().is_some(),
        };
        Ok(if failed { Outcome::Faults } else { Outcome::Done })
    }
}

fn count(changes: &Changes, kind: ChangeKind) -> usize {
    changes.contract.iter().filter(|change| change.kind == kind).count()
}

fn document(changes: &Changes) -> serde_json::Value {
    let mut document = json!(changes);
    document["summary"] = json!({
        "appeared": changes.answers.appeared.len(),
        "vanished": changes.answers.vanished.len(),
        "changed": changes.answers.changed.len(),
        "additive": count(changes, ChangeKind::Additive),
        "breaking": count(changes, ChangeKind::Breaking),
        "unannounced": broken(&changes.contract).count(),
    });
    document
}

fn text(changes: &Changes) -> String {
    let mut out = String::new();
    let answers = &changes.answers;
    for (sign, what, keys) in
        [('+', "appeared", &answers.appeared), ('-', "vanished", &answers.vanished), ('~', "changed", &answers.changed)]
    {
        if keys.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "{} {what}",
            if keys.len() == 1 { "1 answer".to_owned() } else { format!("{} answers", keys.len()) }
        );
        for key in keys.iter().take(SHOWN) {
            let _ = writeln!(out, "  {sign} {key}");
        }
        if keys.len() > SHOWN {
            let _ = writeln!(out, "  … and {} more", keys.len() - SHOWN);
        }
    }
    for change in &changes.contract {
        let kind = match (change.kind, change.raised) {
            (ChangeKind::Breaking, true) => "breaking (version raised)",
            (ChangeKind::Breaking, false) => "breaking",
            (ChangeKind::Additive, _) => "additive",
        };
        let _ = writeln!(out, "{kind}: {}: {}", change.path, change.message);
    }
    if changes.is_empty() {
        out.push_str("nothing changed for clients\n");
    }
    out
}

//! `precast forget`: removes what was fetched of a member.

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "refresh"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Forget {
    /// The key of the member's record
    member: String,
}

#[cfg(not(feature = "refresh"))]
impl Forget {
    pub fn run(self, _root: &std::path::Path) -> anyhow::Result<super::Outcome> {
        Ok(super::refresh::left_out("forget"))
    }
}

#[cfg(feature = "refresh")]
mod run {
    use super::Forget;
    use crate::cli::Outcome;
    use crate::cli::human::{diagnostics, plural};
    use crate::pipeline;
    use crate::sources::{Faulty, Lock, forget};
    use anyhow::Result;
    use std::path::Path;

    impl Forget {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let (settings, faults) = pipeline::load_settings(root)?;
            let Some(settings) = settings else {
                diagnostics(faults.iter());
                return Ok(Outcome::Faults);
            };
            let member = &self.member;
            let _lock = Lock::take(root)?;
            let mentions = pipeline::mentions(root, &settings, member)?;
            let mut keys: Vec<String> = mentions.iter().flat_map(|mention| mention.keys.clone()).collect();
            keys.push(member.clone());
            let forgotten = match forget(root, &settings.sources, &keys) {
                Err(error) if error.is::<Faulty>() => {
                    say!("error: {error}");
                    return Ok(Outcome::Faults);
                }
                forgotten => forgotten?,
            };
            for one in &forgotten {
                let what = match (one.facts, one.checks) {
                    (true, true) => format!("facts of {}, and when they were checked", plural(one.days, "day")),
                    (true, false) => format!("facts of {}", plural(one.days, "day")),
                    _ => "when it was checked".to_owned(),
                };
                say!("{}: removed {what}", one.source);
            }
            if forgotten.is_empty() && mentions.is_empty() {
                return Ok(Outcome::Usage(format!(
                    "nothing is known of `{member}`, and no record has this key: look how it is spelt"
                )));
            }
            if forgotten.is_empty() {
                say!("nothing was known of `{member}`");
            }
            for pipeline::Mention { collection, files, .. } in mentions {
                say!(
                    "still named among {collection} by {}: delete it there, or the next refresh fetches anew; what is published stays until the next publish",
                    files.join(", ")
                );
            }
            Ok(Outcome::Done)
        }
    }
}

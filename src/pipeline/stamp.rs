//! What a finished build was made from, so that the next one can tell that nothing changed.

use super::{BuildOptions, ReleaseSummary, Report, Writes};
use crate::model::{Hidden, InputFile, Inputs, hex};
use jiff::Timestamp;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub struct Stamp {
    /// Empty where the build had warnings, which are to be told again.
    pub fingerprint: String,
    /// Nanoseconds since 1970: the instant of the build, and the first at which its output would change.
    pub from: i128,
    pub until: Option<i128>,
    /// What the release says of when its sources were read.
    #[serde(default)]
    pub read_at: Option<i128>,
    pub hidden: Vec<Hidden>,
    pub collections: Vec<(String, usize)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<Writes>,
    pub release: ReleaseSummary,
}

impl Stamp {
    pub fn of(
        fingerprint: String,
        options: BuildOptions<'_>,
        next_change: Option<Timestamp>,
        report: &Report,
        release: ReleaseSummary,
    ) -> Self {
        Self {
            fingerprint,
            from: options.now.as_nanosecond(),
            read_at: options.read_at().map(Timestamp::as_nanosecond),
            until: next_change.map(Timestamp::as_nanosecond),
            hidden: report.hidden.clone(),
            collections: report.collections.clone(),
            writes: report.writes.clone(),
            release,
        }
    }

    /// What that build found, for the report of one that finds the same.
    pub fn tell(self, report: &mut Report) {
        report.hidden = self.hidden;
        report.collections = self.collections;
        report.writes = self.writes;
        report.release = Some(self.release);
    }

    /// Whether a build of the same inputs at `now` would give the same.
    pub fn holds(&self, fingerprint: &str, now: Timestamp, read_at: Option<Timestamp>) -> bool {
        let now = now.as_nanosecond();
        let same = self.read_at == read_at.map(Timestamp::as_nanosecond);
        self.fingerprint == fingerprint && self.from <= now && same && self.until.is_none_or(|until| now < until)
    }
}

/// A digest of everything that a build reads.
pub fn fingerprint(tool: &str, settings: Option<&InputFile>, inputs: &Inputs) -> String {
    let digest = |file: &InputFile| -> [u8; 32] {
        match file {
            InputFile::Bytes(bytes) => Sha256::digest(bytes.as_slice()).into(),
            _ => [0; 32],
        }
    };
    let files: Vec<(&Arc<str>, &InputFile)> = inputs.files.iter().collect();
    let digests: Vec<[u8; 32]> = files.par_iter().map(|(_, file)| digest(file)).collect();
    let mut all = Sha256::new();
    all.update(tool.as_bytes());
    all.update(settings.map_or([0; 32], digest));
    for ((path, _), digest) in files.iter().zip(digests) {
        all.update((path.len() as u64).to_be_bytes());
        all.update(path.as_bytes());
        all.update(digest);
    }
    hex(&all.finalize())
}

//! What a publish costs at S3's list prices.

use crate::model::Layout;
use crate::store::Counts;
use serde::Serialize;
use std::sync::atomic::Ordering;

/// Dollars for a request, S3 Standard in us-east-1 (aws.amazon.com/s3/pricing): PUT, COPY and LIST; GET and HEAD.
/// Deletes are free.
const WRITE: f64 = 0.005 / 1000.0;
const READ: f64 = 0.0004 / 1000.0;
/// Dollars for a path to invalidate, beyond those that are free each month (aws.amazon.com/cloudfront/pricing).
const PATH: f64 = 0.005;
const FREE_PATHS: u64 = 1000;
const HOURS: u64 = 24 * 30;

/// The requests of a publish in one layout, and their price.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    pub layout: Layout,
    /// PUT, COPY and LIST.
    pub writes: u64,
    /// GET and HEAD.
    pub reads: u64,
    /// US dollars, for these requests.
    pub dollars: f64,
    /// Paths that CloudFront is asked to forget.
    pub paths: u64,
}

impl Cost {
    pub fn of(layout: Layout, writes: u64, reads: u64) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a price is rounded anyway")]
        let dollars = writes as f64 * WRITE + reads as f64 * READ;
        Self { layout, writes, reads, dollars, paths: 0 }
    }

    /// What was asked of a store.
    pub fn spent(layout: Layout, counts: &Counts) -> Self {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let writes = count(&counts.puts) + count(&counts.copies) + count(&counts.lists);
        Self::of(layout, writes, count(&counts.gets))
    }

    /// The same, with paths to invalidate.
    #[must_use]
    pub fn invalidating(self, paths: usize) -> Self {
        Self { paths: paths as u64, ..self }
    }

    /// Dollars for a month of such publishes, one an hour.
    pub fn hourly(&self) -> f64 {
        let paths = (self.paths * HOURS).saturating_sub(FREE_PATHS);
        #[allow(clippy::cast_precision_loss, reason = "a price is rounded anyway")]
        let sum = self.dollars * HOURS as f64 + paths as f64 * PATH;
        sum
    }
}

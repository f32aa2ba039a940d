//! `precast promote`: the release that is live in one environment, byte for byte in another.

use super::publish::How;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Promote {
    /// The environment whose live release is taken
    #[arg(long, value_name = "NAME")]
    from: String,
    /// The environment where it becomes live
    #[arg(long, value_name = "NAME")]
    to: String,
    /// Where S3 and CloudFront answer, instead of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    #[command(flatten)]
    how: How,
}

#[cfg(feature = "publish")]
mod run {
    use super::Promote;
    use crate::cli::Outcome;
    use crate::cli::deployment::{Opened, block_on, environments, named};
    use crate::targets::Target;
    use anyhow::Result;
    use std::path::Path;

    impl Promote {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            let known = match environments(root)? {
                Opened::Open(known) => known,
                Opened::Ended(outcome) => return Ok(outcome),
            };
            let (from, to) = match (named(&self.from, known.clone()), named(&self.to, known)) {
                (Opened::Open(from), Opened::Open(to)) => (from, to),
                (Opened::Ended(outcome), _) | (_, Opened::Ended(outcome)) => return Ok(outcome),
            };
            if from.name == to.name {
                return Ok(Outcome::Usage(format!("`{}` is both where from and where to", from.name)));
            }
            let endpoint = self.endpoint_url.as_deref();
            block_on(async {
                let next = Target::open(&from, root, endpoint).await?.live_release().await?;
                let target = Target::open(&to, root, endpoint).await?;
                self.how.publish(&target, &next, root, endpoint).await
            })
        }
    }
}

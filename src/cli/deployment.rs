//! What the commands that speak to a target have in common: which environment, who asks, and how it is told.

use super::Outcome;
use std::path::Path;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "publish"),
    allow(dead_code, reason = "the options are told even where the commands are left out")
)]
pub struct Where {
    /// An environment of site/environments.toml
    #[arg(long, value_name = "NAME", conflicts_with = "to")]
    pub env: Option<String>,
    /// A target without an environment, in the layout `flat`: `s3://bucket/prefix`, `file:///folder` or a folder
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// Where S3 and CloudFront answer, instead of AWS
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// What a command gives when it is not part of this build.
#[cfg(not(feature = "publish"))]
macro_rules! left_out {
    ($($command:ty => $name:literal,)*) => {$(
        impl $command {
            #[allow(clippy::unused_self, reason = "the same call with and without the feature")]
            pub fn run(self, _root: &Path) -> anyhow::Result<Outcome> {
                Ok(Outcome::Usage(format!(
                    "this build has no `{}`: run `cargo run --features publish -- {0} …`, or build it with `cargo install --path . --features publish`",
                    $name
                )))
            }
        }
    )*};
}

#[cfg(not(feature = "publish"))]
left_out! {
    super::publish::Publish => "publish",
    super::releases::Releases => "releases",
    super::rollback::Rollback => "rollback",
    super::verify::Verify => "verify",
    super::gc::Gc => "gc",
    super::promote::Promote => "promote",
    super::status::StatusOf => "status",
}

#[cfg(feature = "publish")]
pub use open::{Opened, block_on, environments, named, publisher, reporting, told_bytes};

#[cfg(feature = "publish")]
mod open {
    use super::{Outcome, Path, Where};
    use crate::cli::human;
    use crate::content::settings::environments as declared;
    use crate::model::{Environment, Location};
    use crate::pipeline;
    use crate::targets::{Progress, Publisher, Report, Target};
    use anyhow::Result;
    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
    use jiff::Timestamp;
    use std::io::IsTerminal;
    use std::sync::Arc;

    /// An environment, or how the command ends without one.
    pub enum Opened<T> {
        Open(T),
        Ended(Outcome),
    }

    /// The declared environments; faults are told.
    pub fn environments(root: &Path) -> Result<Opened<Vec<Environment>>> {
        let (environments, faults) = pipeline::environments(root)?;
        if faults.is_empty() {
            return Ok(Opened::Open(environments));
        }
        human::diagnostics(faults.iter());
        Ok(Opened::Ended(Outcome::Faults))
    }

    impl Where {
        /// The environment that is meant.
        pub fn environment(&self, root: &Path) -> Result<Opened<Environment>> {
            if let Some(to) = &self.to {
                return Ok(match Location::parse(to) {
                    Ok(location) => Opened::Open(Environment::at(location)),
                    Err(wrong) => Opened::Ended(Outcome::Usage(format!("--to: {wrong}"))),
                });
            }
            let known = match environments(root)? {
                Opened::Open(known) => known,
                Opened::Ended(outcome) => return Ok(Opened::Ended(outcome)),
            };
            let Some(name) = &self.env else {
                let message = format!("name an environment with --env ({}), or a target with --to", declaring(&known));
                return Ok(Opened::Ended(Outcome::Usage(message)));
            };
            Ok(named(name, known))
        }

        pub async fn open(&self, environment: &Environment, root: &Path) -> Result<Target> {
            Target::open(environment, root, self.endpoint_url.as_deref()).await
        }
    }

    /// The environment of that name, among all that there are.
    pub fn named(name: &str, known: Vec<Environment>) -> Opened<Environment> {
        let declaring = declaring(&known);
        match known.into_iter().find(|environment| environment.name == name) {
            Some(environment) => Opened::Open(environment),
            None => Opened::Ended(Outcome::Usage(format!("there is no environment `{name}`: {declaring}"))),
        }
    }

    fn declaring(known: &[Environment]) -> String {
        let names: Vec<String> = known.iter().map(|environment| format!("`{}`", environment.name)).collect();
        match names.as_slice() {
            [] => format!("{} declares none, such as a table `[prod]` with its `target`", declared::PATH),
            names => format!("{} declares {}", declared::PATH, names.join(", ")),
        }
    }

    /// Who publishes, and when.
    pub fn publisher() -> Publisher {
        let now = Timestamp::now();
        let who = ["GITHUB_ACTOR", "USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let name = who.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned());
        let rounded = now.round(jiff::Unit::Second).unwrap_or(now);
        Publisher { name, now: rounded.to_string(), seconds: now.as_second() }
    }

    pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
        // Threads that read files: each keeps memory of its own.
        let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(8).enable_all().build()?;
        runtime.block_on(work)
    }

    /// Tells on standard error what goes on; with a bar where somebody watches.
    pub fn reporting() -> Report {
        let watched = std::io::stderr().is_terminal();
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Arc::new(move |progress| match progress {
            Progress::Start { objects, .. } => {
                bar.reset();
                bar.set_length(objects as u64);
            }
            Progress::Done { .. } => {
                bar.inc(1);
                if Some(bar.position()) == bar.length() {
                    bar.finish_and_clear();
                }
            }
            Progress::Say(text) => bar.suspend(|| say!("{text}")),
        })
    }

    /// Bytes for people.
    pub fn told_bytes(bytes: u64) -> String {
        #[allow(clippy::cast_precision_loss, reason = "it is rounded anyway")]
        let bytes_f = bytes as f64;
        match bytes {
            0..1000 => format!("{bytes} bytes"),
            1000..1_000_000 => format!("{:.1} KB", bytes_f / 1e3),
            _ => format!("{:.1} MB", bytes_f / 1e6),
        }
    }
}

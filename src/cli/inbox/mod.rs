//! `precast inbox`: accepted writes; look, decide, fetch.

#[cfg(feature = "write")]
mod apply;

use super::Listing;

/// What to do with accepted writes
#[derive(clap::Subcommand)]
#[cfg_attr(
    not(feature = "write"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub enum InboxCommand {
    /// List accepted writes, oldest first of each record
    List(List),
    /// Show one accepted write
    Show(Show),
    /// Let a write that waits into the next build
    Approve(Approve),
    /// Keep a write that waits out of every build
    Reject(Reject),
    /// Turn accepted writes into content files, so that editors see them where everything else is
    Apply(Apply),
    /// Bring what the deployed endpoint accepted into the folder that `build` reads
    Fetch(Fetch),
}

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "write"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct At {
    /// An environment of site/environments.toml that names its `inbox` [default: the site's folder]
    #[arg(long, value_name = "NAME", conflicts_with = "inbox")]
    env: Option<String>,
    /// An inbox: `s3://bucket/prefix` or a folder [default: the site's folder]
    #[arg(long, value_name = "URL")]
    inbox: Option<String>,
    /// Where S3 answers, instead of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    at: At,
    /// Only those that wait for an editor
    #[arg(long)]
    waiting: bool,
    /// How to print the writes
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[derive(clap::Args)]
pub struct Show {
    /// The id of the write, or its first digits
    id: String,
    #[command(flatten)]
    at: At,
}

#[derive(clap::Args)]
pub struct Approve {
    /// The ids of the writes, or their first digits
    #[arg(required = true)]
    ids: Vec<String>,
    /// Who decides [default: the user's name]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    at: At,
}

#[derive(clap::Args)]
pub struct Reject {
    /// The ids of the writes, or their first digits
    #[arg(required = true)]
    ids: Vec<String>,
    /// Why, in words for whoever wrote: the receipt shows it to everybody
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who decides [default: the user's name]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    at: At,
}

#[derive(clap::Args)]
pub struct Apply {
    #[command(flatten)]
    at: At,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
}

#[derive(clap::Args)]
pub struct Fetch {
    #[command(flatten)]
    at: At,
}

#[cfg(not(feature = "write"))]
impl InboxCommand {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same call with and without the feature")]
    pub fn run(self, _root: &std::path::Path) -> anyhow::Result<super::Outcome> {
        Ok(super::Outcome::Usage(
            "this build has no `inbox`: build it with `cargo install --path . --features write`".to_owned(),
        ))
    }
}

#[cfg(feature = "write")]
pub use run::open;

#[cfg(feature = "write")]
mod run {
    use super::{Apply, Approve, At, Fetch, InboxCommand, List, Listing, Reject, Show, apply};
    use crate::cli::human::{diagnostics, plural};
    use crate::cli::{Outcome, print};
    use crate::inbox::{Decided, Decision, ENTRIES, Inbox, Kept};
    use crate::model::{Change, Location, Settings};
    use crate::pipeline;
    use crate::store::{Options, Store};
    use anyhow::{Context, Error, Result};
    use jiff::Timestamp;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::path::Path;

    /// Wrong usage that is found on the way.
    #[derive(Debug)]
    struct Wrong(String);

    impl std::fmt::Display for Wrong {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl std::error::Error for Wrong {}

    /// What to say of an environment that is not there.
    fn unknown(root: &Path, name: &str) -> Result<String> {
        let (environments, _) = pipeline::environments(root)?;
        let known: Vec<String> = environments.iter().map(|environment| format!("`{}`", environment.name)).collect();
        let declared = match known.as_slice() {
            [] => "site/environments.toml declares none".to_owned(),
            known => format!("site/environments.toml declares {}", known.join(", ")),
        };
        Ok(format!("there is no environment `{name}`: {declared}"))
    }

    impl InboxCommand {
        pub fn run(self, root: &Path) -> Result<Outcome> {
            match self.done(root) {
                Err(error) => error.downcast().map(|Wrong(wrong)| Outcome::Usage(wrong)),
                done => done,
            }
        }

        fn done(self, root: &Path) -> Result<Outcome> {
            let (settings, faults) = pipeline::load_settings(root)?;
            let Some(settings) = settings else {
                diagnostics(faults.iter());
                return Ok(Outcome::Faults);
            };
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
            match self {
                Self::List(command) => command.run(root, &settings, &runtime),
                Self::Show(command) => command.run(root, &settings, &runtime),
                Self::Approve(Approve { ids, by, at }) => {
                    decide(&at, root, &settings, &runtime, &ids, &decided(Decision::Approved, by, None))
                }
                Self::Reject(Reject { ids, reason, by, at }) => {
                    decide(&at, root, &settings, &runtime, &ids, &decided(Decision::Rejected, by, reason))
                }
                Self::Apply(Apply { at, dry_run, format }) => {
                    apply::run(root, &at, (dry_run, format == Listing::Json), &runtime)
                }
                Self::Fetch(command) => command.run(root, &runtime),
            }
        }
    }

    impl At {
        /// The inbox that is named; `None` where none is.
        pub fn named(&self, root: &Path) -> Result<Option<Inbox>> {
            let (url, endpoint) = match &self.env {
                None => (self.inbox.clone(), self.endpoint_url.clone()),
                Some(name) => {
                    let (environments, _) = pipeline::environments(root)?;
                    let Some(found) = environments.into_iter().find(|environment| environment.name == *name) else {
                        return Err(Wrong(unknown(root, name)?).into());
                    };
                    let Some(inbox) = found.inbox else {
                        let add = "add `inbox = \"s3://bucket/prefix\"` to it in site/environments.toml";
                        return Err(Wrong(format!("the environment `{name}` names no `inbox`: {add}")).into());
                    };
                    (Some(inbox.to_string()), self.endpoint_url.clone().or(found.endpoint))
                }
            };
            url.map(|url| open(root, Some(&url), endpoint.as_deref())).transpose()
        }

        fn open(&self, root: &Path) -> Result<Inbox> {
            match self.named(root)? {
                Some(inbox) => Ok(inbox),
                None => open(root, None, None),
            }
        }
    }

    /// The inbox at a location, or in the folder that the site's build reads.
    pub fn open(root: &Path, inbox: Option<&str>, endpoint_url: Option<&str>) -> Result<Inbox> {
        let location = if let Some(text) = inbox {
            Location::parse(text).map_err(Error::msg)?.below(root)
        } else {
            let (settings, _) = pipeline::load_settings(root)?;
            let endpoint = settings.map(|settings| settings.writes.endpoint).unwrap_or_default();
            Location::Folder(root.join(endpoint.inbox))
        };
        let options = Options { endpoint: endpoint_url.map(str::to_owned), ..Options::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
        runtime.block_on(Store::open(&location, &options)).map(Inbox::new)
    }

    /// How things stand with a write.
    fn state(kept: &Kept, settings: &Settings, decisions: &BTreeMap<String, Decided>) -> &'static str {
        let entry = &kept.entry;
        let collection = settings.collection(&entry.collection).and_then(|at| settings.writes.of(at));
        match decisions.get(&entry.id) {
            _ if entry.change == Change::Forgotten => "forgotten",
            Some(decided) => decided.decision.name(),
            None if collection.is_some_and(|decl| decl.review) && !entry.by_editor => "waiting",
            None => "accepted",
        }
    }

    fn described(kept: &Kept, state: &str, decided: Option<&Decided>) -> Json {
        let entry = &kept.entry;
        let mut told = json!({
            "id": entry.id,
            "collection": entry.collection,
            "key": entry.key,
            "version": entry.version,
            "change": entry.change.name(),
            "status": state,
            "by": entry.by,
            "at": entry.at.to_string(),
        });
        if let Some(decided) = decided {
            told["decidedBy"] = json!(decided.by);
            if let Some(reason) = &decided.reason {
                told["reason"] = json!(reason);
            }
        }
        told
    }

    impl List {
        fn run(self, root: &Path, settings: &Settings, runtime: &tokio::runtime::Runtime) -> Result<Outcome> {
            let inbox = self.at.open(root)?;
            let (entries, decisions) =
                runtime.block_on(async { anyhow::Ok((inbox.entries(ENTRIES).await?, inbox.decisions().await?)) })?;
            let told: Vec<(Kept, &str)> = entries
                .into_iter()
                .map(|kept| {
                    let state = state(&kept, settings, &decisions);
                    (kept, state)
                })
                .filter(|(_, state)| !self.waiting || *state == "waiting")
                .collect();
            match self.format {
                Listing::Json => {
                    let writes: Vec<Json> = told
                        .iter()
                        .map(|(kept, state)| described(kept, state, decisions.get(&kept.entry.id)))
                        .collect();
                    print(&format!("{:#}\n", json!({ "writes": writes })));
                }
                Listing::Human => {
                    let mut text = String::new();
                    for (Kept { entry, .. }, state) in &told {
                        // Writing to a string cannot fail.
                        let _ = writeln!(
                            text,
                            "{}  {state:<9} {:<9} {}/{} version {}  {}",
                            &entry.id[..12],
                            entry.change.name(),
                            entry.collection,
                            entry.key.escape_debug(),
                            entry.version,
                            entry.at.strftime("%Y-%m-%d %H:%M"),
                        );
                    }
                    print(&text);
                    say!("{} in {}", plural(told.len(), "write"), inbox.name());
                }
            }
            Ok(Outcome::Done)
        }
    }

    /// The one write whose id starts so.
    fn find<'k>(entries: &'k [Kept], id: &str) -> Result<&'k Kept, String> {
        let mut found = entries.iter().filter(|kept| !id.is_empty() && kept.entry.id.starts_with(id));
        match (found.next(), found.next()) {
            (Some(kept), None) => Ok(kept),
            (None, _) => Err(format!("no write has the id `{id}`: `precast inbox list` shows them")),
            _ => Err(format!("several writes have an id that starts with `{id}`: write more of it")),
        }
    }

    impl Show {
        fn run(self, root: &Path, settings: &Settings, runtime: &tokio::runtime::Runtime) -> Result<Outcome> {
            let inbox = self.at.open(root)?;
            let (entries, decisions) =
                runtime.block_on(async { anyhow::Ok((inbox.entries(ENTRIES).await?, inbox.decisions().await?)) })?;
            let kept = match find(&entries, &self.id) {
                Ok(kept) => kept,
                Err(wrong) => return Ok(Outcome::Usage(wrong)),
            };
            let mut told = described(kept, state(kept, settings, &decisions), decisions.get(&kept.entry.id));
            if let Some(members) = kept.entry.change.members() {
                told["value"] = (&crate::model::Value::Map(members.into())).into();
            }
            print(&format!("{told:#}\n"));
            Ok(Outcome::Done)
        }
    }

    fn decided(decision: Decision, by: Option<String>, reason: Option<String>) -> Decided {
        let user = || std::env::var("USER").unwrap_or_else(|_| "an editor".to_owned());
        Decided { decision, by: by.unwrap_or_else(user), reason }
    }

    fn decide(
        at: &At,
        root: &Path,
        settings: &Settings,
        runtime: &tokio::runtime::Runtime,
        ids: &[String],
        decided: &Decided,
    ) -> Result<Outcome> {
        let inbox = at.open(root)?;
        runtime.block_on(async {
            let (entries, decisions) = (inbox.entries(ENTRIES).await?, inbox.decisions().await?);
            // All of them are looked at before the first is decided.
            let mut chosen = Vec::new();
            for id in ids {
                match find(&entries, id) {
                    Ok(kept) => chosen.push(kept),
                    Err(wrong) => return Ok(Outcome::Usage(wrong)),
                }
            }
            for kept in chosen {
                let (id, word) = (&kept.entry.id, decided.decision.name());
                match state(kept, settings, &decisions) {
                    "waiting" if inbox.decide(id, decided, Timestamp::now()).await? => say!("{id}: {word}"),
                    // An approval that was cut off may not have forgotten everything.
                    state if state == word => say!("{id}: {word} already"),
                    "waiting" => return Ok(Outcome::Usage(format!("{id}: somebody else decided at the same moment"))),
                    state => return Ok(Outcome::Usage(format!("{id} does not wait for a decision: it is {state}"))),
                }
                let entry = &kept.entry;
                if entry.change == Change::Delete && decided.decision == Decision::Approved {
                    inbox.forget_before(&entry.collection, &entry.key, entry.version).await?;
                }
            }
            Ok(Outcome::Done)
        })
    }

    impl Fetch {
        fn run(self, root: &Path, runtime: &tokio::runtime::Runtime) -> Result<Outcome> {
            let Some(from) = self.at.named(root)? else {
                return Ok(Outcome::Usage("say where from: `--env NAME` or `--inbox s3://bucket/prefix`".to_owned()));
            };
            let here = open(root, None, None)?;
            let fetched = runtime.block_on(here.fetch(&from))?;
            let (writes, decisions) = (plural(fetched.entries, "write"), plural(fetched.decisions, "decision"));
            say!("{writes} and {decisions} fetched from {} to {}", from.name(), here.name());
            Ok(Outcome::Done)
        }
    }
}

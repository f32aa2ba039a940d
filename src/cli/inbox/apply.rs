//! `precast inbox apply`: accepted writes become content files.

use super::{At, open};
use crate::cli::human::{diagnostics, plural};
use crate::cli::{Outcome, print};
use crate::inbox::{ENTRIES, Inbox, Kept};
use crate::model::TOMBSTONES;
use crate::pipeline::{self, Applied, Plan};
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use tokio::runtime::Runtime;

/// What was put aside is kept so long, for its receipts.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

pub fn run(root: &Path, at: &At, (dry_run, as_json): (bool, bool), runtime: &Runtime) -> Result<Outcome> {
    let own = open(root, None, None)?;
    // What was accepted elsewhere is looked at here, and put aside there when the files say it.
    let elsewhere = at.named(root)?;
    if let Some(from) = &elsewhere {
        runtime.block_on(own.fetch(from))?;
    }
    let plan = match pipeline::plan_apply(root, Timestamp::now())? {
        Ok(plan) => plan,
        Err(faults) => {
            diagnostics(faults.iter());
            return Ok(Outcome::Faults);
        }
    };
    if !dry_run {
        for (path, text) in plan.applied.iter().flat_map(|applied| &applied.files) {
            write(root, path, text.as_deref())?;
        }
        if let Some(text) = &plan.tombstones {
            write(root, TOMBSTONES, Some(text))?;
        }
        runtime.block_on(put_aside(&own, elsewhere.as_ref(), &plan))?;
    }
    if as_json {
        print(&format!("{:#}\n", document(&plan)));
    } else {
        tell(&plan, dry_run);
    }
    Ok(Outcome::Done)
}

/// Puts aside what the files say. Elsewhere, that is what they said before: what was written to them just now is not
/// published until it is merged.
async fn put_aside(own: &Inbox, elsewhere: Option<&Inbox>, plan: &Plan) -> Result<()> {
    let inbox = elsewhere.unwrap_or(own);
    // What is put aside now has its receipts until the next time at least, however old it is.
    inbox.collect(KEPT, Timestamp::now()).await?;
    let entries = inbox.entries(ENTRIES).await?;
    for applied in plan.applied.iter().filter(|applied| elsewhere.is_none() || applied.is_said) {
        let of = |kept: &&Kept| applied.ids.contains(&kept.entry.id);
        let kept: Vec<Kept> = entries.iter().filter(of).cloned().collect();
        inbox.archive(&kept).await?;
    }
    if let Some(elsewhere) = elsewhere {
        own.fetch(elsewhere).await?;
    }
    Ok(())
}

/// Replaces a file, or removes it.
fn write(root: &Path, path: &str, text: Option<&str>) -> Result<()> {
    let file = root.join(path);
    let told = || format!("cannot write {}", file.display());
    let Some(text) = text else {
        return match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).with_context(told),
            _ => Ok(()),
        };
    };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(told)?;
    }
    // A name that starts with a dot is no record to whoever reads meanwhile.
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temporary = file.with_file_name(format!(".{name}.new"));
    let written = fs::File::create(&temporary).and_then(|mut out| {
        std::io::Write::write_all(&mut out, text.as_bytes())?;
        out.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&temporary, &file));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced.with_context(told)
}

fn tell(plan: &Plan, dry_run: bool) {
    let (wrote, removed) = if dry_run { ("would write", "would remove") } else { ("wrote", "removed") };
    for Applied { collection, key, files, ids, still_named, is_said, .. } in &plan.applied {
        let writes = plural(ids.len(), "write");
        if *is_said {
            say!("{collection}/{key}: {writes}, which the files say already");
        }
        for (path, text) in files {
            say!("{collection}/{key}: {} {path} ({writes})", if text.is_some() { wrote } else { removed });
        }
        for path in still_named {
            say!(
                "{collection}/{key}: {path} still names it; the tombstone hides it, and it is better removed there, too"
            );
        }
    }
    if plan.tombstones.is_some() {
        say!("{wrote} {TOMBSTONES}, which keeps removed records from coming back");
    }
    for left in &plan.left {
        say!("{}/{} is left in the inbox: {}", left.collection, left.key, left.why);
    }
    let files: usize = plan.applied.iter().map(|applied| applied.files.len()).sum();
    say!("{} changed, {} of the inbox left", plural(files, "file"), plural(plan.left.len(), "record"));
}

fn document(plan: &Plan) -> Json {
    let applied = plan.applied.iter().map(|applied| {
        let files = applied.files.iter().map(|(path, text)| json!({ "path": path, "removed": text.is_none() }));
        json!({
            "collection": applied.collection,
            "key": applied.key,
            "writes": applied.ids,
            "files": files.collect::<Vec<_>>(),
            "stillNamedIn": applied.still_named,
        })
    });
    let left = plan.left.iter().map(|left| json!({ "collection": left.collection, "key": left.key, "why": left.why }));
    json!({ "applied": applied.collect::<Vec<_>>(), "left": left.collect::<Vec<_>>() })
}

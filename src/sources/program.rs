//! Runs a program that is a source.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::command;
use super::driver::{Driver, Over};
use super::member::Asking;
use super::outcome::{Came, Outcome};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// How long a program may take without a deadline.
const LONGEST: Duration = Duration::from_hours(1);

/// Starts the program in the site's folder, and gives it all jobs at once. Who has no outcome when it ends has failed.
pub async fn run(
    root: &Path,
    words: &[String],
    members: &[Asking],
    driver: &mut Driver<'_>,
    emit: &mut dyn FnMut(Outcome) -> Result<()>,
) -> Result<Option<Over>> {
    let Some((program, arguments)) = words.split_first() else { return Ok(None) };
    let now = driver.clock.now();
    let left = driver
        .budget
        .deadline
        .map_or(LONGEST, |deadline| Duration::try_from(deadline.duration_since(now)).unwrap_or_default());
    // A path is meant from the site's folder; a bare name is looked up.
    let path = if program.contains('/') { root.join(program) } else { program.into() };
    let mut command = Command::new(&path);
    command.args(arguments).current_dir(root).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("cannot start `{program}`, the command of the source"))?;
    let jobs: String = members.iter().map(|member| command::job(member, now) + "\n").collect();
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let writing = tokio::spawn(async move {
        if let Some(mut input) = input {
            // A program that has heard enough closes its end.
            let _ = input.write_all(jobs.as_bytes()).await;
        }
    });
    driver.spent.requests += 1;
    let mut told = vec![false; members.len()];
    let mut wrong = None;
    let reading = async {
        let Some(output) = output else { return anyhow::Ok(None) };
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await.with_context(|| format!("cannot read what `{program}` says"))? {
            if line.trim().is_empty() {
                continue;
            }
            match command::read(&line, members) {
                Ok((at, came)) => {
                    told[at] = true;
                    emit(Outcome { member: members[at].key.clone(), at: now, came })?;
                }
                Err(why) => wrong = Some(why),
            }
        }
        Ok(Some(child.wait().await.with_context(|| format!("cannot wait for `{program}`"))?))
    };
    let ended = tokio::time::timeout(left, reading).await;
    writing.abort();
    let Ok(ended) = ended else { return Ok(Some(Over::Budget("--deadline"))) };
    let why = silence(program, ended?, wrong);
    for (member, _) in members.iter().zip(told).filter(|(_, told)| !told) {
        emit(Outcome { member: member.key.clone(), at: now, came: Came::Failed(why.clone()) })?;
    }
    Ok(None)
}

/// Why some members have no outcome.
fn silence(program: &str, ended: Option<ExitStatus>, wrong: Option<String>) -> String {
    match (ended, wrong) {
        (_, Some(wrong)) => format!("`{program}` said what is no outcome: {wrong}"),
        (Some(status), None) if !status.success() => format!("`{program}` ended with {status}"),
        _ => format!("`{program}` said nothing of it"),
    }
}

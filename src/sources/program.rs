//! Runs a program that is a source.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

use super::command::{self, Heard};
use super::driver::{Driver, Over};
use super::group::Group;
use super::member::Asking;
use super::outcome::{Came, Outcome};
use super::token::Token;
use crate::model::Source;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// How long a program may take without a deadline.
const LONGEST: Duration = Duration::from_hours(1);
/// The variables that a program is given, and those whose names begin with `LC_`; the rest may be secrets of others.
const GIVEN: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
/// What no program starts without on Windows.
const GIVEN_ON_WINDOWS: [&str; 10] = [
    "APPDATA",
    "COMSPEC",
    "LOCALAPPDATA",
    "PATHEXT",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "WINDIR",
];

/// Starts the program in the site's folder, and gives it all jobs at once. Who has no outcome when it ends has failed.
pub async fn run(
    root: &Path,
    source: &Source,
    words: &[String],
    members: &[Asking],
    driver: &mut Driver<'_>,
    emit: &mut dyn FnMut(Outcome) -> Result<()>,
) -> Result<Option<Over>> {
    let Some((program, arguments)) = words.split_first() else { return Ok(None) };
    let now = driver.clock.now();
    let deadline = driver.budget.deadline;
    let left = deadline.map_or(LONGEST, |end| Duration::try_from(end.duration_since(now)).unwrap_or_default());
    let mut child = start(root, source, program, arguments, driver.token.as_ref())?;
    let group = Group::of(&child);
    let jobs: String = members.iter().map(|member| command::job(member, now) + "\n").collect();
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let writing = tokio::spawn(async move {
        if let Some(mut input) = input {
            // A program that has heard enough closes its end.
            let _ = input.write_all(jobs.as_bytes()).await;
        }
    });
    driver.spent.requests += 1;
    let token = driver.token.clone();
    let mut heard = Heard::new(members, now);
    let reading = async {
        let Some(output) = output else { return anyhow::Ok(None) };
        let mut lines = BufReader::new(output).split(b'\n');
        while let Some(line) =
            lines.next_segment().await.with_context(|| format!("cannot read what `{program}` says"))?
        {
            let line = String::from_utf8_lossy(&line).into_owned();
            let line = token.as_ref().map_or(line.clone(), |token| token.hide(line));
            if let Some((member, came)) = heard.line(&line) {
                emit(Outcome { member: member.key.clone(), at: now, came })?;
            }
        }
        Ok(Some(child.wait().await.with_context(|| format!("cannot wait for `{program}`"))?))
    };
    let ended = tokio::time::timeout(left, reading).await;
    writing.abort();
    driver.notes.extend(heard.note(program));
    let Ok(ended) = ended else {
        drop(group);
        let late = format!("`{program}` was still at work when its time was up");
        driver.trouble = Some(late.clone());
        return Ok(Some(if deadline.is_some() { Over::Budget("--deadline") } else { Over::Refused(late) }));
    };
    let ended = ended?;
    group.let_go();
    let why = silence(program, ended, heard.first());
    for member in heard.untold() {
        emit(Outcome { member: member.key.clone(), at: now, came: Came::Failed(why.clone()) })?;
    }
    Ok(None)
}

fn start(root: &Path, source: &Source, program: &str, arguments: &[String], token: Option<&Token>) -> Result<Child> {
    // A path is meant from the site's folder; a bare name is looked up.
    let path = if program.contains('/') { root.join(program) } else { program.into() };
    let mut command = Command::new(&path);
    command
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_given)));
    if let (Some(variable), Some(token)) = (&source.token, token) {
        token.give(&mut command, &variable.value);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().with_context(|| format!("cannot start `{program}`, the command of the source"))
}

fn is_given(name: &str) -> bool {
    let on_windows = cfg!(windows) && GIVEN_ON_WINDOWS.iter().any(|given| given.eq_ignore_ascii_case(name));
    // Windows knows `Path`.
    let given = GIVEN.iter().any(|given| if cfg!(windows) { given.eq_ignore_ascii_case(name) } else { *given == name });
    given || on_windows || name.starts_with("LC_")
}

/// Why some members have no outcome.
fn silence(program: &str, ended: Option<ExitStatus>, wrong: Option<&str>) -> String {
    match (ended, wrong) {
        (_, Some(wrong)) => format!("`{program}` said what is no outcome: {wrong}"),
        (Some(status), None) if !status.success() => format!("`{program}` ended with {status}"),
        _ => format!("`{program}` said nothing of it"),
    }
}

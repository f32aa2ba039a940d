//! The command line: one file for each command, and the only module that prints.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr, reason = "an I/O edge")]

/// Prints a line to standard error. That nobody listens is no reason to fail.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($part)*);
    }};
}

mod build;
mod check;
mod deployment;
mod diff;
mod edge;
#[cfg(feature = "serve")]
mod endpoint;
mod explain;
mod forget;
mod gc;
mod human;
mod inbox;
mod new;
mod openapi;
mod promote;
mod publish;
mod refresh;
mod releases;
mod report;
mod rollback;
mod routes;
mod scaffold;
mod schema;
mod serve;
mod status;
mod verify;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Computes every answer of a JSON API before it is asked.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    /// The site's folder: site/site.toml stands below it
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the release to the output folder: changed files only, stale files removed
    Build(build::Build),
    /// Report every fault of the site; nothing is written
    Check(check::Check),
    /// Answer on this machine as production does; rebuild and reload on every change
    Serve(serve::Serve),
    /// Fetch activity from GitHub, X, feeds, files and programs: the facts that scores are computed from
    Refresh(refresh::Refresh),
    /// Remove what was fetched of a member
    Forget(forget::Forget),
    /// Make the built release live: upload what changed, record it, switch to it
    Publish(publish::Publish),
    /// List the live release and those that one can go back to
    Releases(releases::Releases),
    /// Go back to an earlier release; nothing is built or uploaded
    Rollback(rollback::Rollback),
    /// Hold every live object against the manifest
    Verify(verify::Verify),
    /// Say whether target, edge and replicas show the live release
    Status(status::StatusOf),
    /// Make the live release of one environment live in another
    Promote(promote::Promote),
    /// Collect what no kept release needs
    Gc(gc::Gc),
    /// Look at accepted writes, decide of them, fetch them
    #[command(subcommand)]
    Inbox(inbox::InboxCommand),
    /// Make a new site, article or user
    #[command(subcommand)]
    New(new::New),
    /// Print the route table
    Routes(routes::Routes),
    /// Print the OpenAPI document
    Openapi(openapi::Openapi),
    /// Print the edge function: a CloudFront Function that maps requests to files
    Edge(edge::Edge),
    /// Say what changed for clients between two releases
    Diff(diff::Diff),
    /// Print the JSON Schema of a collection's published records
    Schema(schema::Schema),
    /// Say what the code of a diagnostic means, with an example of the mend
    Explain(explain::Explain),
}

/// Options that reading a site takes.
#[derive(Args)]
struct Reading {
    /// The instant to build for (RFC 3339); drafts of tomorrow are visible tomorrow
    #[arg(long, value_name = "RFC3339")]
    now: Option<Timestamp>,
    /// How many threads to use
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How to print diagnostics
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Take warnings for faults
    #[arg(long)]
    strict: bool,
    /// Print how long each stage took, and the most memory held
    #[arg(long)]
    timings: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, on standard error
    Human,
    /// One JSON document on standard output
    Json,
    /// Annotations for GitHub Actions on standard output
    Github,
}

/// How a command prints what it was asked for, on standard output.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Listing {
    /// For people
    Human,
    /// One JSON document
    Json,
}

/// How a command ended.
enum Outcome {
    Done,
    /// The user's files have faults.
    Faults,
    /// The command line is wrong in a way that the parser cannot see.
    Usage(String),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Build(command) => command.run(&cli.root),
        Command::Check(command) => command.run(&cli.root),
        Command::Serve(command) => command.run(&cli.root),
        Command::Refresh(command) => command.run(&cli.root),
        Command::Forget(command) => command.run(&cli.root),
        Command::Publish(command) => command.run(&cli.root),
        Command::Releases(command) => command.run(&cli.root),
        Command::Rollback(command) => command.run(&cli.root),
        Command::Verify(command) => command.run(&cli.root),
        Command::Status(command) => command.run(&cli.root),
        Command::Promote(command) => command.run(&cli.root),
        Command::Gc(command) => command.run(&cli.root),
        Command::Inbox(command) => command.run(&cli.root),
        Command::New(command) => command.run(&cli.root),
        Command::Routes(command) => command.run(&cli.root),
        Command::Openapi(command) => command.run(&cli.root),
        Command::Edge(command) => command.run(&cli.root),
        Command::Diff(command) => command.run(),
        Command::Schema(command) => command.run(&cli.root),
        Command::Explain(command) => Ok(command.run()),
    };
    if OUTPUT_FAILED.load(Ordering::Relaxed) {
        return ExitCode::from(3);
    }
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Faults) => ExitCode::from(1),
        Ok(Outcome::Usage(message)) => {
            fail(&message);
            ExitCode::from(2)
        }
        Err(error) => {
            fail(&format!("{error:#}"));
            ExitCode::from(3)
        }
    }
}

/// Says why it ended; where a JSON document was asked for and none was printed, in one as well.
fn fail(message: &str) {
    let arguments: Vec<_> = std::env::args_os().collect();
    let asked = arguments.iter().any(|argument| argument == "--format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
    if asked && !PRINTED.load(Ordering::Relaxed) {
        print(&format!("{:#}\n", serde_json::json!({ "error": message })));
    }
    say!("error: {message}");
}

impl Reading {
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// Runs `work` on as many threads as were asked for.
    fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
        let threads = self.jobs.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(pool.install(work))
    }
}

/// The most memory that this process has held, in bytes, where the system tells (Linux).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Whether standard output could not be written.
static OUTPUT_FAILED: AtomicBool = AtomicBool::new(false);

/// Whether anything was printed.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// Prints to standard output. A reader that has heard enough (`| head`) is no fault; a full disk is.
fn print(text: &str) {
    use std::io::{ErrorKind, Write};
    PRINTED.store(true, Ordering::Relaxed);
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            OUTPUT_FAILED.store(true, Ordering::Relaxed);
            say!("error: cannot write to standard output: {error}");
        }
        _ => {}
    }
}

//! Whole builds of generated sites, beside `cp -r` of their own output and other programs, in one run.
//!
//! `cargo bench --bench build -- [S|L|XL]... [--pages] [--runs N] [--dir DIR] [--verify]`; `benches/README.md` tells
//! how to read it.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it runs programs, times them and prints a table")]

mod corpus;
#[path = "corpus/pages.rs"]
mod pages;
#[path = "peers/peers.rs"]
mod peers;

use corpus::Size;
use peers::{PEERS, Peer};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TOOL: &str = env!("CARGO_BIN_EXE_precast");
const NOW: &str = "2026-11-01T00:00:00Z";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let runs = option("--runs").and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let dir = PathBuf::from(option("--dir").unwrap_or_else(|| "/dev/shm".to_owned())).join("precast-bench");
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = [("S", Size::S), ("L", Size::L), ("XL", Size::XL)];
    let chosen: Vec<_> = all.into_iter().filter(|(name, _)| named(name)).collect();
    let chosen = if chosen.is_empty() { vec![all[1]] } else { chosen };
    for (name, size) in chosen {
        let site = Bench::new(&dir.join(name), size, runs, named("--pages"));
        println!("{}", site.table(name));
        if arguments.iter().any(|argument| argument == "--verify") {
            println!("{name}: {}\n", site.verified());
        }
    }
    let _ = fs::remove_dir_all(&dir);
}

/// A generated site and where its answers go.
struct Bench {
    root: PathBuf,
    runs: usize,
    /// Whether it has pages beside its answers.
    pages: bool,
}

/// One line of the table.
struct Line {
    name: &'static str,
    times: Vec<Duration>,
    note: String,
}

impl Bench {
    fn new(root: &Path, size: Size, runs: usize, pages: bool) -> Self {
        let _ = fs::remove_dir_all(root);
        corpus::generate(root, size).expect("the corpus is written");
        if pages {
            pages::add(root).expect("the templates are written");
        }
        Self { root: root.to_owned(), runs, pages }
    }

    /// Runs every case in turn, so that a machine that slows down slows all of them.
    fn table(&self, name: &str) -> String {
        let line = |name| Line { name, times: Vec::new(), note: String::new() };
        let own = ["cold build", "`cp -r` of its output", "nothing changed", "one article changed"];
        let peers: Vec<&Peer> = PEERS.iter().filter(|peer| peer.of_pages == self.pages).collect();
        let mut lines: Vec<Line> = own.into_iter().chain(peers.iter().map(|peer| peer.name)).map(line).collect();
        let (mut peak, mut files, mut bytes, mut kinds) = (0, 0, 0, None);
        for run in 0..self.runs {
            fresh(&self.root.join("public"));
            let (time, summary) = self.build(&[]);
            lines[0].times.push(time);
            peak = peak.max(number(&summary, "peakMemory"));
            (files, bytes) = (number(&summary, "artifacts"), number(&summary, "bytes"));
            fresh(&self.root.join("copy"));
            lines[1]
                .times
                .push(timed(Command::new("cp").arg("-r").arg(self.root.join("public")).arg(self.root.join("copy"))));
            fresh(&self.root.join("copy"));
            let (time, summary) = self.build(&[]);
            lines[2].times.push(time);
            lines[2].note = format!("{} files written", number(&summary, "written"));
            self.edit(run);
            let (time, summary) = self.build(&[]);
            lines[3].times.push(time);
            lines[3].note = format!("{} files written", number(&summary, "written"));
            kinds = self.pages.then(|| peers::Kinds::of(&self.root.join("public")));
            fresh(&self.root.join("public"));
            for (peer, line) in peers.iter().zip(&mut lines[own.len()..]) {
                self.peer(peer, line, kinds.as_ref());
            }
        }
        lines[0].note = format!("{files} files, {} MB, peak memory {} MB", bytes / 1_000_000, peak / 1_000_000);
        if let Some(kinds) = kinds {
            let _ = write!(lines[0].note, "; {kinds}");
        }
        let input = folder_bytes(&self.root.join("content")) + folder_bytes(&self.root.join("data"));
        render(&if self.pages { format!("{name} with pages") } else { name.to_owned() }, input, &lines)
    }

    fn build(&self, options: &[&str]) -> (Duration, serde_json::Value) {
        let start = Instant::now();
        let output = Command::new(TOOL)
            .args(["build", "--now", NOW, "--format", "json", "--timings", "--root"])
            .arg(&self.root)
            .args(options)
            .stderr(Stdio::inherit())
            .output()
            .expect("the tool starts");
        let time = start.elapsed();
        assert!(output.status.success(), "the build fails: {}", String::from_utf8_lossy(&output.stdout));
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        (time, document["summary"].clone())
    }

    /// A build that checks every document against its schema; it wants all of them to pass.
    fn verified(&self) -> String {
        let (time, summary) = self.build(&["--verify"]);
        format!(
            "{} documents pass their schema; the build took {:.2} s",
            number(&summary, "verified"),
            time.as_secs_f64()
        )
    }

    /// Adds a sentence to one article, another one in each run.
    fn edit(&self, run: usize) {
        let mut articles: Vec<PathBuf> =
            fs::read_dir(self.root.join("content/articles")).expect("articles").flatten().map(|e| e.path()).collect();
        articles.sort_unstable();
        let article = &articles[(run * 97) % articles.len()];
        let text = fs::read_to_string(article).expect("an article");
        fs::write(article, format!("{text}\nOne more sentence, number {run}.\n")).expect("an article");
    }

    /// Times another program that writes the same files, if it is installed; of pages, it wants as many as in `kinds`.
    fn peer(&self, peer: &Peer, line: &mut Line, kinds: Option<&peers::Kinds>) {
        if !peer.is_installed() {
            line.note = String::from("not installed");
            return;
        }
        if peer.once && !line.times.is_empty() {
            return;
        }
        let (input, out) = (self.root.join("peer-input"), self.root.join("peer"));
        let input = if let Some(mut prepare) = peer.prepare(&self.root, &input) {
            timed(&mut prepare);
            input
        } else {
            self.root.clone()
        };
        fresh(&out);
        line.times.push(timed(&mut peer.command(&input, &out)));
        if let Some(kinds) = kinds {
            let made = peers::Kinds::of(&out);
            assert!(made.is_like(kinds), "{} makes other pages: {made}, not {kinds}", peer.name);
            line.note = format!("{made}{}", if peer.once { "; 1 run" } else { "" });
        }
        fresh(&out);
        fresh(&self.root.join("peer-input"));
    }
}

fn fresh(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("the program starts");
    let time = start.elapsed();
    assert!(status.success(), "{command:?} fails");
    time
}

fn number(summary: &serde_json::Value, name: &str) -> u64 {
    summary[name].as_u64().unwrap_or_default()
}

fn folder_bytes(folder: &Path) -> u64 {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter_map(|e| e.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|m| m.len())
        .sum()
}

fn median(times: &[Duration]) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

fn render(name: &str, input: u64, lines: &[Line]) -> String {
    let copy = median(&lines[1].times).unwrap_or_default().as_secs_f64();
    let cold = median(&lines[0].times).unwrap_or_default().as_secs_f64();
    let mut out = format!("### {name}: {} MB of input, medians of {}\n\n", input / 1_000_000, lines[0].times.len());
    out.push_str("| case | seconds (least to most) | of `cp -r` | of the cold build | |\n|---|---|---|---|---|\n");
    for line in lines {
        let Some(time) = median(&line.times) else {
            let _ = writeln!(out, "| {} | – | – | – | {} |", line.name, line.note);
            continue;
        };
        let (least, most) = (
            line.times.iter().min().copied().unwrap_or_default(),
            line.times.iter().max().copied().unwrap_or_default(),
        );
        let seconds = time.as_secs_f64();
        let _ = writeln!(
            out,
            "| {} | {seconds:.2} ({:.2} to {:.2}) | {:.2} | {:.2} | {} |",
            line.name,
            least.as_secs_f64(),
            most.as_secs_f64(),
            seconds / copy,
            seconds / cold,
            line.note
        );
    }
    out
}

//! How long the dev server takes to start, and from an editor's save to the new answer.
//!
//! `cargo bench --bench live -- [S|L]... [--runs N] [--dir DIR]`; `benches/README.md` tells how to read it.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it runs the server, times it and prints a table")]

mod corpus;

use corpus::Size;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TOOL: &str = env!("CARGO_BIN_EXE_precast");
const NOW: &str = "2026-11-01T00:00:00Z";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let runs = option("--runs").and_then(|runs| runs.parse().ok()).unwrap_or(11);
    let dir = PathBuf::from(option("--dir").unwrap_or_else(|| "/dev/shm".to_owned())).join("precast-live");
    println!("| case | milliseconds, median (least to most) |\n|---|---|");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    println!("| start, the shipped site | {} |", summary((0..runs).map(|_| Server::start(shipped).took).collect()));
    let sizes = [("S", Size::S), ("L", Size::L), ("XL", Size::XL)];
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let any = sizes.iter().any(|(name, _)| asked(name));
    for (name, size) in sizes.into_iter().filter(|(name, _)| if any { asked(name) } else { *name != "XL" }) {
        let root = dir.join(name);
        let _ = fs::remove_dir_all(&root);
        corpus::generate(&root, size).expect("the corpus is written");
        let server = Server::start(&root);
        println!("| start, {name} | {} |", summary(vec![server.took]));
        println!("| one article changed, {name}: until the event | {} |", summary(edits(&root, &server, runs)));
    }
    let _ = fs::remove_dir_all(&dir);
}

struct Server {
    child: Child,
    address: String,
    took: Duration,
}

impl Server {
    /// Starts, and takes the time until it has answered.
    fn start(root: &Path) -> Self {
        let start = Instant::now();
        let mut child = Command::new(TOOL)
            .args(["serve", "--port", "0", "--now", NOW, "--root"])
            .arg(root)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("http://")).expect("an address");
        let address =
            line.split_once("http://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default().to_owned();
        // The rest is read too, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let mut server = Self { child, address, took: Duration::ZERO };
        assert!(server.get("/api/leaderboard").contains("200 OK"), "it answers");
        server.took = start.elapsed();
        server
    }

    fn send(&self, url: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let request = format!("GET {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the server reads");
        stream
    }

    fn get(&self, url: &str) -> String {
        let mut answer = Vec::new();
        self.send(url).read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Changes one article after another; the times from before the write to the event that tells of the new release, from
/// which moment the new answer is there.
fn edits(root: &Path, server: &Server, runs: usize) -> Vec<Duration> {
    let mut events = BufReader::new(server.send("/__precast/events")).lines().map_while(Result::ok);
    let mut next = || events.find(|line| line.starts_with("data: ")).expect("an event");
    next();
    let mut articles: Vec<PathBuf> =
        fs::read_dir(root.join("content/articles")).expect("articles").flatten().map(|entry| entry.path()).collect();
    articles.sort_unstable();
    let edit = |run: usize| {
        let article = &articles[(run * 97) % articles.len()];
        let text = fs::read_to_string(article).expect("an article");
        let sentence = format!("One more sentence, number {run}.");
        let start = Instant::now();
        fs::write(article, format!("{text}\n{sentence}\n")).expect("an article");
        next();
        let took = start.elapsed();
        let slug = article.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert!(server.get(&format!("/api/posts/{slug}")).contains(&sentence), "the new answer is there");
        took
    };
    (0..runs).map(edit).collect()
}

fn summary(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let milliseconds = |time: &Duration| time.as_secs_f64() * 1000.0;
    let (least, most) = (milliseconds(&times[0]), milliseconds(&times[times.len() - 1]));
    format!("{:.0} ({least:.0} to {most:.0})", milliseconds(&times[times.len() / 2]))
}

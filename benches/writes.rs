//! How many writes a second the endpoint keeps in a folder, how long each takes, and what its memory comes to; beside what
//! the disk itself does of the same calls.
//!
//! `cargo bench --bench writes -- [--writes N] [--connections N] [--dir DIR]`; `benches/README.md` tells how to read it.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it runs the server, times it and prints a table")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are small, and shares of them positive"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TOOL: &str = env!("CARGO_BIN_EXE_precast");
const TOKEN: &str = "the-token-of-the-benchmark";
const SITE: &str = "[site]\nname = \"Load\"\n\n[collections.users]\nsources = [\"data/users.json\"]\nkey = \"githubProfile\"\n\n\
    [surfaces.v1]\nprefix = \"/v1\"\nshape = \"envelope\"\n\n[[views]]\npath = \"users\"\nfrom = \"users\"\n\n\
    [writes.users]\nschema = \"site/user.json\"\nowner = \"githubProfile\"\n\n[auth]\nmode = \"local\"\n";
const SCHEMA: &str = r#"{"type":"object","required":["name"],"properties":{"githubProfile":{"type":"string"},
    "name":{"type":"string","minLength":1},"country":{"type":"string","pattern":"^[A-Z]{2}$"},
    "days":{"type":"integer","minimum":0},"tracks":{"type":"array","items":{"type":"string"}}},"additionalProperties":false}"#;
/// How long the disk is tried each time.
const TRIED: Duration = Duration::from_secs(5);
/// How often it is, so that what else the machine does is seen.
const PHASES: usize = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name: &str, usual: usize| option(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (writes, connections) = (number("--writes", 100_000), number("--connections", 50));
    let dir = PathBuf::from(option("--dir").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").to_owned()));
    let dir = dir.join(format!("precast-writes-{}", std::process::id()));
    run(&dir, writes, connections);
    let _ = fs::remove_dir_all(&dir);
}

fn run(dir: &Path, writes: usize, connections: usize) {
    let server = Server::start(dir);
    println!("| what | a second | p50, ms | p99, ms | most, ms |\n|---|---|---|---|---|");
    let mut memory = vec![(0, server.memory())];
    disk("the disk, 1 at a time", dir, 1).print();
    server.write("writes, 1 connection", 0..(writes / 100).max(1), 1).print();
    let (mut disks, mut loads) = (Vec::new(), Vec::new());
    let mut done = writes / 100;
    for phase in 1..=PHASES {
        disks.push(disk(&format!("the disk, {connections} at a time"), dir, connections));
        let until = writes * phase / PHASES;
        loads.push(server.write(&format!("writes, {connections} connections"), done..until, connections));
        done = until;
        memory.push((done, server.memory()));
    }
    Times::all(&disks).print();
    Times::all(&loads).print();
    let share = |(load, disk): (&Times, &Times)| load.rate() / disk.rate();
    let mut shares: Vec<f64> = loads.iter().zip(&disks).map(share).collect();
    shares.sort_by(f64::total_cmp);
    println!(
        "\nof the disk, median of {PHASES}: {:.2} ({:.2} to {:.2})",
        shares[PHASES / 2],
        shares[0],
        shares[PHASES - 1]
    );
    for (load, disk) in loads.iter().zip(&disks) {
        println!("  writes {:.0} a second, the disk {:.0}", load.rate(), disk.rate());
    }
    println!(
        "\nresident memory: {}",
        memory.iter().map(|(done, mb)| format!("{mb:.1} MB after {done}")).collect::<Vec<_>>().join(", ")
    );
}

struct Times {
    what: String,
    took: Duration,
    /// Of each, in milliseconds, sorted.
    each: Vec<f64>,
}

impl Times {
    fn new(what: &str, took: Duration, mut each: Vec<f64>) -> Self {
        each.sort_by(f64::total_cmp);
        Self { what: what.to_owned(), took, each }
    }

    fn all(some: &[Self]) -> Self {
        let each = some.iter().flat_map(|times| times.each.iter().copied()).collect();
        Self::new(&some[0].what, some.iter().map(|times| times.took).sum(), each)
    }

    fn rate(&self) -> f64 {
        self.each.len() as f64 / self.took.as_secs_f64()
    }

    fn print(&self) {
        let at = |share: f64| self.each[((self.each.len() - 1) as f64 * share) as usize];
        println!("| {} | {:.0} | {:.2} | {:.2} | {:.1} |", self.what, self.rate(), at(0.5), at(0.99), at(1.0));
    }
}

/// Does `work` of one thread in each of many, and gathers what each took.
fn at_once(what: &str, threads: usize, work: impl Fn(usize) -> Vec<f64> + Sync) -> Times {
    let start = Instant::now();
    let each = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let work = &work;
                    move || work(thread)
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    Times::new(what, start.elapsed(), each)
}

/// What the endpoint does to keep a write, and nothing else: a file, its bytes, a link to it, the folder.
fn disk(what: &str, dir: &Path, threads: usize) -> Times {
    let (temporary, folder) = (dir.join("raw-put"), dir.join("raw"));
    fs::create_dir_all(&temporary).and_then(|()| fs::create_dir_all(&folder)).expect("folders");
    let end = Instant::now() + TRIED;
    let times = at_once(what, threads, |thread| {
        let mut times = Vec::new();
        while Instant::now() < end {
            let (start, name) = (Instant::now(), format!("{thread}-{}", times.len()));
            let mut file = File::create(temporary.join(&name)).expect("a file");
            file.write_all(&[b'x'; 400]).and_then(|()| file.sync_all()).expect("room");
            fs::hard_link(temporary.join(&name), folder.join(&name)).expect("a link");
            File::open(&folder).and_then(|folder| folder.sync_all()).expect("a folder");
            fs::remove_file(temporary.join(&name)).expect("gone");
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times
    });
    fs::remove_dir_all(&folder).expect("gone");
    times
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(dir: &Path) -> Self {
        let root = dir.join("site-root");
        for (path, text) in [("site/site.toml", SITE), ("site/user.json", SCHEMA), ("data/users.json", "[]")] {
            fs::create_dir_all(root.join(path).parent().expect("a folder")).expect("a folder");
            fs::write(root.join(path), text).expect("a file");
        }
        // Not in the site, which would be built again for each write.
        let mut child = Command::new(TOOL)
            .args(["serve", "--port", "0", "--root"])
            .arg(&root)
            .arg("--inbox")
            .arg(dir.join("inbox"))
            .env("PRECAST_LOCAL_TOKEN", TOKEN)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let line = lines.find(|line| line.starts_with("serving http://")).expect("an address");
        let address = line.split('/').nth(2).unwrap_or_default().to_owned();
        // The log is read too, so that the server never waits for a reader.
        thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Writes a record for each number, over so many connections.
    fn write(&self, what: &str, numbers: std::ops::Range<usize>, connections: usize) -> Times {
        let next = AtomicUsize::new(numbers.start);
        at_once(what, connections, |_| {
            let mut stream = TcpStream::connect(&self.address).expect("the server listens");
            stream.set_nodelay(true).expect("a socket");
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    return times;
                }
                let start = Instant::now();
                put(&mut stream, &self.address, number);
                times.push(start.elapsed().as_secs_f64() * 1000.0);
            }
        })
    }

    /// Resident memory, in MB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim_end_matches("kB").trim().parse::<f64>().unwrap_or(f64::NAN) / 1024.0
    }
}

fn put(stream: &mut TcpStream, host: &str, number: usize) {
    let body = format!(
        r#"{{"name":"Member number {number}","country":"DE","days":{},"tracks":["cloud","networks"]}}"#,
        number % 100
    );
    let request = format!(
        "PUT /write/users/member-{number} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).expect("an answer");
        assert!(read > 0, "the connection ended");
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("HTTP/1.1 201 "), "{text}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if rest.len() >= length.parse::<usize>().expect("a number") {
            return;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

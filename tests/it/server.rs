//! The dev server as a process, and raw HTTP to it.

use crate::support::{NOW, Site, command};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// The token of sites that take one of this machine.
pub const TOKEN: &str = "t0ken";

/// A server of one site; it ends with this value.
pub struct Server {
    child: Child,
    pub address: String,
    /// What it says on standard error, line by line.
    pub said: Receiver<String>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Server {
    /// Serves `site` at [`NOW`], on a port that is free.
    pub fn of(site: &Site) -> Self {
        Self::with(site, &["--now", NOW])
    }

    pub fn with(site: &Site, options: &[&str]) -> Self {
        let mut command = command(&site.path(""));
        command.env("PRECAST_LOCAL_TOKEN", TOKEN);
        command.args(["serve", "--port", "0"]).args(options).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut server = Self { child, address: String::new(), said };
        let line = server.says("serving http://");
        let (_, rest) = line.split_once("http://").expect("an address");
        rest.split('/').next().unwrap_or_default().clone_into(&mut server.address);
        server
    }

    /// Waits for a line that holds `text`.
    pub fn says(&self, text: &str) -> String {
        let start = Instant::now();
        let mut all = Vec::new();
        while start.elapsed() < PATIENCE {
            match self.said.recv_timeout(Duration::from_millis(200)) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => all.push(line),
                Err(_) => {}
            }
        }
        panic!("the server never said `{text}`, but\n{}", all.join("\n"));
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends bytes as they are, and reads one answer.
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).expect("the server reads");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("the server closes");
        Answer::read(&bytes)
    }

    pub fn ask(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request =
            format!("{method} {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n", lines.concat());
        self.raw(request.as_bytes())
    }

    /// Sends JSON with the token of this machine.
    pub fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{body}",
            body.len(),
            lines.concat()
        );
        self.raw(request.as_bytes())
    }

    pub fn get(&self, url: &str) -> Answer {
        self.ask("GET", url, &[])
    }

    /// Opens the event stream.
    pub fn events(&self) -> Events {
        let mut stream = self.connect();
        stream.write_all(b"GET /__precast/events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("the server reads");
        Events(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stream of server-sent events.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// The next event: its name and its data.
    pub fn next(&mut self) -> (String, Value) {
        let mut name = String::new();
        let start = Instant::now();
        loop {
            // Comments keep the stream alive, and the read from timing out.
            assert!(start.elapsed() < PATIENCE, "no event came");
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).expect("an event comes"), 0, "the stream ended");
            if let Some(event) = line.strip_prefix("event: ") {
                event.trim().clone_into(&mut name);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).expect("JSON"));
            }
        }
    }
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            body = unchunked(&body);
        }
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").expect("a chunk's length");
        let length = std::str::from_utf8(&bytes[..end]).expect("a number");
        let length = usize::from_str_radix(length, 16).expect("a number");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes = &bytes[end + 4 + length..];
    }
}

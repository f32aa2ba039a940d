//! A small HTTP server that says what an issuer, or an authorization server, is told to say.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

pub struct Issuer {
    pub url: String,
    inner: Arc<Inner>,
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub authorization: String,
    pub content_type: String,
    pub body: String,
}

#[derive(Default)]
struct Inner {
    /// What stands at each path: status, a further header line, body.
    said: Mutex<BTreeMap<String, (u16, String, String)>>,
    asked: Mutex<Vec<Asked>>,
    ended: AtomicBool,
    /// Whether answers wait.
    held: Mutex<bool>,
    released: Condvar,
}

impl Issuer {
    /// One that has nothing to say yet: 404.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner: Arc<Inner> = Arc::default();
        let kept = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if kept.ended.load(Ordering::SeqCst) {
                    return;
                }
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || kept.answer(&stream));
            }
        });
        Self { url, inner }
    }

    pub fn says(&self, path: &str, body: &Json) {
        self.replies(path, 200, "", &body.to_string());
    }

    pub fn fails(&self, path: &str, status: u16) {
        self.replies(path, status, "", "");
    }

    pub fn replies(&self, path: &str, status: u16, header: &str, body: &str) {
        let reply = (status, header.to_owned(), body.to_owned());
        self.inner.said.lock().expect("a map").insert(path.to_owned(), reply);
    }

    /// Answers nothing until it is told to.
    pub fn holds(&self, held: bool) {
        *self.inner.held.lock().expect("a flag") = held;
        self.inner.released.notify_all();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().expect("a list").clone()
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.inner.ended.store(true, Ordering::SeqCst);
        // So that who accepts looks up.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

impl Inner {
    fn answer(&self, mut stream: &TcpStream) {
        let Some(asked) = read(stream) else { return };
        drop(self.released.wait_while(self.held.lock().expect("a flag"), |held| *held));
        let said = self.said.lock().expect("a map").get(&asked.path).cloned();
        let (status, header, body) = said.unwrap_or_else(|| (404, String::new(), String::new()));
        self.asked.lock().expect("a list").push(asked);
        let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
        let _ = stream.write_all(format!("{head}{header}\r\n{body}").as_bytes());
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    Some(Asked {
        path: first.split(' ').nth(1)?.to_owned(),
        authorization: header("authorization"),
        content_type: header("content-type"),
        body: String::from_utf8(body).ok()?,
    })
}

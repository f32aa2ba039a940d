//! A small HTTP server that answers, or misbehaves, as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// Lines as they came.
    pub headers: Vec<String>,
    pub body: String,
    /// Which request of all it is, counted from 0.
    pub number: usize,
}

pub enum Reply {
    /// Status, further header lines, body.
    Whole(u16, Vec<String>, String),
    /// These bytes, and then the connection ends.
    Raw(Vec<u8>),
    /// Nothing for so long.
    Silence(Duration),
}

pub struct Server {
    pub url: String,
    pub asked: Arc<Mutex<Vec<Asked>>>,
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), String::new())
    }

    pub fn with(status: u16, header: &str) -> Self {
        Self::Whole(status, vec![header.to_owned()], String::new())
    }

    pub fn body(body: &(impl ToString + ?Sized)) -> Self {
        Self::Whole(200, Vec::new(), body.to_string())
    }
}

impl Server {
    pub fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (handler, count): (Arc<Handler>, _) = (Arc::new(handler), Arc::new(AtomicUsize::new(0)));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, count, kept) = (Arc::clone(&handler), Arc::clone(&count), Arc::clone(&kept));
                std::thread::spawn(move || {
                    let _ = connection(&stream, &*handler, &count, &kept);
                });
            }
        });
        Self { url, asked }
    }

    pub fn requests(&self) -> usize {
        self.asked.lock().expect("a list").len()
    }

    pub fn all(&self) -> Vec<Asked> {
        self.asked.lock().expect("a list").clone()
    }
}

fn connection(
    stream: &TcpStream,
    handler: &Handler,
    count: &AtomicUsize,
    kept: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut headers, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            headers.push(line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let asked = Asked { path, headers, body, number: count.fetch_add(1, Ordering::SeqCst) };
        kept.lock().expect("a list").push(asked.clone());
        let mut stream = stream;
        match handler(&asked) {
            Reply::Whole(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n", body.len());
                for line in headers {
                    head.push_str(&line);
                    head.push_str("\r\n");
                }
                stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
            }
            Reply::Raw(bytes) => {
                stream.write_all(&bytes)?;
                return stream.shutdown(std::net::Shutdown::Both);
            }
            Reply::Silence(time) => {
                std::thread::sleep(time);
                return Ok(());
            }
        }
    }
}

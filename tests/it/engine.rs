//! The edge function in a JavaScript engine, called as CloudFront calls it.

use crate::support::{NOW, Site};
use precast::model::decode;
use rquickjs::{Context, Function, Runtime};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// CloudFront's quota for the code of a function, and for the memory it takes, in bytes.
pub const LARGEST: usize = 10 * 1024;
pub const MEMORY: usize = 2 * 1024 * 1024;

/// The function, ready to be called.
pub struct Edge {
    pub runtime: Runtime,
    pub context: Context,
    /// How often the engine looked up from its work, which it does after so many operations.
    pub steps: Arc<AtomicU64>,
}

/// What the function made of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Made {
    Key(String),
    Answer { status: u64, problem: Option<String> },
}

impl Edge {
    pub fn new(code: &str) -> Self {
        let runtime = Runtime::new().expect("an engine");
        runtime.set_memory_limit(MEMORY);
        let steps = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&steps);
        runtime.set_interrupt_handler(Some(Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            false
        })));
        let context = Context::full(&runtime).expect("a context");
        context.with(|context| {
            context.eval::<(), _>(code).expect("the function is a script");
            let call = "function call(event) { return JSON.stringify(handler(JSON.parse(event))); }";
            context.eval::<(), _>(call).expect("a script");
        });
        Self { runtime, context, steps }
    }

    pub fn of(site: &Site) -> Self {
        Self::new(&site.ends(0, &["edge", "--now", NOW]).stdout)
    }

    /// The request as the viewer-request event has it, and what came back.
    pub fn call(&self, method: &str, url: &str) -> Value {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let request =
            json!({ "method": method, "uri": path, "querystring": querystring(query), "headers": {}, "cookies": {} });
        let event = json!({ "version": "1.0", "context": { "eventType": "viewer-request" }, "request": request });
        let answer: String = self.context.with(|context| {
            let call: Function<'_> = context.globals().get("call").expect("the function");
            call.call((event.to_string(),))
                .unwrap_or_else(|error| panic!("{method} {url}: {error}: {:?}", context.catch()))
        });
        serde_json::from_str(&answer).expect("JSON")
    }

    pub fn made(&self, method: &str, url: &str) -> Made {
        let answer = self.call(method, url);
        if let Some(status) = answer["statusCode"].as_u64() {
            let body = answer["body"].as_str().map(|body| serde_json::from_str::<Value>(body).expect("a problem"));
            let problem = body.and_then(|body| Some(body["type"].as_str()?.rsplit('/').next()?.to_owned()));
            return Made::Answer { status, problem };
        }
        assert_eq!(answer["querystring"], json!({}), "the query is dropped: {url}");
        let uri = answer["uri"].as_str().expect("a path");
        Made::Key(decode(uri.strip_prefix('/').expect("a slash")).expect("an encoded path"))
    }
}

/// A query as CloudFront hands it to a function: names and values as they were sent, repeated ones gathered.
pub fn querystring(query: &str) -> Value {
    let mut parameters = serde_json::Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let one = json!({ "value": value });
        match parameters.get_mut(name) {
            None => drop(parameters.insert(name.to_owned(), one)),
            Some(known) => {
                let first = json!({ "value": known["value"] });
                match known.get_mut("multiValue").and_then(Value::as_array_mut) {
                    Some(all) => all.push(one),
                    None => known["multiValue"] = json!([first, one]),
                }
            }
        }
    }
    Value::Object(parameters)
}

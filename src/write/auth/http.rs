//! Requests to whoever decides who somebody is: short, bounded, and never led elsewhere.

use std::time::Duration;
use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::{Agent, Body, Error, http::Response};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most that is read of an answer, in bytes.
const LARGEST: u64 = 256 * 1024;

/// What came back: the body where the status is 200, else the status.
pub enum Answer {
    Body(Vec<u8>),
    Status(u16),
}

/// Why an address is asked nothing, if it is not.
pub fn refusal(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<Uri>() else { return Some("the address of the issuer is no address") };
    // Of `http://127.0.0.1@evil.example` people read the first half, and connections lead to the second.
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Some("the address of the issuer is no address");
    }
    if uri.scheme() == Some(&Scheme::HTTPS) {
        let reachable = cfg!(feature = "https");
        return (!reachable).then_some("the issuer is asked over HTTPS, and this program was built without it");
    }
    let is_loopback = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let sealed = uri.scheme() == Some(&Scheme::HTTP) && is_loopback;
    (!sealed).then_some("what the issuer answers could be changed on its way")
}

/// Who asks the address and others like it.
pub fn agent(url: &str) -> Agent {
    let agent = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        // Whoever is asked answers for itself: what it leads to is not what the site named.
        .max_redirects(0);
    // Without TLS a proxy could answer in place of this machine.
    let is_plain = url.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    let agent = if is_plain { agent.proxy(None) } else { agent };
    agent.build().new_agent()
}

/// `None` where there is no answer, or more of one than anybody should send.
pub fn get(url: &str) -> Option<Answer> {
    if refusal(url).is_some() {
        return None;
    }
    read(agent(url).get(url).header("accept", "application/json").call())
}

/// Likewise for a form.
pub fn post(agent: &Agent, url: &str, authorization: &str, form: &str) -> Option<Answer> {
    let request = agent.post(url).header("accept", "application/json").header("authorization", authorization);
    read(request.content_type("application/x-www-form-urlencoded").send(form))
}

fn read(answered: Result<Response<Body>, Error>) -> Option<Answer> {
    let mut response = answered.ok()?;
    match response.status().as_u16() {
        200 => response.body_mut().with_config().limit(LARGEST).read_to_vec().ok().map(Answer::Body),
        status => Some(Answer::Status(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_stands_in_between() {
        for good in ["http://127.0.0.1:8080/a", "http://localhost", "http://[::1]:1/", "HTTP://127.0.0.1/"] {
            assert_eq!(refusal(good), None, "{good}");
        }
        assert_eq!(refusal("https://id.example/a").is_none(), cfg!(feature = "https"));
        let wrong = [
            "http://id.example",
            "http://127.0.0.1.id.example/",
            "http://127.0.0.1@id.example/",
            "http://id.example@127.0.0.1/",
            "https://a@id.example/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "127.0.0.1",
            "/keys",
            "",
        ];
        for bad in wrong {
            assert!(refusal(bad).is_some(), "{bad}");
        }
    }
}

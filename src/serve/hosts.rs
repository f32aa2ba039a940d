//! Which hosts a request may ask for. A page of another site can make its own name lead to this machine (DNS
//! rebinding), and would then read what is served here: names that are not known are refused.

use std::net::IpAddr;

pub struct Hosts(Vec<String>);

impl Hosts {
    pub fn new(listening: &str, allowed: Vec<String>) -> Self {
        Self(allowed.into_iter().chain([listening.to_owned()]).map(|host| host.to_ascii_lowercase()).collect())
    }

    /// Whether a `Host` (RFC 9110 §7.2: a name or an address, with or without a port) is one of them.
    pub fn allow(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        address(&name).is_some() || self.is_known(&name)
    }

    /// Whether a page of this origin (RFC 6454: scheme, host and port) may hear of events: one of this machine, of a host
    /// that is allowed, or the server's own, which the request names `host`.
    pub fn allow_origin(&self, origin: &str, host: &str) -> bool {
        let Some((_, from)) = origin.split_once("://") else { return false };
        let name = without_port(from).to_ascii_lowercase();
        from.eq_ignore_ascii_case(host) || address(&name).is_some_and(|ip| ip.is_loopback()) || self.is_known(&name)
    }

    fn is_known(&self, name: &str) -> bool {
        name == "localhost" || name.ends_with(".localhost") || self.0.iter().any(|known| known == name)
    }
}

fn address(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_elsewhere_are_refused() {
        let hosts = Hosts::new("127.0.0.1", vec!["Dev.Example".to_owned()]);
        for good in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:80", "[::1]", "club.localhost", "dev.example:80"]
        {
            assert!(hosts.allow(good), "{good}");
        }
        for bad in ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[evil]:80", "a:b"] {
            assert!(!hosts.allow(bad), "{bad}");
        }
    }

    #[test]
    fn events_are_for_pages_of_this_machine() {
        let hosts = Hosts::new("127.0.0.1", vec!["dev.example".to_owned()]);
        for good in [
            "http://localhost:3000",
            "http://127.0.0.1:5173",
            "http://[::1]:1",
            "https://dev.example",
            "http://192.0.2.7:8080",
        ] {
            assert!(hosts.allow_origin(good, "192.0.2.7:8080"), "{good}");
        }
        for bad in ["null", "http://evil.example", "http://192.0.2.8:8080", "http://192.0.2.7", "localhost"] {
            assert!(!hosts.allow_origin(bad, "192.0.2.7:8080"), "{bad}");
        }
    }
}

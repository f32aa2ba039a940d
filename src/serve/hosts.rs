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
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok() || name == "localhost" || name.ends_with(".localhost") || self.0.contains(&name)
    }
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
}

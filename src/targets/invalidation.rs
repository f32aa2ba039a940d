//! Which paths the CDN's caches are asked to forget: exact ones while they are few, then prefixes.

use crate::model::encode_path;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Up to so many paths are named one by one. A thousand a month are free; a prefix counts as one.
const EXACT: usize = 30;
/// CloudFront takes 15 prefixes in progress at once; another publish may be on its way.
const PREFIXES: usize = 10;

/// The paths for the objects at `keys`, in order.
pub fn paths<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<String> {
    let all: Vec<String> = keys.map(encode_path).collect();
    if all.len() <= EXACT {
        return all;
    }
    // Prefixes end at a slash; each round takes the last segment off the deepest, until they are few.
    let mut prefixes: BTreeMap<String, usize> = BTreeMap::new();
    for path in &all {
        *prefixes.entry(above(path).to_owned()).or_default() += 1;
    }
    while prefixes.len() > PREFIXES {
        let deepest = prefixes.keys().map(|prefix| prefix.matches('/').count()).max().unwrap_or_default();
        let taken: Vec<String> =
            prefixes.keys().filter(|prefix| prefix.matches('/').count() == deepest).cloned().collect();
        for prefix in taken {
            let paths = prefixes.remove(&prefix).unwrap_or_default();
            *prefixes.entry(above(prefix.trim_end_matches('/')).to_owned()).or_default() += paths;
        }
    }
    let covered = |prefix: &String| prefixes.keys().any(|other| other != prefix && prefix.starts_with(other.as_str()));
    prefixes.keys().filter(|prefix| !covered(prefix)).map(|prefix| format!("{prefix}*")).collect()
}

fn above(path: &str) -> &str {
    path.rfind('/').map_or("/", |slash| &path[..=slash])
}

/// The same for the same paths of the same step, so that a second try asks for nothing new.
pub fn reference(step: &str, paths: &[String]) -> String {
    let mut digest = Sha256::new();
    digest.update(step);
    paths.iter().for_each(|path| {
        digest.update([0]);
        digest.update(path);
    });
    crate::model::hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_paths_are_exact_and_many_are_prefixes() {
        let few = ["v1/a.json", "v1/köln.json"];
        assert_eq!(paths(few.into_iter()), ["/v1/a.json", "/v1/k%C3%B6ln.json"]);
        let limits: Vec<String> = (0..100).map(|n| format!("v1/tags/limit/{n}.json")).collect();
        assert_eq!(paths(limits.iter().map(String::as_str)), ["/v1/tags/limit/*"]);
        let spread: Vec<String> = (0..100).map(|n| format!("v1/users/{n}/limit/1.json")).collect();
        assert_eq!(paths(spread.iter().map(String::as_str)), ["/v1/users/*"]);
        let top: Vec<String> = (0..100).map(|n| format!("{n}.html")).collect();
        assert_eq!(paths(top.iter().map(String::as_str)), ["/*"]);
    }

    #[test]
    fn every_key_is_covered() {
        let keys: Vec<String> = (0..500).map(|n| format!("a{}/b{}/c{n}.json", n % 7, n % 31)).collect();
        let paths = paths(keys.iter().map(String::as_str));
        assert!(paths.len() <= PREFIXES, "{paths:?}");
        for key in keys {
            let path = format!("/{key}");
            assert!(paths.iter().any(|p| p.strip_suffix('*').map_or(*p == path, |prefix| path.starts_with(prefix))));
        }
    }
}

//! Identifiers for programs, from names that people chose.

use std::collections::BTreeSet;

/// Gives each thing a name of its own.
pub struct Namer(BTreeSet<String>);

impl Namer {
    pub fn reserving<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        Self(names.map(str::to_ascii_lowercase).collect())
    }

    /// `wanted`, or `otherwise` where that is empty, with a number where it is taken. Letter case does not tell two
    /// names apart: some file systems do not either.
    pub fn unique(&mut self, wanted: &str, otherwise: impl FnOnce() -> String) -> String {
        let wanted = if wanted.is_empty() { otherwise() } else { wanted.to_owned() };
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.0.insert(name.to_ascii_lowercase()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        name
    }
}

/// `LeaderboardRow`: the ASCII letters and digits of all words, each word with a capital.
pub fn pascal(words: &[String]) -> String {
    let parts = words.iter().flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()));
    let mut name = String::new();
    for part in parts {
        let mut chars = part.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("N{name}") } else { name }
}

/// `usersByGithubProfile`.
pub fn camel(words: &[String]) -> String {
    let name = pascal(words);
    let mut chars = name.chars();
    chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_identifiers() {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(pascal(&words(&["boards", "on-the-way"])), "BoardsOnTheWay");
        assert_eq!(camel(&words(&["v1", "users", "by", "githubProfile"])), "v1UsersByGithubProfile");
        assert_eq!(pascal(&words(&["100 days"])), "N100Days");
        assert_eq!(pascal(&words(&["日本"])), "");
        let mut namer = Namer::reserving(["Links"].into_iter());
        assert_eq!(namer.unique("links", String::new), "links2");
        assert_eq!(namer.unique("", || "view1".to_owned()), "view1");
    }
}

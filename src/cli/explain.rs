//! `precast explain`: what a code means.

use super::{Outcome, print};
use crate::model::{CODES, nearest};

/// The manual's chapter on diagnostics: one section for each code.
const MANUAL: &str = include_str!("../../docs/diagnostics.md");

#[derive(clap::Args)]
pub struct Explain {
    /// The code in the brackets of a diagnostic, such as `unknown-member`; without one, all codes are listed
    code: Option<String>,
}

impl Explain {
    pub fn run(self) -> Outcome {
        let Some(code) = self.code else {
            CODES.iter().for_each(|code| print(&format!("{}\n", code.0)));
            return Outcome::Done;
        };
        if let Some(text) = section(&code) {
            print(&format!("{text}\n"));
            Outcome::Done
        } else {
            let near = nearest(&code, CODES.iter().map(|code| code.0));
            let hint = near.map_or_else(
                || "`precast explain` lists them all".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Outcome::Usage(format!("there is no code `{code}`; {hint}"))
        }
    }
}

fn section(code: &str) -> Option<&'static str> {
    let heading = format!("\n## {code}\n");
    let start = MANUAL.find(&heading)? + 1;
    let length = MANUAL[start + 1..].find("\n## ").map_or(MANUAL.len() - start, |end| end + 1);
    Some(MANUAL[start..start + length].trim())
}

#[cfg(test)]
mod tests {
    use super::{CODES, MANUAL, section};

    #[test]
    fn every_code_is_explained_with_an_example_and_nothing_else_is() {
        for code in CODES {
            let text = section(code.0).unwrap_or_else(|| panic!("docs/diagnostics.md does not explain `{}`", code.0));
            assert!(text.contains("```"), "`{}` has no example of the mend", code.0);
        }
        assert_eq!(MANUAL.matches("\n## ").count(), CODES.len());
    }
}

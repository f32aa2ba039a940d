//! The head of a Markdown file: YAML between `---` lines or TOML between `+++` lines.

use super::formats::{Fault, Format};
use crate::model::{Span, code};

/// Where the parts of a Markdown file stand.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    pub format: Format,
    pub front: Span,
    pub body: usize,
}

/// # Errors
/// When there is no front matter, or it never closes.
pub fn split(text: &str) -> Result<Parts, Fault> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let first = text[start..].split_inclusive('\n').next().unwrap_or_default();
    let (fence, format) = match first.trim_end() {
        "---" => ("---", Format::Yaml),
        "+++" => ("+++", Format::Toml),
        _ => {
            let fault = Fault::new(
                code::NO_FRONT_MATTER,
                start..start + first.trim_end().len(),
                "this file has no front matter",
            );
            return Err(fault.help("start the file with a line `---`, then `title: …` and the like, then a line `---`"));
        }
    };
    let front = start + first.len();
    let mut at = front;
    for line in text[front..].split_inclusive('\n') {
        if line.trim_end() == fence {
            return Ok(Parts { format, front: front..at, body: at + line.len() });
        }
        at += line.len();
    }
    let fault = Fault::new(
        code::UNCLOSED_FRONT_MATTER,
        start..start + fence.len(),
        "the front matter that starts here never closes",
    );
    Err(fault.help(format!("end it with a line `{fence}` before the text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fences_and_every_line_end() {
        let parts = |text| split(text).expect("has front matter");
        assert_eq!(parts("---\na: 1\n---\nx"), Parts { format: Format::Yaml, front: 4..9, body: 13 });
        assert_eq!(parts("+++\r\na = 1\r\n+++\r\n"), Parts { format: Format::Toml, front: 5..12, body: 17 });
        assert_eq!(parts("\u{feff}---\n---"), Parts { format: Format::Yaml, front: 7..7, body: 10 });
        assert_eq!(split("# x").err().map(|f| f.code), Some(code::NO_FRONT_MATTER));
        assert_eq!(split("---\na: 1\n").err().map(|f| f.code), Some(code::UNCLOSED_FRONT_MATTER));
    }
}

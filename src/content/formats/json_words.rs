//! What is wrong with text that is not JSON, in an editor's words: a parser's own words name its states.

use crate::model::Span;

/// A fault: its bytes, what is wrong, and the way out.
pub type Told = (Span, String, String);

/// The first fault of `text`, which a parser refused; `lines` where each line is a value of its own.
pub fn explain(text: &str, lines: bool) -> Option<Told> {
    let mut scan = Scan { text, at: 0, open: Vec::new(), lines };
    scan.document().err()
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The brackets that are open, and where they stand.
    open: Vec<(u8, usize)>,
    lines: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
}

impl Scan<'_> {
    fn document(&mut self) -> Result<(), Told> {
        let mut wanted = Wanted::Value;
        let mut comma = 0;
        loop {
            self.space();
            let Some(byte) = self.peek() else { return self.end(wanted) };
            if wanted == Wanted::CommaOrEnd && self.open.is_empty() {
                return Err(self.second_value());
            }
            self.comment()?;
            wanted = match (wanted, byte) {
                (Wanted::CommaOrEnd, b',') => {
                    comma = self.at;
                    self.at += 1;
                    if self.open.last().is_some_and(|(bracket, _)| *bracket == b'{') {
                        Wanted::Name
                    } else {
                        Wanted::Value
                    }
                }
                (Wanted::CommaOrEnd | Wanted::ValueOrEnd | Wanted::NameOrEnd, b']' | b'}') => self.close(byte)?,
                (Wanted::Value | Wanted::Name, b']' | b'}')
                    if !self.open.is_empty() && self.text.as_bytes()[comma] == b',' =>
                {
                    let message = format!("a comma stands before this `{}`", char::from(byte));
                    return Err((
                        comma..comma + 1,
                        message.replace("this ", "the closing "),
                        "remove the comma".to_owned(),
                    ));
                }
                (Wanted::Colon, b':') => {
                    self.at += 1;
                    Wanted::Value
                }
                (Wanted::Value | Wanted::ValueOrEnd, _) => self.value(byte)?,
                (Wanted::Name | Wanted::NameOrEnd, b'"') => {
                    self.string()?;
                    Wanted::Colon
                }
                (Wanted::Name | Wanted::NameOrEnd, _) => return Err(self.bare_name(byte)),
                (Wanted::Colon, _) => {
                    return Err(self.here("a colon is missing before this", "write `\"name\": value`"));
                }
                (Wanted::CommaOrEnd, _) => return Err(self.no_comma()),
            };
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn here(&self, message: &str, help: &str) -> Told {
        let width = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (self.at..self.at + width, message.to_owned(), help.to_owned())
    }

    /// The text has ended: well, or with something open.
    fn end(&self, wanted: Wanted) -> Result<(), Told> {
        let place = if self.lines { " in its line" } else { "" };
        match self.open.last() {
            Some((bracket, at)) => {
                let closing = if *bracket == b'{' { '}' } else { ']' };
                let message = format!("this `{}` never closes{place}", char::from(*bracket));
                Err((*at..*at + 1, message, format!("end it with `{closing}`: the rest may have been cut off")))
            }
            None if wanted == Wanted::CommaOrEnd => Ok(()),
            None => Err(self.here("a value is missing here", "write a JSON value, such as `{ }`")),
        }
    }

    fn second_value(&self) -> Told {
        if self.lines {
            return self.here("a line holds one value, and this one goes on", "start a new line for each value");
        }
        if matches!(self.peek(), Some(b']' | b'}' | b',')) {
            return self.here(
                "this stands after the end of the value",
                "remove it, or look for a bracket that is missing before",
            );
        }
        self.here(
            "a second value starts here, and JSON holds one",
            "make the values one list, or put one on each line of a file that ends in `.ndjson`",
        )
    }

    fn comment(&self) -> Result<(), Told> {
        let rest = &self.text[self.at..];
        if !rest.starts_with("//") && !rest.starts_with("/*") && !rest.starts_with('#') {
            return Ok(());
        }
        let end = rest.find('\n').unwrap_or(rest.len());
        let end = self.at + rest[..end].trim_end().len();
        Err((self.at..end, "JSON has no comments".to_owned(), "remove it".to_owned()))
    }

    fn close(&mut self, byte: u8) -> Result<Wanted, Told> {
        let fits = |open: u8| (open == b'{') == (byte == b'}');
        match self.open.last() {
            Some((bracket, _)) if fits(*bracket) => {
                self.open.pop();
                self.at += 1;
                Ok(Wanted::CommaOrEnd)
            }
            Some((bracket, _)) => {
                let closing = if *bracket == b'{' { '}' } else { ']' };
                let message = format!(
                    "a `{closing}` is missing before this: the bracket that is open is `{}`",
                    char::from(*bracket)
                );
                Err(self.here(&message, "close the brackets in the order in which they were opened, last first"))
            }
            None => Err(self.second_value()),
        }
    }

    fn value(&mut self, byte: u8) -> Result<Wanted, Told> {
        match byte {
            b'"' => self.string().map(|()| Wanted::CommaOrEnd),
            b'[' | b'{' => {
                self.open.push((byte, self.at));
                self.at += 1;
                Ok(if byte == b'[' { Wanted::ValueOrEnd } else { Wanted::NameOrEnd })
            }
            b',' => Err(self.here("a value is missing before this comma", "remove the comma, or write a value")),
            b'\'' => Err(self.here("text stands in double quotes", "write `\"…\"` for `'…'`")),
            _ => self.word(),
        }
    }

    /// A number, `true`, `false` or `null`, or what was meant for one.
    fn word(&mut self) -> Result<Wanted, Told> {
        let rest = &self.text[self.at..];
        let ends = |c: char| c.is_whitespace() || ",:[]{}\"'".contains(c);
        let width = rest.find(ends).unwrap_or(rest.len());
        let word = &rest[..width];
        let span = self.at..self.at + width;
        if matches!(word, "true" | "false" | "null") || crate::model::Number::is_json(word) {
            self.at = span.end;
            return Ok(Wanted::CommaOrEnd);
        }
        let digits = word.trim_start_matches(['-', '+']);
        if word.is_empty() {
            return Err(self.here("a value is missing before this", "write a value"));
        }
        let plain = digits.trim_start_matches('0');
        let (message, help) = match word.to_ascii_lowercase().as_str() {
            lower @ ("true" | "false" | "null") => {
                (format!("`{word}` is written small in JSON"), format!("write `{lower}`"))
            }
            "none" | "nil" | "undefined" => (format!("`{word}` is not a value of JSON"), "write `null`".to_owned()),
            "nan" | "infinity" | "-infinity" | "-inf" | "inf" => {
                (format!("`{word}` has no form in JSON"), "write a number, or `null`".to_owned())
            }
            _ if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) => {
                let number = if plain.is_empty() { "0" } else { plain };
                (
                    format!("`{word}` starts with a zero"),
                    format!("write `\"{word}\"` for text, or `{number}` for the number"),
                )
            }
            _ if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => (
                format!("`{word}` is neither a number as JSON writes it nor text in quotes"),
                format!("write it as `\"{word}\"` if it is text"),
            ),
            _ => (format!("`{word}` is not a value of JSON: text stands in quotes"), format!("write `\"{word}\"`")),
        };
        Err((span, message, help))
    }

    fn string(&mut self) -> Result<(), Told> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                None | Some(b'\n' | b'\r') => {
                    let message = "this quote never closes in its line".to_owned();
                    return Err((
                        start..start + 1,
                        message,
                        "end the text with `\"`; a line break in it is `\\n`".to_owned(),
                    ));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    let sign = self.text.get(at + 1..).and_then(|rest| rest.chars().next());
                    let hex =
                        |at: usize| bytes.get(at + 2..at + 6).is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit));
                    match sign {
                        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => at += 2,
                        Some('u') if hex(at) => at += 6,
                        _ => {
                            let sign = sign.filter(|sign| !sign.is_control()).map_or(String::new(), String::from);
                            let message = format!("`\\{sign}` means nothing in JSON");
                            return Err((at..at + 1 + sign.len(), message, "write `\\\\` for a backslash".to_owned()));
                        }
                    }
                }
                Some(b'\t') => {
                    return Err((at..at + 1, "a tab stands in the text".to_owned(), "write it as `\\t`".to_owned()));
                }
                Some(byte) if *byte < 0x20 => {
                    let message = format!("the control character 0x{byte:02X} stands in the text");
                    return Err((at..at + 1, message, format!("remove it, or write it as `\\u{byte:04x}`")));
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(())
    }

    fn bare_name(&self, byte: u8) -> Told {
        let rest = &self.text[self.at..];
        let width = rest.find(|c: char| c.is_whitespace() || ",:[]{}\"".contains(c)).unwrap_or(rest.len());
        let word = rest[..width].trim_matches('\'');
        if byte == b',' || word.is_empty() {
            return self.here("the name of a member is missing before this", "write `\"name\": value`");
        }
        let message = "a member's name stands in double quotes".to_owned();
        (self.at..self.at + width, message, format!("write `\"{word}\"`"))
    }

    fn no_comma(&self) -> Told {
        let closing = if self.open.last().is_some_and(|(bracket, _)| *bracket == b'{') { '}' } else { ']' };
        let after_quote = self.text[..self.at].ends_with('"') && self.peek() != Some(b'"');
        let help = if after_quote {
            "look for a missing quote before this; a quote within text is written `\\\"`"
        } else {
            "separate values with commas"
        };
        self.here(&format!("a comma or `{closing}` is missing before this"), help)
    }
}

#[cfg(test)]
mod tests {
    use super::explain;

    #[test]
    fn the_first_slip_is_found() {
        let at = |text: &str| explain(text, false).map(|(span, _, _)| text[span].to_owned());
        assert_eq!(at("[{\"a\": 1, \"b\": [true, null, -1.5e3]}]"), None);
        assert_eq!(at("[1, 2,]").as_deref(), Some(","));
        assert_eq!(at("{\"a\": four}").as_deref(), Some("four"));
        assert_eq!(at("{\"a\": 04450}").as_deref(), Some("04450"));
        assert_eq!(at("{a: 1}").as_deref(), Some("a"));
        assert_eq!(at("[1] // x").as_deref(), Some("/"));
        assert_eq!(at("[ // x\n1]").as_deref(), Some("// x"));
        assert_eq!(at("[[1], {\"a\": [2}").as_deref(), Some("}"));
        assert_eq!(at("[\"\\é\"]").as_deref(), Some("\\é"));
        for odd in [
            "",
            "é",
            "[",
            "\"",
            "\"\\",
            "\"\\u00é",
            "{\"a\"é",
            "}",
            "[,",
            "{,",
            "[1 é",
            "'é'",
            "{'é': 1}",
            ",",
            "-",
            "[\\",
        ] {
            assert!(explain(odd, true).is_some(), "{odd}");
        }
    }
}

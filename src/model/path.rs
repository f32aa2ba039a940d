//! Paths of views: `users/{githubProfile}`.

/// A path relative to a surface's prefix, by segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    pub segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    /// A whole segment taken from a field of the record, or from the group's value.
    Field(String),
}

impl PathTemplate {
    /// # Errors
    /// In words, with the faulty bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, (String, std::ops::Range<usize>)> {
        if text.is_empty() {
            return Err(("the path is empty".to_owned(), 0..0));
        }
        let mut segments = Vec::new();
        let mut start = 0;
        for part in text.split('/') {
            let span = start..start + part.len();
            segments.push(segment(part).map_err(|why| (why, span.clone()))?);
            start = span.end + 1;
        }
        Ok(Self { segments })
    }

    /// The name of each segment's field, where it is one.
    pub fn fields_at(&self) -> Vec<Option<&str>> {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Field(name) => Some(name.as_str()),
                Segment::Literal(_) => None,
            })
            .collect()
    }

    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Field(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The path with its fields unnamed and its letters lowered: equal for two paths that the same requests reach.
    pub fn shape(&self) -> String {
        let shapes = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => text.to_ascii_lowercase(),
            Segment::Field(_) => "{}".to_owned(),
        });
        shapes.collect::<Vec<_>>().join("/")
    }

    /// The path with `value` in place of each field.
    pub fn fill<'a>(&self, mut value: impl FnMut(&str) -> &'a str) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            if !path.is_empty() {
                path.push('/');
            }
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Field(name) => path.push_str(value(name)),
            }
        }
        path
    }
}

impl std::fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, segment) in self.segments.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            match segment {
                Segment::Literal(text) => f.write_str(text)?,
                Segment::Field(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

fn segment(part: &str) -> Result<Segment, String> {
    if let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let plain = !name.is_empty() && !name.contains(['{', '}', '.', ' ']);
        return if plain { Ok(Segment::Field(name.to_owned())) } else { Err(format!("`{part}` names no field")) };
    }
    if part.contains(['{', '}']) {
        return Err(format!("`{part}`: a field takes a whole segment of the path, as in `users/{{handle}}`"));
    }
    if part.is_empty() {
        return Err(
            "the path has an empty segment: it is written without a slash at its ends, and without two in a row"
                .to_owned(),
        );
    }
    if part.len() > super::slug::LONGEST {
        return Err(format!(
            "a segment of the path is longer than {} bytes, and no file name can hold it",
            super::slug::LONGEST
        ));
    }
    if part.starts_with('.') {
        return Err(format!(
            "the segment `{part}` starts with a dot: it would hide the file or leave the output folder"
        ));
    }
    match part.chars().find(|c| {
        c.is_control() || c.is_whitespace() || matches!(c, '\\' | '?' | '#' | '%' | ':' | '*' | '"' | '<' | '>' | '|')
    }) {
        Some(c) => Err(format!("the segment `{}` holds {c:?}, which a view's path cannot", part.escape_debug())),
        None => Ok(Segment::Literal(part.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_by_segment() {
        let path = PathTemplate::parse("users/{handle}").expect("a good path");
        assert_eq!(path.to_string(), "users/{handle}");
        assert_eq!(path.fields().collect::<Vec<_>>(), ["handle"]);
        assert_eq!(path.fill(|_| "ann"), "users/ann");
    }

    #[test]
    fn what_could_leave_the_folder_is_refused() {
        for bad in
            ["", "/a", "a/", "a//b", "../a", "a/..", "a/./b", "a\\b", "a b", "a?b", "a{b}", "{}", "a/{b}c", "a\0"]
        {
            assert!(PathTemplate::parse(bad).is_err(), "{bad:?}");
        }
    }
}

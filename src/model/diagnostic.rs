//! Faults in the user's files, as values.

use super::text::Place;

/// A stable name for one kind of fault; `CODES` lists them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub &'static str);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// A fault in the user's files: what, where, and the way out.
///
/// The order is by place, which is the order in which faults are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    pub place: Place,
    pub severity: Severity,
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
    /// What members wrote last of the records that it speaks of, where it stands elsewhere.
    pub about: Vec<Place>,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Diagnostic {
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { place, severity: Severity::Error, code, message: message.into(), help: None, about: Vec::new() }
    }

    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, message) }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Notes what members wrote of what the fault speaks of.
    #[must_use]
    pub fn about(mut self, written: impl IntoIterator<Item = Place>) -> Self {
        self.about.extend(written);
        self
    }

    /// Adds a "did you mean" when `candidates` hold a name near to `name`, or else `otherwise`.
    #[must_use]
    pub fn suggest<'a>(
        self,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl Into<Option<String>>,
    ) -> Self {
        match nearest(name, candidates) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => match otherwise.into() {
                Some(text) => self.help(text),
                None => self,
            },
        }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// For programs: the path relative to the root, line and column counted from 1.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code.0,
            "severity": self.severity.name(),
            "path": &*self.place.path,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "help": self.help,
        })
    }
}

/// The candidate that a slip of the fingers would turn into `name`, if one is near enough.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name_lower = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(&name_lower, &candidate.to_lowercase());
        let bound = (name.chars().count().max(candidate.chars().count()) / 3).max(1);
        let nearer = best.is_none_or(|(d, c)| (distance, candidate) < (d, c));
        if distance <= bound && nearer {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        assert_eq!(nearest("titel", ["title", "tags"]), Some("title"));
        assert_eq!(nearest("Title", ["title", "tags"]), Some("title"));
        assert_eq!(nearest("colour", ["title", "tags"]), None);
    }
}

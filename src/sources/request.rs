//! What is asked of a service, what it answers, and what to make of that.

/// One request. The token is added by who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub url: String,
    /// JSON to post; without it the URL is read.
    pub body: Option<String>,
    /// Whether the service must know who asks.
    pub signed: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What an answer means for the next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It says something, if not of everything that was asked.
    Fine,
    /// Too many requests: the same again after a while.
    Wait(Pause),
    /// The same may do better a moment later; why.
    Again(String),
    /// It was too much at once; why.
    Smaller(String),
    /// No request will do better, and why.
    Stop(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    Seconds(u64),
    /// Until so many seconds after 1970-01-01T00:00Z.
    Until(i64),
    /// The service does not say for how long.
    Unsaid,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// How long the service wants to be left alone, where it says so: by `retry-after`, else by its reset header once
    /// nothing is left.
    pub fn pause(&self) -> Option<Pause> {
        let seconds = self.header("retry-after").and_then(|text| text.trim().parse().ok());
        seconds.map(Pause::Seconds).or_else(|| self.exhausted())
    }

    /// When there will be more, where this was the last request that was allowed.
    pub fn exhausted(&self) -> Option<Pause> {
        let either = |a: &str, b: &str| self.header(a).or_else(|| self.header(b)).map(|text| text.trim().to_owned());
        let none_left = either("x-ratelimit-remaining", "x-rate-limit-remaining").is_some_and(|left| left == "0");
        let reset = either("x-ratelimit-reset", "x-rate-limit-reset").filter(|_| none_left)?;
        let instant = || reset.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
        reset.parse::<i64>().ok().or_else(instant).map(Pause::Until)
    }

    /// What any service means by its status.
    pub fn verdict(&self, service: &str) -> Verdict {
        match self.status {
            200..=299 => Verdict::Fine,
            401 => Verdict::Stop(format!("{service} does not accept the token: make a new one")),
            429 => Verdict::Wait(self.pause().unwrap_or(Pause::Unsaid)),
            403 => self.pause().map_or_else(|| Verdict::Stop(self.refusal(service)), Verdict::Wait),
            408 | 500..=599 => match self.header("retry-after").and(self.pause()) {
                Some(pause) => Verdict::Wait(pause),
                None => Verdict::Again(format!("{service} answers {}", self.status)),
            },
            _ => Verdict::Stop(self.refusal(service)),
        }
    }

    /// The status, and what the service says to it.
    pub fn refusal(&self, service: &str) -> String {
        let said: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let word = |name: &str| said.as_ref()?.get(name)?.as_str().map(shortened);
        match word("message").or_else(|| word("detail")).or_else(|| word("title")) {
            Some(said) => format!("{service} answers {}: {said}", self.status),
            None => format!("{service} answers {}", self.status),
        }
    }
}

/// Words of somebody else, on one line and not many of them.
pub fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: Vec::new() }
    }

    #[test]
    fn pauses_are_read_from_whatever_header_tells_them() {
        let pause = |headers: &[(&str, &str)]| answer(429, headers).pause();
        assert_eq!(pause(&[("retry-after", "3600"), ("x-ratelimit-remaining", "0")]), Some(Pause::Seconds(3600)));
        assert_eq!(
            pause(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1750000000000")]),
            Some(Pause::Until(1_750_000_000_000))
        );
        assert_eq!(pause(&[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "1750000000")]), None);
        let mastodon = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2026-06-01T12:00:00.000Z")];
        assert_eq!(pause(&mastodon), Some(Pause::Until(1_780_315_200)));
    }

    #[test]
    fn a_refusal_that_names_no_pause_is_final() {
        assert!(matches!(answer(403, &[]).verdict("X"), Verdict::Stop(_)));
        assert_eq!(answer(403, &[("retry-after", "9")]).verdict("X"), Verdict::Wait(Pause::Seconds(9)));
        assert_eq!(answer(429, &[]).verdict("X"), Verdict::Wait(Pause::Unsaid));
        assert!(matches!(answer(503, &[]).verdict("X"), Verdict::Again(_)));
    }
}

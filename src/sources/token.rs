//! Secrets, which nothing prints.

/// A token. It has neither `Debug` nor `Display`, so that no message can hold it by accident.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// `None` where the text cannot be one: it is empty, or holds what no header can.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        plain.then(|| Self(text.to_owned()))
    }

    /// The header by which a request carries it, marked so that nothing logs it.
    pub fn header(&self) -> Option<::http::HeaderValue> {
        let mut value = ::http::HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Gives it to a program, as a variable of its environment.
    pub fn give(&self, command: &mut tokio::process::Command, variable: &str) {
        command.env(variable, &self.0);
    }

    /// The text with asterisks where it held the token: a service may say it back.
    pub fn hide(&self, text: String) -> String {
        if text.contains(&self.0) { text.replace(&self.0, "***") } else { text }
    }

    /// Likewise for bytes.
    pub fn hide_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let secret = self.0.as_bytes();
        if !bytes.windows(secret.len()).any(|part| part == secret) {
            return bytes;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.windows(secret.len()).position(|part| part == secret) {
            clean.extend_from_slice(&rest[..at]);
            clean.extend_from_slice(b"***");
            rest = &rest[at + secret.len()..];
        }
        clean.extend_from_slice(rest);
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hidden_wherever_they_are_said_back() {
        let token = Token::new(" ghp_secret\n").expect("a token");
        assert_eq!(token.hide("no ghp_secret, no".to_owned()), "no ***, no");
        assert_eq!(token.hide_bytes(b"ghp_secretghp_secret.".to_vec()), b"******.");
        assert!(token.header().is_some_and(|header| header.is_sensitive()));
        assert!(Token::new(" ").is_none() && Token::new("a b").is_none() && Token::new("a\nb").is_none());
    }
}

//! What an authorization server said of tokens, for a moment. A token is known by its digest: what is kept lets nobody in.

use super::claims::Claims;
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

pub type Digest = [u8; 32];

/// Answers, of which there are never more than its capacity.
pub struct Answers {
    capacity: usize,
    known: HashMap<Digest, (Answer, Instant)>,
    /// The same, in the order in which they stop being known.
    ends: BTreeSet<(Instant, Digest)>,
}

/// `None` of a token that is not active.
pub type Answer = Option<Claims>;

impl Answers {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, known: HashMap::new(), ends: BTreeSet::new() }
    }

    pub fn get(&self, token: &Digest, now: Instant) -> Option<&Answer> {
        self.known.get(token).filter(|(_, end)| now < *end).map(|(answer, _)| answer)
    }

    /// Keeps an answer until an instant. Where there is no room, those go that are known for the shortest time from now:
    /// what is gone, then what strangers made up, as that is kept for a moment only.
    pub fn keep(&mut self, token: Digest, answer: Answer, end: Instant) {
        if let Some((_, end)) = self.known.remove(&token) {
            self.ends.remove(&(end, token));
        }
        while self.known.len() >= self.capacity
            && let Some((_, first)) = self.ends.pop_first()
        {
            self.known.remove(&first);
        }
        self.known.insert(token, (answer, end));
        self.ends.insert((end, token));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test needs some instant to start from")]

    use super::*;
    use std::time::Duration;

    fn token(number: u64) -> Digest {
        let mut digest = Digest::default();
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn answers_go_when_their_time_is_over() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut answers = Answers::new(10);
        answers.keep(token(1), None, at(10));
        assert!(answers.get(&token(1), at(9)).is_some() && answers.get(&token(2), at(9)).is_none());
        assert!(answers.get(&token(1), at(10)).is_none());
        answers.keep(token(1), Some(Claims::new()), at(70));
        assert_eq!(answers.get(&token(1), at(69)), Some(&Some(Claims::new())));
        assert_eq!((answers.known.len(), answers.ends.len()), (1, 1));
    }

    #[test]
    fn there_are_never_more_than_its_capacity() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut answers = Answers::new(100);
        for number in 0..50 {
            answers.keep(token(number), Some(Claims::new()), at(60));
        }
        for number in 50..10_000 {
            answers.keep(token(number), None, at(10));
            assert!(answers.known.len() <= 100 && answers.ends.len() == answers.known.len());
        }
        assert_eq!(answers.known.len(), 100);
        for number in 0..50 {
            assert!(answers.get(&token(number), at(1)).is_some(), "{number}: strangers pushed out a member");
        }
        assert!(answers.get(&token(9_999), at(1)).is_some(), "the newest is kept");
    }
}

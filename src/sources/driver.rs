//! Sends requests one after the other, with patience, and no more of them than were allowed.

use super::clock::Clock;
use super::http::{Broken, Http};
use super::request::{Answer, Pause, Request, Verdict};
use super::token::Token;
use jiff::Timestamp;
use std::time::Duration;

/// The longest wait for a service that wants to be left alone, whatever it says.
const LONGEST_WAIT: u64 = 15 * 60;
/// How often in a row that is done for one request.
const WAITS: u32 = 6;
/// How often a request is sent that may do better a moment later.
const TRIES: u32 = 5;
/// After so many requests in a row that brought nothing, a service is taken to be down.
const FRUITLESS: u32 = 30;

/// How much a refresh may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    pub deadline: Option<Timestamp>,
    pub max_points: Option<u64>,
    /// In millionths of a dollar.
    pub max_microdollars: Option<u64>,
}

/// What it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub requests: u64,
    pub points: u64,
    pub microdollars: u64,
}

/// Why nobody else is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// What was allowed is used up: the option that allowed it.
    Budget(&'static str),
    /// The service will not answer, and why.
    Refused(String),
}

/// What became of a request.
pub enum Asked {
    Answered(Answer),
    /// It was too much at once.
    TooMuch(String),
    /// It was sent as often as it is worth.
    GaveUp(String),
    Over(Over),
}

pub struct Driver<'a> {
    pub http: &'a Http,
    pub clock: &'a dyn Clock,
    pub token: Option<Token>,
    pub budget: Budget,
    pub spent: Spent,
    /// What people call the service.
    pub service: String,
    /// Nothing is asked before.
    rested: Option<Timestamp>,
    fruitless: u32,
    /// What the last request came to, where that was nothing.
    pub trouble: Option<String>,
    /// What else is to be told.
    pub notes: Vec<String>,
}

impl<'a> Driver<'a> {
    pub fn new(http: &'a Http, clock: &'a dyn Clock, token: Option<Token>, budget: Budget, service: &str) -> Self {
        Self {
            http,
            clock,
            token,
            budget,
            spent: Spent::default(),
            service: service.to_owned(),
            rested: None,
            fruitless: 0,
            trouble: None,
            notes: Vec::new(),
        }
    }

    /// Sends a request until its answer says something. `judge` says what an answer means.
    pub async fn ask(&mut self, request: &Request, judge: impl Fn(&Answer) -> Verdict) -> Asked {
        let (mut tries, mut waits) = (0, 0);
        loop {
            if let Some(until) = self.rested.take()
                && let Some(over) = self.sleep_until(until).await
            {
                return Asked::Over(over);
            }
            if let Some(over) = self.over() {
                return Asked::Over(over);
            }
            self.spent.requests += 1;
            let (verdict, answer) = self.send(request, &judge).await;
            if let Some(answer) = answer.filter(|_| verdict == Verdict::Fine) {
                (self.fruitless, self.trouble) = (0, None);
                self.rested = answer.exhausted().map(|pause| self.instant(pause, 0));
                return Asked::Answered(answer);
            }
            self.fruitless += 1;
            self.trouble = match &verdict {
                Verdict::Again(why) | Verdict::Smaller(why) => Some(why.clone()),
                Verdict::Wait(_) => Some(format!("{} wants to be left alone", self.service)),
                Verdict::Fine | Verdict::Stop(_) => None,
            };
            match verdict {
                Verdict::Stop(why) => return Asked::Over(Over::Refused(why)),
                Verdict::Smaller(why) | Verdict::Again(why) if self.fruitless >= FRUITLESS => {
                    return Asked::Over(Over::Refused(format!(
                        "{} has not answered as it should for {FRUITLESS} requests, the last time because {why}: run it again later",
                        self.service
                    )));
                }
                Verdict::Smaller(why) => {
                    self.rested = Some(self.instant(Pause::Seconds(1), 0));
                    return Asked::TooMuch(why);
                }
                Verdict::Again(why) => {
                    tries += 1;
                    if tries >= TRIES {
                        return Asked::GaveUp(why);
                    }
                    self.rested = Some(self.instant(Pause::Seconds(1 << tries), 0));
                }
                Verdict::Wait(pause) => {
                    waits += 1;
                    if waits >= WAITS {
                        return Asked::Over(Over::Refused(format!(
                            "{} still wants to be left alone after {WAITS} waits: run it again later",
                            self.service
                        )));
                    }
                    self.rested = Some(self.instant(pause, waits - 1));
                }
                Verdict::Fine => {}
            }
        }
    }

    /// What comes next has nothing to do with what went wrong before.
    pub fn calm(&mut self) {
        (self.fruitless, self.rested, self.trouble) = (0, None, None);
    }

    async fn send(&self, request: &Request, judge: &impl Fn(&Answer) -> Verdict) -> (Verdict, Option<Answer>) {
        match self.http.send(request, self.token.as_ref()).await {
            Ok(answer) => (judge(&answer), Some(answer)),
            Err(Broken::TimedOut(limit)) => {
                (Verdict::Smaller(format!("{} did not answer within {limit:?}", self.service)), None)
            }
            Err(Broken::Other(why)) => (Verdict::Again(format!("{} cannot be reached: {why}", self.service)), None),
        }
    }

    /// What is used up, where something is.
    pub fn over(&self) -> Option<Over> {
        let Budget { deadline, max_points, max_microdollars } = self.budget;
        let late = deadline.is_some_and(|deadline| self.clock.now() >= deadline);
        let points = max_points.is_some_and(|most| self.spent.points >= most);
        let dollars = max_microdollars.is_some_and(|most| self.spent.microdollars > most);
        late.then_some(Over::Budget("--deadline"))
            .or_else(|| points.then_some(Over::Budget("--max-points")))
            .or_else(|| dollars.then_some(Over::Budget("--max-usd")))
    }

    /// When a pause ends; a service that does not say for how long is left alone for a minute, then for two, and so on.
    fn instant(&self, pause: Pause, before: u32) -> Timestamp {
        let now = self.clock.now();
        let seconds = match pause {
            Pause::Seconds(seconds) => seconds,
            Pause::Until(at) => u64::try_from(at.saturating_sub(now.as_second())).unwrap_or(0).max(1),
            Pause::Unsaid => 60 << before.min(8),
        };
        let seconds = i64::try_from(seconds.min(LONGEST_WAIT)).unwrap_or_default();
        now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now)
    }

    /// A wait that the deadline would cut short is not begun.
    async fn sleep_until(&self, until: Timestamp) -> Option<Over> {
        if self.budget.deadline.is_some_and(|deadline| until >= deadline) {
            return Some(Over::Budget("--deadline"));
        }
        let left = until.duration_since(self.clock.now());
        if let Ok(left) = Duration::try_from(left)
            && !left.is_zero()
        {
            self.clock.sleep(left).await;
        }
        None
    }
}

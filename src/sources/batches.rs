//! Asks GitHub about many members at once: in batches that shrink where they are too much, and grow again.

use super::driver::{Asked, Driver, Over};
use super::github::{self, By, Read, Reply, Step, Task};
use super::member::{Asking, same};
use super::outcome::{Came, Outcome, Seen, Stretch};
use crate::model::GithubMode;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::VecDeque;

/// How often one member is asked about whose part of an answer is missing.
const TRIES: u32 = 3;
/// So many answers in a row that were whole let a batch grow again.
const CALM: u32 = 8;
/// How far ahead members are looked for that fit into the same request.
const AHEAD: usize = 256;

pub struct Batches<'a> {
    pub members: &'a [Asking],
    pub mode: GithubMode,
    pub url: Option<&'a str>,
}

/// A member whose tasks are not all done.
#[derive(Clone, Default)]
struct Open {
    left: usize,
    /// Everything is said of it.
    done: bool,
    seen: Seen,
}

struct State {
    queue: VecDeque<Task>,
    open: Vec<Open>,
    size: usize,
    calm: u32,
}

impl Batches<'_> {
    /// Asks about every member, in their order. `emit` takes what came of each as it comes.
    pub async fn run(
        &self,
        driver: &mut Driver<'_>,
        emit: &mut dyn FnMut(Outcome) -> Result<()>,
    ) -> Result<Option<Over>> {
        let now = driver.clock.now();
        let mut state = State {
            queue: VecDeque::new(),
            open: vec![Open::default(); self.members.len()],
            size: github::MOST,
            calm: 0,
        };
        for (at, member) in self.members.iter().enumerate() {
            let tasks = github::tasks(self.mode, at, member, now);
            state.open[at].left = tasks.len();
            state.queue.extend(tasks);
        }
        while let Some(batch) = state.next() {
            let request = github::request(&batch, self.url);
            let answer = match driver.ask(&request, github::verdict).await {
                Asked::Over(over) => return Ok(Some(over)),
                Asked::TooMuch(why) => {
                    self.shrink(&mut state, batch, &why, true, driver.clock.now(), emit)?;
                    continue;
                }
                Asked::GaveUp(why) => {
                    self.shrink(&mut state, batch, &why, false, driver.clock.now(), emit)?;
                    continue;
                }
                Asked::Answered(answer) => answer,
            };
            let Read { replies, points, short } = github::read(&batch, &answer);
            driver.spent.points += points;
            let mut reached = vec![false; batch.len()];
            for (at, reply) in replies {
                reached[at] = true;
                self.take(&mut state, &batch[at], reply, driver.clock.now(), emit)?;
            }
            let mut unreached = reached.iter();
            let left: Vec<Task> = batch.into_iter().filter(|_| unreached.next() == Some(&false)).collect();
            if left.is_empty() {
                state.grow();
            } else {
                let why = short.unwrap_or_else(|| "GitHub left it out of its answer".to_owned());
                self.shrink(&mut state, left, &why, true, driver.clock.now(), emit)?;
            }
        }
        Ok(None)
    }

    /// Asks again about who was not reached: fewer at a time, then fewer days at a time.
    fn shrink(
        &self,
        state: &mut State,
        batch: Vec<Task>,
        why: &str,
        days_may_help: bool,
        now: Timestamp,
        emit: &mut dyn FnMut(Outcome) -> Result<()>,
    ) -> Result<()> {
        state.calm = 0;
        if let [alone] = batch.as_slice() {
            let halves = if days_may_help { github::halves(alone) } else { None };
            if let Some(halves) = halves {
                state.open[alone.member].left += 1;
                state.size = 1;
                halves.into_iter().rev().for_each(|half| state.queue.push_front(half));
                return Ok(());
            }
            return self.fail(state, alone, why, now, emit);
        }
        state.size = batch.len().min(state.size).div_ceil(2);
        batch.into_iter().rev().for_each(|task| state.queue.push_front(task));
        Ok(())
    }

    fn take(
        &self,
        state: &mut State,
        task: &Task,
        reply: Reply,
        now: Timestamp,
        emit: &mut dyn FnMut(Outcome) -> Result<()>,
    ) -> Result<()> {
        let member = &self.members[task.member];
        let open = &mut state.open[task.member];
        if open.done {
            return Ok(());
        }
        match reply {
            Reply::Seen { id, login, days, mark } => self.saw(open, task, (id, login), Some(days), mark, now, emit),
            Reply::Pushed { id, login, at } if at.is_some() && at == member.check.mark => {
                // Nothing was pushed since, so nothing was done on the days since.
                let from = member.last_known().and_then(|last| last.tomorrow().ok()).unwrap_or(task.today);
                let days = from.series(jiff::Span::new().days(1)).take_while(|day| *day <= task.today).map(|_| Some(0));
                let days: Vec<Option<u32>> = days.collect();
                self.saw(open, task, (id, login), Some(Stretch::new(from, &days)), at, now, emit)
            }
            Reply::Pushed { .. } => {
                let step = Step::Commits { after: None, counted: std::collections::BTreeMap::new() };
                state.queue.push_front(Task { step, ..task.clone() });
                Ok(())
            }
            Reply::Goes { on } => {
                state.queue.push_front(on);
                Ok(())
            }
            Reply::Gone => {
                // The account is gone; the login may be somebody else's by now.
                let tasks = github::of_login(self.mode, task.member, member, now);
                *open = Open { left: tasks.len(), ..Open::default() };
                state.queue.retain(|other| other.member != task.member);
                tasks.into_iter().rev().for_each(|task| state.queue.push_front(task));
                Ok(())
            }
            Reply::Missing => {
                open.done = true;
                state.queue.retain(|other| other.member != task.member);
                emit(Outcome { member: member.key.clone(), at: now, came: Came::Missing })
            }
            Reply::Unanswered(why) if task.tries + 1 >= TRIES => self.fail(state, task, &why, now, emit),
            Reply::Unanswered(_) => {
                state.queue.push_back(Task { tries: task.tries + 1, ..task.clone() });
                Ok(())
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one reply")]
    fn saw(
        &self,
        open: &mut Open,
        task: &Task,
        (id, login): (String, String),
        days: Option<Stretch>,
        mark: Option<String>,
        now: Timestamp,
        emit: &mut dyn FnMut(Outcome) -> Result<()>,
    ) -> Result<()> {
        let member = &self.members[task.member];
        let known = member.known.as_ref().and_then(|known| known.id.as_ref());
        open.seen.anew = matches!(task.by, By::Login(_)) && known.is_some_and(|known| *known != id);
        open.seen.written = Some(member.account.clone()).filter(|written| !same(written, &login));
        open.seen.id = Some(id);
        open.seen.account = Some(login);
        open.seen.mark = mark;
        open.seen.days.extend(days);
        open.left = open.left.saturating_sub(1);
        if open.left > 0 {
            return Ok(());
        }
        open.done = true;
        let seen = std::mem::take(&mut open.seen);
        emit(Outcome { member: member.key.clone(), at: now, came: Came::Seen(seen) })
    }

    /// The last known facts are kept.
    fn fail(
        &self,
        state: &mut State,
        task: &Task,
        why: &str,
        now: Timestamp,
        emit: &mut dyn FnMut(Outcome) -> Result<()>,
    ) -> Result<()> {
        let open = &mut state.open[task.member];
        if std::mem::replace(&mut open.done, true) {
            return Ok(());
        }
        state.queue.retain(|other| other.member != task.member);
        let member = self.members[task.member].key.clone();
        emit(Outcome { member, at: now, came: Came::Failed(why.to_owned()) })
    }
}

impl State {
    /// The next tasks that can stand in one request.
    fn next(&mut self) -> Option<Vec<Task>> {
        let first = self.queue.pop_front()?;
        let mut batch = vec![first];
        let mut at = 0;
        while batch.len() < self.size && at < self.queue.len().min(AHEAD) {
            if github::together(&batch[0], &self.queue[at]) {
                batch.extend(self.queue.remove(at));
            } else {
                at += 1;
            }
        }
        Some(batch)
    }

    fn grow(&mut self) {
        self.calm += 1;
        if self.calm >= CALM && self.size < github::MOST {
            self.size = (self.size * 2).min(github::MOST);
            self.calm = 0;
        }
    }
}

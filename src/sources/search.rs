//! Runs a search of X within its budget. One that is cut short goes on where it was the next time.

use super::adopt::Orphans;
use super::driver::{Asked, Driver, Over};
use super::journal::Journal;
use super::member::{Asking, same};
use super::outcome::{Came, Outcome, Seen, Stretch};
use super::x;
use crate::model::{Activity, Days, Search};
use anyhow::Result;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use std::collections::BTreeMap;

pub struct Searching<'a> {
    pub members: &'a [Asking],
    pub orphans: &'a Orphans,
    pub tag: &'a str,
    pub url: Option<&'a str>,
}

/// What is known of an account while the search goes on.
struct Account<'a> {
    member: &'a Asking,
    days: Days,
    /// Whether nothing is known of the day on which the last search ended.
    new: bool,
    /// Whether it is another one than before.
    anew: bool,
}

impl Searching<'_> {
    pub async fn run(&self, driver: &mut Driver<'_>, search: Search, journal: &mut Journal) -> Result<Option<Over>> {
        let now = driver.clock.now();
        let mut accounts = match self.accounts(driver, search.done_at, journal).await? {
            Ok(accounts) => accounts,
            Err(over) => return Ok(Some(over)),
        };
        let mut search = x::taken_up(search, now);
        loop {
            let unfinished = search.oldest.is_some();
            let range = x::range(&search, now);
            if let Some(over) = self.pages(driver, &range, &mut search, &mut accounts, journal).await? {
                return Ok(Some(over));
            }
            close(&range, &accounts, now, journal)?;
            let done = search.newest.take().or(search.done.take());
            let done_at = if unfinished { search.begun } else { Some(now) };
            search = Search { done, done_at, ..Search::default() };
            journal.searched(search.clone())?;
            // What was left is read; what has been posted since comes next.
            if !unfinished {
                return Ok(None);
            }
        }
    }

    /// The accounts of the members by id; those that are not known yet are looked up.
    async fn accounts(
        &self,
        driver: &mut Driver<'_>,
        ended: Option<Timestamp>,
        journal: &mut Journal,
    ) -> Result<Result<BTreeMap<String, Account<'_>>, Over>> {
        let now = driver.clock.now();
        let mut accounts = BTreeMap::new();
        let mut unknown = Vec::new();
        for member in self.members {
            match member.id() {
                Some(id) => {
                    drop(accounts.insert(id.to_owned(), account(member, member.known.as_ref(), ended, journal)));
                }
                None if x::is_name(&member.account) => unknown.push(member),
                None => journal.came(Outcome { member: member.key.clone(), at: now, came: Came::Missing })?,
            }
        }
        for members in unknown.chunks(x::NAMES) {
            let names: Vec<&str> = members.iter().map(|member| member.account.as_str()).collect();
            let cost = x::USER * names.len() as u64;
            if left(driver) < cost {
                return Ok(Err(Over::Budget("max_usd")));
            }
            let answer = match driver.ask(&x::names_request(self.url, &names), x::verdict).await {
                Asked::Answered(answer) => answer,
                Asked::Over(over) => return Ok(Err(over)),
                Asked::TooMuch(why) | Asked::GaveUp(why) => return Ok(Err(Over::Refused(why))),
            };
            let ids = match x::names(&answer) {
                Ok(ids) => ids,
                Err(why) => return Ok(Err(Over::Refused(why))),
            };
            driver.spent.microdollars += x::USER * ids.len() as u64;
            for member in members {
                let Some(id) = ids.get(&member.account.to_ascii_lowercase()) else {
                    journal.came(Outcome { member: member.key.clone(), at: now, came: Came::Missing })?;
                    continue;
                };
                let known_id = member.known.as_ref().and_then(|known| known.id.as_ref());
                let anew = known_id.is_some_and(|known| known != id);
                // Who was a member under another key before goes on with what was known then.
                let known = member.known.as_ref().filter(|_| !anew);
                let known = known.or_else(|| self.orphans.get(id).filter(|_| member.known.is_none()));
                accounts.insert(id.clone(), Account { anew, ..account(member, known, ended, journal) });
                let seen = Seen { anew, ..seen(id, member) };
                journal.came(Outcome { member: member.key.clone(), at: now, came: Came::Seen(seen) })?;
            }
        }
        Ok(Ok(accounts))
    }

    /// Reads page after page, down to where everything is known.
    async fn pages(
        &self,
        driver: &mut Driver<'_>,
        range: &x::Range,
        search: &mut Search,
        accounts: &mut BTreeMap<String, Account<'_>>,
        journal: &mut Journal,
    ) -> Result<Option<Over>> {
        let mut next = None;
        loop {
            let most = (left(driver) / x::POST).min(x::MOST);
            if most < x::FEWEST {
                return Ok(Some(Over::Budget("max_usd")));
            }
            let request = x::page_request(self.url, self.tag, range, next.as_deref(), most);
            let answer = match driver.ask(&request, x::verdict).await {
                Asked::Answered(answer) => answer,
                Asked::Over(over) => return Ok(Some(over)),
                Asked::TooMuch(why) | Asked::GaveUp(why) => return Ok(Some(Over::Refused(why))),
            };
            let page = match x::page(&answer) {
                Ok(page) => page,
                Err(why) => return Ok(Some(Over::Refused(why))),
            };
            driver.spent.microdollars += x::POST * page.posts.len() as u64;
            let before = search.oldest.clone();
            let counted = count(&page, accounts, driver.clock.now());
            for (post, _, _) in &page.posts {
                search.newest = Some(x::newest(search.newest.take(), post));
                search.oldest = Some(x::oldest(search.oldest.take(), post));
            }
            search.begun = search.begun.or(Some(driver.clock.now()));
            journal.page(counted, search.clone())?;
            if page.next.is_none() {
                return Ok(None);
            }
            // Each page must lead below the one before: else there would be no last one.
            if search.oldest == before || page.next == next {
                return Ok(Some(Over::Refused("X's search does not come to an end: run it again later".to_owned())));
            }
            next = page.next;
        }
    }
}

/// A search that came to its end has seen the days on which nobody posted as well.
fn close(
    range: &x::Range,
    accounts: &BTreeMap<String, Account<'_>>,
    now: Timestamp,
    journal: &mut Journal,
) -> Result<()> {
    let today = now.to_zoned(TimeZone::UTC).date();
    for (id, account) in accounts {
        // Of the day on which the last search ended a part only was read of whom nothing was known then.
        let partly = account.new && range.since.is_some();
        let first = if partly { range.first.tomorrow().unwrap_or(today) } else { range.first };
        let days = first.series(1.day()).take_while(|day| *day <= today);
        let counts: Vec<Option<u32>> = days.map(|day| Some(account.days.get(day).unwrap_or(0))).collect();
        let mut seen = seen(id, account.member);
        seen.anew = account.anew;
        seen.days.push(Stretch::new(first, &counts));
        journal.came(Outcome { member: account.member.key.clone(), at: now, came: Came::Seen(seen) })?;
    }
    Ok(())
}

/// Adds the posts of a page to what is known; what is written down is the sum.
fn count(page: &x::Page, accounts: &mut BTreeMap<String, Account<'_>>, now: Timestamp) -> Vec<Outcome> {
    let mut counts: BTreeMap<&str, BTreeMap<Date, u32>> = BTreeMap::new();
    for (_, author, day) in page.posts.iter().filter(|(_, author, _)| accounts.contains_key(author)) {
        *counts.entry(author).or_default().entry(*day).or_default() += 1;
    }
    let mut outcomes = Vec::new();
    for (author, days) in counts {
        let Some(account) = accounts.get_mut(author) else { continue };
        let mut seen = seen(author, account.member);
        seen.anew = account.anew;
        for (day, more) in days {
            let sum = account.days.get(day).unwrap_or(0) + more;
            account.days.learn(day, &[Some(sum)]);
            seen.days.push(Stretch::new(day, &[Some(sum)]));
        }
        outcomes.push(Outcome { member: account.member.key.clone(), at: now, came: Came::Seen(seen) });
    }
    outcomes
}

/// What is known of an account; the last search ended at `ended`.
fn account<'a>(
    member: &'a Asking,
    known: Option<&Activity>,
    ended: Option<Timestamp>,
    journal: &Journal,
) -> Account<'a> {
    let known = known.and_then(|known| known.days().ok());
    let mut days = known.unwrap_or_else(|| Days::none(Date::default()));
    let new = ended.is_none_or(|ended| days.get(ended.to_zoned(TimeZone::UTC).date()).is_none());
    // An interrupted search has counted some of it already.
    if let Some(Outcome { came: Came::Seen(seen), .. }) = journal.outcomes.get(&member.key) {
        for stretch in &seen.days {
            let (from, counts) = stretch.counts();
            days.learn(from, &counts);
        }
    }
    Account { member, days, new, anew: false }
}

fn seen(id: &str, member: &Asking) -> Seen {
    let known = member.known.as_ref().filter(|known| known.id.as_deref() == Some(id));
    let account = known.map_or(&member.account, |known| known.account.as_ref().unwrap_or(&known.member)).clone();
    let written = Some(member.account.clone()).filter(|written| !same(written, &account));
    Seen { id: Some(id.to_owned()), account: Some(account), written, ..Seen::default() }
}

/// What may still be spent, in millionths of a dollar.
fn left(driver: &Driver<'_>) -> u64 {
    driver.budget.max_microdollars.unwrap_or(0).saturating_sub(driver.spent.microdollars)
}

//! What `site/site.toml` declares of sources of activity, and of the scores that are made of it.

use super::settings::Placed;
use super::text::Place;
use jiff::civil::{Date, Weekday};

/// Where activity is fetched from.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub at: Place,
    pub kind: SourceKind,
    /// Index into [`super::Settings::collections`]: whose activity it is.
    pub members: usize,
    /// The member of a record that names the account.
    pub account: Placed<String>,
    /// The environment variable that holds the token.
    pub token: Option<Placed<String>>,
    /// The service's address, where it is not the usual one.
    pub url: Option<String>,
    /// After how many hours without a check facts are called stale.
    pub stale_hours: usize,
}

#[derive(Clone, Debug)]
pub enum SourceKind {
    Github(GithubMode),
    /// A search for a hashtag; without a budget nothing is asked.
    X {
        tag: String,
        max_usd: Option<f64>,
    },
    /// RSS, Atom or JSON Feed.
    Feed,
    /// `date,count` or `member,date,count`: a file, or one for each member where the path has a field.
    Csv {
        path: Placed<String>,
    },
    /// `tweets.js` of an archive, one for each member where the path has a field; only posts with the tag count, if any.
    XArchive {
        path: Placed<String>,
        tag: Option<String>,
    },
    /// A program and its arguments: it reads jobs and writes outcomes, as lines of JSON.
    Command(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GithubMode {
    /// The contribution calendar.
    Calendar,
    /// Commits to the member's own repository of this name.
    Journey,
}

/// How activity becomes members of records.
#[derive(Clone, Debug)]
pub struct Score {
    pub name: String,
    pub at: Place,
    /// Index into [`super::Settings::sources`].
    pub from: usize,
    /// The most that a day counts.
    pub daily_cap: Option<u32>,
    /// How many missed days (or weeks) in a row do not break a streak.
    pub grace_days: u32,
    /// Days that never break a streak.
    pub excluded: Vec<Weekday>,
    pub period: Period,
    /// The challenge's start: no day before counts.
    pub since: Option<Date>,
    /// The member of a record with the day from which activity counts.
    pub joined: Placed<String>,
    /// The member of a record with the member's time zone.
    pub time_zone: Placed<String>,
    pub into: Into,
    /// Members of the record, and the window whose days they sum up.
    pub windows: Vec<(String, Window)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    /// Calendar weeks, and the day on which they begin.
    Week(Weekday),
}

/// The members of a record that computed numbers are put into.
#[derive(Clone, Debug, Default)]
pub struct Into {
    pub score: Option<String>,
    pub streak: Option<String>,
    pub longest: Option<String>,
    /// How many days had a count.
    pub active: Option<String>,
    /// Whether the streak could be longer than what is known.
    pub provisional: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many days, today the last of them.
    Days(u32),
    /// The month that today is in.
    ThisMonth,
    /// A month: year and month.
    Month(i16, i8),
}

impl Source {
    /// Where the facts stand, below the root.
    pub fn facts(&self) -> String {
        format!("data/activity/{}.ndjson", self.name)
    }

    /// Where it stands when each member was checked, below the root.
    pub fn checks(&self) -> String {
        format!("data/activity/{}.checked.json", self.name)
    }
}

/// The names of the fields in the path of a source, such as `handle` in `data/imports/{handle}.csv`.
pub fn path_fields(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).filter(|field| !field.is_empty())
}

impl Score {
    /// Computes a member no more.
    pub fn leave_out(&mut self, field: &str) {
        let Into { score, streak, longest, active, provisional } = &mut self.into;
        for name in [score, streak, longest, active, provisional] {
            name.take_if(|name| name == field);
        }
        self.windows.retain(|(name, _)| name != field);
    }

    /// The names of the members that it computes.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let Into { score, streak, longest, active, provisional } = &self.into;
        let fixed = [score, streak, longest, active, provisional].into_iter().flatten();
        fixed.chain(self.windows.iter().map(|(field, _)| field)).map(String::as_str)
    }
}

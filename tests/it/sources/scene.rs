//! A site with members, a service that has accounts, and a clock that nobody waits for.

use super::server::{Asked, Reply, Server};
use crate::support::Site;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use precast::model::Settings;
use precast::pipeline::{self, Members};
use precast::sources::{Clock, Ended, Http, Lock, Options, Token, Work, refresh};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const TOKEN: &str = "ghp_5ecret5ecret5ecret5ecret";

pub struct TestClock {
    now: Mutex<Timestamp>,
    pub slept: Mutex<Vec<Duration>>,
    /// How much time each look at the clock takes.
    pub tick: Mutex<Duration>,
}

impl TestClock {
    pub fn at(now: &str) -> Self {
        let now = Mutex::new(now.parse().expect("an instant"));
        Self { now, slept: Mutex::default(), tick: Mutex::default() }
    }

    pub fn set(&self, now: &str) {
        *self.now.lock().expect("a clock") = now.parse().expect("an instant");
    }

    pub fn slept(&self) -> Vec<u64> {
        self.slept.lock().expect("a list").iter().map(Duration::as_secs).collect()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let mut now = self.now.lock().expect("a clock");
        *now += *self.tick.lock().expect("a tick");
        *now
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        *self.now.lock().expect("a clock") += time;
        self.slept.lock().expect("a list").push(time);
        Box::pin(std::future::ready(()))
    }
}

/// By node id: login, and counts by day.
type Held = BTreeMap<String, (String, BTreeMap<Date, u32>)>;

/// Accounts of GitHub by node id: what they are called now, and what they did.
#[derive(Clone, Default)]
pub struct Accounts(pub Arc<Mutex<Held>>);

impl Accounts {
    /// `user-0`, `user-1`, …: each was active on some days before the first of June.
    pub fn of(count: usize) -> Self {
        let days = |n: usize| {
            let end: Date = "2026-05-31".parse().expect("a day");
            let active = (0..400_i64).filter(move |back| (back + i64::try_from(n).expect("small")) % 3 == 0);
            active
                .map(move |back| (end.saturating_sub(back.days()), 1 + u32::try_from(n % 4).expect("small")))
                .collect()
        };
        let all = (0..count).map(|n| (format!("U_{n}"), (format!("user-{n}"), days(n))));
        Self(Arc::new(Mutex::new(all.collect())))
    }

    pub fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.0.lock().expect("accounts"));
    }

    /// Who is asked about, by login or id, in the order of the request.
    pub fn named(asked: &Asked) -> Vec<String> {
        let body: Json = serde_json::from_str(&asked.body).unwrap_or_default();
        let variables = &body["variables"];
        match variables["ids"].as_array() {
            Some(ids) => ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
            None => (0..).map_while(|n| variables[format!("l{n}")].as_str().map(str::to_owned)).collect(),
        }
    }

    /// Data and errors, as GitHub answers.
    pub fn answer(&self, asked: &Asked) -> Json {
        let body: Json = serde_json::from_str(&asked.body).expect("a query");
        let variables = &body["variables"];
        let by_id = variables["ids"].is_array();
        let accounts = self.0.lock().expect("accounts");
        let (mut nodes, mut errors) = (Vec::new(), Vec::new());
        for (n, name) in Self::named(asked).iter().enumerate() {
            let found = accounts
                .iter()
                .find(|(id, (login, _))| if by_id { *id == name } else { login.eq_ignore_ascii_case(name) });
            let at = if by_id { 0 } else { n };
            let day = |name: &str| -> Date {
                variables[format!("{name}{at}")].as_str().expect("a day")[..10].parse().expect("a day")
            };
            let path = if by_id { json!(["nodes", n]) } else { json!([format!("m{n}")]) };
            if let Some((id, (login, days))) = found {
                nodes.push(node(id, login, days, day("f"), day("t")));
            } else {
                let message = format!("Could not resolve {name}");
                errors.push(json!({ "type": "NOT_FOUND", "path": path, "message": message }));
                nodes.push(Json::Null);
            }
        }
        let mut data = json!({ "rateLimit": { "cost": 1 } });
        if by_id {
            data["nodes"] = json!(nodes);
        } else {
            nodes.into_iter().enumerate().for_each(|(n, node)| data[format!("m{n}")] = node);
        }
        let mut answer = json!({ "data": data });
        if !errors.is_empty() {
            answer["errors"] = json!(errors);
        }
        answer
    }

    pub fn reply(&self, asked: &Asked) -> Reply {
        Reply::body(&self.answer(asked))
    }
}

fn node(id: &str, login: &str, days: &BTreeMap<Date, u32>, from: Date, to: Date) -> Json {
    assert!(from.until(to).expect("a span").get_days() < 366, "a span is a year at most");
    let day = |day: Date| json!({ "date": day, "contributionCount": days.get(&day).copied().unwrap_or(0) });
    let days: Vec<Json> = from.series(1.day()).take_while(|day| *day <= to).map(day).collect();
    let weeks: Vec<Json> = days.chunks(7).map(|week| json!({ "contributionDays": week })).collect();
    json!({ "id": id, "databaseId": 7, "login": login, "contributionsCollection": { "contributionCalendar": { "weeks": weeks } } })
}

pub struct Scene {
    pub site: Site,
    pub server: Server,
    pub clock: TestClock,
    pub limit: Duration,
}

impl Scene {
    /// So many members `user-0`, `user-1`, …, whose activity is on GitHub.
    pub fn github(members: usize, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let server = Server::start(handler);
        let source = format!("[sources.github]\nkind = \"github\"\nurl = \"{}\"\n", server.url);
        let users: Vec<Json> = (0..members).map(|n| json!({ "handle": format!("user-{n}") })).collect();
        Self::of(server, &source, &json!(users))
    }

    pub fn of(server: Server, sources: &str, users: &Json) -> Self {
        let mut settings = "[collections.users]\nsources = [\"data/users.json\"]\nkey = \"handle\"\n\n".to_owned();
        let _ = write!(
            settings,
            "{sources}\n[surfaces.api]\nprefix = \"/api\"\nshape = \"bare\"\n\n[[views]]\npath = \"users\"\nfrom = \"users\"\n"
        );
        let site = Site::empty().file("site/site.toml", settings).file("data/users.json", users.to_string());
        Self { site, server, clock: TestClock::at("2026-06-01T12:00:00Z"), limit: Duration::from_secs(20) }
    }

    pub fn settings(&self) -> Settings {
        let (settings, faults) = pipeline::load_settings(&self.site.path("")).expect("settings");
        assert!(faults.is_empty(), "{faults:?}");
        settings.expect("settings")
    }

    pub fn refresh(&self) -> Ended {
        self.refresh_with(Options::default()).expect("a refresh")
    }

    pub fn refresh_with(&self, options: Options) -> anyhow::Result<Ended> {
        let settings = self.settings();
        let root = self.site.path("");
        let _lock = Lock::take(&root)?;
        let Members::Known(members) = pipeline::members(&root, &settings)? else { panic!("faults") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let http = Http::new(self.limit)?;
            let (source, roster) = (&settings.sources[0], &members[0]);
            let work = Work { root: &root, source, roster, token: Token::new(TOKEN), http: &http, clock: &self.clock };
            refresh(&work, options, &|_, _| ()).await
        })
    }

    /// The file of facts of the first source; empty where there is none.
    pub fn facts(&self) -> String {
        let path = self.settings().sources[0].facts();
        if self.site.path(&path).exists() { self.site.text(&path) } else { String::new() }
    }

    /// The facts of a member, as they are written.
    pub fn of_member(&self, member: &str) -> Json {
        let lines = self.facts();
        let mut lines = lines.lines().map(|line| serde_json::from_str::<Json>(line).expect("a line"));
        lines.find(|line| line["member"] == member).unwrap_or_default()
    }

    /// How often a member was active, as far as it is known.
    pub fn count(&self, member: &str, day: &str) -> Option<u32> {
        let activity = serde_json::from_value::<precast::model::Activity>(self.of_member(member)).ok()?;
        activity.days().expect("days").get(day.parse().expect("a day"))
    }

    /// Wants the facts to be what the service holds, for so many members.
    pub fn agrees(&self, accounts: &Accounts, members: usize) {
        let accounts = accounts.0.lock().expect("accounts");
        for n in 0..members {
            let (_, (_, days)) = accounts.iter().find(|(id, _)| **id == format!("U_{n}")).expect("an account");
            let first: Date = "2026-05-01".parse().expect("a day");
            for day in first.series(1.day()).take(31) {
                let held = days.get(&day).copied().unwrap_or(0);
                assert_eq!(self.count(&format!("user-{n}"), &day.to_string()), Some(held), "user-{n} on {day}");
            }
        }
        assert_eq!(self.facts().lines().count(), members);
    }
}

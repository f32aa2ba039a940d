//! The inbox: versions without a gap, one winner, and what is remembered when entries are gone.

use jiff::{SignedDuration, Timestamp};
use precast::inbox::{ARCHIVE, Claim, Decided, Decision, ENTRIES, Fetched, Inbox, nonce};
use precast::model::{Change, Entry};
use precast::store::{Memory, Store};
use std::collections::BTreeSet;
use std::fs;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn memory() -> Inbox {
    Inbox::new(Store::memory(Memory::default()))
}

/// A folder of its own, and the inbox in it.
fn folder() -> (crate::support::Site, Inbox) {
    let site = crate::support::Site::empty();
    let inbox = Inbox::new(Store::folder(site.path("inbox")));
    (site, inbox)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn entry(key: &str, version: u64, change: Change) -> Entry {
    Entry {
        id: nonce().expect("randomness"),
        collection: "users".to_owned(),
        key: key.to_owned(),
        version,
        change,
        by: "somebody".to_owned(),
        by_editor: false,
        claim: None,
        at: at(i64::try_from(version).expect("a version")),
        request: "r".to_owned(),
    }
}

fn put(key: &str, version: u64) -> Entry {
    entry(key, version, Change::Put(Box::new([("name".into(), precast::model::Value::text("Mira"))])))
}

#[test]
fn the_current_version_is_found_wherever_it_is() {
    run(async {
        let inbox = memory();
        for version in 0..=70 {
            let latest = inbox.latest("users", "Mira").await.expect("a version");
            assert_eq!(latest.version, version);
            assert_eq!(latest.entry.map(|entry| entry.version), (version > 0).then_some(version));
            assert!(inbox.add(&put("mira", version + 1)).await.expect("it is kept"));
        }
        assert_eq!(inbox.latest("users", "mir").await.expect("a version").version, 0);
        assert_eq!(inbox.latest("articles", "mira").await.expect("a version").version, 0);
    });
}

#[test]
fn of_many_who_add_a_version_one_does() {
    let (_site, inbox) = folder();
    run(async {
        for version in 1..=20 {
            let writers = (0..32).map(|_| {
                let inbox = inbox.clone();
                tokio::spawn(async move { inbox.add(&put("mira", version)).await.expect("the disk works") })
            });
            let mut winners = 0;
            for writer in writers.collect::<Vec<_>>() {
                winners += usize::from(writer.await.expect("it ends"));
            }
            assert_eq!(winners, 1);
        }
        assert_eq!(inbox.latest("users", "mira").await.expect("a version").version, 20);
    });
}

#[test]
fn nothing_is_left_beside_the_entries() {
    let (site, inbox) = folder();
    run(async {
        assert!(inbox.add(&put("mira", 1)).await.expect("it is kept"));
        assert!(!inbox.add(&put("mira", 1)).await.expect("another was first"));
    });
    assert_eq!(fs::read_dir(site.path("inbox/.precast/put")).expect("a folder").count(), 0);
    // A process that was killed left this one; another is at work on that one.
    site.write("inbox/.precast/put/killed-1", "half");
    site.write("inbox/.precast/put/working-1", "half");
    let working = fs::File::open(site.path("inbox/.precast/put/working-1")).expect("a file");
    working.lock().expect("a lock");
    drop(Inbox::new(Store::folder(site.path("inbox"))));
    assert!(!site.path("inbox/.precast/put/killed-1").exists());
    assert!(site.path("inbox/.precast/put/working-1").exists());
}

#[test]
fn an_idempotency_key_belongs_to_one_request_for_thirty_days() {
    run(async {
        let inbox = memory();
        let claim = async |owner: &[&str], request: &str, id: &str, second| {
            inbox.claim(owner, request, id, at(second)).await.expect("the store works")
        };
        let own = |id: &str| Claim::Own { id: id.to_owned() };
        assert_eq!(claim(&["mira", "users", "k"], "a", "1", 0).await, own("1"));
        assert_eq!(claim(&["mira", "users", "k"], "a", "2", 5).await, own("1"));
        assert_eq!(claim(&["mira", "users", "k"], "b", "3", 5).await, Claim::Taken);
        assert_eq!(claim(&["ada", "users", "k"], "b", "4", 5).await, own("4"));
        let month = 30 * 24 * 3600;
        assert_eq!(claim(&["mira", "users", "k"], "b", "5", month - 1).await, Claim::Taken);
        assert_eq!(claim(&["mira", "users", "k"], "b", "6", month + 1).await, own("6"));
    });
}

#[test]
fn a_build_is_asked_for_once_a_minute() {
    run(async {
        let inbox = memory();
        let asked = async |second| inbox.may_wake(at(second)).await.expect("the store works");
        assert!(asked(0).await);
        assert!(!asked(59).await);
        assert!(asked(60).await);
        // Somebody's clock was ahead.
        assert!(asked(30).await);
        let many = (0..16).map(|_| {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.may_wake(at(500)).await.expect("the store works") })
        });
        let mut asked = 0;
        for one in many.collect::<Vec<_>>() {
            asked += usize::from(one.await.expect("it ends"));
        }
        assert_eq!(asked, 1);
    });
}

#[test]
fn budgets_are_counted_by_all_together() {
    run(async {
        let inbox = memory();
        let mut within = 0;
        for second in 0..10 {
            within += usize::from(inbox.clone().spend("mira", 4, at(second)).await.expect("the store works"));
        }
        assert_eq!(within, 4);
        assert!(inbox.spend("ada", 4, at(9)).await.expect("the store works"));
        assert!(inbox.spend("mira", 4, at(60)).await.expect("the store works"));
    });
}

#[test]
fn what_was_written_before_a_deletion_is_forgotten() {
    run(async {
        let inbox = memory();
        for version in 1..=3 {
            assert!(inbox.add(&put("mira", version)).await.expect("it is kept"));
        }
        assert!(inbox.add(&entry("mira", 4, Change::Delete)).await.expect("it is kept"));
        inbox.forget_before("users", "mira", 4).await.expect("it is forgotten");
        inbox.forget_before("users", "mira", 4).await.expect("twice, too");
        for kept in inbox.entries(ENTRIES).await.expect("entries") {
            let text = String::from_utf8(kept.entry.to_json()).expect("UTF-8");
            assert_eq!(text.contains("Mira") || text.contains("somebody"), kept.entry.version == 4, "{text}");
        }
        assert_eq!(inbox.latest("users", "mira").await.expect("a version").version, 4);
    });
}

#[test]
fn a_version_outlives_its_entries() {
    let (_site, inbox) = folder();
    run(async {
        for version in 1..=5 {
            assert!(inbox.add(&put("mira", version)).await.expect("it is kept"));
        }
        let entries = inbox.entries(ENTRIES).await.expect("entries");
        inbox.archive(&entries[..3]).await.expect("they are put aside");
        inbox.archive(&entries[..3]).await.expect("twice, too");
        assert_eq!(inbox.latest("users", "mira").await.expect("a version").version, 5);
        inbox.archive(&entries[3..]).await.expect("they are put aside");
        assert_eq!(inbox.latest("users", "mira").await.expect("a version").version, 5);
        assert!(inbox.entries(ENTRIES).await.expect("entries").is_empty());
        assert_eq!(inbox.entries(ARCHIVE).await.expect("entries").len(), 5);
        // The first three are older than the rest.
        let collected = inbox.collect(SignedDuration::from_secs(100), at(103)).await.expect("they go");
        assert_eq!(collected, 2);
        assert_eq!(inbox.collect(SignedDuration::ZERO, at(200)).await.expect("they go"), 3);
        let latest = inbox.latest("users", "mira").await.expect("a version");
        assert_eq!((latest.version, latest.entry.is_some()), (5, true));
        assert!(inbox.add(&put("mira", 6)).await.expect("it is kept"));
        assert_eq!(inbox.latest("users", "mira").await.expect("a version").version, 6);
    });
}

/// The build must know in what order the writes of a key came, and that somebody was removed and may come back.
#[test]
fn what_the_build_must_know_is_not_collected() {
    run(async {
        let inbox = memory();
        let all = [
            ("left", entry("left", 2, Change::Delete)),
            ("back", entry("back", 2, Change::Delete)),
            ("back", put("back", 3)),
            ("open", put("open", 2)),
            ("open", put("open", 3)),
        ];
        for key in ["left", "back", "open"] {
            assert!(inbox.add(&put(key, 1)).await.expect("it is kept"));
        }
        for (_, entry) in &all {
            assert!(inbox.add(entry).await.expect("it is kept"));
        }
        for key in ["left", "back", "open"] {
            let mut entries = inbox.entries(ENTRIES).await.expect("entries");
            // The first write of one was rejected.
            entries.retain(|kept| kept.entry.key == key && (key, kept.entry.version) != ("open", 1));
            inbox.archive(&entries).await.expect("they are put aside");
        }
        inbox.collect(SignedDuration::ZERO, at(1000)).await.expect("they go");
        let left = inbox.entries(ARCHIVE).await.expect("entries").into_iter();
        let left: Vec<_> = left.map(|kept| (kept.entry.key, kept.entry.version)).collect();
        assert_eq!(left, [("left".to_owned(), 2), ("open".to_owned(), 2), ("open".to_owned(), 3)]);
    });
}

/// Somebody looked for the version before it was put aside, and writes where it was.
#[test]
fn what_is_put_aside_meanwhile_is_neither_acknowledged_nor_lost() {
    run(async {
        let inbox = memory();
        assert!(inbox.add(&put("mira", 1)).await.expect("it is kept"));
        let first = inbox.entries(ENTRIES).await.expect("entries");
        inbox.archive(&first).await.expect("it is put aside");
        let late = put("mira", 1);
        assert!(inbox.add(&late).await.is_err(), "it would be behind the head");
        let stray = inbox.entries(ENTRIES).await.expect("entries");
        inbox.archive(&stray).await.expect("another stands there");
        let left = inbox.entries(ENTRIES).await.expect("entries");
        assert_eq!(left.iter().map(|kept| &kept.entry.id).collect::<Vec<_>>(), [&late.id]);
        assert_eq!(left[0].entry.change, Change::Forgotten, "no build takes it for a write");
        assert_eq!(inbox.entries(ARCHIVE).await.expect("entries")[0].entry.id, first[0].entry.id);
        assert_eq!(inbox.latest("users", "mira").await.expect("a version").version, 1);
    });
}

#[test]
fn the_first_decision_stands() {
    run(async {
        let inbox = memory();
        let decide = async |decision, by: &str| {
            let decided = Decided { decision, by: by.to_owned(), reason: Some("so".to_owned()) };
            inbox.decide("0123", &decided, at(0)).await.expect("the store works")
        };
        assert!(decide(Decision::Rejected, "ada").await);
        assert!(!decide(Decision::Rejected, "ada").await && !decide(Decision::Approved, "zoe").await);
        let decisions = inbox.decisions().await.expect("decisions");
        assert_eq!(decisions["0123"].decision, Decision::Rejected);
    });
}

#[test]
fn fetching_brings_what_is_not_here_and_forgets_what_is_forgotten() {
    run(async {
        let (there, here) = (memory(), memory());
        for version in 1..=2 {
            assert!(there.add(&put("mira", version)).await.expect("it is kept"));
        }
        assert!(here.add(&put("only-here", 1)).await.expect("it is kept"));
        let decided = Decided { decision: Decision::Approved, by: "ada".to_owned(), reason: None };
        assert!(there.decide("0123", &decided, at(0)).await.expect("it is decided"));
        assert_eq!(here.fetch(&there).await.expect("it is fetched"), Fetched { entries: 2, decisions: 1 });
        assert_eq!(here.fetch(&there).await.expect("nothing is new"), Fetched::default());

        assert!(there.add(&entry("mira", 3, Change::Delete)).await.expect("it is kept"));
        there.forget_before("users", "mira", 3).await.expect("it is forgotten");
        assert_eq!(here.fetch(&there).await.expect("it is fetched").entries, 1);
        let keys = |entries: Vec<precast::inbox::Kept>| -> BTreeSet<(String, &'static str)> {
            entries.into_iter().map(|kept| (kept.entry.key, kept.entry.change.name())).collect()
        };
        let expected = [("mira", "delete"), ("mira", "forgotten"), ("only-here", "put")];
        let expected: BTreeSet<_> = expected.into_iter().map(|(key, change)| (key.to_owned(), change)).collect();
        assert_eq!(keys(here.entries(ENTRIES).await.expect("entries")), expected);

        there.archive(&there.entries(ENTRIES).await.expect("entries")).await.expect("they are put aside");
        here.fetch(&there).await.expect("it is fetched");
        assert_eq!(here.entries(ENTRIES).await.expect("entries").len(), 1);
        assert_eq!(here.entries(ARCHIVE).await.expect("entries").len(), 3);
    });
}

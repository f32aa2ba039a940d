//! Releases at their targets, in both layouts: in memory, where every object can be looked at.

use crate::edge::alphabets;
use crate::engine::{Edge, Made};
use crate::support::{NOW, Site};
use precast::model::{Environment, Keep, Layout, Location};
use precast::store::{Memory, Store};
use precast::targets::{
    Accepted, Fault, Plan, Publisher, Report, Sealed, Target, Via, apply, collect, plan, rollback, verify,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ARTICLE: &str = "---\ntitle: TITLE\ntags: [cloud, TAG]\n---\nWords.\n";
const SITE: &str = r#"
[site]
name = "Test"
base_url = "https://test.example"
[collections.articles]
sources = ["content/articles"]
key = "slug"
[surfaces.api]
prefix = "/api"
shape = "bare"
[surfaces.v1]
prefix = "/v1"
shape = "envelope"
[[views]]
path = "articles"
from = "articles"
limit = { max = 60 }
[[views]]
path = "articles/{slug}"
from = "articles"
each = true
[[views]]
path = "on/{tags}"
from = "articles"
group = "tags"
limit = { max = 3 }
"#;

/// An environment needs a target, though these stand in memory.
fn environment() -> Environment {
    Environment::at(Location::Folder("memory".into()))
}

pub struct Place {
    pub site: Site,
    pub target: Target,
    memory: Memory,
    pub runtime: tokio::runtime::Runtime,
    day: i64,
}

impl Place {
    fn new(layout: Layout) -> Self {
        let site = Site::empty().file("site/site.toml", SITE);
        for number in 0..60 {
            let article =
                ARTICLE.replace("TITLE", &format!("Number {number}")).replace("TAG", &format!("t{}", number % 7));
            site.write(&format!("content/articles/a{number}.md"), article);
        }
        Self::of(site, layout)
    }

    pub fn of(site: Site, layout: Layout) -> Self {
        let environment = Environment { layout, name: "prod".to_owned(), ..environment() };
        let memory = Memory::default();
        let target = Target::over(environment, Store::memory(memory.clone()));
        let place =
            Self { site, target, memory, runtime: tokio::runtime::Runtime::new().expect("a runtime"), day: 20_000 };
        place.build();
        place
    }

    pub fn build(&self) {
        self.site.build();
    }

    fn publisher(&self) -> Publisher {
        let seconds = self.day * 86_400;
        let now = time_of(seconds);
        Publisher { name: "a test".to_owned(), now, seconds }
    }

    fn sealed(&self) -> Sealed {
        Sealed::open(&self.site.path("public")).expect("a build")
    }

    pub fn plan(&self) -> Plan {
        let (next, publisher) = (self.sealed(), self.publisher());
        self.runtime.block_on(plan(&self.target, &next, &publisher)).map(|planned| planned.plan).expect("a plan")
    }

    /// Publishes what is built; the plan that was applied.
    pub fn publish(&self) -> Plan {
        let (next, publisher) = (self.sealed(), self.publisher());
        self.runtime.block_on(async {
            let planned = plan(&self.target, &next, &publisher).await.expect("a plan");
            apply(&self.target, &next, &planned, &publisher, &quiet()).await.expect("published");
            planned.plan
        })
    }

    fn rollback(&self, wanted: Option<&str>) -> Result<String, String> {
        let done = self.runtime.block_on(rollback(&self.target, wanted, &self.publisher(), &quiet(), false));
        done.map(|done| done.to).map_err(|error| format!("{error:#}"))
    }

    pub fn faults(&self, repair: Option<&[Sealed]>) -> Vec<(String, Fault, bool)> {
        let found = self.runtime.block_on(verify(&self.target, false, repair, &quiet())).expect("verified");
        found.findings.into_iter().map(|finding| (finding.object, finding.fault, finding.repaired)).collect()
    }

    fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let store = &self.target.store;
        self.runtime.block_on(async {
            let mut objects = BTreeMap::new();
            for listed in store.list("").await.expect("a list") {
                let object = store.get(&listed.key, None).await.expect("an answer").expect("it is listed");
                objects.insert(listed.key, object.body);
            }
            objects
        })
    }

    /// What readers of the live release get at each key.
    pub fn answers(&self) -> BTreeMap<String, Vec<u8>> {
        let objects = self.objects();
        let channel = self.runtime.block_on(self.target.channel()).expect("a channel");
        let live = channel.current.expect("something is live");
        let own = |key: &String| !key.starts_with(".precast/");
        match live.shards {
            None => objects.into_iter().filter(|(key, _)| own(key)).collect(),
            Some(shards) => {
                let folders: BTreeSet<String> = shards.digests.iter().map(|digest| format!("s/{digest}/")).collect();
                let inside =
                    |key: &str| folders.iter().find_map(|folder| key.strip_prefix(folder.as_str()).map(str::to_owned));
                objects.into_iter().filter_map(|(key, body)| Some((inside(&key)?, body))).collect()
            }
        }
    }

    pub fn built(&self) -> BTreeMap<String, Vec<u8>> {
        self.site.public().into_iter().filter(|(key, _)| key != ".gitignore").collect()
    }

    fn edit(&self, number: usize) {
        let path = format!("content/articles/a{number}.md");
        let text = self.site.text(&path).replace("Number", "Another number");
        self.site.write(&path, text);
        self.build();
    }
}

/// RFC 3339.
fn time_of(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).expect("a time").to_string()
}

fn quiet() -> Report {
    Arc::new(|_| {})
}

fn differing(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) -> BTreeSet<String> {
    a.keys().chain(b.keys()).filter(|key| a.get(*key) != b.get(*key)).cloned().collect()
}

#[test]
fn what_is_published_is_what_was_built() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::new(layout);
        let first = place.publish();
        assert_eq!(place.answers(), place.built(), "{layout:?}");
        assert_eq!(first.uploads(), place.built().len(), "the bodies of a 404 are copied");
        assert!(place.plan().is_empty(), "nothing is left to do");
        assert_eq!(place.faults(None), []);
        let before = place.objects();
        let requests = place.target.store.counts().puts.load(std::sync::atomic::Ordering::Relaxed);
        place.publish();
        assert_eq!(place.target.store.counts().puts.load(std::sync::atomic::Ordering::Relaxed), requests);
        assert_eq!(place.objects(), before);
    }
}

#[test]
fn only_what_changed_is_sent() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::new(layout);
        place.publish();
        let before = place.built();
        place.edit(50);
        let changed = differing(&before, &place.built());
        let second = place.publish();
        let sent: BTreeSet<String> =
            second.puts.iter().filter(|put| put.via == Via::Upload).map(|put| put.key.to_string()).collect();
        assert_eq!(sent, changed, "{layout:?}");
        assert_eq!(place.answers(), place.built());
        assert_eq!(place.faults(None), []);
    }
}

#[test]
fn what_is_gone_is_deleted_last() {
    let place = Place::new(Layout::Flat);
    place.publish();
    std::fs::remove_file(place.site.path("content/articles/a3.md")).expect("removed");
    place.build();
    let plan = place.publish();
    let deleted: BTreeSet<&str> = plan.deletes.iter().map(|delete| delete.object.as_str()).collect();
    assert!(deleted.contains("v1/articles/a3.json") && deleted.contains("api/articles/a3.json"), "{deleted:?}");
    assert_eq!(place.answers(), place.built());
}

/// The order in which flat puts are done: what nobody names yet, then data, then pages, then what tells of the release.
#[test]
fn flat_puts_are_in_phases() {
    let place = Place::new(Layout::Flat);
    place.publish();
    place.site.write("site/static/new.css", "a {}");
    place.edit(0);
    let plan = place.plan();
    let order: Vec<&str> = plan.puts.iter().map(|put| &*put.key).collect();
    assert_eq!(order.first(), Some(&"new.css"), "{order:?}");
    let last: BTreeSet<&str> = order[order.len() - 2..].iter().copied().collect();
    assert_eq!(last, BTreeSet::from(["v1/manifest.json", "v1/status.json"]));
}

#[test]
fn one_goes_back_without_sending_anything() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::new(layout);
        place.publish();
        let (first, release) = (place.answers(), place.sealed().release().to_owned());
        place.edit(7);
        place.publish();
        let second = place.sealed().release().to_owned();
        let sent = |place: &Place| place.target.store.counts().sent.load(std::sync::atomic::Ordering::Relaxed);
        let (before, objects) = (sent(&place), place.objects().len());
        assert_eq!(place.rollback(None), Ok(release.clone()));
        assert_eq!(place.answers(), first, "{layout:?}");
        assert_eq!(place.faults(None), []);
        assert!(place.objects().len() <= objects + 1);
        // The channel, the lease and the manifest.
        assert!(sent(&place) - before < 128 * 1024, "{} bytes", sent(&place) - before);
        assert!(place.rollback(Some(&release[..8])).expect_err("it is live").contains("live already"));
        assert_eq!(place.rollback(Some(&second[..8])), Ok(second));
        assert_eq!(place.answers(), place.built(), "and forth again");
        assert!(place.rollback(Some("0123")).expect_err("no such release").contains("precast releases"));
    }
}

#[test]
fn somebody_elses_objects_are_never_touched() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::new(layout);
        let stranger = Store::memory(place.memory.clone());
        place.publish();
        place.runtime.block_on(async {
            stranger
                .put_document("theirs/notes.txt", b"notes".to_vec(), precast::store::Condition::Any)
                .await
                .expect("put");
        });
        assert_eq!(place.faults(None), [("theirs/notes.txt".to_owned(), Fault::Foreign, false)]);
        place.edit(1);
        place.publish();
        place.rollback(None).expect("back");
        assert_eq!(place.faults(Some(&[place.sealed()])), [("theirs/notes.txt".to_owned(), Fault::Foreign, false)]);
        assert_eq!(place.objects()["theirs/notes.txt"], b"notes");
    }
}

#[test]
fn corrupted_bodies_are_found_and_mended() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::new(layout);
        place.publish();
        let object = place.objects().into_keys().find(|key| key.ends_with("v1/articles/a9.json")).expect("it is there");
        place.memory.corrupt(&object, |body| body[10] ^= 1);
        assert_eq!(place.faults(None), [(object.clone(), Fault::Bytes, false)]);
        assert_eq!(place.faults(Some(&[place.sealed()])), [(object, Fault::Bytes, true)]);
        assert_eq!(place.faults(None), []);
        assert_eq!(place.answers(), place.built());
    }
}

#[test]
fn vanished_records_are_no_accident() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::new(layout);
        place.publish();
        for number in 0..13 {
            std::fs::remove_file(place.site.path(&format!("content/articles/a{number}.md"))).expect("removed");
        }
        place.build();
        let plan = place.plan();
        let barred = plan.barred(Accepted::default());
        assert_eq!(barred.len(), 1, "{:?}", plan.refused);
        assert!(barred[0].message.starts_with("13 of 60 articles would vanish"), "{}", barred[0].message);
        assert!(plan.barred(Accepted { shrink: true, deletes: false }).is_empty());
    }
}

/// What no kept release needs is condemned first, and deleted a week later; what is needed again is spared.
#[test]
fn what_nobody_needs_is_collected_in_time() {
    let mut place = Place::new(Layout::Release);
    place.target.environment.keep = Keep { releases: 1, days: 1 };
    place.publish();
    let old: BTreeSet<String> = place.objects().into_keys().filter(|key| key.starts_with("s/")).collect();
    place.day += 2;
    place.edit(5);
    place.publish();
    let run =
        |place: &Place| place.runtime.block_on(collect(&place.target, &place.publisher(), false)).expect("collected");
    let first = run(&place);
    assert_eq!(first.forgotten.len(), 1);
    assert!(!first.condemned.is_empty());
    let there = |place: &Place| old.iter().filter(|key| place.objects().contains_key(*key)).count();
    assert_eq!(there(&place), old.len(), "nothing is deleted at once");
    place.day += 6;
    assert_eq!((run(&place).condemned.len(), there(&place)), (0, old.len()), "nor within a week");
    // The old release is built and published again: what may be deleted at any time is put again, under other names.
    place.site.write("content/articles/a5.md", ARTICLE.replace("TITLE", "Number 5").replace("TAG", "t5"));
    place.build();
    let again = place.publish();
    assert!(!again.puts.is_empty(), "condemned shards are put again");
    assert!(again.puts.iter().all(|put| !old.contains(&*put.object)), "but not where they are about to go");
    place.day += 2;
    let collected = run(&place);
    assert_eq!((collected.spared.len(), there(&place) < old.len()), (0, true));
    assert_eq!((place.faults(None), place.answers()), (vec![], place.built()));
    // Now those of the edit are beyond what is kept.
    place.day += 8;
    let done = run(&place);
    assert!(done.deleted > 0, "{done:?}");
    assert_eq!(place.faults(None), []);
    assert_eq!(place.answers(), place.built());
}

/// The rule by which a key finds its shard is written twice: here, and in the edge function.
#[test]
fn the_edge_function_finds_every_object() {
    assert!(found_at_the_edge(&Site::shipped()) > 1500);
    assert!(found_at_the_edge(&alphabets()) > 1500);
}

pub fn found_at_the_edge(site: &Site) -> usize {
    site.build();
    let environment = Environment { layout: Layout::Release, ..environment() };
    let target = Target::over(environment, Store::memory(Memory::default()));
    let next = Sealed::open(&site.path("public")).expect("a build");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let publisher = Publisher { name: "a test".to_owned(), now: NOW.to_owned(), seconds: 0 };
    let (objects, code) = runtime.block_on(async {
        let planned = plan(&target, &next, &publisher).await.expect("a plan");
        apply(&target, &next, &planned, &publisher, &quiet()).await.expect("published");
        let live = target.channel().await.expect("a channel").current.expect("it is live");
        let code = next.function().await.expect("a function").expect("a function");
        let code = live.shards.expect("shards").in_function(&code).expect("a place for them");
        let objects: BTreeSet<String> =
            target.store.list("s/").await.expect("a list").into_iter().map(|listed| listed.key).collect();
        (objects, code)
    });
    assert!(code.len() <= crate::engine::LARGEST, "{} bytes", code.len());
    let edge = Edge::new(&code);
    let vectors: serde_json::Value =
        serde_json::from_str(&site.ends(0, &["routes", "--vectors", "--now", NOW]).stdout).expect("JSON");
    let mut found = BTreeSet::new();
    for vector in vectors["vectors"].as_array().expect("a list") {
        let (method, url) = (vector["method"].as_str().expect("a method"), vector["url"].as_str().expect("a URL"));
        let Some(key) = vector["key"].as_str() else { continue };
        let Made::Key(object) = edge.made(method, url) else { panic!("{method} {url} finds nothing") };
        let folder = object.strip_suffix(key).unwrap_or_else(|| panic!("{url}: {object} is not {key}"));
        assert!(folder.len() == 23 && folder.starts_with("s/"), "{object}");
        assert_eq!(objects.contains(&object), vector["status"] == 200, "{url}: {object}");
        found.insert(object);
    }
    let other = ["/s/abc/v1/status.json", "/channels/prod.json", "/manifests/x.json", "/gc/condemned.json"];
    for url in other {
        let Made::Key(object) = edge.made("GET", url) else { panic!("{url}") };
        assert!(object.starts_with("s/") && !objects.contains(&object), "{url}: {object}");
    }
    found.len()
}

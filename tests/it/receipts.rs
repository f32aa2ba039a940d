//! Receipts at their targets: they come with the release that they name, however little it changed.

use crate::entries::{delete, patch, put, site};
use crate::publish::{Place, found_at_the_edge};
use precast::model::Layout;
use serde_json::json;

/// A site on which so many members wrote.
fn written(members: usize) -> crate::support::Site {
    let site = site();
    for at in 0..members {
        put("users", &format!("m{at}"), 1, json!({ "name": "M" })).add(&site);
    }
    site
}

#[test]
fn receipts_come_with_their_release() {
    for layout in [Layout::Flat, Layout::Release] {
        let place = Place::of(written(8), layout);
        place.publish();
        assert_eq!(place.answers(), place.built(), "{layout:?}");
        let release = place.site.json("public/v1/status.json")["release"].clone();
        let same = patch("users", "ann", 1, json!({ "name": "Ann Lee" }));
        same.add(&place.site);
        place.build();
        assert_eq!(place.site.json("public/v1/status.json")["release"], release, "no answer changed");
        assert!(!place.plan().is_empty(), "and there is something to publish");
        place.publish();
        assert_eq!(place.answers(), place.built(), "{layout:?}");
        assert!(place.answers().keys().any(|key| key.contains(same.id())));
        assert!(place.plan().is_empty());
        delete("users", "m3", 2).add(&place.site);
        place.build();
        place.publish();
        assert_eq!(place.answers(), place.built(), "{layout:?}");
        assert_eq!(place.faults(None), []);
    }
}

/// However many there are, the edge function needs one line for them.
#[test]
fn the_edge_function_finds_receipts() {
    assert!(found_at_the_edge(&written(150)) > 500);
    let place = Place::of(written(150), Layout::Release);
    place.publish();
    let live = place.runtime.block_on(place.target.channel()).expect("a channel").current.expect("it is live");
    let table = live.shards.expect("shards").table;
    assert_eq!(table.at.keys().filter(|name| name.starts_with("writes")).collect::<Vec<_>>(), ["writes/"]);
}

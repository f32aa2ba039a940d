//! Builds one after another in one process give what a build from nothing gives.

use crate::entries::{delete, put, site};
use crate::support::{Dice, NOW, Site, tree};
use jiff::{Span, Timestamp};
use precast::pipeline::{Built, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The release that a session has after a build, or how many faults it found.
fn outcome(built: Built, before: &Result<String, usize>) -> Result<String, usize> {
    match built {
        Built::Same => before.clone(),
        Built::Faulty(report) => Err(report.errors()),
        Built::Good(_, served) => Ok(served.release.id()),
    }
}

fn from_nothing(site: &Site, now: Timestamp) -> Result<String, usize> {
    let built = Session::new(site.path(""), false).build(now, None, false).expect("the disk works");
    outcome(built, &Err(usize::MAX))
}

/// Changes one thing, and says which paths changed, where that can be told.
fn change(site: &Site, dice: &mut Dice, step: usize) -> Option<Vec<String>> {
    let listed = |folder: &str| {
        let mut names: Vec<String> = fs::read_dir(site.path(folder))
            .expect("a folder")
            .flatten()
            .map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
            .filter(|path| site.path(path).is_file())
            .collect();
        names.sort_unstable();
        names
    };
    let article = dice.one_of(&listed("content/articles")).clone();
    let user = dice.one_of(&listed("content/users")).clone();
    let edit = |path: &str, from: &str, to: &str| {
        site.write(path, site.text(path).replacen(from, to, 1));
        Some(vec![path.to_owned()])
    };
    match dice.below(12) {
        0..=2 => edit(&article, "\n\n", &format!("\n\nStep {step}. ")),
        3 => edit(&user, "---\n", "---\nlisted: false\n"),
        4 => edit(&user, "listed: false\n", ""),
        5 => edit(&article, "title: ", "title: Not "),
        6 => {
            site.write("content/articles/fresh.md", format!("---\ntitle: Fresh\nsubtitle: New\ndate: 2026-05-{:02}\nauthor: nobody-{step}\ntags: [AWS]\n---\nText.\n", 1 + step % 28));
            None
        }
        7 => {
            let _ = fs::remove_file(site.path("content/articles/fresh.md"));
            None
        }
        8 => edit("site/schemas/article.json", "\"title\": \"Article\"", "\"title\": \"Story\""),
        9 => edit("data/users.json", "\"githubScore\": 1", "\"githubScore\": 2"),
        10 => edit("site/site.toml", "limit = { default = 10, max = 100 }", "limit = { default = 10, max = 90 }"),
        // An editor's slip, and its mend.
        _ if site.text(&article).contains("title: [") => edit(&article, "title: [", "title: "),
        _ => edit(&article, "title: ", "title: ["),
    }
}

/// Puts every file back as it was, and says which were not.
fn mend(site: &Site, whole: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let found = tree(&site.path(""));
    let differs = |path: &&String| found.get(*path) != whole.get(*path);
    let changed: BTreeSet<String> = whole.keys().chain(found.keys()).filter(differs).cloned().collect();
    for path in &changed {
        match whole.get(path) {
            Some(bytes) => fs::write(site.path(path), bytes),
            None => fs::remove_file(site.path(path)),
        }
        .expect("the disk works");
    }
    changed.into_iter().collect()
}

/// Takes the index away, and says which path changed.
fn end_search(site: &Site) -> Vec<String> {
    let settings = site.text("site/site.toml");
    assert!(settings.contains("\n[search]\n"));
    site.write("site/site.toml", settings.replace("\n[search]\n", "\n"));
    vec!["site/site.toml".to_owned()]
}

#[test]
fn what_is_kept_changes_no_answer() {
    let site = Site::shipped();
    let mut now: Timestamp = NOW.parse().expect("an instant");
    let mut session = Session::new(site.path(""), false);
    let mut last = outcome(session.build(now, None, false).expect("the disk works"), &Err(0));
    assert_eq!(last, from_nothing(&site, now));
    let mut whole = tree(&site.path(""));
    let mut dice = Dice::new(41);
    let (mut good, mut faulty) = (0, 0);
    for step in 0..30 {
        let changed = match &last {
            // An index costs more than everything else, and hangs on the pages alone: a few steps are made with one.
            Ok(_) if whole["site/site.toml"].windows(8).any(|at| at == b"[search]") && step > 3 => {
                Some(end_search(&site))
            }
            Err(_) if dice.below(3) == 0 => Some(mend(&site, &whole)),
            _ => change(&site, &mut dice, step),
        };
        // Now and then months pass, and scheduled articles appear.
        let later = dice.below(10) == 0;
        if later {
            now = now.checked_add(Span::new().hours(24 * 45)).expect("an instant");
        }
        let built = session.build(now, changed.as_deref(), later).expect("the disk works");
        last = outcome(built, &last);
        assert_eq!(last, from_nothing(&site, now), "step {step}: {changed:?}");
        if last.is_ok() {
            whole = tree(&site.path(""));
            good += 1;
        } else {
            faulty += 1;
        }
    }
    assert!(good > 10 && faulty > 5, "{good} good and {faulty} faulty builds");
}

/// A write that appears is built, even where it changes no answer; what the endpoint keeps for itself is not.
#[test]
fn a_session_sees_what_members_write() {
    let site = site();
    let now: Timestamp = NOW.parse().expect("an instant");
    let mut session = Session::new(site.path(""), false);
    let served = |built: Built| match built {
        Built::Good(report, served) => (report, served),
        Built::Same => panic!("nothing changed"),
        Built::Faulty(report) => panic!("{:?}", report.diagnostics),
    };
    let (_, first) = served(session.build(now, None, false).expect("the disk works"));
    for mine in ["entries/users/cy.00000001.json", "archive/users/cy.00000001.json", "decisions/aa.json"] {
        assert!(session.concerns(&format!("data/inbox/{mine}")), "{mine}");
    }
    for other in [".precast/put/1-0", "heads/users/cy.json", "requests/aa.json", "budgets/1/aa.json", "wake.json"] {
        assert!(!session.concerns(&format!("data/inbox/{other}")), "{other}");
    }
    assert!(session.concerns("data/tombstones.json"));
    let steps = [
        put("users", "cy", 1, serde_json::json!({ "name": "Cy" })),
        put("users", "di", 1, serde_json::json!({ "name": 5 })),
        delete("users", "cy", 2),
    ];
    for write in &steps {
        write.add(&site);
        let changed = [write.path()];
        let (report, served) = served(session.build(now, Some(&changed), false).expect("the disk works"));
        let receipt = format!("v1/writes/{}.json", write.id());
        assert!(served.release.artifacts.iter().any(|sealed| sealed.artifact.key == receipt), "{receipt}");
        assert_eq!(Ok(served.release.id()), from_nothing(&site, now));
        let stages = report.timings.iter().filter(|(stage, _)| *stage == "views").count();
        assert_eq!(stages, 1);
        if write.id() == steps[1].id() {
            assert!(!served.release.says_the_same(&first.release));
        }
        if write.id() == steps[2].id() {
            assert_eq!(served.release.id, first.release.id, "the site is as it was");
            assert!(!served.release.says_the_same(&first.release), "and its receipts are not");
        }
    }
}

//! `precast new`: what it makes passes `check`, and what is there already stays as it is.

use crate::support::{NOW, Site, run_in, tree};
use std::ffi::OsStr;
use std::path::Path;

/// A new site, made by the tool in a folder of its own.
fn new_site() -> Site {
    let site = Site::empty();
    site.ends(0, &["new", "site", "."]);
    site
}

/// `check` finds nothing to say: not even a warning, but for an index that this program cannot make.
fn passes(site: &Site, what: &str) {
    let run = site.run(&["check", "--now", NOW]);
    assert_eq!(run.code, Some(0), "{what}: {}", run.stderr);
    let warnings = run.stderr.matches("warning[").count();
    let known = if cfg!(feature = "search") { 0 } else { run.stderr.matches("warning[no-search]").count() };
    assert_eq!(warnings, known, "{what}: {}", run.stderr);
}

/// Runs `new`, which must refuse, and wants every file as it was.
fn refuses(site: &Site, code: i32, arguments: &[&str]) -> String {
    let before = tree(&site.path(""));
    let run = site.run(&[&["new"], arguments].concat());
    assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.stderr);
    assert!(run.stderr.starts_with("error: "), "{arguments:?}: {}", run.stderr);
    assert_eq!(run.stdout, "", "{arguments:?}");
    assert_eq!(tree(&site.path("")), before, "{arguments:?}");
    run.stderr
}

#[test]
fn a_new_site_builds() {
    let place = Site::empty();
    let run = place.ends(0, &["new", "site", "my/club"]);
    assert!(run.stderr.contains("precast build --root my/club"), "{}", run.stderr);
    let run = place.ends(0, &["build", "--root", "my/club", "--now", NOW, "--strict"]);
    assert!(!run.stderr.contains("warning") && !run.stderr.contains("error"), "{}", run.stderr);
    assert!(place.text("my/club/public/api/leaderboard.json").contains("\"rank\":1"));
    assert!(place.text("my/club/public/v1/articles.json").starts_with("{\"data\":[{"));
    assert!(place.text("my/club/public/.gitignore").contains('*'), "the output is no source");
}

#[test]
fn a_new_article_passes_check_whatever_its_title() {
    let titles = [
        "Hello, world",
        "CI/CD: \"quotes\" & 100% of it",
        "Über Straße, naïve café",
        "2026",
        "true",
        "- a list?",
        "# no comment: 'yes'",
        "C:\\temp\\new",
        "王さん",
        "?!",
    ];
    for (site, each) in [(new_site(), true), (Site::shipped(), false)] {
        for title in titles {
            let before = tree(&site.path(""));
            site.ends(0, &["new", "article", "--", title]);
            let made: Vec<String> =
                tree(&site.path("")).into_keys().filter(|path| !before.contains_key(path)).collect();
            assert_eq!(made.len(), 1, "{title}");
            let made = Path::new(&made[0]);
            assert_eq!(made.parent(), Some(Path::new("content/articles")), "{title}");
            assert_eq!(made.extension().and_then(OsStr::to_str), Some("md"), "{title}");
            if each {
                passes(&site, title);
            }
        }
        passes(&site, "all of them");
    }
}

#[test]
fn a_new_article_carries_its_title() {
    let site = new_site();
    let run = site.ends(0, &["new", "article", "Ten \"good\" questions: 100%"]);
    assert!(run.stderr.contains("content/articles/ten-good-questions-100.md"), "{}", run.stderr);
    let path = "content/articles/ten-good-questions-100.md";
    site.write(path, site.text(path).replace("draft: true\n", ""));
    site.ends(0, &["build"]);
    assert_eq!(site.json("public/api/articles/limit/1.json")[0]["title"], "Ten \"good\" questions: 100%");
}

#[test]
fn a_new_user_passes_check_and_is_published() {
    for site in [new_site(), Site::shipped()] {
        for handle in ["grace-hopper", "AdaL", "007", "true"] {
            site.ends(0, &["new", "user", handle]);
        }
        passes(&site, "all of them");
        let run = site.ends(0, &["build", "--now", NOW]);
        assert!(!run.stderr.contains("007"), "{}", run.stderr);
        assert!(site.answer("api/users/adal").contains("\"AdaL\""));
        assert!(site.answer("api/users/007").contains("\"007\""));
    }
}

#[test]
fn what_is_there_is_never_overwritten() {
    let site = new_site();
    site.ends(0, &["new", "article", "Hello again"]);
    site.ends(0, &["new", "user", "grace"]);
    for arguments in [
        ["article", "Hello again"],
        ["article", "hello AGAIN!"],
        ["article", "Hello"],
        ["user", "grace"],
        ["user", "ada-example"],
        ["user", "Ada-Example"],
    ] {
        let message = refuses(&site, 3, &arguments);
        assert!(message.contains("is there already"), "{arguments:?}: {message}");
    }
}

/// A folder with an `index.md` is an article too.
#[test]
fn an_article_in_a_folder_is_there_already() {
    let site = new_site();
    site.write("content/articles/log-triage/index.md", site.text("content/articles/hello.md"));
    passes(&site, "an article in a folder");
    refuses(&site, 3, &["article", "Log triage"]);
    passes(&site, "the same");
}

#[test]
fn a_new_site_wants_an_empty_folder() {
    let site = Site::empty().file("notes.txt", "mine");
    let message = refuses(&site, 2, &["site", "."]);
    assert!(message.contains("is not empty"), "{message}");
    refuses(&site, 2, &["site", "notes.txt"]);
    site.ends(0, &["new", "site", "beside"]);
    passes_in(&site, "beside");
}

fn passes_in(site: &Site, folder: &str) {
    let run = run_in(&site.path(folder), &["check", "--now", NOW, "--strict"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn bad_names_are_wrong_usage() {
    let site = new_site();
    for arguments in [
        ["user", ""],
        ["user", ".hidden"],
        ["user", "../grace"],
        ["article", ""],
        ["article", ".hidden"],
        ["article", "bell\u{7}"],
    ] {
        refuses(&site, 2, &arguments);
    }
    let long = "x".repeat(300);
    refuses(&site, 2, &["user", &long]);
}

/// The schema says what a handle looks like, and a scaffold passes `check`.
#[test]
fn a_handle_that_the_schema_refuses_is_wrong_usage() {
    let site = new_site();
    for handle in ["not a handle", "tab\there", "a/b", "grace_hopper", "-grace", "grâce"] {
        refuses(&site, 2, &["user", "--", handle]);
    }
    passes(&site, "nothing was made");
}

#[test]
fn a_collection_is_named_or_known() {
    let site = new_site();
    let message = refuses(&site, 2, &["article", "Hi", "--collection", "posts"]);
    assert!(message.contains("the collections are `users` and `articles`"), "{message}");
    site.ends(0, &["new", "article", "Hi", "--collection", "articles"]);
    passes(&site, "named");
}

#[test]
fn without_a_site_there_is_nothing_to_add_to() {
    let site = Site::empty();
    let run = site.ends(1, &["new", "article", "Hi"]);
    assert!(run.stderr.contains("error[missing-site]"), "{}", run.stderr);
}

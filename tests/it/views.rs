//! What a view makes of its records: where, group, count, sort, rank, fields, lookup.

use crate::support::{NOW, Site};
use serde_json::{Value, json};

const COLLECTIONS: &str = r#"
[collections.users]
sources = ["data/users.yaml"]
key = "handle"

[collections.articles]
sources = ["data/articles.yaml"]
key = "id"
"#;

const USERS: &str = "\
- { handle: Ann, team: red, score: 30, joined: 2024-01-02, city: Oslo }
- { handle: bo, team: blue, score: 50, joined: 2024-01-01 }
- { handle: cid, team: red, score: 30, joined: 2024-01-01, city: Bern }
- { handle: dot, team: blue, joined: 2024-01-03, city: null }
- { handle: eve, team: red, score: 10, joined: 2024-01-01, city: Oslo }
";

const ARTICLES: &str = "\
- { id: 1, title: One, author: ann, tags: [AWS, Google Cloud], level: easy }
- { id: 2, title: Two, author: BO, tags: [aws, C#], level: hard }
- { id: 3, title: Three, tags: [google CLOUD, aws, AWS], level: Easy }
- { id: 4, title: Four, author: null, tags: [], level: easy }
- { id: 5, title: Five, author: ann, level: easy }
";

/// A site of the two collections, with one view.
fn site(view: &str) -> Site {
    let site = Site::empty()
        .file("site/site.toml", format!("{COLLECTIONS}\n[[views]]\n{view}"))
        .file("data/users.yaml", USERS)
        .file("data/articles.yaml", ARTICLES);
    site.build();
    site
}

/// One member of each row of an answer, null where the row does not have it.
fn column(site: &Site, path: &str, member: &str) -> Value {
    let rows = site.json(&format!("public/{path}.json"));
    rows.as_array().expect("a list").iter().map(|row| row[member].clone()).collect()
}

#[test]
fn where_lets_records_through_in_source_order() {
    let site = site("path = 'reds'\nfrom = 'users'\nwhere = \"team == 'red' and score >= 30\"");
    assert_eq!(column(&site, "api/reds", "handle"), json!(["Ann", "cid"]));
}

#[test]
fn where_takes_a_missing_member_for_false() {
    let site = site("path = 'rated'\nfrom = 'users'\nwhere = 'score'");
    assert_eq!(column(&site, "api/rated", "handle"), json!(["Ann", "bo", "cid", "eve"]));
}

/// A list counts once for each of its items, and once only; spellings that differ in letter case are one group.
#[test]
fn a_group_is_one_list_for_each_value() {
    let site = site("path = 'articles/{tags}'\nfrom = 'articles'\ngroup = 'tags'");
    let files: Vec<String> = site.public().into_keys().filter(|key| !key.contains("/limit/")).collect();
    let lists: Vec<&str> = files.iter().filter_map(|key| key.strip_prefix("api/articles/")).collect();
    assert_eq!(lists, ["aws.json", "c#.json", "google-cloud.json"]);
    assert_eq!(column(&site, "api/articles/aws", "id"), json!([1, 2, 3]));
    assert_eq!(column(&site, "api/articles/google-cloud", "id"), json!([1, 3]));
    assert_eq!(column(&site, "api/articles/c#", "id"), json!([2]));
}

#[test]
fn a_closed_set_has_an_empty_list_for_an_unused_value() {
    let view = "path = 'by/{level}'\nfrom = 'articles'\ngroup = 'level'\nvalues = ['Easy', 'Hard', 'Very Hard']";
    let site = site(view);
    assert_eq!(site.answer("api/by/very-hard"), "[]");
    assert_eq!(site.answer("api/by/very-hard/limit/20"), "[]");
    assert_eq!(column(&site, "api/by/easy", "id"), json!([1, 3, 4, 5]));
}

#[test]
fn a_value_outside_a_closed_set_is_a_fault_where_it_is_written() {
    let site = site("path = 'by/{level}'\nfrom = 'articles'\ngroup = 'level'");
    let settings = site.text("site/site.toml");
    site.write("site/site.toml", format!("{settings}\nvalues = ['Easy', 'Heard']\n"));
    let run = site.ends(1, &["build", "--now", NOW]);
    assert!(run.stderr.contains("error[outside-values]"), "{}", run.stderr);
    assert!(run.stderr.contains("data/articles.yaml:2:"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `Heard`?"), "{}", run.stderr);
}

#[test]
fn a_count_has_a_row_for_each_value() {
    let site = site("path = 'tags'\nfrom = 'articles'\ncount = 'tags'\nas = 'tag'\nsort = ['-count', 'tag']");
    let rows = r#"[{"tag":"AWS","count":3},{"tag":"Google Cloud","count":2},{"tag":"C#","count":1}]"#;
    assert_eq!(site.answer("api/tags"), rows);
    assert_eq!(site.answer("api/tags/limit/1"), r#"[{"tag":"AWS","count":3}]"#);
}

#[test]
fn a_count_names_its_rows_after_the_field_and_keeps_the_order_of_first_use() {
    let site = site("path = 'levels'\nfrom = 'articles'\ncount = 'level'\nwhere = 'id != 5'");
    assert_eq!(site.answer("api/levels"), r#"[{"level":"easy","count":3},{"level":"hard","count":1}]"#);
}

#[test]
fn a_count_over_a_closed_set_has_zeroes() {
    let site = site("path = 'levels'\nfrom = 'articles'\ncount = 'level'\nvalues = ['hard', 'mad', 'easy']");
    let rows = r#"[{"level":"hard","count":1},{"level":"mad","count":0},{"level":"easy","count":4}]"#;
    assert_eq!(site.answer("api/levels"), rows);
}

#[test]
fn a_count_may_be_ranked() {
    let view =
        "path = 'teams'\nfrom = 'articles'\ncount = 'tags'\nas = 'tag'\nsort = ['-count']\nrank = { by = 'count' }";
    let site = site(&format!("{view}\nfields = ['rank', 'tag']"));
    assert_eq!(
        site.answer("api/teams"),
        r#"[{"rank":1,"tag":"AWS"},{"rank":2,"tag":"Google Cloud"},{"rank":3,"tag":"C#"}]"#
    );
}

#[test]
fn sort_keys_follow_one_another_each_in_its_direction() {
    let sorted = |keys: &str| {
        let site = site(&format!("path = 'list'\nfrom = 'users'\nsort = {keys}"));
        column(&site, "api/list", "handle")
    };
    assert_eq!(sorted("['-score', 'joined']"), json!(["bo", "cid", "Ann", "eve", "dot"]));
    assert_eq!(sorted("['score', '-joined']"), json!(["eve", "Ann", "cid", "bo", "dot"]));
    assert_eq!(sorted("['team', '-handle']"), json!(["dot", "bo", "eve", "cid", "Ann"]), "text by code point");
    assert_eq!(sorted("['joined']"), json!(["bo", "cid", "eve", "Ann", "dot"]), "ties in source order");
    assert_eq!(sorted("['-joined']"), json!(["dot", "Ann", "bo", "cid", "eve"]), "ties in source order");
    assert_eq!(sorted("['city']"), json!(["cid", "Ann", "eve", "bo", "dot"]), "missing last, and so is null");
    assert_eq!(sorted("['-city']"), json!(["Ann", "eve", "cid", "bo", "dot"]), "missing last");
    assert_eq!(sorted("['-(score|default(20) % 20)']"), json!(["Ann", "bo", "cid", "eve", "dot"]), "an expression");
}

/// Numbers are compared as numbers, whole ones of any length among decimal ones.
#[test]
fn numbers_sort_as_numbers() {
    let numbers = "[{\"n\": 9}, {\"n\": 10.5}, {\"n\": 10}, {\"n\": -2}, {\"n\": 9007199254740993}, \
                   {\"n\": 9007199254740992}, {\"n\": 98765432109876543210}, {\"n\": 9.5e1}]";
    let settings = "[collections.numbers]\nsources = ['data/n.json']\nkey = 'k'\n\n\
                    [[views]]\npath = 'numbers'\nfrom = 'numbers'\nsort = ['n']\nfields = ['n']\n";
    let numbered = numbers.split("{\"n\"").enumerate().map(|(i, part)| match i {
        0 => part.to_owned(),
        _ => format!("{{\"k\": {i}, \"n\"{part}"),
    });
    let site = Site::empty().file("site/site.toml", settings).file("data/n.json", numbered.collect::<String>());
    site.build();
    assert_eq!(
        site.answer("api/numbers").replace("{\"n\":", "").replace('}', ""),
        "[-2,9,10,10.5,9.5e1,9007199254740992,9007199254740993,98765432109876543210]"
    );
}

#[test]
fn the_three_methods_of_ranking() {
    let ranked = |method: &str| {
        let rank = format!("rank = {{ by = 'points', method = '{method}' }}");
        let site = Site::empty()
            .file("data/p.yaml", "- {k: a, points: 5}\n- {k: b, points: 9}\n- {k: c, points: 5}\n- {k: d, points: 1}\n")
            .file(
                "site/site.toml",
                format!(
                    "[collections.p]\nsources = ['data/p.yaml']\nkey = 'k'\n\n[[views]]\npath = 'p'\nfrom = 'p'\nsort = ['-points']\n{rank}\n"
                ),
            );
        site.build();
        assert_eq!(column(&site, "api/p", "k"), json!(["b", "a", "c", "d"]));
        assert_eq!(column(&site, "api/p", "position"), json!([1, 2, 3, 4]), "a position is never shared");
        assert_eq!(column(&site, "api/p", "tied"), json!([false, true, true, false]));
        column(&site, "api/p", "rank")
    };
    assert_eq!(ranked("competition"), json!([1, 2, 2, 4]));
    assert_eq!(ranked("dense"), json!([1, 2, 2, 3]));
    assert_eq!(ranked("ordinal"), json!([1, 2, 3, 4]));
}

/// The rank stands behind the record's own members, and a shorter answer has the ranks of the longer one.
#[test]
fn a_ranked_row_is_the_row_and_its_standing() {
    let site = site("path = 'top'\nfrom = 'users'\nsort = ['-score']\nrank = { by = 'score' }");
    let bo = r#"{"handle":"bo","team":"blue","score":50,"joined":"2024-01-01","rank":1,"position":1,"tied":false}"#;
    assert_eq!(site.answer("api/top/limit/1"), format!("[{bo}]"));
    assert_eq!(column(&site, "api/top/limit/2", "rank"), json!([1, 2]));
    assert_eq!(column(&site, "api/top/limit/2", "tied"), json!([false, true]));
    assert_eq!(column(&site, "api/top", "rank"), json!([1, 2, 2, 4, 5]), "who has no score comes last");
}

/// Ranks are counted after `where`, and within each group.
#[test]
fn ranks_belong_to_their_list() {
    let site =
        site("path = 'teams/{team}'\nfrom = 'users'\ngroup = 'team'\nsort = ['-score']\nrank = { by = 'score' }");
    assert_eq!(column(&site, "api/teams/red", "handle"), json!(["Ann", "cid", "eve"]));
    assert_eq!(column(&site, "api/teams/red", "rank"), json!([1, 1, 3]));
    assert_eq!(column(&site, "api/teams/blue", "position"), json!([1, 2]));
}

#[test]
fn an_unlisted_record_takes_no_rank() {
    let site = site("path = 'top'\nfrom = 'users'\nsort = ['-score']\nrank = { by = 'score' }");
    site.write("data/users.yaml", USERS.replace("score: 50", "score: 50, listed: false"));
    site.build();
    assert_eq!(column(&site, "api/top", "handle"), json!(["Ann", "cid", "eve", "dot"]));
    assert_eq!(column(&site, "api/top", "rank"), json!([1, 1, 3, 4]));
}

#[test]
fn fields_project_in_their_order_with_null_for_what_is_absent() {
    let site = site("path = 'cards'\nfrom = 'users'\nfields = ['city', 'handle', 'score']\nwhere = \"team == 'blue'\"");
    let rows = r#"[{"city":null,"handle":"bo","score":50},{"city":null,"handle":"dot","score":null}]"#;
    assert_eq!(site.answer("api/cards"), rows);
}

/// The joined record stands in the place of its key, whatever the letter case of the key.
#[test]
fn lookup_replaces_a_key_by_its_record() {
    let site = site("path = 'reads'\nfrom = 'articles'\nlookup = { author = 'users' }\nfields = ['id', 'author']");
    let ann = r#"{"handle":"Ann","team":"red","score":30,"joined":"2024-01-02","city":"Oslo"}"#;
    let bo = r#"{"handle":"bo","team":"blue","score":50,"joined":"2024-01-01"}"#;
    let rows = format!(
        r#"[{{"id":1,"author":{ann}}},{{"id":2,"author":{bo}}},{{"id":3,"author":null}},{{"id":4,"author":null}},{{"id":5,"author":{ann}}}]"#
    );
    assert_eq!(site.answer("api/reads"), rows);
}

#[test]
fn a_dangling_lookup_is_told_at_build_time() {
    let site = site("path = 'reads'\nfrom = 'articles'\nlookup = { author = 'users' }");
    site.write("data/articles.yaml", ARTICLES.replace("author: BO", "author: anna"));
    let run = site.ends(1, &["build", "--now", NOW]);
    assert!(run.stderr.contains("error[dangling-reference]"), "{}", run.stderr);
    assert!(run.stderr.contains("data/articles.yaml:2:"), "{}", run.stderr);
}

#[test]
fn lookup_leaves_private_members_out() {
    let site = site("path = 'reads'\nfrom = 'articles'\nlookup = { author = 'users' }");
    let settings = site.text("site/site.toml").replace("key = \"handle\"", "key = \"handle\"\nprivate = [\"city\"]");
    site.write("site/site.toml", settings);
    site.build();
    let reads = site.answer("api/reads");
    assert!(reads.contains("\"team\":\"red\"") && !reads.contains("Oslo"), "{reads}");
}

//! Who may write what.

use super::answer::Refusal;
use super::auth::Caller;
use crate::inbox::{Inbox, Latest};
use crate::model::{Change, Entry, Owner, Value, WriteDecl};

/// How far back an owner is looked for.
const FAR: u64 = 256;

/// Whose a record is.
enum Whose {
    /// Nobody has written it here yet, or it was deleted: whoever makes it has it.
    Nobodys,
    Of(Value),
    /// It is there, and no write that is still known says whose it is.
    Unknown,
}

/// Refuses a record that is not the caller's. Gives the version of the record that this was judged by, where it was: the write
/// must be the next one, or somebody else may have come between.
pub async fn owns(
    caller: &Caller,
    decl: &WriteDecl,
    inbox: &Inbox,
    (collection, key): (&str, &str),
    change: &Change,
) -> Result<Option<u64>, Refusal> {
    let may_all = if *change == Change::Delete { caller.is_admin() } else { caller.is_editor() };
    if may_all {
        return Ok(None);
    }
    let Some(Owner { claim, member }) = &decl.owner else {
        return Err(not_yours("Only editors write here"));
    };
    let Some(own) = caller.claim(claim) else {
        return Err(not_yours("The token does not say which record is yours"));
    };
    let Some(member) = member else {
        return if own.eq_ignore_ascii_case(key) { Ok(None) } else { Err(not_yours("The key is not the token's own")) };
    };
    let is_own =
        |value: Option<&Value>| value.and_then(Value::label).is_some_and(|label| label.eq_ignore_ascii_case(own));
    let sent = change.members().and_then(|members| members.iter().find(|(name, _)| **name == **member));
    match (change, sent) {
        (Change::Put(_), None) => return Err(not_yours(&format!("`{member}` must say that the record is yours"))),
        (_, Some((_, value))) if !is_own(Some(value)) => {
            return Err(not_yours(&format!("`{member}` is somebody else")));
        }
        _ => {}
    }
    let latest = inbox.latest(collection, key).await.map_err(|error| Refusal::failed(&error))?;
    // The answer to a deletion may have been lost; what it says stands in no entry any more.
    if *change == Change::Delete && latest.entry.as_ref().is_some_and(|gone| is_own_deletion(gone, caller, decl)) {
        return Ok(Some(latest.version));
    }
    match owner_of(inbox, (collection, key), &latest, (member, decl.review)).await? {
        Whose::Nobodys if matches!(change, Change::Put(_)) => Ok(Some(latest.version)),
        Whose::Of(value) if is_own(Some(&value)) => Ok(Some(latest.version)),
        _ => Err(not_yours("This record is not known to be yours")),
    }
}

fn is_own_deletion(entry: &Entry, caller: &Caller, decl: &WriteDecl) -> bool {
    entry.change == Change::Delete && entry.claim.is_some() && entry.claim == claimed(caller, decl, &entry.collection)
}

/// What an accepted write keeps of the claim: content files may know the record, and say that it is somebody else's.
pub fn claimed(caller: &Caller, decl: &WriteDecl, collection: &str) -> Option<String> {
    let owner = decl.owner.as_ref().filter(|owner| owner.member.is_some() && !caller.is_editor())?;
    caller.claim(&owner.claim).map(|claim| Entry::claimed(collection, claim))
}

/// What the last write that says so says of whose the record is. A deletion that an editor looks at first says nothing
/// while what was written before it is not forgotten.
async fn owner_of(
    inbox: &Inbox,
    (collection, key): (&str, &str),
    latest: &Latest,
    (member, review): (&str, bool),
) -> Result<Whose, Refusal> {
    let Some(mut known) = latest.entry.clone() else { return Ok(Whose::Nobodys) };
    let mut asked = false;
    for _ in 0..FAR {
        let says = known.change.members().and_then(|members| members.iter().find(|(name, _)| **name == *member));
        if let Some((_, value)) = says {
            return Ok(Whose::Of(value.clone()));
        }
        match known.change {
            Change::Delete if review && !known.by_editor => asked = true,
            Change::Delete => return Ok(Whose::Nobodys),
            Change::Forgotten if asked => return Ok(Whose::Nobodys),
            _ => {}
        }
        let before = match known.version - 1 {
            0 => None,
            version => inbox.written(collection, key, version).await.map_err(|error| Refusal::failed(&error))?,
        };
        match before {
            Some(before) => known = before,
            // What was before it was put aside and collected, or never was: the deletion is done, or all there is.
            None if known.change == Change::Delete => return Ok(Whose::Nobodys),
            None => break,
        }
    }
    Ok(Whose::Unknown)
}

fn not_yours(detail: &str) -> Refusal {
    Refusal::new("not-yours").detail(detail)
}

#[cfg(test)]
mod tests {
    use super::{claimed, owns};
    use crate::inbox::{ENTRIES, Inbox};
    use crate::model::{Allow, Change, Entry, Owner, Place, Placed, Role, Value, WriteDecl};
    use crate::store::{Memory, Store};
    use crate::write::auth::Caller;
    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;

    fn decl(member: Option<&str>) -> WriteDecl {
        WriteDecl {
            name: "articles".to_owned(),
            at: Place::file("site/site.toml"),
            collection: 0,
            schema: Placed { value: String::new(), at: Place::file("site/site.toml") },
            allow: Allow::default(),
            owner: Some(Owner { claim: "profile".to_owned(), member: member.map(str::to_owned) }),
            review: false,
            text: None,
        }
    }

    fn caller(profile: &str, roles: &[Role]) -> Caller {
        Caller {
            subject: "1".to_owned(),
            claims: json!({ "profile": profile }).as_object().cloned().unwrap_or_default(),
            roles: roles.to_vec(),
            is_local: false,
        }
    }

    /// Whether each of two members may put, change and delete a record of which this was written, the first so many of
    /// which were put aside long ago.
    fn may_after(writes: &[(Change, Option<&str>)], aside: usize, review: bool) -> [[bool; 3]; 2] {
        let inbox = Inbox::new(Store::memory(Memory::default()));
        let decl = WriteDecl { review, ..decl(Some("author")) };
        let by = |profile: &str| Change::Put(Box::new([("author".into(), Value::text(profile))]));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for (version, (change, profile)) in (1..).zip(writes) {
                let entry = Entry {
                    id: format!("{version:032x}"),
                    collection: "articles".to_owned(),
                    key: "one".to_owned(),
                    version,
                    change: change.clone(),
                    by: "somebody".to_owned(),
                    by_editor: profile.is_none(),
                    claim: profile.map(|profile| Entry::claimed("articles", profile)),
                    at: Timestamp::UNIX_EPOCH,
                    request: "00".to_owned(),
                };
                assert!(inbox.add(&entry).await.expect("it is kept"));
            }
            let entries = inbox.entries(ENTRIES).await.expect("entries");
            inbox.archive(&entries[..aside]).await.expect("they are put aside");
            let (age, now) = (SignedDuration::ZERO, Timestamp::MAX);
            inbox.collect(age, now).await.expect("they are collected");
            let mut all = [[false; 3]; 2];
            for (profile, may) in ["ann", "bo"].iter().zip(&mut all) {
                for (change, may) in [by(profile), Change::Patch(Box::default()), Change::Delete].iter().zip(may) {
                    *may = owns(&caller(profile, &[]), &decl, &inbox, ("articles", "one"), change).await.is_ok();
                }
            }
            all
        })
    }

    fn may(writes: &[(Change, Option<&str>)], review: bool) -> [[bool; 3]; 2] {
        may_after(writes, 0, review)
    }

    #[test]
    fn a_record_stays_its_owners() {
        let ann = || (Change::Put(Box::new([("author".into(), Value::text("Ann"))])), Some("ann"));
        let (gone, nobodys) = ((Change::Delete, Some("ann")), [true, false, false]);
        for review in [false, true] {
            assert_eq!(may(&[], review), [nobodys, nobodys]);
            assert_eq!(may(&[ann()], review), [[true; 3], [false; 3]]);
            // By an editor.
            assert_eq!(may(&[ann(), (Change::Delete, None)], review), [nobodys, nobodys]);
            // A deletion is sent again where its answer was lost.
            assert_eq!(may(&[(Change::Forgotten, None), gone.clone()], review), [[true, false, true], nobodys]);
            assert_eq!(may(std::slice::from_ref(&gone), review), [[true, false, true], nobodys]);
        }
        assert_eq!(may(&[ann(), gone.clone()], false), [[true, false, true], nobodys]);
        let writes = [ann(), gone.clone()];
        assert_eq!(may(&writes, true), [[true; 3], [false; 3]], "it waits, or was refused");
        assert_eq!(may_after(&writes, 1, true), [[true; 3], [false; 3]], "it waits behind what was put aside");
        assert_eq!(may_after(&writes, 2, true), [[true, false, true], nobodys], "it is done");
        // Files know the record, and whose it is.
        let other = (Change::Patch(Box::default()), None);
        assert_eq!(may(&[other, gone], true), [[false, false, true], [false; 3]]);
    }

    #[test]
    fn a_claim_is_kept_where_a_member_is_compared_with_it() {
        let of = |profile: &str| claimed(&caller(profile, &[]), &decl(Some("author")), "articles");
        assert_eq!(of("Ann"), of("ann"));
        assert_ne!(of("ann"), of("bo"));
        assert!(of("ann").is_some_and(|kept| !kept.contains("ann")), "it names nobody");
        assert_eq!(claimed(&caller("ann", &[]), &decl(None), "articles"), None);
        assert_eq!(claimed(&caller("ann", &[Role::Editor]), &decl(Some("author")), "articles"), None);
    }
}

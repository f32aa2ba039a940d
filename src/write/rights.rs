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
    match owner_of(inbox, (collection, key), &latest, member).await? {
        Whose::Nobodys if matches!(change, Change::Put(_)) => Ok(Some(latest.version)),
        Whose::Of(value) if is_own(Some(&value)) => Ok(Some(latest.version)),
        _ => Err(not_yours("This record is not known to be yours")),
    }
}

/// What an accepted write keeps of the claim: content files may know the record, and say that it is somebody else's.
pub fn claimed(caller: &Caller, decl: &WriteDecl, collection: &str) -> Option<String> {
    let owner = decl.owner.as_ref().filter(|owner| owner.member.is_some() && !caller.is_editor())?;
    caller.claim(&owner.claim).map(|claim| Entry::claimed(collection, claim))
}

/// What the last write that says so says of whose the record is.
async fn owner_of(
    inbox: &Inbox,
    (collection, key): (&str, &str),
    latest: &Latest,
    member: &str,
) -> Result<Whose, Refusal> {
    let Some(mut known) = latest.entry.clone() else { return Ok(Whose::Nobodys) };
    for _ in 0..FAR {
        let says = known.change.members().and_then(|members| members.iter().find(|(name, _)| **name == *member));
        if let Some((_, value)) = says {
            return Ok(Whose::Of(value.clone()));
        }
        if known.change == Change::Delete {
            return Ok(Whose::Nobodys);
        }
        let before = match known.version - 1 {
            0 => None,
            version => inbox.written(collection, key, version).await.map_err(|error| Refusal::failed(&error))?,
        };
        match before {
            Some(before) => known = before,
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
    use super::claimed;
    use crate::model::{Allow, Owner, Place, Placed, Role, WriteDecl};
    use crate::write::auth::Caller;
    use serde_json::json;

    #[test]
    fn a_claim_is_kept_where_a_member_is_compared_with_it() {
        let decl = |member: Option<&str>| WriteDecl {
            name: "articles".to_owned(),
            at: Place::file("site/site.toml"),
            collection: 0,
            schema: Placed { value: String::new(), at: Place::file("site/site.toml") },
            allow: Allow::default(),
            owner: Some(Owner { claim: "profile".to_owned(), member: member.map(str::to_owned) }),
            review: false,
            text: None,
        };
        let caller = |profile: &str, roles: &[Role]| Caller {
            subject: "1".to_owned(),
            claims: json!({ "profile": profile }).as_object().cloned().unwrap_or_default(),
            roles: roles.to_vec(),
            is_local: false,
        };
        let of = |profile: &str| claimed(&caller(profile, &[]), &decl(Some("author")), "articles");
        assert_eq!(of("Ann"), of("ann"));
        assert_ne!(of("ann"), of("bo"));
        assert!(of("ann").is_some_and(|kept| !kept.contains("ann")), "it names nobody");
        assert_eq!(claimed(&caller("ann", &[]), &decl(None), "articles"), None);
        assert_eq!(claimed(&caller("ann", &[Role::Editor]), &decl(Some("author")), "articles"), None);
    }
}

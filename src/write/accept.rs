//! What becomes of a write that somebody may make: it is kept, recognised as kept already, or in the way of another.

use super::answer::{Accepted, Refusal};
use super::request::IfMatch;
use crate::inbox::{Claim, Inbox, Latest, nonce};
use crate::model::{Allow, Change, Entry, Members, Value, canonical, hex};
use axum::http::StatusCode;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// How often somebody who wants no particular version makes room for others.
const TRIES: usize = 32;

/// A write, ready to be kept.
pub struct Proposal<'a> {
    pub inbox: &'a Inbox,
    pub collection: &'a str,
    pub key: &'a str,
    pub change: Change,
    /// The version of the record by which it was judged whose it is, where that decides: this write is the next, or none.
    pub judged: Option<u64>,
    pub subject: &'a str,
    pub by_editor: bool,
    /// Whose the record is by the token, where a member of it must say so.
    pub claim: Option<String>,
    pub now: Timestamp,
    /// Whether an editor decides first of what others write.
    pub review: bool,
    pub allow: Allow,
}

/// On which condition a record is put.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    pub if_match: Option<IfMatch>,
    pub only_new: bool,
}

impl Proposal<'_> {
    /// `PUT`: the record is as it is sent.
    pub async fn put(&self, conditions: &Conditions) -> Result<Accepted, Refusal> {
        let latest = self.latest().await?;
        // A retry of the request that made the record is no second one.
        let is_welcome = |same: &Entry| !conditions.only_new || same.request == self.request();
        if let Some(same) = self.same(&latest).filter(is_welcome) {
            return Ok(self.known(StatusCode::OK, same));
        }
        let version = latest.version;
        match &conditions.if_match {
            Some(wanted) if !wanted.holds(&latest) => return Err(mismatch(version)),
            Some(_) if conditions.only_new && is_there(&latest) => return Err(in_the_way(true, &latest)),
            None if version > 0 && (conditions.only_new || !self.approves(&latest)) => {
                return Err(in_the_way(conditions.only_new, &latest));
            }
            _ => {}
        }
        let is_new = !is_there(&latest);
        if if is_new { !self.allow.create } else { !self.allow.update } {
            let what = if is_new { "created" } else { "changed" };
            return Err(
                Refusal::new("not-yours").detail(format!("Records of `{}` are not {what} here", self.collection))
            );
        }
        if let Some(entry) = self.add(version + 1, fresh_id()?).await? {
            return Ok(self.added(StatusCode::CREATED, entry));
        }
        // Another writer was a moment earlier.
        let latest = self.latest().await?;
        match self.same(&latest) {
            Some(same) if is_welcome(&same) => Ok(self.known(StatusCode::OK, same)),
            _ if conditions.if_match.is_some() => Err(mismatch(latest.version)),
            _ => Err(in_the_way(conditions.only_new, &latest)),
        }
    }

    /// `POST`: a new record, once for each idempotency key.
    pub async fn post(&self, idempotency_key: &str, if_match: Option<&IfMatch>) -> Result<Accepted, Refusal> {
        let id = fresh_id()?;
        let owner = [self.subject, self.collection, idempotency_key];
        let claim = self.inbox.claim(&owner, &self.request(), &id, self.now).await;
        let Claim::Own { id: claimed } = claim.map_err(|error| Refusal::failed(&error))? else {
            return Err(Refusal::new("idempotency-key-reused"));
        };
        let latest = self.latest().await?;
        if claimed != id
            && let Some(kept) = self.kept(&claimed).await?
        {
            return Ok(self.known(StatusCode::ACCEPTED, kept));
        }
        if let Some(same) = self.same(&latest) {
            return Ok(self.known(StatusCode::ACCEPTED, same));
        }
        if if_match.is_some_and(|wanted| !wanted.holds(&latest)) {
            return Err(mismatch(latest.version));
        }
        if latest.version > 0 {
            return Err(in_the_way(false, &latest));
        }
        if let Some(entry) = self.add(1, claimed).await? {
            return Ok(self.added(StatusCode::ACCEPTED, entry));
        }
        let latest = self.latest().await?;
        match self.same(&latest) {
            Some(same) => Ok(self.known(StatusCode::ACCEPTED, same)),
            None => Err(in_the_way(false, &latest)),
        }
    }

    /// `PATCH`: some members of the record, of the version that the writer saw.
    pub async fn patch(&self, wanted: &IfMatch) -> Result<Accepted, Refusal> {
        let mut latest = self.latest().await?;
        if wanted.holds(&latest) {
            if latest.entry.as_ref().is_some_and(|entry| entry.change == Change::Delete) {
                return Err(in_the_way(false, &latest));
            }
            if let Some(entry) = self.add(latest.version + 1, fresh_id()?).await? {
                return Ok(self.added(StatusCode::ACCEPTED, entry));
            }
            latest = self.latest().await?;
        }
        // The answer to the same request may have been lost, or be still under way.
        let version = latest.version;
        let retried = latest.entry.filter(|entry| entry.request == self.request() && wanted.is(entry.version - 1));
        retried.map(|entry| self.known(StatusCode::ACCEPTED, entry)).ok_or_else(|| mismatch(version))
    }

    /// `DELETE`: the record goes, wherever it comes from.
    pub async fn delete(&self, wanted: Option<&IfMatch>) -> Result<Accepted, Refusal> {
        for _ in 0..TRIES {
            let latest = self.latest().await?;
            let is_done = |entry: &&Entry| entry.change == Change::Delete && !self.decides_of(entry);
            if let Some(gone) = latest.entry.as_ref().filter(is_done) {
                return Ok(self.known(StatusCode::ACCEPTED, gone.clone()));
            }
            if wanted.is_some_and(|wanted| !wanted.holds(&latest)) {
                return Err(mismatch(latest.version));
            }
            if let Some(entry) = self.add(latest.version + 1, fresh_id()?).await? {
                return Ok(self.added(StatusCode::ACCEPTED, entry));
            }
            if self.judged.is_some() {
                break;
            }
        }
        Err(Refusal::new("unavailable").retry_after(1))
    }

    async fn latest(&self) -> Result<Latest, Refusal> {
        let latest = self.inbox.latest(self.collection, self.key).await.map_err(|error| Refusal::failed(&error))?;
        match &latest.entry {
            // Two keys may have one URL form; the first who came has it.
            Some(entry) if !entry.key.eq_ignore_ascii_case(self.key) => {
                let detail = "Another key has the same URL form as this one";
                Err(Refusal::new("conflict").detail(detail).at_version(latest.version))
            }
            _ => Ok(latest),
        }
    }

    /// The last accepted write, if this one says the same and adds nothing to it.
    fn same(&self, latest: &Latest) -> Option<Entry> {
        latest.entry.as_ref().filter(|entry| self.says_the_same(entry) && !self.decides_of(entry)).cloned()
    }

    /// Whether an editor says what a member said, for whom an editor decides: it counts from now on.
    fn approves(&self, latest: &Latest) -> bool {
        latest.entry.as_ref().is_some_and(|entry| self.says_the_same(entry) && self.decides_of(entry))
    }

    fn says_the_same(&self, entry: &Entry) -> bool {
        matches!((&entry.change, &self.change), (Change::Put(there), Change::Put(sent)) if text(there) == text(sent))
    }

    /// Whether this is of an editor, and the other a member's, which waits for an editor or was refused by one.
    fn decides_of(&self, entry: &Entry) -> bool {
        self.by_editor && self.waits(entry)
    }

    /// Whether an entry takes no effect by itself.
    fn waits(&self, entry: &Entry) -> bool {
        self.review && !entry.by_editor
    }

    /// What an earlier request with the same idempotency key added, if it is there: always the first write of a key.
    async fn kept(&self, id: &str) -> Result<Option<Entry>, Refusal> {
        let first = self.inbox.written(self.collection, self.key, 1).await.map_err(|error| Refusal::failed(&error))?;
        Ok(first.filter(|entry| entry.id == id))
    }

    async fn add(&self, version: u64, id: String) -> Result<Option<Entry>, Refusal> {
        if self.judged.is_some_and(|judged| judged + 1 != version) {
            return Ok(None);
        }
        let entry = Entry {
            id,
            collection: self.collection.to_owned(),
            key: self.key.to_owned(),
            version,
            change: self.change.clone(),
            by: self.subject.to_owned(),
            by_editor: self.by_editor,
            claim: self.claim.clone(),
            at: self.now,
            request: self.request(),
        };
        let added = self.inbox.add(&entry).await.map_err(|error| Refusal::failed(&error))?;
        Ok(added.then_some(entry))
    }

    /// What a retry is recognised by.
    fn request(&self) -> String {
        let mut hash = Sha256::new();
        let key = crate::model::slug(self.key).unwrap_or_default();
        let body = self.change.members().map(text).unwrap_or_default();
        for part in
            [self.subject.as_bytes(), self.collection.as_bytes(), key.as_bytes(), self.change.name().as_bytes(), &body]
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex(&hash.finalize())
    }

    fn added(&self, status: StatusCode, entry: Entry) -> Accepted {
        Accepted { status, waits: self.waits(&entry), entry, is_new: true }
    }

    fn known(&self, status: StatusCode, entry: Entry) -> Accepted {
        Accepted { status, waits: self.waits(&entry), entry, is_new: false }
    }
}

impl IfMatch {
    fn holds(&self, latest: &Latest) -> bool {
        match self {
            Self::Any => is_there(latest),
            Self::Versions(versions) => versions.contains(&latest.version),
        }
    }

    fn is(&self, version: u64) -> bool {
        matches!(self, Self::Versions(versions) if versions.contains(&version))
    }
}

fn fresh_id() -> Result<String, Refusal> {
    nonce().map_err(|error| Refusal::failed(&error))
}

/// Whether the last accepted write left a record.
fn is_there(latest: &Latest) -> bool {
    latest.entry.as_ref().is_some_and(|entry| entry.change != Change::Delete)
}

/// The request names another version than this, the current one.
fn mismatch(version: u64) -> Refusal {
    let detail = match version {
        0 => "Nothing was written of this key yet: send `If-Match: \"0\"`, or a PUT without `If-Match`".to_owned(),
        _ => format!(
            "The current version is {version}, and the request names another. Look at what was written since, and send \
             `If-Match: \"{version}\"` to write over it"
        ),
    };
    Refusal::new("version-mismatch").detail(detail).at_version(version)
}

/// What keeps a write from being the first.
fn in_the_way(only_new: bool, latest: &Latest) -> Refusal {
    let version = latest.version;
    let refusal = Refusal::new(if only_new { "version-mismatch" } else { "conflict" }).at_version(version);
    if is_there(latest) && only_new {
        let detail = format!("`If-None-Match: *` creates only, and this key has version {version}");
        return refusal.detail(detail);
    }
    if is_there(latest) {
        return refusal;
    }
    refusal.detail(format!("This record was deleted. Put it with `If-Match: \"{version}\"` to make it anew"))
}

fn text(members: &[(crate::model::Name, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    let members: Members = members.into();
    canonical(&Value::Map(members), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Memory, Store};

    fn value(name: &str) -> Change {
        Change::Put(Box::new([("author".into(), Value::text(name))]))
    }

    fn proposal(inbox: &Inbox, change: Change, judged: Option<u64>) -> Proposal<'_> {
        Proposal {
            inbox,
            collection: "notes",
            key: "one",
            change,
            judged,
            subject: "somebody",
            by_editor: false,
            claim: None,
            now: Timestamp::UNIX_EPOCH,
            review: false,
            allow: Allow { create: true, update: true, delete: true },
        }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
    }

    /// The status, the version and whether it waits.
    fn told(done: Result<Accepted, Refusal>) -> Result<(u16, u64, bool), &'static str> {
        let told = |accepted: Accepted| (accepted.status.as_u16(), accepted.entry.version, accepted.waits);
        done.map(told).map_err(|refusal| refusal.problem)
    }

    /// What an editor says counts, also where a member said the same and waits for an editor, or was refused by one.
    #[test]
    fn an_editor_approves_by_saying_the_same() {
        let inbox = Inbox::new(Store::memory(Memory::default()));
        let of_member = |change| Proposal { review: true, ..proposal(&inbox, change, None) };
        let of_editor = |change| Proposal { by_editor: true, ..of_member(change) };
        let plain = Conditions::default();
        let only_new = Conditions { if_match: None, only_new: true };
        block_on(async {
            assert_eq!(told(of_member(value("mira")).put(&plain).await), Ok((201, 1, true)));
            assert_eq!(told(of_member(value("mira")).put(&plain).await), Ok((200, 1, true)));
            assert_eq!(told(of_editor(value("zoe")).put(&plain).await), Err("conflict"));
            assert_eq!(told(of_editor(value("mira")).put(&only_new).await), Err("version-mismatch"));
            assert_eq!(told(of_editor(value("mira")).put(&plain).await), Ok((201, 2, false)));
            assert_eq!(told(of_editor(value("mira")).put(&plain).await), Ok((200, 2, false)));
            // What an editor wrote does not wait, whoever says it again.
            assert_eq!(told(of_member(value("mira")).put(&plain).await), Ok((200, 2, false)));
            assert_eq!(told(of_member(Change::Delete).delete(None).await), Ok((202, 3, true)));
            assert_eq!(told(of_member(Change::Delete).delete(None).await), Ok((202, 3, true)));
            assert_eq!(told(of_editor(Change::Delete).delete(None).await), Ok((202, 4, false)));
            assert_eq!(told(of_member(Change::Delete).delete(None).await), Ok((202, 4, false)));
        });
    }

    /// Of two conditions both must hold, and a POST has one, too.
    #[test]
    fn conditions_hold_together() {
        let inbox = Inbox::new(Store::memory(Memory::default()));
        let of = |versions: &[u64]| Some(IfMatch::Versions(versions.to_vec()));
        let both = |version| Conditions { if_match: of(&[version]), only_new: true };
        block_on(async {
            let post = proposal(&inbox, value("mira"), None);
            assert_eq!(told(post.post("a", of(&[5]).as_ref()).await), Err("version-mismatch"));
            assert_eq!(told(post.post("b", of(&[0]).as_ref()).await), Ok((202, 1, false)));
            assert_eq!(told(proposal(&inbox, value("zoe"), None).put(&both(1)).await), Err("version-mismatch"));
            assert_eq!(told(proposal(&inbox, Change::Delete, None).delete(None).await), Ok((202, 2, false)));
            assert_eq!(told(proposal(&inbox, value("zoe"), None).put(&both(2)).await), Ok((201, 3, false)));
        });
    }

    /// What was judged of one version is no judgement of the next: in between somebody may have made the record theirs.
    #[test]
    fn a_write_follows_the_version_by_which_it_was_judged() {
        let inbox = Inbox::new(Store::memory(Memory::default()));
        let proposal = |change: Change, judged: Option<u64>| proposal(&inbox, change, judged);
        let over = |version: u64| Conditions { if_match: Some(IfMatch::Any), only_new: version == 0 };
        block_on(async {
            let first = proposal(value("mira"), Some(0)).put(&Conditions::default()).await;
            assert!(first.is_ok_and(|accepted| accepted.entry.version == 1));
            // Judged when nothing was there.
            for change in [value("thief"), Change::Delete] {
                let late = proposal(change, Some(0));
                let done = match late.change {
                    Change::Delete => late.delete(None).await,
                    _ => late.put(&over(1)).await,
                };
                assert!(done.is_err());
                assert_eq!(late.latest().await.ok().map(|latest| latest.version), Some(1));
            }
            let next = proposal(value("zoe"), Some(1)).put(&over(1)).await;
            assert!(next.is_ok_and(|accepted| accepted.entry.version == 2));
        });
    }
}

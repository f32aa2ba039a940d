//! SHA-256 of every body. A shorter list is the beginning of a longer one, so the lists of one view are read once.

use crate::model::{Artifact, Body, Rows, Sealed};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Index of an artifact, digest of its body, and bytes of its body.
type Digested = (usize, [u8; 32], u64);

/// Digests every artifact, in parallel; the order stays. What is shared with `last`, which is in order of key as
/// `artifacts` are, was digested before. There is room for so many more that name the release: a list this long is not to
/// be moved for them.
pub fn all(artifacts: Vec<Artifact>, last: &[Sealed], more: usize) -> Vec<Sealed> {
    let mut prefixes: Vec<(Prefix, usize)> = Vec::new();
    let (mut others, mut known) = (Vec::new(), Vec::new());
    let mut older = last.iter().peekable();
    for (at, artifact) in artifacts.iter().enumerate() {
        while older.next_if(|sealed| sealed.artifact.key < artifact.key).is_some() {}
        if let Some(same) = older
            .peek()
            .filter(|sealed| sealed.artifact.key == artifact.key && sealed.artifact.body.is_shared_with(&artifact.body))
        {
            known.push((at, same.sha256, same.size));
            continue;
        }
        match Prefix::of(artifact) {
            Some(prefix) => prefixes.push((prefix, at)),
            None => others.push(at),
        }
    }
    prefixes.sort_unstable();
    let families: Vec<&[(Prefix, usize)]> =
        prefixes.chunk_by(|(a, _), (b, _)| (a.rows, a.head) == (b.rows, b.head)).collect();
    let lists = families.into_par_iter().flat_map_iter(|family| of_family(&artifacts, family));
    let singles = others.into_par_iter().map(|at| {
        let (sha256, size) = digest(&artifacts[at].body);
        (at, sha256, size)
    });
    let mut digests: Vec<Digested> = singles.chain(lists).chain(known).collect();
    digests.par_sort_unstable_by_key(|(at, ..)| *at);
    let seal = |(artifact, (_, sha256, size))| Sealed { artifact, sha256, size };
    let mut sealed = Vec::with_capacity(artifacts.len() + more);
    sealed.extend(artifacts.into_iter().zip(digests).map(seal));
    sealed
}

pub fn one(artifact: Artifact) -> Sealed {
    let (sha256, size) = digest(&artifact.body);
    Sealed { artifact, sha256, size }
}

fn digest(body: &Body) -> ([u8; 32], u64) {
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, Vec::new());
    body.each_piece(|piece| {
        size += piece.len() as u64;
        if buffer.len() + piece.len() > BUFFER {
            hash.update(&buffer);
            buffer.clear();
        }
        if piece.len() > BUFFER {
            hash.update(piece);
        } else {
            buffer.extend_from_slice(piece);
        }
    });
    hash.update(&buffer);
    (hash.finalize().into(), size)
}

/// Rows are gathered to this many bytes before they are digested: a call for each small piece costs more than the copy.
const BUFFER: usize = 16 * 1024;

/// A list that starts with its first row. Those with the same rows and the same head begin alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Prefix {
    /// The address of the rows.
    rows: usize,
    head: &'static str,
    end: u32,
}

impl Prefix {
    fn of(artifact: &Artifact) -> Option<Self> {
        match &artifact.body {
            Body::List { head, rows, range, .. } if range.start == 0 => {
                Some(Self { rows: Arc::as_ptr(rows).cast::<Rows>() as usize, head, end: range.end })
            }
            _ => None,
        }
    }
}

/// Digests lists of one family, from the shortest to the longest, reading each row once.
fn of_family(artifacts: &[Artifact], family: &[(Prefix, usize)]) -> Vec<Digested> {
    let (mut hash, mut size, mut read) = (Sha256::new(), 0_u64, 0);
    let mut digests = Vec::with_capacity(family.len());
    let mut started = false;
    let mut buffer = Vec::with_capacity(BUFFER + BUFFER / 4);
    for (_, at) in family {
        let Body::List { head, rows, range, tail } = &artifacts[*at].body else { continue };
        let mut feed = |piece: &[u8]| {
            size += piece.len() as u64;
            buffer.extend_from_slice(piece);
            if buffer.len() >= BUFFER {
                hash.update(&buffer);
                buffer.clear();
            }
        };
        if !started {
            feed(head.as_bytes());
            started = true;
        }
        rows.each_piece(read..range.end, 0, &mut feed);
        hash.update(&buffer);
        buffer.clear();
        read = range.end;
        let mut whole = hash.clone();
        whole.update(tail.as_bytes());
        digests.push((*at, whole.finalize().into(), size + tail.len() as u64));
    }
    digests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArtifactOrigin, CacheClass, Rendered, RenderedBlock, RenderedRow};

    #[test]
    fn prefixes_have_the_digests_of_the_whole() {
        let bytes = b"{\"a\":1}{\"a\":22}{\"a\":333}".to_vec();
        let row = |start, end| RenderedRow { start, cut: end - 1, end };
        let rendered = Arc::new(Rendered::from_blocks(vec![RenderedBlock {
            bytes,
            rows: vec![row(0, 7), row(7, 15), row(15, 24)],
            html: Vec::new(),
        }]));
        let rows = Arc::new(Rows { rendered, order: vec![2, 0, 1], ..Rows::default() });
        let list = |head, range, tail: &str| Artifact {
            key: String::new(),
            media_type: "application/json",
            cache: CacheClass::View,
            body: Body::List { head, rows: Arc::clone(&rows), range, tail: tail.into() },
            origin: ArtifactOrigin::Build,
        };
        let artifacts = vec![
            list("[", 0..3, "]"),
            list("{\"data\":[", 0..1, "]}"),
            list("[", 0..0, "]"),
            list("[", 1..3, "]"),
            list("[", 0..2, "] "),
            list("[", 0..3, "]"),
        ];
        let sealed = all(artifacts, &[], 0);
        let again = all(sealed.iter().map(|sealed| sealed.artifact.clone()).collect(), &sealed, 0);
        for sealed in sealed.into_iter().chain(again) {
            let body = sealed.artifact.body.to_vec();
            assert_eq!(sealed.sha256, <[u8; 32]>::from(Sha256::digest(&body)), "{}", String::from_utf8_lossy(&body));
            assert_eq!(sealed.size, body.len() as u64);
        }
    }
}

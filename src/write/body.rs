//! The bytes of a body: bounded in size and in time.

use super::answer::Refusal;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use std::time::Duration;

/// How long a body may take.
const WITHIN: Duration = Duration::from_secs(10);
/// How much of a body that nobody wants is read away, in bytes: a client that is still sending does not hear an answer.
const READ_AWAY: usize = 128 * 1024 * 1024;

/// Reads a body of at most `most` bytes. With a refusal comes what is to be read away before it can be heard.
pub async fn read(mut body: Body, headers: &HeaderMap, most: usize) -> Result<Vec<u8>, (Refusal, Body)> {
    let too_large = || Refusal::new("body-too-large").detail(format!("A body has at most {most} bytes"));
    if length(headers).is_some_and(|length| length > most as u64) {
        return Err((too_large(), body));
    }
    let mut read = Vec::new();
    let whole = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::new("malformed-body").detail("The body broke off"))?;
            let data = frame.into_data().unwrap_or_else(|_| Bytes::new());
            if read.len() + data.len() > most {
                return Err(too_large());
            }
            read.extend_from_slice(&data);
        }
        Ok(())
    };
    match tokio::time::timeout(WITHIN, whole).await {
        Ok(Ok(())) => Ok(read),
        Ok(Err(refusal)) => Err((refusal, body)),
        // Nobody waits as long again for the rest.
        Err(_) => Err((Refusal::new("body-too-slow"), Body::empty())),
    }
}

/// Reads a body away. A client that waits to be told to send it is not told.
pub async fn discard(mut body: Body, headers: &HeaderMap) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let mut left = READ_AWAY;
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.into_data().map_or(0, |data| data.len());
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whether all of it came in time is of no interest.
    let _ = tokio::time::timeout(WITHIN, all).await;
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

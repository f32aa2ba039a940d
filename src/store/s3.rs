//! Objects in a bucket, of AWS or of any other store that speaks S3.

use super::aws::aws;
use super::faults::{self, Call};
use super::{
    Condition, Content, Copy, DELETED_AT_ONCE, ETag, Headers, Listed, Meta, Object, Options, Put, PutError, Written,
};
use crate::model::hex;
use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, Delete, MetadataDirective, ObjectIdentifier};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use std::time::Duration;

/// How often a request is tried again that may do better a moment later, besides the SDK's own tries.
const TRIES: u32 = 8;
/// The most that is set aside for a body before it comes, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// How much of a large file is read at once, in bytes.
const BUFFER: usize = 64 * 1024;
/// The metadata that says whose an object is: the SHA-256 of its body in hexadecimal.
const OURS: &str = "sha256";

#[derive(Clone)]
pub struct S3 {
    client: Client,
    bucket: Arc<str>,
    /// Empty, or with a slash at its end.
    prefix: Arc<str>,
    /// Whether S3 refuses to tell that an object is missing.
    unlisted: bool,
}

impl S3 {
    pub(super) async fn open(bucket: &str, prefix: &str, options: &Options) -> Result<Self> {
        let config = aws(options).await?;
        let settings = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(config.endpoint_url().is_some())
            // Every object is sent with its SHA-256; trailers with another checksum break some compatible stores.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let client = Client::from_conf(settings.build());
        Ok(Self { client, bucket: bucket.into(), prefix: prefix.into(), unlisted: options.unlisted })
    }

    pub(super) fn is_unlisted(&self) -> bool {
        self.unlisted
    }

    pub(super) fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The object's name in messages.
    fn on(&self, key: &str) -> String {
        format!("s3://{}/{}{key}", self.bucket, self.prefix)
    }

    pub(super) async fn put(&self, put: Put<'_>) -> Result<Written, PutError> {
        let on = self.on(put.key);
        let call = Call { action: "s3:PutObject", on: &on };
        for round in 0.. {
            let body = match &put.content {
                Content::Bytes(bytes) => ByteStream::from(bytes.clone()),
                Content::File(path, _) => ByteStream::read_from()
                    .path(path)
                    .buffer_size(BUFFER)
                    .build()
                    .await
                    .map_err(|error| PutError::Failed(anyhow!("cannot read {}: {error}", path.display())))?,
            };
            let mut request = self
                .client
                .put_object()
                .bucket(&*self.bucket)
                .key(self.full(put.key))
                .content_type(&put.headers.content_type)
                .cache_control(&put.headers.cache_control)
                .checksum_sha256(BASE64.encode(put.sha256))
                .metadata(OURS, hex(&put.sha256))
                .body(body);
            match &put.condition {
                Condition::Any => {}
                Condition::Absent => request = request.if_none_match("*"),
                Condition::Unchanged(tag) => request = request.if_match(&tag.0),
            }
            match request.send().await {
                Ok(done) => {
                    let etag = ETag(done.e_tag().unwrap_or_default().to_owned());
                    return Ok(Written { etag, version: version_of(done.version_id()) });
                }
                Err(error) if faults::status(&error) == Some(412) => return Err(PutError::Precondition),
                // `If-Match` on an object that is gone.
                Err(error) if error.code() == Some("NoSuchKey") => return Err(PutError::Precondition),
                Err(error) if round < tries(&error) => pause(round).await,
                Err(error) => return Err(PutError::Failed(faults::told(&error, call))),
            }
        }
        unreachable!("the last round returns")
    }

    pub(super) async fn get(&self, key: &str, version: Option<&str>) -> Result<Option<Object>> {
        let on = self.on(key);
        let call = Call { action: if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" }, on: &on };
        for round in 0.. {
            let ask = || {
                let request = self.client.get_object().bucket(&*self.bucket).key(self.full(key));
                request.checksum_mode(ChecksumMode::Enabled).set_version_id(version.map(str::to_owned)).send()
            };
            let answer = match trying(ask).await {
                Ok(answer) => answer,
                Err(error) if is_missing(&error) || self.unlisted && is_denied(&error) => return Ok(None),
                Err(error) => return Err(self.unread(&error, call).await),
            };
            let meta = meta_of_get(&answer);
            // A body that breaks off is asked for again.
            let broken = match whole(answer.body, meta.size).await {
                Ok(body) if body.len() as u64 == meta.size => return Ok(Some(Object { meta, body })),
                Ok(body) => anyhow!("{} of {} bytes came", body.len(), meta.size),
                Err(error) => error,
            };
            if round >= TRIES {
                return Err(broken.context(format!("the body of {on} breaks off each time")));
            }
            pause(round).await;
        }
        unreachable!("the last round returns")
    }

    pub(super) async fn head(&self, key: &str) -> Result<Option<Meta>> {
        let on = self.on(key);
        let call = Call { action: "s3:GetObject", on: &on };
        let ask = || {
            let request = self.client.head_object().bucket(&*self.bucket).key(self.full(key));
            request.checksum_mode(ChecksumMode::Enabled).send()
        };
        match trying(ask).await {
            Ok(answer) => Ok(Some(meta_of_head(&answer))),
            Err(error) if faults::status(&error) == Some(404) => Ok(None),
            Err(error) => Err(self.unread(&error, call).await),
        }
    }

    /// Why an object cannot be read, in words. S3 answers 403 for one that is missing, too, where whoever asks may not
    /// list. AWS names the permission that is wanting; where the answer does not, as to HEAD, listing tells.
    async fn unread<E>(&self, error: &SdkError<E, HttpResponse>, call: Call<'_>) -> anyhow::Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let said = error.message().unwrap_or_default();
        if faults::status(error) != Some(403) || said.contains(call.action) {
            return faults::told(error, call);
        }
        let name = self.name();
        let listing = Call { action: "s3:ListBucket", on: &name };
        if said.contains(listing.action) {
            return faults::told(error, listing);
        }
        match self.client.list_objects_v2().bucket(&*self.bucket).prefix(&*self.prefix).max_keys(1).send().await {
            Err(refused) if is_denied(&refused) => faults::told(&refused, listing),
            _ => faults::told(error, call),
        }
    }

    /// What was copied, and the SHA-256 of it where the store tells.
    pub(super) async fn copy(
        &self,
        from: &str,
        version: Option<&str>,
        to: Copy<'_>,
    ) -> Result<Option<(Written, Option<[u8; 32]>)>> {
        let on = self.on(from);
        let call = Call { action: "s3:PutObject", on: &on };
        let encoded = crate::model::encode_path(&self.full(from));
        let which = version.map_or_else(String::new, |version| format!("?versionId={version}"));
        let source = format!("{}{encoded}{which}", self.bucket);
        let ask = || {
            let request = self.client.copy_object().bucket(&*self.bucket).key(self.full(to.key)).copy_source(&source);
            request
                .metadata_directive(MetadataDirective::Replace)
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .metadata(OURS, hex(&to.sha256))
                .content_type(&to.headers.content_type)
                .cache_control(&to.headers.cache_control)
                .send()
        };
        let done = match trying(ask).await {
            Ok(done) => done,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(faults::told(&error, call)),
        };
        let result = done.copy_object_result();
        let sum = digest_of(result.and_then(|result| result.checksum_sha256()));
        let etag = result.and_then(|result| result.e_tag()).unwrap_or_default().to_owned();
        Ok(Some((Written { etag: ETag(etag), version: version_of(done.version_id()) }, sum)))
    }

    pub(super) async fn delete(&self, keys: &[String]) -> Result<()> {
        let name = self.name();
        let call = Call { action: "s3:DeleteObject", on: &name };
        for some in keys.chunks(DELETED_AT_ONCE) {
            let objects: Vec<ObjectIdentifier> = some
                .iter()
                .map(|key| ObjectIdentifier::builder().key(self.full(key)).build())
                .collect::<Result<_, _>>()
                .context("a key is missing")?;
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build()?;
            let ask = || self.client.delete_objects().bucket(&*self.bucket).delete(delete.clone()).send();
            let done = trying(ask).await.map_err(|error| faults::told(&error, call))?;
            if let Some(error) = done.errors().first() {
                let (key, code) = (error.key().unwrap_or_default(), error.code().unwrap_or_default());
                return Err(anyhow!("s3:DeleteObject of s3://{}/{key} was refused: {code}", self.bucket));
            }
        }
        Ok(())
    }

    /// The objects, and how many requests it took.
    pub(super) async fn list(&self, prefix: &str) -> Result<(Vec<Listed>, u64)> {
        let (mut listed, mut requests) = (Vec::new(), 0);
        self.pages(prefix, None, |page| {
            requests += 1;
            listed.extend(page.contents().iter().filter_map(|object| {
                let key = object.key()?.strip_prefix(&*self.prefix)?.to_owned();
                let size = u64::try_from(object.size().unwrap_or_default()).unwrap_or_default();
                Some(Listed { key, size, modified: object.last_modified().map_or(0, DateTime::secs) })
            }));
        })
        .await?;
        Ok((listed, requests))
    }

    /// The names directly below `prefix`, and how many requests it took.
    pub(super) async fn folders(&self, prefix: &str) -> Result<(Vec<String>, u64)> {
        let (mut folders, mut requests) = (Vec::new(), 0);
        let below = self.full(prefix);
        self.pages(prefix, Some("/"), |page| {
            requests += 1;
            let names = page.common_prefixes().iter().filter_map(|common| common.prefix()?.strip_prefix(&below));
            folders.extend(names.map(|name| name.trim_end_matches('/').to_owned()));
        })
        .await?;
        Ok((folders, requests))
    }

    async fn pages(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        mut take: impl FnMut(&aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output),
    ) -> Result<()> {
        let name = self.name();
        let call = Call { action: "s3:ListBucket", on: &name };
        let mut next: Option<String> = None;
        loop {
            let ask = || {
                let request = self.client.list_objects_v2().bucket(&*self.bucket).prefix(self.full(prefix));
                request.set_delimiter(delimiter.map(str::to_owned)).set_continuation_token(next.clone()).send()
            };
            let page = trying(ask).await.map_err(|error| faults::told(&error, call))?;
            take(&page);
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(());
            }
        }
    }
}

/// A body of about `size` bytes, in one piece.
async fn whole(mut body: ByteStream, size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(LARGEST)).unwrap_or_default());
    while let Some(piece) = body.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Sends a request until it is answered with something that stays.
pub async fn trying<T, E, F>(ask: impl Fn() -> F) -> Result<T, SdkError<E, HttpResponse>>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata,
{
    for round in 0..TRIES {
        match ask().await {
            Err(error) if faults::is_passing(&error) => pause(round).await,
            answer => return answer,
        }
    }
    ask().await
}

/// How often this may be tried again. A body that came over damaged comes over right the next time, unless it is not the
/// announced one.
fn tries<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> u32 {
    match error.code() {
        Some("BadDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch") => 2,
        _ if faults::is_passing(error) => TRIES,
        _ => 0,
    }
}

/// Longer each time, and not the same for everybody.
async fn pause(round: u32) {
    let most = 100 * (1_u64 << round.min(6));
    let spread = std::collections::hash_map::RandomState::new();
    let part = std::hash::BuildHasher::hash_one(&spread, round) % (most / 2).max(1);
    tokio::time::sleep(Duration::from_millis(most / 2 + part)).await;
}

/// A bucket that no longer keeps versions calls the one it has `null`.
fn version_of(id: Option<&str>) -> Option<String> {
    id.filter(|id| *id != "null").map(str::to_owned)
}

/// A checksum as S3 writes it.
fn digest_of(sum: Option<&str>) -> Option<[u8; 32]> {
    sum.and_then(|sum| BASE64.decode(sum).ok()).and_then(|bytes| bytes.try_into().ok())
}

fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    faults::status(error) == Some(404) && matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion" | "NotFound"))
}

/// What S3 answers for an object that is missing, where whoever asks may not list: 403, and no other 403 (expired
/// credentials, a wrong clock).
fn is_denied<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    faults::status(error) == Some(403) && error.code() == Some("AccessDenied")
}

fn meta_of_get(answer: &GetObjectOutput) -> Meta {
    meta(
        answer.e_tag(),
        answer.version_id(),
        answer.content_length(),
        answer.checksum_sha256(),
        answer.metadata().is_some_and(|metadata| metadata.contains_key(OURS)),
        [answer.content_type(), answer.cache_control()],
    )
}

fn meta_of_head(answer: &HeadObjectOutput) -> Meta {
    meta(
        answer.e_tag(),
        answer.version_id(),
        answer.content_length(),
        answer.checksum_sha256(),
        answer.metadata().is_some_and(|metadata| metadata.contains_key(OURS)),
        [answer.content_type(), answer.cache_control()],
    )
}

fn meta(
    etag: Option<&str>,
    version: Option<&str>,
    length: Option<i64>,
    sha256: Option<&str>,
    ours: bool,
    [content_type, cache_control]: [Option<&str>; 2],
) -> Meta {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Meta {
        etag: ETag(text(etag)),
        version: version_of(version),
        size: length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
        sha256: digest_of(sha256),
        ours: Some(ours),
        headers: Some(Headers { content_type: text(content_type), cache_control: text(cache_control) }),
    }
}

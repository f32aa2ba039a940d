//! What S3 and CloudFront answer when they refuse, in one sentence each with what to do.

use anyhow::{Error, anyhow};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error as StdError;

/// What was tried: the name of the call as permissions write it, and on what.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Such as `s3:PutObject`.
    pub action: &'a str,
    pub on: &'a str,
}

/// Whether the same request may do better a moment later.
pub fn is_passing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            matches!(
                service.err().code(),
                Some("ConditionalRequestConflict" | "OperationAborted" | "RequestTimeout" | "SlowDown")
            ) || matches!(status, 429 | 500 | 502..=504)
        }
        SdkError::ConstructionFailure(_) => false,
        SdkError::DispatchFailure(failure) => {
            !is_credentials(error) && (failure.is_io() || failure.is_timeout() || failure.is_other())
        }
        _ => true,
    }
}

/// An answer that never came is told by the SDK's own error alone: the kind of the service's error says nothing then.
fn is_credentials<E>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::DispatchFailure(failure) = error else { return false };
    let text = failure.as_connector_error().map_or_else(String::new, |error| chain(error));
    text.contains("credential") || text.contains("identity")
}

/// The HTTP status, where there was an answer.
pub fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The error in words.
pub fn told<E>(error: &SdkError<E, HttpResponse>, call: Call<'_>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Call { action, on } = call;
    let Some(response) = error.raw_response() else { return unanswered(error, call) };
    let (status, header) = (response.status().as_u16(), |name| response.headers().get(name));
    let code = error.code().or_else(|| header("x-amz-error-code")).unwrap_or_default();
    let said = error.message().unwrap_or_default();
    match (code, status) {
        ("RequestTimeTooSkewed", _) => anyhow!(
            "the clock of this machine is wrong: {on} refuses requests that are signed for another time. Set the clock (`timedatectl set-ntp true`) and try again"
        ),
        ("InvalidAccessKeyId" | "InvalidClientTokenId" | "UnrecognizedClientException", _) => {
            anyhow!("AWS does not know these credentials: check AWS_ACCESS_KEY_ID or the profile ({said})")
        }
        ("SignatureDoesNotMatch" | "IncompleteSignature", _) => {
            anyhow!("the signature is wrong: check AWS_SECRET_ACCESS_KEY, and that the clock of this machine is right")
        }
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => {
            anyhow!("the credentials have expired: sign in again")
        }
        ("BadDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch", _) => {
            anyhow!("{on} was sent with other bytes than were built: run `precast build` again")
        }
        ("NoSuchBucket", _) => {
            let bucket = on.strip_prefix("s3://").and_then(|rest| rest.split('/').next()).unwrap_or(on);
            anyhow!("there is no bucket at s3://{bucket}: deploy the stack that makes it, or mend `target`")
        }
        ("NoSuchDistribution" | "NoSuchFunctionExists", _) => {
            anyhow!(
                "CloudFront has no {}: deploy the stack that makes it, or mend site/environments.toml",
                on.trim_start_matches("the ")
            )
        }
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) | (_, 301) => {
            let region =
                header("x-amz-bucket-region").map_or_else(String::new, |region| format!(": it is in {region}"));
            anyhow!(
                "{on} is in another region than the one asked{region}. Set AWS_REGION, or `region` of the environment ({said})"
            )
        }
        ("AccessDenied" | "AccessDeniedException" | "AllAccessDisabled", _) | (_, 401 | 403) => anyhow!(
            "the credentials may not do {action} on {on}: give the role that permission{}",
            if said.is_empty() { String::new() } else { format!(" ({said})") }
        ),
        ("", 200..=499) => anyhow!(
            "what answers for {on} is no S3: it answered {action} with HTTP {status}{}. Check --endpoint-url",
            header("content-type").map_or_else(String::new, |kind| format!(" and {kind}"))
        ),
        ("", _) => anyhow!("{action} on {on} was answered with HTTP {status}, and did not get better: try again later"),
        _ => anyhow!("{action} on {on} was refused: {code}, HTTP {status}: {said}"),
    }
}

fn unanswered<E>(error: &SdkError<E, HttpResponse>, call: Call<'_>) -> Error
where
    E: StdError + 'static,
{
    let Call { action, on } = call;
    let text = chain(error);
    if is_credentials(error) {
        return anyhow!(
            "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `eval \"$(aws configure export-credentials --format env)\"`"
        );
    }
    if text.contains("region") && matches!(error, SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_)) {
        return anyhow!("there is no AWS region: set AWS_REGION, or `region` of the environment");
    }
    if text.contains("not a valid URI") {
        return anyhow!(
            "the endpoint is no URL: write --endpoint-url, `endpoint` or AWS_ENDPOINT_URL such as `https://s3.example.net`"
        );
    }
    match error {
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
            anyhow!("cannot reach {on} for {action}: {text}. Check the network, and --endpoint-url where one is given")
        }
        _ => anyhow!("{action} on {on} was answered with something else than S3 answers: {text}. Check --endpoint-url"),
    }
}

/// The error and its causes, each once.
fn chain(error: &dyn StdError) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !text.is_empty() && !parts.contains(&text) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}

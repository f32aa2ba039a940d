//! The edge function and the caches of an environment's distributions.

use crate::store::{Call, Options, aws, told, trying};
use anyhow::{Context, Result, anyhow};
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config::http::HttpResponse;
use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types::{FunctionConfig, FunctionStage, FunctionSummary, InvalidationBatch, Paths};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone)]
pub struct CloudFront {
    client: Client,
    requests: Arc<AtomicU64>,
}

impl CloudFront {
    /// # Errors
    /// When no region is named.
    pub async fn open(options: &Options) -> Result<Self> {
        Ok(Self { client: Client::new(&aws(options).await?), requests: Arc::default() })
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The code that viewers' requests run through.
    ///
    /// # Errors
    /// When CloudFront does not give it.
    pub async fn live_code(&self, name: &str) -> Result<String> {
        self.count();
        let on = format!("the function {name}");
        let call = Call { action: "cloudfront:GetFunction", on: &on };
        let ask = || self.client.get_function().name(name).stage(FunctionStage::Live).send();
        match trying(ask).await {
            Ok(answer) => {
                let code = answer.function_code.map(Blob::into_inner).unwrap_or_default();
                Ok(String::from_utf8_lossy(&code).into_owned())
            }
            // It was made, and never published; or never made.
            Err(error) if error.code() == Some("NoSuchFunctionExists") => {
                self.draft(name, &on).await.map(|_| String::new())
            }
            Err(error) => Err(told(&error, call)),
        }
    }

    /// Whether the function and the distributions are there, and may be changed by who asks. Nothing is changed: the
    /// requests name a version of the function, and an invalidation, that are none.
    ///
    /// # Errors
    /// When one is not there, or may not be changed.
    pub async fn may_change(&self, function: Option<(&str, &str)>, distributions: &[String]) -> Result<()> {
        if let Some((name, code)) = function {
            let on = format!("the function {name}");
            let (_, config) = self.draft(name, &on).await?;
            self.count();
            let blob = Blob::new(code.as_bytes());
            let update = || {
                let request = self.client.update_function().name(name).if_match(NO_VERSION);
                request.function_config(config.clone()).function_code(blob.clone()).send()
            };
            refused_as_stale(trying(update).await, Call { action: "cloudfront:UpdateFunction", on: &on })?;
            self.count();
            let publish = || self.client.publish_function().name(name).if_match(NO_VERSION).send();
            refused_as_stale(trying(publish).await, Call { action: "cloudfront:PublishFunction", on: &on })?;
        }
        for distribution in distributions {
            self.count();
            let on = format!("the distribution {distribution}");
            let ask = || self.client.get_invalidation().distribution_id(distribution).id(NO_VERSION).send();
            if let Err(error) = trying(ask).await
                && error.code() == Some("NoSuchDistribution")
            {
                return Err(told(&error, Call { action: "cloudfront:GetInvalidation", on: &on }));
            }
        }
        Ok(())
    }

    /// Makes `code` what viewers' requests run through. `false` when somebody else changed the function meanwhile.
    ///
    /// # Errors
    /// When CloudFront refuses.
    pub async fn publish(&self, name: &str, code: &str) -> Result<bool> {
        let on = format!("the function {name}");
        let (etag, config) = self.draft(name, &on).await?;
        self.count();
        let blob = Blob::new(code.as_bytes());
        let update = || {
            let request = self.client.update_function().name(name).if_match(&etag).function_config(config.clone());
            request.function_code(blob.clone()).send()
        };
        let updated = match trying(update).await {
            Ok(updated) => updated,
            Err(error) if is_race(error.code()) => return Ok(false),
            Err(error) => return Err(told(&error, Call { action: "cloudfront:UpdateFunction", on: &on })),
        };
        // AWS calls the header `ETtag` here; others, as everywhere else.
        let etag = match updated.e_tag() {
            Some(etag) => etag.to_owned(),
            None => self.draft(name, &on).await?.0,
        };
        self.count();
        let publish = || self.client.publish_function().name(name).if_match(&etag).send();
        match trying(publish).await {
            Ok(_) => Ok(true),
            Err(error) if is_race(error.code()) => Ok(false),
            Err(error) => Err(told(&error, Call { action: "cloudfront:PublishFunction", on: &on })),
        }
    }

    /// The `ETag` and the configuration of the function as it may be changed.
    async fn draft(&self, name: &str, on: &str) -> Result<(String, FunctionConfig)> {
        self.count();
        let ask = || self.client.describe_function().name(name).stage(FunctionStage::Development).send();
        let call = Call { action: "cloudfront:DescribeFunction", on };
        let described = trying(ask).await.map_err(|error| told(&error, call))?;
        let config = described.function_summary().and_then(FunctionSummary::function_config);
        let config = config.with_context(|| format!("CloudFront does not say how {on} is configured"))?;
        Ok((described.e_tag().unwrap_or_default().to_owned(), config.clone()))
    }

    /// Asks the caches to forget `paths`. The same `reference` again asks for nothing new.
    ///
    /// # Errors
    /// When CloudFront refuses.
    pub async fn invalidate(&self, distribution: &str, paths: &[String], reference: &str) -> Result<()> {
        self.count();
        let on = format!("the distribution {distribution}");
        let quantity = i32::try_from(paths.len()).map_err(|_| anyhow!("too many paths"))?;
        let items = Paths::builder().quantity(quantity).set_items(Some(paths.to_vec())).build()?;
        let batch = InvalidationBatch::builder().paths(items).caller_reference(reference).build()?;
        let ask = || {
            let request = self.client.create_invalidation().distribution_id(distribution);
            request.invalidation_batch(batch.clone()).send()
        };
        let call = Call { action: "cloudfront:CreateInvalidation", on: &on };
        trying(ask).await.map(drop).map_err(|error| told(&error, call))
    }
}

/// What no version of a function and no invalidation is called.
const NO_VERSION: &str = "NONE";

/// Who may do something is told that the version is not the current one; who may not, is not.
fn refused_as_stale<T, E>(answer: Result<T, SdkError<E, HttpResponse>>, call: Call<'_>) -> Result<()>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Err(error) if !is_race(error.code()) => Err(told(&error, call)),
        _ => Ok(()),
    }
}

fn is_race(code: Option<&str>) -> bool {
    matches!(code, Some("PreconditionFailed" | "InvalidIfMatchVersion"))
}

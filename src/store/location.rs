//! Where a store is: `s3://bucket/prefix`, `file:///folder`, or the path of a folder.

use super::{S3, Store};
use anyhow::{Result, bail};
use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    S3 {
        bucket: String,
        /// Without a slash at either end; empty for the whole bucket.
        prefix: String,
    },
    Folder(PathBuf),
}

/// How a bucket is reached; what is not said comes from the environment and the profile, as the AWS CLI reads them.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub endpoint: Option<String>,
    pub region: Option<String>,
}

impl Location {
    /// Reads a location; a relative folder is below `root`.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn parse(text: &str, root: &Path) -> Result<Self> {
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_matches('/');
            if !is_bucket(bucket) {
                bail!("`{bucket}` is no name of a bucket: it has 3 to 63 lower-case letters, digits, dots and dashes");
            }
            if prefix.split('/').any(|segment| matches!(segment, "." | "..")) || prefix.contains("//") {
                bail!("`{prefix}` is no prefix: its segments are names");
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
        }
        if let Some(path) = text.strip_prefix("file://") {
            if !path.starts_with('/') {
                bail!("`{text}` names no folder: write file:///folder, with three slashes");
            }
            return Ok(Self::Folder(percent_decoded(path).into()));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            bail!("there is no target of the kind `{scheme}`: write s3://bucket/prefix, file:///folder or a folder");
        }
        if text.is_empty() {
            bail!("the target is empty: write s3://bucket/prefix, file:///folder or a folder");
        }
        Ok(Self::Folder(root.join(text)))
    }

    /// The store there. A bucket is not asked anything yet.
    ///
    /// # Errors
    /// When there are no credentials, or no region.
    pub async fn open(&self, options: &Options) -> Result<Store> {
        match self {
            Self::Folder(path) => Ok(Store::folder(path.clone())),
            Self::S3 { bucket, prefix } => Ok(Store::s3(S3::open(bucket, prefix, options).await?)),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Folder(path) => path.display().fmt(f),
        }
    }
}

/// S3's rules for names of general purpose buckets, as far as they keep a name from being one.
fn is_bucket(name: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.chars().all(known)
        && ends(name.chars().next())
        && ends(name.chars().next_back())
        && !name.contains("..")
}

fn percent_decoded(path: &str) -> String {
    crate::model::decode(path).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read() {
        let read = |text: &str| Location::parse(text, Path::new("/site"));
        let s3 = |bucket: &str, prefix: &str| Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        assert_eq!(read("s3://hdoc-prod-site").expect("a bucket"), s3("hdoc-prod-site", ""));
        assert_eq!(read("s3://bucket/a/b/").expect("a prefix"), s3("bucket", "a/b"));
        assert_eq!(read("file:///srv/a%20b").expect("a folder"), Location::Folder("/srv/a b".into()));
        assert_eq!(read("out").expect("a folder"), Location::Folder("/site/out".into()));
        for wrong in ["s3://", "s3://UPPER", "s3://b/../c", "gs://bucket", "file://host", "", "s3://a..b"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

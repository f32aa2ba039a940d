//! Where objects are held: `s3://bucket/prefix`, `file:///folder`, or the path of a folder.

use super::slug::decode;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// A place for objects. Nothing is asked of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    S3 {
        bucket: String,
        /// Without a slash at either end; empty for the whole bucket.
        prefix: String,
    },
    /// Without `.` and `..`, as far as they can be resolved by name alone.
    Folder(PathBuf),
}

/// The folders of a site, and the one that a build writes: no place for anything else.
const OF_SITE: [&str; 4] = ["content", "data", "site", "public"];

impl Location {
    /// Reads a location.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_matches('/');
            if !is_bucket(bucket) {
                return Err(format!(
                    "`{bucket}` is no name of a bucket: it has 3 to 63 lower-case letters, digits, dots and dashes"
                ));
            }
            if prefix.split('/').any(|segment| matches!(segment, "." | "..")) || prefix.contains("//") {
                return Err(format!("`{prefix}` is no prefix: its segments are names"));
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").filter(|path| path.starts_with('/'));
            let path =
                path.ok_or_else(|| format!("`{text}` names no folder: write file:///folder, with three slashes"))?;
            let path = decode(path).unwrap_or_else(|| path.to_owned());
            return Ok(Self::Folder(resolved(Path::new(&path))));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!(
                "there is no target of the kind `{scheme}`: write s3://bucket/prefix, file:///folder or a folder"
            ));
        }
        if text.trim().is_empty() || text.contains(char::is_control) {
            return Err(format!(
                "`{}` is no target: write s3://bucket/prefix, file:///folder or a folder",
                text.escape_debug()
            ));
        }
        let folder = resolved(Path::new(text));
        let of_site = OF_SITE.into_iter().find(|own| folder.starts_with(own));
        match of_site {
            Some(own) => Err(format!("`{text}` is in `{own}`, which is a folder of the site: name another")),
            None if folder.as_os_str().is_empty() => {
                Err(format!("`{text}` holds the site itself: name another folder"))
            }
            None => Ok(Self::Folder(folder)),
        }
    }

    /// The location of a folder that is meant below `root`.
    #[must_use]
    pub fn below(&self, root: &Path) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(root.join(folder)),
            Self::S3 { .. } => self.clone(),
        }
    }

    /// Whether one is the other, or stands in it.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(a), Self::Folder(b)) => a.starts_with(b) || b.starts_with(a),
            (Self::S3 { bucket: a, prefix: in_a }, Self::S3 { bucket: b, prefix: in_b }) => {
                let within = |inner: &str, outer: &str| {
                    outer.is_empty()
                        || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                a == b && (within(in_a, in_b) || within(in_b, in_a))
            }
            _ => false,
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

fn resolved(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Location {
        Location::parse(text).expect("a location")
    }

    #[test]
    fn locations_are_read() {
        let s3 = |bucket: &str, prefix: &str| Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        assert_eq!(read("s3://hdoc-prod-site"), s3("hdoc-prod-site", ""));
        assert_eq!(read("s3://bucket/a/b/"), s3("bucket", "a/b"));
        assert_eq!(read("file:///srv/a%20b"), Location::Folder("/srv/a b".into()));
        assert_eq!(read("./out/../out"), Location::Folder("out".into()));
        assert_eq!(read("out").below(Path::new("/site")), Location::Folder("/site/out".into()));
        let wrong =
            ["s3://", "s3://UPPER", "s3://b/../c", "gs://bucket", "file://host", "file:/x", "", " ", "s3://a..b"];
        for wrong in wrong.into_iter().chain(["public", "public/sub", "./content", "data/x", ".", "out/..", "a\nb"]) {
            assert!(Location::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_stands_in_another() {
        let overlap = |a: &str, b: &str| read(a).overlaps(&read(b));
        assert!(overlap("s3://bucket", "s3://bucket/a") && overlap("s3://bucket/a/b", "s3://bucket/a"));
        assert!(overlap("out", "./out/") && overlap("out/a", "out"));
        assert!(!overlap("s3://bucket/a", "s3://bucket/ab") && !overlap("s3://bucket", "s3://other"));
        assert!(!overlap("out", "outer") && !overlap("out", "s3://bucket"));
    }
}

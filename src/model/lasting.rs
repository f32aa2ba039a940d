//! Names that change with the bytes of a file, so that its readers may keep it for ever.

use super::release::hex;
use sha2::{Digest, Sha256};

/// How much of a digest stands in a name.
const LENGTH: usize = 12;

/// The longest name of a file that can have a lasting one, in bytes: with it, it has 255, the most that common file systems
/// take.
pub const LONGEST: usize = 255 - LENGTH - ".".len();

/// `css/style.css` with a part of the digest of its bytes before the extension: `css/style.3f0c9a1be27d.css`.
pub fn lasting(path: &str, bytes: &[u8]) -> String {
    named(path, &hex(&<[u8; 32]>::from(Sha256::digest(bytes)))[..LENGTH])
}

fn named(path: &str, digest: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let name = match name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        Some((stem, extension)) => format!("{stem}.{digest}.{extension}"),
        None => format!("{name}.{digest}"),
    };
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn the_digest_stands_before_the_extension() {
        assert_eq!(named("style.css", "3f"), "style.3f.css");
        assert_eq!(named("js/search.min.js", "3f"), "js/search.min.3f.js");
        assert_eq!(named("LICENSE", "3f"), "LICENSE.3f");
        assert_eq!(named("a.b/.hidden", "3f"), "a.b/.hidden.3f");
    }
}

//! What makes pages of the corpus: settings and templates beside those of the answers.
#![allow(clippy::disallowed_methods, reason = "an I/O edge: it writes the corpus")]

use std::fs;
use std::io;
use std::path::Path;

const SETTINGS: &str = include_str!("pages.toml");
const TEMPLATES: [(&str, &str); 8] = [
    ("macros.html", include_str!("templates/macros.html")),
    ("base.html", include_str!("templates/base.html")),
    ("home.html", include_str!("templates/home.html")),
    ("leaderboard.html", include_str!("templates/leaderboard.html")),
    ("articles.html", include_str!("templates/articles.html")),
    ("tag.html", include_str!("templates/tag.html")),
    ("article.html", include_str!("templates/article.html")),
    ("profile.html", include_str!("templates/profile.html")),
];

/// Adds pages to the corpus below `root`.
///
/// # Errors
/// Whatever the file system says.
pub fn add(root: &Path) -> io::Result<()> {
    // Articles link to made-up pages of example.com, which are none of the site's.
    let settings = root.join("site/site.toml");
    let answers = fs::read_to_string(&settings)?.replace("https://example.com", "https://corpus.example.com");
    fs::write(settings, answers + SETTINGS)?;
    let folder = root.join("site/templates");
    fs::create_dir_all(&folder)?;
    for (name, text) in TEMPLATES {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

//! `precast new`: scaffolds that pass `check`.

use super::{Outcome, human, scaffold};
use crate::content::settings::quoted;
use crate::model::{CollectionDecl, Settings, slug};
use crate::pipeline;
use anyhow::{Context, Result};
use clap::Subcommand;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum New {
    /// Make a small site that builds
    Site {
        /// A folder that is not there yet, or is empty
        dir: PathBuf,
    },
    /// Make a Markdown file for an article
    Article {
        title: String,
        /// The collection it belongs to
        #[arg(long, default_value = "articles")]
        collection: String,
    },
    /// Make a Markdown file for a user
    User {
        handle: String,
        /// The collection it belongs to
        #[arg(long, default_value = "users")]
        collection: String,
    },
}

/// The starter site: path and content of each of its files.
const STARTER: &[(&str, &str)] = &[
    ("site/site.toml", include_str!("starter/site.toml")),
    ("site/schemas/user.json", include_str!("starter/user.json")),
    ("site/schemas/article.json", include_str!("starter/article.json")),
    ("content/users/ada-example.md", include_str!("starter/ada-example.md")),
    ("content/articles/hello.md", include_str!("starter/hello.md")),
    ("public/.gitignore", "*\n!.gitignore\n"),
];

impl New {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        match self {
            Self::Site { dir } => site(&dir),
            Self::Article { title, collection } => record(root, &collection, &title, Naming::Title),
            Self::User { handle, collection } => record(root, &collection, &handle, Naming::Key),
        }
    }
}

fn site(dir: &Path) -> Result<Outcome> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Ok(Outcome::Usage(format!("{} is there already and is not empty", dir.display())));
    }
    for (path, content) in STARTER {
        create(&dir.join(path), content)?;
    }
    say!("made a site in {0}: `precast build --root {0}` writes its answers to {0}/public", dir.display());
    Ok(Outcome::Done)
}

/// What the name on the command line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Title,
    Key,
}

fn record(root: &Path, collection: &str, name: &str, naming: Naming) -> Result<Outcome> {
    let (settings, faults) = pipeline::load_settings(root)?;
    let settings = match settings {
        Some(settings) if faults.is_empty() => settings,
        _ => {
            human::diagnostics(faults.iter());
            return Ok(Outcome::Faults);
        }
    };
    let Some(index) = settings.collection(collection) else {
        let known: Vec<&str> = settings.collections.iter().map(|c| c.name.as_str()).collect();
        return Ok(Outcome::Usage(format!(
            "there is no collection `{collection}`; the collections are {}",
            quoted(&known)
        )));
    };
    let decl = &settings.collections[index];
    let slug = match slug(name) {
        Ok(slug) => file_stem(&slug),
        Err(why) => return Ok(Outcome::Usage(format!("`{}` {why}", name.escape_debug()))),
    };
    let Some(folder) = folder(root, decl) else {
        let message = format!("no source of `{collection}` is a folder, so there is no place for a Markdown file");
        return Ok(Outcome::Usage(message));
    };
    let (schema, faults) = pipeline::load_written_schema(root, &settings, index)?;
    if !faults.is_empty() {
        human::diagnostics(faults.iter());
        return Ok(Outcome::Faults);
    }
    let keys = keys(root, &settings, schema.as_ref())?;
    let given = match naming {
        Naming::Title => ("title", name),
        Naming::Key => (decl.key.value.as_str(), name),
    };
    if let Some(why) = scaffold::refusal(schema.as_ref(), given) {
        return Ok(Outcome::Usage(format!("`{}` is no `{}` of `{collection}`: {why}", name.escape_debug(), given.0)));
    }
    let own_folder = folder.join(&slug);
    anyhow::ensure!(
        !own_folder.join("index.md").exists(),
        "{} is there already; it was left as it is",
        own_folder.display()
    );
    let text = scaffold::markdown(decl, schema.as_ref(), given, &slug, &keys, &settings.site.time_zone);
    let path = folder.join(format!("{slug}.md"));
    create(&path, &text)?;
    say!("made {}: write its text, then `precast check`", path.display());
    Ok(Outcome::Done)
}

/// A file name that is easy to type: what punctuation stood in the name goes.
fn file_stem(slug: &str) -> String {
    let kept: String =
        slug.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect();
    let parts: Vec<&str> = kept.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "untitled".to_owned() } else { parts.join("-") }
}

/// The first source that is a folder, or could be one.
fn folder(root: &Path, decl: &CollectionDecl) -> Option<PathBuf> {
    let folders = decl.sources.iter().map(|source| root.join(&source.value));
    folders.into_iter().find(|path| path.is_dir() || !path.exists() && path.extension().is_none())
}

/// A key of each collection that the schema refers to, so that a reference has somewhere to lead.
fn keys(root: &Path, settings: &Settings, schema: Option<&serde_json::Value>) -> Result<Vec<(String, String)>> {
    let refers = schema.is_some_and(|schema| schema.to_string().contains("\"x-ref\""));
    if refers { pipeline::first_keys(root, settings) } else { Ok(Vec::new()) }
}

fn create(path: &Path, content: &str) -> Result<()> {
    let written = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
    };
    match written() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            anyhow::bail!("{} is there already; it was left as it is", path.display())
        }
        other => other.with_context(|| format!("cannot write {}", path.display())),
    }
}

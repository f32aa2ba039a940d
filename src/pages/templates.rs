//! Templates of `site/templates/`: compiled once; their faults told at their own lines.

use super::filters;
use super::functions::{self, Shared};
use crate::model::{Diagnostic, Inputs, Place, Placed, SourceText, code};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::ops::Range;
use std::sync::Arc;

/// Where templates stand, below the root.
pub const FOLDER: &str = "site/templates";

/// The longest tag, in bytes.
const LONGEST: usize = 8_000;
/// Room for compiling it, in bytes; what is not used is never there.
const STACK: usize = 256 * 1024 * 1024;
/// How many steps a page may take: a list of 100,000 takes some millions, a loop without an end all there are.
const STEPS: u64 = 20_000_000;

/// The templates of a site, by their paths below the folder.
#[derive(Debug, Default)]
pub struct Templates {
    sources: BTreeMap<String, Arc<str>>,
    /// Those that do not compile.
    broken: BTreeSet<String>,
    /// The others, compiled.
    environment: Option<Environment<'static>>,
}

/// A page that could not be rendered.
pub struct Failure {
    /// The page's URL.
    pub page: String,
    pub error: Error,
    /// What a member wrote last of the record that the page is about.
    pub about: Option<Place>,
}

impl Templates {
    /// Reads the templates, and tells those that do not compile.
    pub fn read(inputs: &Inputs) -> (Self, Vec<Diagnostic>) {
        let mut templates = Self::default();
        let mut faults = Vec::new();
        for (path, file) in inputs.under(FOLDER) {
            let Some(name) =
                path.strip_prefix("site/templates/").filter(|name| !name.split('/').any(|part| part.starts_with('.')))
            else {
                continue;
            };
            match crate::content::text(path, file) {
                Ok(text) => {
                    let text = text.trim_start_matches('\u{feff}');
                    templates.sources.insert(name.to_owned(), Arc::from(text));
                }
                Err(fault) => faults.push(fault),
            }
        }
        for (name, source) in super::prose::SHIPPED {
            templates.sources.entry(name.to_owned()).or_insert_with(|| Arc::from(source));
        }
        let (environment, broken) = templates.compile();
        for (name, error) in &broken {
            faults.push(templates.syntax(name, error));
        }
        templates.broken = broken.into_keys().collect();
        templates.environment = Some(environment);
        (templates, faults)
    }

    /// The templates that compile, and what is wrong with the others. A tag is compiled by recursion, so there is room for
    /// the deepest that [`LONGEST`] bytes can say.
    fn compile(&self) -> (Environment<'static>, BTreeMap<String, Error>) {
        let compile = || {
            let (mut environment, mut broken) = (bare(), BTreeMap::new());
            for (name, source) in &self.sources {
                let compiled = within_bounds(name, source)
                    .and_then(|()| environment.add_template_owned(name.clone(), source.to_string()));
                if let Err(error) = compiled {
                    broken.insert(name.clone(), error);
                }
            }
            (environment, broken)
        };
        let compiled = std::thread::scope(|scope| {
            let roomy = std::thread::Builder::new().stack_size(STACK);
            roomy.spawn_scoped(scope, compile).map(std::thread::ScopedJoinHandle::join)
        });
        let failed = |why: String| {
            let failed = |name: &String| (name.clone(), Error::new(ErrorKind::InvalidOperation, why.clone()));
            (bare(), self.sources.keys().map(failed).collect())
        };
        match compiled {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(_)) => failed("the compiler gave up".to_owned()),
            Err(error) => failed(error.to_string()),
        }
    }

    /// The templates in a folder, by path.
    pub fn below(&self, folder: &'static str) -> impl Iterator<Item = (&str, &str)> {
        let all = self.sources.iter().filter(move |(name, _)| name.starts_with(folder));
        all.map(|(name, source)| (name.as_str(), &**source))
    }

    /// What is wrong with a template at a place in it.
    pub fn fault(&self, name: &str, span: Range<usize>, message: String) -> Diagnostic {
        Diagnostic::error(code::BAD_TEMPLATE, self.place(name, Some(span), None), message)
    }

    /// The templates with what does not need pages or answers.
    pub fn small_environment(&self, base: &str) -> Environment<'static> {
        let mut environment = self.compiled();
        functions::add_url(&mut environment, base);
        environment
    }

    pub fn has(&self, name: &str) -> bool {
        self.sources.contains_key(name)
    }

    /// The fault of a page whose template is not there.
    pub fn missing(&self, named: &Placed<String>) -> Diagnostic {
        let message = format!("there is no template `{FOLDER}/{}`", named.value);
        let known: Vec<&str> = self.sources.keys().map(String::as_str).collect();
        let fault = Diagnostic::error(code::MISSING_TEMPLATE, named.at.clone(), message);
        fault.suggest(&named.value, known, "write one; it is named by its path below `site/templates`".to_owned())
    }

    /// The templates with all that they can call.
    pub fn environment(&self, shared: &Shared<'_>) -> Environment<'static> {
        let mut environment = self.compiled();
        functions::add(&mut environment, shared);
        environment
    }

    /// The templates and their filters. Copies share what was compiled.
    fn compiled(&self) -> Environment<'static> {
        let mut environment = self.environment.clone().unwrap_or_else(bare);
        filters::add(&mut environment);
        environment
    }

    fn place(&self, name: &str, range: Option<Range<usize>>, line: Option<usize>) -> Place {
        let path = format!("{FOLDER}/{name}");
        let Some(text) = self.sources.get(name) else { return Place::file(&path) };
        let of_line = || {
            let line = line?.checked_sub(1)?;
            let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
            let length = text[start..].lines().next().map_or(0, str::len);
            Some(start..start + length)
        };
        let range = range.filter(|range| !range.is_empty() && text.get(range.clone()).is_some()).or_else(of_line);
        SourceText::new(Arc::from(path), &**text).place(&range.unwrap_or(0..0))
    }

    fn syntax(&self, name: &str, error: &Error) -> Diagnostic {
        let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let place = self.place(name, error.range(), error.line());
        Diagnostic::error(code::BAD_TEMPLATE, place, format!("this template does not compile: {why}"))
    }

    /// What failed, each fault once: many pages may be made of one template.
    pub fn told(&self, failures: Vec<Failure>) -> Vec<Diagnostic> {
        let mut faults: BTreeMap<(Place, String), (String, usize, Vec<Place>)> = BTreeMap::new();
        for Failure { page, error, about } in failures {
            let error = innermost(&error);
            if self.is_told(error) {
                continue;
            }
            let name = error.name().unwrap_or_default();
            let at = self.place(name, error.range(), error.line());
            let (_, times, all) = faults.entry((at, self.why(error))).or_insert((page, 0, Vec::new()));
            *times += 1;
            all.extend(about);
        }
        let told = faults.into_iter().map(|((at, why), (page, times, about))| {
            let more = match times {
                1 => String::new(),
                2 => ", and one page more".to_owned(),
                _ => format!(", and {} pages more", times - 1),
            };
            Diagnostic::error(code::TEMPLATE_FAILED, at, format!("{why}, on the page `{page}`{more}")).about(about)
        });
        told.collect()
    }

    /// Whether it fails for want of a template that does not compile, which was told.
    fn is_told(&self, error: &Error) -> bool {
        let named = |detail: &str| self.broken.iter().any(|name| detail.contains(&format!("\"{name}\"")));
        error.kind() == ErrorKind::TemplateNotFound && error.detail().is_some_and(named)
    }

    /// In words, naming what stands at the fault.
    fn why(&self, error: &Error) -> String {
        let text = error.name().and_then(|name| self.sources.get(name));
        let there = text.zip(error.range()).and_then(|(text, range)| text.get(range)).map(str::trim);
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let detail = match error.kind() {
            ErrorKind::OutOfFuel => format!("it takes more than {STEPS} steps: is there a loop in a loop?"),
            _ => detail,
        };
        match (error.kind(), there.filter(|there| !there.is_empty() && there.len() <= 60)) {
            (ErrorKind::UndefinedError, Some(there)) => format!("`{there}` is undefined"),
            (_, Some(there)) => format!("`{there}` fails: {detail}"),
            (_, None) => detail,
        }
    }
}

/// Refuses a template with a tag that is longer than can be compiled.
fn within_bounds(name: &str, source: &str) -> Result<(), Error> {
    let mut rest = source;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let closing = if rest[start..].starts_with("{{") { "}}" } else { "%}" };
        let length = rest[start..].find(closing).unwrap_or(rest.len() - start);
        if length > LONGEST {
            let line = source[..source.len() - rest.len() + start].matches('\n').count() + 1;
            let why = format!("`{name}` has a tag of {length} bytes in line {line}, and {LONGEST} are the most");
            return Err(Error::new(ErrorKind::SyntaxError, why));
        }
        rest = &rest[start + length..];
    }
    Ok(())
}

/// The error at its source: includes and blocks wrap what failed in them.
fn innermost(error: &Error) -> &Error {
    let mut found = error;
    while let Some(inner) = found.source().and_then(|source| source.downcast_ref::<Error>()) {
        found = inner;
    }
    found
}

/// Writes a value: nothing for null, and in HTML the five signs that mean something there as references. A slash means
/// nothing, and URLs are full of them.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(());
    }
    if value.is_safe() || *state.auto_escape() != AutoEscape::Html {
        return write!(out, "{value}").map_err(Error::from);
    }
    let owned;
    let mut text = if let Some(text) = value.as_str() {
        text
    } else {
        owned = value.to_string();
        &owned
    };
    while let Some(at) = text.find(['&', '<', '>', '"', '\'']) {
        let reference = match text.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        };
        out.write_str(&text[..at])?;
        out.write_str(reference)?;
        text = &text[at + 1..];
    }
    out.write_str(text).map_err(Error::from)
}

fn bare() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_debug(true);
    environment.set_fuel(Some(STEPS));
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|name| match name.rsplit('.').next() {
        Some("html" | "svg" | "xml") => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    environment.set_formatter(write);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment
}

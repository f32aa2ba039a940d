//! The rules of ARCHITECTURE.md, held against the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Every module and its floor. Imports point down; neighbours on a floor do not know each other.
const FLOORS: &[(&str, u8)] = &[
    ("model", 0),
    ("expr", 0),
    ("content", 1),
    ("views", 1),
    ("release", 1),
    ("scores", 1),
    ("contract", 2),
    ("pages", 2),
    ("disk", 3),
    ("output", 3),
    ("published", 3),
    ("sources", 3),
    ("store", 3),
    ("inbox", 4),
    ("targets", 4),
    ("pipeline", 5),
    ("serve", 6),
    ("write", 6),
    ("cli", 7),
];

/// Names of drawers, not of things.
const DRAWERS: &[&str] = &["core", "utils", "helpers", "common", "types", "misc", "manager"];

const LINES_OF_A_FILE: usize = 400;
const LINES_OF_A_FUNCTION: usize = 60;

fn sources(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten().map(walkdir::DirEntry::into_path);
    files
        .filter(|path| {
            path.extension().is_some_and(|e| e == "rs") && !path.components().any(|c| c.as_os_str() == "peers")
        })
        .collect()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The top-level module that a file of `src` belongs to; `None` for `main.rs` and `lib.rs`.
fn module(path: &Path) -> Option<String> {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("a source");
    let first = below.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    (!matches!(first.as_str(), "main" | "lib" | "bin")).then_some(first)
}

fn parse(path: &Path) -> (String, syn::File) {
    let text = fs::read_to_string(path).expect("a source");
    let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (text, file)
}

/// The modules of this crate that a file names.
#[derive(Default)]
struct Imports(BTreeSet<String>);

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, false);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|s| s.ident == "crate")
            && let Some(module) = segments.next()
        {
            self.0.insert(module.ident.to_string());
        }
        visit::visit_path(self, path);
    }
}

impl Imports {
    fn tree(&mut self, tree: &syn::UseTree, in_crate: bool) {
        match tree {
            syn::UseTree::Path(path) if in_crate => {
                self.0.insert(path.ident.to_string());
            }
            syn::UseTree::Path(path) => self.tree(&path.tree, path.ident == "crate"),
            syn::UseTree::Name(name) if in_crate => {
                self.0.insert(name.ident.to_string());
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, in_crate)),
            _ => {}
        }
    }
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for path in sources("src") {
        let Some(own) = module(&path) else { continue };
        let Some(own_floor) = floor(&own) else {
            wrong.push(format!("{}: the module `{own}` has no floor", path.display()));
            continue;
        };
        let mut imports = Imports::default();
        imports.visit_file(&parse(&path).1);
        for other in imports.0.iter().filter(|other| **other != own) {
            match floor(other) {
                Some(floor) if floor < own_floor => {}
                Some(_) => wrong.push(format!("{}: `{own}` imports `{other}`, which is not below it", path.display())),
                None => wrong.push(format!("{}: the module `{other}` has no floor", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_upward_import_would_be_seen() {
    let file = syn::parse_file("use crate::{model::A, cli::B};\nfn f() { crate::pipeline::g(); }").expect("parses");
    let mut imports = Imports::default();
    imports.visit_file(&file);
    assert_eq!(imports.0.into_iter().collect::<Vec<_>>(), ["cli", "model", "pipeline"]);
}

#[test]
fn every_floor_has_its_module() {
    let found: BTreeSet<String> = sources("src").iter().filter_map(|path| module(path)).collect();
    for (name, _) in FLOORS {
        assert!(found.contains(*name), "the module `{name}` is gone: take it out of FLOORS");
    }
}

/// Lines of each function, from its signature to its last brace.
struct Functions(Vec<(String, usize)>);

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, item.block.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, item.block.span());
        visit::visit_impl_item_fn(self, item);
    }
}

impl Functions {
    fn measure(&mut self, signature: &syn::Signature, block: proc_macro2::Span) {
        let lines = block.end().line - signature.span().start().line + 1;
        self.0.push((signature.ident.to_string(), lines));
    }
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for path in ["src", "tests/it", "benches"].into_iter().flat_map(sources) {
        let (text, file) = parse(&path);
        let lines = text.lines().count();
        if lines > LINES_OF_A_FILE {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        let mut functions = Functions(Vec::new());
        functions.visit_file(&file);
        let long = functions.0.into_iter().filter(|(_, lines)| *lines > LINES_OF_A_FUNCTION);
        wrong.extend(long.map(|(name, lines)| format!("{}: `{name}` has {lines} lines", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_module_is_a_drawer() {
    for path in sources("src") {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let folder = path.parent().and_then(Path::file_name).and_then(|f| f.to_str()).unwrap_or_default();
        assert!(!DRAWERS.contains(&name) && !DRAWERS.contains(&folder), "{} is named after a drawer", path.display());
    }
}

/// `#![allow(clippy::disallowed_methods)]` opens an I/O edge: none below floor 3.
#[test]
fn edges_start_at_floor_three() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).expect("a source");
        if text.contains("clippy::disallowed_methods") {
            let module = module(&path).unwrap_or_default();
            assert!(floor(&module).is_some_and(|floor| floor >= 3), "{}: an I/O edge below floor 3", path.display());
        }
    }
}

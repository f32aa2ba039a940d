//! Code in colours: spans of a few classes, which the site's stylesheet colours.

use super::write::escape;
use std::sync::LazyLock;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};
use syntect::util::LinesWithEndings;

/// The classes of spans.
pub const CLASSES: [&str; 10] = [
    "hl-add",
    "hl-attr",
    "hl-comment",
    "hl-del",
    "hl-keyword",
    "hl-name",
    "hl-number",
    "hl-op",
    "hl-string",
    "hl-type",
];

/// What is larger stays plain: time for it would have no bound that a reader of a build's log understands.
const LARGEST: usize = 64 * 1024;
const LONGEST_LINE: usize = 2000;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Names of languages that are near enough to one that is known.
const NEAR: [(&str, &str); 8] = [
    ("cjs", "js"),
    ("console", "bash"),
    ("hcl", "tf"),
    ("jsonc", "json"),
    ("jsx", "js"),
    ("mjs", "js"),
    ("opentofu", "tf"),
    ("shell", "bash"),
];

/// What scopes mean. Of two that fit, the first; what stands in an interpolation is no string any more.
const MEANINGS: [(&str, &str); 26] = [
    ("comment", "hl-comment"),
    ("punctuation.definition.comment", "hl-comment"),
    ("constant.character.escape", "hl-op"),
    ("constant.other.placeholder", "hl-op"),
    ("constant", "hl-number"),
    ("entity.name.tag.yaml", "hl-attr"),
    ("entity.name.tag", "hl-keyword"),
    ("entity.other.attribute-name", "hl-attr"),
    ("entity.name.class", "hl-type"),
    ("entity.name.struct", "hl-type"),
    ("entity.name.enum", "hl-type"),
    ("entity.name.type", "hl-type"),
    ("entity.other.inherited-class", "hl-type"),
    ("entity.name", "hl-name"),
    ("keyword.operator", "hl-op"),
    ("keyword", "hl-keyword"),
    ("markup.deleted", "hl-del"),
    ("markup.inserted", "hl-add"),
    ("meta.interpolation", ""),
    ("storage", "hl-keyword"),
    ("string", "hl-string"),
    ("support.class", "hl-type"),
    ("support.type.property-name", "hl-attr"),
    ("support.type", "hl-type"),
    ("support.function", "hl-name"),
    ("variable.function", "hl-name"),
];

static SCOPES: LazyLock<Vec<(Scope, &str)>> = LazyLock::new(|| {
    let scope = |(name, class): (&str, &'static str)| Some((Scope::new(name).ok()?, class));
    MEANINGS.into_iter().filter_map(scope).collect()
});

/// The code as HTML, where the language is known and the code is of a size that people read.
pub fn highlighted(code: &str, language: &str) -> Option<String> {
    if language.is_empty() || code.len() > LARGEST || code.lines().any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let syntax = syntax(language)?;
    let mut html = Html { out: String::with_capacity(code.len() * 2), class: "" };
    let (mut state, mut stack) = (ParseState::new(syntax), ScopeStack::new());
    for line in LinesWithEndings::from(code) {
        let mut from = 0;
        for (at, op) in state.parse_line(line, &SYNTAXES).ok()? {
            // Most changes of scope meet in one place.
            if at > from {
                html.write(line.get(from..at)?, class(&stack));
                from = at;
            }
            stack.apply(&op).ok()?;
        }
        html.write(line.get(from..)?, class(&stack));
    }
    html.close();
    Some(html.out)
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let near = NEAR.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(language));
    let found = SYNTAXES.find_syntax_by_token(near.map_or(language, |(_, near)| near))?;
    (found.name != SYNTAXES.find_syntax_plain_text().name).then_some(found)
}

/// What the innermost scope that means something means.
fn class(stack: &ScopeStack) -> &'static str {
    let meaning = |scope: &Scope| SCOPES.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, class)| *class);
    stack.as_slice().iter().rev().find_map(meaning).unwrap_or_default()
}

struct Html {
    out: String,
    /// The class of the open span.
    class: &'static str,
}

impl Html {
    fn write(&mut self, text: &str, class: &'static str) {
        if text.is_empty() {
            return;
        }
        // Space has no colour: it belongs to what stands before it.
        if class != self.class && !text.trim().is_empty() {
            self.close();
            if !class.is_empty() {
                self.out.extend(["<span class=\"", class, "\">"]);
            }
            self.class = class;
        }
        escape(text, &mut self.out);
    }

    fn close(&mut self) {
        if self.class.is_empty() {
            return;
        }
        // A span ends where its last word does.
        let end = self.out.trim_end().len();
        self.out.insert_str(end, "</span>");
        self.class = "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_languages_have_classes() {
        let html = highlighted("fn f() -> u8 { 1 } // \"<\"\n", "rust").expect("known");
        for part in [
            "<span class=\"hl-keyword\">fn</span> <span class=\"hl-name\">f</span>",
            "<span class=\"hl-number\">1</span>",
            "<span class=\"hl-comment\">// \"&lt;\"</span>\n",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(highlighted("x", "no-such"), None);
        assert_eq!(highlighted("x", "text"), None);
        assert_eq!(highlighted(&"x ".repeat(LONGEST_LINE), "rust"), None);
        assert_eq!(highlighted(&"x\n".repeat(LARGEST), "rust"), None);
        assert!(highlighted("type A = string;", "TypeScript").is_some());
    }

    #[test]
    fn what_people_of_the_cloud_write_is_known() {
        let known = [
            ("dockerfile", "FROM debian:12\nRUN apt-get update\n"),
            ("go", "package main // x\n"),
            ("graphql", "type Query { a: Int! }\n"),
            ("hcl", "resource \"a\" \"b\" { count = 1 }\n"),
            ("ini", "[a]\nb = 1\n"),
            ("json", "{\"a\": 1}\n"),
            ("jsx", "const a = <b c=\"d\">e</b>;\n"),
            ("nginx", "server { listen 80; }\n"),
            ("python", "def f(): return 1\n"),
            ("terraform", "variable \"a\" { default = true }\n"),
            ("toml", "[a]\nb = \"c\" # d\n"),
            ("ts", "const a: string = 'b';\n"),
            ("tsx", "const a = <b c={1} />;\n"),
            ("yaml", "a: [1, 'b']\n"),
        ];
        for (language, code) in known {
            let html = highlighted(code, language);
            assert!(html.as_ref().is_some_and(|html| html.matches("<span").count() >= 2), "{language}: {html:?}");
        }
    }

    #[test]
    fn every_class_is_named() {
        assert!(MEANINGS.iter().all(|(_, class)| class.is_empty() || CLASSES.contains(class)));
        assert_eq!(SCOPES.len(), MEANINGS.len());
    }

    #[test]
    fn what_is_shown_is_what_was_written() {
        let code = "apiVersion: v1 # x\nname: \"a\\n${b}\"\n\n  - *c\n";
        let html = highlighted(code, "yaml").expect("known");
        let text: String = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
        assert_eq!(text, code);
    }
}

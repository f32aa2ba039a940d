//! Shortcodes: templates that texts call by name.

use super::arguments::{Argument, Given, Kind, Otherwise, Signature, given};
use super::{Desk, Text, media};
use crate::content::placeholder::{Asks, Placeholder};
use crate::model::{Diagnostic, Span, code};
use crate::pages::records::object;
use crate::pages::templates::{Failure, Templates};
use minijinja::{Environment, Value};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Where their templates stand, below `site/templates`.
pub const FOLDER: &str = "shortcodes/";

/// Those that every site has, unless it has its own of that name.
pub const SHIPPED: [(&str, &str); 3] = [
    ("shortcodes/callout.html", include_str!("../shortcodes/callout.html")),
    ("shortcodes/figure.html", include_str!("../shortcodes/figure.html")),
    ("shortcodes/video.html", include_str!("../shortcodes/video.html")),
];

/// The shortcodes of a site.
pub struct Shortcodes<'t> {
    templates: &'t Templates,
    environment: Environment<'static>,
    known: BTreeMap<String, Signature>,
    /// Those whose declaration cannot be read, which was told.
    broken: Vec<String>,
}

impl<'t> Shortcodes<'t> {
    /// Reads what each takes, and tells what cannot be read.
    pub fn of(templates: &'t Templates, base: &str) -> (Self, Vec<Diagnostic>) {
        let (mut known, mut broken, mut faults) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (path, source) in templates.below(FOLDER) {
            let Some(name) = path.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(".html")) else { continue };
            match Signature::read(source) {
                Ok(signature) => drop(known.insert(name.to_owned(), signature)),
                Err((span, why)) => {
                    faults.push(templates.fault(path, span, format!("the arguments of a shortcode: {why}")));
                    broken.push(name.to_owned());
                }
            }
        }
        (Self { templates, environment: templates.small_environment(base), known, broken }, faults)
    }
}

impl Desk<'_> {
    /// What a shortcode makes, of the finished Markdown between its tags where it has some.
    pub(super) fn call(&self, placeholder: &Placeholder, body: &str, text: &mut Text) -> String {
        let in_line = matches!(placeholder.asks, Asks::CallInLine | Asks::CallAroundInLine);
        match self.called(placeholder, body, text) {
            Ok(html) if in_line && begins_block(&html) => {
                text.faults.push(self.misplaced(placeholder));
                String::new()
            }
            Ok(html) => html,
            Err(faults) => {
                text.faults.extend(faults);
                String::new()
            }
        }
    }

    fn called(&self, placeholder: &Placeholder, body: &str, text: &mut Text) -> Result<String, Vec<Diagnostic>> {
        let from = placeholder.span.start;
        let place = |span: Span| self.site.locate.span(&placeholder.file, &(from + span.start..from + span.end));
        let refuse = |code, span: Span, message: String| Diagnostic::error(code, place(span), message);
        let shortcodes = self.site.shortcodes;
        let (name, named, all) =
            given(&placeholder.written).map_err(|(span, why)| vec![refuse(code::BAD_SHORTCODE, span, why)])?;
        let Some(signature) = shortcodes.known.get(name) else {
            if shortcodes.broken.iter().any(|broken| broken == name) {
                return Err(Vec::new());
            }
            let fault = refuse(code::UNKNOWN_SHORTCODE, named, format!("there is no shortcode `{name}`"));
            let help = format!("write `site/templates/shortcodes/{name}.html`, which makes one");
            return Err(vec![fault.suggest(name, shortcodes.known.keys().map(String::as_str), help)]);
        };
        let mut faults = Vec::new();
        let around = matches!(placeholder.asks, Asks::CallAround | Asks::CallAroundInLine);
        if around != signature.body {
            let (message, help) = if around {
                ("takes no text between two tags", format!("remove `{{{{< /{name} >}}}}`"))
            } else {
                ("stands around a text, and nothing ends it", format!("end it with `{{{{< /{name} >}}}}`"))
            };
            faults.push(refuse(code::BAD_SHORTCODE, named.clone(), format!("`{name}` {message}")).help(help));
        }
        for other in all.iter().filter(|given| signature.arguments.iter().all(|known| known.name != given.name)) {
            let fault = refuse(code::BAD_SHORTCODE, other.span.clone(), format!("`{name}` takes no `{}`", other.name));
            let names: Vec<&str> = signature.arguments.iter().map(|known| known.name.as_str()).collect();
            faults.push(fault.suggest(other.name, names.iter().copied(), format!("it takes {}", names.join(", "))));
        }
        let mut members = vec![("body", Value::from_safe_string(body.to_owned()))];
        for argument in &signature.arguments {
            let found = all.iter().find(|given| given.name == argument.name);
            match self.value(argument, found, placeholder, text) {
                Ok(value) => members.push((&argument.name, value)),
                Err(why) => {
                    let span = found.map_or_else(|| named.clone(), |given| given.span.clone());
                    faults.push(why.unwrap_or_else(|| {
                        let message = format!("`{name}` needs `{}`", argument.name);
                        refuse(code::BAD_SHORTCODE, span, message)
                    }));
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let template = shortcodes.environment.get_template(&format!("{FOLDER}{name}.html"));
        template.and_then(|template| template.render(object(members))).map_err(|error| {
            shortcodes.templates.told(vec![Failure { page: placeholder.file.clone(), error, about: None }])
        })
    }

    /// Tells a shortcode that makes a block where none may stand.
    fn misplaced(&self, placeholder: &Placeholder) -> Diagnostic {
        let (name, named, _) = given(&placeholder.written).unwrap_or_default();
        let from = placeholder.span.start;
        let place = self.site.locate.span(&placeholder.file, &(from + named.start..from + named.end));
        let message = format!("`{name}` makes a block, which cannot stand in a line of text");
        let help = "put it on a line of its own, between empty lines";
        Diagnostic::error(code::BAD_SHORTCODE, place, message).help(help)
    }

    /// The value of an argument; else its fault, or none where it is missing.
    fn value(
        &self,
        argument: &Argument,
        given: Option<&Given<'_>>,
        placeholder: &Placeholder,
        text: &mut Text,
    ) -> Result<Value, Option<Diagnostic>> {
        let written = match (given, &argument.otherwise) {
            (Some(given), _) => given.value,
            (None, Otherwise::Default(text)) => text,
            (None, Otherwise::Null) => return Ok(Value::from(())),
            (None, Otherwise::Fault) => return Err(None),
        };
        let span = given.map_or(0..0, |given| given.span.clone());
        let place = || {
            let from = placeholder.span.start;
            self.site.locate.span(&placeholder.file, &(from + span.start..from + span.end))
        };
        if let Some(why) = argument.kind.refuses(written) {
            let message = format!("`{}` {why}", argument.name);
            return Err(Some(Diagnostic::error(code::BAD_SHORTCODE, place(), message)));
        }
        Ok(match argument.kind {
            Kind::Text | Kind::Words(_) => Value::from(written),
            Kind::Number => match written.parse::<i64>() {
                Ok(whole) => Value::from(whole),
                Err(_) => Value::from(written.parse::<f64>().unwrap_or_default()),
            },
            Kind::Flag => Value::from(written == "true"),
            Kind::Picture | Kind::File => {
                let base = self.site.settings.site.base_path();
                let mut media = self.media.lock().unwrap_or_else(PoisonError::into_inner);
                let found = media.picture(written, Some(&placeholder.file), self.site.files, base);
                let what = if argument.kind == Kind::File { "file" } else { "picture" };
                let found = found.map_err(|missing| Some(missing.told(what, place())))?;
                if argument.kind == Kind::Picture {
                    text.faults.extend(media::unreadable(written, &found, place()));
                }
                text.artifacts.extend(found.artifact);
                // It is escaped already, as it stands in an attribute.
                let url = Value::from_safe_string(found.url);
                if argument.kind == Kind::File {
                    return Ok(url);
                }
                let (width, height) = found.size.unwrap_or_default();
                object([("url", url), ("width", Value::from(width)), ("height", Value::from(height))])
            }
        })
    }
}

/// Elements that no paragraph and no heading may hold.
const BLOCKS: &str = "article aside blockquote details div dl figure footer form h1 h2 h3 h4 h5 h6 header hr nav ol p pre section table ul video";

/// Whether HTML begins with a block, behind space and comments.
fn begins_block(html: &str) -> bool {
    let mut rest = html.trim_start();
    while let Some((_, after)) = rest.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")) {
        rest = after.trim_start();
    }
    let Some(rest) = rest.strip_prefix('<') else { return false };
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default();
    BLOCKS.split(' ').any(|block| name.eq_ignore_ascii_case(block))
}

#[cfg(test)]
mod tests {
    use super::begins_block;

    #[test]
    fn blocks_are_known_by_their_first_element() {
        for block in ["<div>", "\n<!-- x --> <H1 id=x>", "<hr/>", "<p", "<video\nsrc=x>"] {
            assert!(begins_block(block), "{block}");
        }
        for other in ["", "x <div>", "<span><div>", "<my-div>", "<div-x>", "<path>", "<!-- <div> -->", "</div>"] {
            assert!(!begins_block(other), "{other}");
        }
    }
}

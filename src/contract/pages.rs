//! Pages that the build makes itself: the list of routes at `/`, the API reference, and the page of a 404. A file of
//! `site/static/` with the same name stands in their place.

use super::shapes::{Api, Examples, OperationKind};
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Settings, encode, escape, lasting, media_type};
use std::fmt::Write as _;
use std::sync::Arc;

/// The key of the page of a 404 outside the surfaces.
pub const NOT_FOUND_PAGE: &str = "404.html";
const INDEX: &str = "index.html";
const REFERENCE: &str = "api-docs.html";

/// The version of Swagger UI in `vendor/`.
const SWAGGER_UI: &str = "5.35.0";
static SWAGGER_UI_JS: &[u8] = include_bytes!("../../vendor/swagger-ui/swagger-ui-bundle.js");
static SWAGGER_UI_CSS: &[u8] = include_bytes!("../../vendor/swagger-ui/swagger-ui.css");

/// The pages; `artifacts` are the site's files and the answers, in order of key.
pub fn pages(settings: &Settings, api: &Api, artifacts: &[Artifact]) -> Vec<Artifact> {
    let taken = |key: &str| artifacts.binary_search_by(|artifact| artifact.key.as_str().cmp(key)).is_ok();
    let style = beside("plain.css", STYLE);
    let head = format!("<link rel=\"stylesheet\" href=\"{}/{}\">\n", settings.site.base_path(), style.key);
    let mut pages =
        vec![page(INDEX, index(settings, api, artifacts, &head)), page(NOT_FOUND_PAGE, not_found(settings, &head))];
    pages.retain(|page| !taken(&page.key));
    if !pages.is_empty() {
        pages.push(style);
    }
    if settings.openapi.reference && settings.home_surface().is_some() && !taken(REFERENCE) {
        let start = beside("start.js", &start(settings));
        pages.push(page(REFERENCE, reference(settings, &start.key)));
        pages.push(file(&script(), SWAGGER_UI_JS));
        pages.push(file(&self::style(), SWAGGER_UI_CSS));
        pages.push(start);
    }
    pages.retain(|page| !taken(&page.key));
    pages
}

fn script() -> String {
    format!("api-docs/swagger-ui-{SWAGGER_UI}.js")
}

fn style() -> String {
    format!("api-docs/swagger-ui-{SWAGGER_UI}.css")
}

fn page(key: &str, html: String) -> Artifact {
    Artifact {
        key: key.to_owned(),
        media_type: media_type(key),
        cache: CacheClass::View,
        body: Body::Bytes(html.into_bytes().into()),
        origin: ArtifactOrigin::Build,
    }
}

fn file(key: &str, bytes: &'static [u8]) -> Artifact {
    Artifact {
        key: key.to_owned(),
        media_type: media_type(key),
        cache: CacheClass::Immutable,
        body: Body::Bytes(Arc::new(bytes.to_vec())),
        origin: ArtifactOrigin::Build,
    }
}

/// A file beside the reference whose name has a part of its digest: no page holds scripts or styles of its own.
fn beside(name: &str, text: &str) -> Artifact {
    let key = lasting(&format!("api-docs/{name}"), text.as_bytes());
    Artifact {
        media_type: media_type(&key),
        key,
        cache: CacheClass::Immutable,
        body: Body::Bytes(Arc::new(text.as_bytes().to_vec())),
        origin: ArtifactOrigin::Build,
    }
}

fn name(settings: &Settings) -> &str {
    [&settings.openapi.title, &settings.site.name]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("This API", String::as_str)
}

fn document(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n{head}</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escape(title)
    )
}

const STYLE: &str = "\
    :root { color-scheme: light dark; }\n\
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }\n\
    table { border-collapse: collapse; width: 100%; }\n\
    th, td { text-align: left; padding: 0.25rem 1rem 0.25rem 0; vertical-align: top; border-bottom: 1px solid #8884; }\n\
    code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }\n";

fn index(settings: &Settings, api: &Api, artifacts: &[Artifact], head: &str) -> String {
    let examples = Examples::new(settings, artifacts);
    let base = settings.site.base_path();
    let mut body = format!("<h1>{}</h1>\n", escape(name(settings)));
    if let Some(home) = settings.home_surface() {
        let link = |path: &str, text: &str| format!("<a href=\"{base}{path}\">{text}</a>");
        let openapi = link(&format!("{}/openapi.json", home.prefix), "OpenAPI document");
        let client = link(&format!("{}/client.ts", home.prefix), "TypeScript client");
        let reference =
            if settings.openapi.reference { link("/api-docs", "API reference") + " · " } else { String::new() };
        let _ = writeln!(body, "<p>{reference}{openapi} · {client}</p>");
    }
    for (at, surface) in settings.surfaces.iter().enumerate() {
        let _ = writeln!(body, "<h2><code>{}</code></h2>\n<table>", escape(&format!("{}/", surface.prefix)));
        body.push_str("<tr><th>Route</th><th>Answer</th></tr>\n");
        for operation in api.operations.iter().filter(|operation| operation.surface == at) {
            let mut path = operation.path.clone();
            if let Some(example) = examples.of(settings, operation) {
                for (field, slug) in operation.fields.iter().zip(&example.fields) {
                    let mut encoded = String::new();
                    encode(slug, &mut encoded);
                    path = path.replacen(&format!("{{{field}}}"), &encoded, 1);
                }
            }
            if let (OperationKind::Page { .. }, Some(page)) = (operation.kind, &operation.parameter) {
                path = path.replace(&format!("{{{page}}}"), "1");
            }
            let route = format!("<code>{}</code>", escape(&operation.path));
            // Where no record is published yet, there is nothing to lead to.
            let filled = !path.contains('{');
            let route = if filled { format!("<a href=\"{base}{}\">{route}</a>", escape(&path)) } else { route };
            let _ = writeln!(body, "<tr><td>{route}</td><td>{}</td></tr>", escape(&operation.summary));
        }
        body.push_str("</table>\n");
    }
    document(name(settings), head, &body)
}

fn not_found(settings: &Settings, head: &str) -> String {
    let home = format!("{}/", settings.site.base_path());
    let body = format!("<h1>There is no such page</h1>\n<p><a href=\"{home}\">{}</a></p>\n", escape(name(settings)));
    document("There is no such page", head, &body)
}

/// What starts the reference.
fn start(settings: &Settings) -> String {
    let base = settings.site.base_path();
    let home = settings.home_surface().map_or("", |home| home.prefix.as_str());
    let options = serde_json::json!({
        "url": format!("{base}{home}/openapi.json"),
        "dom_id": "#reference",
        "deepLinking": true,
        "tryItOutEnabled": true,
        // Nothing is asked of another host.
        "validatorUrl": null
    });
    format!("SwaggerUIBundle({options});\n")
}

fn reference(settings: &Settings, start: &str) -> String {
    let base = settings.site.base_path();
    let body = format!(
        "<div id=\"reference\"></div>\n<script src=\"{base}/{}\"></script>\n<script src=\"{base}/{start}\"></script>\n",
        script()
    );
    let head =
        format!("<meta name=\"robots\" content=\"noindex\">\n<link rel=\"stylesheet\" href=\"{base}/{}\">\n", style());
    document(&format!("{}: API reference", name(settings)), &head, &body)
}

//! `client.ts`: a typed function for each operation, and nothing to install.

mod declarations;

use super::shapes::{Api, Operation, OperationKind};
use crate::model::{Artifact, ArtifactOrigin, Body, CacheClass, Segment, Settings, Shape, encode};
use declarations::{comment, literal, member_name, type_of};
use std::fmt::Write as _;

/// The client, under the home surface.
pub fn client(settings: &Settings, api: &Api) -> Option<Artifact> {
    let surface = settings.home_surface()?;
    let mut text = format!(
        "// A client of this API, made from the same routes as the API itself. It needs `fetch`, and nothing else.\n\n\
         const BASE_URL = {};\n\n",
        literal(&settings.site.base_url)
    );
    text += &declarations::declarations(&api.components);
    text += include_str!("runtime.ts");
    text.push_str("\nexport function createClient(options: ClientOptions = {}) {\n  const api = connect(options);\n");
    text.push_str("  return {\n");
    api.operations.iter().for_each(|operation| function(&mut text, settings, operation));
    text.push_str("  };\n}\n\nexport type Client = ReturnType<typeof createClient>;\n");
    Some(Artifact {
        key: surface.key("client.ts"),
        media_type: crate::model::media_type("client.ts"),
        cache: CacheClass::View,
        body: Body::Bytes(text.into_bytes().into()),
        origin: ArtifactOrigin::Build,
    })
}

/// The arguments that every function takes last.
const REQUEST: &str = "request: RequestOptions = {}";

fn function(out: &mut String, settings: &Settings, operation: &Operation) {
    let (surface, shape) = operation.shape(settings);
    let answer = type_of(&operation.answer, 2);
    let segments = segments(settings, operation);
    let prefix = literal(&surface.prefix);
    let mut members: Vec<String> =
        operation.fields.iter().map(|field| format!("{}: string | number", member_name(field))).collect();
    let _ = writeln!(out, "    /** {}: `{}` */", comment(&operation.summary), comment(&operation.path));
    let name = &operation.id;
    match (operation.kind, &operation.parameter) {
        (OperationKind::Meta | OperationKind::Receipt, _) => {
            let (parameters, path) = file(operation);
            let _ = writeln!(out, "    {name}: ({parameters}{REQUEST}) => api.file<{answer}>({path}, request),");
        }
        (OperationKind::List { max, .. }, Some(limit)) => {
            let optional = if members.is_empty() { " = {}" } else { "" };
            let _ = writeln!(out, "    // `{}` is a whole number from 1 to {max}.", comment(limit));
            members.push(format!("{}?: number | \"all\"", member_name(limit)));
            let _ = writeln!(
                out,
                "    {name}: (parameters: {{ {} }}{optional}, {REQUEST}) =>\n      api.list<{answer}>({prefix}, {segments}, parameters{}, request),",
                members.join("; "),
                access(limit)
            );
        }
        (OperationKind::Page { size }, Some(page)) => {
            let mut from = members.clone();
            members.push(format!("{}: number", member_name(page)));
            let _ = writeln!(
                out,
                "    {name}: (parameters: {{ {} }}, {REQUEST}) =>\n      api.page<{answer}>({prefix}, {segments}, parameters{}, request),",
                members.join("; "),
                access(page)
            );
            let last = match shape {
                Shape::Envelope => "(data, number) => number >= data.meta.pages".to_owned(),
                Shape::Bare => format!("(data) => data.length < {size}"),
            };
            let optional = if from.is_empty() { " = {}" } else { "" };
            from.push(format!("{}?: number", member_name(page)));
            let _ = writeln!(out, "    /** The same, page after page. */");
            let _ = writeln!(
                out,
                "    {name}s: (parameters: {{ {} }}{optional}, {REQUEST}) =>\n      walk(parameters{} ?? 1, (number) => api.page<{answer}>({prefix}, {segments}, number, request), {last}),",
                from.join("; "),
                access(page)
            );
        }
        _ => {
            let _ = writeln!(
                out,
                "    {name}: (parameters: {{ {} }}, {REQUEST}) =>\n      api.document<{answer}>({prefix}, {segments}, request),",
                members.join("; ")
            );
        }
    }
}

/// The parameters of what the build says of itself, and the path that they make.
fn file(operation: &Operation) -> (&'static str, String) {
    match operation.path.split_once("{id}") {
        Some((before, after)) => (
            "parameters: { id: string }, ",
            format!("{} + encodeURIComponent(parameters.id) + {}", literal(before), literal(after)),
        ),
        None => ("", literal(&operation.path)),
    }
}

/// The path below the prefix, as an array of a literal or a parameter for each segment.
fn segments(settings: &Settings, operation: &Operation) -> String {
    let Some(view) = operation.view else { return "[]".to_owned() };
    let segments = settings.views[view].path.value.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => {
            let mut encoded = String::new();
            encode(text, &mut encoded);
            literal(&encoded)
        }
        Segment::Field(name) => format!("slug(parameters{})", access(name)),
    });
    format!("[{}]", segments.collect::<Vec<_>>().join(", "))
}

fn access(name: &str) -> String {
    if member_name(name) == name { format!(".{name}") } else { format!("[{}]", literal(name)) }
}

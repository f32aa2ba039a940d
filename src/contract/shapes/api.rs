//! What each request is and what each answer looks like: operations and the schemas they share. The OpenAPI document,
//! the published schemas and the TypeScript client are all written from this.

use super::itself;
use super::names::{Namer, camel, pascal};
use super::rows::{self, reference};
use crate::content::Content;
use crate::model::{Segment, Settings, Shape, Surface, View};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Every operation, and the schemas that they name.
#[derive(Debug)]
pub struct Api {
    /// By name; they refer to each other as `#/components/schemas/<name>`.
    pub components: BTreeMap<String, Json>,
    /// In the order of the views, surface by surface; then what the build says of itself.
    pub operations: Vec<Operation>,
}

/// One thing that a client may ask for.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    /// Index into the settings' surfaces.
    pub surface: usize,
    /// Index into the settings' views; `None` for what the build says of itself.
    pub view: Option<usize>,
    /// With the surface's prefix: `/v1/users/{githubProfile}`.
    pub path: String,
    pub kind: OperationKind,
    /// What the path's fields are called, in order.
    pub fields: Vec<String>,
    /// What the parameter that chooses the rows is called: `limit` or `page`, unless a field is called so.
    pub parameter: Option<String>,
    pub summary: String,
    /// The schema of the answer.
    pub answer: Json,
    /// The schema of a row of a list.
    pub row: Option<Json>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// One document.
    Document,
    /// A list, all of it or its first rows.
    List { default: Option<usize>, max: usize },
    /// One page of a list.
    Page { size: usize },
    /// `status.json` or `manifest.json`.
    Meta,
    /// What became of a write.
    Receipt,
}

impl OperationKind {
    /// Whether the build says it of itself.
    pub fn is_meta(self) -> bool {
        matches!(self, Self::Meta | Self::Receipt)
    }
}

impl Operation {
    pub fn shape<'s>(&self, settings: &'s Settings) -> (&'s Surface, Shape) {
        let surface = &settings.surfaces[self.surface];
        (surface, if self.kind.is_meta() { Shape::Bare } else { surface.shape })
    }
}

/// Names that are taken: of the schemas that do not depend on the site, of what the TypeScript client declares, and of what it
/// uses of its surroundings.
const RESERVED: &[&str] = &[
    "Problem",
    "Links",
    "PageLinks",
    "ListMeta",
    "PageMeta",
    "Status",
    "Manifest",
    "Result",
    "Answer",
    "Refusal",
    "Failure",
    "ClientOptions",
    "RequestOptions",
    "Segments",
    "Client",
    "Record",
    "NonNullable",
    "ReturnType",
    "Promise",
    "AsyncGenerator",
    "Response",
    "RequestInit",
    "AbortSignal",
    "Map",
    "String",
    "Number",
    "Boolean",
    "Object",
    "Function",
    "Symbol",
    "Array",
    "Error",
    "RangeError",
    "JSON",
    "Date",
    "URL",
];

/// The operations of a site whose records have the schemas `records`.
pub fn api(settings: &Settings, content: &Content, records: &[Json]) -> Api {
    let writes = settings.writes.are_there();
    let mut namer = Namer::reserving(RESERVED.iter().copied().chain(writes.then_some(itself::RECEIPT)));
    let mut components = BTreeMap::new();
    let known = rows::Known::new(settings, content, records, &mut namer, &mut components);
    let rows: Vec<Json> = settings.views.iter().map(|view| known.row(view, &mut namer, &mut components)).collect();
    let mut ids = Namer::reserving([].into_iter());
    let mut operations = Vec::new();
    for (surface, declared) in settings.surfaces.iter().enumerate() {
        for (at, view) in settings.views.iter().enumerate().filter(|(_, view)| view.surfaces.contains(&surface)) {
            operations.extend(of_view(settings, (surface, declared), (at, view), &rows[at], &mut ids));
        }
    }
    operations.extend(itself::operations(settings, &mut ids));
    if !operations.is_empty() {
        shared(&mut components);
        if writes {
            components.insert(itself::RECEIPT.to_owned(), itself::receipt());
        }
    }
    let mut api = Api { components, operations };
    api.drop_unused();
    api
}

fn of_view(
    settings: &Settings,
    (surface, declared): (usize, &Surface),
    (at, view): (usize, &View),
    row: &Json,
    ids: &mut Namer,
) -> Vec<Operation> {
    let mut words = vec![declared.name.clone()];
    for segment in &view.path.value.segments {
        match segment {
            Segment::Literal(text) => words.push(text.clone()),
            Segment::Field(name) => words.extend(["by".to_owned(), name.clone()]),
        }
    }
    let base = Operation {
        id: ids.unique(&camel(&words), || format!("view{at}")),
        surface,
        view: Some(at),
        path: format!("{}/{}", declared.prefix, view.path.value),
        kind: OperationKind::Document,
        fields: view.path.value.fields().map(str::to_owned).collect(),
        parameter: None,
        summary: summary(view, &settings.collections[view.from].name),
        answer: envelope(declared.shape, row, &json!({ "type": "object" }), &reference("Links")),
        row: None,
    };
    if view.each { vec![base] } else { of_list(base, declared.shape, view, row, ids) }
}

/// A list, and its pages.
fn of_list(base: Operation, shape: Shape, view: &View, row: &Json, ids: &mut Namer) -> Vec<Operation> {
    let parameter = |name: &str| {
        let mut name = name.to_owned();
        while base.fields.contains(&name) {
            name.push('_');
        }
        name
    };
    let rows = json!({ "type": "array", "items": row });
    let page = view.page.map(|size| {
        let name = parameter("page");
        Operation {
            id: ids.unique(&format!("{}Page", base.id), String::new),
            path: format!("{}/page/{{{name}}}", base.path),
            kind: OperationKind::Page { size },
            parameter: Some(name),
            summary: format!("{}, by pages of {size}", base.summary),
            answer: envelope(shape, &rows, &reference("PageMeta"), &reference("PageLinks")),
            row: Some(row.clone()),
            ..base.clone()
        }
    });
    let list = Operation {
        kind: OperationKind::List { default: view.limit.default, max: view.limit.max },
        parameter: Some(parameter("limit")),
        answer: envelope(shape, &rows, &reference("ListMeta"), &reference("Links")),
        row: Some(row.clone()),
        ..base
    };
    [list].into_iter().chain(page).collect()
}

fn summary(view: &View, from: &str) -> String {
    let fields: Vec<&str> = view.path.value.fields().collect();
    let by = fields.join("` and `");
    match (&view.count, &view.group, view.each) {
        (Some(count), ..) => format!("Values of `{}` in {from}, counted", count.field.value),
        (None, Some(group), _) => format!("{from} with one value of `{}`", group.field.value),
        (None, None, true) => format!("One of {from}, by `{by}`"),
        (None, None, false) if view.rank.is_some() => format!("{from}, ranked ({})", view.path.value),
        (None, None, false) => format!("{from} ({})", view.path.value),
    }
}

fn envelope(shape: Shape, data: &Json, meta: &Json, links: &Json) -> Json {
    match shape {
        Shape::Bare => data.clone(),
        Shape::Envelope => json!({
            "type": "object",
            "properties": { "data": data, "meta": meta, "links": links },
            "required": ["data", "meta", "links"]
        }),
    }
}

/// The schemas that do not depend on the site.
fn shared(components: &mut BTreeMap<String, Json>) {
    let count = |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
    let link = json!({ "type": "string", "format": "uri-reference" });
    let object = |required: &[&str], properties: Json| json!({ "type": "object", "properties": properties, "required": required });
    let own = [
        ("Links", object(&["self"], json!({ "self": link }))),
        (
            "PageLinks",
            object(
                &["self", "first", "last"],
                json!({ "self": link, "first": link, "prev": link, "next": link, "last": link }),
            ),
        ),
        (
            "ListMeta",
            object(
                &["total", "count"],
                json!({
                    "total": count("rows that there are"),
                    "count": count("rows in this answer"),
                    "limit": count("rows that were asked for")
                }),
            ),
        ),
        (
            "PageMeta",
            object(
                &["total", "count", "page", "pages"],
                json!({
                    "total": count("rows that there are"),
                    "count": count("rows in this answer"),
                    "page": count("this page, from 1"),
                    "pages": count("pages that there are")
                }),
            ),
        ),
        (
            "Problem",
            object(
                &["type", "title", "status", "detail"],
                json!({
                    "type": { "type": "string", "format": "uri-reference" },
                    "title": { "type": "string" },
                    "status": { "type": "integer" },
                    "detail": { "type": "string" },
                    "maximum": { "type": "integer", "description": "the greatest limit" },
                    "example": { "type": "string", "description": "a request that is answered" }
                }),
            ),
        ),
        ("Status", itself::status(&object)),
        ("Manifest", itself::manifest(&object)),
    ];
    components.extend(own.map(|(name, schema)| (name.to_owned(), schema)));
}

impl Api {
    /// Leaves out the schemas that no operation needs.
    fn drop_unused(&mut self) {
        let mut used = self.needed_by(self.operations.iter().map(|operation| &operation.answer));
        used.insert("Problem".to_owned(), Json::Null);
        self.components.retain(|name, _| used.contains_key(name));
    }

    /// The components that `schemas` refer to, directly or through others.
    pub fn needed_by<'j>(&self, schemas: impl Iterator<Item = &'j Json>) -> BTreeMap<String, Json> {
        let mut needed = BTreeMap::new();
        let mut open: Vec<String> = schemas.flat_map(rows::references).collect();
        while let Some(name) = open.pop() {
            if let Some(schema) = self.components.get(&name).filter(|_| !needed.contains_key(&name)) {
                open.extend(rows::references(schema));
                needed.insert(name, schema.clone());
            }
        }
        needed
    }
}

/// The name of a record's component.
pub fn record_name(schema: &Json, collection: &str) -> String {
    let title = schema.get("title").and_then(Json::as_str).map(|title| pascal(&[title.to_owned()]));
    title.filter(|title| !title.is_empty()).unwrap_or_else(|| pascal(&[collection.to_owned()]))
}

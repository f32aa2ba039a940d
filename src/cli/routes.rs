//! `precast routes`: the route table.

use super::{Format, Outcome, human, print};
use crate::contract;
use crate::model::{Route, RouteKind};
use crate::pipeline;
use anyhow::Result;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;

#[derive(clap::Args)]
pub struct Routes {
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Routes {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        let (settings, faults) = pipeline::load_settings(root)?;
        let settings = settings.filter(|_| faults.iter().all(|fault| !fault.is_error()));
        let Some(settings) = settings else {
            human::diagnostics(faults.iter());
            return Ok(Outcome::Faults);
        };
        let routes = contract::routes(&settings);
        match self.format {
            Format::Json => {
                print(&format!("{:#}\n", json!({ "routes": routes.iter().map(document).collect::<Vec<_>>() })));
            }
            Format::Human | Format::Github => print(&table(&routes)),
        }
        Ok(Outcome::Done)
    }
}

fn document(route: &Route) -> Json {
    let mut document = json!({
        "surface": route.surface,
        "path": route.path,
        "key": route.key,
        "collection": route.collection,
        "kind": kind(route),
    });
    if let RouteKind::List { limit, page, .. } = &route.kind {
        document["limit"] = json!({ "default": limit.default, "max": limit.max });
        document["page"] = page.map_or(Json::Null, |size| json!({ "size": size }));
    }
    document
}

fn kind(route: &Route) -> &'static str {
    match route.kind {
        RouteKind::Each => "each",
        RouteKind::List { grouped: true, .. } => "group",
        RouteKind::List { grouped: false, .. } => "list",
    }
}

fn table(routes: &[Route]) -> String {
    let width = routes.iter().map(|route| route.path.chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for route in routes {
        let parameters = match &route.kind {
            RouteKind::Each => "one document for each record".to_owned(),
            RouteKind::List { limit, page, .. } => {
                let default = limit.default.map_or_else(|| "all".to_owned(), |n| n.to_string());
                let page = page.map_or_else(String::new, |size| format!(", page of {size}"));
                format!("limit {default} by default, 1 to {}{page}", limit.max)
            }
        };
        let _ = writeln!(out, "{:width$}  {:5}  {parameters}, of {}", route.path, kind(route), route.collection);
    }
    out
}

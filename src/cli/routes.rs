//! `precast routes`: the route table.

use super::{Listing, Outcome, human, print};
use crate::content::Moment;
use crate::contract::{self, Vector};
use crate::model::{Route, RouteKind};
use crate::{pipeline, release};
use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;

#[derive(clap::Args)]
pub struct Routes {
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Listing::Human)]
    format: Listing,
    /// Print requests of this site with the key or the problem that each is answered with, as JSON
    #[arg(long)]
    vectors: bool,
    /// With --vectors: the instant to look at the site at (RFC 3339)
    #[arg(long, value_name = "RFC3339", requires = "vectors")]
    now: Option<Timestamp>,
}

impl Routes {
    pub fn run(self, root: &Path) -> Result<Outcome> {
        if self.vectors {
            return vectors(root, Moment::at(self.now.unwrap_or_else(Timestamp::now)));
        }
        let (settings, faults) = pipeline::load_settings(root)?;
        let settings = settings.filter(|_| faults.iter().all(|fault| !fault.is_error()));
        let Some(settings) = settings else {
            human::diagnostics(faults.iter());
            return Ok(Outcome::Faults);
        };
        let routes = contract::routes(&settings);
        match self.format {
            Listing::Json => {
                print(&format!("{:#}\n", json!({ "routes": routes.iter().map(document).collect::<Vec<_>>() })));
            }
            Listing::Human => print(&table(&routes)),
        }
        Ok(Outcome::Done)
    }
}

fn vectors(root: &Path, moment: Moment<'_>) -> Result<Outcome> {
    let (report, site) = pipeline::load_site(root, moment)?;
    human::diagnostics(report.diagnostics.iter());
    let Some((settings, computed)) = site.filter(|_| report.errors() == 0) else { return Ok(Outcome::Faults) };
    let vectors =
        contract::vectors(&computed.table, &computed.artifacts, &release::sealed_keys(&settings, &computed.receipts));
    let rows: Vec<String> = vectors.iter().map(|vector| row(vector).to_string()).collect();
    print(&format!("{{\"vectors\":[\n{}\n]}}\n", rows.join(",\n")));
    Ok(Outcome::Done)
}

fn row(vector: &Vector) -> Json {
    let mut row = json!({ "method": vector.method, "url": vector.url, "status": vector.status });
    if let Some(key) = &vector.key {
        row["key"] = json!(key);
    }
    if let Some(problem) = vector.problem {
        row["problem"] = json!(problem);
    }
    row
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

//! The route table: every URL there is comes from here.

use crate::model::{Route, RouteKind, Settings};

/// One route for each view on each of its surfaces, in the order of their declaration.
pub fn routes(settings: &Settings) -> Vec<Route> {
    let on_surfaces = settings
        .views
        .iter()
        .flat_map(|view| view.surfaces.iter().map(move |surface| (view, &settings.surfaces[*surface])));
    let route = |(view, surface): (&crate::model::View, &crate::model::Surface)| {
        let path = view.path.value.to_string();
        Route {
            surface: surface.name.clone(),
            path: format!("{}/{path}", surface.prefix),
            key: format!("{}.json", surface.key(&path)),
            collection: settings.collections[view.from].name.clone(),
            kind: match view.each {
                true => RouteKind::Each,
                false => RouteKind::List { limit: view.limit, page: view.page, grouped: view.group.is_some() },
            },
        }
    };
    on_surfaces.map(route).collect()
}

//! Names that the settings take from records, and that no record has.

use crate::model::{Collection, CollectionDecl, Diagnostic, Placed, Settings, SourceKind, code, path_fields, word_in};

/// The members that records name these with, where the settings do not say.
const USUAL: [&str; 2] = ["dateJoined", "timeZone"];

/// A private name that nothing bears is a slip that would publish what it was to hide; so is a name that an
/// expression takes and no record has.
pub fn unknown(collection: &Collection, decl: &CollectionDecl) -> Vec<Diagnostic> {
    if !collection.knows_its_names() {
        return Vec::new();
    }
    let known = &collection.names;
    let is_known = |name: &str| collection.has_name(name);
    let mut faults = Vec::new();
    for name in decl.private.iter().filter(|name| !is_known(&name.value)) {
        let message = format!(
            "no record of `{}` has the member `{}`, so nothing is kept private by it",
            collection.name, name.value
        );
        let fault = Diagnostic::error(code::UNKNOWN_FIELD, name.at.clone(), message);
        faults.push(fault.suggest(
            &name.value,
            known.iter().map(String::as_str),
            "`private` names whole members of a record".to_owned(),
        ));
    }
    for derived in &decl.derive {
        let at = &derived.expression.at;
        let Ok(expression) = crate::expr::Expression::compile(&derived.expression.value) else { continue };
        for name in expression.variables() {
            let at = word_in(&derived.expression.value, name).map_or_else(|| at.clone(), |word| at.inside_quotes(word));
            if !is_known(name) {
                let message = format!("no record of `{}` has the member `{name}`", collection.name);
                let fault = Diagnostic::error(code::UNKNOWN_FIELD, at, message);
                faults.push(fault.suggest(name, known.iter().map(String::as_str), None));
            } else if collection.is_private(name) && !collection.is_private(&derived.name) {
                let message = format!("`{name}` is private, and `{}` would publish what is made of it", derived.name);
                let fault = Diagnostic::error(code::PRIVATE_FIELD, at, message);
                faults
                    .push(fault.help(format!("make `{}` private too, or derive it from other members", derived.name)));
            }
        }
    }
    faults
}

/// The names by which accounts are found and activity is counted.
pub fn unknown_to_activity(collection: &Collection, settings: &Settings, at: usize) -> Vec<Diagnostic> {
    if !collection.knows_its_names() {
        return Vec::new();
    }
    let mut taken: Vec<(&Placed<String>, &str)> = Vec::new();
    for source in settings.sources.iter().filter(|source| source.members == at) {
        taken.push((&source.account, &source.account.value));
        if let SourceKind::Csv { path } | SourceKind::XArchive { path, .. } = &source.kind {
            taken.extend(path_fields(&path.value).map(|field| (path, field)));
        }
    }
    let scores = settings.scores_of(at).flat_map(|score| [&score.joined, &score.time_zone]);
    taken.extend(scores.filter(|name| !USUAL.contains(&name.value.as_str())).map(|name| (name, name.value.as_str())));
    let unknown = taken.into_iter().filter(|(_, name)| !collection.has_name(name));
    let told = unknown.map(|(text, name)| {
        let at = word_in(&text.value, name).map_or_else(|| text.at.clone(), |word| text.at.inside_quotes(word));
        let message = format!("no record of `{}` has the member `{name}`", collection.name);
        let known = collection.names.iter().map(String::as_str);
        let all = format!("the members are {}", collection.names.join(", "));
        Diagnostic::error(code::UNKNOWN_FIELD, at, message).suggest(name, known, all)
    });
    told.collect()
}

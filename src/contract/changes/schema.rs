//! Two schemas of one answer. An answer may always be more definite than it was; where it may be something that it could
//! not be before, a client that relied on the old promise breaks.

use super::ChangeKind::{self, Additive, Breaking};
use super::forms::{alternatives, article, described, kinds, values};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// How many pairs of schemas are compared before two answers count as too intricate to tell.
const STEPS: usize = 200_000;

/// Says what changed from `old` to `new`, each a schema within its document.
pub fn compare(old: (&Json, &Json), new: (&Json, &Json), report: &mut impl FnMut(ChangeKind, String)) {
    let mut compared = Compare { old: old.0, new: new.0, within: Vec::new(), steps: 0 };
    compared.schemas(old.1, new.1, "the answer").into_iter().for_each(|(kind, message)| report(kind, message));
    if compared.steps > STEPS {
        report(Breaking, "the answer is too intricate to compare".to_owned());
    }
}

type Told = Vec<(ChangeKind, String)>;

struct Compare<'j> {
    old: &'j Json,
    new: &'j Json,
    /// Pairs of references that are being compared: schemas may hold themselves.
    within: Vec<(String, String)>,
    steps: usize,
}

/// Keywords that bound a value, and whether a greater bound lets more through.
const BOUNDS: [(&str, bool); 10] = [
    ("maximum", true),
    ("exclusiveMaximum", true),
    ("maxLength", true),
    ("maxItems", true),
    ("maxProperties", true),
    ("minimum", false),
    ("exclusiveMinimum", false),
    ("minLength", false),
    ("minItems", false),
    ("minProperties", false),
];

/// Keywords that are compared by what they mean.
const UNDERSTOOD: [&str; 7] = ["type", "enum", "const", "properties", "required", "items", "additionalProperties"];

/// Keywords that promise nothing.
const ANNOTATIONS: [&str; 14] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "contentMediaType",
    "contentEncoding",
];

impl Compare<'_> {
    fn schemas(&mut self, old: &Json, new: &Json, at: &str) -> Told {
        self.steps += 1;
        let names = |schema: &Json| schema.get("$ref").and_then(Json::as_str).map(str::to_owned);
        let pair = names(old).zip(names(new));
        if self.steps > STEPS || pair.as_ref().is_some_and(|pair| self.within.contains(pair)) {
            return Told::new();
        }
        self.within.extend(pair.clone());
        let (old, new) = (alternatives(self.old, old), alternatives(self.new, new));
        let told = match (old.as_slice(), new.as_slice()) {
            ([old], [new]) => self.one(old, new, at),
            _ => self.several(&old, &new, at),
        };
        if pair.is_some() {
            self.within.pop();
        }
        told
    }

    /// Each new alternative beside the old one that it is nearest to.
    fn several(&mut self, old: &[Json], new: &[Json], at: &str) -> Told {
        let mut told = Told::new();
        let mut met = BTreeSet::new();
        for one in new {
            let tried = old.iter().enumerate().map(|(index, before)| (index, self.one(before, one, at)));
            let breaking = |told: &Told| told.iter().filter(|(kind, _)| *kind == Breaking).count();
            let nearest = tried.min_by_key(|(_, told)| (breaking(told), told.len()));
            let Some((index, messages)) = nearest else { continue };
            let alike = kinds(&old[index]).zip(kinds(one)).is_none_or(|(a, b)| !a.is_disjoint(&b));
            met.insert(index);
            if breaking(&messages) > 0 && !alike {
                told.push((Breaking, format!("{at} may be {}", described(one))));
            } else {
                told.extend(messages);
            }
        }
        for (index, before) in old.iter().enumerate().filter(|(index, _)| !met.contains(index)) {
            // What a wider alternative holds is still there.
            let still = new.iter().any(|one| self.one(one, before, at).iter().all(|(kind, _)| *kind == Additive));
            if !still {
                told.push((Additive, format!("{at} is never {} any more", described(&old[index]))));
            }
        }
        told
    }

    fn one(&mut self, old: &Json, new: &Json, at: &str) -> Told {
        let mut told = Told::new();
        let nothing = Map::new();
        let keywords = |schema: &'_ Json| -> Option<Map<String, Json>> {
            match schema {
                Json::Object(keywords) => Some(keywords.clone()),
                Json::Bool(true) | Json::Null => Some(nothing.clone()),
                _ => None,
            }
        };
        match (keywords(old), keywords(new)) {
            (Some(a), Some(b)) => {
                told.extend(of_kinds(old, new, at));
                told.extend(of_values(&a, &b, at));
                told.extend(of_bounds(&a, &b, at));
                told.extend(of_others(&a, &b, at));
                told.extend(self.members(&a, &b, at));
                told.extend(self.items(&a, &b, at));
                told.extend(self.further(&a, &b, at));
            }
            (None, None) => {}
            (Some(_), None) => told.push((Additive, format!("{at} is never there any more"))),
            (None, Some(_)) => told.push((Breaking, format!("{at} may be there"))),
        }
        told
    }

    fn items(&mut self, old: &Map<String, Json>, new: &Map<String, Json>, at: &str) -> Told {
        match (old.get("items"), new.get("items")) {
            (Some(a), Some(b)) => self.schemas(a, b, &format!("an item of {at}")),
            (Some(_), None) if may_be(new, "array") => vec![(Breaking, format!("the items of {at} may be anything"))],
            (None, Some(_)) => vec![(Additive, format!("the items of {at} are described"))],
            _ => Told::new(),
        }
    }

    /// Members that are not listed. That there are more is no break, as a new member is none; that they may be anything is.
    fn further(&mut self, old: &Map<String, Json>, new: &Map<String, Json>, at: &str) -> Told {
        let (a, b) = (old.get("additionalProperties"), new.get("additionalProperties"));
        match (a, b) {
            (Some(a @ Json::Object(_)), Some(b @ Json::Object(_))) => {
                self.schemas(a, b, &format!("a further member of {at}"))
            }
            (Some(Json::Object(_)), None | Some(Json::Bool(true))) if may_be(new, "object") => {
                vec![(Breaking, format!("further members of {at} may be anything"))]
            }
            (a, b) if a.unwrap_or(&Json::Bool(true)) != b.unwrap_or(&Json::Bool(true)) => {
                vec![(Additive, format!("further members of {at} are described differently"))]
            }
            _ => Told::new(),
        }
    }

    fn members(&mut self, old: &Map<String, Json>, new: &Map<String, Json>, at: &str) -> Told {
        let mut told = Told::new();
        let (before, after) = (object(old.get("properties")), object(new.get("properties")));
        let (needed, given) = (texts(old.get("required")), texts(new.get("required")));
        for (name, schema) in before.into_iter().flatten() {
            let place = if at == "the answer" { format!("`{name}`") } else { format!("`{name}` of {at}") };
            match after.and_then(|after| after.get(name)) {
                None => told.push((Breaking, format!("{place} is gone"))),
                Some(then) => {
                    match (needed.contains(name.as_str()), given.contains(name.as_str())) {
                        (true, false) => told.push((Breaking, format!("{place} may be absent"))),
                        (false, true) => told.push((Additive, format!("{place} is always there"))),
                        _ => {}
                    }
                    told.extend(self.schemas(schema, then, &place));
                }
            }
        }
        for name in after.into_iter().flatten().map(|(name, _)| name) {
            if before.is_none_or(|before| !before.contains_key(name)) {
                told.push((Additive, format!("`{name}` of {at} is new")));
            }
        }
        let listed = |name: &&str| before.is_some_and(|before| before.contains_key(*name));
        for name in needed.iter().filter(|name| !given.contains(*name) && !listed(name)) {
            told.push((Breaking, format!("`{name}` of {at} may be absent")));
        }
        told
    }
}

fn of_kinds(old: &Json, new: &Json, at: &str) -> Told {
    let holds =
        |kinds: &BTreeSet<String>, kind: &str| kinds.contains(kind) || kind == "integer" && kinds.contains("number");
    let mut told = Told::new();
    match (kinds(old), kinds(new)) {
        (Some(a), Some(b)) => {
            told.extend(
                b.iter()
                    .filter(|kind| !holds(&a, kind))
                    .map(|kind| (Breaking, format!("{at} may be {}", article(kind)))),
            );
            let narrowed = |kind: &str| kind == "number" && b.contains("integer");
            for kind in a.iter().filter(|kind| !holds(&b, kind)) {
                let message = match narrowed(kind) {
                    true => format!("{at} is a whole number"),
                    false => format!("{at} is never {} any more", article(kind)),
                };
                told.push((Additive, message));
            }
        }
        (Some(_), None) => told.push((Breaking, format!("{at} may be of any type"))),
        (None, Some(_)) => told.push((Additive, format!("{at} has a type"))),
        (None, None) => {}
    }
    told
}

fn of_values(old: &Map<String, Json>, new: &Map<String, Json>, at: &str) -> Told {
    match (values(old), values(new)) {
        (Some(a), Some(b)) => {
            let more = b.iter().filter(|value| !a.contains(value)).map(|v| (Breaking, format!("{at} may be {v}")));
            let fewer = a.iter().filter(|value| !b.contains(value));
            more.chain(fewer.map(|v| (Additive, format!("{at} is never {v} any more")))).collect()
        }
        (Some(_), None) => vec![(Breaking, format!("{at} is no longer one of a list of values"))],
        (None, Some(_)) => vec![(Additive, format!("{at} is one of a list of values"))],
        (None, None) => Told::new(),
    }
}

fn of_bounds(old: &Map<String, Json>, new: &Map<String, Json>, at: &str) -> Told {
    let mut told = Told::new();
    for (keyword, upper) in BOUNDS {
        let change = match (old.get(keyword).and_then(Json::as_f64), new.get(keyword).and_then(Json::as_f64)) {
            (Some(_), None) => (Breaking, format!("{at} has no `{keyword}` any more")),
            (None, Some(_)) => (Additive, format!("{at} has a `{keyword}`")),
            (Some(a), Some(b)) if a.total_cmp(&b).is_ne() => {
                let kind = if (b > a) == upper { Breaking } else { Additive };
                (kind, format!("the `{keyword}` of {at} was {a}, and is {b}"))
            }
            _ => continue,
        };
        told.push(change);
    }
    told
}

/// Keywords that are not weighed: one that is new says more than before, one that is gone or other says less.
fn of_others(old: &Map<String, Json>, new: &Map<String, Json>, at: &str) -> Told {
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let weighed = |keyword: &str| {
        UNDERSTOOD.contains(&keyword)
            || ANNOTATIONS.contains(&keyword)
            || keyword.starts_with("x-")
            || BOUNDS.iter().any(|(bound, _)| *bound == keyword)
    };
    let mut told = Told::new();
    for keyword in all.into_iter().filter(|keyword| !weighed(keyword)) {
        match (old.get(keyword), new.get(keyword)) {
            (None, Some(value)) => told.push((Additive, format!("{at} has the `{keyword}` {}", short(value)))),
            (Some(a), None) => told.push((Breaking, format!("{at} need not have the `{keyword}` {}", short(a)))),
            (Some(a), Some(b)) if a != b => {
                told.push((Breaking, format!("the `{keyword}` of {at} was {}, and is {}", short(a), short(b))));
            }
            _ => {}
        }
    }
    told
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 { text.chars().take(60).chain(['…']).collect() } else { text }
}

fn may_be(schema: &Map<String, Json>, kind: &str) -> bool {
    kinds(&Json::Object(schema.clone())).is_none_or(|kinds| kinds.contains(kind))
}

fn object(value: Option<&Json>) -> Option<&Map<String, Json>> {
    value.and_then(Json::as_object)
}

fn texts(value: Option<&Json>) -> BTreeSet<&str> {
    value.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

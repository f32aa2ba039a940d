//! What a write of one collection may contain.

use super::partial::{names, partial};
use crate::content::formats::Step;
use crate::content::markdown;
use crate::content::schema::{self, Schema, Told};
use crate::content::settings::quoted;
use crate::model::{
    Code, Diagnostic, Inputs, MemberFault, Members, Name, Placed, Settings, Value, WriteDecl, code, nearest,
};
use serde_json::{Map, Value as Json};

/// The rules of one collection, compiled.
pub struct Rules {
    whole: Schema,
    part: jsonschema::Validator,
    part_document: Json,
    /// The members that may be written; `None` where the schema opens itself.
    names: Option<Vec<String>>,
    /// The members that the schema asks for.
    required: Vec<String>,
    /// Members that nobody writes: private ones, and those that the build makes.
    barred: Vec<String>,
    /// The member that is the key.
    key: String,
}

impl Rules {
    /// Reads the schema of what may be written. Without one, nothing may.
    pub fn read(decl: &WriteDecl, settings: &Settings, inputs: &Inputs) -> (Option<Self>, Vec<Diagnostic>) {
        let (schema, mut faults) = schema::read(&decl.schema, inputs, settings);
        let Some(whole) = schema else { return (None, faults) };
        let collection = &settings.collections[decl.collection];
        let known = names(&whole.document);
        let private = collection.private.iter().map(|name| name.value.clone());
        let built = markdown::MEMBERS.iter().map(|name| (*name).to_owned());
        let derived = collection.derive.iter().map(|derived| derived.name.clone());
        let computed = settings.scores_of(decl.collection).flat_map(crate::model::Score::fields).map(str::to_owned);
        let mut barred: Vec<String> = private.chain(built).chain(derived).chain(computed).collect();
        barred.retain(|name| *name != collection.key.value);
        for name in barred.iter().filter(|name| known.contains(name)) {
            faults.push(barred_in_schema(&decl.schema, name, collection.private.iter().any(|p| p.value == *name)));
        }
        let opens = whole.document.get("additionalProperties").is_some_and(|open| *open != Json::Bool(false))
            || whole.document.get("patternProperties").is_some();
        if !opens {
            faults.extend(unwritable(decl, &collection.key.value, &known));
        }
        let part_document = partial(&whole.document);
        let part = match jsonschema::options().should_validate_formats(true).build(&part_document) {
            Ok(part) => part,
            Err(error) => {
                let message = format!("no schema of patches can be made of `{}`: {error}", decl.schema.value);
                faults.push(Diagnostic::error(code::BAD_SCHEMA, decl.schema.at.clone(), message));
                return (None, faults);
            }
        };
        let listed = whole.document.get("required").and_then(Json::as_array);
        let required = listed.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        let key = collection.key.value.clone();
        (Some(Self { whole, part, part_document, names: (!opens).then_some(known), required, barred, key }), faults)
    }

    /// The faults of a whole record, which has this key. The key need not stand among the members, but must be the same
    /// where it does.
    pub fn check(&self, key: &str, members: &[(Name, Value)]) -> Vec<MemberFault> {
        let mut faults = self.names(members);
        faults.extend(self.key_fault(key, members));
        let mut document = object(members);
        if self.whole.properties.contains(&self.key) {
            document.entry(self.key.clone()).or_insert_with(|| (&self.whole.key(&self.key, key)).into());
        } else {
            document.remove(&self.key);
        }
        let document = Json::Object(document);
        let told = self.whole.tell(&document).into_iter();
        faults.extend(told.map(|(steps, told)| MemberFault::of(steps, told)));
        settled(faults)
    }

    /// The faults of a patch's members, each for itself.
    pub fn check_patch(&self, key: &str, members: &[(Name, Value)]) -> Vec<MemberFault> {
        let mut faults = self.names(members);
        faults.extend(self.key_fault(key, members));
        for (name, _) in members.iter().filter(|(_, value)| *value == Value::Null) {
            if self.required.iter().any(|required| **required == **name) {
                let message = format!("`{name}` cannot be removed: every record has one");
                faults.push(MemberFault::at(name, code::MISSING_MEMBER, message));
            }
        }
        let mut document = Json::Object(object(members));
        without_nulls(&mut document);
        if let Json::Object(members) = &mut document {
            members.remove(&self.key);
        }
        let found = schema::tell(&self.part, &self.part_document, &document);
        faults.extend(found.into_iter().map(|(steps, told)| MemberFault::of(steps, told)));
        settled(faults)
    }

    /// The key that a record says it has.
    pub fn key_of(&self, members: &[(Name, Value)]) -> Result<String, MemberFault> {
        let value = members.iter().find(|(name, _)| **name == *self.key).map(|(_, value)| value);
        let message = match value {
            Some(Value::Text(text)) => return Ok(text.to_string()),
            Some(Value::Number(number)) if number.as_i128().is_some() => {
                return Ok(value.and_then(Value::label).unwrap_or_default());
            }
            None => format!("`{}` is missing: it is the key of the record", self.key),
            Some(other) => format!("`{}` is the key, and so text or a whole number, not {}", self.key, other.kind()),
        };
        let code = if value.is_none() { code::MISSING_MEMBER } else { code::BAD_KEY };
        Err(MemberFault::at(&self.key, code, message))
    }

    /// The members without the key, which the inbox knows by itself.
    pub fn without_key(&self, members: Members) -> Members {
        members.into_vec().into_iter().filter(|(name, _)| **name != *self.key).collect()
    }

    fn names(&self, members: &[(Name, Value)]) -> Vec<MemberFault> {
        let names = members.iter().map(|(name, _)| &**name).filter(|name| *name != self.key);
        let told = names.filter_map(|name| {
            if self.barred.iter().any(|barred| barred == name) {
                let message = format!("`{name}` is not written here");
                return Some(MemberFault::at(name, code::PRIVATE_FIELD, message));
            }
            let known = self.names.as_ref().filter(|known| !known.iter().any(|known| known == name))?;
            let message = format!("unknown member `{name}`");
            let near = nearest(name, known.iter().map(String::as_str));
            let listed: Vec<&str> = known.iter().map(String::as_str).collect();
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("what may be written is {}", quoted(&listed)),
            };
            Some(MemberFault { help: Some(help), ..MemberFault::at(name, code::UNKNOWN_MEMBER, message) })
        });
        told.collect()
    }

    fn key_fault(&self, key: &str, members: &[(Name, Value)]) -> Option<MemberFault> {
        let (_, value) = members.iter().find(|(name, _)| **name == *self.key)?;
        let same = value.label().is_some_and(|label| label.eq_ignore_ascii_case(key));
        (!same).then(|| {
            let message = format!("`{}` is not the key that the address names", self.key);
            MemberFault::at(&self.key, code::BAD_KEY, message)
        })
    }
}

/// The schemas of what may be written of one collection.
pub struct Writable {
    pub whole: Json,
    /// Of a patch.
    pub part: Json,
}

/// The schemas of what may be written, in the order of the settings, and what is wrong with them.
pub fn writable(settings: &Settings, inputs: &Inputs) -> (Vec<Option<Writable>>, Vec<Diagnostic>) {
    let (mut schemas, mut faults) = (Vec::new(), Vec::new());
    for decl in &settings.writes.collections {
        let (rules, wrong) = Rules::read(decl, settings, inputs);
        schemas.push(rules.map(|rules| Writable { whole: rules.whole.document, part: rules.part_document }));
        faults.extend(wrong);
    }
    (schemas, faults)
}

/// Members that a stanza names, and its schema does not let be written.
fn unwritable(decl: &WriteDecl, key: &str, known: &[String]) -> Vec<Diagnostic> {
    let owner = decl.owner.as_ref().and_then(|owner| owner.member.as_deref());
    let named = [("text", decl.text.as_deref()), ("owner", owner)];
    let missing = named
        .into_iter()
        .filter_map(|(option, name)| Some((option, name?)))
        .filter(|(_, name)| *name != key && !known.iter().any(|known| known == name));
    let fault = |(option, name): (&str, &str)| {
        let message = format!("`{option}` names `{name}`, which `{}` does not let be written", decl.schema.value);
        let listed: Vec<&str> = known.iter().map(String::as_str).collect();
        Diagnostic::error(code::BAD_OPTION, decl.at.clone(), message).suggest(
            name,
            known.iter().map(String::as_str),
            format!("what may be written is {}", quoted(&listed)),
        )
    };
    missing.map(fault).collect()
}

fn barred_in_schema(schema: &Placed<String>, name: &str, is_private: bool) -> Diagnostic {
    let why = if is_private { "is private" } else { "is made by the build" };
    let message = format!("`{}` lets `{name}` be written, which {why}", schema.value);
    Diagnostic::error(code::PRIVATE_FIELD, schema.at.clone(), message).help(format!("remove `{name}` from that schema"))
}

/// What a schema says of a member that is refused anyway is not told again.
fn settled(mut faults: Vec<MemberFault>) -> Vec<MemberFault> {
    faults.sort();
    faults.dedup();
    let is_refused = |fault: &MemberFault| fault.code == code::PRIVATE_FIELD;
    faults.dedup_by(|b, a| a.pointer == b.pointer && (a.code == b.code || is_refused(a)));
    faults
}

fn object(members: &[(Name, Value)]) -> Map<String, Json> {
    members.iter().map(|(name, value)| (name.to_string(), value.into())).collect()
}

/// A null in a patch takes a member away; what stands in lists is meant as it is.
fn without_nulls(value: &mut Json) {
    if let Json::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}

impl MemberFault {
    fn at(name: &str, code: Code, message: String) -> Self {
        Self { pointer: pointer(&[Step::Member(name.to_owned())]), code, message, help: None }
    }

    fn of(mut steps: Vec<Step>, told: Told) -> Self {
        steps.extend(told.below.map(Step::Member));
        Self { pointer: pointer(&steps), code: told.code, message: told.message, help: told.help }
    }
}

/// A JSON Pointer (RFC 6901).
pub fn pointer(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        text.push('/');
        match step {
            Step::Member(name) => text.push_str(&name.replace('~', "~0").replace('/', "~1")),
            Step::Item(index) => text.push_str(&index.to_string()),
        }
    }
    text
}

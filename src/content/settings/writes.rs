//! `[writes]`, `[auth]` and `[endpoint]`: what members may write, who they are, and how their requests are treated.

use super::form::{Form, Reader, quoted};
use super::{environments, inside};
use crate::content::formats::{Kind, Node};
use crate::content::markdown;
use crate::model::{
    Allow, Auth, AuthMode, CollectionDecl, Diagnostic, Endpoint, Owner, Placed, Role, RoleRule, Wake, WriteDecl,
    Writes, code,
};

const ACTIONS: [&str; 3] = ["create", "update", "delete"];
const MODES: [&str; 3] = ["jwt", "introspection", "local"];
/// The event that a repository hears of, unless the site names another.
const EVENT: &str = "precast-write";
/// No body is larger, in bytes: an answer of the endpoint takes moments.
const LARGEST: usize = 1024 * 1024;

pub fn read(reader: &Reader<'_>, form: &Form<'_>, collections: &[CollectionDecl]) -> Writes {
    let declared = form.table("writes");
    let mut writes: Vec<WriteDecl> = Vec::new();
    for entry in declared.iter().flat_map(Form::entries) {
        let Some(table) = reader.form(&entry.node, format!("writes `{}`", entry.name)) else { continue };
        let Some(decl) = write(reader, &table, &entry.name, collections) else { continue };
        if let Some(other) = writes.iter().find(|other| other.collection == decl.collection) {
            let message = format!("`{}` and `{}` both write to one collection", other.name, decl.name);
            let fault = Diagnostic::error(code::BAD_OPTION, decl.at.clone(), message);
            reader.report(fault.help("say in one table what may be written of it"));
        }
        writes.push(decl);
    }
    let auth = form.table("auth").and_then(|table| auth(reader, &table));
    let endpoint = form.table("endpoint").map_or_else(Endpoint::default, |table| endpoint(reader, &table, collections));
    if let Some(table) = declared.filter(|_| form.node("auth").is_none()) {
        let fault = Diagnostic::warning(code::MISSING_OPTION, table.place(), "nobody can write: there is no `[auth]`");
        reader.report(fault.help("say who may: `[auth]` with `mode = \"jwt\"`, `issuer` and `audience`"));
    }
    Writes { collections: writes, auth, endpoint }
}

fn write(reader: &Reader<'_>, table: &Form<'_>, name: &str, collections: &[CollectionDecl]) -> Option<WriteDecl> {
    let at = table.place();
    let named = table.text("collection");
    let wanted = named.as_ref().map_or(name, |named| named.value.as_str());
    let collection = collections.iter().position(|collection| collection.name == wanted);
    if collection.is_none() {
        let known: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
        let at = named.as_ref().map_or(&at, |named| &named.at).clone();
        let fault = Diagnostic::error(code::UNKNOWN_COLLECTION, at, format!("there is no collection `{wanted}`"));
        let options = format!("name one with `collection`: the collections are {}", quoted(&known));
        reader.report(fault.suggest(wanted, known.iter().copied(), options));
    }
    let schema = table.required_text("schema").and_then(|schema| inside(reader, schema));
    let allow = allow(reader, table);
    let owner = table.node("owner").and_then(|node| owner(reader, node));
    let review = table.flag("review").unwrap_or(false);
    let text = table.text("text").and_then(|text| {
        let built = text.value == "slug" || markdown::MEMBERS.contains(&text.value.as_str());
        if built {
            let message = format!("`{}` is a member that the build makes from a text, and not the text", text.value);
            let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), message);
            reader.report(fault.help("name the member that holds the Markdown, such as `body`"));
        }
        (!built).then_some(text.value)
    });
    table.finish();
    let decl =
        WriteDecl { name: name.to_owned(), at, collection: collection?, schema: schema?, allow, owner, review, text };
    Some(decl)
}

fn allow(reader: &Reader<'_>, table: &Form<'_>) -> Allow {
    let Some(actions) = table.texts("allow") else { return Allow { create: true, update: true, delete: true } };
    let mut allow = Allow::default();
    if actions.is_empty() {
        let at = table.node("allow").map_or_else(|| table.place(), |node| reader.place(&node.span));
        let fault = Diagnostic::error(code::BAD_OPTION, at, "this lets nothing be written");
        reader.report(fault.help(format!("allow some of {}, or leave the table out", quoted(&ACTIONS))));
    }
    for action in actions {
        match action.value.as_str() {
            "create" => allow.create = true,
            "update" => allow.update = true,
            "delete" => allow.delete = true,
            other => {
                let fault = Diagnostic::error(code::BAD_OPTION, action.at, format!("`{other}` is nothing to allow"));
                reader.report(fault.suggest(other, ACTIONS, format!("allow some of {}", quoted(&ACTIONS))));
            }
        }
    }
    allow
}

/// A claim that equals the key, or a claim and the member that it equals.
fn owner(reader: &Reader<'_>, node: &Node) -> Option<Owner> {
    if let Kind::Text(claim) = &node.kind {
        let claim = Placed { value: claim.to_string(), at: reader.place(&node.span) };
        return is_given(reader, &claim).then_some(Owner { claim: claim.value, member: None });
    }
    let table = reader.form(node, "`owner`")?;
    let claim = table.required_text("claim").filter(|claim| is_given(reader, claim));
    let member = table.required_text("member").filter(|member| is_given(reader, member));
    table.finish();
    Some(Owner { claim: claim?.value, member: Some(member?.value) })
}

fn auth(reader: &Reader<'_>, table: &Form<'_>) -> Option<Auth> {
    let at = table.place();
    let mode = table.required_text("mode")?;
    let text = |name| table.text(name).filter(|text: &Placed<String>| is_given(reader, text)).map(|text| text.value);
    let mode = match mode.value.as_str() {
        "jwt" => {
            let issuer = table.required_text("issuer").and_then(|url| issuer(reader, &url));
            let audience = table.required_text("audience").filter(|text| is_given(reader, text));
            let jwks = table.text("jwks").map(|url| secure(reader, &url));
            jwks.map_or(Some(None), |jwks| jwks.map(Some))
                .zip(issuer.zip(audience))
                .map(|(jwks, (issuer, audience))| AuthMode::Jwt { issuer, audience: audience.value, jwks })
        }
        "introspection" => {
            let url = table.required_text("url").and_then(|url| secure(reader, &url));
            let (issuer, audience) = (text("issuer"), text("audience"));
            url.map(|url| AuthMode::Introspection { url, issuer, audience })
        }
        "local" => Some(AuthMode::Local),
        other => {
            let fault = Diagnostic::error(code::BAD_OPTION, mode.at, format!("`{other}` is no mode"));
            reader.report(fault.suggest(other, MODES, format!("the modes are {}", quoted(&MODES))));
            return None;
        }
    };
    let roles = table.table("roles").map_or_else(Vec::new, |table| roles(reader, &table));
    table.finish();
    Some(Auth { at, mode: mode?, roles })
}

fn is_given(reader: &Reader<'_>, text: &Placed<String>) -> bool {
    if text.value.trim().is_empty() {
        reader.report(Diagnostic::error(code::BAD_OPTION, text.at.clone(), "this says nothing"));
    }
    !text.value.trim().is_empty()
}

/// An issuer is compared as it is written, a slash at its end included.
fn issuer(reader: &Reader<'_>, text: &Placed<String>) -> Option<String> {
    secure(reader, text).map(|_| text.value.clone())
}

/// The address of a service that decides who somebody is: nobody may stand in between.
fn secure(reader: &Reader<'_>, text: &Placed<String>) -> Option<String> {
    let url = environments::url(reader, text)?;
    if environments::is_sealed(&url) {
        return Some(url);
    }
    let message = format!("what `{url}` answers could be changed on its way");
    reader
        .report(Diagnostic::error(code::BAD_OPTION, text.at.clone(), message).help("write an address with `https://`"));
    None
}

fn roles(reader: &Reader<'_>, table: &Form<'_>) -> Vec<RoleRule> {
    let mut rules = Vec::new();
    for (name, role) in [("editor", Role::Editor), ("admin", Role::Admin)] {
        for text in table.texts(name).unwrap_or_default() {
            // Claims may hold colons themselves: `cognito:groups`.
            let pair = text.value.rsplit_once(':').filter(|(claim, value)| !claim.is_empty() && !value.is_empty());
            if let Some((claim, value)) = pair {
                rules.push(RoleRule { role, claim: claim.to_owned(), value: value.to_owned() });
            } else {
                let message = format!("`{}` names no claim and its value", text.value);
                let fault = Diagnostic::error(code::BAD_OPTION, text.at, message);
                reader.report(fault.help("write it as `groups:editors`: the claim, a colon, the value"));
            }
        }
    }
    table.finish();
    rules
}

fn endpoint(reader: &Reader<'_>, table: &Form<'_>, collections: &[CollectionDecl]) -> Endpoint {
    let usual = Endpoint::default();
    let inbox = table.text("inbox").and_then(|inbox| inside(reader, inbox));
    let inbox = inbox.filter(|inbox| is_apart(reader, inbox, collections));
    let endpoint = Endpoint {
        inbox: inbox.map_or(usual.inbox, |inbox| inbox.value),
        max_bytes: table.positive_to("max_bytes", LARGEST).map_or(usual.max_bytes, |bytes| bytes.value),
        per_subject: table.positive("per_subject").map(|requests| requests.value),
        per_address: table.positive("per_address").map(|requests| requests.value),
        origins: table.texts("origins").unwrap_or_default().iter().filter_map(|text| origin(reader, text)).collect(),
        wake: table.node("wake").and_then(|node| wake(reader, node)),
        read_only: table.flag("read_only").unwrap_or(false),
    };
    table.finish();
    endpoint
}

/// Whether no collection's source lies in the inbox: what stands there is not read as anything else.
fn is_apart(reader: &Reader<'_>, inbox: &Placed<String>, collections: &[CollectionDecl]) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut sources = collections.iter().flat_map(|decl| decl.sources.iter().map(move |source| (decl, source)));
    let one = inbox.value.trim_end_matches('/');
    let found = sources.find(|(_, source)| holds(one, source.value.trim_end_matches('/')));
    if let Some((decl, source)) = found {
        let message = format!("`{}`, a source of `{}`, would be part of the inbox", source.value, decl.name);
        let fault = Diagnostic::error(code::BAD_OPTION, inbox.at.clone(), message);
        reader.report(fault.help("give the inbox a folder of its own, such as `data/inbox`"));
    }
    found.is_none()
}

/// Scheme, host and port, as browsers send them.
fn origin(reader: &Reader<'_>, text: &Placed<String>) -> Option<String> {
    let url = environments::url(reader, text)?;
    if url.splitn(4, '/').count() < 4 {
        return Some(url.to_ascii_lowercase());
    }
    let fault = Diagnostic::error(code::BAD_OPTION, text.at.clone(), format!("`{}` is no origin", text.value));
    reader.report(fault.help("write scheme and host, such as `https://club.example`, without a path"));
    None
}

fn wake(reader: &Reader<'_>, node: &Node) -> Option<Wake> {
    let table = reader.form(node, "`wake`")?;
    let (github, url) = (table.text("github"), table.text("url"));
    let event = table.text("event").map_or_else(|| EVENT.to_owned(), |event| event.value);
    table.finish();
    let url = url.map(|url| secure(reader, &url)).map_or(Some(None), |url| url.map(Some))?;
    let Some(github) = github else {
        if url.is_none() {
            let fault = Diagnostic::error(code::MISSING_OPTION, table.place(), "`wake` says nobody to wake");
            reader.report(fault.help("name a repository, `github = \"owner/name\"`, or a `url`"));
        }
        return url.map(|url| Wake::Webhook { url });
    };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let Some((owner, repository)) =
        github.value.split_once('/').filter(|(owner, name)| is_word(owner) && is_word(name))
    else {
        let message = format!("`{}` is no repository", github.value);
        reader.report(Diagnostic::error(code::BAD_OPTION, github.at, message).help("write it as `owner/name`"));
        return None;
    };
    Some(Wake::Github { owner: owner.to_owned(), repository: repository.to_owned(), event, url })
}

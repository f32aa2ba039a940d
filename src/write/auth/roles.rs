//! What the claims of a token make of somebody.

use super::claims::Claims;
use crate::model::{Role, RoleRule};
use serde_json::Value as Json;

/// The claim that holds several values in one string (RFC 8693 §4.2).
const SCOPE: &str = "scope";

/// Each role at most once, in the order of the rules.
pub fn roles(rules: &[RoleRule], claims: &Claims) -> Vec<Role> {
    let mut roles = Vec::new();
    for rule in rules {
        let holds = claims.get(&rule.claim).is_some_and(|claim| holds(&rule.claim, claim, &rule.value));
        if holds && !roles.contains(&rule.role) {
            roles.push(rule.role);
        }
    }
    roles
}

fn holds(name: &str, claim: &Json, value: &str) -> bool {
    match claim {
        Json::String(text) => text == value || name == SCOPE && text.split(' ').any(|word| word == value),
        Json::Array(all) => all.iter().all(Json::is_string) && all.iter().any(|one| one == value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_come_of_values_and_not_of_their_parts() {
        let rule = |role, claim: &str, value: &str| RoleRule { role, claim: claim.to_owned(), value: value.to_owned() };
        let rules = [
            rule(Role::Editor, "cognito:groups", "editors"),
            rule(Role::Editor, "scope", "records:write"),
            rule(Role::Admin, "role", "admin"),
        ];
        let of = |claims: Json| roles(&rules, claims.as_object().expect("an object"));
        assert_eq!(of(json!({ "cognito:groups": ["a", "editors"], "scope": "records:write" })), [Role::Editor]);
        assert_eq!(of(json!({ "scope": "openid records:write", "role": "admin" })), [Role::Editor, Role::Admin]);
        assert_eq!(of(json!({ "cognito:groups": "editors" })), [Role::Editor]);
        for nobody in [
            json!({}),
            json!({ "cognito:groups": "a editors", "role": "user admin" }),
            json!({ "cognito:groups": ["editors "], "scope": "records:write2 records", "role": "Admin" }),
            json!({ "cognito:groups": ["editors", 1], "role": { "admin": true }, "scope": 1 }),
            json!({ "cognito:groups": [["editors"]], "role": null, "scope": "records:write\u{a0}" }),
        ] {
            assert_eq!(of(nobody.clone()), [], "{nobody}");
        }
    }
}

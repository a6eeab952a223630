use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::store::{AdmitAll, Deletion, Store};

const HOUR: i64 = 3600;

fn store() -> Arc<Store> {
    let store = Store::new(AdmitAll);
    for (resource, name) in
        [(Resource::ServiceAccounts, "student"), (Resource::Pods, "p"), (Resource::Secrets, "s")]
    {
        store.create(resource, json!({"metadata": {"name": name, "namespace": "lab"}})).unwrap();
    }
    store
}

fn reference(store: &Store, resource: Resource, name: &str) -> Reference {
    let found = store.get(resource, "lab", name).unwrap();
    Reference { name: name.to_owned(), uid: object::uid(&found).to_owned() }
}

fn claims(store: &Store, now: Timestamp) -> Claims {
    let bound = Bound {
        namespace: "lab".into(),
        node: None,
        pod: None,
        secret: None,
        serviceaccount: reference(store, Resource::ServiceAccounts, "student"),
    };
    Claims::new(bound, vec![API_AUDIENCE.into()], now, HOUR, "id".into())
}

fn who(authenticator: &Authenticator, store: &Store, token: &str, now: Timestamp) -> Result<User, Rejected> {
    let presented = authenticator.check(token.as_bytes(), &[API_AUDIENCE.to_owned()], now)?;
    store.view(|view| presented.user(view))
}

#[test]
fn a_token_stands_for_its_account_until_its_time_is_over() {
    let (authenticator, store, now) = (Authenticator::generate().unwrap(), store(), Timestamp::now());
    let token = authenticator.issuer().sign(&claims(&store, now)).unwrap();
    let user = who(&authenticator, &store, &token, now).unwrap();
    assert_eq!(user.name, "system:serviceaccount:lab:student");
    assert_eq!(user.groups, ["system:serviceaccounts", "system:serviceaccounts:lab", "system:authenticated"]);
    assert_eq!(user.extra["authentication.kubernetes.io/credential-id"], ["JTI=id"]);
    for (seconds, expected) in [
        (HOUR - 1, None),
        (HOUR, Some(Rejected::Expired)),
        (-1, Some(Rejected::TooEarly)),
        (HOUR * 24 * 365, Some(Rejected::Expired)),
    ] {
        let then = now + SignedDuration::from_secs(seconds);
        assert_eq!(who(&authenticator, &store, &token, then).err(), expected, "after {seconds} s");
    }
}

#[test]
fn a_token_dies_with_its_account_and_with_what_it_is_bound_to() {
    let (authenticator, now) = (Authenticator::generate().unwrap(), Timestamp::now());
    for (resource, name) in
        [(Resource::ServiceAccounts, "student"), (Resource::Pods, "p"), (Resource::Secrets, "s")]
    {
        let store = store();
        let mut claims = claims(&store, now);
        claims.bound.pod = Some(reference(&store, Resource::Pods, "p"));
        claims.bound.secret = Some(reference(&store, Resource::Secrets, "s"));
        let token = authenticator.issuer().sign(&claims).unwrap();
        who(&authenticator, &store, &token, now).unwrap();
        store.delete(resource, "lab", name, &Deletion::now()).unwrap();
        assert_eq!(who(&authenticator, &store, &token, now).unwrap_err(), Rejected::Invalidated, "{name}");
        store.create(resource, json!({"metadata": {"name": name, "namespace": "lab"}})).unwrap();
        let again = who(&authenticator, &store, &token, now);
        assert_eq!(again.unwrap_err(), Rejected::Invalidated, "a new {name} is another one");
    }
}

#[test]
fn a_token_for_somebody_else_is_none_here() {
    let (authenticator, store, now) = (Authenticator::generate().unwrap(), store(), Timestamp::now());
    let token =
        authenticator.issuer().sign(&Claims { aud: vec!["vault".into()], ..claims(&store, now) }).unwrap();
    assert_eq!(who(&authenticator, &store, &token, now).unwrap_err(), Rejected::Audience);
    let theirs = authenticator.check(token.as_bytes(), &["vault".into()], now).unwrap();
    assert!(matches!(theirs, Presented::Account(_)));
}

#[test]
fn what_was_not_signed_here_is_refused() {
    let (authenticator, store, now) = (Authenticator::generate().unwrap(), store(), Timestamp::now());
    let claims = claims(&store, now);
    let token = authenticator.issuer().sign(&claims).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (mut promoted, header): (Value, Value) = (
        serde_json::to_value(&claims).unwrap(),
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap(),
    );
    promoted["sub"] = json!("system:serviceaccount:kube-system:admin");
    let none = json!({"alg": "none", "kid": header["kid"]});
    let symmetric = json!({"alg": "HS256", "kid": header["kid"]});
    let other = Authenticator::generate().unwrap().issuer().sign(&claims).unwrap();
    for (what, forged) in [
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("alg none", format!("{}.{}.", encode(&none), parts[1])),
        ("alg none, signed", format!("{}.{}.{}", encode(&none), parts[1], parts[2])),
        ("another algorithm", format!("{}.{}.{}", encode(&symmetric), parts[1], parts[2])),
        ("other claims", format!("{}.{}.{}", parts[0], encode(&promoted), parts[2])),
        ("another signature", format!("{}.{}.{}", parts[0], parts[1], encode(&json!("x")))),
        ("another cluster's", other),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("padding", format!("{token}=")),
        ("much too long", "x".repeat(1 << 20)),
        ("no text", "\u{fffd}.\u{fffd}.\u{fffd}".into()),
        ("nothing", String::new()),
    ] {
        let refused = who(&authenticator, &store, &forged, now).unwrap_err();
        assert_eq!(refused, Rejected::Invalid, "{what}");
    }
}

#[test]
fn only_bearer_tokens_are_looked_at() {
    let (authenticator, now) = (Authenticator::generate().unwrap(), Timestamp::now());
    let admin = authenticator.admin().to_owned();
    let presented = |header: &str| authenticator.present(header.as_bytes(), now);
    for scheme in ["Bearer", "bearer", "BEARER  "] {
        assert!(matches!(presented(&format!("{scheme} {admin}")), Ok(Presented::Administrator)), "{scheme}");
    }
    for none in ["", "Bearer", "Bearer ", &admin, &format!("Basic {admin}")] {
        assert!(matches!(presented(none), Ok(Presented::Nobody)), "{none}");
    }
    assert_eq!(presented("Bearer x").unwrap_err().code, 401);
    assert!(!format!("{authenticator:?}").contains(&admin), "it would be in a log");
}

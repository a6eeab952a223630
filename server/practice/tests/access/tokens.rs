//! Tokens: how long they are good, and for what.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clusterip_practice::{Options, Practice};
use hyper::Method;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::class::{ACCOUNT, Class, NAMESPACE, ask, get, here, make_here, post, reader, token_request};

#[tokio::test]
async fn a_token_is_good_for_its_time_its_audience_and_its_account() {
    let class = Class::start(&reader()).await;
    let issued = class.issue(&json!({"expirationSeconds": 600})).await;
    assert_eq!(issued.body["spec"]["expirationSeconds"], 600);
    assert_eq!(issued.body["spec"]["audiences"], json!(["https://kubernetes.default.svc.cluster.local"]));
    let token = issued.body["status"]["token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_eq!((&claims["sub"], &claims["kubernetes.io"]["namespace"]), (&json!(ACCOUNT), &json!(NAMESPACE)));
    for (spec, code, said) in [
        (json!({"expirationSeconds": 599}), 422, "may not specify a duration less than 10 minutes"),
        (
            json!({"expirationSeconds": 1_i64 << 33}),
            422,
            "may not specify a duration larger than 2^32 seconds",
        ),
        (
            json!({"expirationSeconds": "long"}),
            400,
            "TokenRequest in version \"v1\" cannot be handled as a TokenRequest: json: cannot unmarshal string into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64",
        ),
        (
            json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "nosuch"}}),
            404,
            "pods \"nosuch\" not found",
        ),
        (
            json!({"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "m"}}),
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap",
        ),
    ] {
        let heard = class.issue(&spec).await;
        assert_eq!(heard.code, code, "{spec}: {}", heard.body);
        assert!(heard.message().ends_with(said), "{}\n{said}", heard.message());
    }
    let vault = class.token(&json!({"audiences": ["vault"]})).await;
    assert_eq!(get(&class.bearer(Some(&vault)).await, &here("pods")).await.code, 401);
    let student = class.bearer(Some(token)).await;
    assert_eq!(get(&student, &here("pods")).await.code, 200);
    let account = here("serviceaccounts/student");
    assert_eq!(ask(&class.admin, Method::DELETE, &account, None).await.code, 200);
    assert_eq!(get(&student, &here("pods")).await.code, 401, "its account is gone");
    make_here(&class.admin, "v1/ServiceAccount", "serviceaccounts", "student", json!({})).await;
    assert_eq!(get(&student, &here("pods")).await.code, 401, "a new account of that name is another one");
    let path = here("serviceaccounts/nosuch/token");
    assert_eq!(post(&class.admin, &path, &token_request(&json!({}))).await.code, 404);
}

#[tokio::test]
async fn a_token_dies_with_the_secret_it_is_bound_to() {
    let class = Class::start(&reader()).await;
    let secret = make_here(&class.admin, "v1/Secret", "secrets", "s", json!({})).await;
    let reference =
        json!({"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": secret["metadata"]["uid"]});
    let student = class.bearer(Some(&class.token(&json!({"boundObjectRef": reference})).await)).await;
    assert_eq!(get(&student, &here("pods")).await.code, 200);
    assert_eq!(ask(&class.admin, Method::DELETE, &here("secrets/s"), None).await.code, 200);
    assert_eq!(get(&student, &here("pods")).await.code, 401);
    make_here(&class.admin, "v1/Secret", "secrets", "s", json!({})).await;
    let stale = class.issue(&json!({"boundObjectRef": reference})).await;
    assert_eq!((stale.code, stale.body["reason"].as_str()), (409, Some("Conflict")));
}

#[tokio::test]
async fn forged_tokens_are_unauthorized_and_no_token_is_anonymous() {
    let class = Class::start(&reader()).await;
    let token = class.token(&json!({})).await;
    let parts: Vec<&str> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let other = Practice::start(Options::default()).await.unwrap();
    let theirs: Value = serde_json::from_str(other.kubeconfig()).unwrap();
    for (what, forged) in [
        ("alg none", format!("{none}.{}.", parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("words", "let me in".into()),
        ("another cluster's administrator", theirs["users"][0]["user"]["token"].as_str().unwrap().into()),
        ("a long one", "a".repeat(64 * 1024)),
    ] {
        let heard = get(&class.bearer(Some(&forged)).await, &here("pods")).await;
        assert_eq!(heard.code, 401, "{what}");
        assert_eq!(
            heard.body,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "Unauthorized", "reason": "Unauthorized", "code": 401}),
            "{what}"
        );
        assert_eq!(get(&class.bearer(Some(&forged)).await, "/version").await.code, 401, "{what}");
    }
    let stranger = class.bearer(None).await;
    assert_eq!(get(&stranger, "/version").await.code, 200);
    let heard = get(&stranger, "/api/v1/namespaces").await;
    assert_eq!(
        (heard.code, heard.message()),
        (
            403,
            r#"namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope"#
        )
    );
    assert_eq!(get(&stranger, "/apis").await.code, 403);
}

#[tokio::test]
async fn a_dry_run_issues_a_token_that_works_as_kubernetes_does() {
    let class = Class::start(&reader()).await;
    let path = here("serviceaccounts/student/token?dryRun=All");
    let issued = post(&class.admin, &path, &token_request(&json!({}))).await;
    assert_eq!(issued.code, 201, "{}", issued.body);
    let student = class.bearer(issued.body["status"]["token"].as_str()).await;
    assert_eq!(get(&student, &here("pods")).await.code, 200);
}

#[tokio::test]
async fn whoever_checks_tokens_himself_is_told_with_which_key() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    let configuration = get(&student, "/.well-known/openid-configuration").await.body;
    assert_eq!(configuration["issuer"], "https://kubernetes.default.svc.cluster.local");
    let keys = configuration["jwks_uri"].as_str().unwrap();
    assert!(keys.ends_with("/openid/v1/jwks"), "{keys}");
    let heard = get(&student, "/openid/v1/jwks").await;
    assert_eq!(heard.headers["content-type"], "application/jwk-set+json");
    let key = &heard.body["keys"][0];
    let bytes = |text: &Value| URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap();
    let point = [vec![4], bytes(&key["x"]), bytes(&key["y"])].concat();
    let token = class.token(&json!({})).await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let header: Value = serde_json::from_slice(&bytes(&signed.split('.').next().unwrap().into())).unwrap();
    assert_eq!(header["kid"], key["kid"]);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(signed.as_bytes(), &bytes(&signature.into())).expect("the key fits");
    assert_eq!(get(&class.bearer(None).await, "/openid/v1/jwks").await.code, 403);
}

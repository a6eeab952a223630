//! Questions about rights.

use serde_json::json;

use crate::class::{
    ACCOUNT, AUTHENTICATION, AUTHORIZATION, Class, NAMESPACE, get, make, post, reader, review, reviews,
};

#[tokio::test]
async fn one_may_ask_who_one_is_and_what_one_may() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    let asked = json!({"apiVersion": AUTHENTICATION, "kind": "SelfSubjectReview"});
    let me = make(&student, &reviews(AUTHENTICATION, "selfsubjectreviews"), &asked).await;
    assert_eq!(me["status"]["userInfo"]["username"], ACCOUNT);
    let groups =
        json!(["system:serviceaccounts", "system:serviceaccounts:student-1", "system:authenticated"]);
    assert_eq!(me["status"]["userInfo"]["groups"], groups);

    let own = reviews(AUTHORIZATION, "selfsubjectaccessreviews");
    for (spec, allowed) in [
        (json!({"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": NAMESPACE}}), true),
        (
            json!({"resourceAttributes": {"verb": "get", "resource": "pods", "subresource": "log", "namespace": NAMESPACE}}),
            true,
        ),
        (json!({"resourceAttributes": {"verb": "list", "resource": "pods"}}), false),
        (
            json!({"resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": NAMESPACE}}),
            false,
        ),
        (json!({"nonResourceAttributes": {"verb": "get", "path": "/api"}}), true),
        (json!({"nonResourceAttributes": {"verb": "get", "path": "/logs"}}), false),
    ] {
        let answer = make(&student, &own, &review(AUTHORIZATION, "SelfSubjectAccessReview", &spec)).await;
        assert_eq!(answer["status"]["allowed"], allowed, "{answer}");
    }
    for spec in [
        json!({}),
        json!({"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"verb": "get", "path": "/"}}),
    ] {
        let heard = post(&student, &own, &review(AUTHORIZATION, "SelfSubjectAccessReview", &spec)).await;
        assert_eq!((heard.code, heard.body["reason"].as_str()), (422, Some("Invalid")), "{}", heard.body);
    }

    let rules = review(AUTHORIZATION, "SelfSubjectRulesReview", &json!({"namespace": NAMESPACE}));
    let rules = make(&student, &reviews(AUTHORIZATION, "selfsubjectrulesreviews"), &rules).await;
    let all = rules["status"]["resourceRules"].as_array().unwrap();
    assert!(all.contains(&reader()[0]), "{rules}");
    let nowhere = review(AUTHORIZATION, "SelfSubjectRulesReview", &json!({}));
    let heard = post(&student, &reviews(AUTHORIZATION, "selfsubjectrulesreviews"), &nowhere).await;
    assert_eq!((heard.code, heard.message()), (400, "no namespace on request"));
}

#[tokio::test]
async fn the_administrator_may_ask_about_others() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    let of_student = json!({"user": ACCOUNT, "resourceAttributes": {"verb": "list", "resource": "services", "namespace": NAMESPACE}});
    let whether = review(AUTHORIZATION, "SubjectAccessReview", &of_student);
    let path = reviews(AUTHORIZATION, "subjectaccessreviews");
    let answer = make(&class.admin, &path, &whether).await;
    assert_eq!(
        answer["status"],
        json!({"allowed": true, "reason": "RBAC: allowed by RoleBinding \"student/student-1\" of Role \"student\" to ServiceAccount \"student/student-1\""})
    );
    assert_eq!(post(&student, &path, &whether).await.code, 403, "only the administrator asks about others");
    let local = reviews(AUTHORIZATION, &format!("namespaces/{NAMESPACE}/localsubjectaccessreviews"));
    let whether = review(AUTHORIZATION, "LocalSubjectAccessReview", &of_student);
    assert_eq!(make(&class.admin, &local, &whether).await["status"]["allowed"], true);
    let elsewhere = reviews(AUTHORIZATION, "namespaces/default/localsubjectaccessreviews");
    assert_eq!(post(&class.admin, &elsewhere, &whether).await.code, 422);

    let tokens = reviews(AUTHENTICATION, "tokenreviews");
    let token = class.token(&json!({})).await;
    let whose = review(AUTHENTICATION, "TokenReview", &json!({"token": token}));
    let answer = make(&class.admin, &tokens, &whose).await;
    assert_eq!(
        (&answer["status"]["authenticated"], &answer["status"]["user"]["username"]),
        (&json!(true), &json!(ACCOUNT))
    );
    let whose = review(AUTHENTICATION, "TokenReview", &json!({"token": "nonsense"}));
    let answer = make(&class.admin, &tokens, &whose).await;
    assert_eq!(answer["status"], json!({"user": {}, "error": "invalid bearer token"}));
    assert_eq!(post(&student, &tokens, &whose).await.code, 403);
    assert_eq!(get(&class.admin, &tokens).await.code, 405);
}

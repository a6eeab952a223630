//! What stands in the editor and is not right: a code, a line, and nothing applied.

use clusterip_tests::lab::{PAGE, SERVICE};
use clusterip_tests::{Lab, on_both_clusters};
use hyper::Method;
use serde_json::Value;

on_both_clusters! {
    what_is_wrong_is_named_with_its_line_and_nothing_is_applied,
    without_javascript_the_problem_stands_beside_what_was_written,
    acts_that_make_no_sense_are_refused_and_change_nothing,
}

/// A manifest, and what comes of it: the code, and the line if one is meant.
struct Wrong {
    what: &'static str,
    yaml: &'static str,
    code: &'static str,
    line: Option<u64>,
}

const WRONG: [Wrong; 12] = [
    Wrong {
        what: "no YAML",
        yaml: "apiVersion: v1\nkind: Service\nmetadata: {name: a\nspec:\n",
        code: "yaml_invalid",
        line: None,
    },
    Wrong { what: "nothing", yaml: "# only a comment\n", code: "manifest_empty", line: None },
    Wrong {
        what: "another namespace",
        yaml: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: kube-system\n",
        code: "other_namespace",
        line: Some(5),
    },
    Wrong {
        what: "a kind of the whole cluster",
        yaml: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: mine\n",
        code: "cluster_scoped_kind",
        line: Some(2),
    },
    Wrong {
        what: "a kind that is not part of the lab",
        yaml: "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n",
        code: "kind_not_allowed",
        line: Some(2),
    },
    Wrong {
        what: "no kind",
        yaml: "apiVersion: v1\nmetadata:\n  name: a\n",
        code: "kind_missing",
        line: Some(1),
    },
    Wrong { what: "no name", yaml: "apiVersion: v1\nkind: Service\n", code: "name_missing", line: None },
    Wrong {
        what: "a way in from outside",
        yaml: "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  type: NodePort\n  ports:\n  - port: 80\n",
        code: "service_type_not_allowed",
        line: Some(6),
    },
    Wrong {
        what: "a port that is none",
        yaml: "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: 99999\n",
        code: "api_invalid",
        line: Some(7),
    },
    Wrong {
        what: "a selector that is a list",
        yaml: "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  selector: [app]\n  ports:\n  - port: 80\n",
        code: "api_invalid",
        line: None,
    },
    Wrong {
        what: "a field that does not exist",
        yaml: "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: 80\n    targetport: 8080\n",
        code: "api_invalid",
        line: Some(8),
    },
    Wrong {
        what: "a second document that is not accepted",
        yaml: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: first\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: 0\n",
        code: "api_invalid",
        line: Some(12),
    },
];

/// The names of all objects that a student may have made, as the API server has them.
async fn theirs(lab: &Lab) -> Vec<String> {
    let mut names = Vec::new();
    for (version, list) in [("api/v1", "configmaps"), ("api/v1", "services"), ("apis/apps/v1", "deployments")]
    {
        let path = format!("/{version}/namespaces/{}/{list}", lab.run.namespace);
        let objects: Value =
            lab.cluster.client.request(hyper::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
        let items = objects["items"].as_array().unwrap();
        names.extend(items.iter().map(|o| o["metadata"]["name"].as_str().unwrap().to_owned()));
    }
    names.retain(|name| name != "kube-root-ca.crt");
    names
}

async fn what_is_wrong_is_named_with_its_line_and_nothing_is_applied(lab: Lab) {
    let mut bad = Vec::new();
    for Wrong { what, yaml, code, line } in WRONG {
        let problem = lab.refused("apply", &[("yaml", yaml)]).await;
        let right = problem["code"] == code && line.is_none_or(|line| problem["line"] == line);
        let said =
            ["title", "detail", "cure"].iter().all(|f| problem[f].as_str().is_some_and(|t| !t.is_empty()));
        let refused = matches!(problem["status"].as_u64(), Some(400..=499));
        if !(right && said && refused) {
            bad.push(format!("{what}: not {code} at {line:?} but {problem:#}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert_eq!(theirs(&lab).await, Vec::<String>::new(), "nothing of all this was written");
    lab.close().await;
}

async fn without_javascript_the_problem_stands_beside_what_was_written(lab: Lab) {
    let yaml = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s # <mine>\nspec:\n  type: NodePort\n";
    let html = [("accept", "text/html")];
    let page =
        lab.http.send(Method::POST, &format!("{PAGE}/act/apply"), &html, Some(&[("yaml", yaml)])).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("data-line=\"6\""), "{}", page.body);
    assert!(page.body.contains("# &#60;mine&#62;") || page.body.contains("# &lt;mine&gt;"), "{}", page.body);
    let done = lab.http.send(Method::POST, &format!("{PAGE}/act/stop"), &html, Some(&[])).await;
    assert_eq!((done.status, done.header("location")), (303, PAGE));
    lab.close().await;
}

async fn acts_that_make_no_sense_are_refused_and_change_nothing(lab: Lab) {
    for (act, form, code) in [
        ("kill-pod", &[][..], "no_ready_pod"),
        ("note-ips", &[], "no_ready_pod"),
        ("send", &[("to", "pod-ip")], "no_ready_pod"),
        ("send", &[("to", "virtual-ip"), ("service", SERVICE)], "no_service"),
        ("send", &[("to", "pod-ip"), ("rate", "100000")], "load_out_of_bounds"),
        ("send", &[("to", "the-moon")], "bad_form"),
        ("send", &[("to", "pod-ip"), ("rate", "-1")], "bad_form"),
        ("scale", &[("deployment", "backend"), ("replicas", "200")], "too_many_replicas"),
        ("scale", &[("deployment", "nobody"), ("replicas", "1")], "not_found"),
        ("delete-service", &[("name", "nobody")], "not_found"),
        ("apply-document", &[("file", "../../etc/passwd")], "not_found"),
        ("apply", &[("yml", "x")], "bad_form"),
    ] {
        let problem = lab.refused(act, form).await;
        assert_eq!(problem["code"], code, "{act} {form:?}: {problem:#}");
    }
    let big = "a".repeat(70 * 1024);
    assert_eq!(lab.refused("apply", &[("yaml", &big)]).await["code"], "manifest_too_large");
    let huge = "#".repeat(300 * 1024);
    assert_eq!(lab.refused("apply", &[("yaml", &huge)]).await["code"], "too_large");
    assert_eq!(lab.http.get(&format!("{PAGE}/yaml/secret/x")).await.status, 404);
    assert_eq!(lab.http.get(&format!("{PAGE}/yaml/pod/client")).await.status, 200);
    lab.close().await;
}

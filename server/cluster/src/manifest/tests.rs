use super::*;

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: my-clusterip-service\nspec:\n  selector:\n    app: myapp\n  ports:\n  - port: 80\n    targetPort: 8080\n";

fn ns() -> Namespace {
    "lab-a".parse().unwrap()
}

#[test]
fn a_service_is_read_and_gets_the_students_namespace() {
    let documents = read(SERVICE, &ns()).unwrap();
    assert_eq!(
        (documents[0].kind, documents[0].name.as_str()),
        (AllowedKind::Service, "my-clusterip-service")
    );
    assert_eq!(documents[0].object["metadata"]["namespace"], "lab-a");
    assert_eq!(documents[0].object["spec"]["ports"][0]["targetPort"], 8080);
}

#[test]
fn several_documents_are_read_with_their_lines_and_empty_ones_skipped() {
    let yaml = format!("# a comment\n---\n{SERVICE}---\n\n---\n{SERVICE}");
    let documents = read(&yaml, &ns()).unwrap();
    assert_eq!(documents.iter().map(|d| d.line).collect::<Vec<_>>(), [3, 16]);
    assert_eq!(documents[1].line_of("spec.ports[0].targetPort"), 25);
}

#[test]
fn a_field_path_leads_to_its_line_or_the_nearest_one_above() {
    let document = &read(SERVICE, &ns()).unwrap()[0];
    for (path, line) in [
        ("metadata.name", 4),
        ("spec.ports[0].port", 9),
        (".spec.ports[0].targetPort", 10),
        ("spec.ports[port=80,protocol=\"TCP\"].targetPort", 10),
        ("spec.ports[7].port", 8),
        ("spec.selector[app]", 7),
        ("spec.clusterIPs[0]", 5),
        ("nothing.there", 1),
    ] {
        assert_eq!(document.line_of(path), line, "{path}");
    }
}

#[test]
fn a_path_is_found_in_the_words_of_the_api_server() {
    for (message, path) in [
        (
            "failed to create typed patch object (lab-a/s; /v1, Kind=Service): .spec.portz: field not declared in schema",
            Some("spec.portz"),
        ),
        ("strict decoding error: unknown field \"spec.ports[0].prot\"", Some("spec.ports[0].prot")),
        ("services \"x\" not found", None),
    ] {
        assert_eq!(path_in_message(message), path, "{message}");
    }
}

#[test]
fn each_refusal_has_its_code_and_line() {
    let with = |from: &str, to: &str| SERVICE.replace(from, to);
    let cases = [
        (String::new(), "manifest_empty", Some(1)),
        ("# only a comment\n".into(), "manifest_empty", Some(1)),
        (with("spec:", "spec: ["), "yaml_invalid", None),
        (with("  selector", "\tselector"), "yaml_invalid", Some(6)),
        (with("  name: my-clusterip-service", "  name: a\n  name: b"), "yaml_invalid", Some(5)),
        ("just text".into(), "kind_missing", Some(1)),
        ("- a\n- b\n".into(), "kind_missing", Some(1)),
        (with("kind: Service\n", ""), "kind_missing", Some(1)),
        (with("kind: Service", "kind: Namespace"), "cluster_scoped_kind", Some(2)),
        (with("kind: Service", "kind: Secret"), "kind_not_allowed", Some(2)),
        (with("apiVersion: v1", "apiVersion: v2"), "kind_not_allowed", Some(1)),
        (with("  name: my-clusterip-service", "  labels: {}"), "name_missing", Some(3)),
        (with("name: my-clusterip-service", "name: My Service"), "name_invalid", Some(4)),
        (with("name: my-clusterip-service", "name: web/proxy"), "name_invalid", Some(4)),
        (with("name: my-clusterip-service", "name: web?x"), "name_invalid", Some(4)),
        (with("name: my-clusterip-service", "name: .."), "name_invalid", Some(4)),
        (with("spec:\n", "  labels: {clusterip-lab/role: client}\nspec:\n"), "reserved", Some(5)),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: client\n".into(), "reserved", Some(4)),
        (with("spec:\n", "  namespace: kube-system\nspec:\n"), "other_namespace", Some(5)),
        (with("spec:\n", "spec:\n  type: NodePort\n"), "service_type_not_allowed", Some(6)),
        (with("spec:\n", "spec:\n  externalIPs: [1.2.3.4]\n"), "external_ips_not_allowed", Some(6)),
        ("x".repeat(MAX_BYTES + 1), "manifest_too_large", None),
        (format!("{SERVICE}---\n").repeat(MAX_DOCUMENTS + 1), "manifest_too_large", None),
        ("a: ".repeat(5000), "yaml_invalid", None),
    ];
    for (yaml, code, line) in cases {
        let refused = read(&yaml, &ns()).expect_err(&yaml);
        assert_eq!(refused.code, code, "{refused} in {yaml:.200}");
        assert!(
            line.is_none() || refused.line == line,
            "{code}: {:?}, not {line:?}: {refused}",
            refused.line
        );
    }
}

#[test]
fn deep_nesting_and_bombs_are_refused_not_followed() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(read(&deep, &ns()).unwrap_err().code, "yaml_invalid");
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for i in 1..12 {
        let last = format!("*a{}", i - 1);
        bomb += &format!("a{i}: &a{i} [{}]\n", [last.as_str(); 9].join(","));
    }
    assert_eq!(read(&bomb, &ns()).unwrap_err().code, "yaml_invalid");
}

//! What is refused, and that the sentence helps.

use clusterip_domain::console::Refusal;
use clusterip_domain::lab::Lang;

use crate::{code, read};

/// A line with a mistake, and its code.
const MISTAKES: &[(&str, &str)] = &[
    ("", "empty"),
    ("   ", "empty"),
    ("kubectl get pods\nkubectl get pods", "several_lines"),
    ("kubectl get pods\tx", "control_character"),
    ("kubectl get\u{a0}pods", "invisible_character"),
    ("kubectl get pods –o wide", "look_alike"),
    ("kubectl get pods —output=wide", "look_alike"),
    ("kubectl patch svc x -p ‘{}’", "look_alike"),
    ("kubectl patch svc x -p “{}”", "look_alike"),
    ("kubectl get 'pods", "unclosed_quote"),
    ("kubectl get pods\\", "unclosed_quote"),
    ("kubectl get pods | grep web", "pipe"),
    ("kubectl get pods > file", "redirection"),
    ("kubectl apply -f - < file", "redirection"),
    ("kubectl delete pod <pod-name>", "placeholder"),
    ("kubectl get pods; kubectl get svc", "sequence"),
    ("kubectl get pods && kubectl get svc", "sequence"),
    ("kubectl get pods || true", "sequence"),
    ("kubectl get pods &", "background"),
    ("curl http://a/?a=1&b=2", "background"),
    ("kubectl delete pod $(kubectl get pods -o name)", "substitution"),
    ("kubectl delete pod `id`", "substitution"),
    ("kubectl delete pod \"$(id)\"", "substitution"),
    ("curl http://$IP", "variable"),
    ("curl \"http://${IP}:80\"", "variable"),
    ("kubectl get pods -l app in (a)", "subshell"),
    ("kubectl get pods # all", "comment"),
    ("k get pods", "unknown_program"),
    ("ls", "unknown_program"),
    ("get pods", "unknown_program"),
    ("KUBECONFIG=x kubectl get pods", "unknown_program"),
    ("help me", "unexpected_argument"),
    ("kubectl", "missing_verb"),
    ("kubectl gte pods", "unknown_verb"),
    ("kubectl port-forward svc/a 8080:80", "verb_not_offered"),
    ("kubectl rollout", "missing_subverb"),
    ("kubectl set resources d/x", "unknown_subverb"),
    ("kubectl create service nodeport x", "unknown_subverb"),
    ("kubectl create namespace x", "unknown_subverb"),
    ("kubectl apply view-last-applied pod/x", "unexpected_argument"),
    ("kubectl --show-labels get pods", "flag_before_verb"),
    ("kubectl get pods --lables", "flag_not_offered"),
    ("kubectl get pods -l", "flag_needs_value"),
    ("kubectl get pods -l --show-labels", "flag_needs_value"),
    ("kubectl apply -f - --dry-run", "flag_needs_value"),
    ("kubectl apply -f - --dry-run=yes", "bad_value"),
    ("kubectl get pods -o table", "bad_value"),
    ("kubectl get pods --watch=maybe", "bad_value"),
    ("kubectl get pods -n kube-system", "other_namespace"),
    ("kubectl get pods -A", "all_namespaces"),
    ("kubectl apply -f pod.yaml", "file"),
    ("kubectl apply -f https://example.com/x.yaml", "address"),
    ("kubectl get pods -o jsonpath-file=x", "template_file"),
    ("kubectl set env d/x -", "stdin_argument"),
    ("kubectl exec client curl http://a", "missing_dashes"),
    ("kubectl exec client --", "missing_dashes"),
    ("kubectl exec -it client -- sh", "terminal"),
    ("kubectl get pods -- x", "unexpected_dashes"),
    ("kubectl run x --image=y --overrides={}", "overrides"),
    ("kubectl create -f - --edit", "editor"),
    ("kubectl get pods -v6", "logging"),
    ("kubectl apply -k .", "kustomize"),
    ("kubectl get --raw /", "raw"),
];

#[test]
fn each_kind_of_mistake_has_its_code() {
    for (line, expected) in MISTAKES {
        assert_eq!(code(line), *expected, "{line}");
    }
    assert_eq!(code(&format!("kubectl get {}", "x".repeat(4096))), "line_too_long");
}

#[test]
fn the_word_that_was_meant_is_named() {
    for (line, meant) in [
        ("kubctl get pods", "kubectl"),
        ("k get pods", "kubectl"),
        ("wget http://a", "curl"),
        ("dig a", "nslookup"),
        ("kubectl gte pods", "get"),
        ("kubectl desribe pods", "describe"),
        ("kubectl log x", "logs"),
        ("kubectl expose pod x --target-prot=80", "--target-port"),
        ("kubectl get pods –o wide", "-"),
    ] {
        let Err(refusal) = read(line) else { panic!("{line} was read") };
        for lang in Lang::ALL {
            let said = refusal.says();
            assert!(said.get(lang).contains(meant), "{line}: {}", said.get(lang));
        }
    }
}

#[test]
fn port_forward_is_told_what_to_do_instead() {
    let said = read("kubectl port-forward svc/a 8080:80").expect_err("refused").says();
    assert!(said.en.contains("curl http://") && said.it.contains("curl http://"), "{said:?}");
}

#[test]
fn what_is_said_again_is_cut() {
    let Err(refusal) = read(&"x".repeat(4000)) else { panic!("a program of 4000 letters") };
    let Refusal::UnknownProgram { given, .. } = &refusal else { panic!("{refusal:?}") };
    assert!(given.chars().count() <= 61, "{given}");
}

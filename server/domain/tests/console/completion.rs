//! What the console offers while a line is typed.

use clusterip_domain::console::{CandidateKind, Live, complete};

fn live() -> Live {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Live {
        pods: names(&["backend-a", "backend-b", "client"]),
        services: names(&["my-clusterip-service"]),
        deployments: names(&["backend"]),
        virtual_addresses: names(&["10.96.0.7:80"]),
        ..Live::default()
    }
}

/// What is offered at the end of a line, and the part it takes the place of.
fn offered(line: &str) -> (String, Vec<String>) {
    let completion = complete(line, usize::MAX, &live());
    let replaced = line.chars().skip(completion.replaces.start).take(completion.replaces.len()).collect();
    (replaced, completion.candidates.into_iter().map(|c| c.text).collect())
}

#[test]
fn each_place_of_a_line_has_its_words() {
    for (line, replaced, all) in [
        ("ku", "ku", vec!["kubectl"]),
        ("kubectl ex", "ex", vec!["exec", "explain", "expose"]),
        ("kubectl rollout re", "re", vec!["restart", "resume"]),
        ("kubectl create service ", "", vec!["clusterip"]),
        ("kubectl create svc ", "", vec!["clusterip"]),
        ("kubectl get ser", "ser", vec!["services"]),
        ("kubectl get pods b", "b", vec!["backend-a", "backend-b"]),
        ("kubectl get pod/b", "b", vec!["backend-a", "backend-b"]),
        ("kubectl delete svc ", "", vec!["my-clusterip-service"]),
        ("kubectl get -o wide deploy ", "", vec!["backend"]),
        ("kubectl get --show-labels po c", "c", vec!["client"]),
        (
            "kubectl get pods -o ",
            "",
            vec!["wide", "yaml", "json", "name", "jsonpath", "jsonpath-as-json", "custom-columns"],
        ),
        ("kubectl get pods --output=wi", "wi", vec!["wide"]),
        ("kubectl get pods --show-l", "--show-l", vec!["--show-labels"]),
        ("kubectl apply -f ", "", vec!["-"]),
        ("kubectl apply --dry-run=s", "s", vec!["server"]),
        ("kubectl logs b", "b", vec!["backend-a", "backend-b"]),
        ("kubectl exec client -- cu", "cu", vec!["curl"]),
        ("kubectl exec client -- curl http://my", "http://my", vec!["http://my-clusterip-service"]),
        ("kubectl rollout status deployment/", "", vec!["backend"]),
        ("curl ", "", vec!["http://my-clusterip-service", "http://10.96.0.7:80"]),
        ("nslookup my", "my", vec!["my-clusterip-service"]),
        ("ping 10", "10", vec!["10.96.0.7"]),
        ("kubectl config ", "", vec![]),
        ("ls ", "", vec![]),
        ("kubectl get 'po", "", vec![]),
    ] {
        let (part, words) = offered(line);
        assert_eq!(words, all, "{line:?}");
        if !words.is_empty() {
            assert_eq!(part, replaced, "{line:?}");
        }
    }
}

#[test]
fn what_follows_the_cursor_does_not_matter_and_ranges_count_characters() {
    let completion = complete("kubectl annotate svc x è=à --over zzz", 33, &live());
    assert_eq!(completion.candidates[0].text, "--overwrite");
    assert_eq!((completion.replaces.start, completion.replaces.end), (27, 33));
    assert_eq!(completion.candidates[0].kind, CandidateKind::Flag);
}

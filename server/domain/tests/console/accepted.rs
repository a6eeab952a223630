//! Lines that run, and what they run as.

use clusterip_domain::console::{ClientTool, Command, OwnWord, Place, Span, Stdin, Verb};

use crate::{OWN, bounds, code, kubectl, oracle, read};

/// As the course's notes and texts have them, and as students vary them.
const LINES: &[&str] = &[
    "kubectl expose pod web --port=80 --target-port=8080 --name=my-clusterip-service --type=ClusterIP",
    "kubectl get services",
    "kubectl get service my-clusterip-service",
    "curl http://10.96.0.1:80",
    "  kubectl   get   pods  ",
    "kubectl get pods,services",
    "kubectl get pod/a svc/b",
    "kubectl get pods -owide",
    "kubectl get pods -o=wide",
    "kubectl get pods --output wide --show-labels",
    "kubectl get pods -l app=myapp,type=back-end",
    "kubectl get pods -l 'app in (a,b)'",
    "kubectl get pods -l \"app!=a\"",
    "kubectl get pods -n lab-ada",
    "kubectl get pods -nlab-ada",
    "kubectl get pods --namespace=lab-ada",
    "kubectl -n lab-ada get pods",
    "kubectl --namespace=lab-ada get pods",
    "kubectl get pods --show_labels",
    "kubectl get pods -w",
    "kubectl get pods --watch=false",
    "kubectl get pods --no-headers --sort-by=.metadata.name",
    "kubectl get svc x -o jsonpath='{.spec.clusterIP}'",
    "kubectl get svc x -o 'jsonpath={.spec.ports[?(@.port>80)].name}'",
    "kubectl get svc x -o jsonpath={.spec.clusterIP}",
    "kubectl get pods -o custom-columns=NAME:.metadata.name,IP:.status.podIP",
    "kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name}{\"\\n\"}{end}'",
    "kubectl get pods -o jsonpath='{..podIP}'",
    "kubectl get all",
    "kubectl get secrets",
    "kubectl get endpointslices -l kubernetes.io/service-name=my-clusterip-service -o yaml",
    "kubectl describe service my-clusterip-service",
    "kubectl describe pods",
    "kubectl create deployment web --image=clusterip-lab/backend:v1 --replicas=3",
    "kubectl create deploy web --image clusterip-lab/backend:v1 -r 3",
    "kubectl create service clusterip web --tcp=80:8080",
    "kubectl create svc clusterip web --tcp=80:8080 --dry-run=client -o yaml",
    "kubectl create configmap c --from-literal=a=b --from-literal='c=d e'",
    "kubectl create cm c --from-literal=a=b",
    "kubectl create -f -",
    "kubectl apply -f -",
    "kubectl apply -f-",
    "kubectl apply -f=-",
    "kubectl apply --filename=- --server-side",
    "kubectl apply --filename - --dry-run=server",
    "kubectl replace -f - --force",
    "kubectl delete -f -",
    "kubectl delete pod a b c --now",
    "kubectl delete pods --all --grace-period=0 --force",
    "kubectl delete pods --grace-period -1 a",
    "kubectl delete svc/web --wait=false",
    "kubectl expose deployment web --port 80 --target-port http --dry-run=client -o yaml",
    "kubectl expose deployment web --port=80 --overrides='{\"spec\":{\"sessionAffinity\":\"ClientIP\"}}'",
    "kubectl scale deployment/web --replicas=5",
    "kubectl scale --replicas 0 deployment web",
    "kubectl set image deployment/backend backend=clusterip-lab/backend:v2",
    "kubectl set selector service my-clusterip-service app=myapp,type=back-end,tier=gold",
    "kubectl set env deployment/backend --list",
    "kubectl set env deployment/backend LISTEN=0.0.0.0",
    "kubectl set env deployment/backend LISTEN-",
    "kubectl label pod backend-a type-",
    "kubectl label pods --all tier=gold --overwrite",
    "kubectl annotate service web description='perché è così'",
    "kubectl annotate service web note=città",
    "kubectl patch service x -p '{\"spec\":{\"sessionAffinity\":\"None\"}}'",
    "kubectl patch service x --type=json --patch '[{\"op\":\"remove\",\"path\":\"/spec/selector/a\"}]'",
    "kubectl patch service x -p \"{\\\"spec\\\":{\\\"selector\\\":null}}\"",
    "kubectl patch service x -p '{\"metadata\":{\"annotations\":{\"a\":\"x | y; z && $HOME `id` > f\"}}}'",
    "kubectl rollout status deployment/backend",
    "kubectl rollout restart deployment/backend",
    "kubectl rollout undo deployment/backend --to-revision=1",
    "kubectl rollout history deployment/backend --revision=2",
    "kubectl rollout pause deployment backend",
    "kubectl rollout resume deployment backend",
    "kubectl logs backend-a",
    "kubectl logs -f backend-a --tail=20",
    "kubectl logs backend-a --tail -1 -p",
    "kubectl logs -l app=myapp --prefix --since=5m",
    "kubectl explain service.spec.clusterIP",
    "kubectl explain svc --recursive",
    "kubectl api-resources --namespaced=true -o wide",
    "kubectl api-versions",
    "kubectl version --client -o yaml",
    "kubectl run web --image=clusterip-lab/backend:v1 --port=8080 --expose",
    "kubectl run web --image=clusterip-lab/backend:v1 --env=A=b -- backend --flag -n other",
    "kubectl exec client -- curl http://my-clusterip-service",
    "kubectl exec client -c client -- curl -s -m 2 http://my-clusterip-service",
    "kubectl exec pod/client -- ping -c 2 10.0.0.1",
    "kubectl exec deployment/backend -- env",
    "kubectl exec client -- curl -H 'A: b; c' 'http://x/?a=1&b=2'",
    "kubectl exec client -- tool --kubeconfig=x -A --namespace other",
    "kubectl exec --help",
    "kubectl wait --for=condition=Ready pod/a --timeout=30s",
    "kubectl wait --for=jsonpath='{.status.phase}'=Running pod/a",
    "kubectl events --for pod/a -w",
    "kubectl auth can-i create services",
    "kubectl auth can-i --list",
    "kubectl auth whoami -o yaml",
    "kubectl expose --help",
    "kubectl get -h",
    "curl -s http://my-clusterip-service",
    "curl 'http://my-clusterip-service/?a=1&b=2'",
    "curl http://my-clusterip-service/?a=1",
    "nslookup my-clusterip-service",
    "nslookup orders.lab-ada-neighbour.svc.cluster.local",
    "ping -c 2 10.96.0.1",
    "help",
    "clear",
    "history",
    "k'ubec'tl get pods",
    "kubectl get pods *",
];

#[test]
fn what_the_course_types_is_read() {
    for line in LINES {
        match read(line) {
            Err(refusal) => panic!("{line}: {refusal:?}"),
            Ok(Command::Kubectl(read)) => assert_eq!(oracle::complaint(&read, OWN), None, "{line}"),
            Ok(_) => {}
        }
    }
}

/// Every command in a lab's file: those it shows, and those its links are for.
fn commands_of_the_labs() -> Vec<(String, String)> {
    let labs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs");
    let mut found = Vec::new();
    for lab in std::fs::read_dir(labs).expect("the labs") {
        let file = lab.expect("a lab").path().join("lab.yaml");
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for line in text.lines() {
            let command = line.trim_start().trim_start_matches("- ").trim_start_matches("command: ");
            if ["kubectl ", "curl ", "nslookup ", "ping "].iter().any(|tool| command.starts_with(tool)) {
                found.push((file.display().to_string(), command.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_command_of_the_labs_is_read_with_names_for_its_placeholders() {
    let commands = commands_of_the_labs();
    assert!(commands.len() > 100, "only {} commands", commands.len());
    for (file, command) in commands {
        if command.contains('<') {
            assert_eq!(code(&command), "placeholder", "{file}: {command}");
        }
        let whole = command.replace(['<', '>'], "");
        let expected = if whole.contains(" port-forward ") { "verb_not_offered" } else { "accepted" };
        assert_eq!(code(&whole), expected, "{file}: {whole}");
    }
}

#[test]
fn kubectl_gets_the_words_as_they_were_quoted_with_the_verb_first() {
    for (line, argv) in [
        ("kubectl get pods", vec!["get", "pods"]),
        ("kubectl -n lab-ada get pods", vec!["get", "-n", "lab-ada", "pods"]),
        (
            "kubectl --namespace=lab-ada rollout status d/x",
            vec!["rollout", "status", "--namespace=lab-ada", "d/x"],
        ),
        (
            "kubectl create svc clusterip x --tcp=1:2",
            vec!["create", "service", "clusterip", "x", "--tcp=1:2"],
        ),
        ("kubectl patch svc x -p '{\"a\": \"b c\"}'", vec!["patch", "svc", "x", "-p", "{\"a\": \"b c\"}"]),
        ("kubectl exec c -- curl -s ''", vec!["exec", "c", "--", "curl", "-s", ""]),
        ("kubectl get pods -o\"wi\"'d'e", vec!["get", "pods", "-owide"]),
        ("kubectl get a\\ b", vec!["get", "a b"]),
    ] {
        assert_eq!(kubectl(line).argv, argv, "{line}");
    }
}

#[test]
fn only_the_dash_of_a_flag_reads_the_editor() {
    for (line, stdin) in [
        ("kubectl apply -f -", Stdin::Editor),
        ("kubectl delete --filename=-", Stdin::Editor),
        ("kubectl logs -f a", Stdin::None),
        ("kubectl get pods", Stdin::None),
        ("kubectl exec client -- tool -f -", Stdin::None),
    ] {
        assert_eq!(kubectl(line).stdin, stdin, "{line}");
    }
}

#[test]
fn what_does_not_end_by_itself_is_a_watch() {
    for (line, span) in [
        ("kubectl get pods", Span::Once),
        ("kubectl get pods -w", Span::Watch),
        ("kubectl get pods --watch", Span::Watch),
        ("kubectl get pods --watch-only", Span::Watch),
        ("kubectl get pods -w --watch-only=false", Span::Watch),
        ("kubectl get pods -w --watch=false", Span::Once),
        ("kubectl get pods --watch=false --watch=1", Span::Watch),
        ("kubectl events -w", Span::Watch),
        ("kubectl logs a", Span::Once),
        ("kubectl logs a -f", Span::Watch),
        ("kubectl logs -fp a", Span::Watch),
        ("kubectl logs a --follow=0", Span::Once),
        ("kubectl apply -f -", Span::Once),
        ("kubectl rollout status d/x", Span::Watch),
        ("kubectl rollout status d/x -w=false", Span::Once),
        ("kubectl wait --for=delete pod/a", Span::Watch),
        ("kubectl exec client -- tool -w", Span::Once),
    ] {
        assert_eq!(kubectl(line).span, span, "{line}");
    }
}

#[test]
fn every_command_says_where_it_runs() {
    let pod = |name: &str| Place::Pod(name.to_owned());
    for (line, place) in [
        ("kubectl get pods", Place::Outside),
        ("kubectl exec client -- curl http://a", pod("client")),
        ("kubectl exec pod/web -- env", pod("web")),
        ("kubectl exec deployment/web -- env", pod("deployment/web")),
        ("kubectl run x --image=y -- curl", Place::Outside),
        ("curl http://a", pod("client")),
        ("nslookup a", pod("client")),
        ("help", Place::Page),
    ] {
        assert_eq!(read(line).expect(line).place(), place, "{line}");
    }
}

#[test]
fn the_client_s_tools_get_their_words_as_they_are() {
    let Ok(Command::Client(line)) = read("curl -H 'A: b' http://x --max-time 2") else { panic!("no tool") };
    assert_eq!(line.tool, ClientTool::Curl);
    assert_eq!(line.argv, ["-H", "A: b", "http://x", "--max-time", "2"]);
    assert_eq!(read("clear"), Ok(Command::Own(OwnWord::Clear)));
}

#[test]
fn every_verb_can_be_asked_for_its_help() {
    for verb in Verb::ALL {
        let read = clusterip_domain::console::read(&format!("kubectl {} --help", verb.words()), &bounds());
        let Ok(Command::Kubectl(line)) = read else { panic!("{verb:?}: {read:?}") };
        assert_eq!(line.verb, *verb);
    }
}

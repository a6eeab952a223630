//! The flags of each verb, with how many words each takes: what is not here is refused.
//!
//! Source: `kubectl VERB --help` of 1.34, and <https://kubernetes.io/docs/reference/kubectl/generated/>.

use super::{Reserved, Verb};

/// A flag of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flag {
    pub(super) long: &'static str,
    pub(super) short: Option<char>,
    pub(super) takes: Takes,
}

/// What follows a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing, or `=true` and `=false`.
    Switch,
    /// A value, as `=value` or as the next word.
    Value(Value),
    /// A value as `=value` only: kubectl would take the next word for an argument.
    Attached(&'static [&'static str]),
}

/// Which values a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// Whatever kubectl and the cluster take.
    Any,
    /// The run's own namespace.
    Namespace,
    /// `-`, the editor's document.
    Document,
    /// A format, and a template after `=` where it has one. No Go templates: they compute, and a short one can ask
    /// for more memory than there is.
    Output(&'static [&'static str]),
    /// A JSON path.
    Path,
}

const fn switch(long: &'static str) -> Flag {
    Flag { long, short: None, takes: Takes::Switch }
}

const fn value(long: &'static str) -> Flag {
    Flag { long, short: None, takes: Takes::Value(Value::Any) }
}

const fn path(long: &'static str) -> Flag {
    Flag { long, short: None, takes: Takes::Value(Value::Path) }
}

const fn output(formats: &'static [&'static str]) -> Flag {
    Flag { long: "output", short: Some('o'), takes: Takes::Value(Value::Output(formats)) }
}

impl Flag {
    const fn or(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }
}

const EVERYWHERE: &[Flag] = &[
    Flag { long: "namespace", short: Some('n'), takes: Takes::Value(Value::Namespace) },
    switch("help").or('h'),
];
const DOCUMENT: &[Flag] =
    &[Flag { long: "filename", short: Some('f'), takes: Takes::Value(Value::Document) }];
const SELECTOR: &[Flag] = &[value("selector").or('l')];
const PRINTED: &[Flag] = &[
    output(&["json", "yaml", "name", "jsonpath", "jsonpath-as-json"]),
    switch("show-managed-fields"),
    switch("allow-missing-template-keys"),
];
const WRITTEN: &[Flag] = &[
    Flag { long: "dry-run", short: None, takes: Takes::Attached(&["client", "server", "none"]) },
    value("field-manager"),
];
const MADE: &[Flag] = &[
    Flag {
        long: "validate",
        short: None,
        takes: Takes::Attached(&["strict", "warn", "ignore", "true", "false"]),
    },
    switch("save-config"),
];
const GONE: &[Flag] = &[
    Flag { long: "cascade", short: None, takes: Takes::Attached(&["background", "foreground", "orphan"]) },
    switch("force"),
    value("grace-period"),
    value("timeout"),
    switch("wait"),
];

const GET: &[Flag] = &[
    output(&["wide", "yaml", "json", "name", "jsonpath", "jsonpath-as-json", "custom-columns"]),
    switch("watch").or('w'),
    switch("watch-only"),
    switch("show-labels"),
    switch("show-kind"),
    switch("show-managed-fields"),
    switch("no-headers"),
    switch("ignore-not-found"),
    switch("output-watch-events"),
    switch("allow-missing-template-keys"),
    switch("server-print"),
    value("label-columns").or('L'),
    value("field-selector"),
    path("sort-by"),
    value("chunk-size"),
    value("subresource"),
];
const DESCRIBE: &[Flag] = &[switch("show-events"), value("chunk-size")];
const CREATE_DEPLOYMENT: &[Flag] = &[value("image"), value("port"), value("replicas").or('r')];
const CREATE_CLUSTER_IP: &[Flag] = &[value("clusterip"), value("tcp")];
const CREATE_CONFIG_MAP: &[Flag] = &[value("from-literal"), switch("append-hash")];
const APPLY: &[Flag] =
    &[switch("server-side"), switch("force-conflicts"), switch("overwrite"), value("subresource")];
const DELETE: &[Flag] =
    &[output(&["name"]), switch("all"), switch("ignore-not-found"), switch("now"), value("field-selector")];
const EXPOSE: &[Flag] = &[
    value("port"),
    value("target-port"),
    value("name"),
    value("type"),
    value("protocol"),
    value("selector"),
    value("labels").or('l'),
    value("cluster-ip"),
    value("session-affinity"),
    value("overrides"),
    value("override-type"),
    switch("save-config"),
];
const SCALE: &[Flag] = &[
    value("replicas"),
    value("current-replicas"),
    value("resource-version"),
    value("timeout"),
    switch("all"),
];
const SET: &[Flag] = &[switch("all"), switch("local")];
const SET_ENV: &[Flag] = &[
    value("env").or('e'),
    value("containers").or('c'),
    value("from"),
    value("keys"),
    value("prefix"),
    switch("list"),
    switch("overwrite"),
    switch("resolve"),
];
const LABEL: &[Flag] = &[
    switch("all"),
    switch("list"),
    switch("local"),
    switch("overwrite"),
    value("field-selector"),
    value("resource-version"),
];
const PATCH: &[Flag] = &[value("patch").or('p'), value("type"), value("subresource"), switch("local")];
const STATUS: &[Flag] = &[switch("watch").or('w'), value("revision"), value("timeout")];
const LOGS: &[Flag] = &[
    switch("follow").or('f'),
    switch("previous").or('p'),
    switch("timestamps"),
    switch("prefix"),
    switch("all-containers"),
    switch("all-pods"),
    switch("ignore-errors"),
    value("container").or('c'),
    value("tail"),
    value("since"),
    value("since-time"),
    value("limit-bytes"),
    value("max-log-requests"),
    value("pod-running-timeout"),
];
const EXPLAIN: &[Flag] =
    &[output(&["plaintext", "plaintext-openapiv2"]), switch("recursive"), value("api-version")];
const API_RESOURCES: &[Flag] = &[
    output(&["wide", "name"]),
    switch("namespaced"),
    switch("no-headers"),
    value("api-group"),
    value("categories"),
    path("sort-by"),
    value("verbs"),
];
const VERSION: &[Flag] = &[output(&["yaml", "json"]), switch("client")];
const RUN: &[Flag] = &[
    value("image"),
    value("image-pull-policy"),
    value("port"),
    value("env"),
    value("labels").or('l'),
    value("annotations"),
    value("restart"),
    switch("command"),
    switch("expose"),
    switch("quiet").or('q'),
    switch("save-config"),
];
const EXEC: &[Flag] = &[value("container").or('c'), value("pod-running-timeout"), switch("quiet").or('q')];
const WAIT: &[Flag] =
    &[path("for"), value("timeout"), value("field-selector"), switch("all"), switch("local")];
const EVENTS: &[Flag] = &[
    output(&["yaml", "json", "jsonpath"]),
    switch("watch").or('w'),
    switch("no-headers"),
    value("for"),
    value("types"),
    value("chunk-size"),
];
const CAN_I: &[Flag] = &[switch("list"), switch("no-headers"), switch("quiet").or('q'), value("subresource")];

impl Verb {
    /// Its flags.
    pub(super) fn flags(self) -> impl Iterator<Item = &'static Flag> {
        self.groups().iter().copied().flatten().chain(EVERYWHERE)
    }

    fn groups(self) -> &'static [&'static [Flag]] {
        match self {
            Self::Get => &[GET, SELECTOR, DOCUMENT],
            Self::Describe => &[DESCRIBE, SELECTOR, DOCUMENT],
            Self::Create => &[DOCUMENT, PRINTED, WRITTEN, MADE],
            Self::CreateDeployment => &[CREATE_DEPLOYMENT, PRINTED, WRITTEN, MADE],
            Self::CreateClusterIp => &[CREATE_CLUSTER_IP, PRINTED, WRITTEN, MADE],
            Self::CreateConfigMap => &[CREATE_CONFIG_MAP, PRINTED, WRITTEN, MADE],
            Self::Apply => &[DOCUMENT, APPLY, PRINTED, WRITTEN, &MADE_VALIDATE, GONE],
            Self::Delete => &[DOCUMENT, DELETE, SELECTOR, &WRITTEN_DRY, GONE],
            Self::Expose => &[DOCUMENT, EXPOSE, PRINTED, WRITTEN],
            Self::Scale => &[DOCUMENT, SCALE, SELECTOR, PRINTED, &WRITTEN_DRY],
            Self::SetImage => &[DOCUMENT, SET, SELECTOR, PRINTED, WRITTEN],
            Self::SetSelector => &[DOCUMENT, SET, &RESOURCE_VERSION, PRINTED, WRITTEN],
            Self::SetEnv => &[DOCUMENT, SET, SET_ENV, SELECTOR, PRINTED, WRITTEN],
            Self::Label | Self::Annotate => &[DOCUMENT, LABEL, SELECTOR, PRINTED, WRITTEN],
            Self::Patch => &[DOCUMENT, PATCH, PRINTED, WRITTEN],
            Self::RolloutStatus => &[DOCUMENT, STATUS, SELECTOR],
            Self::RolloutRestart | Self::RolloutPause | Self::RolloutResume => {
                &[DOCUMENT, SELECTOR, PRINTED, &FIELD_MANAGER]
            }
            Self::RolloutUndo => &[DOCUMENT, SELECTOR, PRINTED, &WRITTEN_DRY, &TO_REVISION],
            Self::RolloutHistory => &[DOCUMENT, SELECTOR, PRINTED, &REVISION],
            Self::Logs => &[LOGS, SELECTOR],
            Self::Explain => &[EXPLAIN],
            Self::ApiResources => &[API_RESOURCES],
            Self::ApiVersions => &[],
            Self::Version => &[VERSION],
            Self::Run => &[RUN, PRINTED, WRITTEN],
            Self::Exec => &[EXEC],
            Self::Wait => &[DOCUMENT, WAIT, SELECTOR, PRINTED],
            Self::Events => &[EVENTS],
            Self::CanI => &[CAN_I],
            Self::Whoami => &[PRINTED],
            Self::Replace => &[DOCUMENT, PRINTED, WRITTEN, MADE, GONE],
        }
    }

    pub(super) fn long_flag(self, name: &str) -> Option<&'static Flag> {
        self.flags().find(|flag| flag.long == name)
    }

    pub(super) fn short_flag(self, letter: char) -> Option<&'static Flag> {
        self.flags().find(|flag| flag.short == Some(letter))
    }
}

// Parts of the groups above, for the verbs that have no more of them.
const MADE_VALIDATE: [Flag; 1] = [MADE[0]];
const WRITTEN_DRY: [Flag; 1] = [WRITTEN[0]];
const FIELD_MANAGER: [Flag; 1] = [WRITTEN[1]];
const RESOURCE_VERSION: [Flag; 1] = [value("resource-version")];
const TO_REVISION: [Flag; 1] = [value("to-revision")];
const REVISION: [Flag; 1] = [value("revision")];

/// What a flag by its long name would reach, if it is one of those that are refused by name.
pub(super) fn reserved(name: &str) -> Option<Reserved> {
    Some(match name {
        "kubeconfig" | "server" | "context" | "cluster" => Reserved::Cluster,
        "token" | "user" | "username" | "password" | "client-certificate" | "client-key" => {
            Reserved::Identity
        }
        _ if name == "as" || name.starts_with("as-") || name.starts_with("auth-") => Reserved::Identity,
        "certificate-authority" | "tls-server-name" => Reserved::Tls,
        _ if name.starts_with("insecure-skip-tls-verify") => Reserved::Tls,
        "all-namespaces" => Reserved::AllNamespaces,
        "filename" | "from-file" | "from-env-file" | "patch-file" | "recursive" => Reserved::Files,
        "prune" | "prune-allowlist" | "openapi-patch" | "windows-line-endings" => Reserved::Files,
        "kustomize" => Reserved::Kustomize,
        "raw" => Reserved::Raw,
        "stdin" | "tty" | "attach" | "rm" | "leave-stdin-open" | "interactive" => Reserved::Terminal,
        "edit" => Reserved::Editor,
        "template" => Reserved::Template,
        "overrides" | "override-type" => Reserved::Overrides,
        "v" | "vmodule" | "cache-dir" | "cached" | "kuberc" | "request-timeout" | "alsologtostderr"
        | "logtostderr" | "stderrthreshold" => Reserved::Logging,
        _ if name.starts_with("profile") || name.starts_with("log-") => Reserved::Logging,
        _ => return None,
    })
}

/// The same by its letter.
pub(super) fn reserved_short(letter: char) -> Option<Reserved> {
    Some(match letter {
        'A' => Reserved::AllNamespaces,
        's' => Reserved::Cluster,
        'v' => Reserved::Logging,
        'k' => Reserved::Kustomize,
        'f' | 'R' => Reserved::Files,
        'i' | 't' => Reserved::Terminal,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kubectl's own help says of a flag: its letter, and whether it takes a value.
    fn in_the_help(verb: Verb, long: &str) -> Option<(Option<char>, bool)> {
        include_str!("kubectl-flags.txt").lines().find_map(|line| {
            let (of, flag) = line.split_once('\t').filter(|(of, _)| *of == verb.words())?;
            let (letter, name) =
                flag.split_once(", ").map_or((None, flag), |(l, name)| (l.chars().nth(1), name));
            let (name, default) = name.split_once('=')?;
            let switch = matches!(default, "true" | "false");
            (!of.is_empty() && name.trim_start_matches('-') == long).then_some((letter, !switch))
        })
    }

    #[test]
    fn every_flag_is_kubectl_s_own_with_the_same_letter_and_as_many_words() {
        for verb in Verb::ALL {
            for flag in verb.flags().filter(|f| !matches!(f.long, "namespace" | "help")) {
                let found = in_the_help(*verb, flag.long);
                let own = (flag.short, flag.takes != Takes::Switch);
                assert_eq!(found, Some(own), "{verb:?} --{}", flag.long);
            }
        }
    }

    #[test]
    fn no_flag_of_a_verb_has_another_s_letter() {
        for verb in Verb::ALL {
            let mut letters: Vec<char> = verb.flags().filter_map(|f| f.short).collect();
            let all = letters.len();
            letters.sort_unstable();
            letters.dedup();
            assert_eq!(letters.len(), all, "{verb:?}");
        }
    }

    #[test]
    fn a_reserved_flag_is_never_on_a_list() {
        for verb in Verb::ALL {
            for flag in verb.flags() {
                let own = match flag.long {
                    // The editor's document, fields of a kind, and a Service's own overrides.
                    "filename" | "overrides" | "override-type" => true,
                    "recursive" => *verb == Verb::Explain,
                    _ => false,
                };
                assert!(own || reserved(flag.long).is_none(), "{verb:?} --{}", flag.long);
            }
        }
    }
}

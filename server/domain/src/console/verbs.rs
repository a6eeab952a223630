//! The verbs of kubectl that the lab offers, and what it says of the others.

use serde::Serialize;

use super::NotOffered;

macro_rules! verbs {
    ($($(#[$doc:meta])* $verb:ident = $words:literal),+ $(,)?) => {
        /// A verb of kubectl that the lab offers, with the words after it that choose what it does.
        /// Source: <https://kubernetes.io/docs/reference/kubectl/generated/>.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Verb { $($(#[$doc])* $verb),+ }

        impl Verb {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$verb),+];

            /// Its words, as they are typed: `rollout status`.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$verb => $words),+ }
            }
        }
    };
}

verbs! {
    /// Lists or shows objects.
    Get = "get",
    /// Tells everything about objects, with their events.
    Describe = "describe",
    /// Makes what the editor's document says.
    Create = "create",
    /// Makes a Deployment.
    CreateDeployment = "create deployment",
    /// Makes a Service of type ClusterIP.
    CreateClusterIp = "create service clusterip",
    /// Makes a ConfigMap.
    CreateConfigMap = "create configmap",
    /// Makes what the editor's document says so.
    Apply = "apply",
    /// Deletes objects.
    Delete = "delete",
    /// Makes a Service for a pod, a Deployment or another Service.
    Expose = "expose",
    /// Sets the number of replicas.
    Scale = "scale",
    /// Sets a container's image.
    SetImage = "set image",
    /// Sets a Service's selector.
    SetSelector = "set selector",
    /// Sets a container's variables.
    SetEnv = "set env",
    /// Sets labels.
    Label = "label",
    /// Sets annotations.
    Annotate = "annotate",
    /// Changes some fields.
    Patch = "patch",
    /// Waits for a rollout.
    RolloutStatus = "rollout status",
    /// Makes the pods anew.
    RolloutRestart = "rollout restart",
    /// Goes back to an earlier version.
    RolloutUndo = "rollout undo",
    /// Lists the versions.
    RolloutHistory = "rollout history",
    /// Holds a rollout.
    RolloutPause = "rollout pause",
    /// Goes on with it.
    RolloutResume = "rollout resume",
    /// Prints what a container printed.
    Logs = "logs",
    /// Explains a kind's fields.
    Explain = "explain",
    /// Lists the kinds.
    ApiResources = "api-resources",
    /// Lists the API's versions.
    ApiVersions = "api-versions",
    /// Says which versions kubectl and the cluster have.
    Version = "version",
    /// Makes a pod.
    Run = "run",
    /// Runs a command in a pod.
    Exec = "exec",
    /// Waits for a condition.
    Wait = "wait",
    /// Lists events.
    Events = "events",
    /// Asks what one may do.
    CanI = "auth can-i",
    /// Asks who one is.
    Whoami = "auth whoami",
    /// Puts the editor's document in an object's place.
    Replace = "replace",
}

/// Other words for a verb's second one, which kubectl takes too.
const ALIASES: [(&str, &str); 3] = [("deploy", "deployment"), ("svc", "service"), ("cm", "configmap")];

impl Verb {
    /// Whether some verb begins with this word.
    pub(super) fn is_first_word(word: &str) -> bool {
        Self::first_words().any(|first| first == word)
    }

    /// The first word of each verb; of some, more than once.
    pub(super) fn first_words() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter_map(|verb| verb.words().split(' ').next())
    }

    /// The verb with exactly these words.
    pub(super) fn of(words: &[&str]) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.words().split(' ').eq(words.iter().copied()))
    }

    /// The words that may follow these, each once.
    pub(super) fn after(words: &[&str]) -> Vec<&'static str> {
        let mut found: Vec<&'static str> = Vec::new();
        for verb in Self::ALL {
            let mut own = verb.words().split(' ');
            let begins = words.iter().all(|word| own.next() == Some(*word));
            if let Some(next) = own.next().filter(|next| begins && !found.contains(next)) {
                found.push(next);
            }
        }
        found
    }

    /// Whether it takes its object from the document alone: words after it would be another verb.
    pub(super) fn takes_no_arguments(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Apply | Self::Replace | Self::ApiVersions | Self::Version | Self::Whoami
        )
    }

    /// Whether a command may follow, after `--`.
    pub(super) fn takes_command(self) -> bool {
        matches!(self, Self::Exec | Self::Run)
    }
}

/// A word as the table has it.
pub(super) fn canonical(word: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, canonical)| canonical)
}

/// Why the lab does not offer a verb that kubectl has; `None` if kubectl has it not either.
pub(super) fn why_not(word: &str) -> Option<NotOffered> {
    Some(match word {
        "port-forward" | "proxy" => NotOffered::Listens,
        "edit" => NotOffered::Editor,
        "attach" | "debug" => NotOffered::Terminal,
        "cp" | "kustomize" | "diff" => NotOffered::Files,
        "config" | "plugin" | "completion" | "alpha" | "kuberc" | "options" => NotOffered::Own,
        "drain" | "cordon" | "uncordon" | "taint" | "certificate" | "cluster-info" | "top" => {
            NotOffered::Cluster
        }
        "autoscale" | "convert" => NotOffered::Course,
        "help" => NotOffered::Help,
        _ => return None,
    })
}

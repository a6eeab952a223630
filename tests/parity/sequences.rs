//! Random commands over a few Deployments and Services, the same on both sides; after each, both must come to rest in
//! the same state.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::normal::Names;
use crate::play::{self, Sides};
use crate::side::Place;
use crate::state::State;

/// How many commands a sequence has.
const LENGTH: usize = 12;
/// How long a side may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(90);
/// The pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A command of a student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command(Vec<String>);

impl Command {
    fn of(line: &str) -> Self {
        // None of them has a space inside a word.
        Self(line.split(' ').map(str::to_owned).collect())
    }

    pub(crate) fn shown(&self) -> String {
        format!("kubectl {}", self.0.join(" "))
    }
}

/// One command, over two names.
fn command() -> impl Strategy<Value = Command> {
    let name = || prop::sample::select(vec!["red", "blue"]);
    let replicas = 0..4_u32;
    let version = prop::sample::select(vec!["v1", "v2"]);
    let target = prop::sample::select(vec!["8080", "9090", "\"http\""]);
    let key = prop::sample::select(vec!["tier", "lesson"]);
    prop_oneof![
        4 => (name(), replicas.clone()).prop_map(|(n, r)| {
            format!("create deployment {n} --image=clusterip-lab/backend:v1 --port=8080 --replicas={r}")
        }),
        3 => (name(), replicas).prop_map(|(n, r)| format!("scale deployment {n} --replicas={r}")),
        2 => (name(), version).prop_map(|(n, v)| {
            format!("set image deployment/{n} backend=clusterip-lab/backend:{v}")
        }),
        1 => name().prop_map(|n| format!("rollout undo deployment/{n}")),
        3 => name().prop_map(|n| format!("expose deployment {n} --port=80 --target-port=8080")),
        2 => (name(), name()).prop_map(|(n, app)| {
            format!(r#"patch service {n} -p {{"spec":{{"selector":{{"app":"{app}"}}}}}}"#)
        }),
        2 => (name(), target).prop_map(|(n, to)| {
            format!(r#"patch service {n} -p {{"spec":{{"ports":[{{"port":80,"targetPort":{to}}}]}}}}"#)
        }),
        1 => (name(), key).prop_map(|(n, k)| format!("label service {n} {k}=one --overwrite")),
        1 => (name(), key_of()).prop_map(|(n, k)| format!("label deployment {n} {k}")),
        2 => name().prop_map(|n| format!("delete pods -l app={n}")),
        1 => name().prop_map(|n| format!("delete rs -l app={n}")),
        1 => name().prop_map(|n| format!("delete deployment {n}")),
        1 => name().prop_map(|n| format!("delete service {n}")),
        1 => name().prop_map(|n| format!("get service {n} -o jsonpath={{.spec.ports}}")),
        1 => Just("get deployments,services -o name".to_owned()),
    ]
    .prop_map(|line| Command::of(&line))
}

fn key_of() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["tier=two", "tier-"])
}

/// The sequences of a seed: the same seed gives the same ones.
pub(crate) fn of_seed(seed: u64, count: usize) -> Vec<Vec<Command>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let sequence = prop::collection::vec(command(), LENGTH);
    let draw = |_| sequence.new_tree(&mut runner).expect("nothing is filtered").current();
    (0..count).map(draw).collect()
}

/// Plays one in a namespace of its own; where the sides differ, says after which commands.
pub(crate) async fn play(name: &str, sequence: &[Command], sides: Sides<'_>) -> Result<(), String> {
    let namespace = format!("parity-{name}");
    let [kind, practice] = sides;
    let (kind, practice) =
        tokio::join!(play::open(kind, name, &namespace), play::open(practice, name, &namespace));
    let places = [kind?, practice?];
    let mut played = String::new();
    let mut outcome = Ok(());
    for command in sequence {
        played.push_str(&format!("{}\n", command.shown()));
        outcome = step(command, &places).await;
        if outcome.is_err() {
            break;
        }
    }
    play::close(&places, &namespace).await;
    outcome.map_err(|why| format!("{name}: after\n{played}{why}"))
}

async fn step(command: &Command, places: &[Place<'_>; 2]) -> Result<(), String> {
    let words: Vec<&str> = command.0.iter().map(String::as_str).collect();
    let (kind, practice) = tokio::join!(places[0].run(&words), places[1].run(&words));
    let spelled = HashSet::new();
    let said = [(&kind, &places[0]), (&practice, &places[1])].map(|(ran, place)| {
        let mut names = Names::new(&place.side.known, &spelled);
        // Which of several objects is told first follows from their random names.
        let mut lines: Vec<String> = names.output(&ran.stdout).lines().map(str::to_owned).collect();
        lines.sort();
        format!("exit {:?}\n{}\n{}", ran.code, lines.join("\n"), names.errors(&ran.stderr))
    });
    let said = play::diff("said", &said[0], &said[1]);
    if !said.is_empty() {
        return Err(said);
    }
    let (kind, practice) = tokio::join!(rest(&places[0]), rest(&places[1]));
    let differs = play::diff("state", &kind?, &practice?);
    if differs.is_empty() { Ok(()) } else { Err(differs) }
}

/// The state in which a side comes to rest.
async fn rest(place: &Place<'_>) -> Result<String, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = State::of(place).await?;
        let Some(unsettled) = state.unsettled() else { return Ok(state.normal()) };
        if Instant::now() > deadline {
            let side = place.side.name;
            return Err(format!(
                "{side} did not come to rest in {PATIENCE:?}: {unsettled}\n{}",
                state.normal()
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_sequences_again() {
        assert_eq!(of_seed(7, 3), of_seed(7, 3));
        assert_ne!(of_seed(7, 3), of_seed(8, 3));
        let all = of_seed(7, 40).concat();
        for verb in ["create", "scale", "set", "rollout", "expose", "patch", "label", "delete", "get"] {
            assert!(all.iter().any(|command| command.0[0] == verb), "{verb}");
        }
    }
}

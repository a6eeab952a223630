//! Expressions: CEL over [`Facts`], the language Kubernetes itself uses in admission policies.
//!
//! ```text
//! text ── compile ──▶ names known? nesting bounded? ── meter ──▶ Expression
//! Snapshot ──▶ World ──▶ Scene (one open step) ──▶ Expression::holds, Expression::says
//! ```
//!
//! Invariants: an [`Expression`] that exists names only variables and functions there are, and its evaluation ends:
//! every turn of a macro's loop is counted, and one that takes more than [`MAX_TURNS`] is cut, whatever the facts are.

mod meter;
mod names;

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::{Context, Env, ExecutionError, Value, extensions};

use crate::facts::Facts;

/// The longest expression, in bytes.
const MAX_EXPRESSION: usize = 2000;
/// The deepest nesting of macros (`exists` within `filter` within …).
const MAX_NESTING: usize = 6;
/// The most turns of all loops of one evaluation. Six pods of six targets looked up in a full history take 7,200.
pub const MAX_TURNS: u32 = 50_000;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // It can only fail if the standard library had these functions already; then there is nothing to add.
    let _ = env.add_extension(extensions::strings);
    Arc::new(env)
});

thread_local! {
    /// Turns left for the evaluation that runs on this thread.
    static TURNS: Cell<u32> = const { Cell::new(0) };
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: String,
    metered: IdedExpr,
}

/// Why an expression gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It took too long.
    #[error("it takes more than {MAX_TURNS} turns: loop over fewer things")]
    TooLong,
    /// It could not be evaluated: a list that is still empty, a field that is null.
    #[error("{0}")]
    Failed(String),
    /// It gave something of another type.
    #[error("it gives {0}")]
    WrongType(String),
}

impl Expression {
    /// Compiles.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.len() > MAX_EXPRESSION {
            return Err(format!("the expression has {} bytes; at most {MAX_EXPRESSION}", source.len()));
        }
        let program = ENV.compile(source).map_err(|e| {
            let first = e.errors.first().map_or_else(|| e.to_string(), |e| e.msg.clone());
            format!("does not compile: {first}")
        })?;
        let mut metered = program.expression().clone();
        names::check(&metered)?;
        let depth = meter::depth(&metered);
        if depth > MAX_NESTING {
            return Err(format!("nests {depth} macros; at most {MAX_NESTING}"));
        }
        meter::install(&mut metered);
        Ok(Self { source: source.to_owned(), metered })
    }

    /// Whether it holds. An expression without an answer does not hold.
    #[must_use]
    pub fn holds(&self, scene: &Scene<'_>) -> bool {
        self.judge(scene) == Ok(true)
    }

    /// Yes, no, or why there is no answer.
    ///
    /// # Errors
    /// It cannot be evaluated, or is not a question.
    pub fn judge(&self, scene: &Scene<'_>) -> Result<bool, NoAnswer> {
        match self.evaluate(scene)? {
            Value::Bool(yes) => Ok(yes),
            other => Err(NoAnswer::WrongType(format!("{:?}, not true or false", other.type_of()))),
        }
    }

    /// The text that it makes.
    ///
    /// # Errors
    /// It cannot be evaluated, or is not text.
    pub fn says(&self, scene: &Scene<'_>) -> Result<String, NoAnswer> {
        match self.evaluate(scene)? {
            Value::String(text) => Ok(text.to_string()),
            other => Err(NoAnswer::WrongType(format!("{:?}, not text", other.type_of()))),
        }
    }

    /// Its text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    fn evaluate(&self, scene: &Scene<'_>) -> Result<Value, NoAnswer> {
        TURNS.set(MAX_TURNS);
        let answer = scene.0.resolve(&self.metered);
        // An error within `||` may be passed over: whoever ran out of turns has no answer all the same.
        if TURNS.get() == 0 {
            return Err(NoAnswer::TooLong);
        }
        answer.map_err(|e| NoAnswer::Failed(e.to_string()))
    }
}

/// One turn of a loop.
fn turn() -> Result<Value, ExecutionError> {
    let left = TURNS.get().saturating_sub(1);
    TURNS.set(left);
    if left == 0 { Err(ExecutionError::function_error("loop", "too many turns")) } else { Ok(true.into()) }
}

/// What all steps see alike, bound once for all of them: `snapshot` and `noted`.
pub struct World(Context<'static, 'static>);

/// What one step sees: the world, and `traffic`, `chain`, `seen` and `probes` since it opened.
pub struct Scene<'a>(Context<'a, 'static>);

impl World {
    /// Binds.
    #[must_use]
    pub fn new(facts: &Facts<'_>) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENV));
        // The name cannot be written in an expression, so it cannot be taken.
        let _ = context.add_function(meter::TURN, turn);
        // Serialising plain structs of strings, numbers and lists cannot fail; if it ever did, the variable would
        // be undeclared, and every check that names it would not hold.
        let _ = context.add_variable("snapshot", facts.snapshot);
        let _ = context.add_variable("noted", facts.noted);
        Self(context)
    }

    /// What one step sees of it.
    #[must_use]
    pub fn scene(&self, facts: &Facts<'_>) -> Scene<'_> {
        let mut context = self.0.new_inner_scope();
        let _ = context.add_variable("traffic", &facts.traffic);
        let _ = context.add_variable("chain", &facts.chain);
        let _ = context.add_variable("seen", &facts.seen);
        let _ = context.add_variable("probes", &facts.probes);
        Scene(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::History;
    use crate::snapshot::Snapshot;

    fn judge(source: &str) -> Result<bool, NoAnswer> {
        let snapshot = Snapshot::empty("lab-a".parse().unwrap());
        let history = History::default();
        let noted: Vec<std::net::IpAddr> = (1..100).map(|n| [10, 244, 0, n].into()).collect();
        let seen = history.since(history.now());
        let facts = Facts {
            snapshot: &snapshot,
            traffic: vec![],
            chain: vec![],
            seen,
            noted: &noted,
            probes: vec![],
        };
        let world = World::new(&facts);
        Expression::compile(source).unwrap_or_else(|e| panic!("{source}: {e}")).judge(&world.scene(&facts))
    }

    #[test]
    fn macros_give_the_same_answers_as_ever() {
        for (source, answer) in [
            ("noted.exists(n, n == '10.244.0.5')", true),
            ("noted.all(n, n.startsWith('10.244'))", true),
            ("noted.exists_one(n, n == '10.244.0.5')", true),
            ("noted.filter(n, n.endsWith('.5')).size() == 1", true),
            ("noted.map(n, n.size()).exists(s, s > 20)", false),
            ("noted.map(n, n.endsWith('.5'), n)[0] == '10.244.0.5'", true),
            ("noted.filter(n, n.endsWith('.5')).join(', ') == '10.244.0.5'", true),
            ("has(snapshot.staleSince) && snapshot.staleSince == null", true),
        ] {
            assert_eq!(judge(source), Ok(answer), "{source}");
        }
    }

    #[test]
    fn an_evaluation_that_takes_too_long_is_cut() {
        let long = "noted.all(a, noted.all(b, noted.all(c, a != b || c != 'x')))";
        assert_eq!(judge(long), Err(NoAnswer::TooLong));
        for shape in ["exists_one(c, c == 'x')", "filter(c, c == 'x').size() > 0", "map(c, c).size() > 1000"]
        {
            let long = format!("noted.exists(a, noted.exists(b, noted.{shape}))");
            assert_eq!(judge(&long), Err(NoAnswer::TooLong), "{long}");
        }
        assert_eq!(judge(&format!("true || {long}")), Ok(true), "what is not evaluated costs nothing");
        assert_eq!(judge(&format!("{long} || true")), Err(NoAnswer::TooLong), "and nothing hides it");
    }

    #[test]
    fn an_answer_of_another_type_is_none() {
        assert_eq!(judge("noted.size()"), Err(NoAnswer::WrongType("Int, not true or false".into())));
        assert!(matches!(judge("noted[1000] == ''"), Err(NoAnswer::Failed(_))));
    }

    #[test]
    fn what_there_is_not_is_refused_with_what_there_is() {
        for (source, why) in [
            ("snapshots.pods.size() > 0", "there is no variable snapshots"),
            ("snapshot.pod.size() > 0", "snapshot has no field pod"),
            ("seen.pod.size() > 0", "seen has no field pod"),
            ("noted.exist(n, true)", "there is no function exist"),
            ("noted.exists(n, m == '')", "there is no variable m"),
            ("noted.size( > 0", "does not compile"),
            (&"true && ".repeat(300), "at most 2000"),
            (
                "[1].map(a, [1].map(b, [1].map(c, [1].map(d, [1].map(e, [1].map(f, [1].map(g, g)))))))",
                "nests 7",
            ),
        ] {
            let error = Expression::compile(source).err().unwrap_or_default();
            assert!(error.contains(why), "{source}: {error}");
        }
    }
}

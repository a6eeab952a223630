//! Checks: CEL expressions over [`Facts`], the language Kubernetes itself uses in admission policies.

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program, Value};

use super::text::Localized;
use crate::facts::Facts;

/// The longest expression, in bytes. CEL without macros over our facts always ends; this bounds how much there is.
const MAX_EXPRESSION: usize = 2000;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled CEL expression that answers yes or no.
#[derive(Debug)]
pub struct Expression {
    source: String,
    program: Program,
}

impl Expression {
    /// Compiles.
    ///
    /// # Errors
    /// What the compiler says, or that the expression is too long.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.len() > MAX_EXPRESSION {
            return Err(format!("the expression has {} bytes; at most {MAX_EXPRESSION}", source.len()));
        }
        let program = ENV.compile(source).map_err(|e| e.to_string())?;
        Ok(Self { source: source.to_owned(), program })
    }

    /// Whether it holds. An expression that cannot be evaluated (a list that is still empty, a field that is
    /// null) does not hold.
    #[must_use]
    pub fn holds(&self, facts: &Bound<'_>) -> bool {
        matches!(self.program.execute(&facts.0), Ok(Value::Bool(true)))
    }

    /// Its text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Facts as CEL variables, bound once for all checks of a step.
pub struct Bound<'a>(Context<'a, 'a>);

impl Bound<'_> {
    /// Binds `snapshot`, `traffic`, `chain`, `seen`, `noted` and `probes`.
    #[must_use]
    pub fn new(facts: &Facts<'_>) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENV));
        // Serialising plain structs of strings, numbers and lists cannot fail; if it ever did, the variable would
        // be undeclared, and every check that names it would not hold.
        let _ = context.add_variable("snapshot", facts.snapshot);
        let _ = context.add_variable("traffic", &facts.traffic);
        let _ = context.add_variable("chain", &facts.chain);
        let _ = context.add_variable("seen", facts.seen);
        let _ = context.add_variable("noted", facts.noted);
        let _ = context.add_variable("probes", facts.probes);
        Self(context)
    }
}

/// One thing that must be so for a step to be done.
#[derive(Debug)]
pub struct Check {
    /// What must hold.
    pub expression: Expression,
    /// What to say of it: a short statement that becomes true, "three pods are Ready".
    pub says: Localized<String>,
}

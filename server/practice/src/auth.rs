//! Who may ask.

use std::fmt;

/// The tokens that are admitted. For now there is one, of the administrator; students' come with RBAC.
#[derive(Clone)]
pub(crate) struct Tokens {
    admin: String,
}

// A token must not get into a log.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// New random tokens, of 256 bits.
    #[must_use]
    pub(crate) fn generate() -> Self {
        Self { admin: format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()) }
    }

    /// The administrator's.
    #[must_use]
    pub(crate) fn admin(&self) -> &str {
        &self.admin
    }

    /// Whether an Authorization header carries a token that is admitted.
    #[must_use]
    pub(crate) fn admit(&self, authorization: &str) -> bool {
        let Some((scheme, token)) = authorization.split_once(' ') else { return false };
        scheme.eq_ignore_ascii_case("bearer") && same(token.trim().as_bytes(), self.admin.as_bytes())
    }
}

/// Compares in a time that does not tell how far two texts agree.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |diff, (l, r)| diff | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_admitted() {
        let tokens = Tokens::generate();
        assert!(tokens.admit(&format!("Bearer {}", tokens.admin())));
        for wrong in ["", "Bearer", "Bearer x", &format!("Basic {}", tokens.admin()), tokens.admin()] {
            assert!(!tokens.admit(wrong), "{wrong}");
        }
        assert!(!format!("{tokens:?}").contains(tokens.admin()));
    }
}

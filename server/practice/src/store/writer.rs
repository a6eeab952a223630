//! Who writes, and what the admission tells them besides yes.

use std::cell::RefCell;

use super::Mode;
use crate::authn::User;

/// Who writes, and how.
#[derive(Debug)]
pub struct Writer<'a> {
    user: Option<&'a User>,
    mode: Mode,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Writer<'a> {
    /// The cluster itself: its controllers and its kubelet. What it writes is admitted as anyone's, but it gives no
    /// rights away.
    #[must_use]
    pub fn cluster(mode: Mode) -> Self {
        Self { user: None, mode, warnings: RefCell::default() }
    }

    /// A client of the API.
    #[must_use]
    pub fn user(user: &'a User, mode: Mode) -> Self {
        Self { user: Some(user), ..Self::cluster(mode) }
    }

    /// Who it is; `None` for the cluster itself.
    #[must_use]
    pub fn who(&self) -> Option<&'a User> {
        self.user
    }

    /// Whether the write is for real.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Tells the client something about a write that is taken all the same.
    pub fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// What was told.
    #[must_use]
    pub fn into_warnings(self) -> Vec<String> {
        self.warnings.into_inner()
    }
}

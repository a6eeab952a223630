//! What this lab did about a cluster, and that only one process does it at a time: one small file, locked.
//!
//! ```text
//! (empty) ──▶ creating ──▶ made ──▶ (empty)
//!               └─ a process that dies here leaves the word behind: the next one knows the cluster is half made
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::error::SourceError;

/// How far this lab got with a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It never made it, or deleted it.
    NotOurs,
    /// It began, and has not said that it ended.
    Creating,
    /// It made it.
    Made,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::NotOurs => "",
            Self::Creating => "creating",
            Self::Made => "made",
        }
    }

    fn of(word: &str) -> Self {
        [Self::Creating, Self::Made].into_iter().find(|m| m.word() == word.trim()).unwrap_or(Self::NotOurs)
    }
}

/// The right to change a cluster, held until it is dropped; the operating system takes it back from the dead.
#[derive(Debug)]
pub(crate) struct Claim {
    file: File,
    path: PathBuf,
}

impl Claim {
    /// Takes the claim on the cluster whose file this is; `None` while another process has it.
    pub(crate) fn take(path: &Path) -> Result<Option<Self>, SourceError> {
        let unwritable = |source| SourceError::StateUnwritable { path: path.to_owned(), source };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file, path: path.to_owned() })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(unwritable(source)),
        }
    }

    /// How far this lab got, without taking the claim.
    pub(crate) fn peek(path: &Path) -> Mark {
        Mark::of(&std::fs::read_to_string(path).unwrap_or_default())
    }

    pub(crate) fn mark(&mut self) -> Result<Mark, SourceError> {
        let mut word = String::new();
        self.file
            .rewind()
            .and_then(|()| (&self.file).take(64).read_to_string(&mut word))
            .map_err(|source| SourceError::StateUnwritable { path: self.path.clone(), source })?;
        Ok(Mark::of(&word))
    }

    pub(crate) fn set(&mut self, mark: Mark) -> Result<(), SourceError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(mark.word().as_bytes()))
            .and_then(|()| self.file.sync_all())
            .map_err(|source| SourceError::StateUnwritable { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_outlives_its_claim_and_a_claim_keeps_others_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lab.state");
        let mut claim = Claim::take(&path).expect("writable").expect("free");
        assert_eq!(claim.mark().expect("readable"), Mark::NotOurs);
        claim.set(Mark::Creating).expect("writable");
        assert!(Claim::take(&path).expect("writable").is_none());
        drop(claim);
        let mut claim = Claim::take(&path).expect("writable").expect("free again");
        assert_eq!(claim.mark().expect("readable"), Mark::Creating);
        claim.set(Mark::Made).expect("writable");
        assert_eq!((claim.mark().expect("readable"), Claim::peek(&path)), (Mark::Made, Mark::Made));
        claim.set(Mark::NotOurs).expect("writable");
        assert_eq!(Claim::peek(&path), Mark::NotOurs);
    }
}

//! Our own files: a private folder, and files that are whole or absent.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::SourceError;

/// Makes a folder that only its owner may enter, and those above it.
pub(crate) fn private_folder(path: &Path) -> Result<(), SourceError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| SourceError::StateUnwritable { path: path.to_owned(), source })
}

/// Writes a file that only its owner may read; readers see the old one or the new one, never a part.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SourceError> {
    let new = beside(path);
    let written = write_new(&new, bytes).and_then(|()| std::fs::rename(&new, path));
    written.map_err(|source| {
        // The part that was written is of no use; that it could not be removed either adds nothing.
        let _ = std::fs::remove_file(&new);
        SourceError::StateUnwritable { path: path.to_owned(), source }
    })
}

/// A name of this process's own in the same folder, so that the renaming is atomic.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_replaces_the_old_one_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("a/b");
        private_folder(&state).expect("made");
        let path = state.join("kubeconfig");
        std::fs::write(&path, "old").expect("written");
        write_private(&path, b"new").expect("written");
        let mode = |p: &Path| std::fs::metadata(p).expect("there").permissions().mode() & 0o777;
        assert_eq!(std::fs::read(&path).expect("there"), b"new");
        assert_eq!((mode(&path), mode(&state)), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(&state).expect("there").count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let failed = write_private(Path::new("/proc/nowhere/kubeconfig"), b"x").expect_err("not writable");
        assert_eq!(failed.code(), "state_unwritable");
    }
}

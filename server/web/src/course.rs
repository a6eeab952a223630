//! The labs inside the executable.

use std::sync::Arc;

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::{Lab, LabErrors, LabFiles};
use include_dir::{Dir, DirEntry, include_dir};

static LABS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../labs");

/// All labs in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Course(Arc<[Arc<Lab>]>);

impl Course {
    /// Reads the labs that were built in.
    ///
    /// # Errors
    /// The first lab that is not whole, with the name of its folder before that of the file.
    pub fn built_in() -> Result<Self, LabErrors> {
        let mut labs = Vec::new();
        for folder in LABS.dirs() {
            let name = folder.path().display();
            let lab = files(folder).read().map_err(|mut errors| {
                errors.0.iter_mut().for_each(|e| e.file = format!("labs/{name}/{}", e.file));
                errors
            })?;
            labs.push(Arc::new(lab));
        }
        labs.sort_by_key(|lab| lab.number);
        Ok(Self(labs.into()))
    }

    /// The lab of that id.
    #[must_use]
    pub fn lab(&self, id: &LabId) -> Option<&Arc<Lab>> {
        self.0.iter().find(|lab| lab.id == *id)
    }

    /// All labs.
    pub fn labs(&self) -> impl Iterator<Item = &Arc<Lab>> {
        self.0.iter()
    }
}

fn files(folder: &Dir<'_>) -> LabFiles {
    let mut files = LabFiles::default();
    let mut pending: Vec<&DirEntry<'_>> = folder.entries().iter().collect();
    while let Some(entry) = pending.pop() {
        match entry {
            DirEntry::Dir(dir) => pending.extend(dir.entries()),
            DirEntry::File(file) => {
                let path = file.path().strip_prefix(folder.path()).unwrap_or(file.path());
                let path = path.display().to_string();
                match file.contents_utf8() {
                    Some(text) => drop(files.texts.insert(path, text.to_owned())),
                    None => files.others.push(path),
                }
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lab_that_is_built_in_is_whole() {
        let course = Course::built_in().unwrap_or_else(|e| panic!("{e}"));
        assert!(course.labs().count() > 0);
        assert!(course.lab(&"the-whole-story".parse().unwrap()).is_some());
    }
}

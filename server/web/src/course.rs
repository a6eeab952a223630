//! The labs: those inside the executable, or those of a folder, which may change while the server runs.
//!
//! ```text
//! labs built in ─┐
//! --labs DIR ────┴─ read ──▶ Reading { labs, faults } ──▶ pages, runs
//!        └─ --watch: read again when a file changes
//! ```
//!
//! Invariant: a lab that is not whole is never served. Built in, or without `--watch`, it keeps the server from
//! starting; with it, its faults are shown in its place until they are corrected.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::{Lab, LabError, LabErrors, LabFiles};
use include_dir::{Dir, DirEntry, include_dir};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

static LABS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../labs");

/// How often a folder is looked at for changes.
const LOOK: Duration = Duration::from_millis(500);
/// The largest file of a lab that is read, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// All labs in the order of their numbers, as they are now. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Course(watch::Receiver<Arc<Reading>>);

/// What was read at one time.
#[derive(Debug, Default)]
pub struct Reading {
    /// The labs that are whole, by number.
    pub labs: Vec<Arc<Lab>>,
    /// The faults of those that are not, by folder.
    pub faults: BTreeMap<String, LabErrors>,
}

/// Why there is no course.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// Labs that are not whole.
    #[error("{0}")]
    Faults(LabErrors),
    /// The folder cannot be read.
    #[error("the folder {} cannot be read", .0.display())]
    Folder(PathBuf, #[source] io::Error),
}

impl Course {
    /// The labs that were built in.
    ///
    /// # Errors
    /// Every fault of every lab, with the name of its folder before that of the file.
    pub fn built_in() -> Result<Self, CourseError> {
        let folders = LABS.dirs().map(|folder| {
            let name = folder.path().display().to_string();
            (name, built_in_files(folder))
        });
        Self::of(Reading::of(folders))
    }

    /// The labs of a folder, as they are now.
    ///
    /// # Errors
    /// The folder cannot be read, or every fault of every lab.
    pub fn in_folder(root: &Path) -> Result<Self, CourseError> {
        Self::of(read_folder(root)?)
    }

    /// The labs of a folder, read again whenever a file changes until `stop`; the future does that.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn watched(
        root: PathBuf,
        stop: CancellationToken,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), CourseError> {
        // Before it is read: what changes while it is being read is read again.
        let mut seen = stamp(&root);
        let (sender, receiver) = watch::channel(Arc::new(read_folder(&root)?));
        let look = async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let folder = root.clone();
                let now = tokio::task::spawn_blocking(move || stamp(&folder)).await.unwrap_or_default();
                if now == seen {
                    continue;
                }
                seen = now;
                match read_folder(&root) {
                    Ok(reading) => drop(sender.send_replace(Arc::new(reading))),
                    Err(error) => tracing::warn!(%error, "the labs cannot be read; the old ones stay"),
                }
            }
        };
        let until_stopped = async move {
            // It ends only by being stopped.
            let _ = stop.run_until_cancelled(look).await;
        };
        Ok((Self(receiver), until_stopped))
    }

    fn of(reading: Reading) -> Result<Self, CourseError> {
        if reading.faults.is_empty() {
            return Ok(Self(watch::channel(Arc::new(reading)).1));
        }
        let all = reading.faults.into_iter().flat_map(|(folder, errors)| {
            errors.0.into_iter().map(move |e| LabError { file: format!("{folder}/{}", e.file), ..e })
        });
        Err(CourseError::Faults(LabErrors(all.collect())))
    }

    /// What was read last.
    #[must_use]
    pub fn now(&self) -> Arc<Reading> {
        Arc::clone(&self.0.borrow())
    }

    /// Follows what is read.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<Reading>> {
        self.0.clone()
    }

    /// The lab of that id.
    #[must_use]
    pub fn lab(&self, id: &LabId) -> Option<Arc<Lab>> {
        self.0.borrow().labs.iter().find(|lab| lab.id == *id).cloned()
    }

    /// All labs.
    #[must_use]
    pub fn labs(&self) -> Vec<Arc<Lab>> {
        self.0.borrow().labs.clone()
    }

    /// The lab after that one.
    #[must_use]
    pub fn after(&self, lab: &Lab) -> Option<Arc<Lab>> {
        self.0.borrow().labs.iter().find(|next| next.number > lab.number).cloned()
    }

    /// What is wrong with the lab whose folder is called like that id, and the folder's name.
    #[must_use]
    pub fn faults(&self, id: &LabId) -> Option<(String, LabErrors)> {
        let reading = self.0.borrow();
        let of_id = |folder: &&String| folder.split_once('-').is_some_and(|(_, slug)| slug == id.as_str());
        let folder = reading.faults.keys().find(of_id)?;
        Some((folder.clone(), reading.faults.get(folder)?.clone()))
    }
}

impl Reading {
    fn of(folders: impl Iterator<Item = (String, LabFiles)>) -> Self {
        let mut reading = Self::default();
        for (folder, files) in folders {
            match files.read() {
                Ok(lab) => reading.add(folder, lab),
                Err(errors) => drop(reading.faults.insert(folder, errors)),
            }
        }
        reading.labs.sort_by_key(|lab| lab.number);
        reading
    }

    /// Adds a lab, unless another one has its id or number already.
    fn add(&mut self, folder: String, lab: Lab) {
        let twin = self.labs.iter().find(|known| known.id == lab.id || known.number == lab.number);
        let why = match twin {
            Some(twin) => {
                format!(
                    "lab {} has the id {} or the number {} already: choose others",
                    twin.id, lab.id, lab.number
                )
            }
            None if folder.split_once('-').is_none_or(|(_, slug)| slug != lab.id.as_str()) => {
                format!("the folder of lab {} is called NN-{}: rename it, or the lab", lab.id, lab.id)
            }
            None => return self.labs.push(Arc::new(lab)),
        };
        let error = LabError { file: "lab.yaml".into(), line: None, why };
        self.faults.insert(folder, LabErrors(vec![error]));
    }
}

/// Reads every folder that has a `lab.yaml`.
fn read_folder(root: &Path) -> Result<Reading, CourseError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| CourseError::Folder(path, error)
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root).map_err(failed(root))? {
        let path = entry.map_err(failed(root))?.path();
        if path.join("lab.yaml").is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            folders.push((name, files_in(&path).map_err(failed(&path))?));
        }
    }
    folders.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Reading::of(folders.into_iter()))
}

/// The files of one lab's folder on disk.
///
/// # Errors
/// One cannot be read, or is too large.
pub fn files_in(folder: &Path) -> io::Result<LabFiles> {
    let mut files = LabFiles::default();
    for path in paths(folder)? {
        if std::fs::metadata(&path)?.len() > MAX_FILE {
            let why = format!("{} is larger than {MAX_FILE} bytes", path.display());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        match String::from_utf8(std::fs::read(&path)?) {
            Ok(text) => drop(files.texts.insert(name, text)),
            Err(_) => files.others.push(name),
        }
    }
    Ok(files)
}

/// All files below a folder; what begins with a dot is an editor's own.
fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            match entry.file_type()? {
                _ if hidden => {}
                kind if kind.is_dir() => pending.push(entry.path()),
                kind if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Every file and when it was changed: what differs when something was saved.
fn stamp(root: &Path) -> Vec<(PathBuf, Option<SystemTime>)> {
    let changed = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let all = paths(root).unwrap_or_default();
    all.into_iter().map(|path| (path.clone(), changed(&path))).collect()
}

fn built_in_files(folder: &Dir<'_>) -> LabFiles {
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
        assert!(!course.labs().is_empty());
        assert!(course.lab(&"the-whole-story".parse().unwrap()).is_some());
    }

    fn folder_with(lab: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs/00-the-whole-story");
        for path in paths(&from).unwrap() {
            let to = root.path().join(lab).join(path.strip_prefix(&from).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(path, to).unwrap();
        }
        root
    }

    #[tokio::test]
    async fn a_folder_that_is_watched_is_read_again_when_a_file_changes() {
        let root = folder_with("00-the-whole-story");
        let stop = CancellationToken::new();
        let (course, look) = Course::watched(root.path().to_owned(), stop.clone()).unwrap();
        let looking = tokio::spawn(look);
        let id: LabId = "the-whole-story".parse().unwrap();
        assert!(course.lab(&id).is_some());
        let yaml = root.path().join("00-the-whole-story/lab.yaml");
        let text = std::fs::read_to_string(&yaml).unwrap();
        std::fs::write(&yaml, text.replace("minutes", "minuten")).unwrap();
        let mut changes = course.changes();
        let within = Duration::from_secs(20);
        tokio::time::timeout(within, changes.wait_for(|r| !r.faults.is_empty())).await.unwrap().unwrap();
        let (folder, errors) = course.faults(&id).unwrap();
        assert_eq!(folder, "00-the-whole-story");
        assert!(errors.0[0].line.is_some() && errors.0[0].why.contains("minuten"), "{errors}");
        std::fs::write(&yaml, text).unwrap();
        tokio::time::timeout(within, changes.wait_for(|r| r.faults.is_empty())).await.unwrap().unwrap();
        assert!(course.lab(&id).is_some());
        stop.cancel();
        looking.await.unwrap();
    }

    #[test]
    fn a_folder_with_a_lab_that_is_not_whole_is_refused_with_its_file_and_line() {
        let root = folder_with("00-the-whole-story");
        std::fs::remove_file(root.path().join("00-the-whole-story/start/service.yaml")).unwrap();
        let error = Course::in_folder(root.path()).unwrap_err().to_string();
        assert!(
            error.contains("00-the-whole-story/lab.yaml:") && error.contains("start/service.yaml"),
            "{error}"
        );
        let missing = Course::in_folder(&root.path().join("nowhere")).unwrap_err().to_string();
        assert!(missing.contains("cannot be read"), "{missing}");
    }

    #[test]
    fn two_labs_of_one_number_are_refused() {
        let root = folder_with("00-the-whole-story");
        let from = root.path().join("00-the-whole-story");
        for path in paths(&from).unwrap() {
            let to = root.path().join("02-the-whole-story").join(path.strip_prefix(&from).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(path, to).unwrap();
        }
        let error = Course::in_folder(root.path()).unwrap_err().to_string();
        assert!(error.contains("02-the-whole-story/lab.yaml") && error.contains("choose others"), "{error}");
    }
}

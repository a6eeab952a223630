//! The few things asked of kind. Every call names our cluster, and our own kubeconfig wherever kind would write one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::command::{self, Finished, last_lines};
use super::complaint::{self, Complaint};
use super::docker::{self, Docker};
use super::error::SourceError;

/// How long kind has for a question.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How long kind has to make a cluster, with the pulling of a gigabyte over a slow line in it.
const CREATE_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long kind has to delete a cluster.
const DELETE_LIMIT: Duration = Duration::from_secs(120);
/// How long kind has to bring an image to the nodes.
const LOAD_LIMIT: Duration = Duration::from_secs(180);
/// How many of kind's last lines an error quotes.
const TAIL: usize = 12;

/// kind's command line, bound to one cluster and one kubeconfig.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    program: PathBuf,
    /// Where docker is: kind looks for it on its own PATH.
    docker_folder: Option<PathBuf>,
    cluster: String,
    kubeconfig: PathBuf,
}

impl Kind {
    /// The program given, else `kind` on the PATH.
    pub(crate) fn find(
        given: Option<&Path>,
        docker: Option<&Docker>,
        cluster: &str,
        kubeconfig: &Path,
    ) -> Result<Self, SourceError> {
        let program =
            which::which(given.unwrap_or(Path::new("kind"))).map_err(|_| SourceError::KindNotFound)?;
        Ok(Self {
            program,
            docker_folder: docker.and_then(|d| d.program().parent()).map(Path::to_owned),
            cluster: cluster.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
        })
    }

    /// `kind v0.33.0 go1.26.5 linux/amd64` → `v0.33.0`.
    pub(crate) async fn version(&self) -> Result<String, SourceError> {
        let doing = "tell its version";
        let out = self.run(doing, ["version"], ANSWER_LIMIT).await?;
        Ok(out.stdout.split_whitespace().nth(1).unwrap_or_default().to_owned())
    }

    /// Makes the cluster; kind deletes what it made if it fails. Each line it prints is told as it comes.
    pub(crate) async fn create(
        &self,
        image: Option<&str>,
        config: Option<&Path>,
        tell: impl FnMut(&str),
    ) -> Result<(), SourceError> {
        let mut command = self.command();
        command.args(["create", "cluster", "--name", &self.cluster, "--wait", "60s", "--kubeconfig"]);
        command.arg(&self.kubeconfig);
        if let Some(image) = image {
            command.args(["--image", image]);
        }
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let doing = "create the cluster";
        let finished = command::run_telling(command, CREATE_LIMIT, tell)
            .await
            .map_err(|source| self.not_run(doing, source))?;
        if finished.success { Ok(()) } else { Err(self.create_failure(&finished)) }
    }

    /// Deletes the cluster, and its entry in our kubeconfig. Nothing to delete is no failure.
    pub(crate) async fn delete(&self) -> Result<(), SourceError> {
        let kubeconfig = self.kubeconfig.clone().into_os_string();
        let mut args: Vec<OsString> =
            ["delete", "cluster", "--name", &self.cluster, "--kubeconfig"].map(Into::into).into();
        args.push(kubeconfig);
        self.run("delete the cluster", args, DELETE_LIMIT).await.map(drop)
    }

    /// The cluster's kubeconfig: secret, so never logged.
    pub(crate) async fn kubeconfig(&self) -> Result<String, SourceError> {
        let args = ["get", "kubeconfig", "--name", &self.cluster];
        Ok(self.run("tell the cluster's kubeconfig", args, ANSWER_LIMIT).await?.stdout)
    }

    /// Brings every image of an archive to these nodes.
    pub(crate) async fn load(&self, archive: &Path, nodes: &[String]) -> Result<(), SourceError> {
        let mut args: Vec<OsString> = ["load", "image-archive"].map(Into::into).into();
        args.push(archive.as_os_str().to_owned());
        args.extend(["--name", &self.cluster, "--nodes", &nodes.join(",")].map(OsString::from));
        match self.run("load the image of the lab's pods", args, LOAD_LIMIT).await {
            Err(SourceError::KindFailed { detail, .. }) => Err(SourceError::ImageLoadFailed { detail }),
            other => other.map(drop),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // docker is what we speak; and where kind would fall back on the user's own kubeconfig, it finds ours.
        command.env_remove("KIND_EXPERIMENTAL_PROVIDER").env("KUBECONFIG", &self.kubeconfig);
        if let Some(path) = self.search_path() {
            command.env("PATH", path);
        }
        command
    }

    /// The PATH with docker's folder in front, so that kind runs the docker we speak to.
    fn search_path(&self) -> Option<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(self.docker_folder.iter().cloned().chain(std::env::split_paths(&path))).ok()
    }

    async fn run<S: AsRef<std::ffi::OsStr>>(
        &self,
        doing: &'static str,
        args: impl IntoIterator<Item = S>,
        limit: Duration,
    ) -> Result<Finished, SourceError> {
        let mut command = self.command();
        command.args(args);
        let finished = command::run(command, limit).await.map_err(|source| self.not_run(doing, source))?;
        if finished.success { Ok(finished) } else { Err(self.failure(doing, &finished)) }
    }

    fn not_run(&self, doing: &'static str, source: command::CommandError) -> SourceError {
        SourceError::Program { program: self.program.clone(), doing, source }
    }

    fn failure(&self, doing: &'static str, finished: &Finished) -> SourceError {
        let detail = finished.complaint();
        if complaint::read(&finished.stderr) == Complaint::HalfCreated {
            return SourceError::ClusterHalfCreated { name: self.cluster.clone(), detail };
        }
        docker::known(&finished.stderr, &detail).unwrap_or(SourceError::KindFailed { doing, detail })
    }

    fn create_failure(&self, finished: &Finished) -> SourceError {
        let (name, detail) = (self.cluster.clone(), finished.complaint());
        if complaint::read(&finished.stderr) == Complaint::NodesExist {
            return SourceError::ClusterExists { name, detail };
        }
        docker::known(&finished.stderr, &detail).unwrap_or_else(|| SourceError::ClusterCreateFailed {
            name,
            tail: last_lines(&finished.stderr, TAIL),
        })
    }
}

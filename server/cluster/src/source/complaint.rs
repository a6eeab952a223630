//! What docker's and kind's own words mean: pure, and held to messages that they really print.

/// What a program complained about, as far as we know a cure for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// The client found no engine behind the socket.
    NotRunning,
    /// There is an engine, but not for this user.
    PermissionDenied,
    /// An image is neither here nor to be had.
    ImageNotPullable {
        /// Its reference, if the message says it.
        image: Option<String>,
    },
    /// Somebody else listens on a port of the cluster.
    PortTaken {
        /// `127.0.0.1:6443`, if the message says it.
        address: Option<String>,
    },
    /// The disk is full.
    NoSpace,
    /// Too many inotify instances: the usual limit of a Linux desktop is reached after a few nodes.
    InotifyLimits,
    /// Rootless docker without what kind needs of it.
    RootlessLimits,
    /// Containers of that name are there already.
    NodesExist,
    /// The node never got as far as having a cluster in it.
    HalfCreated,
    /// Anything else.
    Other,
}

/// Reads a whole output, not just its last line: kind puts the cause in the middle.
pub(crate) fn read(text: &str) -> Complaint {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if says(&["permission denied while trying to connect to the docker"])
        || says(&["docker.sock"]) && says(&["permission denied"])
    {
        Complaint::PermissionDenied
    } else if says(&[
        "cannot connect to the docker daemon",
        "failed to connect to the docker api",
        "is the docker daemon running",
        "error during connect",
    ]) {
        Complaint::NotRunning
    } else if says(&["no space left on device"]) {
        Complaint::NoSpace
    } else if says(&["address already in use", "port is already allocated", "ports are not available"]) {
        Complaint::PortTaken { address: taken_address(text) }
    } else if says(&[
        "failed to pull image",
        "pull access denied",
        "manifest unknown",
        "unable to find image",
    ]) {
        Complaint::ImageNotPullable { image: pulled_image(text) }
    } else if says(&["too many open files"]) {
        Complaint::InotifyLimits
    } else if says(&["running kind with rootless provider requires"]) {
        Complaint::RootlessLimits
    } else if says(&["node(s) already exist for a cluster"]) {
        Complaint::NodesExist
    } else if says(&["failed to get cluster internal kubeconfig", "could not locate any control plane"]) {
        Complaint::HalfCreated
    } else {
        Complaint::Other
    }
}

/// The `ip:port` nearest before the complaint.
fn taken_address(text: &str) -> Option<String> {
    let end = ["address already in use", "port is already allocated"]
        .iter()
        .find_map(|w| text.find(w))
        .unwrap_or(text.len());
    text[..end].split_whitespace().rev().find_map(address_in)
}

/// `127.0.0.1:6443` out of `127.0.0.1:6443:172.18.0.2:6443/tcp:` or `0.0.0.0:80`.
fn address_in(word: &str) -> Option<String> {
    let mut parts = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '.').split(':');
    let ip: std::net::Ipv4Addr = parts.next()?.parse().ok()?;
    let port: u16 = parts.next()?.split('/').next()?.parse().ok()?;
    Some(format!("{ip}:{port}"))
}

/// The quoted reference of `failed to pull image "…"`, else what `docker pull` or `Unable to find image` name.
fn pulled_image(text: &str) -> Option<String> {
    let behind = |marker: &str| text.split_once(marker).map(|(_, rest)| rest);
    let quoted = behind("failed to pull image \"").and_then(|r| r.split('"').next());
    let found = behind("Unable to find image '").and_then(|r| r.split('\'').next());
    let denied = behind("pull access denied for ").and_then(|r| r.split(',').next());
    let manifest = behind("manifest for ").and_then(|r| r.split_whitespace().next());
    quoted.or(found).or(denied).or(manifest).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(name: &str) -> Complaint {
        Complaint::ImageNotPullable { image: Some(name.to_owned()) }
    }

    fn port(address: &str) -> Complaint {
        Complaint::PortTaken { address: Some(address.to_owned()) }
    }

    #[test]
    fn the_engine_s_absence_is_told_from_its_refusal() {
        for said in [
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?",
            "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and \
             if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
            "error during connect: this error may indicate that the docker daemon is not running: Get \
             \"http://%2F%2F.%2Fpipe%2Fdocker_engine/v1.24/version\": open //./pipe/docker_engine: The system \
             cannot find the file specified.",
        ] {
            assert_eq!(read(said), Complaint::NotRunning, "{said}");
        }
        for said in [
            "Got permission denied while trying to connect to the Docker daemon socket at \
             unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version\": dial unix \
             /var/run/docker.sock: connect: permission denied",
            "permission denied while trying to connect to the Docker daemon socket at \
             unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.50/version\": dial unix \
             /var/run/docker.sock: connect: permission denied",
            "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
        ] {
            assert_eq!(read(said), Complaint::PermissionDenied, "{said}");
        }
    }

    #[test]
    fn an_image_that_cannot_be_had_is_named() {
        for (said, named) in [
            (
                "ERROR: failed to create cluster: failed to pull image \"kindest/node:none\": command \"docker pull \
                 kindest/node:none\" failed with error: exit status 1\n\nCommand Output: Error response from \
                 daemon: Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on \
                 10.0.0.53:53: no such host",
                "kindest/node:none",
            ),
            (
                "Error response from daemon: pull access denied for nobody/nothing, repository does not exist or \
                 may require 'docker login': denied: requested access to the resource is denied",
                "nobody/nothing",
            ),
            (
                "Error response from daemon: manifest for kindest/node:v0.0.1 not found: manifest unknown: manifest \
                 unknown",
                "kindest/node:v0.0.1",
            ),
            ("Unable to find image 'kindest/node:v9' locally", "kindest/node:v9"),
        ] {
            assert_eq!(read(said), image(named), "{said}");
        }
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        for said in [
            "Error response from daemon: driver failed programming external connectivity on endpoint \
             lab-control-plane (8a5d): Error starting userland proxy: listen tcp4 127.0.0.1:36743: bind: address \
             already in use\nError: failed to start containers: lab-control-plane",
            "docker: Error response from daemon: driver failed programming external connectivity on endpoint x \
             (42): Bind for 127.0.0.1:36743 failed: port is already allocated.",
            "Error response from daemon: failed to set up container networking: driver failed programming external \
             connectivity on endpoint x (42): failed to bind host port for 127.0.0.1:36743:172.18.0.2:6443/tcp: \
             address already in use",
            "Error response from daemon: failed to set up container networking: driver failed programming external \
             connectivity on endpoint x (42): failed to bind host port 127.0.0.1:36743/tcp: address already in use",
        ] {
            assert_eq!(read(said), port("127.0.0.1:36743"), "{said}");
        }
    }

    #[test]
    fn limits_of_the_machine_are_recognised() {
        for (said, complaint) in [
            (
                "Failed to create control group inotify object: Too many open files\nFailed to allocate manager \
                 object: Too many open files",
                Complaint::InotifyLimits,
            ),
            ("write /var/lib/docker/tmp/x: no space left on device", Complaint::NoSpace),
            (
                "ERROR: failed to create cluster: running kind with rootless provider requires cgroup v2, see \
                 https://kind.sigs.k8s.io/docs/user/rootless/",
                Complaint::RootlessLimits,
            ),
            (
                "ERROR: failed to create cluster: node(s) already exist for a cluster with the name \"lab\"",
                Complaint::NodesExist,
            ),
            (
                "ERROR: failed to get cluster internal kubeconfig: command \"docker exec --privileged \
                 lab-control-plane cat /etc/kubernetes/admin.conf\" failed with error: exit status 1\n\nCommand \
                 Output: cat: /etc/kubernetes/admin.conf: No such file or directory",
                Complaint::HalfCreated,
            ),
            (
                "[control-plane] Creating static Pod manifest for \"kube-apiserver\"\nERROR: failed to create \
                 cluster: failed to init node with kubeadm",
                Complaint::Other,
            ),
        ] {
            assert_eq!(read(said), complaint, "{said}");
        }
    }
}

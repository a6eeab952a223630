use super::{Finding, Health, What, doctor, is_well};
use crate::source::tests::fakes::{DOCKER, KIND, Machine};

fn find(findings: &[Finding], what: What) -> Option<&Finding> {
    findings.iter().find(|f| f.what == what)
}

#[tokio::test]
async fn a_bare_machine_is_told_what_to_install_and_in_which_order() {
    let machine = Machine::with(None, None);
    let findings = doctor(&machine.config()).await;
    assert_eq!((findings[0].what, findings[0].health), (What::Docker, Health::Missing));
    assert_eq!((findings[1].what, findings[1].health), (What::Kind, Health::Missing));
    assert_eq!(find(&findings, What::Kubectl).map(|f| f.health), Some(Health::Optional));
    assert_eq!(find(&findings, What::Cluster), None);
    assert!(findings.iter().all(|f| f.health == Health::Ok || f.cure.is_some()));
    assert!(!is_well(&findings));
}

#[tokio::test]
async fn a_machine_that_has_everything_is_well_and_nothing_is_changed() {
    let machine = Machine::with(Some(DOCKER), Some(KIND));
    machine.install("kubectl", r#"echo '{"clientVersion": {"gitVersion": "v1.34.1"}}'"#);
    machine.write("nodes", "lab-control-plane\trunning\tcontrol-plane\timg\n");
    let findings = doctor(&machine.config()).await;
    let version = |what| find(&findings, what).and_then(|f| f.version.as_deref());
    assert!(is_well(&findings), "{findings:?}");
    assert_eq!(version(What::Docker), Some("28.2.2"));
    assert_eq!(version(What::Kind), Some("v0.33.0"));
    assert_eq!(version(What::Kubectl), Some("v1.34.1"));
    assert_eq!(version(What::Cluster), Some("v1.34.4"));
    assert!(!machine.config().state_dir.exists());
}

#[tokio::test]
async fn a_broken_docker_is_not_called_missing_and_kind_is_judged_by_itself() {
    let down =
        "echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1";
    let machine = Machine::with(Some(down), Some(KIND));
    let findings = doctor(&machine.config()).await;
    assert_eq!((findings[0].what, findings[0].health), (What::Docker, Health::Broken));
    assert_eq!((findings[1].what, findings[1].health), (What::Kind, Health::Ok));
    assert!(findings[0].cure.as_ref().is_some_and(|c| c.en.contains("systemctl start docker")));
}

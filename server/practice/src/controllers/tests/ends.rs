use serde_json::json;

use crate::store::{Deletion, Propagation, Resource};
use crate::testing::{Lab, NAMESPACE, deployment, names, service};

#[tokio::test(start_paused = true)]
async fn what_a_deployment_owns_goes_after_it_or_before_it_or_stays() {
    for propagation in [Propagation::Background, Propagation::Foreground, Propagation::Orphan] {
        let lab = Lab::start().await;
        lab.make(Resource::Deployments, deployment(2, "clusterip-lab/backend:v1"));
        let pods = names(&lab.until_ready(2).await);
        let deletion = Deletion { propagation, ..Deletion::default() };
        lab.delete(Resource::Deployments, "backend", &deletion);
        let there = lab.find(Resource::Deployments, "backend").is_some();
        assert_eq!(there, propagation == Propagation::Foreground, "{propagation:?}");
        if propagation == Propagation::Orphan {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            assert_eq!(lab.list(Resource::ReplicaSets).len(), 1);
            assert_eq!(names(&lab.until_ready(2).await), pods);
            // A Deployment made anew takes them back.
            lab.make(Resource::Deployments, deployment(2, "clusterip-lab/backend:v1"));
            let adopted = || {
                let sets = lab.list(Resource::ReplicaSets);
                (sets[0]["metadata"]["ownerReferences"][0]["kind"] == "Deployment").then_some(sets.len())
            };
            assert_eq!(lab.until("an adopted set", Resource::ReplicaSets, adopted).await, 1);
            continue;
        }
        let only_client = || (lab.list(Resource::Pods).len() == 1).then_some(());
        lab.until("pods that are gone", Resource::Pods, only_client).await;
        let gone = || lab.find(Resource::Deployments, "backend").is_none().then_some(());
        lab.until("a Deployment that is gone", Resource::Deployments, gone).await;
        assert!(lab.list(Resource::ReplicaSets).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_its_account_and_goes_with_all_that_is_in_it() {
    let lab = Lab::start().await;
    assert!(lab.find(Resource::ServiceAccounts, "default").is_some());
    assert_eq!(
        lab.find(Resource::ConfigMaps, "kube-root-ca.crt").unwrap()["data"]["ca.crt"],
        "a certificate"
    );
    lab.make(Resource::Deployments, deployment(2, "clusterip-lab/backend:v1"));
    lab.make(Resource::Services, service(&json!(8080)));
    lab.until_ready(2).await;
    lab.store.delete(Resource::Namespaces, "", NAMESPACE, &Deletion::default()).unwrap();
    assert_eq!(
        lab.store.find(Resource::Namespaces, "", NAMESPACE).unwrap()["status"]["phase"],
        "Terminating"
    );
    let gone = || lab.store.find(Resource::Namespaces, "", NAMESPACE).is_none().then_some(());
    lab.until("a namespace that is gone", Resource::Namespaces, gone).await;
    for resource in Resource::ALL.into_iter().filter(|resource| resource.info().namespaced) {
        assert_eq!(names(&lab.list(resource)), [""; 0], "{resource:?}");
    }
}

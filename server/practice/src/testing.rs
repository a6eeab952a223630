//! A cluster without its API, for tests: store, admission, controllers, kubelet and network, on paused time.

use std::sync::Arc;
use std::time::Duration;

use clusterip_agent::tools::Ran;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::api::admission::Rules;
use crate::controllers::objects::{is_active, is_pod_ready};
use crate::kubelet::Kubelet;
use crate::network::{Network, policy, proxy};
use crate::pace::Pace;
use crate::store::object::{name, text};
use crate::store::{Deletion, Resource, Selector, Store};

pub(crate) const NAMESPACE: &str = "lab";
/// Virtual time: longer than anything here takes, and reached only by a failure.
const PATIENCE: Duration = Duration::from_secs(900);

pub(crate) struct Lab {
    pub(crate) store: Arc<Store>,
    pub(crate) network: Network,
    pub(crate) kubelet: Arc<Kubelet>,
    _tasks: JoinSet<()>,
}

impl Lab {
    /// A cluster with a namespace and the lab's client in it.
    pub(crate) async fn start() -> Self {
        let (store, network, mut tasks) = (Store::new(Rules), Network::seeded(1), JoinSet::new());
        for name in ["default", NAMESPACE] {
            store.create(Resource::Namespaces, json!({"metadata": {"name": name}})).unwrap();
        }
        let pace = Pace::default();
        crate::controllers::start(&mut tasks, &store, "a certificate");
        let kubelet = Kubelet::start(&mut tasks, &store, &network, pace).unwrap();
        proxy::start(&mut tasks, &store, &network, pace);
        policy::start(&mut tasks, &store, &network, pace);
        let lab = Self { store, network, kubelet, _tasks: tasks };
        lab.make(
            Resource::Pods,
            pod("client", &json!([{"name": "client", "image": "clusterip-lab/client:v1"}])),
        );
        lab.until_pod("client", is_pod_ready).await;
        lab
    }

    pub(crate) fn make(&self, resource: Resource, mut object: Value) -> Arc<Value> {
        object["metadata"]["namespace"] = json!(NAMESPACE);
        self.store.create(resource, object).unwrap()
    }

    pub(crate) fn find(&self, resource: Resource, name: &str) -> Option<Arc<Value>> {
        self.store.find(resource, NAMESPACE, name)
    }

    pub(crate) fn list(&self, resource: Resource) -> Vec<Arc<Value>> {
        self.store.list(resource, Some(NAMESPACE), &Selector::default()).items
    }

    pub(crate) fn edit(&self, resource: Resource, name: &str, edit: impl FnOnce(&mut Value)) {
        self.store.modify(resource, NAMESPACE, name, edit).unwrap();
    }

    pub(crate) fn delete(&self, resource: Resource, name: &str, deletion: &Deletion) {
        self.store.delete(resource, NAMESPACE, name, deletion).unwrap();
    }

    /// Waits for a condition that changes of this resource can bring about.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        resource: Resource,
        condition: impl Fn() -> Option<T>,
    ) -> T {
        let (_, mut watch) = self.store.list_and_watch(resource, None, &Selector::default());
        let waited = timeout(PATIENCE, async {
            loop {
                if let Some(found) = condition() {
                    return found;
                }
                watch.next().await.unwrap();
            }
        });
        match waited.await {
            Ok(found) => found,
            Err(_) => panic!(
                "never came: {what}; there is {:?}\n{:#?}",
                names(&self.list(resource)),
                self.warnings()
            ),
        }
    }

    pub(crate) async fn until_pod(&self, name: &str, condition: impl Fn(&Value) -> bool) -> Arc<Value> {
        let found = || self.find(Resource::Pods, name).filter(|pod| condition(pod));
        self.until(name, Resource::Pods, found).await
    }

    /// The active pods of the Deployment `backend`.
    pub(crate) fn backends(&self) -> Vec<Arc<Value>> {
        let of = |pod: &Arc<Value>| pod["metadata"]["labels"]["app"] == "myapp" && is_active(pod);
        self.list(Resource::Pods).into_iter().filter(of).collect()
    }

    pub(crate) async fn until_ready(&self, count: usize) -> Vec<Arc<Value>> {
        let ready = || {
            let pods = self.backends();
            (pods.len() == count && pods.iter().all(|pod| is_pod_ready(pod))).then_some(pods)
        };
        self.until("ready pods", Resource::Pods, ready).await
    }

    /// The endpoints of Service `web`: address, ready, serving, terminating.
    pub(crate) fn endpoints(&self) -> Vec<(String, bool, bool, bool)> {
        let slices = self.list(Resource::EndpointSlices);
        let of =
            slices.iter().filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == "web");
        of.flat_map(|slice| slice["endpoints"].as_array().into_iter().flatten())
            .map(|endpoint| {
                let is = |condition: &str| endpoint["conditions"][condition] == true;
                (text(endpoint, "/addresses/0").into_owned(), is("ready"), is("serving"), is("terminating"))
            })
            .collect()
    }

    /// Waits until Service `web` has so many ready endpoints, and the rules for them.
    pub(crate) async fn until_served(&self, count: usize) {
        let ready = || (self.endpoints().iter().filter(|endpoint| endpoint.1).count() == count).then_some(());
        self.until("ready endpoints", Resource::EndpointSlices, ready).await;
        self.until_synced().await;
    }

    /// Waits until every change has become a rule.
    pub(crate) async fn until_synced(&self) {
        tokio::time::sleep(proxy::SYNC_DELAY * 2).await;
    }

    pub(crate) async fn curl(&self, url: &str) -> Ran {
        let argv = ["curl", "-s", "-S", "--max-time", "3", url].map(str::to_owned);
        self.kubelet.exec(NAMESPACE, "client", "client", &argv).await.unwrap()
    }

    fn warnings(&self) -> Vec<String> {
        let all = self.list(Resource::Events);
        let warnings = all.iter().filter(|event| event["type"] == "Warning");
        warnings.map(|event| format!("{} {}", event["involvedObject"]["name"], event["message"])).collect()
    }

    /// What happened to an object: type, reason, count, message.
    pub(crate) fn events(&self, of: &str) -> Vec<(String, String, u64, String)> {
        let all = self.list(Resource::Events);
        let about = all.iter().filter(|event| event["involvedObject"]["name"] == of);
        about
            .map(|event| {
                let part = |field: &str| text(event, &format!("/{field}")).into_owned();
                (part("type"), part("reason"), event["count"].as_u64().unwrap(), part("message"))
            })
            .collect()
    }

    pub(crate) fn reasons(&self, of: &str) -> Vec<String> {
        self.events(of).into_iter().map(|(_, reason, _, _)| reason).collect()
    }
}

pub(crate) fn pod(name: &str, containers: &Value) -> Value {
    json!({"metadata": {"name": name}, "spec": {"containers": containers}})
}

/// As in the first lab.
pub(crate) fn deployment(replicas: u32, image: &str) -> Value {
    let labels = json!({"app": "myapp", "type": "back-end"});
    json!({
        "metadata": {"name": "backend"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 10,
                    "containers": [{
                        "name": "backend",
                        "image": image,
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
                    }],
                },
            },
        },
    })
}

pub(crate) fn service(target_port: &Value) -> Value {
    json!({
        "metadata": {"name": "web", "labels": {"course": "one"}},
        "spec": {"selector": {"app": "myapp"}, "ports": [{"port": 80, "targetPort": target_port}]},
    })
}

pub(crate) fn names(objects: &[Arc<Value>]) -> Vec<String> {
    objects.iter().map(|object| name(object).to_owned()).collect()
}

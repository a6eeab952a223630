//! The first lab from its first step to its last, by what its buttons send: the same on every cluster.

use crate::lab::{Lab, SERVICE, ready};

/// Does every step, and sees each tick in its turn and none before.
pub async fn every_step(lab: Lab) -> Lab {
    let done = async |steps: usize| {
        lab.until(&format!("{steps} steps done"), |view| view.progress.done() >= steps).await;
        assert_eq!(lab.view().progress.done(), steps, "no step ticks before its turn");
    };
    assert_eq!(lab.view().progress.done(), 0);
    assert!(
        lab.act("apply-document", &[("file", "start/deployment.yaml")]).await.contains("Deployment/backend")
    );
    done(1).await;
    assert_eq!(lab.act("note-ips", &[]).await, "Noted 3 IPs.");
    done(2).await;
    lab.act("send", &[("to", "pod-ip"), ("rate", "20"), ("connections", "new")]).await;
    done(3).await;
    let called = lab.view().window.clone().expect("a load").target.name;
    assert!(lab.act("kill-pod", &[]).await.contains(&called), "the pod that is called is the one to go");
    done(4).await;
    let yaml = lab.run.lab().documents["start/service.yaml"].clone();
    assert!(lab.act("apply", &[("yaml", &yaml)]).await.contains(&format!("Service/{SERVICE}")));
    done(5).await;
    lab.send("100", "new").await;
    done(6).await;
    lab.until("300 answers", |v| v.window.as_ref().is_some_and(|w| w.tally.answered >= 300)).await;
    let dns = [("to", "dns-name"), ("service", SERVICE), ("rate", "100"), ("connections", "new")];
    lab.act("send", &dns).await;
    done(7).await;
    lab.send("20", "new").await;
    lab.until("answers", |v| v.window.as_ref().is_some_and(|w| w.tally.backends.len() == 3)).await;
    lab.act("kill-pod", &[]).await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "5")]).await;
    lab.until("five Ready pods", |view| ready(&view.snapshot).len() == 5).await;
    done(8).await;
    lab.act("delete-service", &[("name", SERVICE)]).await;
    done(9).await;

    let page = lab.http.get("/it/labs/the-whole-story").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("class=\"step done\"").count(), 9, "{}", page.body);
    assert!(lab.http.get("/en").await.body.contains("9 of 9 steps"));
    lab
}

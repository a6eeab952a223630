//! Starting over makes a student's credentials void, and others can be had.

use std::time::{Duration, Instant};

use clusterip_cluster::tenancy;
use clusterip_tests::{Lab, fact, on_both_clusters, wait};
use hyper::Method;

use super::Student;

on_both_clusters!(credentials_end_when_the_lab_is_started_over_and_new_ones_work);

/// How long old credentials may be good for after they were revoked: a real API server remembers for 10 s whom it let in.
const VOID_WITHIN: Duration = Duration::from_secs(11);

async fn credentials_end_when_the_lab_is_started_over_and_new_ones_work(lab: Lab) {
    let began = Instant::now();
    let student = Student::of(&lab).await;
    let issued = began.elapsed();
    let pods = student.path("v1/pods");
    assert_eq!(student.ask(Method::GET, &pods, None).await.status, 200, "they work at once");
    let left = student.credentials.expires.duration_since(jiff::Timestamp::now());
    assert!((3500..=3600).contains(&left.as_secs()), "an hour: {left:?}");
    let began = Instant::now();
    tenancy::prepare(&lab.cluster.client, &lab.run.namespace).await.unwrap();
    fact(&format!("a namespace that is there is brought up to date in {:.0?}", began.elapsed()));
    assert_eq!(student.ask(Method::GET, &pods, None).await.status, 200, "that revokes nothing");
    lab.act("reset", &[]).await;
    let began = Instant::now();
    let status = async || student.ask(Method::GET, &pods, None).await.status;
    wait::until("the old token to be refused", VOID_WITHIN, status, |status| *status == 401).await;
    fact(&format!("credentials: issued in {issued:.1?}, refused {:.1?} after the reset", began.elapsed()));
    let again = Student::of(&lab).await;
    assert_eq!(again.ask(Method::GET, &pods, None).await.status, 200);
    assert_ne!(again.credentials.token, student.credentials.token);
    lab.close().await;
}

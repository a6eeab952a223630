//! A cluster that somebody else keeps.

use clusterip_domain::rules::{RulesView, Unreadable};

use super::super::{Source, SourceConfig, SourceError, open};
use super::fakes::{ApiServer, Machine, Mood, kubeconfig, nowhere, told, watched};

async fn opened(text: &str, context: &str) -> Result<(Source, Vec<String>), SourceError> {
    let machine = Machine::with(None, None);
    machine.write("config", text);
    let (progress, mut events) = watched();
    let config = SourceConfig::Kubeconfig { path: Some(machine.path("config")), context: context.into() };
    let source = open(&config, None, &progress).await?;
    assert_eq!(machine.read("config"), text, "it was only read");
    Ok((source, told(&mut events)))
}

async fn refused(text: &str, context: &str) -> SourceError {
    let Err(error) = opened(text, context).await else { panic!("it opened") };
    error
}

#[tokio::test]
async fn a_context_is_opened_and_its_nodes_cannot_be_entered() {
    let api = ApiServer::start(Mood::Kind).await;
    let opened = opened(&api.kubeconfig("school"), "school").await;
    let (source, told) = opened.unwrap_or_else(|e| panic!("{}", e.chain()));
    assert_eq!((source.description.name.as_str(), source.description.nodes.len()), ("school", 1));
    assert_eq!(source.nodes.rules().await, RulesView::Unreadable { why: Unreadable::NoWayIn });
    assert_eq!(told.last().map(String::as_str), Some("loadAgentImage skipped"));
}

#[tokio::test]
async fn a_context_that_is_not_there_is_answered_with_those_that_are() {
    let error = refused(&kubeconfig("school", 1), "scool").await;
    assert_eq!(error.code(), "context_not_found");
    assert!(error.cure().en.contains("school") && error.cure().it.contains("school"));
}

#[tokio::test]
async fn a_server_that_refuses_is_told_from_one_that_does_not_know_us() {
    let strict = ApiServer::start(Mood::Strict).await;
    assert_eq!(refused(&strict.kubeconfig("school"), "school").await.code(), "api_forbidden");
    let deaf = ApiServer::start(Mood::Deaf).await;
    assert_eq!(refused(&deaf.kubeconfig("school"), "school").await.code(), "api_unauthorized");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_given_up_in_time() {
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let error = refused(&kubeconfig("school", free), "school").await;
    assert_eq!(error.code(), "api_unreachable", "{}", error.chain());
    assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_kubeconfig_is_named() {
    assert_eq!(refused("- just\n- a list\n", "school").await.code(), "kubeconfig_unreadable");
    let (progress, _events) = watched();
    let config = SourceConfig::Kubeconfig { path: Some(nowhere().into()), context: "school".into() };
    let Err(error) = open(&config, None, &progress).await else { panic!("it opened") };
    assert!(error.to_string().contains("/nowhere/at-all"), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_parsed_is_not_quoted() {
    let text = kubeconfig("school", 1).replace("user: {}", "user: {token: s3cret, token: [s3cret]}");
    let error = refused(&text, "school").await;
    assert_eq!(error.code(), "kubeconfig_unreadable");
    assert!(!error.chain().contains("s3cret"), "{}", error.chain());
}

//! `clusterip-lab doctor`.

use std::process::ExitCode;

use clusterip_cluster::agent_image::AgentImage;
use clusterip_cluster::doctor::{self, Finding, Health, What};
use clusterip_cluster::source::KindConfig;

/// Prints what was found, in the order in which to act on it. Fails if the lab's own cluster cannot be opened.
pub(super) async fn doctor(config: &KindConfig) -> anyhow::Result<ExitCode> {
    let findings = doctor::doctor(config).await;
    findings.iter().for_each(print);
    let image = AgentImage::pack()?;
    println!("✓ {:<9} {:.1} MB, packed by this program", "image", image.archive().len() as f64 / 1e6);
    if doctor::is_well(&findings) {
        println!("\nAll is well: `clusterip-lab serve` opens the lab.");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("\nThe lab's own cluster cannot be opened yet: do what the arrows say, from the top.");
        println!("Or use a cluster that is there already: `clusterip-lab serve --context NAME`.");
        println!("Meanwhile `clusterip-lab serve` opens the lab on a simulated one, the practice cluster.");
        Ok(ExitCode::FAILURE)
    }
}

fn print(finding: &Finding) {
    let mark = match finding.health {
        Health::Ok => "✓",
        Health::Optional => "–",
        Health::Missing | Health::Broken => "✗",
    };
    let what = match finding.what {
        What::Docker => "docker",
        What::Kind => "kind",
        What::Limits => "limits",
        What::Cluster => "cluster",
        What::Kubectl => "kubectl",
        What::Contexts => "contexts",
    };
    println!("{mark} {what:<9} {}", finding.detail);
    if let Some(cure) = &finding.cure {
        println!("  → {cure}");
    }
}

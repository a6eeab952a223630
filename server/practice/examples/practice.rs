//! A practice cluster by itself, to try with kubectl:
//!
//! ```text
//! cargo run -p clusterip-practice --example practice -- /tmp/practice.kubeconfig
//! kubectl --kubeconfig /tmp/practice.kubeconfig get nodes
//! ```

use clusterip_practice::{Options, Practice};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: practice KUBECONFIG")?;
    let practice = Practice::start(Options::default()).await?;
    std::fs::write(&path, practice.kubeconfig())?;
    println!("the practice cluster listens on https://{}; kubeconfig: {path}", practice.address());
    std::future::pending().await
}

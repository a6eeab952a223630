//! The lab from its first step to its last.

use clusterip_tests::Lab;
use clusterip_tests::steps::every_step;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn every_step_ticks_by_what_its_buttons_do() {
    every_step(Lab::open().await).await;
}

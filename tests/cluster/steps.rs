//! The lab from its first step to its last.

use clusterip_tests::steps::every_step;
use clusterip_tests::{Lab, on_both_clusters};

on_both_clusters!(every_step_ticks_by_what_its_buttons_do);

async fn every_step_ticks_by_what_its_buttons_do(lab: Lab) {
    every_step(lab).await;
}

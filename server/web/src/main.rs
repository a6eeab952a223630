//! The `clusterip-lab` command.

fn main() {}

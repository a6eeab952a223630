//! The sequences of [`super::open`] against fake programs and a fake API server: for faults that cannot be had on
//! demand, and to see which command lines are run. The real ones are in `tests/kind_source.rs`.

pub(crate) mod fakes;

mod faults;
mod kubeconfig;
mod manage;
mod sequence;

//! The controllers together, with the kubelet behind them.

mod deployments;
mod ends;
mod services;

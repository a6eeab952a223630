//! How fast the cluster's own work goes.

use std::time::Duration;

/// Divides the time that the cluster itself takes: to make a sandbox, to write a rule, to back off.
///
/// What a student writes (a probe's period, a grace, an affinity's timeout) holds as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    speed: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { speed: 1.0 }
    }
}

impl Pace {
    /// `speed` times as fast as kind is, about; at least a hundredth.
    #[must_use]
    pub fn new(speed: f64) -> Self {
        Self { speed: if speed.is_finite() { speed.max(0.01) } else { 1.0 } }
    }

    /// How long it takes here.
    #[must_use]
    pub fn of(self, time: Duration) -> Duration {
        time.div_f64(self.speed)
    }
}

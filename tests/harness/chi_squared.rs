//! The gates between chance and anything else, for three pods.
//!
//! Two degrees of freedom: chance alone gives a χ² above 27.6 once in a million times, and one below 0.002 once in a
//! thousand.

use clusterip_domain::distribution::evenness;

/// More uneven than chance allows.
pub const TOO_UNEVEN: f64 = 27.6;
/// More even than chance allows: round robin looks like this.
pub const TOO_EVEN: f64 = 0.002;

/// Pearson's χ² of three counts, one a pod, if chance may have made them.
///
/// # Errors
/// Why it may not.
pub fn by_chance(counts: &[u64]) -> Result<f64, String> {
    if counts.len() != 3 {
        return Err(format!("{counts:?} are not three counts"));
    }
    let chi_squared = evenness(counts).chi_squared;
    if chi_squared > TOO_UNEVEN {
        Err(format!("χ² = {chi_squared:.1} of {counts:?} is too uneven to be chance"))
    } else if chi_squared < TOO_EVEN {
        Err(format!("χ² = {chi_squared:.5} of {counts:?} is too even to be chance"))
    } else {
        Ok(chi_squared)
    }
}

//! Is this spread what chance gives? The statistics behind the bars.
//!
//! kube-proxy chooses a ready endpoint at random for each new connection, so n requests on n connections over k
//! pods are a multinomial draw. Keep-alive requests are *not* independent draws; the caller says which it has.

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Fewer requests a pod than this say nothing: the χ² approximation wants an expected count of five or more.
pub const MIN_EXPECTED: f64 = 5.0;
/// p below this is more uneven than chance allows.
pub const TOO_UNEVEN: f64 = 1e-6;
/// p above `1 - TOO_EVEN` is too even to be random (round robin looks like this).
pub const TOO_EVEN: f64 = 1e-3;

/// What the counts say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Too few requests, or fewer than two pods.
    TooFew,
    /// As even as chance allows.
    Chance,
    /// Chance does not make it this uneven.
    TooUneven,
    /// Chance does not make it this even.
    TooEven,
}

/// A χ² test of equal shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evenness {
    /// Pearson's χ² of the counts against equal shares, with `pods - 1` degrees of freedom.
    pub chi_squared: f64,
    /// The chance that equal shares give a χ² at least as large.
    pub p: f64,
    /// What that means.
    pub verdict: Verdict,
}

/// Tests counts, one a pod, against equal shares.
#[must_use]
pub fn evenness(counts: &[u64]) -> Evenness {
    let pods = counts.len();
    let total: u64 = counts.iter().sum();
    if pods < 2 {
        return Evenness { chi_squared: 0.0, p: 1.0, verdict: Verdict::TooFew };
    }
    let expected = total as f64 / pods as f64;
    if expected < MIN_EXPECTED {
        return Evenness { chi_squared: 0.0, p: 1.0, verdict: Verdict::TooFew };
    }
    let chi_squared: f64 = counts.iter().map(|&c| (c as f64 - expected).powi(2) / expected).sum();
    let p = ChiSquared::new((pods - 1) as f64).map_or(1.0, |d| d.sf(chi_squared));
    let verdict = if p < TOO_UNEVEN {
        Verdict::TooUneven
    } else if p > 1.0 - TOO_EVEN {
        Verdict::TooEven
    } else {
        Verdict::Chance
    };
    Evenness { chi_squared, p, verdict }
}

/// The share of `total` requests that one of `pods` equal pods gets 99 times in 100, as fractions of 1.
///
/// A normal approximation of the binomial, cut at 0 and 1; good enough for a band on a bar.
#[must_use]
pub fn chance_band(total: u64, pods: usize) -> (f64, f64) {
    /// Two-sided 99 % quantile of the standard normal distribution.
    const Z99: f64 = 2.576;
    if pods == 0 || total == 0 {
        return (0.0, 1.0);
    }
    let p = 1.0 / pods as f64;
    let half = Z99 * (p * (1.0 - p) / total as f64).sqrt();
    ((p - half).max(0.0), (p + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gates_of_the_scenario_are_where_they_should_be() {
        // df = 2: p(χ² > 27.6) ≈ 1e-6, p(χ² > 0.002) ≈ 0.999.
        let at = |counts: &[u64]| evenness(counts).verdict;
        assert_eq!(at(&[1000, 1000, 1000]), Verdict::TooEven);
        assert_eq!(at(&[1010, 985, 1005]), Verdict::Chance);
        assert_eq!(at(&[3000, 0, 0]), Verdict::TooUneven);
        assert_eq!(at(&[1130, 900, 970]), Verdict::TooUneven);
    }

    #[test]
    fn chi_squared_is_pearsons() {
        let e = evenness(&[44, 56]);
        assert!((e.chi_squared - 1.44).abs() < 1e-9);
        assert!((e.p - 0.2301).abs() < 1e-3);
    }

    #[test]
    fn too_little_says_nothing() {
        for counts in [&[][..], &[100], &[3, 4, 4]] {
            assert_eq!(evenness(counts).verdict, Verdict::TooFew);
        }
    }

    #[test]
    fn the_band_narrows_around_the_equal_share() {
        assert_eq!(chance_band(0, 3), (0.0, 1.0));
        let (low, high) = chance_band(3000, 3);
        assert!(low > 0.31 && low < 1.0 / 3.0 && high < 0.36 && high > 1.0 / 3.0);
    }
}

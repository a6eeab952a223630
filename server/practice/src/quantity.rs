//! Quantities: `500m`, `64Mi`, `1e3`.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>, and
//! `k8s.io/apimachinery/pkg/api/resource`.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Add;

use serde_json::Value;

/// How many nanos one is: the finest that a quantity can be.
const NANO: i128 = 1_000_000_000;
/// Larger than 2⁶³ is cut down to it, as Kubernetes does.
const LARGEST: i128 = (i64::MAX as i128) * NANO;
/// The binary suffixes, from 2¹⁰ on, and the decimal ones, from 10³ on.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];

/// How a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `1500m`, `2k`
    Decimal,
    /// `64Mi`
    Binary,
    /// `2e3`
    Exponent,
}

/// An amount of something, and how it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantity {
    /// In nanos.
    amount: i128,
    style: Style,
}

impl Quantity {
    /// So many whole ones.
    pub(crate) fn whole(number: u64) -> Self {
        Self { amount: (i128::from(number) * NANO).min(LARGEST), style: Style::Decimal }
    }

    /// Reads a JSON text or number.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// Reads a quantity; finer than nanos is rounded up. `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.as_bytes().first()? {
            b'-' => (-1, &text[1..]),
            b'+' => (1, &text[1..]),
            _ => (1, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let (unit, style) = unit(suffix)?;
        Some(Self { amount: sign * nanos(whole, fraction, unit), style })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.amount == 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.amount < 0
    }

    /// Whether it counts whole ones.
    pub(crate) fn is_whole(self) -> bool {
        self.amount % NANO == 0
    }

    /// How many times as much as the other it is.
    pub(crate) fn ratio(self, other: Self) -> f64 {
        self.amount as f64 / other.amount as f64
    }
}

/// What a suffix stands for: a fraction of whole numbers, in nanos, and the style.
fn unit(suffix: &str) -> Option<(Unit, Style)> {
    let position = |list: &[&str]| list.iter().position(|known| *known == suffix).map(|at| at as u32 + 1);
    if let Some(power) = position(&BINARY) {
        return Some((Unit { factor: 1 << (10 * power), exponent: 0 }, Style::Binary));
    }
    let decimal = |exponent| Some((Unit { factor: 1, exponent }, Style::Decimal));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        _ => match position(&DECIMAL) {
            Some(power) => decimal(3 * power.cast_signed()),
            None => {
                let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
                // Further is as good as this far.
                Some((Unit { factor: 1, exponent: exponent.clamp(-100, 100) }, Style::Exponent))
            }
        },
    }
}

/// `factor` × 10^`exponent`
#[derive(Clone, Copy)]
struct Unit {
    factor: i128,
    exponent: i32,
}

/// The nanos of `whole.fraction` units, rounded up, and cut down to the largest.
fn nanos(whole: &str, fraction: &str, unit: Unit) -> i128 {
    // More digits than these do not change what is larger than the largest, or finer than the finest.
    let whole = whole.trim_start_matches('0');
    if whole.len() > 19 {
        return LARGEST;
    }
    let fraction: String = fraction.trim_end_matches('0').chars().take(18).collect();
    let digits: i128 = format!("0{whole}{fraction}").parse().unwrap_or(LARGEST);
    let exponent = 9 + unit.exponent - i32::try_from(fraction.len()).unwrap_or(0);
    let Some(scaled) = digits.checked_mul(unit.factor) else { return LARGEST };
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    let amount = match (exponent < 0, power) {
        (false, Some(power)) => scaled.checked_mul(power).unwrap_or(LARGEST),
        (false, None) => {
            if scaled == 0 {
                0
            } else {
                LARGEST
            }
        }
        (true, Some(power)) => scaled.saturating_add(power - 1) / power,
        (true, None) => i128::from(scaled > 0),
    };
    amount.min(LARGEST)
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.amount == other.amount
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.amount.partial_cmp(&other.amount)
    }
}

impl Add for Quantity {
    type Output = Self;

    /// Written as the first is, unless that is nothing.
    fn add(self, other: Self) -> Self {
        let style = if self.is_zero() { other.style } else { self.style };
        Self { amount: (self.amount + other.amount).min(LARGEST), style }
    }
}

impl fmt::Display for Quantity {
    /// The shortest that is exact, with the largest suffix that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.amount == 0 {
            return f.write_str("0");
        }
        let whole = self.amount / NANO;
        let binary = self.style == Style::Binary && self.is_whole() && whole.unsigned_abs() >= 1024;
        if binary {
            let power = (whole.trailing_zeros() / 10).min(6);
            let suffix = power.checked_sub(1).map_or("", |at| BINARY[at as usize]);
            return write!(f, "{}{suffix}", whole >> (10 * power));
        }
        let (mut number, mut exponent) = (self.amount, -9_i32);
        while number % 1000 == 0 && exponent < 18 {
            number /= 1000;
            exponent += 3;
        }
        match (self.style, exponent) {
            (_, 0) => write!(f, "{number}"),
            (Style::Exponent, exponent) => write!(f, "{number}e{exponent}"),
            (_, -9) => write!(f, "{number}n"),
            (_, -6) => write!(f, "{number}u"),
            (_, -3) => write!(f, "{number}m"),
            (_, exponent) => write!(f, "{number}{}", DECIMAL[(exponent / 3 - 1).unsigned_abs() as usize]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_read_and_written_as_kubernetes_does() {
        for (text, canonical) in [
            ("0", "0"),
            ("1", "1"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("2.5", "2500m"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("64Mi", "64Mi"),
            ("1024Mi", "1Gi"),
            ("1536Mi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("1Ki", "1Ki"),
            ("100Ki", "100Ki"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("12e0", "12"),
            ("2G", "2G"),
            ("1u", "1u"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("+3", "3"),
            ("-1", "-1"),
            ("007", "7"),
            ("1E", "1E"),
            ("0Mi", "0"),
            ("1.5Ki", "1536"),
            ("999Ei", "9223372036854775807"),
            ("123456789012345678901234567890123456789", "9223372036854775807"),
        ] {
            let read = Quantity::parse(text).map(|quantity| quantity.to_string());
            assert_eq!(read.as_deref(), Some(canonical), "{text}");
        }
        for wrong in ["", "m", "-", ".", "1.2.3", "1x", "1 ", "one", "1mi", "1e", "1e1.5", "0x10", "1Mi2"] {
            assert!(Quantity::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(Quantity::of(&json!(30)).unwrap().to_string(), "30");
        assert!(Quantity::of(&json!([])).is_none());
    }

    #[test]
    fn amounts_are_added_and_compared_whatever_their_suffix() {
        let of = |text: &str| Quantity::parse(text).unwrap();
        for (left, right, sum) in
            [("500m", "0.5", "1"), ("64Mi", "1Gi", "1088Mi"), ("0", "64Mi", "64Mi"), ("1", "1Ki", "1025")]
        {
            assert_eq!((of(left) + of(right)).to_string(), sum, "{left} + {right}");
        }
        assert!(of("1Gi") > of("1G") && of("1000m") == of("1") && of("999m") < of("1"));
        assert!(of("-1m").is_negative() && !of("1500m").is_whole() && of("2k").is_whole());
        assert!((of("2").ratio(of("500m")) - 4.0).abs() < f64::EPSILON);
    }
}

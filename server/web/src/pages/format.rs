//! Numbers, times and lists as a person reads them.

use jiff::Timestamp;

/// A share of 1 as `38 %`, with a narrow space that does not break.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}\u{202f}%", share * 100.0)
}

/// Thousands apart by a narrow space: `12 345`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Microseconds as `0.4 ms`, `12 ms` or `1.2 s`; a dash before anything was answered.
pub(super) fn latency(us: u64) -> String {
    let ms = us as f64 / 1000.0;
    match us {
        0 => "–".to_owned(),
        1..10_000 => format!("{ms:.1} ms"),
        10_000..1_000_000 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1000.0),
    }
}

/// A p value with as many digits as mean something.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.2}") }
}

/// The time of day in UTC; scripts turn it into the reader's own.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).unwrap_or(&text).to_owned()
}

/// Cut to at most so many characters, with `…` for the rest.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(0.3849), "38\u{202f}%");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(412), "412");
        let times = [0, 420, 12_400, 1_240_000].map(latency);
        assert_eq!(times, ["–", "0.4 ms", "12 ms", "1.2 s"]);
        assert_eq!(p_value(0.000_02), "< 0.001");
        assert_eq!(clock(Timestamp::UNIX_EPOCH), "00:00:00");
        assert_eq!(cut("app=myapp", 6), "app=m…");
    }
}

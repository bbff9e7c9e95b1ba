//! Figures as people read them.

/// A time: `80 ns`, `1.25 ms`.
pub fn time(ns: f64) -> String {
    let steps = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    for (unit, name) in steps {
        if ns >= unit {
            return format!("{} {name}", short(ns / unit));
        }
    }
    format!("{ns:.0} ns")
}

/// Bytes: `9.2 GB`.
pub fn bytes(count: f64) -> String {
    let steps = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    for (unit, name) in steps {
        if count >= unit {
            return format!("{} {name}", short(count / unit));
        }
    }
    format!("{count:.0} B")
}

/// A share: `31%`.
pub fn share(part: f64) -> String {
    match part * 100.0 {
        small if small > 0.0 && small < 1.0 => format!("{small:.1}%"),
        other => format!("{other:.0}%"),
    }
}

/// A count with marks between the thousands: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits that matter.
fn short(number: f64) -> String {
    match number {
        n if n < 10.0 => format!("{n:.2}"),
        n if n < 100.0 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units_that_fit() {
        assert_eq!(time(80.0), "80 ns");
        assert_eq!(time(1250.0), "1.25 µs");
        assert_eq!(time(2.5e9), "2.50 s");
        assert_eq!(bytes(9.2e9), "9.20 GB");
        assert_eq!(share(0.314), "31%");
        assert_eq!(share(0.004), "0.4%");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
    }
}

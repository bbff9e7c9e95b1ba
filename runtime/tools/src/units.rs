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

/// Seconds since 1970 as a date and a time of day: `2026-11-29 06:37:05 UTC`.
pub fn utc(seconds: u64) -> String {
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    // No clock of ours shows more, and damage can make any number.
    if days > 3_000_000 {
        return "?".to_owned();
    }
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!(
        "{year}-{:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC",
        month + 1,
        days + 1
    )
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
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_795_934_225), "2026-11-29 06:37:05 UTC");
        assert_eq!(utc(u64::MAX), "?");
    }
}

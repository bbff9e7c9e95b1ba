//! How numbers and foreign text are shown to people.

/// A piece of a file or of a description for an error message: escaped, and cut if it is long.
pub(super) fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut out = String::from("`");
    for (i, c) in text.chars().enumerate() {
        if i == SHOWN {
            out.push_str("...");
            break;
        }
        // A list may hold anything when the file is damaged; a terminal should not see it raw.
        out.extend(c.escape_debug());
    }
    out.push('`');
    out
}

/// `1 core`, `2 cores`.
pub(super) fn count(n: usize, one: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {one}{plural}")
}

/// Bytes in the largest binary unit that leaves at least one in front of the point.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    let mut scaled = n as f64;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let rounded = (scaled * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 {
        format!("{rounded:.0} {}", UNITS[unit])
    } else {
        format!("{rounded:.1} {}", UNITS[unit])
    }
}

/// Ascending numbers in the kernel's list format: `0-3,8`.
pub(super) fn ranges(numbers: impl Iterator<Item = u32>) -> String {
    let mut numbers = numbers.peekable();
    let mut out = String::new();
    while let Some(from) = numbers.next() {
        let mut to = from;
        while let Some(next) = numbers.next_if(|&n| Some(n) == to.checked_add(1)) {
            to = next;
        }
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&from.to_string());
        if to > from {
            out.push_str(&format!("-{to}"));
        }
    }
    out
}

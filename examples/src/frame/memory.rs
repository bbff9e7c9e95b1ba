//! How much memory there is, and refusing what needs more.

use std::fs;

use sprat::{Error, Result};

/// Refuses what this machine has no memory for, before any is taken. The message reads "`what` needs ... of memory; ask
/// for `instead`".
///
/// # Errors
/// Says what is needed, what there is, and what to do.
pub fn check_memory(needed: u128, what: &str, instead: &str) -> Result<()> {
    match available() {
        Some(available) if needed > u128::from(available) => Err(Error::msg(format!(
            "{what} needs {} of memory, and {} are available; ask for {instead}",
            bytes(needed),
            bytes(available.into()),
        ))),
        // Without a figure nothing can be refused but what no machine has.
        None if needed > 1 << 46 => Err(Error::msg(format!(
            "{what} needs {} of memory; ask for {instead}",
            bytes(needed),
        ))),
        _ => Ok(()),
    }
}

/// What the kernel says can be had without swapping, and what the control group leaves of that.
fn available() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let group = number("/sys/fs/cgroup/memory.max")
        .map(|most| most.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib * 1024)
    });
    group.into_iter().chain(machine).min()
}

/// A size for people.
pub fn bytes(bytes: u128) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
    }

    #[test]
    fn what_no_machine_has_is_refused() {
        let message = check_memory(1 << 70, "a moon", "a smaller one").unwrap_err();
        let message = message.to_string();
        assert!(
            message.starts_with("a moon needs 1048576.0 PiB"),
            "{message}"
        );
        assert!(message.ends_with("ask for a smaller one"), "{message}");
        check_memory(1, "a byte", "none").unwrap();
    }
}

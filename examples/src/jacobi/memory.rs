//! How much memory a run needs, and how much there is.

use std::fs;

use super::tiling::Tiling;
use sprat::{Error, Result};

/// Bytes that the blocks need, and the reference if it is asked for.
pub fn needed(tiling: &Tiling, verify: bool) -> u128 {
    let cell = size_of::<f64>() as u128;
    let blocks = (tiling.tiles.cells()).saturating_mul(2 * cell * tiling.block_cells() as u128);
    // The reference has two grids.
    let reference = tiling.grid.cells().saturating_mul(2 * cell);
    blocks.saturating_add(if verify { reference } else { 0 })
}

/// Refuses what this machine has no memory for, before any is taken.
///
/// # Errors
/// Says what is needed, what there is, and what to do.
pub fn check(tiling: &Tiling, verify: bool) -> Result<()> {
    let needed = needed(tiling, verify);
    match available() {
        Some(available) if needed > u128::from(available) => Err(Error::msg(format!(
            "a grid of {} needs {} of memory, and {} are available; ask for a smaller --size",
            tiling.grid,
            bytes(needed),
            bytes(available.into()),
        ))),
        // Without a figure nothing can be refused but what no machine has.
        None if needed > 1 << 46 => Err(Error::msg(format!(
            "a grid of {} needs {} of memory; ask for a smaller --size",
            tiling.grid,
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
    use super::super::tiling::Extent;
    use super::*;

    #[test]
    fn absurd_sizes_are_told_and_refused() {
        let side = usize::MAX;
        let absurd = Tiling::new(
            Extent {
                width: side,
                height: side,
            },
            Extent {
                width: 256,
                height: 256,
            },
        );
        let message = check(&absurd, true).unwrap_err().to_string();
        assert!(message.contains("PiB"), "{message}");
        assert!(message.contains("--size"), "{message}");
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
    }
}

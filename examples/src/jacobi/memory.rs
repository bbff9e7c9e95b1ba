//! How much memory a run needs.

use sprat::Result;

use super::tiling::Tiling;
use crate::frame::check_memory;

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
    let what = format!("a grid of {}", tiling.grid);
    check_memory(needed(tiling, verify), &what, "a smaller --size")
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
}

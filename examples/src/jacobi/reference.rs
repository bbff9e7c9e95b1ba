//! The same sweeps without tiles and without a runtime, written as plainly as can be.

use super::kernel::spread;
use super::tiling::Extent;

/// The grid after so many sweeps.
pub fn sweeps(grid: Extent, mut now: Vec<f64>, sweeps: usize, mut swept: impl FnMut()) -> Vec<f64> {
    let (width, height) = (grid.width, grid.height);
    let mut next = now.clone();
    for _ in 0..sweeps {
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let at = y * width + x;
                next[at] = spread(
                    now[at],
                    now[at - width],
                    now[at + width],
                    now[at - 1],
                    now[at + 1],
                );
            }
        }
        std::mem::swap(&mut now, &mut next);
        swept();
    }
    now
}

//! One tile of one sweep. It is bound by memory: a cell costs 16 bytes and seven operations.
//!
//! Cells are `f64`, as in the codes that this stands for; half as wide ones would go twice as fast and need a tolerance
//! where ours compares bit for bit.

use super::tiling::Place;

/// How much of the difference to its neighbours a cell takes over in one sweep. Up to 1/4 is stable.
pub const SPREAD: f64 = 0.2;

/// A cell's next temperature. The serial reference uses it too, so that both round alike.
#[inline(always)]
pub fn spread(here: f64, up: f64, down: f64, left: f64, right: f64) -> f64 {
    here + SPREAD * (((up + down) + (left + right)) - 4.0 * here)
}

/// The next temperatures of a tile, from its own block and those above, below, left and right of it. Where there is no
/// neighbour (any slice will do then) the grid ends, and the cells at its rim stay as they are. `inner` computes a row but
/// for its ends, as [`inner`] does.
#[inline(always)]
pub fn tile(
    place: &Place,
    out: &mut [f64],
    here: &[f64],
    around: [&[f64]; 4],
    inner: impl Fn(&mut [f64], &[f64], &[f64], &[f64]),
) {
    let (width, height, stride) = (place.extent.width, place.extent.height, place.stride);
    let [above, below, left, right] = around;
    let [has_above, has_below, has_left, has_right] = place.neighbours.map(|n| n.is_some());
    // The tiles above and to the left are full ones: only those at the far ends are smaller.
    let (last_row, last) = ((place.full.height - 1) * stride, place.full.width - 1);
    let row = |y: usize| y * stride..y * stride + width;
    for y in 0..height {
        let now = &here[row(y)];
        let out = &mut out[row(y)];
        if (y == 0 && !has_above) || (y + 1 == height && !has_below) {
            out.copy_from_slice(now);
            continue;
        }
        let up = match y {
            0 => &above[last_row..][..width],
            _ => &here[row(y - 1)],
        };
        let down = match y + 1 == height {
            true => &below[..width],
            false => &here[row(y + 1)],
        };
        inner(out, now, up, down);
        // The first and the last cell have a neighbour in another block, or are the rim.
        let end = width - 1;
        let next = |x: usize, left: f64, right: f64| spread(now[x], up[x], down[x], left, right);
        if has_left && (end > 0 || has_right) {
            let right = if end > 0 { now[1] } else { right[y * stride] };
            out[0] = next(0, left[y * stride + last], right);
        } else {
            out[0] = now[0];
        }
        if end > 0 {
            out[end] = match has_right {
                true => next(end, now[end - 1], right[y * stride]),
                false => now[end],
            };
        }
    }
}

/// All cells of a row but its ends. Slices of one length, so the loop has no checks and is vectorised.
#[inline(always)]
pub fn inner(out: &mut [f64], now: &[f64], up: &[f64], down: &[f64]) {
    let Some(n) = out.len().checked_sub(2) else {
        return;
    };
    let (out, up, down) = (&mut out[1..][..n], &up[1..][..n], &down[1..][..n]);
    let (left, here, right) = (&now[..n], &now[1..][..n], &now[2..][..n]);
    for i in 0..n {
        out[i] = spread(here[i], up[i], down[i], left[i], right[i]);
    }
}

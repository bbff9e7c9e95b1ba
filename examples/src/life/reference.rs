//! The plain way: a byte for each cell, neighbours counted one by one.

use super::rule::Rule;

/// One step of a board with rows of `width` cells, each 0 or 1.
pub fn step(rule: Rule, width: usize, cells: &[u8], torus: bool) -> Vec<u8> {
    let height = cells.len() / width;
    // One back, none, or one on.
    let near = |at: usize, of: usize| {
        [0, 1, 2].map(|by| match torus {
            true => Some((at + of + by - 1) % of),
            false => (at + by).checked_sub(1).filter(|&at| at < of),
        })
    };
    let mut next = Vec::with_capacity(cells.len());
    for y in 0..height {
        let rows = near(y, height);
        for x in 0..width {
            let columns = near(x, width);
            let mut count = 0;
            for row in rows.iter().flatten() {
                for column in columns.iter().flatten() {
                    count += u32::from(cells[row * width + column]);
                }
            }
            let alive = cells[y * width + x];
            let table = if alive == 0 {
                rule.birth
            } else {
                rule.survival
            };
            next.push((table >> (count - u32::from(alive)) & 1) as u8);
        }
    }
    next
}

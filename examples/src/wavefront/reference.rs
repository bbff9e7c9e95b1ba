//! The plain way to the best score: cell by cell, row by row.

use super::kernel::Best;
use super::scoring::{NEVER, Scoring};

/// The best cell of the matrix. `done` hears of each row.
pub fn best(scoring: &Scoring, first: &[u8], second: &[u8], mut done: impl FnMut()) -> Best {
    let mut above = vec![0; second.len()];
    let mut down = vec![NEVER; second.len()];
    let mut best = Best::NONE;
    for (row, &a) in first.iter().enumerate() {
        let (mut left, mut right, mut diagonal) = (0, NEVER, 0);
        for (column, &b) in second.iter().enumerate() {
            right = (left - scoring.first).max(right - scoring.further);
            down[column] = (above[column] - scoring.first).max(down[column] - scoring.further);
            let score = (diagonal + scoring.pair(a, b))
                .max(right)
                .max(down[column])
                .max(0);
            diagonal = above[column];
            above[column] = score;
            left = score;
            if score > best.score {
                best = Best {
                    score,
                    row: row as i32,
                    column: column as i32,
                };
            }
        }
        done();
    }
    best
}

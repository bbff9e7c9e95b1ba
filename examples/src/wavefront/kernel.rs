//! The scores of one tile, from its borders to its borders.
//!
//! Cells on a diagonal, from the lower left to the upper right, do not need each other: what they need is on the two
//! diagonals before. So diagonals are computed one after the other, each in a loop without dependences, whose numbers lie
//! next to each other in memory, by row.

use super::scoring::{CODES, Pairs, Scoring};

/// A cell and its score. Of several with the same score, the first counts, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Best {
    /// The score.
    pub score: i32,
    /// The row in the matrix.
    pub row: i32,
    /// The column in the matrix.
    pub column: i32,
}

impl Best {
    /// No cell: nothing scores above zero.
    pub const NONE: Best = Best {
        score: 0,
        row: i32::MAX,
        column: i32::MAX,
    };

    /// The better of two.
    #[inline(always)]
    pub fn or(self, other: Best) -> Best {
        let key = |b: &Best| (b.score, std::cmp::Reverse((b.row, b.column)));
        if key(&other) > key(&self) {
            other
        } else {
            self
        }
    }

    /// As it stands in a border.
    pub fn of(border: &[i32]) -> Best {
        Best {
            score: border[0],
            row: border[1],
            column: border[2],
        }
    }
}

/// What a tile reads and writes.
#[derive(Debug)]
pub struct Borders<'a> {
    /// From above: the score of the cell to the left, then scores, then gaps that lead down.
    pub north: &'a [i32],
    /// From the left: the best cell so far, then scores, then gaps that lead to the right.
    pub west: &'a [i32],
    /// To below.
    pub south: &'a mut [i32],
    /// To the right.
    pub east: &'a mut [i32],
}

/// Numbers of memory that a tile needs for itself.
pub fn memory(height: usize, width: usize) -> usize {
    LISTS * list_length(height) + width
}

/// Lists are so far apart that no two of them are at the same offsets in their pages. Processors that compare only those
/// 12 bits at first would make reads from one wait for writes to the other.
fn list_length(height: usize) -> usize {
    (height + 1).next_multiple_of(1024) + 80
}

/// Lists in that memory with a number for each row, and one for the row above the tile.
const LISTS: usize = 10;

/// Computes a tile: `first` are the letters of its rows, `second` those of its columns, `at` is its first cell in the
/// matrix, `memory` has [`memory`] numbers.
#[inline(always)]
pub fn tile(
    scoring: &Scoring,
    (first, second): (&[u8], &[u8]),
    at: (usize, usize),
    borders: Borders<'_>,
    memory: &mut [i32],
) {
    let (height, width) = (first.len(), second.len());
    let Borders {
        north,
        west,
        south,
        east,
    } = borders;
    let (north_scores, north_gaps) = north[1..].split_at(width);
    let (west_scores, west_gaps) = west[3..].split_at(height);
    let (south_scores, south_gaps) = south[1..].split_at_mut(width);
    let (east_scores, east_gaps) = east[3..].split_at_mut(height);

    let (letters, memory) = memory.split_at_mut(width);
    // Backwards, so that along a diagonal both sequences are read forwards.
    for (to, &letter) in letters.iter_mut().rev().zip(second) {
        *to = letter.into();
    }
    let mut lists = memory.chunks_exact_mut(list_length(height));
    let mut list = || lists.next().unwrap_or_default();
    let [rows, pairs, right] = [list(), list(), list()];
    let [mut scores, mut before, mut before_that] = [list(), list(), list()];
    let [mut down, mut down_before] = [list(), list()];
    let [best, best_at] = [list(), list()];
    for (to, &letter) in rows.iter_mut().zip(first) {
        *to = letter.into();
    }
    best.fill(0);
    before[0] = north[0];

    // In these lists row r is at r + 1, so that at r is the row above it.
    for d in 0..height + width - 1 {
        (before_that, before, scores) = (before, scores, before_that);
        std::mem::swap(&mut down, &mut down_before);
        // What comes from above and from the left into this diagonal.
        if d == 0 {
            before_that[0] = north[0];
        }
        if d < width {
            (before[0], down_before[0]) = (north_scores[d], north_gaps[d]);
        }
        if d < height {
            (before[d + 1], right[d]) = (west_scores[d], west_gaps[d]);
        }
        let (from, to) = ((d + 1).saturating_sub(width), height.min(d + 1));
        // The column of row r is d - r, which stands at width - 1 - (d - r) from behind.
        let column = width + from - 1 - d;
        let letters = &letters[column..column + to - from];
        scoring.along(&rows[from..to], letters, &mut pairs[from..to]);
        let diagonal = Diagonal {
            pairs: &pairs[from..to],
            met: &before_that[from..to],
            above: &before[from..to],
            left: &before[from + 1..to + 1],
            down_before: &down_before[from..to],
            right: &mut right[from..to],
            down: &mut down[from + 1..to + 1],
            scores: &mut scores[from + 1..to + 1],
            best: &mut best[from..to],
            best_at: &mut best_at[from..to],
        };
        diagonal.compute(scoring, d as i32);
        if let Some(column) = (d + 1).checked_sub(height) {
            (south_scores[column], south_gaps[column]) = (scores[height], down[height]);
        }
        if let Some(row) = (d + 1).checked_sub(width) {
            (east_scores[row], east_gaps[row]) = (scores[row + 1], right[row]);
        }
    }

    south[0] = west_scores[height - 1];
    let mut found = Best::of(west);
    for row in 0..height {
        if best[row] > 0 {
            found = found.or(Best {
                score: best[row],
                row: (at.0 + row) as i32,
                column: at.1 as i32 + best_at[row] - row as i32,
            });
        }
    }
    east[..3].copy_from_slice(&[found.score, found.row, found.column]);
}

impl Scoring {
    /// What letters score against those beside them.
    #[inline(always)]
    fn along(&self, rows: &[i32], columns: &[i32], pairs: &mut [i32]) {
        let cells = pairs.iter_mut().zip(rows.iter().zip(columns));
        match self.pairs {
            // A letter that stands for any is equal to none.
            Pairs::Same { equal, unequal } => {
                for (pair, (&a, &b)) in cells {
                    *pair = if a == b && a < 4 { equal } else { unequal };
                }
            }
            Pairs::Blosum62 => {
                for (pair, (&a, &b)) in cells {
                    *pair = TABLE[(a as usize * CODES + b as usize) % TABLE.len()];
                }
            }
        }
    }
}

/// BLOSUM62, all rows in one: one index is quicker than two.
static TABLE: [i32; CODES * CODES] = super::scoring::blosum62();

/// The cells of a diagonal, and what they need: a number for each.
struct Diagonal<'a> {
    /// What their letters score.
    pairs: &'a [i32],
    /// The scores up and to the left.
    met: &'a [i32],
    /// The scores above.
    above: &'a [i32],
    /// The scores to the left.
    left: &'a [i32],
    /// The best above that ends in a gap that leads down.
    down_before: &'a [i32],
    /// The best that ends in a gap that leads to the right: to the left, then here.
    right: &'a mut [i32],
    /// The best that ends in a gap that leads down.
    down: &'a mut [i32],
    scores: &'a mut [i32],
    /// The best score in each row so far.
    best: &'a mut [i32],
    /// The diagonal of that one.
    best_at: &'a mut [i32],
}

/// Cells that are computed at once.
const LANES: usize = 8;

impl Diagonal<'_> {
    /// All cells. What they need is taken out of memory before anything is put there: the compiler need not find out
    /// that the lists do not overlap.
    #[inline(always)]
    fn compute(mut self, scoring: &Scoring, at: i32) {
        let n = self.pairs.len();
        let mut done = 0;
        while done + LANES <= n {
            self.some::<LANES>(scoring, at, done);
            done += LANES;
        }
        while done < n {
            self.some::<1>(scoring, at, done);
            done += 1;
        }
    }

    #[inline(always)]
    fn some<const N: usize>(&mut self, scoring: &Scoring, at: i32, from: usize) {
        let take = |list: &[i32]| -> [i32; N] {
            let mut taken = [0; N];
            taken.copy_from_slice(&list[from..from + N]);
            taken
        };
        let (pairs, met) = (take(self.pairs), take(self.met));
        let (above, left) = (take(self.above), take(self.left));
        let (mut right, mut down) = (take(self.right), take(self.down_before));
        let (best_before, at_before) = (take(self.best), take(self.best_at));
        // New lists: a number that is only kept or not would be stored under a mask, which is slow.
        let [mut scores, mut best, mut best_at] = [[0; N]; 3];
        for i in 0..N {
            right[i] = (left[i] - scoring.first).max(right[i] - scoring.further);
            down[i] = (above[i] - scoring.first).max(down[i] - scoring.further);
            scores[i] = (met[i] + pairs[i]).max(right[i]).max(down[i]).max(0);
            best[i] = best_before[i].max(scores[i]);
            let better = scores[i] > best_before[i];
            best_at[i] = if better { at } else { at_before[i] };
        }
        self.right[from..from + N].copy_from_slice(&right);
        self.down[from..from + N].copy_from_slice(&down);
        self.scores[from..from + N].copy_from_slice(&scores);
        self.best[from..from + N].copy_from_slice(&best);
        self.best_at[from..from + N].copy_from_slice(&best_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavefront::cut::Cut;
    use crate::wavefront::random;
    use crate::wavefront::reference;
    use crate::wavefront::scoring::{Alphabet, NEVER};

    const SAME: Pairs = Pairs::Same {
        equal: 2,
        unequal: -3,
    };

    /// All tiles in the order of rows, by one thread.
    fn best(scoring: &Scoring, first: &[u8], second: &[u8], side: usize) -> Best {
        let cut = Cut::new(first.len(), second.len(), side);
        let edge = |width: usize| {
            let mut border = vec![0; 1 + width];
            border.resize(Cut::south(width), NEVER);
            border
        };
        let mut norths: Vec<_> = (0..cut.across()).map(|j| edge(cut.width(j))).collect();
        let mut best = Best::NONE;
        for (i, first) in first.chunks(cut.tile).enumerate() {
            let mut west = vec![0, i32::MAX, i32::MAX];
            west.resize(3 + first.len(), 0);
            west.resize(Cut::east(first.len()), NEVER);
            for (j, second) in second.chunks(cut.tile).enumerate() {
                let mut south = vec![0; Cut::south(second.len())];
                let mut east = vec![0; Cut::east(first.len())];
                let mut memory = vec![7; memory(first.len(), second.len())];
                let borders = Borders {
                    north: &norths[j],
                    west: &west,
                    south: &mut south,
                    east: &mut east,
                };
                let at = (i * cut.tile, j * cut.tile);
                tile(scoring, (first, second), at, borders, &mut memory);
                norths[j] = south;
                west = east;
            }
            best = best.or(Best::of(&west));
        }
        best
    }

    #[test]
    fn any_tiles_find_what_the_reference_finds() {
        let dna = Scoring::new(SAME, 5, 2).unwrap();
        let cheap = Scoring::new(SAME, 0, 1).unwrap();
        let protein = Scoring::new(Pairs::Blosum62, 11, 1).unwrap();
        for (alphabet, scoring) in [
            (Alphabet::Dna, dna),
            (Alphabet::Dna, cheap),
            (Alphabet::Protein, protein),
        ] {
            for (length, other, seed) in [
                (1, 1, 1),
                (5, 90, 2),
                (40, 5, 3),
                (15, 16, 4),
                (100, 100, 5),
                (333, 200, 6),
            ] {
                let [mut first, _] = random::pair(alphabet, length, seed);
                let [_, mut second] = random::pair(alphabet, other, seed);
                // A letter that stands for any.
                first.codes[length / 2] = 4;
                second.codes[0] = 4;
                let expected = reference::best(&scoring, &first.codes, &second.codes, || ());
                // A tile of one cell takes as much memory as one of a thousand rows.
                let sides = [if length < 100 { 1 } else { 33 }, 17, 64, 1000];
                for side in sides {
                    let found = best(&scoring, &first.codes, &second.codes, side);
                    assert_eq!(found, expected, "{alphabet:?} {length} {other} {side}");
                }
            }
        }
    }

    #[test]
    fn nothing_alike_is_nothing_found() {
        let dna = Scoring::new(SAME, 5, 2).unwrap();
        assert_eq!(best(&dna, &[0; 40], &[1; 50], 16), Best::NONE);
        assert_eq!(reference::best(&dna, &[0; 40], &[1; 50], || ()), Best::NONE);
    }
}

//! The scores of one tile, from its borders to its borders.
//!
//! Sixteen rows are computed side by side. Each is one column behind the row above it, so that what a cell needs from
//! above was computed one step earlier, and from the left, too.

use super::cut::LANES;
use super::scoring::{CODES, NEVER, PAD, Pairs, Scoring};

/// A number for each of the rows that are computed side by side.
type Rows = [i32; LANES];

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

/// Computes a tile: `first` are the letters of its rows, `second` those of its columns, `at` is its first cell in the
/// matrix. If it has no multiple of 16 rows, nothing below it is right.
#[inline(always)]
pub fn tile(
    scoring: &Scoring,
    first: &[u8],
    second: &[u8],
    at: (usize, usize),
    borders: Borders<'_>,
) {
    let Borders {
        north,
        west,
        south,
        east,
    } = borders;
    let (width, height) = (second.len(), first.len());
    // Each strip reads what the one above it wrote there.
    south[..width * 2 + 1].copy_from_slice(&north[..width * 2 + 1]);
    let (corner, along) = south.split_at_mut(1);
    let (scores, gaps) = along.split_at_mut(width);
    let mut best = Best::of(west);
    for (strip, letters) in first.chunks(LANES).enumerate() {
        let from = strip * LANES;
        let rows = letters.len();
        let mut state = State {
            score: [0; LANES],
            right: [NEVER; LANES],
            down: [NEVER; LANES],
            diagonal: [0; LANES],
            best: [0; LANES],
            best_step: [0; LANES],
        };
        state.score[..rows].copy_from_slice(&west[3 + from..][..rows]);
        state.right[..rows].copy_from_slice(&west[3 + height + from..][..rows]);
        // The corner of this strip; that of the next one is the last score to the left of this.
        state.diagonal[0] = corner[0];
        corner[0] = state.score[LANES - 1];

        let mut lanes = [PAD; LANES];
        lanes[..rows].copy_from_slice(letters);
        match scoring.pairs {
            Pairs::Same { equal, unequal } => {
                // One that stands for any becomes a number that no letter has.
                let letters = lanes.map(|l| if l < 4 { i32::from(l) } else { -1 });
                let score = |codes: &Rows| {
                    std::array::from_fn(|lane| {
                        if codes[lane] == letters[lane] {
                            equal
                        } else {
                            unequal
                        }
                    })
                };
                state.strip(scoring, second, scores, gaps, score);
            }
            Pairs::Blosum62 => {
                let row = |a| std::array::from_fn(|b| scoring.pair(a, b as u8));
                let table: [[i32; CODES]; LANES] = lanes.map(row);
                let score = |codes: &Rows| {
                    std::array::from_fn(|lane| table[lane][codes[lane] as usize % CODES])
                };
                state.strip(scoring, second, scores, gaps, score);
            }
        }

        east[3 + from..][..rows].copy_from_slice(&state.score[..rows]);
        east[3 + height + from..][..rows].copy_from_slice(&state.right[..rows]);
        for lane in 0..rows {
            best = best.or(Best {
                score: state.best[lane],
                row: (at.0 + from + lane) as i32,
                column: at.1 as i32 + state.best_step[lane] - lane as i32,
            });
        }
    }
    // A best of zero is none, wherever it was looked for.
    let best = if best.score > 0 { best } else { Best::NONE };
    east[..3].copy_from_slice(&[best.score, best.row, best.column]);
}

/// Where the rows of a strip are.
struct State {
    /// The last scores.
    score: Rows,
    /// The best that ends in a gap that leads to the right.
    right: Rows,
    /// The best that ends in a gap that leads down.
    down: Rows,
    /// The scores up and to the left of the next cells.
    diagonal: Rows,
    best: Rows,
    /// The step in which the best was found.
    best_step: Rows,
}

impl State {
    /// All columns of a strip. `scores` and `gaps` are those of the row above, and become those of the last row.
    #[inline(always)]
    fn strip(
        &mut self,
        scoring: &Scoring,
        second: &[u8],
        scores: &mut [i32],
        gaps: &mut [i32],
        score: impl Fn(&Rows) -> Rows,
    ) {
        let width = second.len();
        let mut codes = [i32::from(PAD); LANES];
        let ends = width.min(LANES - 1);
        let last = width + LANES - 1;
        let mut step = |step: usize, all: bool| {
            let from_above = match step < width {
                true => (i32::from(second[step]), scores[step], gaps[step]),
                false => (i32::from(PAD), 0, NEVER),
            };
            codes = below(&codes, from_above.0);
            let out = self.step(scoring, step, width, all, &score(&codes), from_above);
            if let Some(column) = step.checked_sub(LANES - 1) {
                (scores[column], gaps[column]) = out;
            }
        };
        // At both ends some rows have no cell.
        for at in 0..ends {
            step(at, false);
        }
        for at in ends..width {
            step(at, true);
        }
        for at in width..last {
            step(at, false);
        }
    }

    /// One cell in each row, or in those that have one.
    #[inline(always)]
    fn step(
        &mut self,
        scoring: &Scoring,
        step: usize,
        width: usize,
        all: bool,
        pairs: &Rows,
        from_above: (i32, i32, i32),
    ) -> (i32, i32) {
        let above = below(&self.score, from_above.1);
        let down = below(&self.down, from_above.2);
        for lane in 0..LANES {
            let right = (self.score[lane] - scoring.first).max(self.right[lane] - scoring.further);
            let down = (above[lane] - scoring.first).max(down[lane] - scoring.further);
            let met = self.diagonal[lane] + pairs[lane];
            let score = met.max(right).max(down).max(0);
            // Here is a cell, or what is known stays.
            let here = all || step.wrapping_sub(lane) < width;
            self.score[lane] = if here { score } else { self.score[lane] };
            self.right[lane] = if here { right } else { self.right[lane] };
            self.down[lane] = if here { down } else { self.down[lane] };
            let better = here && score > self.best[lane];
            self.best[lane] = if better { score } else { self.best[lane] };
            self.best_step[lane] = if better {
                step as i32
            } else {
                self.best_step[lane]
            };
        }
        self.diagonal = above;
        (self.score[LANES - 1], self.down[LANES - 1])
    }
}

/// Moves all numbers to the row below, and a new one to the first row.
#[inline(always)]
fn below(rows: &Rows, new: i32) -> Rows {
    std::array::from_fn(|lane| match lane {
        0 => new,
        _ => rows[lane - 1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavefront::cut::Cut;
    use crate::wavefront::random;
    use crate::wavefront::reference;
    use crate::wavefront::scoring::Alphabet;

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
                let borders = Borders {
                    north: &norths[j],
                    west: &west,
                    south: &mut south,
                    east: &mut east,
                };
                tile(
                    scoring,
                    first,
                    second,
                    (i * cut.tile, j * cut.tile),
                    borders,
                );
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
                (90, 5, 3),
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
                for side in [1, 17, 64, 1000] {
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

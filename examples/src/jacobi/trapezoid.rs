//! Several sweeps over a few rows, while they are in a cache. Why that is right: `docs/design/time-tiles.md`.

use std::ops::Range;

use super::kernel;

/// Bytes that the rows in use should fill at most, of both sets: half an L2 cache.
const CACHE: usize = 256 << 10;
/// A strip has at least so many columns: in fewer the loop over them hardly begins.
const LEAST: usize = 128;
/// A strip moves so many columns to the left from one sweep to the next. One would be enough; with a cache line all rows of
/// a strip begin on lines.
const LEAN: usize = 8;

/// The blocks of a set that a codelet has: one, or two that follow each other.
#[derive(Debug)]
pub struct Set<'a, 'v> {
    /// The blocks, each with room for all rows of a full one.
    pub blocks: &'a mut [&'v mut [f64]],
    /// Where the cells begin in each.
    pub lead: usize,
}

/// How the rows that are computed change from one sweep to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A row less at each end that is not the grid's: what the next sweep needs beyond it is not there.
    Shrinks,
    /// A row more above and below the line between two blocks: what the shrinking ones left out on both sides.
    Grows,
}

/// What a codelet computes.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How its rows change.
    pub kind: Kind,
    /// Cells of a row.
    pub width: usize,
    /// Cells from one row to the next.
    pub stride: usize,
    /// Rows of a full block.
    pub full: usize,
    /// Rows of all its blocks; the last block may be short.
    pub rows: usize,
    /// Whether its first row and its last one are the grid's, which keep their values.
    pub rims: [bool; 2],
    /// So many sweeps.
    pub sweeps: usize,
}

impl Shape {
    /// The rows that a sweep computes; they are counted from 1 on.
    fn rows(&self, sweep: usize) -> Range<usize> {
        let less = |rim: bool| if rim { 1 } else { sweep };
        match self.kind {
            Kind::Shrinks => less(self.rims[0])..self.rows.saturating_sub(less(self.rims[1])),
            Kind::Grows => self.full - sweep..(self.full + sweep).min(self.rows - 1),
        }
    }

    /// Columns of a strip: as many as leave room for all sweeps in the cache, in strips of about the same size.
    fn strip(&self) -> usize {
        let rows = 2 * (self.sweeps + 2);
        let most = (CACHE / size_of::<f64>() / rows).max(LEAST);
        let all = self.width + LEAN * self.sweeps;
        all.div_ceil(all.div_ceil(most)).next_multiple_of(LEAN)
    }

    /// Where these cells of a row are: in which block, and there.
    fn place(&self, row: usize, cells: &Range<usize>) -> (usize, Range<usize>) {
        let block = usize::from(row >= self.full);
        let begin = (row - block * self.full) * self.stride;
        (block, begin + cells.start..begin + cells.end)
    }

    /// Sweeps. The even set has the values before and after an even number of sweeps, the odd one those between; the rim is in
    /// both.
    ///
    /// Strip by strip, from the left to the right; in a strip all sweeps follow each other closely down the rows, each a row
    /// behind the one before it.
    #[inline(always)]
    pub fn run(&self, [even, odd]: [&mut Set<'_, '_>; 2]) {
        let Some(last) = self.width.checked_sub(1).filter(|&last| last > 1) else {
            return;
        };
        let strip = self.strip();
        let ranges: Vec<Range<usize>> = (1..=self.sweeps).map(|sweep| self.rows(sweep)).collect();
        let filled = |(sweep, rows): (usize, &Range<usize>)| {
            (!rows.is_empty()).then(|| rows.start + sweep..rows.end + sweep)
        };
        let waves = || ranges.iter().enumerate().filter_map(filled);
        let (Some(first), Some(end)) = (
            waves().map(|wave| wave.start).min(),
            waves().map(|wave| wave.end).max(),
        ) else {
            return;
        };
        for right in (1..).map(|at| at * strip) {
            for wave in first..end {
                for (at, rows) in ranges.iter().enumerate().take(wave + 1) {
                    let row = wave - at;
                    if !rows.contains(&row) {
                        continue;
                    }
                    let lean = LEAN * (at + 1);
                    let from = (right - strip).saturating_sub(lean).max(1);
                    let to = right.saturating_sub(lean).min(last);
                    if from >= to {
                        continue;
                    }
                    let (now, next) = match at % 2 {
                        0 => (&*even, &mut *odd),
                        _ => (&*odd, &mut *even),
                    };
                    // A cell more at each end, which is only read.
                    let cells = from - 1..to + 1;
                    let at = |row: usize| self.place(row, &cells);
                    let [up, here, down] = [row - 1, row, row + 1].map(|row| {
                        let (block, cells) = at(row);
                        &now.blocks[block][now.lead..][cells]
                    });
                    let (block, cells) = at(row);
                    let out = &mut next.blocks[block][next.lead..][cells];
                    kernel::inner(out, here, up, down);
                }
            }
            if right >= last + LEAN * self.sweeps {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(kind: Kind, rims: [bool; 2]) -> Shape {
        Shape {
            kind,
            width: 5,
            stride: 8,
            full: 4,
            rows: 8,
            rims,
            sweeps: 3,
        }
    }

    #[test]
    fn what_shrinks_and_what_grows_cover_all_rows_of_each_sweep() {
        let upper = shape(Kind::Shrinks, [true, false]);
        let lower = shape(Kind::Shrinks, [false, true]);
        let between = shape(Kind::Grows, [false, false]);
        for sweep in 1..=3 {
            // The blocks between begin in the middle of the upper ones.
            let rows = between.rows(sweep);
            assert_eq!(upper.rows(sweep).end, 4 + rows.start);
            assert_eq!(8 + lower.rows(sweep).start, 4 + rows.end);
            assert_eq!((upper.rows(sweep).start, lower.rows(sweep).end), (1, 7));
        }
    }

    #[test]
    fn a_short_block_at_the_end_is_filled_in_to_the_rim() {
        let mut short = shape(Kind::Shrinks, [false, true]);
        short.rows = 2;
        assert!((1..=3).all(|sweep| short.rows(sweep).is_empty()));
        let mut above = shape(Kind::Grows, [false, true]);
        above.rows = 6;
        assert_eq!([1, 2, 3].map(|sweep| above.rows(sweep)), [3..5, 2..5, 1..5]);
    }

    #[test]
    fn strips_fit_the_cache_and_are_about_equal() {
        let mut wide = shape(Kind::Shrinks, [true, true]);
        (wide.width, wide.sweeps) = (3840, 16);
        let strip = wide.strip();
        assert!(
            strip * 2 * 18 * size_of::<f64>() <= CACHE + (CACHE >> 4),
            "{strip}"
        );
        assert!(strip > 700, "{strip}");
        wide.sweeps = 100_000;
        assert!(wide.strip() >= LEAST);
    }
}

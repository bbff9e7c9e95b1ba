//! Who depends on whom: the patterns of Task Bench, as Slaughter et al. (SC'20, arXiv 1908.05790) define them.
//!
//! A graph has `steps` rows of at most `width` tasks. A task depends on tasks of the row before it; on which columns of
//! them says the pattern, in one of a few *sets* that take turns from row to row. Two patterns have rows that are
//! narrower than the graph: a dependence on a task that is not there falls away.

use std::ops::Range;

/// Columns on which the tasks of the patterns `nearest5`, `random5`, `spread5` may depend.
const RADIX: usize = 5;
/// Sets of `random5`.
const RANDOM_SETS: usize = 3;
/// Sets of `spread5`.
const SPREAD_SETS: usize = 2;
/// Of so many possible dependences `random5` has one, and a task's own column always.
const ONE_IN: u64 = 4;

/// A pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Nobody on anybody.
    Trivial,
    /// Each column on itself.
    NoComm,
    /// On the column itself and its two neighbours.
    Stencil1d,
    /// A wave from the west that starts in one corner and ends in the opposite one: on the column itself and its western
    /// neighbour. Rows grow and shrink.
    Dom,
    /// Each task on its parent: rows double until they are as wide as the graph, then column `c` goes on from `c / 2`.
    Tree,
    /// On the column itself and the two that are 1, then 2, then 4... away.
    Fft,
    /// On the five nearest columns.
    Nearest5,
    /// On the column itself and a random quarter of the five nearest.
    Random5,
    /// On five columns that are spread over the row.
    Spread5,
}

/// All patterns, with their names and what they are.
pub const PATTERNS: [(Pattern, &str, &str); 9] = [
    (
        Pattern::Stencil1d,
        "stencil_1d",
        "on the column itself and its two neighbours",
    ),
    (
        Pattern::Nearest5,
        "nearest5",
        "on the five nearest columns, the own one included",
    ),
    (
        Pattern::Fft,
        "fft",
        "on the column itself and those 1, 2, 4... away, in turn",
    ),
    (
        Pattern::Tree,
        "tree",
        "on half the own column: rows double until they are full",
    ),
    (
        Pattern::Random5,
        "random5",
        "on itself and a random quarter of the five nearest; three sets",
    ),
    (
        Pattern::Spread5,
        "spread5",
        "on five columns spread over the row; two sets",
    ),
    (
        Pattern::Dom,
        "dom",
        "on itself and its western neighbour: a wave from corner to corner",
    ),
    (Pattern::NoComm, "no_comm", "on the own column only"),
    (Pattern::Trivial, "trivial", "on nothing"),
];

impl Pattern {
    /// The pattern of this name.
    pub fn named(name: &str) -> Option<Pattern> {
        let mut all = PATTERNS.iter();
        all.find(|pattern| pattern.1 == name).map(|it| it.0)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let mut all = PATTERNS.iter();
        all.find(|it| it.0 == self).expect("each has a name").1
    }

    /// The columns that a row has.
    pub fn row(self, width: usize, steps: usize, step: usize) -> Range<usize> {
        match self {
            Pattern::Dom => {
                let first = (step + width).saturating_sub(steps);
                let tasks = width.min(step + 1).min(steps - step);
                first..first + tasks
            }
            Pattern::Tree => {
                0..1_usize
                    .checked_shl(step as u32)
                    .map_or(width, |row| row.min(width))
            }
            _ => 0..width,
        }
    }

    /// How many sets of dependences take turns.
    pub fn sets(self, width: usize) -> usize {
        match self {
            Pattern::Fft => (width.next_power_of_two().trailing_zeros() as usize).max(1),
            Pattern::Random5 => RANDOM_SETS,
            Pattern::Spread5 => SPREAD_SETS,
            _ => 1,
        }
    }

    /// Which set a row's tasks follow.
    pub fn set(self, width: usize, step: usize) -> usize {
        let sets = self.sets(width);
        match self {
            // The first row has no dependences: the second one begins with those at distance 1.
            Pattern::Fft => (step + sets - 1) % sets,
            _ => step % sets,
        }
    }

    /// The columns of the row before that a column depends on, in ascending order, each once.
    pub fn dependences(self, width: usize, set: usize, column: usize) -> Vec<usize> {
        let mut columns: Vec<usize> = match self {
            Pattern::Trivial => Vec::new(),
            Pattern::NoComm => vec![column],
            Pattern::Stencil1d => near(width, column, 1).collect(),
            Pattern::Dom => (column.saturating_sub(1)..=column).collect(),
            Pattern::Tree => vec![column / 2],
            Pattern::Fft => {
                let away = 1 << set;
                let both = [column.checked_sub(away), Some(column), Some(column + away)];
                both.into_iter()
                    .flatten()
                    .filter(|&at| at < width)
                    .collect()
            }
            Pattern::Nearest5 => near(width, column, RADIX / 2).collect(),
            Pattern::Random5 => near(width, column, RADIX / 2)
                .filter(|&at| at == column || is_drawn(set, at, column))
                .collect(),
            Pattern::Spread5 => (0..RADIX)
                .map(|part| {
                    let shift = if part > 0 { set } else { 0 };
                    (column + part * width / RADIX + shift) % width
                })
                .collect(),
        };
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// The columns of the next row that depend on a column, by rules of their own: what checks [`Self::dependences`].
    #[cfg(test)]
    fn dependents(self, width: usize, set: usize, column: usize) -> Vec<usize> {
        let mut columns: Vec<usize> = match self {
            Pattern::Trivial => Vec::new(),
            Pattern::NoComm => vec![column],
            Pattern::Stencil1d => near(width, column, 1).collect(),
            Pattern::Dom => (column..=column + 1).filter(|&at| at < width).collect(),
            Pattern::Tree => {
                let children = [2 * column, 2 * column + 1];
                children.into_iter().filter(|&at| at < width).collect()
            }
            // A butterfly is its own reverse.
            Pattern::Fft => self.dependences(width, set, column),
            Pattern::Nearest5 => near(width, column, RADIX / 2).collect(),
            Pattern::Random5 => near(width, column, RADIX / 2)
                .filter(|&at| at == column || is_drawn(set, column, at))
                .collect(),
            Pattern::Spread5 => (0..RADIX)
                .map(|part| {
                    let shift = if part > 0 { set } else { 0 };
                    (column + 2 * width - (part * width / RADIX + shift) % width) % width
                })
                .collect(),
        };
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

/// The columns that are at most so far away.
fn near(width: usize, column: usize, far: usize) -> impl Iterator<Item = usize> {
    column.saturating_sub(far)..=(column + far).min(width - 1)
}

/// Whether chance has it that `to` depends on `from`: the same in each run, on each machine.
fn is_drawn(set: usize, from: usize, to: usize) -> bool {
    let seed = ((set as u64) << 40) ^ ((from as u64) << 20) ^ to as u64;
    hash(seed) < u64::MAX / ONE_IN
}

/// SplitMix64: neighbouring seeds, unrelated values.
pub fn hash(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dependences of all columns in a row of 8.
    fn row_of_8(pattern: Pattern, set: usize) -> Vec<Vec<usize>> {
        (0..8)
            .map(|column| pattern.dependences(8, set, column))
            .collect()
    }

    #[test]
    fn forward_and_reverse_dependences_agree() {
        for (pattern, name, _) in PATTERNS {
            for width in [1, 2, 3, 5, 8, 13, 64] {
                for set in 0..pattern.sets(width) {
                    for from in 0..width {
                        let to: Vec<usize> = (0..width)
                            .filter(|&to| pattern.dependences(width, set, to).contains(&from))
                            .collect();
                        let said = pattern.dependents(width, set, from);
                        assert_eq!(said, to, "{name} {width} {set} {from}");
                    }
                }
            }
        }
    }

    #[test]
    fn fft_is_a_butterfly_of_doubling_distance() {
        assert_eq!(Pattern::Fft.sets(8), 3);
        let distances: Vec<usize> = (1..8).map(|step| 1 << Pattern::Fft.set(8, step)).collect();
        assert_eq!(distances, [1, 2, 4, 1, 2, 4, 1]);
        let near = row_of_8(Pattern::Fft, 0);
        assert_eq!(near[0], [0, 1]);
        assert_eq!(near[3], [2, 3, 4]);
        assert_eq!(near[7], [6, 7]);
        let far = row_of_8(Pattern::Fft, 2);
        assert_eq!(far[0], [0, 4]);
        assert_eq!(far[3], [3, 7]);
        assert_eq!(far[4], [0, 4]);
        // Widths that are no power of two have as many sets as it takes to reach across.
        assert_eq!(Pattern::Fft.sets(5), 3);
        assert_eq!(Pattern::Fft.sets(1), 1);
    }

    #[test]
    fn tree_doubles_and_then_goes_on_from_the_parents() {
        let rows: Vec<_> = (0..6).map(|step| Pattern::Tree.row(8, 6, step)).collect();
        assert_eq!(rows, [0..1, 0..2, 0..4, 0..8, 0..8, 0..8]);
        assert_eq!(Pattern::Tree.row(8, 100, 70), 0..8);
        let parents = row_of_8(Pattern::Tree, 0).concat();
        assert_eq!(parents, [0, 0, 1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn dom_grows_and_shrinks() {
        let rows: Vec<_> = (0..7).map(|step| Pattern::Dom.row(3, 7, step)).collect();
        assert_eq!(rows, [0..1, 0..2, 0..3, 0..3, 0..3, 1..3, 2..3]);
        // Fewer steps than columns: the wave is cut short.
        let rows: Vec<_> = (0..3).map(|step| Pattern::Dom.row(5, 3, step)).collect();
        assert_eq!(rows, [2..3, 3..5, 4..5]);
        assert_eq!(row_of_8(Pattern::Dom, 0)[0], [0]);
        assert_eq!(row_of_8(Pattern::Dom, 0)[4], [3, 4]);
    }

    #[test]
    fn random_has_its_own_column_and_a_quarter_of_the_others() {
        let (mut drawn, mut possible) = (0, 0);
        for set in 0..RANDOM_SETS {
            for column in 0..1000 {
                let columns = Pattern::Random5.dependences(1000, set, column);
                assert!(columns.contains(&column));
                assert!(columns.iter().all(|at| at.abs_diff(column) <= 2));
                drawn += columns.len() - 1;
                possible += near(1000, column, 2).count() - 1;
            }
        }
        let share = drawn as f64 / possible as f64;
        assert!((share - 0.25).abs() < 0.02, "{share}");
        // Computed once outside of this program: another draw would be another benchmark.
        assert_ne!(row_of_8(Pattern::Random5, 0), row_of_8(Pattern::Random5, 1));
        assert_eq!(row_of_8(Pattern::Random5, 0), RANDOM_ROW);
    }

    #[test]
    fn spread_reaches_over_the_whole_row() {
        assert_eq!(Pattern::Spread5.dependences(10, 0, 0), [0, 2, 4, 6, 8]);
        // The other set is shifted, but for the own column.
        assert_eq!(Pattern::Spread5.dependences(10, 1, 0), [0, 3, 5, 7, 9]);
        assert_eq!(Pattern::Spread5.dependences(8, 0, 7), [0, 2, 3, 5, 7]);
        assert_eq!(Pattern::Spread5.dependences(2, 0, 0), [0, 1]);
    }

    #[test]
    fn stencil_and_nearest_end_at_the_rim() {
        assert_eq!(row_of_8(Pattern::Stencil1d, 0)[0], [0, 1]);
        assert_eq!(row_of_8(Pattern::Stencil1d, 0)[4], [3, 4, 5]);
        assert_eq!(row_of_8(Pattern::Nearest5, 0)[1], [0, 1, 2, 3]);
        assert_eq!(row_of_8(Pattern::Nearest5, 0)[7], [5, 6, 7]);
    }

    #[test]
    fn names_lead_back() {
        for (pattern, name, _) in PATTERNS {
            assert_eq!(Pattern::named(name), Some(pattern));
            assert_eq!(pattern.name(), name);
        }
        assert_eq!(Pattern::named("stencil"), None);
    }

    const RANDOM_ROW: [&[usize]; 8] = [
        &[0, 2],
        &[1],
        &[0, 2, 4],
        &[1, 3],
        &[4],
        &[5, 7],
        &[6],
        &[7],
    ];
}

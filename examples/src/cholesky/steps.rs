//! How the matrix is cut into tiles, and the operations on them, in the order of a sequential program.

/// A square matrix cut into square tiles, of which those on and below the diagonal are kept. The last row and column
/// of tiles may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// Rows of the matrix, and columns.
    pub size: usize,
    /// Rows of a full tile, and columns.
    pub tile: usize,
}

/// One operation on tiles; `k` is the column of tiles that is being finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Factors the tile on the diagonal.
    Potrf {
        /// The column.
        k: usize,
    },
    /// Solves for tile (i, k), below it.
    Trsm {
        /// The column.
        k: usize,
        /// The row.
        i: usize,
    },
    /// Takes (i, k) times its transpose from tile (i, i).
    Syrk {
        /// The column.
        k: usize,
        /// The row.
        i: usize,
    },
    /// Takes (i, k) times the transpose of (j, k) from tile (i, j).
    Gemm {
        /// The column.
        k: usize,
        /// The row of what changes.
        i: usize,
        /// The column of what changes.
        j: usize,
    },
}

impl Tiles {
    /// Cuts. A tile that is larger than the matrix becomes as large as the matrix.
    pub fn new(size: usize, tile: usize) -> Tiles {
        let tile = tile.min(size);
        Tiles { size, tile }
    }

    /// Tiles in a column.
    pub fn across(&self) -> usize {
        self.size.div_ceil(self.tile)
    }

    /// How many tiles are kept.
    pub fn count(&self) -> usize {
        self.across() * (self.across() + 1) / 2
    }

    /// Rows of the tiles in row `i` of tiles.
    pub fn side(&self, i: usize) -> usize {
        self.tile.min(self.size - i * self.tile)
    }

    /// Where tile (i, j) is in a list of the kept ones, row by row; `j` is at most `i`.
    pub fn index(&self, i: usize, j: usize) -> usize {
        i * (i + 1) / 2 + j
    }

    /// The kept tiles, in the list's order.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        (0..self.across()).flat_map(|i| (0..=i).map(move |j| (i, j)))
    }

    /// All operations: right-looking, so each finished column updates all that is right of it.
    pub fn steps(&self) -> impl Iterator<Item = Step> + use<> {
        let n = self.across();
        (0..n).flat_map(move |k| {
            let solve = (k + 1..n).map(move |i| Step::Trsm { k, i });
            let update = (k + 1..n).flat_map(move |i| {
                let row = (k + 1..i).map(move |j| Step::Gemm { k, i, j });
                row.chain([Step::Syrk { k, i }])
            });
            [Step::Potrf { k }].into_iter().chain(solve).chain(update)
        })
    }

    /// How many operations there are; no overflow, whatever was asked for.
    pub fn step_count(&self) -> u128 {
        let n = self.across() as u128;
        n * (n + 1) * (n + 2) / 6
    }

    /// Additions and multiplications of the factorisation as a whole, whatever the tiles.
    pub fn flops(&self) -> f64 {
        let n = self.size as f64;
        n * n * n / 3.0 + n * n / 2.0 + n / 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tiles_are_smaller() {
        let tiles = Tiles::new(10, 4);
        assert_eq!(tiles.across(), 3);
        assert_eq!([0, 1, 2].map(|i| tiles.side(i)), [4, 4, 2]);
        assert_eq!(Tiles::new(3, 100), Tiles { size: 3, tile: 3 });
    }

    #[test]
    fn places_are_in_the_lists_order() {
        let tiles = Tiles::new(9, 2);
        let places: Vec<_> = tiles.places().collect();
        assert_eq!(places.len(), tiles.count());
        for (at, &(i, j)) in places.iter().enumerate() {
            assert_eq!(tiles.index(i, j), at);
        }
    }

    #[test]
    fn three_by_three_tiles_take_ten_steps() {
        use Step::{Gemm, Potrf, Syrk, Trsm};
        let tiles = Tiles::new(6, 2);
        let steps: Vec<_> = tiles.steps().collect();
        let expected = [
            Potrf { k: 0 },
            Trsm { k: 0, i: 1 },
            Trsm { k: 0, i: 2 },
            Syrk { k: 0, i: 1 },
            Gemm { k: 0, i: 2, j: 1 },
            Syrk { k: 0, i: 2 },
            Potrf { k: 1 },
            Trsm { k: 1, i: 2 },
            Syrk { k: 1, i: 2 },
            Potrf { k: 2 },
        ];
        assert_eq!(steps, expected);
        for n in 1..12 {
            let tiles = Tiles::new(n, 1);
            assert_eq!(tiles.steps().count() as u128, tiles.step_count());
        }
    }
}

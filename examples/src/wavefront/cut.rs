//! How the matrix of scores is cut into tiles.

/// The matrix: a row for each letter of the first sequence, a column for each of the second. Tiles at the bottom and the
/// right may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
    /// Rows and columns of a full tile.
    pub tile: usize,
}

impl Cut {
    /// Cuts. A tile that is larger than the matrix becomes no larger than its longer side.
    pub fn new(rows: usize, columns: usize, tile: usize) -> Cut {
        let tile = tile.min(rows.max(columns));
        Cut {
            rows,
            columns,
            tile,
        }
    }

    /// Tiles in a column of tiles.
    pub fn down(&self) -> usize {
        self.rows.div_ceil(self.tile)
    }

    /// Tiles in a row of tiles.
    pub fn across(&self) -> usize {
        self.columns.div_ceil(self.tile)
    }

    /// Rows of the tiles in row `i` of tiles.
    pub fn height(&self, i: usize) -> usize {
        self.tile.min(self.rows - i * self.tile)
    }

    /// Columns of the tiles in column `j` of tiles.
    pub fn width(&self, j: usize) -> usize {
        self.tile.min(self.columns - j * self.tile)
    }

    /// Cells of the matrix.
    pub fn cells(&self) -> f64 {
        self.rows as f64 * self.columns as f64
    }

    /// Numbers in the border below a tile that is `width` wide: the score of the cell to the left of it, and the scores
    /// and gaps along it.
    pub fn south(width: usize) -> usize {
        1 + 2 * width
    }

    /// Numbers in the border to the right of a tile that is `height` high: the best cell so far in this row of tiles,
    /// and the scores and gaps along it.
    pub fn east(height: usize) -> usize {
        3 + 2 * height
    }

    /// Bytes of all borders; no overflow, whatever was asked for.
    pub fn border_bytes(&self) -> u128 {
        let (down, across) = (self.down() as u128, self.across() as u128);
        let south = down * (across + 2 * self.columns as u128);
        let east = across * (3 * down + 2 * self.rows as u128);
        (south + east) * size_of::<i32>() as u128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_matrix() {
        let cut = Cut::new(100, 33, 32);
        assert_eq!((cut.tile, cut.down(), cut.across()), (32, 4, 2));
        assert_eq!([0, 1, 2, 3].map(|i| cut.height(i)), [32, 32, 32, 4]);
        assert_eq!([0, 1].map(|j| cut.width(j)), [32, 1]);
        assert_eq!(Cut::new(3, 5, 1 << 30).tile, 5);
        let mut numbers = 0;
        for i in 0..cut.down() {
            for j in 0..cut.across() {
                numbers += Cut::south(cut.width(j)) + Cut::east(cut.height(i));
            }
        }
        assert_eq!(cut.border_bytes(), 4 * numbers as u128);
    }
}

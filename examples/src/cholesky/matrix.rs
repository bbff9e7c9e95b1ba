//! A matrix that is symmetric and positive definite, each of its elements from a seed.

use super::steps::Tiles;

/// The matrix: numbers from -1/2 to 1/2, and its size added to each on the diagonal. So each of them outweighs its row,
/// and the matrix is positive definite.
#[derive(Clone, Copy, Debug)]
pub struct Matrix {
    /// Rows, and columns.
    pub size: usize,
    /// Another seed, another matrix.
    pub seed: u64,
}

impl Matrix {
    /// The element in a row and a column.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        let (low, high) = (row.min(column) as u64, row.max(column) as u64);
        let noise = mixed(mixed(self.seed ^ high) ^ low);
        // The upper 53 bits: as many as an `f64` holds.
        let noise = (noise >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        match row == column {
            true => noise + self.size as f64,
            false => noise,
        }
    }

    /// Fills tile (i, j), column by column. All of it, also where it crosses the diagonal.
    pub fn fill(&self, tiles: &Tiles, i: usize, j: usize, cells: &mut [f64]) {
        let rows = tiles.side(i);
        for (column, cells) in cells.chunks_exact_mut(rows).enumerate() {
            for (row, cell) in cells.iter_mut().enumerate() {
                *cell = self.at(i * tiles.tile + row, j * tiles.tile + column);
            }
        }
    }
}

/// SplitMix64's finish: each bit of the result depends on each of the argument.
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_and_heavy_on_the_diagonal() {
        let matrix = Matrix { size: 40, seed: 7 };
        for row in 0..40 {
            let others: f64 = (0..40)
                .filter(|&column| column != row)
                .map(|column| matrix.at(row, column).abs())
                .sum();
            assert!(matrix.at(row, row) > others);
            for column in 0..40 {
                assert_eq!(matrix.at(row, column), matrix.at(column, row));
            }
        }
        let other = Matrix { size: 40, seed: 8 };
        assert_ne!(matrix.at(3, 2), other.at(3, 2));
        assert_ne!(matrix.at(3, 2), matrix.at(3, 1));
    }

    #[test]
    fn tiles_hold_their_part() {
        let (tiles, matrix) = (Tiles::new(7, 3), Matrix { size: 7, seed: 1 });
        let mut cells = [0.0; 3];
        matrix.fill(&tiles, 2, 1, &mut cells);
        assert_eq!(cells, [matrix.at(6, 3), matrix.at(6, 4), matrix.at(6, 5)]);
    }
}

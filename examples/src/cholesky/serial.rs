//! The factorisation by one thread: the same operations in the same order, in a plain loop.

use sprat::Result;

use super::kernel;
use super::matrix::Matrix;
use super::steps::{Step, Tiles};

/// The kept tiles of the matrix, in the list's order.
pub fn tiles(tiles: &Tiles, matrix: &Matrix) -> Vec<Vec<f64>> {
    (tiles.places())
        .map(|(i, j)| {
            let mut cells = vec![0.0; tiles.side(i) * tiles.side(j)];
            matrix.fill(tiles, i, j, &mut cells);
            cells
        })
        .collect()
}

/// Factors them in place.
///
/// # Errors
/// If the matrix is not positive definite.
pub fn factor(tiles: &Tiles, a: &mut [Vec<f64>]) -> Result<()> {
    for step in tiles.steps() {
        // In the list, what changes stands after all that is read.
        match step {
            Step::Potrf { k } => {
                kernel::potrf(&mut a[tiles.index(k, k)], tiles.side(k))?;
            }
            Step::Trsm { k, i } => {
                let (before, here) = a.split_at_mut(tiles.index(i, k));
                kernel::trsm(&before[tiles.index(k, k)], &mut here[0], tiles.side(i));
            }
            Step::Syrk { k, i } => {
                let (before, here) = a.split_at_mut(tiles.index(i, i));
                kernel::syrk(&before[tiles.index(i, k)], &mut here[0], tiles.side(i));
            }
            Step::Gemm { k, i, j } => {
                let (before, here) = a.split_at_mut(tiles.index(i, j));
                kernel::gemm(
                    &before[tiles.index(i, k)],
                    &before[tiles.index(j, k)],
                    &mut here[0],
                    tiles.side(i),
                    tiles.side(j),
                );
            }
        }
    }
    Ok(())
}

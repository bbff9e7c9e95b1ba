//! The operations on tiles, each by one core alone. Tiles are stored column by column.
//!
//! All work ends up in one multiplication of matrices, from the crate `matrixmultiply`: solving and factoring halve
//! their columns until few are left.

use sprat::{Error, Result};

/// So many columns are solved or factored one by one.
const FEW: usize = 8;
/// So many columns of a product that is symmetric are computed at a time.
const PANEL: usize = 64;

/// a = l, where l times its transpose is a. Above the diagonal there are zeros then.
///
/// # Errors
/// If a is not positive definite: says at which row of the tile that shows.
pub fn potrf(a: &mut [f64], rows: usize) -> Result<()> {
    factor(a, rows, 0)?;
    for column in 1..rows {
        a[column * rows..][..column].fill(0.0);
    }
    Ok(())
}

/// Factors some columns of `rows` rows each, the first of them column `at` of the tile: from the diagonal down.
fn factor(a: &mut [f64], rows: usize, at: usize) -> Result<()> {
    let columns = a.len() / rows;
    if columns > FEW {
        let middle = columns / 2;
        let (left, right) = a.split_at_mut(middle * rows);
        factor(left, rows, at)?;
        let from = at + middle;
        subtract_product(
            Of(&left[from..], rows),
            Of(&left[from..], rows),
            &mut right[from..],
            [rows - from, columns - middle, middle],
            rows,
        );
        return factor(right, rows, from);
    }
    for column in 0..columns {
        let (before, here) = a.split_at_mut(column * rows);
        let row = at + column;
        let here = &mut here[row..rows];
        for before in before.chunks_exact(rows) {
            subtract(here, before[row], &before[row..]);
        }
        // Not a number is no positive one either.
        if here[0].is_nan() || here[0] <= 0.0 {
            let text = format!(
                "the matrix is not positive definite: {} at row {row} of a tile on its diagonal",
                here[0]
            );
            return Err(Error::msg(text));
        }
        let root = here[0].sqrt();
        here.iter_mut().for_each(|x| *x /= root);
    }
    Ok(())
}

/// a = a times the inverse of l's transpose; `rows` of a.
pub fn trsm(l: &[f64], a: &mut [f64], rows: usize) {
    solve(l, a.len() / rows, a, rows);
}

/// Solves for all columns of `a`; `l` begins at the element on the diagonal that belongs to the first of them, and has
/// `leading` elements from one column to the next.
fn solve(l: &[f64], leading: usize, a: &mut [f64], rows: usize) {
    let columns = a.len() / rows;
    if columns > FEW {
        let middle = columns / 2;
        let (left, right) = a.split_at_mut(middle * rows);
        solve(l, leading, left, rows);
        subtract_product(
            Of(left, rows),
            Of(&l[middle..], leading),
            right,
            [rows, columns - middle, middle],
            rows,
        );
        return solve(&l[middle * leading + middle..], leading, right, rows);
    }
    for column in 0..columns {
        let (before, here) = a.split_at_mut(column * rows);
        let here = &mut here[..rows];
        for (k, before) in before.chunks_exact(rows).enumerate() {
            subtract(here, l[k * leading + column], before);
        }
        let diagonal = l[column * leading + column];
        here.iter_mut().for_each(|x| *x /= diagonal);
    }
}

/// c = c - a times its own transpose, on and below the diagonal; `rows` of both. What is above the diagonal means
/// nothing afterwards.
pub fn syrk(a: &[f64], c: &mut [f64], rows: usize) {
    for from in (0..rows).step_by(PANEL) {
        let columns = PANEL.min(rows - from);
        subtract_product(
            Of(&a[from..], rows),
            Of(&a[from..], rows),
            &mut c[from * rows + from..],
            [rows - from, columns, a.len() / rows],
            rows,
        );
    }
}

/// c = c - a times b's transpose; `rows` of c and a, and `columns` of c, which are the rows of b.
pub fn gemm(a: &[f64], b: &[f64], c: &mut [f64], rows: usize, columns: usize) {
    let inner = a.len() / rows;
    subtract_product(Of(a, rows), Of(b, columns), c, [rows, columns, inner], rows);
}

/// x = x - f y.
fn subtract(x: &mut [f64], f: f64, y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x -= f * y);
}

/// A matrix inside of a tile: from its first element on, with so many elements from one column to the next.
#[derive(Clone, Copy)]
struct Of<'a>(&'a [f64], usize);

/// c = c - a times b's transpose. `sides` are the rows of c, its columns, and the columns of a and b; `leading` counts
/// the elements from one column of c to the next.
fn subtract_product(a: Of<'_>, b: Of<'_>, c: &mut [f64], sides: [usize; 3], leading: usize) {
    let [rows, columns, inner] = sides;
    let fits = |len: usize, leading: usize, rows: usize, columns: usize| {
        columns == 0 || rows <= leading && (columns - 1) * leading + rows <= len
    };
    assert!(fits(a.0.len(), a.1, rows, inner), "a is too short");
    assert!(fits(b.0.len(), b.1, columns, inner), "b is too short");
    assert!(fits(c.len(), leading, rows, columns), "c is too short");
    // SAFETY: all elements that are reached are inside of the slices, by the assertions: row r of column k is at k times
    // the leading dimension, plus r. No two elements of c are the same, since a column has no more rows than that.
    // A slice's length in bytes fits `isize`, so that no stride overflows.
    unsafe {
        matrixmultiply::dgemm(
            rows,
            inner,
            columns,
            -1.0,
            a.0.as_ptr(),
            1,
            a.1 as isize,
            b.0.as_ptr(),
            b.1 as isize,
            1,
            1.0,
            c.as_mut_ptr(),
            1,
            leading as isize,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cholesky::matrix::Matrix;

    /// Rows times columns of numbers that differ.
    fn numbers(rows: usize, columns: usize, seed: u64) -> Vec<f64> {
        let matrix = Matrix { size: 0, seed };
        let at = |i| matrix.at(i % rows, 100 + i / rows);
        (0..rows * columns).map(at).collect()
    }

    /// a times b's transpose, element by element.
    fn product(a: &[f64], b: &[f64], rows: usize, columns: usize) -> Vec<f64> {
        let inner = a.len() / rows;
        let at = |i: usize| {
            let (row, column) = (i % rows, i / rows);
            (0..inner)
                .map(|k| a[k * rows + row] * b[k * columns + column])
                .sum()
        };
        (0..rows * columns).map(at).collect()
    }

    fn near(a: &[f64], b: &[f64]) {
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn gemm_and_syrk_take_a_product_away() {
        let (a, b) = (numbers(5, 3, 1), numbers(4, 3, 2));
        let before = numbers(5, 4, 3);
        let mut c = before.clone();
        gemm(&a, &b, &mut c, 5, 4);
        let product_of = product(&a, &b, 5, 4);
        let expected: Vec<f64> = before.iter().zip(product_of).map(|(c, p)| c - p).collect();
        near(&c, &expected);

        let before = numbers(5, 5, 4);
        let mut c = before.clone();
        syrk(&a, &mut c, 5);
        let product_of = product(&a, &a, 5, 5);
        for column in 0..5 {
            for at in column * 5 + column..column * 5 + 5 {
                near(&[c[at]], &[before[at] - product_of[at]]);
            }
        }
    }

    #[test]
    fn potrf_gives_a_factor_and_trsm_divides_by_it() {
        for side in [1, 2, 8, 9, 40, 67] {
            let matrix = Matrix {
                size: side,
                seed: 5,
            };
            let a: Vec<f64> = (0..side * side)
                .map(|i| matrix.at(i % side, i / side))
                .collect();
            let mut l = a.clone();
            potrf(&mut l, side).unwrap();
            near(&product(&l, &l, side, side), &a);
            let above = |i: &usize| i % side < i / side;
            assert!((0..side * side).filter(above).all(|i| l[i] == 0.0));

            let before = numbers(4, side, 6);
            let mut x = before.clone();
            trsm(&l, &mut x, 4);
            near(&product(&x, &l, 4, side), &before);
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        let mut a = [1.0, 2.0, 2.0, 1.0];
        let error = potrf(&mut a, 2).unwrap_err().to_string();
        assert!(
            error.contains("not positive definite: -3 at row 1"),
            "{error}"
        );
    }
}

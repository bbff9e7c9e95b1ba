//! A system of equations in the host's memory: rows of a sparse matrix, and where they come from.

use std::fmt;
use std::str::FromStr;

use sprat::{Error, Result};

use crate::matrix_market::{Matrix, Symmetry};

/// A sparse, symmetric matrix with a positive diagonal, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct System {
    /// Where each row's entries begin, and where the last one's end.
    pub ends: Vec<usize>,
    /// The columns of the entries, ascending in each row.
    pub columns: Vec<u32>,
    /// The entries.
    pub values: Vec<f64>,
}

impl System {
    /// How many equations.
    pub fn rows(&self) -> usize {
        self.ends.len() - 1
    }

    /// How many entries that are not left out as zeros.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// A row's columns and entries.
    pub fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let range = self.ends[row]..self.ends[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// The system of a matrix that was read.
    ///
    /// # Errors
    /// If the matrix has no values, is not square, not symmetric, has an entry twice, or has a diagonal that cannot be that
    /// of a positive definite one. Says where.
    pub fn from_matrix(matrix: &Matrix) -> Result<System> {
        let wrong = |what: String| Err(Error::msg(what));
        let n = matrix.rows;
        if n != matrix.columns {
            return wrong(format!(
                "the matrix has {n} rows and {} columns; conjugate gradients need as many of both",
                matrix.columns
            ));
        }
        if n == 0 {
            return wrong("the matrix has no rows".to_owned());
        }
        if matrix.values.len() != matrix.places.len() {
            return wrong(
                "the file has only the places of the entries (`pattern`), not their values"
                    .to_owned(),
            );
        }
        if matrix.symmetry == Symmetry::SkewSymmetric {
            return wrong(
                "the matrix is skew-symmetric; conjugate gradients need a symmetric one".to_owned(),
            );
        }
        let mut entries: Vec<(u32, u32, f64)> = Vec::new();
        for (&[row, column], &value) in matrix.places.iter().zip(&matrix.values) {
            entries.push((row, column, value));
            if matrix.symmetry == Symmetry::Symmetric && row != column {
                entries.push((column, row, value));
            }
        }
        entries.sort_unstable_by_key(|&(row, column, _)| (row, column));
        let twice = entries
            .windows(2)
            .find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1));
        if let Some(pair) = twice {
            return wrong(format!(
                "the entry in row {}, column {} is there twice",
                pair[0].0 + 1,
                pair[0].1 + 1
            ));
        }
        let mut ends = vec![0; n + 1];
        for &(row, _, _) in &entries {
            ends[row as usize + 1] += 1;
        }
        for row in 0..n {
            ends[row + 1] += ends[row];
        }
        let system = System {
            ends,
            columns: entries.iter().map(|entry| entry.1).collect(),
            values: entries.iter().map(|entry| entry.2).collect(),
        };
        system.check()?;
        Ok(system)
    }

    fn at(&self, row: usize, column: u32) -> Option<f64> {
        let (columns, values) = self.row(row);
        columns.binary_search(&column).ok().map(|at| values[at])
    }

    /// What can be seen without solving: symmetry, and a positive diagonal.
    fn check(&self) -> Result<()> {
        for row in 0..self.rows() {
            match self.at(row, row as u32) {
                Some(value) if value > 0.0 => {}
                value => {
                    return Err(Error::msg(format!(
                        "the matrix is not positive definite: its entry in row {0}, column {0} is {1}, and must be above 0",
                        row + 1,
                        value.unwrap_or(0.0)
                    )));
                }
            }
            let (columns, values) = self.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                let other = self.at(column as usize, row as u32);
                if other != Some(value) {
                    return Err(Error::msg(format!(
                        "the matrix is not symmetric: row {}, column {} is {value}, and the other way round it is {}",
                        row + 1,
                        column + 1,
                        other.unwrap_or(0.0)
                    )));
                }
            }
        }
        Ok(())
    }

    /// Poisson's equation on a grid, with zeros around it: 4 or 6 on the diagonal, and -1 for each neighbour.
    pub fn poisson(grid: Grid) -> System {
        let [width, height, depth] = grid.sides;
        let diagonal = if grid.solid { 6.0 } else { 4.0 };
        let mut system = System {
            ends: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        };
        let steps = [1, width, width * height];
        for at in 0..width * height * depth {
            let place = [at % width, at / width % height, at / (width * height)];
            let mut push = |column: usize, value: f64| {
                system.columns.push(column as u32);
                system.values.push(value);
            };
            for way in (0..3).rev().filter(|&way| place[way] > 0) {
                push(at - steps[way], -1.0);
            }
            push(at, diagonal);
            for way in (0..3).filter(|&way| place[way] + 1 < grid.sides[way]) {
                push(at + steps[way], -1.0);
            }
            system.ends.push(system.columns.len());
        }
        system
    }
}

/// The grid of a made-up system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Points in each direction; the last is 1 if there are two directions only.
    pub sides: [usize; 3],
    /// Whether there are three directions.
    pub solid: bool,
}

impl Grid {
    /// Points; no overflow, whatever was asked for.
    pub fn points(&self) -> u128 {
        let points = self
            .sides
            .iter()
            .try_fold(1_u128, |product, &side| product.checked_mul(side as u128));
        points.unwrap_or(u128::MAX)
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [width, height, depth] = self.sides;
        write!(f, "{width} x {height}")?;
        match self.solid {
            true => write!(f, " x {depth}"),
            false => Ok(()),
        }
    }
}

impl FromStr for Grid {
    type Err = String;

    /// `N` for a square, `WxH`, or `WxHxD`.
    fn from_str(text: &str) -> Result<Grid, String> {
        let side = |text: &str| match text.trim().parse::<usize>() {
            Ok(0) => Err("a side of zero points has none; give at least 1".to_owned()),
            Ok(side) => Ok(side),
            Err(error) => Err(format!(
                "`{text}` is no number of points ({error}); give N, WxH or WxHxD, such as 1000 or 100x100x100"
            )),
        };
        let sides: Vec<usize> = text.split(['x', 'X']).map(side).collect::<Result<_, _>>()?;
        let (sides, solid) = match sides[..] {
            [side] => ([side, side, 1], false),
            [width, height] => ([width, height, 1], false),
            [width, height, depth] => ([width, height, depth], true),
            _ => return Err("a grid has two or three sides".to_owned()),
        };
        Ok(Grid { sides, solid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, symmetry: Symmetry, entries: &[(u32, u32, f64)]) -> Matrix {
        Matrix {
            rows,
            columns: rows,
            symmetry,
            places: entries.iter().map(|e| [e.0, e.1]).collect(),
            values: entries.iter().map(|e| e.2).collect(),
        }
    }

    #[test]
    fn half_a_matrix_and_a_whole_one_are_the_same() {
        let half = [(1, 0, -1.0), (0, 0, 2.0), (1, 1, 3.0)];
        let half = System::from_matrix(&matrix(2, Symmetry::Symmetric, &half)).unwrap();
        let whole = [(1, 0, -1.0), (0, 0, 2.0), (1, 1, 3.0), (0, 1, -1.0)];
        let whole = System::from_matrix(&matrix(2, Symmetry::General, &whole)).unwrap();
        assert_eq!(half, whole);
        assert_eq!(half.row(1), (&[0, 1][..], &[-1.0, 3.0][..]));
    }

    #[test]
    fn what_cannot_be_solved_is_refused() {
        let general = Symmetry::General;
        let mut wide = matrix(2, general, &[]);
        wide.columns = 3;
        let mut pattern = matrix(1, general, &[(0, 0, 1.0)]);
        pattern.values.clear();
        for (matrix, says) in [
            (wide, "2 rows and 3 columns"),
            (matrix(0, general, &[]), "no rows"),
            (pattern, "pattern"),
            (matrix(2, Symmetry::SkewSymmetric, &[]), "skew"),
            (
                matrix(1, general, &[(0, 0, 1.0), (0, 0, 1.0)]),
                "row 1, column 1 is there twice",
            ),
            (
                matrix(2, general, &[(0, 0, 1.0)]),
                "row 2, column 2 is 0, and must",
            ),
            (matrix(1, general, &[(0, 0, -2.0)]), "is -2"),
            (
                matrix(2, general, &[(0, 0, 1.0), (1, 1, 1.0), (0, 1, 0.5)]),
                "row 1, column 2 is 0.5, and the other way round it is 0",
            ),
        ] {
            let message = System::from_matrix(&matrix).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn poisson_on_two_and_three_sides() {
        let flat = System::poisson("3x2".parse().unwrap());
        assert_eq!(flat.rows(), 6);
        assert_eq!(
            flat.row(1),
            (&[0, 1, 2, 4][..], &[-1.0, 4.0, -1.0, -1.0][..])
        );
        flat.check().unwrap();
        let solid = System::poisson("3x3x3".parse().unwrap());
        assert_eq!(solid.row(13).0, [4, 10, 12, 13, 14, 16, 22]);
        assert_eq!(solid.row(13).1[3], 6.0);
        solid.check().unwrap();
    }

    #[test]
    fn grids_are_read_and_refused() {
        let grid = |text: &str| text.parse::<Grid>();
        assert_eq!(grid("4").unwrap(), grid("4x4").unwrap());
        assert_eq!(grid("4x5").unwrap().to_string(), "4 x 5");
        assert_eq!(grid("4x5x1").unwrap().to_string(), "4 x 5 x 1");
        assert_eq!(
            grid("18446744073709551615x18446744073709551615x9")
                .unwrap()
                .points(),
            u128::MAX
        );
        for wrong in [
            "",
            "0",
            "4x0",
            "-1",
            "axb",
            "1x2x3x4",
            "99999999999999999999",
        ] {
            assert!(grid(wrong).is_err(), "{wrong}");
        }
    }
}

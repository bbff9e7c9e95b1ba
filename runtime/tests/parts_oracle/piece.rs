//! What of a block a codelet uses, in the random programs that use parts.

use crate::program::LEN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Whole,
    Range(usize, usize),
    /// Rows, columns, leading dimension.
    Tile((usize, usize), (usize, usize), usize),
}

impl Piece {
    /// The elements, in the order in which a body goes through them.
    pub fn elements(&self) -> Vec<usize> {
        match *self {
            Piece::Whole => (0..LEN).collect(),
            Piece::Range(start, end) => (start..end).collect(),
            Piece::Tile(rows, columns, leading) => (rows.0..rows.1)
                .flat_map(|row| (columns.0..columns.1).map(move |column| row * leading + column))
                .collect(),
        }
    }
}

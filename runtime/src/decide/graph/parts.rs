//! Cells that have bytes in common: parts of blocks, and the blocks that they are parts of.
//!
//! Each extent that is named is a cell of its own, however often it is named. Which of them overlap is found once, when all
//! are known, so that a use of one looks at those that it meets and at no others.

use crate::extent::Extent;

/// A cell that is a part of a block, or all of a block that has parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The cell's number.
    pub cell: u32,
    /// The block, numbered from 0 among those that have parts.
    pub of: u32,
    /// Its bytes.
    pub extent: Extent,
}

/// Another cell that has bytes in common with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overlap {
    pub(super) cell: u32,
    /// All of its bytes are that one's.
    pub(super) inside: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// In the order of their cells.
    pieces: Vec<Piece>,
    /// Where the overlaps of each piece begin; one more at the end.
    starts: Vec<u32>,
    overlaps: Vec<Overlap>,
}

impl Parts {
    /// All pieces that there are, each once.
    pub(super) fn new(mut pieces: Vec<Piece>) -> Self {
        pieces.sort_unstable_by_key(|piece| piece.cell);
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by_key(|&at| (pieces[at].of, pieces[at].extent.start()));
        let mut found: Vec<(u32, Overlap)> = Vec::new();
        for (next, &at) in order.iter().enumerate() {
            let one = &pieces[at];
            let near =
                |other: &&Piece| other.of == one.of && other.extent.start() < one.extent.end();
            let others = order[next + 1..].iter().map(|&at| &pieces[at]);
            for other in others.take_while(near) {
                if !one.extent.overlaps(&other.extent) {
                    continue;
                }
                for (one, other) in [(one, other), (other, one)] {
                    let overlap = Overlap {
                        cell: other.cell,
                        inside: one.extent.contains(&other.extent),
                    };
                    found.push((one.cell, overlap));
                }
            }
        }
        found.sort_unstable_by_key(|(cell, other)| (*cell, other.cell));
        let begins = |piece: &Piece| found.partition_point(|(cell, _)| *cell < piece.cell) as u32;
        let starts = pieces.iter().map(begins).chain([found.len() as u32]);
        Parts {
            starts: starts.collect(),
            overlaps: found.into_iter().map(|(_, other)| other).collect(),
            pieces,
        }
    }

    /// The piece that a cell is.
    #[inline]
    pub(super) fn piece(&self, cell: u32) -> Option<(usize, &Piece)> {
        let at = self.pieces.binary_search_by_key(&cell, |piece| piece.cell);
        at.ok().map(|at| (at, &self.pieces[at]))
    }

    /// All pieces, in the order of their cells.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The cells that have bytes in common with this one.
    #[inline]
    pub(super) fn overlaps(&self, cell: u32) -> &[Overlap] {
        match self.piece(cell) {
            Some((at, _)) => {
                let range = self.starts[at] as usize..self.starts[at + 1] as usize;
                &self.overlaps[range]
            }
            None => &[],
        }
    }

    /// How many blocks have parts.
    pub(super) fn blocks(&self) -> usize {
        let blocks = self.pieces.iter().map(|piece| piece.of as usize + 1);
        blocks.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;

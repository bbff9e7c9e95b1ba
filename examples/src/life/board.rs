//! A board of cells as bits, cut into tiles.

use std::fmt;
use std::str::FromStr;

/// Cells in a word.
pub const BITS: usize = u64::BITS as usize;

/// Columns and rows, in cells; neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Cells in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl FromStr for Sides {
    type Err = String;

    /// `N`, or `WxH`.
    fn from_str(text: &str) -> Result<Self, String> {
        const MOST: usize = 1 << 24;
        let side = |text: &str| match text.parse() {
            Ok(side) if (1..=MOST).contains(&side) => Ok(side),
            _ => Err(format!(
                "`{text}` is no side of a board; give N or WxH, from 1 to {MOST}, such as 4096 or 1920x1080"
            )),
        };
        let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
        Ok(Sides {
            width: side(width)?,
            height: side(height)?,
        })
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}

/// A board in tiles, row by row. A row of cells is a row of words; bit 0 of a word is its leftmost cell. Tiles at the
/// right and the bottom may be smaller, but have blocks of full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// Words in a row.
    pub words: usize,
    /// Rows.
    pub rows: usize,
    /// Words in a row of a full tile.
    pub tile_words: usize,
    /// Rows of a full tile.
    pub tile_rows: usize,
    /// Whether what leaves on one side comes back on the other. Otherwise all cells outside are dead for ever.
    pub torus: bool,
}

/// A tile's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The column of its first word.
    pub word: usize,
    /// Its first row.
    pub row: usize,
    /// Its words in a row.
    pub words: usize,
    /// Its rows.
    pub rows: usize,
}

impl Board {
    /// Cuts. The width is rounded up to whole words, and so is that of a tile; a tile that is larger than the board
    /// becomes as large as the board.
    pub fn new(sides: Sides, tile: Sides, torus: bool) -> Board {
        let (words, rows) = (sides.width.div_ceil(BITS), sides.height);
        Board {
            words,
            rows,
            tile_words: tile.width.div_ceil(BITS).min(words),
            tile_rows: tile.height.min(rows),
            torus,
        }
    }

    /// Columns and rows, in cells.
    pub fn sides(&self) -> Sides {
        Sides {
            width: self.words * BITS,
            height: self.rows,
        }
    }

    /// Cells of the board.
    pub fn cells(&self) -> f64 {
        self.words as f64 * BITS as f64 * self.rows as f64
    }

    /// Tiles in a row.
    pub fn across(&self) -> usize {
        self.words.div_ceil(self.tile_words)
    }

    /// Rows of tiles.
    pub fn down(&self) -> usize {
        self.rows.div_ceil(self.tile_rows)
    }

    /// How many tiles there are.
    pub fn count(&self) -> usize {
        self.across() * self.down()
    }

    /// Words in a block.
    pub fn block_words(&self) -> usize {
        self.tile_words * self.tile_rows
    }

    /// Where a tile is.
    pub fn place(&self, index: usize) -> Place {
        let word = index % self.across() * self.tile_words;
        let row = index / self.across() * self.tile_rows;
        Place {
            word,
            row,
            words: self.tile_words.min(self.words - word),
            rows: self.tile_rows.min(self.rows - row),
        }
    }

    /// All places, in the tiles' order.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<'_> {
        (0..self.count()).map(|index| self.place(index))
    }

    /// The tiles around one by index, from the upper left to the lower right; `None` where the board ends.
    pub fn around(&self, index: usize) -> [Option<usize>; 8] {
        let (across, down) = (self.across(), self.down());
        let (column, row) = (index % across, index / across);
        // One back, none, or one on.
        let step = |at: usize, by: usize, of: usize| match self.torus {
            true => Some((at + of + by - 1) % of),
            false => (at + by).checked_sub(1).filter(|&at| at < of),
        };
        let neighbours = [
            (0, 0),
            (0, 1),
            (0, 2),
            (1, 0),
            (1, 2),
            (2, 0),
            (2, 1),
            (2, 2),
        ];
        neighbours.map(|(y, x)| Some(step(row, y, down)? * across + step(column, x, across)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(width: usize, height: usize, tile: usize, torus: bool) -> Board {
        let sides = Sides { width, height };
        let tile = Sides {
            width: tile,
            height: tile,
        };
        Board::new(sides, tile, torus)
    }

    #[test]
    fn widths_are_whole_words_and_tiles_cover_all() {
        let board = board(200, 70, 100, false);
        assert_eq!((board.words, board.tile_words, board.tile_rows), (4, 2, 70));
        let mut seen = vec![0; board.words * board.rows];
        for place in board.places() {
            for row in place.row..place.row + place.rows {
                for word in place.word..place.word + place.words {
                    seen[row * board.words + word] += 1;
                }
            }
        }
        assert!(seen.iter().all(|&times| times == 1));
    }

    #[test]
    fn neighbours_wrap_or_end() {
        let torus = board(192, 192, 64, true);
        assert_eq!(torus.around(0), [8, 6, 7, 2, 1, 5, 3, 4].map(Some));
        let dead = board(192, 192, 64, false);
        let expected = [None, None, None, None, Some(1), None, Some(3), Some(4)];
        assert_eq!(dead.around(0), expected);
        assert_eq!(board(64, 5, 64, true).around(0), [Some(0); 8]);
    }

    #[test]
    fn sides_are_read_and_refused() {
        let sides = |width, height| Sides { width, height };
        assert_eq!("12".parse(), Ok(sides(12, 12)));
        assert_eq!("3x4".parse(), Ok(sides(3, 4)));
        for wrong in ["", "0", "3x0", "-1", "axb", "3x4x5", "999999999"] {
            assert!(wrong.parse::<Sides>().is_err(), "{wrong}");
        }
    }
}

//! How a grid is cut into tiles.

use std::fmt;
use std::str::FromStr;

/// Cells of a cache line: rows begin on lines, so that whole lines are written.
const LINE: usize = 8;
/// Cells of a page. Rows that are apart by whole pages fall on the same few places of the caches, and push each other out;
const PAGE: usize = 512;
/// such rows are so much further apart.
const APART: usize = 5 * LINE;

/// Width and height, in cells; neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Cells in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Extent {
    /// How many cells; no overflow, whatever was asked for.
    pub fn cells(self) -> u128 {
        self.width as u128 * self.height as u128
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}

/// `N`, or `WxH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// One number: what it means depends on the option.
    One(usize),
    /// Width and height.
    Both(Extent),
}

impl FromStr for Sides {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| match text.trim().parse::<usize>() {
            Ok(0) => Err("a side of zero cells holds nothing; give at least 1".to_owned()),
            Ok(side) => Ok(side),
            Err(error) => Err(format!(
                "`{text}` is no number of cells ({error}); give N or WxH, such as 2048 or 1920x1080"
            )),
        };
        match text.split_once(['x', 'X']) {
            None => side(text).map(Sides::One),
            Some((width, height)) => Ok(Sides::Both(Extent {
                width: side(width)?,
                height: side(height)?,
            })),
        }
    }
}

/// A grid cut into tiles, row by row. Tiles at the right and the bottom may be smaller, but have blocks of full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// The grid.
    pub grid: Extent,
    /// A full tile.
    pub tile: Extent,
    /// How many tiles in each direction.
    pub tiles: Extent,
    /// Cells from one row of a block to the next.
    pub stride: usize,
}

/// One tile's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The column of its first cell.
    pub x: usize,
    /// The row of its first cell.
    pub y: usize,
    /// Its cells, fewer than a full tile's at the far ends.
    pub extent: Extent,
    /// Cells from one row to the next in any block.
    pub stride: usize,
    /// A full tile.
    pub full: Extent,
    /// The tiles above, below, left and right by index; `None` where the grid ends.
    pub neighbours: [Option<usize>; 4],
}

impl Tiling {
    /// Cuts. A tile that is larger than the grid becomes as large as the grid.
    pub fn new(grid: Extent, tile: Extent) -> Tiling {
        let tile = Extent {
            width: tile.width.min(grid.width),
            height: tile.height.min(grid.height),
        };
        let tiles = Extent {
            width: grid.width.div_ceil(tile.width),
            height: grid.height.div_ceil(tile.height),
        };
        let lines = tile.width.checked_next_multiple_of(LINE);
        let lines = lines.unwrap_or(usize::MAX);
        let stride = match lines.is_multiple_of(PAGE) {
            true => lines.saturating_add(APART),
            false => lines,
        };
        Tiling {
            grid,
            tile,
            tiles,
            stride,
        }
    }

    /// How many tiles there are.
    pub fn count(&self) -> usize {
        self.tiles.width * self.tiles.height
    }

    /// Cells in a block; no overflow, whatever was asked for.
    pub fn block_cells(&self) -> usize {
        self.stride.saturating_mul(self.tile.height)
    }

    /// Where a tile is.
    pub fn place(&self, index: usize) -> Place {
        let (column, row) = (index % self.tiles.width, index / self.tiles.width);
        let (x, y) = (column * self.tile.width, row * self.tile.height);
        Place {
            x,
            y,
            extent: Extent {
                width: self.tile.width.min(self.grid.width - x),
                height: self.tile.height.min(self.grid.height - y),
            },
            stride: self.stride,
            full: self.tile,
            neighbours: [
                (row > 0).then(|| index - self.tiles.width),
                (row + 1 < self.tiles.height).then(|| index + self.tiles.width),
                (column > 0).then(|| index - 1),
                (column + 1 < self.tiles.width).then(|| index + 1),
            ],
        }
    }

    /// All places, in the tiles' order.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        (0..self.count()).map(|index| self.place(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(width: usize, height: usize) -> Extent {
        Extent { width, height }
    }

    #[test]
    fn tiles_cover_the_grid_once() {
        for (grid, tile) in [
            ((7, 5), (3, 2)),
            ((1, 1), (9, 9)),
            ((8, 4), (4, 4)),
            ((5, 9), (1, 2)),
        ] {
            let grid = extent(grid.0, grid.1);
            let tiling = Tiling::new(grid, extent(tile.0, tile.1));
            let mut seen = vec![0; grid.width * grid.height];
            for place in tiling.places() {
                assert!(place.extent.width <= place.stride);
                for y in place.y..place.y + place.extent.height {
                    for x in place.x..place.x + place.extent.width {
                        seen[y * grid.width + x] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|&times| times == 1), "{tiling:?}");
        }
    }

    #[test]
    fn rows_begin_on_lines_and_not_all_on_one_place() {
        for (width, stride) in [(1, 8), (8, 8), (100, 104), (240, 240), (4096, 4136)] {
            let side = extent(width, 3);
            let tiling = Tiling::new(side, side);
            assert_eq!((tiling.stride, tiling.block_cells()), (stride, 3 * stride));
        }
    }

    #[test]
    fn neighbours_are_mutual() {
        let tiling = Tiling::new(extent(10, 7), extent(3, 3));
        for (index, place) in tiling.places().enumerate() {
            for (side, back) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
                if let Some(neighbour) = place.neighbours[side] {
                    assert_eq!(tiling.place(neighbour).neighbours[back], Some(index));
                }
            }
        }
    }

    #[test]
    fn sides_are_read_and_refused() {
        assert_eq!("12".parse(), Ok(Sides::One(12)));
        assert_eq!("3x4".parse(), Ok(Sides::Both(extent(3, 4))));
        for wrong in [
            "",
            "0",
            "0x3",
            "3x0",
            "-1",
            "axb",
            "3x4x5",
            "99999999999999999999999",
        ] {
            assert!(wrong.parse::<Sides>().is_err(), "{wrong}");
        }
    }
}

//! From the end of the best alignment back to its beginning: the tiles that it crosses are computed again from the
//! borders that were kept, this time with the way that led to each cell.

use sprat::{Error, Result};

use super::alignment::{Alignment, Column};
use super::grid::Grid;
use super::kernel::Best;
use super::scoring::Scoring;

/// What a cell's best ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// Whatever scores best.
    Any,
    /// A gap that leads to the right: letters of the second sequence alone.
    Right,
    /// A gap that leads down.
    Down,
}

/// Where the way goes on.
#[derive(Debug)]
struct Place {
    /// The tile.
    tile: [usize; 2],
    /// The cell in it.
    cell: [usize; 2],
    ends: Ends,
    /// The columns so far, backwards.
    columns: Vec<Column>,
}

/// A tile with the ways that led to its cells.
struct Ways {
    width: usize,
    /// For each cell, bits as below.
    cells: Vec<u8>,
}

/// The best is zero: an alignment begins after this cell.
const STOP: u8 = 0;
const DIAGONAL: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 3;
/// Those four.
const FROM: u8 = 3;
/// The gap to the right that ends here goes on from the cell before; otherwise it begins here.
const RIGHT_GOES_ON: u8 = 4;
/// The same for the gap that leads down.
const DOWN_GOES_ON: u8 = 8;

/// The best alignment, which ends with a cell that scores above zero. `crossed` hears of each tile.
///
/// # Errors
/// The runtime's.
pub fn alignment(grid: &Grid<'_>, best: Best, mut crossed: impl FnMut()) -> Result<Alignment> {
    let tile = grid.cut().tile;
    let (row, column) = (best.row as usize, best.column as usize);
    let mut place = Some(Place {
        tile: [row / tile, column / tile],
        cell: [row % tile, column % tile],
        ends: Ends::Any,
        columns: Vec::new(),
    });
    let mut columns = Vec::new();
    while let Some(mut here) = place.take() {
        here.columns = columns;
        let (next, so_far) = cross(grid, here)?;
        crossed();
        columns = so_far;
        place = next;
    }
    Ok(Alignment::new(best, columns))
}

/// Computes a tile again, and follows the way to its edge or its end.
fn cross(grid: &Grid<'_>, place: Place) -> Result<(Option<Place>, Vec<Column>)> {
    let [i, j] = place.tile;
    let (scoring, side) = (*grid.scoring(), grid.cut().tile);
    let mut found = None;
    grid.runtime().finish(|s| {
        s.codelet("trace")
            .spawn_once(grid.reads(i, j), |_, ([first, second], [north, west])| {
                let ways = Ways::new(&scoring, first, second, north, west);
                found = Some(ways.follow(place, side));
            });
        Ok(())
    })?;
    found.ok_or_else(|| Error::msg("a codelet that ended has not run"))
}

impl Ways {
    /// Computes a tile, row by row.
    fn new(scoring: &Scoring, first: &[u8], second: &[u8], north: &[i32], west: &[i32]) -> Ways {
        let (width, height) = (second.len(), first.len());
        let mut above = north[1..][..width].to_vec();
        let mut down = north[1 + width..][..width].to_vec();
        let mut cells = Vec::with_capacity(width * height);
        let mut corner = north[0];
        for (row, &a) in first.iter().enumerate() {
            let (mut left, mut right) = (west[3 + row], west[3 + height + row]);
            let mut diagonal = std::mem::replace(&mut corner, left);
            for (column, &b) in second.iter().enumerate() {
                let (begin, go_on) = (left - scoring.first, right - scoring.further);
                right = begin.max(go_on);
                let mut way = if go_on > begin { RIGHT_GOES_ON } else { 0 };
                let (begin, go_on) = (
                    above[column] - scoring.first,
                    down[column] - scoring.further,
                );
                down[column] = begin.max(go_on);
                way |= if go_on > begin { DOWN_GOES_ON } else { 0 };
                let met = diagonal + scoring.pair(a, b);
                let score = met.max(right).max(down[column]).max(0);
                way |= match score {
                    0 => STOP,
                    _ if score == met => DIAGONAL,
                    _ if score == right => RIGHT,
                    _ => DOWN,
                };
                cells.push(way);
                diagonal = above[column];
                above[column] = score;
                left = score;
            }
        }
        Ways { width, cells }
    }

    /// From a cell as far as the tile reaches. The place in the next tile, or `None` at the alignment's beginning.
    fn follow(&self, place: Place, side: usize) -> (Option<Place>, Vec<Column>) {
        let Place {
            tile,
            cell: [mut row, mut column],
            mut ends,
            mut columns,
        } = place;
        loop {
            let way = self.cells[row * self.width + column];
            let step = match (ends, way & FROM) {
                (Ends::Any, STOP) => return (None, columns),
                (Ends::Any, DIAGONAL) => Column::Both,
                (Ends::Right, _) | (Ends::Any, RIGHT) => Column::Second,
                _ => Column::First,
            };
            columns.push(step);
            ends = match step {
                Column::Second if way & RIGHT_GOES_ON != 0 => Ends::Right,
                Column::First if way & DOWN_GOES_ON != 0 => Ends::Down,
                _ => Ends::Any,
            };
            let (up, left) = (step != Column::Second, step != Column::First);
            // Beyond the matrix all scores are zero: the alignment begins here.
            if up && row == 0 && tile[0] == 0 || left && column == 0 && tile[1] == 0 {
                return (None, columns);
            }
            let (next_row, next_column) = (
                row.wrapping_sub(up.into()),
                column.wrapping_sub(left.into()),
            );
            if next_row < side && next_column < side {
                (row, column) = (next_row, next_column);
                continue;
            }
            let wraps = [next_row, next_column].map(|at| at >= side);
            let next = Place {
                tile: [0, 1].map(|axis| tile[axis] - usize::from(wraps[axis])),
                cell: [next_row, next_column].map(|at| if at >= side { side - 1 } else { at }),
                ends,
                columns: Vec::new(),
            };
            return (Some(next), columns);
        }
    }
}

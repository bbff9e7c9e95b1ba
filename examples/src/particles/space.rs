//! The box and its cells, in units of the particles' diameter.

use sprat::{Error, Result};

/// Where a particle is, or how fast it moves.
pub type Vector = [f64; 3];

/// A periodic box cut into cells that are no smaller than the cutoff, so that what acts on a particle is in its own cell
/// or in one of the 26 around it. Cells with the same y and z are a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Space {
    /// The box's side.
    pub side: f64,
    /// Cells in each direction, at least three.
    pub cells: usize,
}

impl Space {
    /// Cuts.
    ///
    /// # Errors
    /// If there would be fewer than three cells in a direction: then a cell would be its neighbour's neighbour twice.
    pub fn new(side: f64, cutoff: f64) -> Result<Space> {
        let cells = (side / cutoff) as usize;
        match cells {
            0..3 => Err(Error::msg(format!(
                "a box of side {side:.2} has {cells} cells of at least {cutoff} in each direction, and three are needed; ask for more --particles or a shorter --cutoff"
            ))),
            _ => Ok(Space { side, cells }),
        }
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.cells * self.cells
    }

    /// The cell that a coordinate inside of the box falls into.
    pub fn cell(&self, coordinate: f64) -> usize {
        // Rounding may lead to the one beyond the last.
        ((coordinate / self.side * self.cells as f64) as usize).min(self.cells - 1)
    }

    /// The column that a place is in.
    pub fn column(&self, place: Vector) -> usize {
        self.cell(place[2]) * self.cells + self.cell(place[1])
    }

    /// A coordinate back in the box, from at most one side away.
    pub fn wrapped(&self, coordinate: f64) -> f64 {
        let inside = if coordinate < 0.0 {
            coordinate + self.side
        } else if coordinate >= self.side {
            coordinate - self.side
        } else {
            coordinate
        };
        // A tiny negative number plus the side is the side.
        if inside >= self.side { 0.0 } else { inside }
    }

    /// The cell before, at or after one, for `by` of 0, 1 or 2; and what has to be added to coordinates there.
    pub fn near(&self, cell: usize, by: usize) -> (usize, f64) {
        match cell + by {
            0 => (self.cells - 1, -self.side),
            at if at > self.cells => (0, self.side),
            at => (at - 1, 0.0),
        }
    }

    /// The nine columns around a column and itself, y first; and what has to be added to y and z there.
    pub fn around(&self, column: usize) -> [(usize, [f64; 2]); 9] {
        let (y, z) = (column % self.cells, column / self.cells);
        std::array::from_fn(|at| {
            let (z, dz) = self.near(z, at / 3);
            let (y, dy) = self.near(y, at % 3);
            (z * self.cells + y, [dy, dz])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_what_is_around_them() {
        let space = Space::new(10.0, 2.4).unwrap();
        assert_eq!((space.cells, space.columns()), (4, 16));
        assert_eq!([0.0, 2.49, 2.5, 9.999].map(|x| space.cell(x)), [0, 0, 1, 3]);
        assert_eq!(space.column([0.0, 3.0, 9.0]), 13);
        assert_eq!(space.near(0, 0), (3, -10.0));
        assert_eq!(space.near(3, 2), (0, 10.0));
        assert_eq!(space.near(2, 1), (2, 0.0));
        let around = space.around(0);
        assert_eq!(around[0], (15, [-10.0, -10.0]));
        assert_eq!(around[4], (0, [0.0, 0.0]));
        assert_eq!(around[8], (5, [0.0, 0.0]));
        assert!(Space::new(10.0, 3.4).is_err());
    }

    #[test]
    fn what_leaves_comes_back() {
        let space = Space::new(10.0, 2.4).unwrap();
        let wrapped = [-1.0, 10.0, 10.5, -1e-20, 3.0].map(|x| space.wrapped(x));
        assert_eq!(wrapped, [9.0, 0.0, 0.5, 0.0, 3.0]);
    }
}

//! Where the spot is.

/// The plate, and how the spot goes around on it.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Tiles along a side.
    pub tiles: usize,
    /// Cells along a tile's side.
    pub cells: usize,
    /// Steps in all.
    pub steps: usize,
    /// Times around in all.
    pub turns: usize,
}

impl Course {
    /// The tiles under the spot in a step, in rising order: those whose middle is nearer to the spot than a sixth of the plate, on a
    /// circle whose radius is a third of it.
    pub fn hot(&self, step: usize) -> Vec<usize> {
        let side = self.tiles as f64;
        let angle = std::f64::consts::TAU * (step * self.turns) as f64 / self.steps as f64;
        let spot = [angle.sin(), angle.cos()].map(|at| side / 2.0 + side / 3.0 * at);
        let is_hot = |tile: &usize| {
            let middle = [tile / self.tiles, tile % self.tiles].map(|at| at as f64 + 0.5);
            let far = (middle[0] - spot[0]).hypot(middle[1] - spot[1]);
            far < side / 6.0
        };
        (0..self.tiles * self.tiles).filter(is_hot).collect()
    }

    /// The neighbours of a tile: above, below, left, right; at the plate's rim the tile itself.
    pub fn around(&self, tile: usize) -> [usize; 4] {
        let (row, column, last) = (tile / self.tiles, tile % self.tiles, self.tiles - 1);
        let at = |row: usize, column: usize| row * self.tiles + column;
        [
            at(row.saturating_sub(1), column),
            at((row + 1).min(last), column),
            at(row, column.saturating_sub(1)),
            at(row, (column + 1).min(last)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spot_goes_around_and_comes_back() {
        let course = Course {
            tiles: 12,
            cells: 1,
            steps: 100,
            turns: 2,
        };
        let mut touched: Vec<usize> = (0..100).flat_map(|step| course.hot(step)).collect();
        touched.sort_unstable();
        touched.dedup();
        assert!(touched.len() > 60 && touched.len() < 144);
        assert_eq!(course.hot(10), course.hot(60));
        assert!(course.hot(0) != course.hot(25) && !course.hot(0).is_empty());
    }

    #[test]
    fn tiles_at_the_rim_are_their_own_neighbours() {
        let course = Course {
            tiles: 4,
            cells: 1,
            steps: 1,
            turns: 1,
        };
        assert_eq!(course.around(0), [0, 4, 0, 1]);
        assert_eq!(course.around(15), [11, 15, 14, 15]);
    }
}

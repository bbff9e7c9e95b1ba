//! The same by a plain loop.

use super::course::Course;
use super::tile;

/// All cells after all steps, tile by tile.
pub fn cells(course: &Course, mut done: impl FnMut()) -> Vec<f64> {
    let (count, cells) = (course.tiles * course.tiles, course.cells);
    let size = cells * cells;
    let mut all = vec![0.0; count * size];
    let mut rims = [vec![0.0; count * 4 * cells], vec![0.0; count * 4 * cells]];
    for (number, of_tile) in all.chunks_exact_mut(size).enumerate() {
        tile::start(cells, number, of_tile);
        for rims in &mut rims {
            tile::rim(cells, of_tile, &mut rims[number * 4 * cells..][..4 * cells]);
        }
    }
    for step in 0..course.steps {
        let [even, odd] = &mut rims;
        let (now, next) = match step % 2 {
            0 => (even, odd),
            _ => (odd, even),
        };
        for number in course.hot(step) {
            let around = course
                .around(number)
                .map(|at| &now[at * 4 * cells..][..4 * cells]);
            let of_tile = &mut all[number * size..][..size];
            tile::smooth(cells, of_tile, around);
            tile::rim(cells, of_tile, &mut next[number * 4 * cells..][..4 * cells]);
        }
        done();
    }
    all
}

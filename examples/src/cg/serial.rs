//! The same iterations without a runtime: what solutions are compared with, bit for bit, and what speed-ups are over.

use std::ops::Range;

use super::parts::{cuts, row_times};
use super::solve::{dot, go, subtract};
use super::system::System;

/// Lanes of a reduction in the runtime: its members add to them in turns.
const LANES: usize = 16;

/// The state of a run.
#[derive(Debug)]
pub struct Solver<'s> {
    system: &'s System,
    cuts: Vec<Range<usize>>,
    /// The solution so far.
    pub solution: Vec<f64>,
    residual: Vec<f64>,
    image: Vec<f64>,
    direction: Vec<f64>,
    square: f64,
}

impl<'s> Solver<'s> {
    /// The solution begins as zero.
    pub fn new(system: &'s System, right: &[f64]) -> Solver<'s> {
        let cuts = cuts(system);
        Solver {
            system,
            square: sum(&cuts, |rows| dot(&right[rows.clone()], &right[rows])),
            cuts,
            solution: vec![0.0; right.len()],
            residual: right.to_vec(),
            image: vec![0.0; right.len()],
            direction: right.to_vec(),
        }
    }

    /// One iteration.
    pub fn iterate(&mut self) {
        let direction = &mut self.direction;
        let (system, image, residual) = (self.system, &mut self.image, &mut self.residual);
        let along = sum(&self.cuts, |rows| {
            for row in rows.clone() {
                let (columns, values) = system.row(row);
                image[row] = row_times(columns, values, direction);
            }
            dot(&direction[rows.clone()], &image[rows])
        });
        let far = self.square / along;
        let square = sum(&self.cuts, |rows| {
            subtract(&mut residual[rows.clone()], far, &image[rows.clone()]);
            dot(&residual[rows.clone()], &residual[rows])
        });
        let factors = [far, square / self.square];
        go(&factors, residual, &mut self.solution, direction);
        self.square = square;
    }
}

/// The sum over parts as a reduction takes it: member `k` adds to lane `k % 16`, and lanes are put together by pairs at
/// distances 1, 2, 4 and 8.
fn sum(cuts: &[Range<usize>], mut part: impl FnMut(Range<usize>) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    for (member, rows) in cuts.iter().enumerate() {
        lanes[member % LANES] += part(rows.clone());
    }
    let mut distance = 1;
    while distance < LANES {
        for at in (0..LANES).step_by(2 * distance) {
            lanes[at] += lanes[at + distance];
        }
        distance *= 2;
    }
    lanes[0]
}

/// What is left of the right-hand side, as a share of it, by the matrix itself.
pub fn residual(system: &System, right: &[f64], solution: &[f64]) -> f64 {
    let norm = |vector: &mut dyn Iterator<Item = f64>| vector.map(|x| x * x).sum::<f64>().sqrt();
    let mut left = right.iter().enumerate().map(|(row, right)| {
        let (columns, values) = system.row(row);
        right - row_times(columns, values, solution)
    });
    let all = norm(&mut right.iter().copied());
    match all > 0.0 {
        true => norm(&mut left) / all,
        false => norm(&mut left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_system_by_hand() {
        // 4 x + y = 1, x + 3 y = 2.
        let system = System {
            ends: vec![0, 2, 4],
            columns: vec![0, 1, 0, 1],
            values: vec![4.0, 1.0, 1.0, 3.0],
        };
        let mut solver = Solver::new(&system, &[1.0, 2.0]);
        solver.iterate();
        solver.iterate();
        let expected = [1.0 / 11.0, 7.0 / 11.0];
        for (got, expected) in solver.solution.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-15, "{:?}", solver.solution);
        }
        assert!(residual(&system, &[1.0, 2.0], &solver.solution) < 1e-15);
    }

    #[test]
    fn sums_take_the_lanes_order() {
        let cuts: Vec<Range<usize>> = (0..40).map(|at| at..at + 1).collect();
        let value = |at: usize| 0.1 * (at as f64 + 1.0);
        let lane = |lane: usize| (lane..40).step_by(16).fold(0.0, |sum, at| sum + value(at));
        fn tree(lanes: &[f64]) -> f64 {
            match lanes {
                [one] => *one,
                more => {
                    let (a, b) = more.split_at(more.len() / 2);
                    tree(a) + tree(b)
                }
            }
        }
        let lanes: Vec<f64> = (0..16).map(lane).collect();
        assert_eq!(sum(&cuts, |rows| value(rows.start)), tree(&lanes));
    }
}

//! Conjugate gradients (Hestenes and Stiefel, 1952), part by part.
//!
//! Two sums go over all parts in each iteration. They are reductions, whose order is a matter of the program alone, so
//! the solution has the same bits on any number of engines.

use std::time::{Duration, Instant};

use sprat::{Block, Error, Result, Runtime, Scope, Sum};

use super::parts::{Entries, Part};

/// A sum is taken in so many lanes, so that one addition need not wait for the last.
const LANES: usize = 4;

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// The residual is so small, as a share of the right-hand side (both by the Euclidean norm).
    pub tolerance: f64,
    /// Or so many iterations were done.
    pub iterations: usize,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Solved {
    /// The solution.
    pub solution: Vec<f64>,
    /// Iterations done.
    pub iterations: usize,
    /// The residual, as a share of the right-hand side, as the iterations kept it.
    pub residual: f64,
    /// What the iterations took.
    pub time: Duration,
}

/// The state of a run, in blocks.
#[derive(Debug)]
pub struct Solver<'r> {
    runtime: &'r Runtime,
    parts: &'r [Part],
    /// By part: the solution, the residual, and the matrix times the direction.
    solution: Vec<Block<f64>>,
    residual: Vec<Block<f64>>,
    image: Vec<Block<f64>>,
    /// The direction of all rows, now and next: a part of the matrix needs more of it than its own rows.
    direction: [Block<f64>; 2],
    /// Sums over all parts: direction times image, and the residual's square.
    curvature: Block<f64>,
    square: Block<f64>,
    /// How far to go, and how much of the old direction to keep.
    factors: Block<f64>,
    /// The residual's square after the last iteration.
    last: f64,
}

impl<'r> Solver<'r> {
    /// Makes the blocks; the solution begins as zero.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, parts: &'r [Part], right: &[f64]) -> Result<Solver<'r>> {
        let longest = parts.iter().map(|part| part.rows.len()).max().unwrap_or(1);
        let vectors = || runtime.blocks(parts.len(), longest);
        let rows = right.len();
        let mut solver = Solver {
            runtime,
            parts,
            solution: vectors()?,
            residual: vectors()?,
            image: vectors()?,
            direction: [runtime.block(rows)?, runtime.block(rows)?],
            curvature: runtime.block(1)?,
            square: runtime.block(1)?,
            factors: runtime.block(2)?,
            last: 0.0,
        };
        let mut square = 0.0;
        let to = &mut square;
        runtime.finish(|s| {
            for (at, part) in parts.iter().enumerate() {
                let right = &right[part.rows.clone()];
                let access = (
                    solver.solution[at].write(),
                    solver.residual[at].write(),
                    solver.direction[0].part(part.rows.clone()).write(),
                    solver.square.reduce(Sum),
                );
                s.codelet("start").near(part.home()).spawn(
                    access,
                    move |_, (solution, residual, direction, square)| {
                        solution.fill(0.0);
                        residual[..right.len()].copy_from_slice(right);
                        direction.copy_from_slice(right);
                        square[0] += dot(right, right);
                    },
                );
            }
            solver.take_square(s, to);
            Ok(())
        })?;
        solver.last = square;
        Ok(solver)
    }

    /// Iterates; `done` hears of each iteration, and how large the residual is as a share of the right-hand side.
    ///
    /// # Errors
    /// If the matrix turns out not to be positive definite; the runtime's.
    pub fn run(mut self, until: &Until, mut done: impl FnMut(usize, f64)) -> Result<Solved> {
        let begin = Instant::now();
        let right = self.last;
        let share = |square: f64| match right > 0.0 {
            true => (square / right).sqrt(),
            // Nothing on the right: nothing is the solution.
            false => 0.0,
        };
        let mut iterations = 0;
        while iterations < until.iterations && share(self.last) > until.tolerance {
            self.iterate(iterations + 1)?;
            iterations += 1;
            done(iterations, share(self.last));
        }
        let time = begin.elapsed();
        Ok(Solved {
            solution: self.solution()?,
            iterations,
            residual: share(self.last),
            time,
        })
    }

    /// One iteration, the `number`-th.
    fn iterate(&mut self, number: usize) -> Result<()> {
        let last = self.last;
        let mut square = 0.0;
        let to = &mut square;
        self.runtime.finish(|s| {
            self.multiply(s);
            self.how_far(s, number, last);
            self.shrink_residual(s);
            self.keep_how_much(s, last, to);
            self.go(s);
            Ok(())
        })?;
        self.last = square;
        self.direction.swap(0, 1);
        match square.is_finite() {
            true => Ok(()),
            false => Err(Error::msg(format!(
                "in iteration {number} the residual became {square}: the system's numbers are too large or too small for 64 bits"
            ))),
        }
    }

    /// The matrix times the direction.
    fn multiply(&self, s: &Scope<'_>) {
        for (at, part) in self.parts.iter().enumerate() {
            let access = (
                part.read(),
                self.direction[0].read(),
                self.image[at].write(),
                self.curvature.reduce(Sum),
            );
            let rows = part.rows.clone();
            s.codelet("multiply").near(part.home()).spawn(
                access,
                move |_, (entries, direction, image, curvature)| {
                    let image = &mut image[..rows.len()];
                    Entries::new(entries).times(direction, image);
                    curvature[0] += dot(&direction[rows.clone()], image);
                },
            );
        }
    }

    /// How far to go in the direction.
    fn how_far(&self, s: &Scope<'_>, number: usize, last: f64) {
        let access = (self.curvature.read_write(), self.factors.read_write());
        s.codelet("how far")
            .spawn(access, move |_, (curvature, factors)| {
                let along = std::mem::take(&mut curvature[0]);
                if along.is_nan() || along <= 0.0 {
                    return Err(Error::msg(format!(
                        "the matrix is not positive definite: in iteration {number} a direction times the matrix times the direction is {along:e}, and must be above 0"
                    )));
                }
                factors[0] = last / along;
                Ok(())
            });
    }

    /// What is left when one has gone so far.
    fn shrink_residual(&self, s: &Scope<'_>) {
        for (at, part) in self.parts.iter().enumerate() {
            let access = (
                self.factors.read(),
                self.image[at].read(),
                self.residual[at].read_write(),
                self.square.reduce(Sum),
            );
            let count = part.rows.len();
            s.codelet("shrink").near(part.home()).spawn(
                access,
                move |_, (factors, image, residual, square)| {
                    let residual = &mut residual[..count];
                    subtract(residual, factors[0], &image[..count]);
                    square[0] += dot(residual, residual);
                },
            );
        }
    }

    /// How much of the old direction stays in the new one.
    fn keep_how_much<'s>(&self, s: &Scope<'s>, last: f64, to: &'s mut f64) {
        let access = (self.square.read_write(), self.factors.read_write());
        s.codelet("keep how much")
            .spawn_once(access, move |_, (square, factors)| {
                *to = std::mem::take(&mut square[0]);
                factors[1] = *to / last;
            });
    }

    /// Goes, and turns to the new direction.
    fn go(&self, s: &Scope<'_>) {
        for (at, part) in self.parts.iter().enumerate() {
            let access = (
                self.factors.read(),
                self.residual[at].read(),
                self.direction[0].read(),
                self.solution[at].read_write(),
                self.direction[1].part(part.rows.clone()).write(),
            );
            let rows = part.rows.clone();
            s.codelet("go").near(part.home()).spawn(
                access,
                move |_, (factors, residual, direction, solution, next)| {
                    let direction = &direction[rows.clone()];
                    go(factors, residual, direction, solution, next);
                },
            );
        }
    }

    /// Takes the residual's square out.
    fn take_square<'s>(&self, s: &Scope<'s>, to: &'s mut f64) {
        s.codelet("take")
            .spawn_once(self.square.read_write(), move |_, square| {
                *to = std::mem::take(&mut square[0]);
            });
    }

    fn solution(&self) -> Result<Vec<f64>> {
        let mut all = Vec::new();
        for (part, &solution) in self.parts.iter().zip(&self.solution) {
            let count = part.rows.len();
            self.runtime
                .read(solution, |x| all.extend_from_slice(&x[..count]))?;
        }
        Ok(all)
    }
}

/// Bytes that an iteration moves at least, for so many rows and entries: the matrix once, and vectors ten times (three
/// of them written).
pub fn bytes(rows: usize, entries: usize) -> u64 {
    12 * entries as u64 + (4 + 10 * 8) * rows as u64
}

/// Adds up products, in an order that the length alone decides.
#[inline]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_chunks.remainder().iter().zip(b_chunks.remainder());
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
    rest.fold(sum, |sum, (a, b)| sum + a * b)
}

/// Takes `factor` times the image away.
#[inline]
pub(super) fn subtract(residual: &mut [f64], factor: f64, image: &[f64]) {
    for (residual, image) in residual.iter_mut().zip(image) {
        *residual -= factor * image;
    }
}

/// Goes in the direction, and writes the next one.
#[inline]
pub(super) fn go(
    factors: &[f64],
    residual: &[f64],
    direction: &[f64],
    solution: &mut [f64],
    next: &mut [f64],
) {
    let (far, keep) = (factors[0], factors[1]);
    let out = solution.iter_mut().zip(next);
    for (((solution, next), residual), direction) in out.zip(residual).zip(direction) {
        *solution += far * direction;
        *next = residual + keep * direction;
    }
}

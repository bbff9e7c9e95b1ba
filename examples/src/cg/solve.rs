//! Conjugate gradients (Hestenes and Stiefel, 1952), part by part.
//!
//! Two sums go over all parts in each iteration. They are reductions, whose order is a matter of the program alone, so
//! the solution has the same bits on any number of engines. An iteration is recorded as a graph, which is replayed until the
//! residual is small enough.

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
    /// The direction of all rows: a part of the matrix needs more of it than its own rows.
    direction: Block<f64>,
    /// Sums over all parts: direction times image, and the residual's square.
    curvature: Block<f64>,
    square: Block<f64>,
    /// How far to go, how much of the old direction to keep, and what lasts from one iteration to the next.
    factors: Block<f64>,
    dynamic: bool,
}

/// Places in `factors`.
const FAR: usize = 0;
const KEEP: usize = 1;
/// The residual's square after the last iteration.
const LAST: usize = 2;
/// How many iterations have begun.
const BEGUN: usize = 3;

impl<'r> Solver<'r> {
    /// Makes the blocks; the solution begins as zero.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, parts: &'r [Part], right: &[f64]) -> Result<Solver<'r>> {
        let longest = parts.iter().map(|part| part.rows.len()).max().unwrap_or(1);
        let vectors = || runtime.blocks(parts.len(), longest);
        let rows = right.len();
        let solver = Solver {
            runtime,
            parts,
            solution: vectors()?,
            residual: vectors()?,
            image: vectors()?,
            direction: runtime.block(rows)?,
            curvature: runtime.block(1)?,
            square: runtime.block(1)?,
            factors: runtime.block(4)?,
            dynamic: false,
        };
        runtime.finish(|s| {
            for (at, part) in parts.iter().enumerate() {
                let right = &right[part.rows.clone()];
                let access = (
                    solver.solution[at].write(),
                    solver.residual[at].write(),
                    solver.direction.part(part.rows.clone()).write(),
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
            let access = (solver.square.read_write(), solver.factors.write());
            s.codelet("take").spawn(access, |_, (square, factors)| {
                factors.fill(0.0);
                factors[LAST] = std::mem::take(&mut square[0]);
            });
            Ok(())
        })?;
        Ok(solver)
    }

    /// Whether each iteration's codelets are spawned anew, instead of being recorded and replayed.
    pub fn dynamic(self, dynamic: bool) -> Self {
        Solver { dynamic, ..self }
    }

    /// Iterates; `done` hears of each iteration, and how large the residual is as a share of the right-hand side.
    ///
    /// # Errors
    /// If the matrix turns out not to be positive definite; the runtime's.
    pub fn run(self, until: &Until, mut done: impl FnMut(usize, f64)) -> Result<Solved> {
        let begin = Instant::now();
        let right = self.last()?;
        let share = |square: f64| match right > 0.0 {
            true => (square / right).sqrt(),
            // Nothing on the right: nothing is the solution.
            false => 0.0,
        };
        let (mut iterations, mut last) = (0, Ok(right));
        let steady = |iterations: usize, square: f64| {
            iterations >= until.iterations || share(square) <= until.tolerance
        };
        // Whether that was the last one.
        let mut iterated = || {
            iterations += 1;
            last = self.last().and_then(|square| finite(iterations, square));
            match last {
                Ok(square) => {
                    done(iterations, share(square));
                    steady(iterations, square)
                }
                Err(_) => true,
            }
        };
        if steady(0, right) {
        } else if self.dynamic {
            self.runtime.finish(|s| self.iteration(s))?;
            while !iterated() {
                self.runtime.finish(|s| self.iteration(s))?;
            }
        } else {
            let graph = self.runtime.record(|s| self.iteration(s))?;
            self.runtime.replay_until(&graph, |_| iterated())?;
        }
        let residual = share(last?);
        let time = begin.elapsed();
        Ok(Solved {
            solution: self.solution()?,
            iterations,
            residual,
            time,
        })
    }

    /// The residual's square after the last iteration.
    fn last(&self) -> Result<f64> {
        self.runtime.read(self.factors, |factors| factors[LAST])
    }

    /// One iteration.
    fn iteration(&self, s: &Scope<'_>) -> Result<()> {
        self.multiply(s);
        self.how_far(s);
        self.shrink_residual(s);
        self.keep_how_much(s);
        self.go(s);
        Ok(())
    }

    /// The matrix times the direction.
    fn multiply(&self, s: &Scope<'_>) {
        for (at, part) in self.parts.iter().enumerate() {
            let access = (
                part.read(),
                self.direction.read(),
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
    fn how_far(&self, s: &Scope<'_>) {
        let access = (self.curvature.read_write(), self.factors.read_write());
        s.codelet("how far")
            .spawn(access, |_, (curvature, factors)| {
                let along = std::mem::take(&mut curvature[0]);
                factors[BEGUN] += 1.0;
                if along.is_nan() || along <= 0.0 {
                    return Err(Error::msg(format!(
                        "the matrix is not positive definite: in iteration {} a direction times the matrix times the direction is {along:e}, and must be above 0",
                        factors[BEGUN]
                    )));
                }
                factors[FAR] = factors[LAST] / along;
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
                    subtract(residual, factors[FAR], &image[..count]);
                    square[0] += dot(residual, residual);
                },
            );
        }
    }

    /// How much of the old direction stays in the new one.
    fn keep_how_much(&self, s: &Scope<'_>) {
        let access = (self.square.read_write(), self.factors.read_write());
        s.codelet("keep how much")
            .spawn(access, |_, (square, factors)| {
                let square = std::mem::take(&mut square[0]);
                factors[KEEP] = square / factors[LAST];
                factors[LAST] = square;
            });
    }

    /// Goes, and turns to the new direction.
    fn go(&self, s: &Scope<'_>) {
        for (at, part) in self.parts.iter().enumerate() {
            let access = (
                self.factors.read(),
                self.residual[at].read(),
                self.solution[at].read_write(),
                self.direction.part(part.rows.clone()).read_write(),
            );
            s.codelet("go").near(part.home()).spawn(
                access,
                |_, (factors, residual, solution, direction)| {
                    go(factors, residual, solution, direction);
                },
            );
        }
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

/// The residual's square after an iteration, unless there is none.
fn finite(iteration: usize, square: f64) -> Result<f64> {
    match square.is_finite() {
        true => Ok(square),
        false => Err(Error::msg(format!(
            "in iteration {iteration} the residual became {square}: the system's numbers are too large or too small for 64 bits"
        ))),
    }
}

/// Goes in the direction, and turns it to the next one.
#[inline]
pub(super) fn go(factors: &[f64], residual: &[f64], solution: &mut [f64], direction: &mut [f64]) {
    let (far, keep) = (factors[FAR], factors[KEEP]);
    for ((solution, direction), residual) in solution.iter_mut().zip(direction).zip(residual) {
        *solution += far * *direction;
        *direction = residual + keep * *direction;
    }
}

//! A tiled Cholesky factorisation: the same tile kernels for all, in any order that the dependences allow.
//!
//! A matrix of n x n is cut into tiles of a sixteenth of its side, 256 at most. The factor must be the plain loop's, bit
//! for bit.

use super::Measured;
use crate::counters::Counters;
use crate::dag::Dag;
use crate::regions::Body;
use crate::system::{Entrant, System};
use crate::{Error, Result};
use rayon::Scope;
use sprat::Runtime;
use sprat_examples::cholesky::factor::Factor;
use sprat_examples::cholesky::kernel;
use sprat_examples::cholesky::matrix::Matrix;
use sprat_examples::cholesky::serial;
use sprat_examples::cholesky::steps::{Step, Tiles};
use std::collections::HashMap;
use std::iter;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Tiles on a side, and rows of a tile at most.
const ACROSS: usize = 16;
const TILE: usize = 256;
/// For so long tiles are multiplied to measure the rate.
const RATE: Duration = Duration::from_millis(100);

/// The matrix, its tiles, the operations on them, and their result.
struct Problem {
    tiles: Tiles,
    matrix: Matrix,
    steps: Vec<Step>,
    dag: Dag,
    expected: Vec<Vec<f64>>,
}

impl Problem {
    /// Made once for each size.
    fn of(size: usize) -> Result<Arc<Problem>> {
        static KNOWN: Mutex<Option<HashMap<usize, Arc<Problem>>>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if let Some(problem) = known.get(&size) {
            return Ok(problem.clone());
        }
        let tiles = tiles(size);
        let matrix = Matrix { size, seed: 1 };
        let mut expected = serial::tiles(&tiles, &matrix);
        serial::factor(&tiles, &mut expected)?;
        let steps: Vec<Step> = tiles.steps().collect();
        let problem = Arc::new(Problem {
            dag: dag(&tiles, &steps),
            tiles,
            matrix,
            steps,
            expected,
        });
        known.insert(size, problem.clone());
        Ok(problem)
    }
}

fn tiles(size: usize) -> Tiles {
    Tiles::new(size, size.div_ceil(ACROSS).min(TILE))
}

/// The tiles that an operation reads, and the one that it changes.
fn places(tiles: &Tiles, step: Step) -> (Vec<usize>, usize) {
    let at = |i, j| tiles.index(i, j);
    match step {
        Step::Potrf { k } => (vec![], at(k, k)),
        Step::Trsm { k, i } => (vec![at(k, k)], at(i, k)),
        Step::Syrk { k, i } => (vec![at(i, k)], at(i, i)),
        Step::Gemm { k, i, j } => (vec![at(i, k), at(j, k)], at(i, j)),
    }
}

/// Each operation depends on those that changed its tiles last. None changes a tile that was read: what is read is
/// finished.
fn dag(tiles: &Tiles, steps: &[Step]) -> Dag {
    let mut last: Vec<Option<u32>> = vec![None; tiles.count()];
    let before = |(number, &step): (usize, &Step)| {
        let (reads, changes) = places(tiles, step);
        let before = reads.iter().chain([&changes]);
        let before = before.filter_map(|&place| last[place]).collect();
        last[changes] = Some(number as u32);
        before
    };
    let before: Vec<Vec<u32>> = steps.iter().enumerate().map(before).collect();
    Dag::new(iter::once(0..steps.len()), &before)
}

pub(super) fn cholesky(entrant: &Entrant, size: usize) -> Measured {
    let problem = &*Problem::of(size)?;
    let time = match &entrant.system {
        System::Sprat(rt) => on_sprat(rt, problem)?,
        System::Rayon(pool) => in_tiles(problem, |body| Ok(on_rayon(pool, &problem.dag, body)))?,
        System::Tasks(system) => {
            let mut system = system.borrow_mut();
            system.prepare(&problem.dag)?;
            in_tiles(problem, |body| system.run(body))?
        }
        System::Deque(deque) => in_tiles(problem, |body| {
            let (dag, counters) = (&problem.dag, Counters::new(&problem.dag));
            deque.run(
                dag.tasks(),
                |hand| (counters.sources.iter()).for_each(|&task| hand.push(task.into())),
                |hand, task| {
                    body(task as usize);
                    let post = |ready: u32| hand.push(ready.into());
                    counters.settle(dag, task as u32, post).map(u64::from)
                },
            )
        })?,
        System::Serial => in_tiles(problem, |body| {
            let begin = Instant::now();
            problem.dag.all().for_each(body);
            Ok(begin.elapsed())
        })?,
        System::Regions(_) | System::Replay(_) => return Ok(None),
    };
    Ok(Some(problem.tiles.flops() / time.as_secs_f64() / 1e9))
}

/// What bounds the others' rate, by one thread alone.
pub(super) fn dgemm(entrant: &Entrant, size: usize) -> Measured {
    let System::Serial = entrant.system else {
        return Ok(None);
    };
    let side = tiles(size).tile;
    let tile = || vec![1e-3; side * side];
    let (a, b, mut c) = (tile(), tile(), tile());
    kernel::gemm(&a, &b, &mut c, side, side);
    let (begin, mut times) = (Instant::now(), 0);
    while begin.elapsed() < RATE {
        kernel::gemm(&a, &b, &mut c, side, side);
        times += 1;
    }
    let flops = 2.0 * (side as f64).powi(3) * f64::from(times);
    Ok(Some(flops / begin.elapsed().as_secs_f64() / 1e9))
}

/// Ours: the example's codelets, one for each operation.
fn on_sprat(rt: &Runtime, problem: &Problem) -> Result<Duration> {
    let factor = Factor::new(rt, problem.tiles, problem.matrix)?;
    factor.fill()?;
    let time = factor.factor()?;
    let differs = factor.differs(&problem.expected)?;
    factor.destroy()?;
    refuse(differs)?;
    Ok(time)
}

fn refuse(differs: Option<(usize, usize)>) -> Result<()> {
    match differs {
        Some((i, j)) => Err(Error::msg(format!(
            "wrong result: tile {i}, {j} is not the plain loop's"
        ))),
        None => Ok(()),
    }
}

/// Counters, and a spawn for each task that became ready beside the one that is run next.
fn on_rayon(pool: &rayon::ThreadPool, dag: &Dag, body: Body) -> Duration {
    fn run<'s>(s: &Scope<'s>, dag: &'s Dag, counters: &'s Counters, body: Body<'s>, first: u32) {
        let post = |ready| s.spawn(move |s| run(s, dag, counters, body, ready));
        let mut task = Some(first);
        while let Some(number) = task {
            body(number as usize);
            task = counters.settle(dag, number, post);
        }
    }
    let counters = &Counters::new(dag);
    pool.install(|| {
        let begin = Instant::now();
        rayon::scope(|s| {
            for &task in &counters.sources {
                s.spawn(move |s| run(s, dag, counters, body, task));
            }
        });
        begin.elapsed()
    })
}

/// Hands a body to a system that does the operation with this number. Locks are never waited for: the dependences keep
/// operations apart.
fn in_tiles(problem: &Problem, run: impl FnOnce(Body) -> Result<Duration>) -> Result<Duration> {
    let tiles = &problem.tiles;
    let cells = serial::tiles(tiles, &problem.matrix).into_iter();
    let cells: Vec<RwLock<Vec<f64>>> = cells.map(RwLock::new).collect();
    let failed = OnceLock::new();
    let body = |number: usize| {
        let step = problem.steps[number];
        let (reads, changes) = places(tiles, step);
        let reads: Vec<_> = reads.iter().map(|&at| cells[at].read().unwrap()).collect();
        let c = &mut cells[changes].write().unwrap();
        match step {
            Step::Potrf { k } => {
                if let Err(why) = kernel::potrf(c, tiles.side(k)) {
                    failed.get_or_init(|| why.to_string());
                }
            }
            Step::Trsm { i, .. } => kernel::trsm(&reads[0], c, tiles.side(i)),
            Step::Syrk { i, .. } => kernel::syrk(&reads[0], c, tiles.side(i)),
            Step::Gemm { i, j, .. } => {
                kernel::gemm(&reads[0], &reads[1], c, tiles.side(i), tiles.side(j));
            }
        }
    };
    let time = run(&body)?;
    if let Some(why) = failed.get() {
        return Err(Error::msg(why.clone()));
    }
    let same = |cells: &RwLock<Vec<f64>>, expected: &[f64]| {
        let cells = cells.read().unwrap();
        let mut pairs = cells.iter().zip(expected);
        pairs.all(|(a, b)| a.to_bits() == b.to_bits())
    };
    let mut all = tiles.places().zip(cells.iter().zip(&problem.expected));
    let differs = all.find(|(_, (cells, expected))| !same(cells, expected));
    refuse(differs.map(|(place, _)| place))?;
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_by_three_tiles_depend_as_they_should() {
        let tiles = Tiles::new(6, 2);
        let steps: Vec<Step> = tiles.steps().collect();
        let dag = dag(&tiles, &steps);
        let before: Vec<&[u32]> = (0..10).map(|task| dag.before.list(task)).collect();
        let expected: [&[u32]; 10] = [
            &[],
            &[0],
            &[0],
            &[1],
            &[2, 1],
            &[2],
            &[3],
            &[6, 4],
            &[7, 5],
            &[8],
        ];
        assert_eq!(before, expected);
    }

    #[test]
    fn a_wrong_order_and_operations_left_out_are_found_out() {
        let problem = Problem::of(70).unwrap();
        let run = |order: &[usize]| {
            in_tiles(&problem, |body| {
                order.iter().copied().for_each(body);
                Ok(Duration::ZERO)
            })
        };
        let mut order: Vec<usize> = problem.dag.all().collect();
        run(&order).unwrap();
        let said = run(&order[..order.len() - 1]).unwrap_err().to_string();
        assert!(said.contains("is not the plain loop's"), "{said}");
        order.swap(0, 1);
        assert!(run(&order).is_err());
    }
}

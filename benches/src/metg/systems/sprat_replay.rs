//! Sprat with a graph that is known: a few steps are recorded once, untimed, and replayed as often as it takes.
//!
//! A round of the graph covers one period of the pattern, on rows of blocks that take turns. So a codelet is several
//! tasks, one in each round, and must know which one is next. The round's argument says so, its first step. Making the arguments
//! and passing them to the codelets is part of what is timed.
//!
//! What is not the same in each period, a codelet finds out when it runs: where a row is narrow, and behind the last step,
//! there is no task, and it leaves at once. Its inputs are those of the pattern in full: what a task at the rim of `dom` or
//! in the first step does not receive, it still waits for.

use super::sprat_blocks::{check_blocks, output};
use super::{Runner, Setup, spmd};
use crate::flow::GRAPH_BLOCKS;
use crate::metg::case::{Case, Output, POISON};
use crate::metg::lattice::Lattice;
use crate::system::start_sprat;
use crate::{Error, Result};
use sprat::{Block, Graph, Param, Runtime, Scope};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::{Duration, Instant};

/// Rows of blocks that take turns: so far may one engine be ahead of another one that does not make what it reads. More where they
/// are narrow and a row takes less time; but each block costs each replay something.
fn rows(width: usize) -> usize {
    (64 / width).clamp(8, 16)
}

struct Replay {
    rt: Runtime,
    stage: Arc<Stage>,
    /// Row by row.
    blocks: Vec<Block<Output>>,
    graph: Option<Graph<'static, usize>>,
    /// Steps in a round.
    period: usize,
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Replay {
        rt: start_sprat(setup.ce, setup.cpus.len())?,
        stage: Arc::default(),
        blocks: Vec::new(),
        graph: None,
        period: 1,
    }))
}

impl Runner for Replay {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        let rows = rows(lattice.width);
        if lattice.width > GRAPH_BLOCKS / rows {
            return Err(Error::msg(format!(
                "a recorded graph has at most {GRAPH_BLOCKS} blocks, and so at most {} columns here; name other --systems",
                GRAPH_BLOCKS / rows
            )));
        }
        self.graph = None;
        for block in self.blocks.drain(..) {
            self.rt.destroy(block)?;
        }
        // Each row is shared out for itself: a column belongs to the same engine in all rows.
        for _ in 0..rows {
            let row = self.rt.blocks(lattice.width, 1)?;
            self.blocks.extend(row);
        }
        self.period = period(lattice);
        let graph = self.rt.record_with(|s, first| {
            for step in 0..self.period {
                for column in order(lattice, step, self.rt.xes()) {
                    self.spawn(s, first, lattice, step, column);
                }
            }
            Ok(())
        })?;
        self.graph = Some(graph);
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.rt.finish(|s| {
            for &block in &self.blocks {
                s.codelet("poison")
                    .near(block)
                    .spawn(block.write(), |_, block| block[0] = POISON);
            }
            Ok(())
        })?;
        let graph = self.graph.as_ref().expect("prepared before it is run");
        self.stage.show(case, || {
            let begin = Instant::now();
            let rounds = case.lattice.steps.div_ceil(self.period);
            self.rt
                .replay_with(graph, rounds, |round| round * self.period)?;
            Ok(begin.elapsed())
        })
    }

    fn check(&mut self, case: &Case) -> Result<()> {
        check_blocks(&self.rt, &self.blocks, case)
    }
}

impl Replay {
    fn spawn(
        &self,
        s: &Scope<'static>,
        first: Param<usize>,
        lattice: &Lattice,
        step: usize,
        column: usize,
    ) {
        let Lattice { pattern, width, .. } = *lattice;
        let before = pattern.dependences(width, pattern.set(width, step), column);
        match before[..] {
            [] => self.spawn_with(s, first, lattice, (step, column), []),
            [a] => self.spawn_with(s, first, lattice, (step, column), [a]),
            [a, b] => self.spawn_with(s, first, lattice, (step, column), [a, b]),
            [a, b, c] => self.spawn_with(s, first, lattice, (step, column), [a, b, c]),
            [a, b, c, d] => self.spawn_with(s, first, lattice, (step, column), [a, b, c, d]),
            [a, b, c, d, e] => self.spawn_with(s, first, lattice, (step, column), [a, b, c, d, e]),
            ref more => unreachable!("no pattern has {} dependences", more.len()),
        }
    }

    fn spawn_with<const N: usize>(
        &self,
        s: &Scope<'static>,
        first: Param<usize>,
        lattice: &Lattice,
        (step, column): (usize, usize),
        before: [usize; N],
    ) {
        let rows = rows(lattice.width);
        let block = |step: usize, column| self.blocks[step % rows * lattice.width + column];
        let reads = before.map(|column| block(step + rows - 1, column).read());
        let place = block(step, column);
        let stage = self.stage.clone();
        let is_full = (0..lattice.steps).all(|step| lattice.row(step).len() == lattice.width);
        s.codelet("task").near(place).spawn(
            (reads, place.read_write(), first),
            move |_, (inputs, place, first)| {
                let step = first + step;
                let case = stage.case();
                let task = step * case.lattice.width + column;
                if step < case.lattice.steps && (is_full || case.lattice.row(step).contains(&task))
                {
                    place[0] = case.compute(task, inputs.into_iter().map(output));
                }
            },
        );
    }
}

/// So many steps are recorded: the fewest after which both the pattern and the rows begin again, unless there are fewer.
fn period(lattice: &Lattice) -> usize {
    let sets = lattice.pattern.sets(lattice.width);
    let mut periods = (1..).map(|turns| turns * rows(lattice.width));
    let period = periods.find(|steps| steps % sets == 0);
    period.expect("one of them is").min(lattice.steps)
}

/// The columns in the order in which a step is recorded: first what other engines wait for, as in `spmd`.
fn order(lattice: &Lattice, step: usize, xes: usize) -> Vec<usize> {
    let Lattice { pattern, width, .. } = *lattice;
    let owner = |column| spmd::owner(column, width, xes);
    let mut is_awaited = vec![false; width];
    for column in 0..width {
        for from in pattern.dependences(width, pattern.set(width, step + 1), column) {
            is_awaited[from] |= owner(from) != owner(column);
        }
    }
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by_key(|&column| !is_awaited[column]);
    order
}

/// Where the codelets of a graph, which outlives many cases, find the one that is run; null between two runs.
#[derive(Default)]
struct Stage(AtomicPtr<Case<'static>>);

impl Stage {
    /// Shows a case to all codelets that run while `run` does.
    fn show<R>(&self, case: &Case, run: impl FnOnce() -> R) -> R {
        let shown = ptr::from_ref(case).cast::<Case<'static>>();
        // Relaxed: a replay begins after this, and ends before the other, on all engines.
        self.0.store(shown.cast_mut(), Ordering::Relaxed);
        let result = run();
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
        result
    }

    #[inline]
    fn case(&self) -> &Case<'_> {
        let shown = self.0.load(Ordering::Relaxed);
        #[expect(unsafe_code, reason = "a graph has no name for how long a case lives")]
        // SAFETY: only codelets of the graph call this. They run in replays alone, all of which are in `show`, which
        // borrows the case; and none runs when its replay has ended.
        let case = unsafe { shown.as_ref() };
        case.expect("a case is shown while codelets run")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metg::pattern::{PATTERNS, Pattern};
    use crate::metg::work::{Kernel, Work};
    use sprat::CeMode;

    fn runner(workers: u32) -> Box<dyn Runner> {
        let (cpus, ce) = ((0..workers).collect(), CeMode::Shared);
        start(&Setup { cpus, ce }).unwrap()
    }

    #[test]
    fn all_shapes_are_right_again_and_again() {
        let mut runner = runner(2);
        for (pattern, name, _) in PATTERNS {
            for (width, steps) in [(1, 1), (2, 9), (8, 3), (8, 26), (5, 4), (13, 30)] {
                let lattice = Lattice::new(pattern, width, steps);
                runner.prepare(&lattice).unwrap();
                let mut case = Case::new(&lattice, Kernel::Compute);
                for iterations in [0, 5] {
                    case.reset(Work::new(Kernel::Compute, iterations));
                    runner.run(&case).unwrap();
                    let right = case.check().and_then(|()| runner.check(&case));
                    right.unwrap_or_else(|why| panic!("{name} {width} {steps}: {why}"));
                }
            }
        }
    }

    #[test]
    fn too_many_columns_are_refused_and_the_most_are_not() {
        let mut runner = runner(1);
        let most = GRAPH_BLOCKS / 8;
        let wide = Lattice::new(Pattern::Stencil1d, most + 1, 1);
        let said = runner.prepare(&wide).unwrap_err().to_string();
        assert!(said.contains("at most 8191 columns"), "{said}");
        let wide = Lattice::new(Pattern::Stencil1d, most, 8);
        runner.prepare(&wide).unwrap();
    }

    #[test]
    fn what_is_missing_are_the_last_of_the_inputs() {
        for (pattern, name, _) in PATTERNS {
            for (width, steps) in [(1, 3), (8, 3), (8, 26), (5, 4), (13, 30)] {
                let lattice = Lattice::new(pattern, width, steps);
                for task in lattice.all() {
                    let (step, column) = (task / width, task % width);
                    let full = pattern.dependences(width, pattern.set(width, step), column);
                    let there = lattice.before(task).iter();
                    let there: Vec<usize> = there.map(|&from| from as usize % width).collect();
                    assert!(full.starts_with(&there), "{name}: {there:?} of {full:?}");
                }
            }
        }
    }

    #[test]
    fn a_period_brings_back_the_set_and_the_rows() {
        for (pattern, name, _) in PATTERNS {
            for width in [1, 2, 3, 8, 64] {
                let period = period(&Lattice::new(pattern, width, 200));
                assert_eq!(period % rows(width), 0, "{name}");
                for step in 0..50 {
                    let set = pattern.set(width, step);
                    assert_eq!(set, pattern.set(width, step + period), "{name}");
                }
            }
        }
        assert_eq!(period(&Lattice::new(Pattern::Fft, 8, 200)), 3 * 8);
        assert_eq!(period(&Lattice::new(Pattern::Stencil1d, 2, 200)), 16);
        assert_eq!(period(&Lattice::new(Pattern::Fft, 8, 5)), 5);
    }

    #[test]
    fn columns_stay_with_their_engine_and_what_others_wait_for_comes_first() {
        let mut replay = Replay {
            rt: start_sprat(CeMode::Shared, 2).unwrap(),
            stage: Arc::default(),
            blocks: Vec::new(),
            graph: None,
            period: 1,
        };
        let lattice = Lattice::new(Pattern::Stencil1d, 8, 7);
        replay.prepare(&lattice).unwrap();
        assert_eq!(order(&lattice, 0, 2), [3, 4, 0, 1, 2, 5, 6, 7]);
        let owners = replay.graph.as_ref().unwrap().owners();
        assert_eq!(owners, [0, 1, 0, 0, 0, 1, 1, 1].repeat(7));
        assert_eq!(replay.period, 7);
    }
}

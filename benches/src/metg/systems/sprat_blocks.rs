//! Sprat, with nothing known beforehand: the host spawns a codelet for each task, in program order, and the dependences
//! follow from the blocks that codelets read and write.

use super::{Runner, Setup};
use crate::Result;
use crate::metg::case::{Case, Output, POISON};
use crate::metg::lattice::Lattice;
use crate::system::start_sprat;
use sprat::{Block, Runtime, Scope};
use std::time::{Duration, Instant};

/// Rows of blocks that take turns. With two of them a task would have to wait for all readers of the row before the
/// last; with more it finds that they are done.
pub(super) const ROWS: usize = 4;

struct Blocks {
    rt: Runtime,
    width: usize,
    /// Row by row.
    blocks: Vec<Block<Output>>,
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Blocks {
        rt: start_sprat(setup.ce, setup.cpus.len())?,
        width: 0,
        blocks: Vec::new(),
    }))
}

impl Runner for Blocks {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        for block in self.blocks.drain(..) {
            self.rt.destroy(block)?;
        }
        self.width = lattice.width;
        self.blocks = self.rt.blocks(ROWS * lattice.width, 1)?;
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.rt.finish(|s| {
            for block in &self.blocks {
                s.spawn(block.write(), |_, block| block[0] = POISON);
            }
            Ok(())
        })?;
        let begin = Instant::now();
        self.rt.finish(|s| {
            case.lattice
                .all()
                .for_each(|task| self.spawn(s, case, task));
            Ok(())
        })?;
        Ok(begin.elapsed())
    }

    fn check(&mut self, case: &Case) -> Result<()> {
        check_blocks(&self.rt, &self.blocks, case)
    }
}

impl Blocks {
    /// Which of the blocks a task writes: rows follow each other, and so do task numbers.
    fn place(&self, task: usize) -> usize {
        task % (ROWS * self.width)
    }

    #[inline]
    fn spawn<'s>(&self, s: &Scope<'s>, case: &'s Case, task: usize) {
        match *case.lattice.before(task) {
            [] => self.spawn_with(s, case, task, []),
            [a] => self.spawn_with(s, case, task, [a]),
            [a, b] => self.spawn_with(s, case, task, [a, b]),
            [a, b, c] => self.spawn_with(s, case, task, [a, b, c]),
            [a, b, c, d] => self.spawn_with(s, case, task, [a, b, c, d]),
            [a, b, c, d, e] => self.spawn_with(s, case, task, [a, b, c, d, e]),
            ref more => unreachable!("no pattern has {} dependences", more.len()),
        }
    }

    #[inline]
    fn spawn_with<'s, const N: usize>(
        &self,
        s: &Scope<'s>,
        case: &'s Case,
        task: usize,
        before: [u32; N],
    ) {
        let reads = before.map(|from| self.blocks[self.place(from as usize)].read());
        let write = self.blocks[self.place(task)].write();
        s.spawn((reads, write), move |_, (inputs, place)| {
            place[0] = case.compute(task, inputs.into_iter().map(output));
        });
    }
}

/// Whether each block, of those that the rows take in turns, has the output of the last task that wrote it.
///
/// # Errors
/// If not, with the first of them.
pub(super) fn check_blocks(rt: &Runtime, blocks: &[Block<Output>], case: &Case) -> Result<()> {
    let mut last = vec![None; blocks.len()];
    for task in case.lattice.all() {
        last[task % blocks.len()] = Some(task);
    }
    for (&block, task) in blocks.iter().zip(last) {
        let found = rt.read(block, output)?;
        match task {
            Some(task) => case.check_output(task, found)?,
            None if found == POISON => (),
            None => {
                return Err(crate::Error::msg(
                    "wrong result: a block of no task was written",
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn output(block: &[Output]) -> Output {
    block[0]
}

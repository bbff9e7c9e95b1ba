//! Sequential task flow: tasks that read and write cells, in program order. One description of a kernel, for all systems.
//!
//! Our runtime finds the dependences itself, while it is timed, unless it is to record the tasks first. Its rivals get
//! them ready made, as a graph that was built before the clock starts; only their counters are set up in time. So they are
//! a lower bound here.

use crate::deque::Hand;
use crate::graph::{Graph, Run};
use crate::system::{Entrant, System, replay};
use crate::tally::Tally;
use sprat::{Block, Error, Result, Runtime, Scope};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Blocks that one codelet of the set-up touches.
const BATCH: usize = 1000;

/// The most blocks that a recorded graph uses.
pub(crate) const GRAPH_BLOCKS: usize = 65_535;

/// What a task does with the cell that it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It writes none: what it computed is added to the flow's sum.
    Sum,
    /// It writes this one, whatever was there.
    Write(u32),
    /// It reads and writes this one.
    ReadWrite(u32),
}

#[derive(Debug)]
pub(crate) struct Task {
    reads: std::ops::Range<u32>,
    pub(crate) target: Target,
}

/// What a flow took.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From its first task to its last.
    pub run: Duration,
    /// To record it before, if it was recorded.
    pub record: Option<Duration>,
}

/// The tasks in program order.
#[derive(Debug)]
pub struct Flow {
    pub(crate) cells: usize,
    pub(crate) tasks: Vec<Task>,
    reads: Vec<u32>,
}

impl Flow {
    /// No tasks yet, on so many cells, which are zero.
    pub fn new(cells: usize) -> Self {
        Flow {
            cells,
            tasks: Vec::new(),
            reads: Vec::new(),
        }
    }

    /// Adds a task.
    pub fn task(&mut self, reads: impl IntoIterator<Item = u32>, target: Target) {
        let start = self.reads.len() as u32;
        self.reads.extend(reads);
        self.tasks.push(Task {
            reads: start..self.reads.len() as u32,
            target,
        });
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(crate) fn reads_of(&self, task: &Task) -> &[u32] {
        &self.reads[task.reads.start as usize..task.reads.end as usize]
    }

    /// Runs all tasks on the entrant, checks what is in the cells and in the sum, and gives the times; `None` if the
    /// entrant cannot run tasks in the order of their dependences, or not so many.
    ///
    /// # Errors
    /// What the system says, or what is wrong with the result.
    pub fn run(&self, entrant: &Entrant) -> Result<Option<Times>> {
        let (time, cells, sum) = match &entrant.system {
            System::Sprat(rt) => self.on_sprat(rt, false)?,
            System::Replay(_) if self.cells > GRAPH_BLOCKS => return Ok(None),
            System::Replay(rt) => self.on_sprat(rt, true)?,
            System::Regions(_) | System::Tasks(_) => return Ok(None),
            _ => self.on_rival(&entrant.system)?,
        };
        let expected = State::new(self);
        (0..self.len()).for_each(|task| expected.run(self, task));
        if let Some(cell) = (0..self.cells).find(|&cell| cells[cell] != expected.get(cell as u32)) {
            return Err(Error::msg(format!(
                "wrong result: block {cell} holds {}, and should hold {}",
                cells[cell],
                expected.get(cell as u32)
            )));
        }
        if sum != expected.sum.total() {
            return Err(Error::msg(format!(
                "wrong result: the readers' sum is {sum}, and should be {}",
                expected.sum.total()
            )));
        }
        Ok(Some(time))
    }

    fn on_sprat(&self, rt: &Runtime, records: bool) -> Result<(Times, Vec<u64>, u64)> {
        let cells = rt.blocks::<u64>(self.cells, 1)?;
        // Taking their memory is not what is measured here.
        rt.finish(|s| {
            for batch in cells.chunks(BATCH) {
                let writes: Vec<_> = batch.iter().map(|cell| cell.write()).collect();
                s.spawn(writes, |_, cells| {
                    cells.into_iter().for_each(|cell| cell[0] = 0)
                });
            }
            Ok(())
        })?;
        let sum = &Tally::new();
        let begin = Instant::now();
        let time = if records {
            let graph = rt.record(|s| self.spawn_all(s, &cells, sum))?;
            let record = Some(begin.elapsed());
            let run = replay(rt, &graph)?;
            Times { run, record }
        } else {
            rt.finish(|s| self.spawn_all(s, &cells, sum))?;
            let run = begin.elapsed();
            Times { run, record: None }
        };
        let found = Mutex::new(vec![0; self.cells]);
        let place = &found;
        rt.finish(|s| {
            for (at, batch) in cells.chunks(BATCH).enumerate() {
                let reads: Vec<_> = batch.iter().map(|cell| cell.read()).collect();
                s.spawn(reads, move |_, cells| {
                    let mut place = place.lock().unwrap();
                    for (place, cell) in place[at * BATCH..].iter_mut().zip(cells) {
                        *place = cell[0];
                    }
                });
            }
            cells.iter().for_each(|&cell| {
                s.destroy(cell);
            });
            Ok(())
        })?;
        Ok((time, found.into_inner().unwrap(), sum.total()))
    }

    #[inline]
    fn spawn_all<'s>(&self, s: &Scope<'s>, cells: &[Block<u64>], sum: &'s Tally) -> Result<()> {
        for (number, task) in self.tasks.iter().enumerate() {
            self.spawn(s, number as u64, task, cells, sum);
        }
        Ok(())
    }

    /// What a user would write, for the shapes of accesses that the kernels have.
    #[inline]
    fn spawn<'s>(
        &self,
        s: &Scope<'s>,
        number: u64,
        task: &Task,
        cells: &[Block<u64>],
        sum: &'s Tally,
    ) {
        let cell = |index: u32| cells[index as usize];
        match (self.reads_of(task), task.target) {
            (&[a], Target::Sum) => {
                s.spawn(cell(a).read(), move |_, a| sum.add(value(number, [a[0]])));
            }
            (&[], Target::Write(to)) => {
                s.spawn(cell(to).write(), move |_, to| to[0] = value(number, []));
            }
            (&[a], Target::Write(to)) => {
                s.spawn((cell(a).read(), cell(to).write()), move |_, (a, to)| {
                    to[0] = value(number, [a[0]]);
                });
            }
            (&[a, b], Target::Write(to)) => {
                let accesses = (cell(a).read(), cell(b).read(), cell(to).write());
                s.spawn(accesses, move |_, (a, b, to)| {
                    to[0] = value(number, [a[0], b[0]])
                });
            }
            (&[a, b, c], Target::Write(to)) => {
                let reads = [a, b, c].map(|a| cell(a).read());
                s.spawn((reads, cell(to).write()), move |_, (reads, to)| {
                    to[0] = value(number, reads.map(|a| a[0]));
                });
            }
            (&[], Target::ReadWrite(to)) => {
                s.spawn(cell(to).read_write(), move |_, to| {
                    to[0] = changed(to[0], value(number, []));
                });
            }
            (&[a], Target::ReadWrite(to)) => {
                s.spawn(
                    (cell(a).read(), cell(to).read_write()),
                    move |_, (a, to)| {
                        to[0] = changed(to[0], value(number, [a[0]]));
                    },
                );
            }
            (reads, Target::Write(to)) => {
                let reads: Vec<_> = reads.iter().map(|&a| cell(a).read()).collect();
                s.spawn((reads, cell(to).write()), move |_, (reads, to)| {
                    to[0] = value(number, reads.into_iter().map(|a| a[0]));
                });
            }
            (reads, target) => unreachable!("no kernel has {} reads with {target:?}", reads.len()),
        }
    }

    fn on_rival(&self, system: &System) -> Result<(Times, Vec<u64>, u64)> {
        let state = State::new(self);
        let time = match system {
            System::Sprat(_) | System::Replay(_) | System::Regions(_) | System::Tasks(_) => {
                unreachable!("no rival")
            }
            System::Serial => {
                let begin = Instant::now();
                (0..self.len()).for_each(|task| state.run(self, task));
                begin.elapsed()
            }
            System::Rayon(pool) => {
                let graph = Graph::new(self);
                let begin = Instant::now();
                let run = &Run::new(self, &graph, &state);
                pool.scope(|s| {
                    for &task in &graph.sources {
                        s.spawn(move |s| run.on_rayon(s, task));
                    }
                });
                begin.elapsed()
            }
            System::Deque(deque) => {
                let graph = Graph::new(self);
                let begin = Instant::now();
                let run = Run::new(self, &graph, &state);
                let counters = begin.elapsed();
                let first = |hand: &Hand| {
                    graph
                        .sources
                        .iter()
                        .for_each(|&task| hand.push(task.into()));
                };
                counters
                    + deque.run(self.len(), first, |hand, task| {
                        let next = run.settle(task as u32, |ready| hand.push(ready.into()));
                        next.map(u64::from)
                    })?
            }
        };
        let cells = (0..self.cells as u32).map(|cell| state.get(cell)).collect();
        let time = Times {
            run: time,
            record: None,
        };
        Ok((time, cells, state.sum.total()))
    }
}

/// What a task computes from what it reads.
#[inline]
fn value(number: u64, reads: impl IntoIterator<Item = u64>) -> u64 {
    let start = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let add = |sum: u64, x: u64| sum.wrapping_add(x.rotate_left(7));
    reads.into_iter().fold(start, add)
}

/// What it leaves in a cell that it reads and writes: in another order something else.
#[inline]
fn changed(old: u64, value: u64) -> u64 {
    old.wrapping_mul(3).wrapping_add(value)
}

/// The cells and the sum of the rivals. Relaxed: the order comes from the counters.
pub(crate) struct State {
    cells: Vec<AtomicU64>,
    sum: Tally,
}

impl State {
    fn new(flow: &Flow) -> Self {
        State {
            cells: (0..flow.cells).map(|_| AtomicU64::new(0)).collect(),
            sum: Tally::new(),
        }
    }

    fn get(&self, cell: u32) -> u64 {
        self.cells[cell as usize].load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn run(&self, flow: &Flow, number: usize) {
        let task = &flow.tasks[number];
        let read = flow.reads_of(task).iter().map(|&cell| self.get(cell));
        let value = value(number as u64, read);
        match task.target {
            Target::Sum => self.sum.add(value),
            Target::Write(to) => self.cells[to as usize].store(value, Ordering::Relaxed),
            Target::ReadWrite(to) => {
                let value = changed(self.get(to), value);
                self.cells[to as usize].store(value, Ordering::Relaxed);
            }
        }
    }
}

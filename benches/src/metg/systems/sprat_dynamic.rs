//! Sprat, with nothing known beforehand: the host spawns a codelet for each task, in program order; each returns its output as a
//! value, which the codelets that depend on it read.

use super::{Runner, Setup};
use crate::Result;
use crate::metg::case::{Case, Output};
use crate::metg::lattice::Lattice;
use crate::system::start_sprat;
use sprat::{Runtime, Scope, Spawned};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

struct Dynamic {
    rt: Runtime,
    /// What the last row has left, as codelets found it that read its values.
    left: Mutex<Vec<(usize, Output)>>,
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Dynamic {
        rt: start_sprat(setup.ce, setup.cpus.len())?,
        left: Mutex::new(Vec::new()),
    }))
}

impl Runner for Dynamic {
    fn prepare(&mut self, _: &Lattice) -> Result<()> {
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.left().clear();
        let left = &self.left;
        let begin = Instant::now();
        self.rt.finish(|s| {
            // The row that is spawned and the one before.
            let mut values = Vec::new();
            values.resize_with(2 * case.lattice.width, || None);
            for task in case.lattice.all() {
                let value = spawn(s, case, task, &values);
                let place = task % values.len();
                values[place] = Some(value);
            }
            for task in case.lattice.row(case.lattice.steps - 1) {
                let value = of(&values, task).read();
                s.spawn(value, move |_, &output| {
                    left.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((task, output));
                });
            }
            Ok(())
        })?;
        Ok(begin.elapsed())
    }

    /// Those before the last row were checked by who received them.
    fn check(&mut self, case: &Case) -> Result<()> {
        let row = case.lattice.row(case.lattice.steps - 1);
        let left = self.left();
        if left.len() != row.len() {
            let (found, all) = (left.len(), row.len());
            let text = format!("wrong result: {found} tasks of the last row left values, of {all}");
            return Err(crate::Error::msg(text));
        }
        left.iter()
            .try_for_each(|&(task, output)| case.check_output(task, output))
    }
}

impl Dynamic {
    fn left(&mut self) -> &mut Vec<(usize, Output)> {
        self.left.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values of tasks, by their numbers, as many as two rows have.
type Values = [Option<Spawned<Output>>];

fn of(values: &Values, task: usize) -> Spawned<Output> {
    values[task % values.len()].expect("rows are spawned one after the other")
}

#[inline]
fn spawn<'s>(s: &Scope<'s>, case: &'s Case, task: usize, values: &Values) -> Spawned<Output> {
    match *case.lattice.before(task) {
        [] => s.spawn((), move |_, ()| Ok(case.compute(task, std::iter::empty()))),
        [a] => spawn_with(s, case, task, values, [a]),
        [a, b] => spawn_with(s, case, task, values, [a, b]),
        [a, b, c] => spawn_with(s, case, task, values, [a, b, c]),
        [a, b, c, d] => spawn_with(s, case, task, values, [a, b, c, d]),
        [a, b, c, d, e] => spawn_with(s, case, task, values, [a, b, c, d, e]),
        ref more => unreachable!("no pattern has {} dependences", more.len()),
    }
}

#[inline]
fn spawn_with<'s, const N: usize>(
    s: &Scope<'s>,
    case: &'s Case,
    task: usize,
    values: &Values,
    before: [u32; N],
) -> Spawned<Output> {
    let reads = before.map(|from| of(values, from as usize).read());
    s.spawn(reads, move |_, inputs| {
        Ok(case.compute(task, inputs.into_iter().copied()))
    })
}

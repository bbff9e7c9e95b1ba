//! The bound: what one writes by hand when the whole graph is known. Each thread has its columns, and waits only for the
//! very outputs that its next task reads: data and flag travel in one cache line.

use super::{Runner, Setup};
use crate::Result;
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use crate::team::Team;
use std::time::Duration;

struct Spmd {
    team: Team,
    /// Each thread's tasks, in its order.
    orders: Vec<Vec<u32>>,
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Spmd {
        team: Team::new(setup.cpus.clone()),
        orders: Vec::new(),
    }))
}

impl Runner for Spmd {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        self.orders = orders(lattice, self.team.len());
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.team.run(|me| {
            for &task in &self.orders[me] {
                case.wait(task as usize);
                case.run(task as usize);
            }
        })
    }
}

/// The thread that has a column.
pub(super) fn owner(column: usize, width: usize, threads: usize) -> usize {
    column * threads / width
}

/// Deals out the columns in one piece each. In a row, a thread runs first what others wait for: so their data has time
/// to travel.
pub(super) fn orders(lattice: &Lattice, threads: usize) -> Vec<Vec<u32>> {
    let owner = |task: usize| owner(task % lattice.width, lattice.width, threads);
    let mut orders = vec![Vec::new(); threads];
    for step in 0..lattice.steps {
        let mut row: Vec<usize> = lattice.row(step).collect();
        let is_awaited = |&task: &usize| {
            let mut after = lattice.after(task).iter();
            after.any(|&after| owner(after as usize) != owner(task))
        };
        row.sort_by_key(|task| !is_awaited(task));
        row.into_iter()
            .for_each(|task| orders[owner(task)].push(task as u32));
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metg::pattern::Pattern;

    #[test]
    fn columns_stay_with_their_thread_and_what_others_wait_for_comes_first() {
        let lattice = Lattice::new(Pattern::Stencil1d, 8, 3);
        let orders = orders(&lattice, 2);
        // In the last row nobody waits.
        assert_eq!(orders[0], [3, 0, 1, 2, 11, 8, 9, 10, 16, 17, 18, 19]);
        assert_eq!(orders[1], [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23]);
    }

    #[test]
    fn more_threads_than_columns_leave_some_without_work() {
        let lattice = Lattice::new(Pattern::NoComm, 2, 2);
        let orders = orders(&lattice, 4);
        assert_eq!(orders, [vec![0, 2], vec![], vec![1, 3], vec![]]);
    }
}

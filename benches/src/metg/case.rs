//! One run of a graph: what its tasks read, do, and leave, and whether all of it was right.

use super::lattice::Lattice;
use super::work::{Kernel, Work};
use crate::tally::Tally;
use crate::{Error, Result};
use std::hint::spin_loop;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a task leaves for those that depend on it: its step and its column, 16 bytes.
pub type Output = [u64; 2];

/// What stands where no output stands yet.
pub const POISON: Output = [u64::MAX; 2];

/// The place of an output, in a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Slot([AtomicU64; 2]);

/// A graph to be run, again and again.
///
/// Each task has a slot of its own. Outputs are read relaxed: who runs tasks sees to it that a task runs after those it
/// depends on. If it does not, the receiver finds poison, or, on its own, [`Case::check`] finds that it never ran.
#[derive(Debug)]
pub struct Case<'a> {
    /// The graph.
    pub lattice: &'a Lattice,
    /// What each task does.
    pub work: Work,
    slots: Vec<Slot>,
    ran: Tally,
    wrong: OnceLock<String>,
}

impl<'a> Case<'a> {
    /// A graph whose tasks do nothing yet.
    pub fn new(lattice: &'a Lattice, kernel: Kernel) -> Self {
        let slot = |_| Slot(POISON.map(AtomicU64::new));
        Case {
            lattice,
            work: Work::new(kernel, 0),
            slots: (0..lattice.numbers()).map(slot).collect(),
            ran: Tally::new(),
            wrong: OnceLock::new(),
        }
    }

    /// Poisons all slots and forgets what was counted: to be done before each run.
    pub fn reset(&mut self, work: Work) {
        self.work = work;
        self.ran.reset();
        self.wrong = OnceLock::new();
        for slot in &mut self.slots {
            slot.0 = POISON.map(AtomicU64::new);
        }
    }

    /// Runs a task: checks what it reads, works, and only then leaves its output in its slot.
    // For all systems the same code, not one that a caller's loop was merged with.
    #[inline(never)]
    pub fn run(&self, task: usize) {
        let inputs = self.lattice.before(task).iter();
        let inputs = inputs.map(|&from| {
            let [step, column] = &self.slots[from as usize].0;
            [step.load(Ordering::Relaxed), column.load(Ordering::Relaxed)]
        });
        let [step, column] = self.compute(task, inputs);
        let slot = &self.slots[task].0;
        slot[1].store(column, Ordering::Relaxed);
        // Pairs with the load in `is_there`.
        slot[0].store(step, Ordering::Release);
    }

    /// The same for systems that carry outputs themselves: what the tasks that it depends on have left, in the order
    /// of the lattice, goes in, and its own comes out.
    #[inline(always)]
    pub fn compute(&self, task: usize, inputs: impl Iterator<Item = Output>) -> Output {
        let width = self.lattice.width as u64;
        for (&from, input) in self.lattice.before(task).iter().zip(inputs) {
            let [step, column] = input;
            let found = step.wrapping_mul(width).wrapping_add(column);
            if found != u64::from(from) || column >= width {
                self.found_wrong(task, from as usize, input);
            }
        }
        self.work.run(task);
        self.ran.add(1);
        self.output(task)
    }

    /// What this task leaves.
    #[inline]
    pub fn output(&self, task: usize) -> Output {
        let (task, width) = (task as u32, self.lattice.width as u32);
        [(task / width).into(), (task % width).into()]
    }

    /// Waits until all that this task depends on have left their outputs.
    #[inline]
    pub fn wait(&self, task: usize) {
        for &from in self.lattice.before(task) {
            while !self.is_there(from as usize) {
                spin_loop();
            }
        }
    }

    /// Whether this task has left its output.
    #[inline]
    fn is_there(&self, task: usize) -> bool {
        // Pairs with the store in `run`.
        self.slots[task].0[0].load(Ordering::Acquire) != POISON[0]
    }

    #[cold]
    #[inline(never)]
    fn found_wrong(&self, task: usize, from: usize, found: Output) {
        self.wrong.get_or_init(|| {
            let [step, column] = self.output(task);
            format!(
                "the task at step {step}, column {column} received {}, and should have received {}",
                told(found),
                told(self.output(from))
            )
        });
    }

    /// Counts tasks that ran in other processes.
    pub fn ran_elsewhere(&self, tasks: u64) {
        self.ran.add(tasks);
    }

    /// How many tasks ran.
    pub fn ran(&self) -> u64 {
        self.ran.total()
    }

    /// Whether all was right in the run that has ended.
    ///
    /// # Errors
    /// If a receiver found something else than the output of the task that it depends on, or tasks ran never, or twice.
    pub fn check(&self) -> Result<()> {
        self.check_inputs()?;
        let (ran, tasks) = (self.ran.total(), self.lattice.tasks());
        if ran != tasks as u64 {
            return Err(Error::msg(format!(
                "wrong result: {ran} tasks ran, and {tasks} should have"
            )));
        }
        Ok(())
    }

    /// Whether each task that ran received what it should have.
    ///
    /// # Errors
    /// If not, with the first that did not.
    pub fn check_inputs(&self) -> Result<()> {
        match self.wrong.get() {
            Some(wrong) => Err(Error::msg(format!("wrong result: {wrong}"))),
            None => Ok(()),
        }
    }

    /// Whether each task's output stands in its slot.
    ///
    /// # Errors
    /// If not, with the first of them.
    pub fn check_slots(&self) -> Result<()> {
        for task in self.lattice.all() {
            let slot = &self.slots[task].0;
            self.check_output(task, [0, 1].map(|at| slot[at].load(Ordering::Relaxed)))?;
        }
        Ok(())
    }

    /// Whether this is the output of this task.
    ///
    /// # Errors
    /// If not.
    pub fn check_output(&self, task: usize, found: Output) -> Result<()> {
        if found == self.output(task) {
            return Ok(());
        }
        Err(Error::msg(format!(
            "wrong result: after the run {} stands where {} should",
            told(found),
            told(self.output(task))
        )))
    }

    /// What all tasks do together: floating-point operations or bytes.
    pub fn amount(&self) -> f64 {
        let iterations = self
            .lattice
            .all()
            .map(|task| u64::from(self.work.iterations(task)));
        iterations.sum::<u64>() as f64 * self.work.per_iteration()
    }
}

fn told(output: Output) -> String {
    match output {
        POISON => "nothing".to_owned(),
        [step, column] => format!("the output of step {step}, column {column}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metg::pattern::{PATTERNS, Pattern};

    fn in_order(case: &Case, tasks: impl Iterator<Item = usize>) -> Result<()> {
        tasks.for_each(|task| case.run(task));
        case.check().and_then(|()| case.check_slots())
    }

    fn said(outcome: Result<()>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn program_order_is_right_for_all_patterns_again_and_again() {
        for (pattern, name, _) in PATTERNS {
            let lattice = Lattice::new(pattern, 8, 12);
            let mut case = Case::new(&lattice, Kernel::Compute);
            for iterations in [0, 3] {
                case.reset(Work::new(Kernel::Compute, iterations));
                in_order(&case, lattice.all()).expect(name);
            }
        }
    }

    #[test]
    fn a_system_that_ignores_dependences_is_found_out() {
        for (pattern, name, _) in PATTERNS {
            let lattice = Lattice::new(pattern, 8, 12);
            let case = Case::new(&lattice, Kernel::Compute);
            let mut backwards: Vec<usize> = lattice.all().collect();
            backwards.reverse();
            let outcome = in_order(&case, backwards.into_iter());
            if pattern == Pattern::Trivial {
                outcome.unwrap();
            } else {
                let said = said(outcome);
                assert!(said.contains("received nothing"), "{name}: {said}");
            }
        }
    }

    #[test]
    fn tasks_left_out_or_run_twice_are_found_out() {
        let lattice = Lattice::new(Pattern::NoComm, 4, 5);
        let mut case = Case::new(&lattice, Kernel::Compute);
        // The last one: nobody receives from it.
        let outcome = in_order(&case, lattice.all().take(19));
        assert!(said(outcome).contains("19 tasks ran, and 20"));
        case.reset(case.work);
        let outcome = in_order(&case, lattice.all().chain([3]));
        assert!(said(outcome).contains("21 tasks ran, and 20"));
        // One twice, another never: the number is right.
        case.reset(case.work);
        let outcome = in_order(&case, lattice.all().take(19).chain([3]));
        assert!(said(outcome).contains("nothing stands where the output of step 4, column 3"));
    }

    #[test]
    fn what_a_run_before_has_left_does_not_count() {
        let lattice = Lattice::new(Pattern::Stencil1d, 4, 5);
        let mut case = Case::new(&lattice, Kernel::Compute);
        in_order(&case, lattice.all()).unwrap();
        case.reset(case.work);
        let outcome = in_order(&case, lattice.all().skip(4));
        assert!(said(outcome).contains("received nothing"));
    }

    #[test]
    fn data_of_another_task_is_found_out() {
        let lattice = Lattice::new(Pattern::Stencil1d, 4, 5);
        let carry = |input: fn(Output) -> Output| {
            let case = Case::new(&lattice, Kernel::Compute);
            let mut kept = vec![POISON; lattice.numbers()];
            for task in lattice.all() {
                let before = lattice.before(task).iter();
                let inputs = before.map(|&from| input(kept[from as usize]));
                kept[task] = case.compute(task, inputs);
            }
            case.check()
        };
        carry(|output| output).unwrap();
        let neighbour = said(carry(|[step, column]| [step, column ^ 1]));
        assert!(neighbour.contains("step 1, column 0 received the output of step 0, column 1"));
        let late = said(carry(|[step, column]| [step.wrapping_sub(1), column + 4]));
        assert!(late.contains("received the output of"), "{late}");
    }

    #[test]
    fn the_amount_is_the_sum_over_the_tasks() {
        let lattice = Lattice::new(Pattern::Tree, 4, 4);
        let mut case = Case::new(&lattice, Kernel::Compute);
        case.reset(Work::new(Kernel::Compute, 10));
        assert_eq!(case.amount(), 11.0 * 10.0 * 128.0);
    }
}

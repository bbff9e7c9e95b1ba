//! Which codelets depend on which, whoever runs them: for people who look at a graph.

use super::Program;
use super::users::{Cells, Group};

/// One codelet after another one, because of what both use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependence {
    /// The codelet that waits.
    pub after: u32,
    /// The one that it waits for.
    pub before: u32,
    /// It waits for that one's run in the round before.
    pub last_round: bool,
}

/// A codelet in one of two rounds.
#[derive(Clone, Copy)]
struct Run {
    codelet: u32,
    first_round: bool,
}

#[derive(Clone)]
struct Runs(Vec<Run>);

impl Group for Runs {
    type User = Run;

    fn new() -> Self {
        Runs(Vec::new())
    }

    fn add(&mut self, user: Run) {
        self.0.push(user);
    }

    fn each(&self, tell: impl FnMut(&Run)) {
        self.0.iter().for_each(tell);
    }
}

/// The dependences of each codelet, in program order, without those that follow from others by the order of accesses to one
/// cell, and without a codelet's own: each waits for its own run in the round before.
pub fn dependences(program: &Program) -> Vec<Dependence> {
    let mut cells = Cells::<Runs>::new(program);
    let (mut all, mut own) = (Vec::new(), Vec::new());
    for first_round in [true, false] {
        for codelet in 0..program.len() as u32 {
            let here = Run {
                codelet,
                first_round,
            };
            for one in program.uses(codelet) {
                cells.enter(one, here, |before| own.push(*before));
            }
            own.retain(|before| before.codelet != codelet);
            let mut own: Vec<Dependence> = (own.drain(..))
                .map(|before| Dependence {
                    after: codelet,
                    before: before.codelet,
                    last_round: before.first_round,
                })
                .collect();
            if !first_round {
                // By the fields' order: what waits for a run of this round need not wait for the one before it.
                own.sort_unstable();
                own.dedup_by_key(|one| (one.after, one.before));
                all.append(&mut own);
            }
        }
    }
    all
}

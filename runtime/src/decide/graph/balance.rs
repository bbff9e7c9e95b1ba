//! Whether a graph's engines are in balance, looked at now and then while it is replayed, and who runs what if they are not.

use super::owners::{EVEN, most, owners_at, round_time};
use super::{Owner, Program, Schedule};

/// What an engine did while it was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Nanoseconds in which it ran codelets.
    pub busy_ns: u64,
    /// The costs of these codelets, each 1 if it is not known.
    pub work: u64,
}

impl Share {
    /// What was done since this was all.
    pub fn since(self, before: Share) -> Share {
        Share {
            busy_ns: self.busy_ns.saturating_sub(before.busy_ns),
            work: self.work.saturating_sub(before.work),
        }
    }
}

/// How fast engines are compared with each other: the fastest is [`EVEN`]. Of one that ran nothing that is not known, so it counts as
/// fast as others are in the mean.
pub fn speeds(measured: &[Share]) -> Vec<u32> {
    let rate = |share: &Share| match share.busy_ns {
        0 => None,
        ns => Some((share.work as f64 / ns as f64, share.work)).filter(|(_, work)| *work > 0),
    };
    let rates: Vec<Option<f64>> = measured.iter().map(|share| Some(rate(share)?.0)).collect();
    let known: Vec<f64> = rates.iter().flatten().copied().collect();
    let fastest = known.iter().copied().fold(0.0, f64::max);
    if fastest == 0.0 {
        return vec![EVEN; measured.len()];
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let speed = |rate: Option<f64>| rate.unwrap_or(mean) / fastest * f64::from(EVEN);
    let rounded = rates.into_iter().map(|rate| speed(rate).round().max(1.0));
    rounded.map(|speed| speed as u32).collect()
}

/// What each of so many engines has to do in a round, if the steps of a lane cost this on average.
pub fn loads(schedule: &Schedule, weights: &[u64], engines: usize) -> Vec<u64> {
    let mut loads = vec![0; engines];
    for (lane, weight) in schedule.lanes.iter().zip(weights) {
        loads[usize::from(lane.owner.xe)] += weight * lane.steps.len() as u64;
    }
    loads
}

/// Whether engines of these speeds with these loads are so nearly done at the same time that no other plan could take a
/// quarter off a round's time.
pub fn in_balance(loads: &[u64], speeds: &[u32]) -> bool {
    let all: u64 = loads.iter().sum();
    let together: u64 = speeds.iter().map(|&speed| u64::from(speed)).sum();
    let best = u128::from(all) * u128::from(EVEN * EVEN);
    4 * best >= 3 * most(loads, speeds) * u128::from(together)
}

/// Who runs what on engines of these speeds, if a round takes a quarter less time at least; else all stays as it is.
pub fn rebalanced(program: &Program, owners: &[Owner], speeds: &[u32]) -> Option<Vec<Owner>> {
    let better = owners_at(program, speeds);
    let now = round_time(program, owners, speeds);
    let then = round_time(program, &better, speeds);
    (4 * then < 3 * now).then_some(better)
}

/// When it is looked at: seldom, and more seldom each time that all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    is_measuring: bool,
    /// Nanoseconds until the next step.
    left: u64,
    /// Between two looks.
    patience: u64,
    /// How much oftener it was out of balance than in balance, since it was all well.
    strikes: u32,
    /// How often it was planned anew.
    plans: u32,
    /// How often a measure was not enough.
    waited: u32,
}

/// What to do when some time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    GoOn,
    /// From now on engines are measured.
    Measure,
    /// The measures are there: say what they tell by [`Watch::judged`].
    Judge,
}

/// What to do when it was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is measured for a while.
    Rest,
    /// Engines are measured once more, from now on.
    Again,
    /// All is planned anew, and nothing is measured for a while.
    Plan,
}

/// Nanoseconds of a replay before the first look, and between two looks at most, but for graphs that take long to judge.
const FIRST: u64 = 5_000_000;
const MOST: u64 = 1_000_000_000;
/// Nanoseconds of a measure.
const MEASURE: u64 = 4_000_000;
/// A measure is made longer so often if it does not say enough.
const PATIENCE: u32 = 250;
/// It is planned anew when it was out of balance so much oftener than in balance.
const STRIKES: u32 = 3;
/// So many times as long as it took to judge it is replayed before it is judged again.
const RARELY: u64 = 32;

impl Default for Watch {
    fn default() -> Self {
        Watch {
            is_measuring: false,
            left: FIRST,
            patience: FIRST,
            strikes: 0,
            plans: 0,
            waited: 0,
        }
    }
}

impl Watch {
    /// The graph was replayed for so long.
    pub fn passed(&mut self, ns: u64) -> Next {
        self.left = self.left.saturating_sub(ns);
        match (self.left, self.is_measuring) {
            (0, true) => Next::Judge,
            (0, false) => {
                self.measure();
                Next::Measure
            }
            _ => Next::GoOn,
        }
    }

    /// Whether the measures do not say enough yet: all engines together have not run what two rounds ask of them, or one that has
    /// something to do has run nothing. (One that does not come at all is not waited for without end.)
    ///
    /// Not each has to have run what is its own: of who is slow much is taken over, which may be all but a codelet a round.
    pub fn is_too_early(&mut self, measured: &[Share], loads: &[u64]) -> bool {
        let work: u64 = measured.iter().map(|share| share.work).sum();
        let is_missing = |(share, load): (&Share, &u64)| share.work == 0 && *load > 0;
        let few =
            work < 2 * loads.iter().sum::<u64>() || measured.iter().zip(loads).any(is_missing);
        let early = self.waited < PATIENCE && few;
        if early {
            self.waited += 1;
            self.left = MEASURE;
        }
        early
    }

    /// What the measures told, which took so long to find out.
    ///
    /// What else the machine does may spoil a measure. So one that says that all is well takes back one that said that it was not, and
    /// does not make the next look later then.
    pub fn judged(&mut self, in_balance: bool, took_ns: u64) -> Verdict {
        let strikes = if in_balance {
            self.strikes.saturating_sub(1)
        } else {
            self.strikes + 1
        };
        let was_well = self.strikes == 0;
        self.strikes = strikes;
        match strikes {
            0 => {
                let longer = if was_well { 2 } else { 1 };
                self.rest(self.patience.saturating_mul(longer).min(MOST), took_ns);
                Verdict::Rest
            }
            STRIKES => {
                // If it is no better afterwards it is not planned anew each time.
                self.plans += 1;
                self.rest((FIRST << (2 * self.plans.min(8))).min(MOST), took_ns);
                Verdict::Plan
            }
            _ => {
                self.measure();
                Verdict::Again
            }
        }
    }

    fn measure(&mut self) {
        self.is_measuring = true;
        self.waited = 0;
        self.left = MEASURE;
    }

    fn rest(&mut self, patience: u64, took_ns: u64) {
        self.strikes = 0;
        self.is_measuring = false;
        self.patience = patience;
        self.left = patience.max(took_ns.saturating_mul(RARELY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Mode::{Read, Write};
    use crate::decide::graph::{Use, Wish, owners};

    /// Codelets that each write a block, all of which are at home with engine 0; some would like to be on an engine.
    fn program(wishes: &[Option<Owner>]) -> Program {
        let mut program = Program::new();
        for &at in wishes {
            let cell = program.cell(Some(0));
            let wish = Wish {
                at,
                ..Wish::default()
            };
            program.codelet(wish, [Use { cell, mode: Write }]);
        }
        program
    }

    fn engines(owners: &[Owner]) -> Vec<u16> {
        owners.iter().map(|owner| owner.xe).collect()
    }

    fn share(busy_ns: u64, work: u64) -> Share {
        Share { busy_ns, work }
    }

    #[test]
    fn speeds_are_those_of_the_work_in_the_same_time() {
        let shares = [share(100, 30), share(300, 30), share(200, 60)];
        assert_eq!(speeds(&shares), [1000, 333, 1000]);
        // Who did nothing is as fast as the others in the mean.
        assert_eq!(
            speeds(&[share(100, 30), share(300, 30), share(0, 0)])[2],
            667
        );
        assert_eq!(speeds(&[share(5, 0), share(0, 0)]), [EVEN, EVEN]);
    }

    #[test]
    fn a_slow_engine_gets_as_much_less() {
        let program = program(&[None; 8]);
        let even = owners(&program, 2);
        assert_eq!(engines(&even), [0, 0, 0, 0, 1, 1, 1, 1]);
        let better = rebalanced(&program, &even, &[1000, 333]).expect("it pays");
        assert_eq!(engines(&better), [0, 0, 0, 0, 0, 0, 1, 1]);
        // What is nearly as fast stays, and so does what has been planned for these speeds.
        assert_eq!(rebalanced(&program, &even, &[1000, 900]), None);
        assert_eq!(rebalanced(&program, &better, &[1000, 333]), None);
    }

    #[test]
    fn wishes_for_one_engine_only_are_kept_and_others_give_way() {
        let at = |only| Some(Owner { xe: 1, only });
        let mut wishes = vec![at(false); 8];
        wishes[0] = at(true);
        let program = program(&wishes);
        let planned = owners(&program, 2);
        assert_eq!(engines(&planned), [1; 8]);
        let better = rebalanced(&program, &planned, &[1000, 1000]).expect("it pays");
        assert_eq!(engines(&better).iter().filter(|xe| **xe == 1).count(), 4);
        assert_eq!(better[0], Owner { xe: 1, only: true });
        assert!(better[1..].iter().all(|owner| !owner.only));
    }

    #[test]
    fn a_measure_lasts_until_two_rounds_were_run_and_each_engine_has_run_something() {
        let mut watch = Watch::default();
        watch.passed(FIRST);
        let loads = [3, 1];
        assert_eq!(watch.passed(MEASURE), Next::Judge);
        assert!(watch.is_too_early(&[share(9, 6), share(9, 1)], &loads));
        assert_eq!(watch.passed(MEASURE - 1), Next::GoOn);
        assert_eq!(watch.passed(1), Next::Judge);
        // Most of a slow one's codelets may be run by others.
        assert!(!watch.is_too_early(&[share(9, 7), share(9, 1)], &loads));
        // One that has nothing to do is not waited for, one that never comes is for a while.
        let absent = [share(9, 9), share(0, 0)];
        assert!(!watch.is_too_early(&absent, &[4, 0]));
        let rounds = (0..).take_while(|_| watch.is_too_early(&absent, &loads));
        assert_eq!(rounds.count() as u32, PATIENCE - 1);
    }

    #[test]
    fn balance_is_that_of_times() {
        assert!(in_balance(&[6, 2], &[1000, 333]));
        assert!(!in_balance(&[4, 4], &[1000, 333]));
        assert!(in_balance(&[5, 4], &[1000, 1000]) && in_balance(&[0, 0], &[1000, 1000]));
    }

    #[test]
    fn plans_are_told_apart_by_less_than_a_codelet() {
        // 7 codelets each, one of them slower by 2.4: 17.0 of its codelets become 10 and 9.7.
        let mut program = program(&[None; 13]);
        let uses = (0..13)
            .map(|cell| Use { cell, mode: Read })
            .collect::<Vec<_>>();
        program.codelet(Wish::default(), uses);
        let even: Vec<Owner> = (0..14u16)
            .map(|at| Owner {
                xe: u16::from(at >= 7),
                only: false,
            })
            .collect();
        let better = rebalanced(&program, &even, &[1000, 412]).expect("it pays");
        assert_eq!(engines(&better).iter().filter(|xe| **xe == 1).count(), 4);
        // Who reads all does not stay with the last one that it reads from, if that is the slow one.
        assert_eq!(better[13].xe, 0);
    }

    /// A watch that measures.
    fn measuring() -> Watch {
        let mut watch = Watch::default();
        assert_eq!(watch.passed(FIRST / 2), Next::GoOn);
        assert_eq!(watch.passed(FIRST / 2), Next::Measure);
        assert_eq!(watch.passed(MEASURE), Next::Judge);
        watch
    }

    #[test]
    fn it_is_looked_at_more_seldom_when_all_is_well() {
        let mut watch = measuring();
        assert_eq!(watch.judged(true, 0), Verdict::Rest);
        assert_eq!(watch.passed(2 * FIRST - 1), Next::GoOn);
        assert_eq!(watch.passed(1), Next::Measure);
        for _ in 0..20 {
            assert_eq!(watch.judged(true, 0), Verdict::Rest);
            assert_eq!(watch.passed(MOST), Next::Measure);
        }
        // A judgement of 100 ms is for graphs that are replayed for seconds.
        assert_eq!(watch.judged(true, MOST / 10), Verdict::Rest);
        assert_eq!(watch.passed(3 * MOST), Next::GoOn);
        assert_eq!(watch.passed(MOST), Next::Measure);
    }

    #[test]
    fn it_is_planned_anew_when_it_stays_out_of_balance() {
        let mut watch = measuring();
        for _ in 1..STRIKES {
            assert_eq!(watch.judged(false, 0), Verdict::Again);
            assert_eq!(watch.passed(MEASURE), Next::Judge);
        }
        assert_eq!(watch.judged(false, 0), Verdict::Plan);
        // And after that not at once again, each time less.
        assert_eq!(watch.passed(4 * FIRST - 1), Next::GoOn);
        assert_eq!(watch.passed(1), Next::Measure);
        for _ in 1..STRIKES {
            assert_eq!(watch.judged(false, 0), Verdict::Again);
        }
        assert_eq!(watch.judged(false, 0), Verdict::Plan);
        assert_eq!(watch.passed(16 * FIRST - 1), Next::GoOn);
    }

    #[test]
    fn one_measure_that_was_spoiled_takes_back_one_strike() {
        let mut watch = measuring();
        let again = [false, false, true, false];
        for in_balance in again {
            assert_eq!(watch.judged(in_balance, 0), Verdict::Again);
        }
        assert_eq!(watch.judged(false, 0), Verdict::Plan);
        // And one strike alone is forgotten, but not a reason to look less often.
        let mut watch = measuring();
        assert_eq!(watch.judged(false, 0), Verdict::Again);
        assert_eq!(watch.judged(true, 0), Verdict::Rest);
        assert_eq!(watch.passed(FIRST), Next::Measure);
        assert_eq!(watch.judged(false, 0), Verdict::Again);
    }

    #[test]
    fn what_was_done_meanwhile_is_the_difference() {
        assert_eq!(share(9, 7).since(share(4, 5)), share(5, 2));
        // Never less than nothing.
        assert_eq!(share(4, 7).since(share(9, 9)), share(0, 0));
    }
}

//! What must hold at the end of each simulation.

use crate::outcome::Outcome;
use crate::simulation::Simulation;
use crate::workload::Workload;
use sprat::decide::dependence::Mode;
use sprat::{Error, ErrorKind, Result};

impl Simulation<'_> {
    /// Checks what the outcome says against what was asked for.
    pub(crate) fn check(&self, outcome: &Outcome) -> Result<()> {
        self.broken(outcome).map_err(|what| {
            let text = format!(
                "the simulation contradicts itself, which is a fault of the simulator: {what}"
            );
            Error::new(ErrorKind::Check, text)
        })
    }

    fn broken(&self, outcome: &Outcome) -> std::result::Result<(), String> {
        order(self.workload, outcome)?;
        let end_ns = outcome.makespan_ns;
        let kinds = &self.machine.model.kinds;
        let mut all_fj = outcome.energy.movement_fj;
        for (number, engine) in self.engines.iter().enumerate() {
            let time_ns = engine.meter.time_ns();
            if time_ns != end_ns {
                return Err(format!("engine {number} has {time_ns} ns of {end_ns} ns"));
            }
            all_fj += engine.meter.energy_fj(&kinds[engine.kind]);
        }
        all_fj += self.controls_fj().iter().map(|(_, all)| all).sum::<u128>();
        if all_fj != outcome.energy.total_fj() {
            return Err(format!(
                "engines drew {all_fj} fJ, and {} by part",
                outcome.energy.total_fj()
            ));
        }
        let runs = outcome.runs.iter();
        let ran_ns: u128 = runs.map(|run| u128::from(run.end_ns - run.start_ns)).sum();
        let engines = outcome.engines.iter();
        let busy_ns: u128 = engines.map(|tally| u128::from(tally.busy_ns)).sum();
        if ran_ns != busy_ns {
            return Err("engines were not busy as long as codelets ran".to_owned());
        }
        if let Some(data) = &self.data {
            data.check(self.workload.bytes() + self.losses.asked_again - self.losses.not_asked)?;
        }
        Ok(())
    }
}

/// Each codelet ran once, after all before it that it conflicts with. From the definition: in program order, with the last end of a
/// writer and the last end of a reader for each block.
fn order(workload: &Workload, outcome: &Outcome) -> std::result::Result<(), String> {
    let count = workload.codelets.len();
    let mut at = vec![u32::MAX; count];
    for (place, run) in outcome.runs.iter().enumerate() {
        if std::mem::replace(&mut at[run.codelet as usize], place as u32) != u32::MAX {
            return Err(format!("codelet {} ran twice", run.codelet));
        }
    }
    let mut ends = vec![Ends::default(); workload.blocks()];
    for (number, codelet) in workload.codelets.iter().enumerate() {
        let Some(run) = outcome.runs.get(at[number] as usize) else {
            return Err(format!("codelet {number} did not run"));
        };
        let mut from_ns = match codelet.parent {
            Some(parent) => outcome.runs[at[parent as usize] as usize].end_ns,
            None => 0,
        };
        for access in &codelet.accesses {
            let end = &mut ends[access.block as usize];
            from_ns = from_ns.max(end.before(access.mode));
        }
        if run.start_ns < from_ns {
            return Err(format!(
                "codelet {number} starts at {} ns, and one that it needs ends at {from_ns} ns",
                run.start_ns
            ));
        }
        for access in &codelet.accesses {
            ends[access.block as usize].after(access.mode, run.end_ns);
        }
    }
    Ok(())
}

/// The last ends of those that used a block so far.
#[derive(Clone, Copy, Default)]
struct Ends {
    /// Of those that had it alone.
    alone_ns: u64,
    /// Of readers.
    read_ns: u64,
    /// Of neighbours that may be in it side by side, since they add to lanes of one reduction or write as they like: and how.
    together: Option<(Mode, u64)>,
}

impl Ends {
    /// What the next user in this mode comes after.
    fn before(&mut self, mode: Mode) -> u64 {
        if let Some((others, end_ns)) = self.together
            && others != mode
        {
            // They are closed by who is of another mode.
            (self.alone_ns, self.together) = (self.alone_ns.max(end_ns), None);
        }
        match mode {
            Mode::Read => self.alone_ns,
            _ => self.alone_ns.max(self.read_ns),
        }
    }

    /// It ended then.
    fn after(&mut self, mode: Mode, end_ns: u64) {
        match mode {
            Mode::Read => self.read_ns = self.read_ns.max(end_ns),
            Mode::Reduce(_) | Mode::SharedWrite => {
                let before = self.together.map_or(0, |(_, before)| before);
                self.together = Some((mode, before.max(end_ns)));
            }
            _ => self.alone_ns = self.alone_ns.max(end_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprat::decide::dependence::Operator;

    /// Each of two modes after the other must wait, but for these.
    #[test]
    fn who_may_run_beside_whom() {
        let [one, other] = [0, 1].map(|number| Mode::Reduce(Operator::new(number)));
        let beside = |first, second| {
            let mut ends = Ends::default();
            ends.before(first);
            ends.after(first, 10);
            ends.before(second) == 0
        };
        let modes = [
            Mode::Read,
            Mode::Write,
            Mode::ReadWrite,
            Mode::Commute,
            Mode::SharedWrite,
            one,
            other,
        ];
        for first in modes {
            for second in modes {
                let expected = first == second
                    && !matches!(first, Mode::Write | Mode::ReadWrite | Mode::Commute);
                assert_eq!(beside(first, second), expected, "{first:?} {second:?}");
            }
        }
        // Beside each other, but after what was before.
        let mut ends = Ends::default();
        ends.after(Mode::Read, 10);
        for _ in 0..2 {
            assert_eq!(ends.before(one), 10);
            ends.after(one, 20);
        }
        assert_eq!(ends.before(Mode::Read), 20);
    }
}

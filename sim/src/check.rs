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
        let busy_ns: u64 = outcome
            .runs
            .iter()
            .map(|run| run.end_ns - run.start_ns)
            .sum();
        if busy_ns
            != outcome
                .engines
                .iter()
                .map(|tally| tally.busy_ns)
                .sum::<u64>()
        {
            return Err("engines were not busy as long as codelets ran".to_owned());
        }
        if let Some(data) = &self.data {
            data.check(self.workload.bytes())?;
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
    let mut ends = vec![(0, 0); workload.blocks()];
    for (number, codelet) in workload.codelets.iter().enumerate() {
        let Some(run) = outcome.runs.get(at[number] as usize) else {
            return Err(format!("codelet {number} did not run"));
        };
        let mut from_ns = match codelet.parent {
            Some(parent) => outcome.runs[at[parent as usize] as usize].end_ns,
            None => 0,
        };
        for access in &codelet.accesses {
            let (written, read) = ends[access.block as usize];
            from_ns = from_ns.max(if access.mode == Mode::Read {
                written
            } else {
                written.max(read)
            });
        }
        if run.start_ns < from_ns {
            return Err(format!(
                "codelet {number} starts at {} ns, and one that it needs ends at {from_ns} ns",
                run.start_ns
            ));
        }
        for access in &codelet.accesses {
            let end = &mut ends[access.block as usize];
            match access.mode {
                Mode::Read => end.1 = end.1.max(run.end_ns),
                // Neighbours that add to lanes of a reduction run side by side.
                Mode::Reduce(_) | Mode::SharedWrite => end.1 = end.1.max(run.end_ns),
                _ => *end = (run.end_ns, run.end_ns),
            }
        }
    }
    Ok(())
}

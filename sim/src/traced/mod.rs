//! A real run as a workload: what its trace tells of codelets, their times, blocks and order.

mod build;
mod costs;
mod machine;
mod notes;
mod parts;

use crate::machine::Costs;
use crate::workload::{Affinity, Cost, Workload};
use notes::Notes;
use sprat::decide::plan::CeMode;
use sprat::{Error, ErrorKind, Result};

/// A run whose trace was read.
///
/// What ran is simulated: each codelet takes the time that it took, after those before it in program order that it shares a block with, and
/// after the one whose end made it ready. Rounds of a graph are as many codelets. Each scope of the host begins when all before has ended.
#[derive(Clone, Debug)]
pub struct Traced {
    /// What ran.
    pub workload: Workload,
    /// Execution engines that there were.
    pub xes: u16,
    /// Memory regions with engines.
    pub regions: u16,
    /// From each scope's first spawn to its last end, or a replay's first step to its last: the union of these times.
    pub measured_ns: u64,
    /// The mode of its control engines.
    pub mode: CeMode,
    /// What the runtime cost in that run, as far as the trace shows it: spawns, what lies between two codelets, wake-ups. The rest is
    /// the default.
    pub costs: Costs,
    /// What of the run the workload leaves out, or guesses: sentences.
    pub notes: Vec<String>,
}

impl Traced {
    /// Reads a trace; `name` is what it is called in messages.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](sprat::ErrorKind::Config) if it is no trace, tells of no codelet, or of codelets that spawn others that use blocks.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        let notes = Notes::read(name, bytes)?;
        let wrong = |what: String| Error::new(ErrorKind::Config, format!("{name}: {what}"));
        if notes.ran.is_empty() && notes.steps.is_empty() {
            return Err(wrong(
                "the trace tells of no codelet that ran; run the program to its end".to_owned(),
            ));
        }
        build::traced(&notes).map_err(wrong)
    }

    /// The workload for so many engines in so many regions, and what it leaves out because of that: sentences. On as many engines as there were,
    /// wishes for engines are as they were; on more or fewer, the codelets of an engine are shared out among those that take its place, by
    /// the block that they write. Wishes for regions count where there are no more regions than there were, and the region is one of them.
    pub fn workload_for(&self, xes: u16, regions: u16) -> (Workload, Vec<String>) {
        let mut workload = self.workload.clone();
        let mut dropped = 0;
        for codelet in &mut workload.codelets {
            if let Affinity::Region(region) = codelet.affinity
                && (regions > self.regions || region >= regions)
            {
                codelet.affinity = Affinity::Anywhere;
                dropped += 1;
            }
        }
        let notes = match dropped {
            0 => Vec::new(),
            _ => vec![format!(
                "{dropped} wishes for a region are left out: there were {} regions, and are {regions}",
                self.regions
            )],
        };
        if xes == self.xes {
            return (workload, notes);
        }
        // The blocks that each engine's codelets write, in order.
        let mut owned: Vec<Vec<u32>> = vec![Vec::new(); usize::from(self.xes)];
        let key = |codelet: &crate::Codelet| {
            let accesses = &codelet.accesses;
            let written = accesses.iter().find(|access| access.mode.writes());
            written.or(accesses.first()).map(|access| access.block)
        };
        for codelet in &workload.codelets {
            if let (Affinity::Prefer(xe), Some(block)) = (codelet.affinity, key(codelet)) {
                owned[usize::from(xe)].push(block);
            }
        }
        for blocks in &mut owned {
            blocks.sort_unstable();
            blocks.dedup();
        }
        let scaled = |xe: u16, at: usize, of: usize| {
            let (from, all) = (u64::from(self.xes), u64::from(xes));
            let place = u64::from(xe) * of as u64 + at as u64;
            (place * all / (from * of as u64)) as u16
        };
        for codelet in &mut workload.codelets {
            codelet.affinity = match codelet.affinity {
                Affinity::Prefer(xe) => match key(codelet) {
                    Some(block) => {
                        let blocks = &owned[usize::from(xe)];
                        let at = blocks.binary_search(&block).unwrap_or(0);
                        Affinity::Prefer(scaled(xe, at, blocks.len().max(1)))
                    }
                    None => Affinity::Anywhere,
                },
                Affinity::Only(xe) => Affinity::Only(scaled(xe, 0, 1)),
                other => other,
            };
        }
        (workload, notes)
    }

    /// The names of codelets, with how often each ran and how long in all, the longest first.
    pub fn kinds(&self) -> Vec<(&'static str, u64, u64)> {
        let mut kinds = std::collections::BTreeMap::<&str, (u64, u64)>::new();
        for codelet in &self.workload.codelets {
            let sum = kinds.entry(codelet.name).or_default();
            let (Cost::Ns(ns) | Cost::Operations(ns)) = codelet.cost;
            *sum = (sum.0 + 1, sum.1.saturating_add(ns));
        }
        let kinds = kinds
            .into_iter()
            .map(|(name, (count, ns))| (name, count, ns));
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_by_key(|(_, _, ns)| std::cmp::Reverse(*ns));
        kinds
    }
}

//! What engines have measured of codelets' alternates: a table for each engine, which it alone writes.

use crate::decide::alternates::{Choice, Trials};
use crate::isa::{Isa, IsaSet};
use crate::spin_lock::SpinLock;
use crossbeam_utils::CachePadded;

/// See the module.
#[derive(Debug)]
pub(crate) struct Alternates {
    engines: Box<[CachePadded<Table>]>,
}

#[derive(Debug)]
struct Table {
    /// What this engine can run.
    isas: IsaSet,
    /// By the codelet's address. The lock is for those who ask; the engine finds it free. Codelets in use now come
    /// first.
    trials: SpinLock<Vec<(usize, Trials)>>,
}

impl Alternates {
    pub(crate) fn new(engines: usize) -> Self {
        // Threads may be moved between all processors unless they are pinned, so each engine has what the system grants
        // to all.
        let isas = IsaSet::here();
        let table = |_| {
            CachePadded::new(Table {
                isas,
                trials: SpinLock::new(Vec::new()),
            })
        };
        Alternates {
            engines: (0..engines).map(table).collect(),
        }
    }

    /// Whether an engine can run an alternate.
    #[inline]
    pub(crate) fn can_run(&self, xe: u16, isa: Isa) -> bool {
        self.engines[usize::from(xe)].isas.has(isa)
    }

    /// What an engine shall run of a codelet, of which these are `usable`.
    pub(crate) fn choose(&self, xe: u16, codelet: usize, usable: u8) -> Choice {
        self.engines[usize::from(xe)].trials.with(|trials| {
            let at = match trials.iter().position(|(other, _)| *other == codelet) {
                Some(at) => at,
                None => {
                    trials.push((codelet, Trials::new(usable)));
                    trials.len() - 1
                }
            };
            let front = at.min(1);
            trials.swap(at, at - front);
            trials[at - front].1.choose()
        })
    }

    /// How long that took; `None` if it did not come to its end.
    pub(crate) fn measured(&self, xe: u16, codelet: usize, choice: Choice, ns: Option<u64>) {
        self.engines[usize::from(xe)].trials.with(|trials| {
            let known = trials.iter_mut().find(|(other, _)| *other == codelet);
            match (known, ns) {
                (Some((_, trials)), Some(ns)) => trials.measured(choice, ns),
                (Some((_, trials)), None) => trials.failed(choice),
                (None, _) => (),
            }
        });
    }

    /// What an engine knows of a codelet.
    pub(crate) fn known(&self, xe: usize, codelet: usize) -> Option<Trials> {
        self.engines[xe].trials.with(|trials| {
            let found = trials.iter().find(|(other, _)| *other == codelet);
            found.map(|(_, trials)| trials.clone())
        })
    }
}

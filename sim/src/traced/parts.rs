//! Which blocks were used in parts, as far as a trace shows it: it tells how much of a block was used, and not which part.

use super::notes::{Key, Notes};
use std::collections::{BTreeMap, HashSet};

/// Blocks of which conflicting accesses ran side by side: so these were parts, however large.
pub(super) fn in_parts(notes: &Notes) -> HashSet<Key> {
    // Block, from when to when, whether it was written.
    let mut all: Vec<(Key, u64, u64, bool)> = Vec::new();
    let mut used = |uses: &mut dyn Iterator<Item = (Key, u8)>, start_ns, end_ns| {
        let mut own = BTreeMap::new();
        for (block, mode) in uses {
            // Other modes may run beside each other, or are kept apart by more than an order.
            if mode <= 2 {
                *own.entry(block).or_insert(false) |= mode != 0;
            }
        }
        let own = own.into_iter();
        all.extend(own.map(|(block, writes)| (block, start_ns, end_ns, writes)));
    };
    for ran in &notes.ran {
        let mut uses = ran.uses.iter().map(|one| (one.block, one.mode));
        used(&mut uses, ran.start_ns, ran.end_ns);
    }
    for step in &notes.steps {
        let graph = notes.graphs.get(&step.graph);
        if let Some(told) = graph.and_then(|graph| graph.codelets.get(step.codelet as usize)) {
            let uses = told.uses.iter();
            let mut uses = uses.map(|one| ((one.block, one.generation), one.mode));
            used(&mut uses, step.start_ns, step.end_ns);
        }
    }
    all.sort_unstable();
    let mut parts = HashSet::new();
    for of_block in all.chunk_by(|a, b| a.0 == b.0) {
        let (mut written_ns, mut used_ns) = (0, 0);
        for &(block, start_ns, end_ns, writes) in of_block {
            if start_ns < written_ns || writes && start_ns < used_ns {
                parts.insert(block);
            }
            used_ns = end_ns.max(used_ns);
            written_ns = if writes {
                end_ns.max(written_ns)
            } else {
                written_ns
            };
        }
    }
    parts
}

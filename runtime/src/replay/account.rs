//! How replays keep the account of who touched what: [`crate::ledger`].

use super::Replay;
use crate::engine::Engine;
use crate::ledger::{Key, Ledgers, Sums};

impl Replay<'_> {
    /// Notes that an engine has run so many steps of a lane, from this one on and around.
    #[cold]
    #[inline(never)]
    pub(super) fn enter_in_ledger(
        &self,
        ledgers: &Ledgers,
        engine: &Engine<'_>,
        (lane, first, ran): (usize, u32, u64),
    ) {
        let (graph, blocks) = (self.graph, &engine.shared.blocks);
        let Some(here) = engine.local(|local| local.here) else {
            return;
        };
        let steps = &self.dealt().schedule.lanes[lane].steps;
        let count = steps.len() as u64;
        let lines = (0..ran.min(count)).flat_map(|nth| {
            let step = &steps[((u64::from(first) + nth) % count) as usize];
            let times = ran / count + u64::from(nth < ran % count);
            let site = graph.site(step.codelet);
            let uses = graph.program.uses(step.codelet).iter();
            uses.filter_map(move |one| {
                // A value, an end, or a lane of a reduction is no block.
                let (key, extent) = graph.block_of(one.cell)?;
                let slot = blocks.slot(key.0.slot());
                let bytes = extent.map_or(slot.bytes() as u64, |extent| extent.bytes());
                let key = Key {
                    codelet: site.name,
                    spawned_at: site.spawned_at,
                    block: key.0,
                    home: engine.shared.homes.region_of(slot.place()),
                };
                Some((key, Sums::of(one.mode, bytes, times)))
            })
        });
        if ledgers.enter(here.xe, None, lines) {
            engine.shared.ask_to_adapt();
        }
    }
}

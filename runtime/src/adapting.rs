//! The policy `locality` at work: what engines have noted goes to its mind ([`crate::decide::locality`]), and what that wants
//! becomes wishes at the blocks, which whoever has them next fulfils. See `docs/design/moves.md`.

use crate::decide::locality::{Act, Seen};
use crate::decide::placement::Wish;
use crate::decide::regrouping::SeenGroup;
use crate::homes::Asked;
use crate::id::BlockId;
use crate::ledger::{Mind, Recent, Sums};
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use crate::trace::{Decided, Did, Reason, RegionSeen};
use std::collections::BTreeMap;

impl Shared {
    /// Enough was done for a look of the policy: some control engine shall come to it.
    #[cold]
    pub(crate) fn ask_to_adapt(&self) {
        self.request(&self.domains[0]);
    }

    /// Part of a control engine's routine: looks at what was done, if there is enough of it, and wishes what is to be done.
    pub(crate) fn adapt(&self, domain: &Domain, stands_in: bool) {
        let Some(ledgers) = &self.ledgers else { return };
        let watcher = ledgers.watcher.as_ref();
        let Some(watcher) = watcher.filter(|one| one.due.load(Ordering::Relaxed)) else {
            return;
        };
        let mut mind = lock(&watcher.mind);
        watcher.looks();
        let mut uses: Vec<(u16, Recent, Sums)> = Vec::new();
        for (xe, recent) in (0..).zip(ledgers.take_recent()) {
            let region = self.homes.region_of_xe(xe);
            let lives = |block: BlockId| self.blocks.slot(block.slot()).is(block);
            let recent = recent.into_iter().filter(|((block, ..), _)| lives(*block));
            uses.extend(recent.map(|(what, sums)| (region, what, sums)));
        }
        let went = self.regroup(&mut mind, &uses);
        let mut seen: BTreeMap<(BlockId, u16, u16), Seen> = BTreeMap::new();
        for (region, (block, home, group), sums) in uses {
            // What a group will do that is sent elsewhere it will do from there.
            let region = group
                .and_then(|group| went.get(&group))
                .copied()
                .unwrap_or(region);
            let one = seen.entry((block, home, region)).or_insert(Seen {
                block: number(block),
                bytes: self.blocks.slot(block.slot()).bytes() as u64,
                home,
                region,
                read: 0,
                written: 0,
            });
            one.read = one.read.saturating_add(sums.read);
            one.written = one.written.saturating_add(sums.written);
        }
        let seen: Vec<Seen> = seen.into_values().collect();
        for act in mind.blocks.look(&seen) {
            let (block, asked) = match act {
                Act::Move { block, to } => (block, Asked::Home(to)),
                Act::Replicate { block } => (block, Asked::Copies),
            };
            if let Some(trace) = &self.trace {
                trace
                    .decisions
                    .add(self.adapted(domain, stands_in, &act, &seen));
            }
            let slot = self.blocks.slot(block as u32);
            // If it is gone meanwhile, or its memory, nothing comes of it.
            slot.ask((block >> GENERATION) as u32, asked);
        }
    }

    /// An act, for the trace.
    fn adapted(&self, domain: &Domain, stood_in: bool, act: &Act, seen: &[Seen]) -> Decided {
        let (block, did) = match *act {
            Act::Move { block, to } => (block, Did::Move { to }),
            Act::Replicate { block } => (block, Did::Replicate),
        };
        let used: Vec<&Seen> = seen.iter().filter(|one| one.block == block).collect();
        let region = |one: &&Seen| RegionSeen {
            region: one.region,
            home: one.home,
            read: one.read,
            written: one.written,
        };
        let own = self
            .domains
            .iter()
            .position(|one| std::ptr::eq(one, domain));
        Decided {
            time: 0,
            domain: own.unwrap_or(0) as u16,
            stood_in,
            seen: Reason::Accesses {
                block: block as u32,
                generation: (block >> GENERATION) as u32,
                bytes: used.first().map_or(0, |one| one.bytes),
                regions: used.iter().map(region).collect(),
            },
            did: vec![did],
        }
    }

    /// Sends groups of codelets where they should run; which went, and to which region. Their next members follow.
    fn regroup(&self, mind: &mut Mind, uses: &[(u16, Recent, Sums)]) -> BTreeMap<u16, u16> {
        let mut seen: BTreeMap<(Option<u16>, u16, u16), u64> = BTreeMap::new();
        for (region, (_, home, group), sums) in uses {
            let bytes = seen.entry((*group, *region, *home)).or_default();
            let more = sums.read.saturating_add(sums.written);
            *bytes = bytes.saturating_add(more);
        }
        let seen = seen.into_iter();
        let seen: Vec<SeenGroup> = seen
            .map(|((group, region, home), bytes)| SeenGroup {
                group,
                region,
                home,
                bytes,
            })
            .collect();
        let acts = mind.groups.look(&seen);
        let went = acts.into_iter().filter(|(group, region)| {
            let open = |xe: &u16| !self.is_shut(&self.seats[usize::from(*xe)]);
            let there = self.homes.engines(Wish::Region(*region));
            let there: Vec<u16> = there.into_iter().filter(open).collect();
            let xe = there.get(usize::from(*group) % there.len().max(1));
            let xe = xe.filter(|xe| self.homes.region_of_xe(**xe) == *region);
            match xe {
                Some(xe) => self.groups.send(*group, *xe),
                // All seats there are shut.
                None => mind.groups.failed(*group),
            }
            xe.is_some()
        });
        let went: BTreeMap<u16, u16> = went.collect();
        self.homes.moves.regrouped(went.len());
        went
    }
}

/// Where the generation begins in a block's number.
const GENERATION: u32 = 32;

/// A block's number for the mind.
fn number(block: BlockId) -> u64 {
    u64::from(block.generation()) << GENERATION | u64::from(block.slot())
}

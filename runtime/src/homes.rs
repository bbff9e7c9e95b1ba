//! Where the memory of blocks comes from: the pools of all regions, and which of them is asked for a block. See
//! `docs/design/homes.md`.

use crate::decide::migration::Moving;
use crate::decide::placement::{Destination, Regions, Search, Wish};
use crate::decide::plan::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::id::BlockId;
use crate::memory_region::{self, Chunk, Magazine, Nodes, Pool, PoolOptions, Transfer, Which};
use crate::moves::Moves;
use crate::sync::Arc;
use crate::topology::{Region, Topology};

/// What a block's slot keeps of its home, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its memory is not taken yet, and this is wished for it.
    Wish(Wish),
    /// Its memory is not taken yet, and is to be where this block's is. Of the id, the runtime's number is not kept.
    Near { slot: u32, generation: u32 },
    /// Its memory was taken from the pool with this number.
    Taken(u16),
    /// The same, and something is wished for it.
    Asked { pool: u16, asked: Asked },
}

/// What is wished for a block that has its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It should live in the region with this number.
    Home(u16),
    /// Each region where it is read should have a copy.
    Copies,
}

/// [`Place::encode`] of what is said of a block of which nothing is said.
pub(crate) const FIRST_TOUCH: u64 = 0;

/// In a word: the kind, above what belongs to it.
const KIND: u32 = 48;
const GENERATION: u32 = 28;
/// Where the region begins that is wished, above the pool's number.
const ASKED: u32 = 16;

impl Place {
    /// As a word.
    pub(crate) fn encode(self) -> u64 {
        let (kind, rest) = match self {
            Place::Wish(Wish::FirstTouch) => (0, 0),
            Place::Wish(Wish::Region(region)) => (1, u64::from(region)),
            Place::Wish(Wish::Interleaved) => (2, 0),
            Place::Wish(Wish::Fastest) => (3, 0),
            Place::Near { slot, generation } => {
                (4, u64::from(generation) << GENERATION | u64::from(slot))
            }
            Place::Taken(pool) => (5, u64::from(pool)),
            Place::Asked { pool, asked } => match asked {
                Asked::Home(region) => (6, u64::from(region) << ASKED | u64::from(pool)),
                Asked::Copies => (7, u64::from(pool)),
            },
        };
        kind << KIND | rest
    }

    /// From a word that [`Place::encode`] made.
    pub(crate) fn decode(word: u64) -> Self {
        let rest = word & ((1 << KIND) - 1);
        match word >> KIND {
            1 => Place::Wish(Wish::Region(rest as u16)),
            2 => Place::Wish(Wish::Interleaved),
            3 => Place::Wish(Wish::Fastest),
            4 => Place::Near {
                slot: rest as u32 & (BlockId::MAX_SLOTS - 1),
                generation: (rest >> GENERATION) as u32,
            },
            5 => Place::Taken(rest as u16),
            6 => Place::Asked {
                pool: rest as u16,
                asked: Asked::Home((rest >> ASKED) as u16),
            },
            7 => Place::Asked {
                pool: rest as u16,
                asked: Asked::Copies,
            },
            _ => Place::Wish(Wish::FirstTouch),
        }
    }

    /// What is wished for a block that has its memory.
    pub(crate) fn asked(self) -> Option<Asked> {
        match self {
            Place::Asked { asked, .. } => Some(asked),
            _ => None,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Homes {
    /// One for each region, and the interleaved one.
    pools: Box<[Arc<Pool>]>,
    regions: Regions,
    /// Whether each region has memory, as far as anybody knows.
    has_memory: Box<[bool]>,
    /// The region of each engine.
    region_of_xe: Box<[u16]>,
    pub(crate) moves: Moves,
    notes: Vec<String>,
}

impl Homes {
    /// Asks what can be chosen, and makes the pools, which map nothing yet. Pages are made inaccessible one by one if
    /// `checks`. All copies of blocks together take at most `replica_bytes`.
    ///
    /// Errors: as of [`Pool::new`].
    pub(crate) fn new(
        topology: &Topology,
        plan: &Plan,
        checks: bool,
        replica_bytes: u64,
    ) -> Result<Self> {
        let mut notes = Vec::new();
        let nodes = chosen_nodes(topology, &mut notes);
        let is_usable = |at: usize| {
            topology.regions[at].bytes > 0 && nodes.contains(&topology.regions[at].os_id)
        };
        let usable = (0..topology.regions.len()).filter(|at| is_usable(*at));
        let options = |nodes, keep: u64| {
            let mut options = PoolOptions {
                huge: !checks,
                whole_pages: checks,
                nodes,
                ..PoolOptions::default()
            };
            if keep > 0 {
                options.keep_bytes = usize::try_from(keep).unwrap_or(usize::MAX);
            }
            options
        };
        let pool_of = |(at, region): (usize, &Region)| {
            let options = match is_usable(at) {
                true => options(Nodes::One(region.os_id as u16), region.bytes / 4),
                false => options(Nodes::FirstTouch, 0),
            };
            Pool::new(at as u16, options).map(Arc::new)
        };
        let pools: Result<Vec<_>> = topology.regions.iter().enumerate().map(pool_of).collect();
        let mut pools = pools?;
        let by_turns: Vec<_> = (usable.clone())
            .map(|at| topology.regions[at].os_id as u16)
            .collect();
        let keep = usable.map(|at| topology.regions[at].bytes / 8).sum();
        let by_turns = match by_turns.is_empty() {
            true => options(Nodes::FirstTouch, 0),
            false => options(Nodes::Interleaved(by_turns), keep),
        };
        pools.push(Arc::new(Pool::new(pools.len() as u16, by_turns)?));
        let known = topology.regions.iter().any(|region| region.bytes > 0);
        let has_memory = topology.regions.iter().map(|one| one.bytes > 0 || !known);
        Ok(Homes {
            pools: pools.into(),
            regions: Regions::new(topology, is_usable, |at| {
                topology.regions[at].speed.read_bandwidth
            }),
            has_memory: has_memory.collect(),
            region_of_xe: plan.xes.iter().map(|xe| xe.region as u16).collect(),
            moves: Moves::new(replica_bytes),
            notes,
        })
    }

    /// All pools: those of the regions, in order, and the interleaved one.
    pub(crate) fn pools(&self) -> &[Arc<Pool>] {
        &self.pools
    }

    /// Sentences about what cannot be chosen.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The pool that an engine in a region takes from for itself.
    pub(crate) fn own_pool(&self, region: u16) -> &Arc<Pool> {
        &self.pools[usize::from(self.regions.own(region))]
    }

    /// The pool of threads outside of all seats.
    pub(crate) fn outside_pool(&self) -> &Arc<Pool> {
        self.own_pool(self.region_of_xe[0])
    }

    /// The region that holds a block with this place; `None` if none does alone: its memory is not taken yet, is interleaved,
    /// or is a user's.
    pub(crate) fn region_of(&self, place: Place) -> Option<u16> {
        match place {
            Place::Taken(pool) | Place::Asked { pool, .. }
                if usize::from(pool) < self.has_memory.len() =>
            {
                Some(pool)
            }
            _ => None,
        }
    }

    /// The region of an engine.
    pub(crate) fn region_of_xe(&self, xe: u16) -> u16 {
        self.region_of_xe[usize::from(xe)]
    }

    /// The engines that blocks with this wish belong to.
    pub(crate) fn engines(&self, wish: Wish) -> Vec<u16> {
        self.regions.engines(wish, &self.region_of_xe)
    }

    /// Whether a region can be named. Errors: `Config` if there is none such, or it has no memory.
    pub(crate) fn check_region(&self, region: usize) -> Result<u16> {
        let wrong = match self.has_memory.get(region) {
            Some(true) => return Ok(region as u16),
            Some(false) => format!("memory region {region} has no memory"),
            None => format!(
                "there is no memory region {region}; the machine has {}, numbered from 0",
                self.has_memory.len()
            ),
        };
        let advice = "name one with memory: see `Runtime::topology`";
        Err(Error::new(ErrorKind::Config, format!("{wrong}; {advice}")))
    }

    /// Takes memory for a block whose first user has this magazine: from the first region with room, in the order of the
    /// wish. If there is none, the system decides where the pages come from.
    ///
    /// Errors: as of [`Pool::take`].
    pub(crate) fn take(&self, wish: Wish, bytes: usize, magazine: &mut Magazine) -> Result<Chunk> {
        let here = magazine.pool().region();
        let order = match self.regions.search(wish, here) {
            Search::InOrder(order) => order,
            Search::ByTurns => {
                let pool = self.pools.last().expect("there is an interleaved one");
                return match pool.take_if_room(bytes)? {
                    Some(chunk) => Ok(chunk),
                    None => pool.take(bytes),
                };
            }
        };
        for &region in order {
            let taken = match region == here {
                true => magazine.take_if_room(bytes)?,
                false => self.pools[usize::from(region)].take_if_room(bytes)?,
            };
            if let Some(chunk) = taken {
                return Ok(chunk);
            }
        }
        self.pools[usize::from(order[0])].take(bytes)
    }

    /// The pools that engines take from for themselves, each once.
    pub(crate) fn pools_of_engines(&self) -> Vec<u16> {
        let own = |region: &u16| self.regions.own(*region);
        let mut pools: Vec<u16> = self.region_of_xe.iter().map(own).collect();
        pools.sort_unstable();
        pools.dedup();
        pools
    }

    /// See [`Regions::far`].
    pub(crate) fn far(&self, from: u16) -> &[u64] {
        self.regions.far(from)
    }

    /// What is known of the regions.
    pub(crate) fn regions(&self) -> &Regions {
        &self.regions
    }

    /// Whether blocks can move to a region.
    pub(crate) fn can_hold(&self, region: u16) -> bool {
        let wish = Wish::Region(region);
        self.has_memory[usize::from(region)] && self.regions.destination(wish, region).is_some()
    }

    /// The pool where a block is that has moved according to a wish, carried by an engine with this magazine; `None` if no
    /// memory can be had there.
    pub(crate) fn destination(&self, wish: Wish, magazine: &Magazine) -> Option<u16> {
        match self.regions.destination(wish, magazine.pool().region())? {
            Destination::Region(region) => Some(region),
            Destination::ByTurns => Some(self.pools.len() as u16 - 1),
        }
    }

    /// Takes memory from this pool and no other, if it has room.
    pub(crate) fn take_at(
        &self,
        pool: u16,
        bytes: usize,
        magazine: &mut Magazine,
    ) -> Option<Chunk> {
        let taken = match pool == magazine.pool().region() {
            true => magazine.take_if_room(bytes),
            false => self.pools[usize::from(pool)].take_if_room(bytes),
        };
        // What the system refuses is no room.
        taken.ok().flatten()
    }

    /// The same for a copy, if the budget has room, too.
    pub(crate) fn take_for_copy(
        &self,
        pool: u16,
        bytes: usize,
        magazine: &mut Magazine,
    ) -> Option<Chunk> {
        let chunk = self.take_at(pool, bytes, magazine)?;
        if self.moves.hold(chunk.bytes()) {
            return Some(chunk);
        }
        self.give(chunk, magazine);
        None
    }

    /// What is known of a block that is to go from one pool to another, and has this memory. Takes a lock if it matters.
    pub(crate) fn moving(&self, which: Which, from: u16, to: u16, contents: bool) -> Moving {
        let [from, to] = [from, to].map(|pool| &self.pools[usize::from(pool)]);
        let owns_pages = from.can_transfer(which, to);
        Moving {
            bytes: which.bytes() as u64,
            owns_pages,
            contents,
            recycled: owns_pages && contents && to.has_used(which),
        }
    }

    /// Has the system move memory to a pool under its address: see [`Pool::transfer`].
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn transfer(&self, which: Which, from: u16, to: u16) -> Transfer {
        let [from, to] = [from, to].map(|pool| &self.pools[usize::from(pool)]);
        // SAFETY: by this function's premise.
        unsafe { from.transfer(which, to) }
    }

    /// Has other pools for the first regions.
    #[cfg(all(test, not(sprat_loom)))]
    pub(crate) fn put_pools(&mut self, pools: impl IntoIterator<Item = Pool>) {
        let old = self.pools.iter_mut();
        old.zip(pools).for_each(|(old, pool)| *old = Arc::new(pool));
    }

    /// Gives memory back to its region's pool.
    #[inline]
    pub(crate) fn give(&self, chunk: Chunk, magazine: &mut Magazine) {
        let region = chunk.region();
        let given = match region == magazine.pool().region() {
            true => magazine.give(chunk),
            false => self.pools[usize::from(region)].give(chunk),
        };
        given.expect("the memory came from this region's pool");
    }

    /// The same for copies that are not needed any more.
    pub(crate) fn give_copies(&self, copies: Vec<Chunk>, magazine: &mut Magazine) {
        self.moves.let_go(copies.iter().map(Chunk::bytes).sum());
        copies
            .into_iter()
            .for_each(|copy| self.give(copy, magazine));
    }
}

/// The kernel's nodes that memory can be had from by choice. What stands against it is noted.
fn chosen_nodes(topology: &Topology, notes: &mut Vec<String>) -> Vec<u32> {
    let regions = topology.regions.iter();
    let with_memory: Vec<_> = regions
        .enumerate()
        .filter(|(_, one)| one.bytes > 0)
        .collect();
    if with_memory.len() < 2 {
        notes.push("there is one memory region, and all blocks are in it".to_owned());
        return Vec::new();
    }
    let everywhere = "so the memory of all blocks is where their first writer is";
    if !topology.source.is_this_machine() {
        notes.push(format!("the topology is not this machine's, {everywhere}"));
        return Vec::new();
    }
    let usable: Vec<_> = match memory_region::usable_nodes() {
        Ok(nodes) => nodes.into_iter().map(u32::from).collect(),
        Err(error) => {
            notes.push(format!(
                "the system does not let this process choose memory regions ({error}), {everywhere}; containers often forbid it: \
                 let this one call mbind and get_mempolicy"
            ));
            return Vec::new();
        }
    };
    let denied = with_memory
        .iter()
        .filter(|(_, one)| !usable.contains(&one.os_id));
    let denied: Vec<_> = denied.map(|(at, _)| at.to_string()).collect();
    if !denied.is_empty() {
        notes.push(format!(
            "this process may not use the memory of region {} (its container or job has a cpuset without that), so blocks \
             with a home there go to the nearest other one",
            denied.join(", ")
        ));
    }
    usable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_back() {
        let near = Place::Near {
            slot: BlockId::MAX_SLOTS - 1,
            generation: BlockId::MAX_GENERATION,
        };
        let wishes = [
            Wish::FirstTouch,
            Wish::Region(73),
            Wish::Interleaved,
            Wish::Fastest,
        ];
        let all = wishes.map(Place::Wish).into_iter();
        let asked = [Asked::Home(0), Asked::Home(u16::MAX), Asked::Copies];
        let asked = asked.map(|asked| Place::Asked { pool: 73, asked });
        let taken = [near, Place::Taken(0), Place::Taken(u16::MAX)];
        for place in all.chain(taken).chain(asked) {
            assert_eq!(Place::decode(place.encode()), place);
        }
        assert_eq!(Place::Wish(Wish::FirstTouch).encode(), FIRST_TOUCH);
    }
}

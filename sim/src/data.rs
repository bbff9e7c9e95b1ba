//! Where blocks and their copies are, and which way data take to an engine.

use crate::machine::model::{Model, Up};
use sprat::decide::placement::{Search, Wish};
use sprat::{Error, ErrorKind, Result};
use std::collections::VecDeque;

const NONE: u32 = u32::MAX;
const NOWHERE: u16 = u16::MAX;

/// A copy of a block in a cache.
#[derive(Clone, Copy, Debug)]
struct Copy {
    cache: u32,
    bytes: u64,
    /// When it was used last, as a number that grows.
    used: u64,
}

#[derive(Debug)]
struct Block {
    size: u64,
    /// The region that it lives in, once it was touched.
    home: u16,
    /// The cache that has the only valid copy.
    dirty: u32,
    /// By cache.
    copies: Vec<Copy>,
}

/// What is in a cache.
#[derive(Debug, Default)]
struct Cache {
    bytes: u64,
    live: usize,
    /// Blocks by when they were used; of each only the last entry counts.
    queue: VecDeque<(u64, u32)>,
    filled: u64,
    left: u64,
}

/// Bytes that a codelet fetches from, or writes to, one memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) memory: u32,
    pub(crate) bytes: u64,
}

/// See the module.
pub(crate) struct Data<'m> {
    model: &'m Model,
    blocks: Vec<Block>,
    caches: Vec<Cache>,
    /// Bytes that live in each region.
    homes: Vec<u64>,
    /// Bytes through each way.
    through: Vec<u64>,
    energy_fj: u128,
    asked: u64,
    given: u64,
    used: u64,
    turn: usize,
}

impl<'m> Data<'m> {
    pub(crate) fn new(model: &'m Model, sizes: &[u64]) -> Self {
        let block = |size: &u64| Block {
            size: *size,
            home: NOWHERE,
            dirty: NONE,
            copies: Vec::new(),
        };
        Data {
            model,
            blocks: sizes.iter().map(block).collect(),
            caches: model.memories.iter().map(|_| Cache::default()).collect(),
            homes: vec![0; model.regions.len()],
            through: vec![0; model.ways.len()],
            energy_fj: 0,
            asked: 0,
            given: 0,
            used: 0,
            turn: 0,
        }
    }

    /// An engine in a region reads so many bytes of a block, or all of them.
    pub(crate) fn read(
        &mut self,
        xe: usize,
        region: u16,
        wish: Wish,
        block: u32,
        bytes: Option<u64>,
        all: &mut Vec<Transfer>,
    ) -> Result<()> {
        let bytes = self.touch(block, bytes, region, wish)?;
        if bytes == 0 {
            return Ok(());
        }
        let engine = &self.model.engines[xe];
        let copies = &self.blocks[block as usize].copies;
        let has = |cache: &u32| {
            copies
                .iter()
                .any(|copy| copy.cache == *cache && copy.bytes >= bytes)
        };
        let found = engine.caches.iter().position(has);
        let from = match found {
            Some(at) => engine.caches[at],
            None => match self.blocks[block as usize].dirty {
                NONE => self.home(block),
                cache => cache,
            },
        };
        self.carry(from, engine.group, bytes);
        if found.is_some() {
            self.used(block, from);
        }
        // From the far end, so that what is pushed out finds its way up.
        for &cache in engine.caches[..found.unwrap_or(engine.caches.len())]
            .iter()
            .rev()
        {
            self.put(cache, block, bytes);
        }
        self.give(from, bytes, all);
        Ok(())
    }

    /// An engine writes so many bytes of a block, or all of them: other copies are void.
    pub(crate) fn write(
        &mut self,
        xe: usize,
        region: u16,
        wish: Wish,
        block: u32,
        bytes: Option<u64>,
        all: &mut Vec<Transfer>,
    ) -> Result<()> {
        let bytes = self.touch(block, bytes, region, wish)?;
        if bytes == 0 {
            return Ok(());
        }
        let engine = &self.model.engines[xe];
        let fits = |cache: &&u32| self.model.memories[**cache as usize].capacity >= bytes;
        let to = engine.caches.iter().find(fits).copied();
        for copy in std::mem::take(&mut self.blocks[block as usize].copies) {
            self.leave(copy);
        }
        self.blocks[block as usize].dirty = NONE;
        let to = match to {
            Some(cache) => {
                self.put(cache, block, bytes);
                self.blocks[block as usize].dirty = cache;
                cache
            }
            None => {
                let home = self.home(block);
                self.carry(home, engine.group, bytes);
                home
            }
        };
        self.give(to, bytes, all);
        Ok(())
    }

    /// The block has a home from its first use on. How many bytes are meant.
    fn touch(&mut self, block: u32, bytes: Option<u64>, region: u16, wish: Wish) -> Result<u64> {
        let state = &self.blocks[block as usize];
        let size = state.size;
        if state.home == NOWHERE && size > 0 {
            let preferences = self
                .model
                .preferences
                .as_ref()
                .expect("where memories are, regions are");
            let room = |at: usize| {
                let memory = self.model.regions[at] as usize;
                self.homes[at] + size <= self.model.memories[memory].capacity
            };
            let found = match preferences.search(wish, region) {
                Search::InOrder(order) => {
                    order.iter().map(|at| usize::from(*at)).find(|at| room(*at))
                }
                Search::ByTurns => {
                    let count = self.homes.len();
                    let from = self.turn;
                    self.turn += 1;
                    (0..count)
                        .map(|step| (from + step) % count)
                        .find(|at| room(*at))
                }
            };
            let home = found.ok_or_else(|| {
                let text = format!("block {block} of {size} bytes has no room in any region of the machine; use smaller or fewer blocks, or a machine with more memory");
                Error::new(ErrorKind::Config, text)
            })?;
            self.homes[home] += size;
            self.blocks[block as usize].home = home as u16;
        }
        let bytes = bytes.unwrap_or(size).min(size);
        self.asked += bytes;
        Ok(bytes)
    }

    fn home(&self, block: u32) -> u32 {
        self.model.regions[usize::from(self.blocks[block as usize].home)]
    }

    fn give(&mut self, memory: u32, bytes: u64, all: &mut Vec<Transfer>) {
        self.given += bytes;
        match all.iter_mut().find(|transfer| transfer.memory == memory) {
            Some(transfer) => transfer.bytes += bytes,
            None => all.push(Transfer { memory, bytes }),
        }
    }

    fn pass(&mut self, way: u32, bytes: u64) {
        self.through[way as usize] += bytes;
        self.energy_fj += u128::from(self.model.ways[way as usize].energy) * u128::from(8 * bytes);
    }

    /// Bytes go through a memory and the links between it and a group.
    fn carry(&mut self, memory: u32, group: u32, bytes: u64) {
        self.pass(memory, bytes);
        let model = self.model;
        let from = model.memories[memory as usize].group;
        model.links(from, group, |link| self.pass(link, bytes));
    }

    fn used(&mut self, block: u32, cache: u32) {
        self.used += 1;
        let copies = &mut self.blocks[block as usize].copies;
        if let Some(copy) = copies.iter_mut().find(|copy| copy.cache == cache) {
            copy.used = self.used;
            let at = &mut self.caches[cache as usize];
            at.queue.push_back((self.used, block));
            // Old entries are dropped before there are many more than blocks.
            if at.queue.len() > 4 * at.live + 64 {
                let blocks = &self.blocks;
                let counts = |(used, block): &(u64, u32)| {
                    let copies = &blocks[*block as usize].copies;
                    copies
                        .iter()
                        .any(|copy| copy.cache == cache && copy.used == *used)
                };
                at.queue.retain(counts);
            }
        }
    }

    /// A copy comes into a cache, if it can hold it.
    fn put(&mut self, cache: u32, block: u32, bytes: u64) {
        let capacity = self.model.memories[cache as usize].capacity;
        if bytes > capacity {
            return;
        }
        let copies = &mut self.blocks[block as usize].copies;
        if let Some(at) = copies.iter().position(|copy| copy.cache == cache) {
            if copies[at].bytes >= bytes {
                return self.used(block, cache);
            }
            let smaller = copies.swap_remove(at);
            self.leave(smaller);
        }
        while self.caches[cache as usize].bytes + bytes > capacity {
            self.push_out(cache);
        }
        self.pass(cache, bytes);
        let at = &mut self.caches[cache as usize];
        at.bytes += bytes;
        at.filled += bytes;
        at.live += 1;
        self.blocks[block as usize].copies.push(Copy {
            cache,
            bytes,
            used: 0,
        });
        self.used(block, cache);
    }

    /// A copy is no longer in its cache.
    fn leave(&mut self, copy: Copy) {
        let cache = &mut self.caches[copy.cache as usize];
        cache.bytes -= copy.bytes;
        cache.left += copy.bytes;
        cache.live -= 1;
    }

    /// What was not used for the longest time leaves a cache.
    fn push_out(&mut self, cache: u32) {
        let (used, block) = self.caches[cache as usize]
            .queue
            .pop_front()
            .expect("a cache with bytes has entries");
        let copies = &mut self.blocks[block as usize].copies;
        let last = |copy: &Copy| copy.cache == cache && copy.used == used;
        let Some(at) = copies.iter().position(last) else {
            return;
        };
        let copy = copies.swap_remove(at);
        self.leave(copy);
        if self.blocks[block as usize].dirty == cache {
            self.write_back(cache, block, copy.bytes);
        }
    }

    fn write_back(&mut self, from: u32, block: u32, bytes: u64) {
        let group = self.model.memories[from as usize].group;
        self.blocks[block as usize].dirty = NONE;
        let mut up = self.model.memories[from as usize].up;
        while let Up::Cache(next) = up {
            let next_memory = &self.model.memories[next as usize];
            if next_memory.capacity >= bytes {
                self.put(next, block, bytes);
                self.blocks[block as usize].dirty = next;
                let (there, model) = (next_memory.group, self.model);
                return model.links(there, group, |link| self.pass(link, bytes));
            }
            up = next_memory.up;
        }
        self.carry(self.home(block), group, bytes);
    }

    /// Bytes and energy by level, in the order of the model's levels.
    pub(crate) fn moved(&self) -> Vec<(u64, u128)> {
        let mut levels = vec![(0, 0); self.model.levels.len()];
        for (way, bytes) in self.model.ways.iter().zip(&self.through) {
            let level = &mut levels[way.level as usize];
            level.0 += bytes;
            level.1 += u128::from(way.energy) * 8 * u128::from(*bytes);
        }
        levels
    }

    /// Bytes that live in each region.
    pub(crate) fn homes(&self) -> &[u64] {
        &self.homes
    }

    /// What must hold at the end, given what all accesses asked for.
    pub(crate) fn check(&self, asked: u64) -> std::result::Result<(), String> {
        if asked != self.asked || asked != self.given {
            return Err(format!(
                "codelets asked for {asked} bytes, {} were looked for and {} given",
                self.asked, self.given
            ));
        }
        let mut in_caches = vec![0; self.caches.len()];
        let mut homes = vec![0; self.homes.len()];
        for (number, block) in self.blocks.iter().enumerate() {
            block
                .copies
                .iter()
                .for_each(|copy| in_caches[copy.cache as usize] += copy.bytes);
            if block.home != NOWHERE {
                homes[usize::from(block.home)] += block.size;
            }
            if block.dirty != NONE && !block.copies.iter().any(|copy| copy.cache == block.dirty) {
                return Err(format!("the only valid copy of block {number} is lost"));
            }
        }
        for (number, (cache, bytes)) in self.caches.iter().zip(in_caches).enumerate() {
            let capacity = self.model.memories[number].capacity;
            if cache.bytes != bytes || cache.filled != cache.left + bytes || bytes > capacity {
                return Err(format!(
                    "memory {number} of {capacity} bytes got {} and gave back {}, and {bytes} are in it",
                    cache.filled, cache.left
                ));
            }
        }
        let room = |at: usize| self.model.memories[self.model.regions[at] as usize].capacity;
        if homes != self.homes || (0..homes.len()).any(|at| homes[at] > room(at)) {
            return Err(format!(
                "in the regions live {homes:?} bytes, and {:?} were counted",
                self.homes
            ));
        }
        let by_level: u128 = self.moved().iter().map(|(_, energy)| energy).sum();
        if by_level != self.energy_fj {
            return Err(format!(
                "movement took {} fJ, and {by_level} by level",
                self.energy_fj
            ));
        }
        Ok(())
    }
}

//! Where blocks and their copies are, and which way data take to an engine.

use crate::cache::Cache;
use crate::machine::model::{Model, Up};
use sprat::decide::placement::{Search, Wish};
use sprat::{Error, ErrorKind, Result};

const NONE: u32 = u32::MAX;
const NOWHERE: u16 = u16::MAX;

#[derive(Debug)]
struct Block {
    size: u64,
    /// The region that it lives in, once it was touched.
    home: u16,
    /// The cache that has the only valid copy.
    dirty: u32,
    /// The caches that have copies.
    copies: Vec<Copy>,
}

/// Where a copy of a block is: in a cache, at a place there.
#[derive(Clone, Copy, Debug)]
struct Copy {
    cache: u32,
    place: u32,
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
    turn: usize,
    /// Regions that are lost.
    gone: Vec<bool>,
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
            turn: 0,
            gone: vec![false; model.regions.len()],
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
                .any(|copy| copy.cache == *cache && self.held(*copy) >= bytes)
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
        while let Some(copy) = self.blocks[block as usize].copies.pop() {
            self.caches[copy.cache as usize].leave(copy.place);
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
            let found = self.place_for(size, region, wish);
            let home = found.ok_or_else(|| {
                let text = format!("a block of {size} bytes has no room in any region of the machine; use smaller or fewer blocks, or a machine with more memory");
                Error::new(ErrorKind::Config, text)
            })?;
            self.homes[home] += size;
            self.blocks[block as usize].home = home as u16;
        }
        let bytes = bytes.unwrap_or(size).min(size);
        self.asked += bytes;
        Ok(bytes)
    }

    /// A region with room for so many bytes.
    fn place_for(&mut self, size: u64, region: u16, wish: Wish) -> Option<usize> {
        let preferences = self.model.preferences.as_ref();
        let preferences = preferences.expect("where memories are, regions are");
        let room = |at: usize| {
            let memory = self.model.regions[at] as usize;
            !self.gone[at] && self.homes[at] + size <= self.model.memories[memory].capacity
        };
        match preferences.search(wish, region) {
            Search::InOrder(order) => order.iter().map(|at| usize::from(*at)).find(|at| room(*at)),
            Search::ByTurns => {
                let (count, from) = (self.homes.len(), self.turn);
                self.turn += 1;
                (0..count)
                    .map(|step| (from + step) % count)
                    .find(|at| room(*at))
            }
        }
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

    /// How many bytes of its block a copy has.
    fn held(&self, copy: Copy) -> u64 {
        self.caches[copy.cache as usize].held(copy.place)
    }

    fn used(&mut self, block: u32, cache: u32) {
        let copies = &self.blocks[block as usize].copies;
        if let Some(copy) = copies.iter().find(|copy| copy.cache == cache) {
            self.caches[cache as usize].used(copy.place);
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
            let there = &mut self.caches[cache as usize];
            if there.held(copies[at].place) >= bytes {
                return there.used(copies[at].place);
            }
            let smaller = copies.swap_remove(at);
            there.leave(smaller.place);
        }
        while self.caches[cache as usize].bytes() + bytes > capacity {
            self.push_out(cache);
        }
        self.pass(cache, bytes);
        let place = self.caches[cache as usize].enter(block, bytes);
        let copies = &mut self.blocks[block as usize].copies;
        copies.push(Copy { cache, place });
    }

    /// What was not used for the longest time leaves a cache.
    fn push_out(&mut self, cache: u32) {
        let there = &mut self.caches[cache as usize];
        let (place, block) = there.oldest().expect("a cache with bytes has copies");
        let bytes = there.leave(place);
        let state = &mut self.blocks[block as usize];
        state.copies.retain(|copy| copy.cache != cache);
        if state.dirty == cache {
            self.write_back(cache, block, bytes);
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

    /// A region is lost, with the caches in it. What is still valid elsewhere has another home; all else is lost: these blocks.
    pub(crate) fn lose(&mut self, region: usize) -> Vec<u32> {
        let model = self.model;
        let root = model.memories[model.regions[region] as usize].group;
        let is_inside = |memory: u32| model.is_inside(model.memories[memory as usize].group, root);
        self.gone[region] = true;
        let mut lost = Vec::new();
        for number in 0..self.blocks.len() {
            let (block, caches) = (&mut self.blocks[number], &mut self.caches);
            block.copies.retain(|copy| {
                let stays = !is_inside(copy.cache);
                if !stays {
                    caches[copy.cache as usize].leave(copy.place);
                }
                stays
            });
            let (size, newest) = (block.size, block.dirty);
            let was_home = usize::from(block.home) == region;
            let newest_lost = newest != NONE && is_inside(newest);
            if newest_lost || was_home && newest == NONE {
                let whole =
                    |copy: &&Copy| caches[copy.cache as usize].held(copy.place) >= block.size;
                let copy = block.copies.iter().find(whole);
                block.dirty = copy.map_or(NONE, |copy| copy.cache);
                if copy.is_none() && block.home != NOWHERE {
                    lost.push(number as u32);
                }
            }
            if was_home {
                self.homes[region] -= size;
                let home = self.place_for(size, region as u16, Wish::FirstTouch);
                let block = &mut self.blocks[number];
                block.home = home.map_or(NOWHERE, |home| home as u16);
                match home {
                    Some(home) => self.homes[home] += size,
                    // What is nowhere at home cannot be written back.
                    None => self.forget(number as u32, &mut lost),
                }
            }
        }
        lost
    }

    /// A block that no region has room for is lost, with all its copies.
    fn forget(&mut self, block: u32, lost: &mut Vec<u32>) {
        while let Some(copy) = self.blocks[block as usize].copies.pop() {
            self.caches[copy.cache as usize].leave(copy.place);
        }
        self.blocks[block as usize].dirty = NONE;
        if lost.last() != Some(&block) {
            lost.push(block);
        }
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
                .for_each(|copy| in_caches[copy.cache as usize] += self.held(*copy));
            if block.home != NOWHERE {
                homes[usize::from(block.home)] += block.size;
            }
            if block.dirty != NONE && !block.copies.iter().any(|copy| copy.cache == block.dirty) {
                return Err(format!("the only valid copy of block {number} is lost"));
            }
        }
        for (number, (cache, bytes)) in self.caches.iter().zip(in_caches).enumerate() {
            let capacity = self.model.memories[number].capacity;
            if cache.bytes() != bytes || cache.filled() != cache.left() + bytes || bytes > capacity
            {
                return Err(format!(
                    "memory {number} of {capacity} bytes got {} and gave back {}, and {bytes} are in it",
                    cache.filled(),
                    cache.left()
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

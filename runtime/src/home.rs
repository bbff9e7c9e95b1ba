//! Where data blocks are to be: what users say when they make one.

use crate::all_or_none::all_or_none;
use crate::data_block::{Block, Data};
use crate::decide::placement::{self, Wish};
use crate::error::Result;
use crate::homes::Place;
use crate::id::BlockId;
use crate::local::Local;
use crate::runtime::Runtime;
use crate::scope::{Scope, block_bytes};
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::lock;

/// The memory region where a block is to be. Its memory is taken at the first access, so that is when it is decided.
///
/// If a region has no room, the next one is taken: the nearest to it, or the next in speed; each time this happens it is
/// counted in [`PoolStats::overflows`](crate::memory_region::PoolStats::overflows) of the full region. Where the system does
/// not let anybody choose, all homes mean first touch: see [`Runtime::memory_notes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Home {
    /// In the region of the engine that touches it first, if it has memory.
    #[default]
    FirstTouch,
    /// In this region, by its place in [`Topology::regions`](crate::topology::Topology::regions). The block, and what runs
    /// [near](crate::Options::near) it, belongs to the engines there.
    Region(usize),
    /// In all regions by turns, page by page: for what all engines read. Weighted as the system says, if it has weights.
    Interleaved,
    /// Where another block is: see [`Home::near`].
    Near(Neighbour),
    /// In the region that is fastest for the engine that touches it first: the one with the most bandwidth from there, as the
    /// firmware tells; if it does not tell, the nearest.
    Fastest,
}

/// A block that another one is to be near: see [`Home::near`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Neighbour(BlockId);

impl std::fmt::Debug for Neighbour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Neighbour(block {})", self.0.slot())
    }
}

impl Home {
    /// Where this block is when the new one's memory is taken; if it has none then, where it would be. The new block belongs
    /// to the same engine.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # use sprat::Home;
    /// let rt = sprat::Runtime::new()?;
    /// let u = rt.block::<f64>(1000)?;
    /// let forces = rt.block_at::<f64>(Home::near(u), 3000)?;
    /// # rt.finish(|s| {
    /// #     s.spawn((u.write(), forces.write()), |_, (u, f)| (u.fill(0.0), f.fill(0.0)).0);
    /// #     Ok(())
    /// # })?;
    /// assert_eq!(rt.region_of(u)?, rt.region_of(forces)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn near<T>(block: Block<T>) -> Home {
        Home::Near(Neighbour(block.id))
    }
}

impl Shared {
    /// What a block's slot keeps of its home.
    ///
    /// Errors: `Config` for a region that cannot be named, `Stale` or `Foreign` for a block that this runtime does not have.
    pub(crate) fn place(&self, home: Home) -> Result<Place> {
        Ok(match home {
            Home::FirstTouch => Place::Wish(Wish::FirstTouch),
            Home::Region(region) => Place::Wish(Wish::Region(self.homes.check_region(region)?)),
            Home::Interleaved => Place::Wish(Wish::Interleaved),
            Home::Fastest => Place::Wish(Wish::Fastest),
            Home::Near(Neighbour(id)) => {
                self.blocks.find(self.id, id)?;
                Place::Near {
                    slot: id.slot(),
                    generation: id.generation(),
                }
            }
        })
    }

    /// The engines that blocks with such a home belong to.
    fn engines_at(&self, place: Place) -> Vec<u16> {
        match place {
            Place::Wish(wish) => self.homes.engines(wish),
            Place::Near { slot, .. } => {
                vec![self.blocks.slot(slot).home.load(Ordering::Relaxed)]
            }
            Place::Taken(_) | Place::Asked { .. } => unreachable!("it is being made"),
        }
    }
}

impl Runtime {
    /// Makes a block of `len` elements, whose [home](Home) is where it is touched first.
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`](crate::ErrorKind::BlockSize) if `len` is 0 or too large, or `T` is aligned to more
    /// than 64 bytes.
    pub fn block<T: Data>(&self, len: usize) -> Result<Block<T>> {
        self.block_at(Home::FirstTouch, len)
    }

    /// Makes `count` blocks of `len` elements each. They belong to the engines in contiguous shares, so that codelets
    /// placed [near](crate::Options::near) neighbouring blocks run on the same engine.
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`](crate::ErrorKind::BlockSize) if `len` is 0 or too large, or `T` is aligned to more
    /// than 64 bytes; [`ErrorKind::System`](crate::ErrorKind::System) if the table of blocks is full: then none is made.
    pub fn blocks<T: Data>(&self, count: usize, len: usize) -> Result<Vec<Block<T>>> {
        self.blocks_at(Home::FirstTouch, count, len)
    }

    /// Makes a block of `len` elements with this home.
    ///
    /// # Errors
    /// As [`Runtime::blocks_at`].
    pub fn block_at<T: Data>(&self, home: Home, len: usize) -> Result<Block<T>> {
        let mut blocks = self.blocks_at(home, 1, len)?;
        Ok(blocks.remove(0))
    }

    /// Makes `count` blocks of `len` elements each with this home. Those of a region belong to its engines in contiguous
    /// shares, or to those of the nearest region that has engines.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # use sprat::Home;
    /// let rt = sprat::Runtime::new()?;
    /// for region in 0..rt.topology().regions.len() {
    ///     let tiles = rt.blocks_at::<f64>(Home::Region(region), 8, 1000)?;
    ///     rt.finish(|s| {
    ///         for tile in tiles {
    ///             s.codelet("fill").near(tile).spawn(tile.write(), |_, x| x.fill(1.0));
    ///         }
    ///         Ok(())
    ///     })?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::blocks`]; [`ErrorKind::Config`](crate::ErrorKind::Config) if the region does not exist, or has no
    /// memory; [`ErrorKind::Stale`](crate::ErrorKind::Stale) or [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) if this
    /// runtime does not have the block that it is to be near.
    pub fn blocks_at<T: Data>(
        &self,
        home: Home,
        count: usize,
        len: usize,
    ) -> Result<Vec<Block<T>>> {
        let shared = self.shared();
        let bytes = block_bytes::<T>(len)?;
        let place = shared.place(home)?;
        let engines = shared.engines_at(place);
        let mut stranger = lock(&shared.stranger);
        let make = |local: &mut Local, index| {
            let at = placement::owner(index, count, engines.len() as u16);
            let belongs = (engines[usize::from(at)], place.encode());
            shared.make_block(local, bytes, 0, belongs)
        };
        let unmake = |local: &mut Local, id| shared.unmake_block(local, id);
        let ids = all_or_none(&mut *stranger, count, make, unmake)?;
        Ok(ids.into_iter().map(Block::new).collect())
    }

    /// The memory region that holds a block now, by its place in the topology; `None` if its memory was not taken yet, is
    /// interleaved, or is the user's own. Where the system does not let anybody choose, it is the region of the engine that
    /// touched the block first.
    ///
    /// # Errors
    /// [`ErrorKind::Stale`](crate::ErrorKind::Stale) or [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) if this runtime
    /// does not have the block.
    pub fn region_of<T>(&self, block: Block<T>) -> Result<Option<usize>> {
        let shared = self.shared();
        let slot = shared.blocks.find(shared.id, block.id)?;
        Ok(shared.homes.region_of(slot.place()).map(usize::from))
    }

    /// What keeps blocks from being where they are wished to be, a sentence each: there is only one memory region, a
    /// container forbids to choose one, or denies some. Empty if every home means what it says.
    pub fn memory_notes(&self) -> &[String] {
        self.shared().homes.notes()
    }
}

impl Scope<'_> {
    /// Makes a block of `len` elements with this home: else like [`Scope::block`]. It belongs to the engine that makes it, if
    /// that is one of those to which blocks of [`Runtime::blocks_at`] would belong; else to one of those.
    ///
    /// # Errors
    /// As [`Scope::block`] and [`Runtime::blocks_at`].
    pub fn block_at<T: Data>(&self, home: Home, len: usize) -> Result<Block<T>> {
        let frame = self.frame();
        let shared = frame.engine.shared;
        let place = shared.place(home)?;
        let (here, engines) = (frame.here(), shared.engines_at(place));
        let belongs = match engines.contains(&here) {
            true => here,
            false => engines[usize::from(here) % engines.len()],
        };
        frame.make_block(len, (belongs, place.encode()))
    }
}

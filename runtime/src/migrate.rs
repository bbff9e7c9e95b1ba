//! Blocks that go to another region by their user's word, and copies of them. See `docs/design/moves.md`.

use crate::affinity::{Affinity, Errand};
use crate::codelet::Body;
use crate::data_block::{Block, Data};
use crate::decide::placement::Wish;
use crate::decide::shuffle::Shuffle;
use crate::engine::{Engine, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::home::Home;
use crate::homes::{Asked, Place};
use crate::moves::MoveCounts;
use crate::options::Spawned;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::trigger::Event;
use std::panic::Location;

/// Why a move is not recorded.
const RECORDED: &str =
    "a graph takes its blocks where they are, and moves none; move them between two replays";

impl<'s> Scope<'s> {
    /// Moves a block to another memory region: an access like any other, which waits for the codelets before it that use the
    /// block, and for which those after it wait. The contents are the same, and the block belongs to the engines there from
    /// then on, so that codelets spawned [near](crate::Options::near) it follow. If it has no room there, or the region may
    /// not be used, it stays where it is, and [`MoveCounts::refused`] goes up.
    ///
    /// A child that moves a block needs a parent that declared it for reading and writing. If the block is poisoned the move is
    /// skipped. In the [checking mode](crate::Builder::check) blocks stay where they are.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # use sprat::{Home, Runtime};
    /// let rt = Runtime::new()?;
    /// let last = rt.topology().regions.len() - 1;
    /// let table = rt.block::<f64>(1000)?;
    /// rt.finish(|s| {
    ///     s.codelet("fill").spawn(table.write(), |_, x| x.fill(1.0));
    ///     s.migrate(table, Home::Region(last));
    ///     s.codelet("sum").near(table).spawn(table.read(), |_, x| assert_eq!(x[999], 1.0));
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.region_of(table)?, Some(last));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The codelet fails, and the block is as it was, with [`ErrorKind::Config`] if the region does not exist or has no memory,
    /// if [`Home::FirstTouch`] is asked for, which is no place to go to, and for [adopted](Scope::adopt) memory, whose place is its owner's; with
    /// [`ErrorKind::Stale`] or [`ErrorKind::Foreign`] if this runtime does not have the block, or the one that it is to be near;
    /// with [`ErrorKind::Undeclared`] as any child.
    #[track_caller]
    pub fn migrate<T: Data>(&self, block: Block<T>, home: Home) -> Spawned<()> {
        self.migrate_at(block, home, Location::caller())
    }

    fn migrate_at<T: Data>(
        &self,
        block: Block<T>,
        home: Home,
        at: &'static Location<'static>,
    ) -> Spawned<()> {
        let frame = self.frame();
        if let Some(id) = frame.refuses(Body::unnamed("migrate"), RECORDED) {
            return Spawned::new(id);
        }
        let shared = frame.engine.shared;
        let mut options = self.codelet("migrate").at(at).errand(Errand::Moves);
        let place = match shared.target(block, home) {
            Ok(place) => place,
            Err(error) => {
                // Without the access, so that the block is not poisoned.
                options.wrong(error);
                return options.spawn_once((), |_, ()| ());
            }
        };
        let wish = shared.blocks.wish(place, &shared.homes);
        if let Wish::Region(_) = wish {
            let engines = shared.homes.engines(wish);
            let share = block.id.slot() as usize % engines.len();
            options = options.placed(Affinity::Prefer(engines[share]));
        }
        options.spawn_once(block.read_write().raw(), move |s, _| {
            let engine = s.frame().engine;
            let shared = engine.shared;
            if shared.check.is_some() {
                return;
            }
            let slot = shared.blocks.slot(block.id.slot());
            let wish = shared.blocks.wish(place, &shared.homes);
            engine.local(|local| {
                match shared.homes.destination(wish, &local.magazine) {
                    // SAFETY: this codelet has the block alone, was lent its memory, for which copies were dropped, and does not use
                    // what it was lent.
                    Some(pool) => unsafe {
                        slot.move_to(pool, true, &shared.homes, &mut local.magazine);
                    },
                    None => shared.homes.moves.refused(),
                }
            });
        })
    }

    /// Moves several blocks to another memory region, each as [`Scope::migrate`] does it, side by side. The event comes when all
    /// have moved, or were refused.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # use sprat::{Home, Runtime};
    /// let rt = Runtime::new()?;
    /// let tiles = rt.blocks::<f64>(8, 1000)?;
    /// rt.finish(|s| {
    ///     for &tile in &tiles {
    ///         s.codelet("fill").spawn(tile.write(), |_, x| x.fill(1.0));
    ///     }
    ///     let moved = s.migrate_group(&tiles, Home::Region(0));
    ///     s.codelet("tell").after(&moved).spawn((), |_, ()| println!("all are there"));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As of [`Scope::migrate`], for each block that it concerns; the others move.
    #[track_caller]
    pub fn migrate_group<T: Data>(&self, blocks: &[Block<T>], home: Home) -> Event {
        let at = Location::caller();
        self.scope(|s| {
            for &block in blocks {
                s.migrate_at(block, home, at);
            }
        })
    }

    /// Keeps a copy of a block in each memory region where engines are, so that codelets that read it find it near: an access
    /// that reads, so it waits for those before it that write the block. The next access that changes the block, all of it or a part,
    /// drops the copies. They take no more memory together than
    /// [`Builder::replica_bytes`](crate::Builder::replica_bytes); a region for which the budget or its memory does not suffice has none, and
    /// [`MoveCounts::refused`] goes up. So it does, and there is none, if this is a child of a codelet that writes the block together
    /// with others, who may be writing still.
    ///
    /// In the [checking mode](crate::Builder::check) there are no copies.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let table = rt.block::<f64>(1000)?;
    /// rt.finish(|s| {
    ///     s.codelet("fill").spawn(table.write(), |_, x| x.fill(1.0));
    ///     s.replicate(table);
    ///     for xe in 0..rt.xes() {
    ///         s.codelet("sum").on_xe(xe).spawn(table.read(), |_, x| assert_eq!(x[999], 1.0));
    ///     }
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// The codelet fails with [`ErrorKind::Config`] if the budget is smaller than the block, and for
    /// [adopted](Scope::adopt) memory; else as any codelet that reads the block.
    #[track_caller]
    pub fn replicate<T: Data>(&self, block: Block<T>) -> Spawned<()> {
        self.replicate_at(block, Location::caller())
    }

    fn replicate_at<T: Data>(
        &self,
        block: Block<T>,
        at: &'static Location<'static>,
    ) -> Spawned<()> {
        let frame = self.frame();
        if let Some(id) = frame.refuses(Body::unnamed("replicate"), RECORDED) {
            return Spawned::new(id);
        }
        let shared = frame.engine.shared;
        let mut options = self.codelet("replicate").at(at).errand(Errand::Moves);
        if let Err(error) = shared.check_copies(block) {
            options.wrong(error);
            return options.spawn_once((), |_, ()| ());
        }
        options.spawn_once(block.read().raw(), move |s, _| {
            let engine = s.frame().engine;
            let shared = engine.shared;
            if shared.check.is_some() {
                return;
            }
            if s.frame().reads_beside_writers() {
                shared.homes.moves.refused();
                return;
            }
            let slot = shared.blocks.slot(block.id.slot());
            for pool in shared.homes.pools_of_engines() {
                engine.local(|local| {
                    // SAFETY: this codelet reads the block, and was lent its memory.
                    unsafe { slot.copy_to(pool, &shared.homes, &mut local.magazine) }
                });
            }
        })
    }
}

impl Frame<'_> {
    /// Whether others may write bytes of a block that the codelet around this body reads: then a copy would not be true.
    fn reads_beside_writers(&self) -> bool {
        let arena = &self.engine.shared.arena;
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { arena.record(self.codelet).vtable() }.payload;
        let mut entries = arena.entries(self.codelet, payload);
        entries.any(|(_, entry)| entry.kind().is_block() && Engine::queue_of(entry).shared)
    }
}

impl Runtime {
    /// Moves a block to another memory region, in order with all accesses spawned before, and waits for that: see
    /// [`Scope::migrate`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`], [`ErrorKind::Stale`] and [`ErrorKind::Foreign`] as there; else as [`Runtime::finish`]. A poisoned block
    /// gives the failure that poisoned it.
    #[track_caller]
    pub fn migrate<T: Data>(&self, block: Block<T>, home: Home) -> Result<()> {
        self.migrate_group(&[block], home)
    }

    /// Moves several blocks to another memory region, and waits for that: see [`Scope::migrate_group`].
    ///
    /// # Errors
    /// As [`Runtime::migrate`]; if something is wrong with one of them from the start, none moves.
    #[track_caller]
    pub fn migrate_group<T: Data>(&self, blocks: &[Block<T>], home: Home) -> Result<()> {
        let at = Location::caller();
        for &block in blocks {
            self.shared().target(block, home)?;
        }
        self.finish(|s| {
            for &block in blocks {
                s.migrate_at(block, home, at);
            }
            Ok(())
        })
    }

    /// Keeps a copy of a block in each memory region where engines are, until the block is changed: see [`Scope::replicate`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`], [`ErrorKind::Stale`] and [`ErrorKind::Foreign`] as there; else as [`Runtime::finish`].
    #[track_caller]
    pub fn replicate<T: Data>(&self, block: Block<T>) -> Result<()> {
        let at = Location::caller();
        self.shared().check_copies(block)?;
        self.finish(|s| {
            s.replicate_at(block, at);
            Ok(())
        })
    }

    /// The memory regions that have a copy of a block now, beside the one that holds it; by their places in the topology.
    ///
    /// # Errors
    /// [`ErrorKind::Stale`] or [`ErrorKind::Foreign`] if this runtime does not have the block.
    pub fn replicas_of<T>(&self, block: Block<T>) -> Result<Vec<usize>> {
        let shared = self.shared();
        let slot = shared.blocks.find(shared.id, block.id)?;
        Ok(slot.copies().into_iter().map(usize::from).collect())
    }

    /// For tests: wishes that each block may live in some region, or have copies, as a policy would; whoever has it next does
    /// that.
    #[doc(hidden)]
    pub fn shuffle_homes(&self, seed: u64) {
        let shared = self.shared();
        let pools = shared.homes.pools_of_engines();
        let mut shuffle = Shuffle::new(seed);
        shared.blocks.each(|slot| {
            let asked = match shuffle.pick(pools.len() + 1) {
                Some(at) if at < pools.len() => Asked::Home(pools[at]),
                _ => Asked::Copies,
            };
            if shared.check.is_none() {
                slot.ask(slot.generation(), asked);
            }
        });
    }

    /// What became of moves and copies so far, those by the user's word and those that a policy made.
    pub fn move_counts(&self) -> MoveCounts {
        self.shared().homes.moves.read()
    }
}

impl Shared {
    /// Where a block is to go.
    fn target<T>(&self, block: Block<T>, home: Home) -> Result<Place> {
        let slot = self.blocks.find(self.id, block.id)?;
        if home == Home::FirstTouch {
            return Err(Error::new(
                ErrorKind::Config,
                "a block cannot move to where it is touched first, which is where it is; name a region, or a block that it is to be near",
            ));
        }
        if slot.is_adopted() {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "block {} is adopted memory, which stays where its owner has it; copy it to a block of the runtime's",
                    self.blocks.label(block.id)
                ),
            ));
        }
        self.place(home)
    }

    /// Whether copies of a block can be kept at all.
    fn check_copies<T>(&self, block: Block<T>) -> Result<()> {
        let slot = self.blocks.find(self.id, block.id)?;
        let budget = self.homes.moves.budget();
        let wrong = if slot.is_adopted() {
            "is adopted memory, of which no copies are kept; copy it to a block of the runtime's"
                .to_owned()
        } else if (slot.bytes() as u64) > budget {
            format!(
                "has {} bytes, and all copies together may take {budget}; raise `Builder::replica_bytes`",
                slot.bytes()
            )
        } else {
            return Ok(());
        };
        let label = self.blocks.label(block.id);
        Err(Error::new(
            ErrorKind::Config,
            format!("block {label} {wrong}"),
        ))
    }
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Mode;
    use crate::block_table::Hold;
    use crate::memory_region::Magazine;
    use crate::topology::Topology;

    /// Another thread wishes something for the block between a reader's look at it and the copy that it makes.
    #[test]
    fn copies_stay_in_their_table_if_something_is_wished_meanwhile() {
        let rt = Runtime::builder()
            .topology(Topology::synthetic("region:3 core:1").unwrap())
            .ignore_environment()
            .oversubscribe(true)
            .build()
            .unwrap();
        let block = rt.block_at::<u64>(Home::Region(0), 100).unwrap();
        rt.write(block, |x| x.fill(7)).unwrap();
        let shared = rt.shared();
        let slot = shared.blocks.slot(block.id.slot());
        let Place::Taken(own) = slot.place() else {
            panic!("its memory was taken")
        };
        let (other, third) = ((own + 1) % 3, (own + 2) % 3);
        let mut magazine = Magazine::new(shared.homes.own_pool(own).clone());
        let mut look = |hold| {
            let found = (shared.blocks).look_up_memory(slot, hold, &shared.homes, &mut magazine);
            found.unwrap()
        };
        let mut maker = Magazine::new(shared.homes.own_pool(own).clone());
        for asked in [
            Asked::Home(own),
            Asked::Home(other),
            Asked::Copies,
            Asked::Home(third),
        ] {
            assert!(slot.ask(slot.generation(), asked));
            // SAFETY: nobody but this test uses the block.
            let copy = unsafe { slot.copy_to(other, &shared.homes, &mut maker) };
            assert!(copy.is_some(), "{asked:?}");
            for hold in [Hold::Part(Mode::Read), Hold::All(Mode::Read)] {
                look(hold);
                assert_eq!(slot.copies(), [other], "{asked:?}, {hold:?}");
            }
            look(Hold::All(Mode::ReadWrite));
            assert_eq!(rt.move_counts().replica_bytes, 0, "{asked:?}");
        }
        look(Hold::All(Mode::ReadWrite));
        assert_eq!(
            slot.place(),
            Place::Taken(third),
            "the wish is fulfilled after all"
        );
        rt.read(block, |x| assert!(x.iter().all(|&x| x == 7)))
            .unwrap();
    }
}

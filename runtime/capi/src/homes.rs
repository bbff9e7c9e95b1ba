//! Where blocks are: homes, moves and copies.

use crate::blocks::{bytes, create, name};
use crate::fault::{Fault, ended};
use crate::live::{self, Live, sprat_scope};
use crate::runtime::{runtime, sprat_runtime};
use crate::spawn::{remembered, tell_end};
use crate::types::*;
use sprat::{Block, Event, Home, Runtime, Scope};

/// The memory region where a block is to be.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_home {
    /// Which kind.
    pub kind: sprat_home_kind,
    /// For `SPRAT_HOME_REGION`.
    pub region: u32,
    /// For `SPRAT_HOME_NEAR`.
    pub near_block: sprat_block,
}

impl sprat_home {
    /// The same for the runtime, which finds blocks so.
    fn home(self, find: impl FnOnce(u64) -> sprat::Result<Block<u8>>) -> Result<Home, Fault> {
        Ok(match self.kind {
            SPRAT_HOME_FIRST_TOUCH => Home::FirstTouch,
            SPRAT_HOME_REGION => Home::Region(self.region as usize),
            SPRAT_HOME_INTERLEAVED => Home::Interleaved,
            SPRAT_HOME_FASTEST => Home::Fastest,
            SPRAT_HOME_NEAR if self.near_block.id == 0 => {
                return Err(Fault::nameless("the block to be near"));
            }
            SPRAT_HOME_NEAR => Home::near(find(self.near_block.id)?),
            other => {
                return Err(Fault::argument(format!(
                    "{other} is no home for a block; use one of the SPRAT_HOME_ constants"
                )));
            }
        })
    }

    fn in_scope(self, scope: &Scope<'static>) -> Result<Home, Fault> {
        self.home(|id| scope.block_from_bits(id))
    }
}

pub(crate) fn block_in(scope: &Scope<'static>, block: sprat_block) -> Result<Block<u8>, Fault> {
    match block.id {
        0 => Err(Fault::nameless("the block")),
        id => Ok(scope.block_from_bits(id)?),
    }
}

/// Makes blocks of equal sizes whose home is this.
///
/// # Safety
/// `blocks` is null or so many can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_blocks_create_at(
    runtime: *mut sprat_runtime,
    home: sprat_home,
    block_count: usize,
    count: usize,
    element_size: usize,
    blocks: *mut sprat_block,
) -> sprat_status {
    let make = |runtime: &Runtime| {
        let home = home.home(|id| runtime.block_from_bits(id))?;
        let bytes = bytes(count, element_size)?;
        Ok(runtime.blocks_at::<u8>(home, block_count, bytes)?)
    };
    // SAFETY: the caller's promise; so many are made.
    unsafe { create(runtime, blocks, make) }
}

/// Makes a block in a scope whose home is this.
///
/// # Safety
/// `block` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_create_at_in(
    scope: *mut sprat_scope,
    home: sprat_home,
    count: usize,
    element_size: usize,
    block: *mut sprat_block,
) -> sprat_status {
    ended(live::with(scope, |live| {
        if block.is_null() {
            return Err(Fault::null("the place for the block"));
        }
        let home = home.in_scope(live.scope())?;
        let bytes = bytes(count, element_size)?;
        let made = live.scope().block_at::<u8>(home, bytes)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { block.write(name(made)) };
        Ok(())
    }))
}

/// Tells the region where a block's memory is, or `SPRAT_NOWHERE`.
///
/// # Safety
/// `region` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_region(
    runtime: *mut sprat_runtime,
    block: sprat_block,
    region: *mut u32,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        if region.is_null() {
            return Err(Fault::null("the place for the region"));
        }
        if block.id == 0 {
            return Err(Fault::nameless("the block"));
        }
        let found = runtime.region_of(runtime.block_from_bits(block.id)?)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { region.write(found.map_or(SPRAT_NOWHERE, |region| region as u32)) };
        Ok(())
    };
    ended(tell())
}

/// Begins something whose end is an event.
///
/// # Safety
/// `ended` is null or can be written to.
unsafe fn begin(
    scope: *mut sprat_scope,
    ended: *mut sprat_event,
    work: impl FnOnce(&Live<'_>) -> Result<Event, Fault>,
) -> sprat_status {
    self::ended(live::with(scope, |live| {
        let begun = work(live).map(|end| {
            // SAFETY: the caller's promise.
            unsafe { tell_end(&end, ended) };
        });
        remembered(live, begun)
    }))
}

/// Moves a block to another region: an access like any other.
///
/// # Safety
/// `ended` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_migrate(
    scope: *mut sprat_scope,
    block: sprat_block,
    home: sprat_home,
    ended: *mut sprat_event,
) -> sprat_status {
    let migrate = |live: &Live<'_>| {
        let scope = live.scope();
        let (block, home) = (block_in(scope, block)?, home.in_scope(scope)?);
        Ok(scope.migrate(block, home).event())
    };
    // SAFETY: the caller's promise.
    unsafe { begin(scope, ended, migrate) }
}

/// Moves several blocks, side by side.
///
/// # Safety
/// `blocks` is null or points to so many; `ended` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_migrate_group(
    scope: *mut sprat_scope,
    blocks: *const sprat_block,
    block_count: usize,
    home: sprat_home,
    ended: *mut sprat_event,
) -> sprat_status {
    let migrate = |live: &Live<'_>| {
        let scope = live.scope();
        if blocks.is_null() && block_count != 0 {
            return Err(Fault::null("the list of blocks"));
        }
        let block = |at: usize| {
            // SAFETY: the caller's promise.
            let name = unsafe { blocks.wrapping_add(at).read() };
            block_in(scope, name)
        };
        let blocks = (0..block_count).map(block).collect::<Result<Vec<_>, _>>()?;
        Ok(scope.migrate_group(&blocks, home.in_scope(scope)?))
    };
    // SAFETY: the caller's promise.
    unsafe { begin(scope, ended, migrate) }
}

/// Keeps a copy of a block in each region where engines are.
///
/// # Safety
/// `ended` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_replicate(
    scope: *mut sprat_scope,
    block: sprat_block,
    ended: *mut sprat_event,
) -> sprat_status {
    let replicate = |live: &Live<'_>| {
        let scope = live.scope();
        Ok(scope.replicate(block_in(scope, block)?).event())
    };
    // SAFETY: the caller's promise.
    unsafe { begin(scope, ended, replicate) }
}

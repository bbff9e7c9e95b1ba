//! Data blocks: made, adopted, named, destroyed, and looked at by hosts.

use crate::fault::{Fault, ended};
use crate::live::{self, sprat_scope};
use crate::runtime::{runtime, sprat_runtime};
use crate::spawn::remembered;
use crate::text::text;
use crate::types::*;
use sprat::{Block, Runtime};
use std::ffi::{c_char, c_void};

/// Bytes of so many elements.
pub(crate) fn bytes(count: usize, element_size: usize) -> Result<usize, Fault> {
    count.checked_mul(element_size).ok_or_else(|| {
        Fault::new(
            SPRAT_BLOCK_SIZE,
            format!("{count} elements of {element_size} bytes are more than the address space"),
        )
    })
}

pub(crate) fn found(runtime: &Runtime, block: sprat_block) -> Result<Block<u8>, Fault> {
    match block.id {
        0 => Err(Fault::nameless("the block")),
        id => Ok(runtime.block_from_bits(id)?),
    }
}

pub(crate) fn name(block: Block<u8>) -> sprat_block {
    let id = block.to_bits();
    sprat_block { id }
}

/// Makes a block.
///
/// # Safety
/// `block` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_create(
    runtime: *mut sprat_runtime,
    count: usize,
    element_size: usize,
    block: *mut sprat_block,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe { sprat_blocks_create(runtime, 1, count, element_size, block) }
}

/// Makes blocks of equal sizes, shared out among the engines.
///
/// # Safety
/// `blocks` is null or so many can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_blocks_create(
    runtime: *mut sprat_runtime,
    block_count: usize,
    count: usize,
    element_size: usize,
    blocks: *mut sprat_block,
) -> sprat_status {
    let make = |runtime: &Runtime| {
        let bytes = bytes(count, element_size)?;
        Ok(runtime.blocks::<u8>(block_count, bytes)?)
    };
    // SAFETY: the caller's promise; so many are made.
    unsafe { create(runtime, blocks, make) }
}

/// Writes down the blocks that are made.
///
/// # Safety
/// `blocks` is null or as many as are made can be written to.
pub(crate) unsafe fn create(
    runtime: *mut sprat_runtime,
    blocks: *mut sprat_block,
    make: impl FnOnce(&Runtime) -> Result<Vec<Block<u8>>, Fault>,
) -> sprat_status {
    let create = || {
        let runtime = self::runtime(runtime)?;
        if blocks.is_null() {
            return Err(Fault::null("the place for the blocks"));
        }
        for (at, block) in make(&runtime)?.into_iter().enumerate() {
            // SAFETY: the caller's promise, and it is not null.
            unsafe { blocks.wrapping_add(at).write(name(block)) };
        }
        Ok(())
    };
    ended(create())
}

/// Makes a block in a scope.
///
/// # Safety
/// `block` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_create_in(
    scope: *mut sprat_scope,
    count: usize,
    element_size: usize,
    block: *mut sprat_block,
) -> sprat_status {
    ended(live::with(scope, |live| {
        if block.is_null() {
            return Err(Fault::null("the place for the block"));
        }
        let made = live.scope().block::<u8>(bytes(count, element_size)?)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { block.write(name(made)) };
        Ok(())
    }))
}

/// Makes a block of memory of the caller's, for the length of the scope.
///
/// # Safety
/// `data` is null or the start of so many elements, initialised, that nobody uses but through the block until the scope has
/// ended; `block` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_adopt(
    scope: *mut sprat_scope,
    data: *mut c_void,
    count: usize,
    element_size: usize,
    block: *mut sprat_block,
) -> sprat_status {
    ended(live::with(scope, |live| {
        if data.is_null() {
            return Err(Fault::null("the memory to adopt"));
        }
        if block.is_null() {
            return Err(Fault::null("the place for the block"));
        }
        let bytes = bytes(count, element_size)?;
        if bytes > isize::MAX as usize {
            return Err(Fault::new(
                SPRAT_BLOCK_SIZE,
                format!("{bytes} bytes are more than there can be"),
            ));
        }
        // SAFETY: the caller's promise; codelets have it no longer than the scope lasts.
        let memory = unsafe { std::slice::from_raw_parts_mut(data.cast::<u8>(), bytes) };
        let made = live.scope().adopt(memory)?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { block.write(name(made)) };
        Ok(())
    }))
}

/// Destroys a block, after all that was spawned before.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_block_destroy(
    runtime: *mut sprat_runtime,
    block: sprat_block,
) -> sprat_status {
    let destroy = || {
        let runtime = self::runtime(runtime)?;
        runtime.destroy(found(&runtime, block)?)?;
        Ok(())
    };
    ended(destroy())
}

/// Destroys a block in a scope: an access like any other.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_block_destroy_in(
    scope: *mut sprat_scope,
    block: sprat_block,
) -> sprat_status {
    ended(live::with(scope, |live| {
        let found = match block.id {
            0 => Err(Fault::nameless("the block")),
            id => live.scope().block_from_bits(id).map_err(Fault::from),
        };
        let destroyed = found.map(|block| {
            live.scope().destroy(block);
        });
        remembered(live, destroyed)
    }))
}

/// Names a block, for messages.
///
/// # Safety
/// `name` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_name(
    runtime: *mut sprat_runtime,
    block: sprat_block,
    name: *const c_char,
) -> sprat_status {
    let give = || {
        let runtime = self::runtime(runtime)?;
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, "the name") }?;
        runtime.name(found(&runtime, block)?, name)?;
        Ok(())
    };
    ended(give())
}

/// An address of the caller's, which a codelet uses while the caller waits.
struct Lent<T>(*mut T);

// SAFETY: used by one codelet, while the thread that has it waits.
unsafe impl<T> Send for Lent<T> {}

/// Whether so many bytes from there on are in the block.
fn inside(len: usize, offset: usize, bytes: usize) -> Result<(), Fault> {
    let end = offset.checked_add(bytes);
    if end.is_some_and(|end| end <= len) {
        return Ok(());
    }
    Err(Fault::new(
        SPRAT_ACCESS,
        format!("the block has {len} bytes, and {bytes} from {offset} on reach behind them"),
    ))
}

/// Copies bytes out of a block.
///
/// # Safety
/// `into` is null or so many bytes can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_read(
    runtime: *mut sprat_runtime,
    block: sprat_block,
    offset: usize,
    into: *mut c_void,
    bytes: usize,
) -> sprat_status {
    let read = || {
        let runtime = self::runtime(runtime)?;
        if into.is_null() {
            return Err(Fault::null("the place to copy to"));
        }
        let into = Lent(into.cast::<u8>());
        runtime.read(found(&runtime, block)?, move |data| {
            let Lent(into) = { into };
            inside(data.len(), offset, bytes)?;
            let from = data[offset..].as_ptr();
            // SAFETY: so many are in the block, and for the rest the caller's promise.
            unsafe { std::ptr::copy_nonoverlapping(from, into, bytes) };
            Ok(())
        })?
    };
    ended(read())
}

/// Copies bytes into a block.
///
/// # Safety
/// `from` is null or so many bytes can be read there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_block_write(
    runtime: *mut sprat_runtime,
    block: sprat_block,
    offset: usize,
    from: *const c_void,
    bytes: usize,
) -> sprat_status {
    let write = || {
        let runtime = self::runtime(runtime)?;
        if from.is_null() {
            return Err(Fault::null("the place to copy from"));
        }
        let from = Lent(from.cast::<u8>().cast_mut());
        runtime.write(found(&runtime, block)?, move |data| {
            let Lent(from) = { from };
            inside(data.len(), offset, bytes)?;
            let into = data[offset..].as_mut_ptr();
            // SAFETY: so many are in the block, and for the rest the caller's promise.
            unsafe { std::ptr::copy_nonoverlapping(from, into, bytes) };
            Ok(())
        })?
    };
    ended(write())
}

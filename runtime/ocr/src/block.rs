//! Data blocks.

use crate::code::{Answer, Code, EACCES, EAGAIN, EINVAL, ENOMEM, EPERM};
use crate::context::{self, Context};
use crate::guid::{Guid, Kind};
use crate::types::*;
use crate::{hint, label, program};
use sprat::{Block, Mode};
use std::cell::RefCell;

/// The block that a GUID, which may be a label's, names; it may be gone.
#[inline]
fn find(context: &Context<'_>, guid: Guid) -> Answer<(Guid, Block<u8>)> {
    let guid = label::resolve(guid)?;
    if guid.kind() != Some(Kind::Block) {
        return Err(EINVAL);
    }
    let block = context.scope.block_from_bits(guid.block_bits());
    Ok((guid, block.map_err(|_| EINVAL)?))
}

/// Whether there is such a block.
#[inline]
pub(crate) fn exists(context: &Context<'_>, guid: Guid) -> Answer {
    let (_, block) = find(context, guid)?;
    context.scope.block_len(block).map(drop).ok_or(EINVAL)
}

/// How an EDT uses what came on a slot, if that is a block and it does.
#[inline]
pub(crate) fn access(context: &Context<'_>, guid: Guid, mode: u32) -> Option<(Block<u8>, Mode)> {
    let mode = match mode {
        DB_MODE_NULL => return None,
        DB_MODE_RW => Mode::SharedWrite,
        DB_MODE_EW => Mode::Exclusive,
        _ => Mode::Read,
    };
    if guid.is_null() {
        return None;
    }
    let (_, block) = find(context, guid).ok()?;
    Some((block, mode))
}

/// Makes a block. If it is to be acquired, the caller holds it, and its address is given; else null.
#[inline]
pub(crate) fn create(context: &Context<'_>, bytes: u64, acquire: bool) -> Answer<(Guid, *mut u8)> {
    // No block is empty; one that was asked for so has a byte that nobody uses.
    let bytes = usize::try_from(bytes.max(1)).map_err(|_| ENOMEM)?;
    if bytes > isize::MAX as usize {
        return Err(ENOMEM);
    }
    if !acquire {
        let block = context.scope.block_for_all(bytes).map_err(|_| ENOMEM)?;
        return Ok((Guid::block(block.to_bits()), std::ptr::null_mut()));
    }
    let held = context.scope.hold_new(bytes).map_err(|_| ENOMEM)?;
    let guid = Guid::block(held.block().to_bits());
    let start = held.lent().start();
    context.hold(guid, held);
    Ok((guid, start))
}

/// The address of a block that a slot of the running EDT lent.
fn lent_to_edt(guid: Guid) -> Option<*mut u8> {
    let start = context::edt(|_, edt| {
        (0..edt.body.depc).find_map(|slot| {
            let slot = edt.body.own(slot);
            let at = slot.lent()?;
            let (there, _) = slot.filled();
            let is = there == guid || label::resolve(there) == Ok(guid);
            is.then(|| edt.lent[at].start())
        })
    });
    start.flatten()
}

pub(crate) fn release(context: &Context<'_>, guid: Guid) -> Answer {
    let (guid, block) = find(context, guid)?;
    if let Some(held) = context.unhold(guid) {
        // SAFETY: the program says that it uses it no more.
        unsafe { context.scope.give_back(held) };
        return Ok(());
    }
    let released = lent_to_edt(guid).is_some_and(|start| {
        let view = std::ptr::slice_from_raw_parts_mut(start, 1);
        // SAFETY: the program says that it uses it no more.
        unsafe { context.scope.release(view) }.is_ok()
    });
    if !released {
        if context.scope.block_len(block).is_none() {
            program::find(|| format!("block {:#x} was released after it was destroyed", guid.0));
            return Err(EINVAL);
        }
        program::find(|| {
            format!(
                "block {:#x} was released by an EDT that does not have it (any more)",
                guid.0
            )
        });
        return Err(EACCES);
    }
    Ok(())
}

#[inline]
pub(crate) fn destroy(context: &Context<'_>, guid: Guid) -> Answer {
    let (guid, block) = find(context, guid)?;
    if let Some(held) = context.unhold(guid) {
        // SAFETY: as in `release`; what runs here is in the scope.
        let destroyed = unsafe { context.scope.destroy_held(context.place, held) };
        return destroyed.map(|()| hint::gone(guid)).map_err(Code::from);
    }
    if let Some(start) = lent_to_edt(guid) {
        let view = std::ptr::slice_from_raw_parts_mut(start, 1);
        // It may have been released before, which is fine.
        // SAFETY: as in `release`.
        let _ = unsafe { context.scope.release(view) };
    }
    // SAFETY: as above.
    let destroyed = unsafe { context.scope.destroy_for_all(context.place, block) };
    destroyed.map(|()| hint::gone(guid)).map_err(|error| {
        let code = Code::from(error);
        if code == EPERM {
            program::find(|| format!("block {:#x} was destroyed twice", guid.0));
        }
        code
    })
}

/// Acquires a block that came with what somebody waited for; its memory and its length. Who has it already has it still.
///
/// # Errors
/// [`EINVAL`] if there is no such block (any more); [`EAGAIN`] to a thread outside of all EDTs as long as somebody else has it.
pub(crate) fn acquire(context: &Context<'_>, guid: Guid) -> Answer<(*mut u8, u64)> {
    let (guid, block) = find(context, guid)?;
    let bytes = size(context, guid)?;
    let there = context.held_at(guid).or_else(|| lent_to_edt(guid));
    if let Some(start) = there {
        return Ok((start, bytes));
    }
    let hold = || context.scope.hold_now(block).map_err(|_| EINVAL);
    let mut held = hold()?;
    if held.is_none() {
        if context.edt.is_none() {
            return Err(EAGAIN);
        }
        // Other EDTs run meanwhile.
        let found = RefCell::new(None);
        context.scope.help_until(&|| {
            let mut found = found.borrow_mut();
            if found.is_none() {
                *found = hold().transpose();
            }
            found.is_some()
        });
        held = found.into_inner().transpose()?;
    }
    let held = held.expect("it was waited for");
    let start = held.lent().start();
    context.hold(guid, held);
    Ok((start, bytes))
}

pub(crate) fn size(context: &Context<'_>, guid: Guid) -> Answer<u64> {
    let (_, block) = find(context, guid)?;
    context
        .scope
        .block_len(block)
        .map(|bytes| bytes as u64)
        .ok_or(EINVAL)
}

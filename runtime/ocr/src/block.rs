//! Data blocks.

use crate::code::{Answer, Code, EACCES, EAGAIN, ECANCELED, EINVAL, ENOMEM, EPERM};
use crate::context::Context;
use crate::guid::{Guid, Kind};
use crate::types::*;
use crate::{hint, label, program, running};
use sprat::{Block, Mode};
use std::cell::RefCell;

/// The block that a GUID, which may be a label's, names; it may be gone.
#[inline]
fn find(context: &Context<'_>, guid: Guid) -> Answer<(Guid, Block<u8>)> {
    let guid = label::resolve(guid)?;
    if !guid.is(Kind::Block) {
        return Err(EINVAL);
    }
    let block = context.scope.block_from_bits(guid.block_bits());
    Ok((guid, block.map_err(|_| EINVAL)?))
}

/// Whether there is such a block.
#[inline]
pub(crate) fn exists(context: &Context<'_>, guid: Guid) -> Answer {
    let guid = label::resolve(guid)?;
    is_there(context, guid).then_some(()).ok_or(EINVAL)
}

/// The same of a GUID, if that is not a label's.
#[inline]
pub(crate) fn is_there(context: &Context<'_>, guid: Guid) -> bool {
    guid.is(Kind::Block) && context.scope.has_block(guid.block_bits())
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
    let block = match guid.is(Kind::Block) {
        true => context.scope.block_from_bits(guid.block_bits()).ok()?,
        false => of_label(context, guid)?,
    };
    Some((block, mode))
}

#[cold]
fn of_label(context: &Context<'_>, guid: Guid) -> Option<Block<u8>> {
    find(context, guid).ok().map(|(_, block)| block)
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

/// Which of what was lent to the running EDT is this block, if a slot lent it and it was not given back.
#[inline]
fn lent_to_edt(context: &Context<'_>, guid: Guid, block: Block<u8>) -> Option<usize> {
    let edt = context.edt.as_ref()?;
    edt.body.slots().find_map(|slot| {
        let at = slot.lent()?;
        let (there, _) = slot.filled();
        // A label may stand for another block by now.
        // SAFETY: a slot's place among the accesses that the EDT was launched with.
        let lent = there == guid || unsafe { context.scope.has_nth(at, block) };
        lent.then_some(at)
    })
}

/// What slots of the running EDT lent goes back, or went: none of them lends it any more.
#[inline]
fn forget_lent(context: &Context<'_>, at: usize) {
    let slots = context.edt.iter().flat_map(|edt| edt.body.slots());
    slots
        .filter(|slot| slot.lent() == Some(at))
        .for_each(|slot| slot.forget_lent());
}

pub(crate) fn release(context: &Context<'_>, guid: Guid) -> Answer {
    let (guid, block) = find(context, guid)?;
    if let Some(held) = context.unhold(guid) {
        // SAFETY: the program says that it uses it no more.
        unsafe { context.scope.give_back(held) };
        return Ok(());
    }
    let Some(at) = lent_to_edt(context, guid, block) else {
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
    };
    // SAFETY: the program says that it uses it no more.
    unsafe { context.scope.release_nth(at) }.map_err(Code::from)?;
    forget_lent(context, at);
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
    // It may have been released before, which is fine.
    let destroyed = match lent_to_edt(context, guid, block) {
        Some(at) => {
            forget_lent(context, at);
            // SAFETY: as above.
            unsafe { context.scope.destroy_nth(context.place, at, block) }
        }
        // SAFETY: as above.
        None => unsafe { context.scope.destroy_for_all(context.place, block) },
    };
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
/// [`EINVAL`] if there is no such block (any more); [`EAGAIN`] to a thread outside of all EDTs as long as somebody else has it;
/// [`ECANCELED`] if somebody else has it and the program is shut down: who has it may not end before the caller does;
/// [`EPERM`] if somebody else has it and the caller has paused.
pub(crate) fn acquire(context: &Context<'_>, guid: Guid) -> Answer<(*mut u8, u64)> {
    let (guid, block) = find(context, guid)?;
    let bytes = size(context, guid)?;
    let lent = || {
        let at = lent_to_edt(context, guid, block)?;
        Some(context.edt.as_ref()?.lent[at].start())
    };
    if let Some(start) = context.held_at(guid).or_else(lent) {
        return Ok((start, bytes));
    }
    let hold = || context.scope.hold_now(block).map_err(|_| EINVAL);
    let mut held = hold()?;
    if held.is_none() {
        if program::is_shut_down() {
            return Err(ECANCELED);
        }
        if context.edt.is_none() {
            return Err(EAGAIN);
        }
        // Other EDTs run meanwhile.
        let found = RefCell::new(None);
        running::help(context, &|| {
            let mut found = found.borrow_mut();
            if found.is_none() {
                *found = hold().transpose();
            }
            found.is_some() || program::is_shut_down()
        })?;
        held = found.into_inner().transpose()?;
    }
    let held = held.ok_or(ECANCELED)?;
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

//! The last slot of an EDT is filled: it acquires its blocks, and runs when it has them.

use crate::block;
use crate::code::Answer;
use crate::context::Context;
use crate::edt::{open_of, waiting};
use crate::guid::Guid;
use crate::program;
use crate::slots::EdtRef;
use sprat::{Block, Mode, Open};
use std::collections::HashMap;
use std::mem::MaybeUninit;

/// Fills a slot: launches the EDT if that was the last.
#[inline]
pub(crate) fn fill(
    context: &Context<'_>,
    guid: Guid,
    slot: u32,
    what: Guid,
    mode: Option<u32>,
) -> Answer {
    let edt = waiting(context, guid)?;
    let filled = edt.slot(slot).and_then(|slot| slot.fill(what, mode));
    if filled.is_err() && slot < edt.depc {
        program::find(|| {
            format!(
                "slot {slot} of EDT `{}` ({:#x}) was filled twice",
                edt.name, guid.0
            )
        });
    }
    filled?;
    // SAFETY: this slot was filled by us alone, and was not before.
    if unsafe { context.scope.arrive(open_of(guid), 1) } {
        launch(context, guid, edt);
    }
    Ok(())
}

/// An EDT without slots runs.
#[inline]
pub(crate) fn launch_bare(context: &Context<'_>, guid: Guid) {
    if !program::is_shut_down() {
        // SAFETY: it has no slots, and nobody else launches.
        unsafe { context.scope.launch(open_of(guid), &[]) };
    }
}

/// All slots are filled: the EDT acquires its blocks and runs.
fn launch(context: &Context<'_>, guid: Guid, edt: EdtRef<'_>) {
    if program::is_shut_down() {
        return;
    }
    let open = open_of(guid);
    let mut few = [const { MaybeUninit::<(Block<u8>, Mode)>::uninit() }; 2];
    let mut count = 0;
    let mut one = |slot: u32, block: Block<u8>, mode: Mode| {
        edt.own(slot).set_lent(count);
        few[count].write((block, mode));
        count += 1;
    };
    match edt.depc {
        1 => {
            let (what, mode) = edt.own(0).filled();
            if let Some((block, mode)) = block::access(context, what, mode) {
                one(0, block, mode);
            }
        }
        2 => {
            let ((first, mode), (second, others)) = (edt.own(0).filled(), edt.own(1).filled());
            let first = block::access(context, first, mode);
            let second = block::access(context, second, others);
            match (first, second) {
                (Some((block, mode)), Some((other, others))) if block == other => {
                    one(0, block, stronger(mode, others));
                    edt.own(1).set_lent(0);
                }
                (first, second) => {
                    if let Some((block, mode)) = first {
                        one(0, block, mode);
                    }
                    if let Some((block, mode)) = second {
                        one(1, block, mode);
                    }
                }
            }
        }
        _ => return launch_many(context, edt, open),
    }
    // SAFETY: the first `count` were written.
    let all = unsafe { few[..count].assume_init_ref() };
    // SAFETY: the last slot was filled by us.
    unsafe { context.scope.launch(open, all) };
}

/// The stronger of two ways to use a block.
fn stronger(a: Mode, b: Mode) -> Mode {
    let rank = |mode| match mode {
        Mode::Exclusive => 2,
        Mode::SharedWrite => 1,
        _ => 0,
    };
    if rank(a) < rank(b) { b } else { a }
}

/// Up to so many blocks, looking through all of them is faster than hashing.
const FEW_BLOCKS: usize = 16;

fn launch_many(context: &Context<'_>, edt: EdtRef<'_>, open: Open) {
    let mut few = [const { MaybeUninit::<(Block<u8>, Mode)>::uninit() }; FEW_BLOCKS];
    let mut many: Vec<(Block<u8>, Mode)> = Vec::new();
    let mut known: Option<HashMap<Block<u8>, usize>> = None;
    let mut count = 0;
    for slot in 0..edt.depc {
        let (what, mode) = edt.own(slot).filled();
        let Some((block, mode)) = block::access(context, what, mode) else {
            continue;
        };
        if count < FEW_BLOCKS && many.is_empty() {
            // SAFETY: the first `count` were written.
            let so_far = unsafe { few[..count].assume_init_mut() };
            match so_far.iter().position(|(other, _)| *other == block) {
                Some(at) => {
                    so_far[at].1 = stronger(so_far[at].1, mode);
                    edt.own(slot).set_lent(at);
                }
                None => {
                    few[count].write((block, mode));
                    edt.own(slot).set_lent(count);
                    count += 1;
                }
            }
            continue;
        }
        if many.is_empty() {
            // SAFETY: as above.
            many.extend_from_slice(unsafe { few[..count].assume_init_ref() });
            known = Some(
                many.iter()
                    .zip(0..)
                    .map(|((block, _), at)| (*block, at))
                    .collect(),
            );
        }
        let known = known.get_or_insert_default();
        let at = *known.entry(block).or_insert(many.len());
        match many.get_mut(at) {
            Some(there) => there.1 = stronger(there.1, mode),
            None => many.push((block, mode)),
        }
        edt.own(slot).set_lent(at);
    }
    let all = match many.is_empty() {
        // SAFETY: as above.
        true => unsafe { few[..count].assume_init_ref() },
        false => &many,
    };
    // SAFETY: the last slot was filled by us.
    unsafe { context.scope.launch(open, all) };
}

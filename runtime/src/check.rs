//! The checking mode: what the type system cannot refuse is found by running. One engine runs what is ready in a seeded
//! order; blocks are accessible only to bodies that declared them; what is left at the end is told. Here is what it knows
//! and does; `checking` is how the engine calls it. See `docs/design/checking.md`.

use crate::access::{Lent, Mode};
use crate::decide::shuffle::Shuffle;
use crate::error::{Error, ErrorKind, Result};
use crate::local::InAnyOrder;
use crate::memory_region::{Chunk, Guard, GuardState, Pool, Running};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::Location;
use std::ptr::NonNull;

/// How much memory of destroyed blocks is kept from new ones, in bytes of addresses (the memory itself goes back at
/// once).
const QUARANTINE_BYTES: usize = 1 << 30;
/// And of how many blocks.
const QUARANTINE_BLOCKS: usize = 1 << 15;
/// What a `write` access finds: not a number as `f32` and as `f64`, and far out as an integer or an index.
const UNSPECIFIED: [u8; 4] = 0x7ffc_deadu32.to_ne_bytes();
/// What lies between a block's end and the end of its last page.
const BEYOND: u8 = 0xde;
/// How many unsatisfied events are told of by name.
const EVENTS_TOLD: usize = 100;

/// See the module.
pub(crate) struct Check {
    seed: u64,
    told_seed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Blocks that live, by their slots.
    blocks: BTreeMap<u32, Known>,
    /// How many blocks were made.
    made: u64,
    /// Memory of destroyed blocks, oldest first.
    quarantine: VecDeque<(Guard, Chunk)>,
    quarantined: usize,
    /// Events that have not fired, by the addresses of their cells.
    events: HashMap<usize, (&'static str, &'static Location<'static>)>,
    /// Events whose triggers were dropped.
    dropped: Vec<(&'static str, &'static Location<'static>)>,
}

/// What is known of a block.
struct Known {
    /// Which of all that were made: a body may destroy a block that it has released, and make another in its slot.
    number: u64,
    bytes: usize,
    /// The codelet that made it, if one did.
    maker: Option<Running>,
    /// Since its memory was taken.
    guard: Option<Guard>,
    /// How many bodies have it open: one, or one on the engine and some that read or write files.
    open: u32,
    /// The body that has it open has released it.
    released: bool,
}

impl Known {
    fn close(&mut self) {
        self.open -= 1;
        if self.open == 0
            && let Some(guard) = &self.guard
        {
            guard.close(GuardState::Closed);
        }
    }
}

/// A block that is open for a body.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) slot: u32,
    number: u64,
    start: NonNull<u8>,
    bytes: usize,
    /// Bytes of its pages.
    whole: usize,
    /// What a block must hold afterwards that was declared for reading.
    before: Option<Vec<u8>>,
}

/// What a body did to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It changed what it had declared for reading, first at this byte.
    Changed(usize),
    /// It wrote so many bytes beyond the block's end, or more.
    Beyond(usize),
}

impl Check {
    pub(crate) fn new(seed: u64) -> Self {
        Check {
            seed,
            told_seed: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// How to run what is ready, for the engine's state.
    pub(crate) fn order(&self) -> Box<InAnyOrder> {
        Box::new(InAnyOrder {
            shuffle: Shuffle::new(self.seed),
            ready: Vec::new(),
        })
    }

    /// A scope ended with an error: tells once how to see it again.
    #[cold]
    pub(crate) fn scope_failed(&self) {
        if !self.told_seed.swap(true, Ordering::Relaxed) {
            eprintln!(
                "sprat: a scope failed in the checking mode; {} replays its schedule",
                self.replay()
            );
        }
    }

    /// How to see it again.
    pub(crate) fn replay(&self) -> String {
        format!("SPRAT_CHECK=seed={}", self.seed)
    }

    /// A block was made, by a codelet or by a host.
    pub(crate) fn made(&self, slot: u32, bytes: usize, maker: Option<Running>) {
        let mut state = lock(&self.state);
        state.made += 1;
        let known = Known {
            number: state.made,
            bytes,
            maker,
            guard: None,
            open: 0,
            released: false,
        };
        state.blocks.insert(slot, known);
    }

    /// A block is destroyed. Its memory is closed, and kept from others for a while.
    pub(crate) fn destroyed(
        &self,
        slot: u32,
        chunk: Option<Chunk>,
        pools: &[Arc<Pool>],
    ) -> Result<()> {
        let mut state = lock(&self.state);
        let known = state.blocks.remove(&slot);
        let Some(chunk) = chunk else {
            return Ok(());
        };
        let Some(guard) = known.and_then(|known| known.guard) else {
            return give(chunk, pools);
        };
        guard.destroy();
        state.quarantined += guard.len();
        state.quarantine.push_back((guard, chunk));
        while state.quarantined > QUARANTINE_BYTES || state.quarantine.len() > QUARANTINE_BLOCKS {
            let Some((guard, chunk)) = state.quarantine.pop_front() else {
                break;
            };
            state.quarantined -= guard.len();
            // What cannot be opened again stays out of the pool until that goes.
            if guard.release() {
                give(chunk, pools)?;
            }
        }
        Ok(())
    }

    /// Makes a block's memory accessible for a body; for one that writes all of it, filled with what nobody would have
    /// written there. None if it is open for this body already, or nothing is known of it. Memory that is not a
    /// `chunk` of so many bytes is not guarded: who knows what else lies there.
    ///
    /// Errors: `System` if the system refuses.
    ///
    /// # Safety
    /// `lent` is the block's memory, and no body runs that may use it.
    pub(crate) unsafe fn open(
        &self,
        (slot, mode): (u32, Mode),
        lent: &Lent,
        chunk: usize,
        opened: &[Opened],
    ) -> Result<Option<Opened>> {
        let mut state = lock(&self.state);
        let Some(known) = state.blocks.get_mut(&slot) else {
            return Ok(None);
        };
        if opened.iter().any(|other| other.slot == slot) {
            return Ok(None);
        }
        let (start, bytes) = (NonNull::new(lent.start).expect("lent memory"), lent.bytes);
        if chunk > 0 && known.guard.is_none() {
            // SAFETY: the block's memory, from a pool with whole pages; it is given back after the guard is gone.
            known.guard = Some(unsafe { Guard::new(start, (bytes, chunk), slot, self.seed) });
        }
        let mut whole = bytes;
        if let Some(guard) = &known.guard {
            whole = guard.front();
            guard.open().map_err(|error| {
                let what = "the system refuses to open a block's memory in the checking mode; raise vm.max_map_count";
                Error::system(what, error)
            })?;
        }
        // SAFETY: the caller's promise: the block's memory, now open, is nobody else's; its pages are all its chunk's.
        let pages = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), whole) };
        let (contents, beyond) = pages.split_at_mut(bytes);
        if known.open == 0 {
            beyond.fill(BEYOND);
        }
        known.open += 1;
        if mode == Mode::Write {
            make_unspecified(contents);
        }
        Ok(Some(Opened {
            slot,
            number: known.number,
            start,
            bytes,
            whole,
            before: (!mode.writes()).then(|| contents.to_vec()),
        }))
    }

    /// Closes what was open for a body, and gives what that body did wrong. Contents that were declared for reading are
    /// mended.
    ///
    /// # Safety
    /// The body that had the block has ended, and it was opened for that body.
    pub(crate) unsafe fn close(&self, opened: &Opened) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut state = lock(&self.state);
        let Some(known) = state.blocks.get_mut(&opened.slot) else {
            return mistakes;
        };
        if known.number != opened.number || std::mem::take(&mut known.released) {
            return mistakes;
        }
        // SAFETY: the caller's promise: the block's pages, still open, are nobody else's to write.
        let pages = unsafe { std::slice::from_raw_parts_mut(opened.start.as_ptr(), opened.whole) };
        let (contents, beyond) = pages.split_at_mut(opened.bytes);
        if let Some(before) = &opened.before
            && let Some(byte) = first_difference(contents, before)
        {
            contents.copy_from_slice(before);
            mistakes.push(Mistake::Changed(byte));
        }
        if let Some(byte) = beyond.iter().position(|&byte| byte != BEYOND) {
            mistakes.push(Mistake::Beyond(byte));
        }
        known.close();
        mistakes
    }

    /// Closes what was open for the runtime itself.
    pub(crate) fn shut(&self, slot: u32) {
        if let Some(known) = lock(&self.state).blocks.get_mut(&slot) {
            known.close();
        }
    }

    /// The body that has a block open gives it back before its end: it may not touch it any more.
    pub(crate) fn release(&self, slot: u32) {
        if let Some(known) = lock(&self.state).blocks.get_mut(&slot) {
            known.released = true;
            known.close();
        }
    }

    /// An event was made, whose cell has this address.
    pub(crate) fn event_made(
        &self,
        cell: usize,
        name: &'static str,
        made_at: &'static Location<'static>,
    ) {
        lock(&self.state).events.insert(cell, (name, made_at));
    }

    /// An event fired: it was satisfied, or its trigger was dropped.
    pub(crate) fn event_fired(&self, cell: usize, satisfied: bool) {
        let mut state = lock(&self.state);
        if let Some(event) = state.events.remove(&cell)
            && !satisfied
        {
            state.dropped.push(event);
        }
    }

    /// What is left that should not be: blocks that codelets made and nobody destroyed, events that nobody satisfied.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let state = lock(&self.state);
        let block = |(slot, known): (&u32, &Known)| {
            let by = known.maker?;
            Some(format!(
                "block {slot} of {} bytes, made by codelet `{}`, spawned at {}, was never destroyed",
                known.bytes, by.codelet, by.spawned_at
            ))
        };
        let mut left: Vec<String> = state.blocks.iter().filter_map(block).collect();
        let dropped = state.dropped.iter().map(|(name, at)| {
            format!("event `{name}`, made at {at}: it was never satisfied: its trigger was dropped, or poisoned it")
        });
        let mut open: Vec<_> = state.events.values().collect();
        open.sort_by_key(|(name, at)| (*name, at.file(), at.line()));
        let open = open.into_iter().map(|(name, at)| {
            format!(
                "event `{name}`, made at {at}: its trigger is still there, and has not satisfied it"
            )
        });
        left.extend(dropped.chain(open).take(EVENTS_TOLD));
        left
    }

    /// Tells what is left when the runtime goes.
    pub(crate) fn tell_leftovers(&self) {
        let left = self.leftovers();
        if !left.is_empty() {
            eprintln!(
                "sprat: at the runtime's end in the checking mode ({} replays):\n  {}",
                self.replay(),
                left.join("\n  ")
            );
        }
    }
}

/// Fills what is to be written whole with what nobody would have written there.
pub(crate) fn make_unspecified(contents: &mut [u8]) {
    for part in contents.chunks_mut(UNSPECIFIED.len()) {
        part.copy_from_slice(&UNSPECIFIED[..part.len()]);
    }
}

fn first_difference(now: &[u8], before: &[u8]) -> Option<usize> {
    // Equal mostly, which is found fastest for the whole.
    let differs = now != before;
    let byte = || {
        now.iter()
            .zip(before)
            .position(|(now, before)| now != before)
    };
    differs.then(byte).flatten()
}

fn give(chunk: Chunk, pools: &[Arc<Pool>]) -> Result<()> {
    let region = usize::from(chunk.region());
    pools[region].give(chunk)
}

/// The error of a scope in which something was found; `own` is what it would have said otherwise.
#[cold]
pub(crate) fn found(findings: Vec<String>, own: Option<Error>) -> Error {
    let mut text = findings.join("\n");
    if let Some(own) = own {
        text += &format!("\nbesides: {own}");
    }
    Error::new(ErrorKind::Check, text)
}

//! The two doors to blocks' queues: a codelet enters all of its queues as one step, at its spawn or when its events
//! are there.
//!
//! One step means: all locks are taken first, in the order of block numbers, so that concurrent spawners neither
//! deadlock here nor, by entering two queues in opposite orders, make their codelets wait for each other in a circle.
//! Proof: `docs/design/dependences.md`; model: `models/entrance.rs`.

use crate::access::Mode;
use crate::block_table::{Queue, QueueCell};
use crate::decide::dependence::{Entered, Extent};
use crate::mutants::mutant;
use crate::sync::atomic::{AtomicU32, Ordering};
use std::cell::Cell;

/// One queue to enter.
#[derive(Debug)]
pub(crate) struct Door {
    cell: *const QueueCell,
    slot: u32,
    mode: Mode,
    /// For the codelet's children only: the codelet itself does not wait.
    weak: bool,
    /// The part's place in the list of parts, counted from 1; 0 for all of the block.
    part: u32,
    /// Where the block's generation is, if nothing else keeps the block alive; or null.
    block: *const AtomicU32,
    /// The generation that it must still have.
    generation: u32,
    /// What entering gave.
    entered: Cell<Entered>,
}

// SAFETY: an address; who follows it says why that is allowed.
unsafe impl Send for Door {}

/// A part that a door is for, and all of what the first access to a part makes its queue one of parts of.
#[derive(Debug)]
pub(crate) struct DoorPart {
    pub(crate) extent: Extent,
    pub(crate) whole: Extent,
}

/// What entering gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    /// How many of the accesses hold their blocks at once.
    pub(crate) count: u32,
    /// The number of the failure that poisoned one of them, or 0.
    pub(crate) poison: u32,
    /// There is more to do: a door is weak, or ends a reduction. See [`Door::entered`].
    pub(crate) more: bool,
}

impl Door {
    /// # Safety
    /// The cell stays until [`enter`] has returned; so does the block's generation, which is exact under the lock of its
    /// queue.
    #[inline]
    pub(crate) unsafe fn new(
        cell: &QueueCell,
        mode: Mode,
        block: Option<(&AtomicU32, u32)>,
    ) -> Self {
        let mut door = Door::nowhere();
        // SAFETY: the caller's promise.
        unsafe { door.lead(cell, mode, block) };
        door
    }

    /// Makes a door that leads nowhere one to this queue.
    ///
    /// # Safety
    /// As for [`Door::new`].
    #[inline(always)]
    pub(crate) unsafe fn lead(
        &mut self,
        cell: &QueueCell,
        mode: Mode,
        block: Option<(&AtomicU32, u32)>,
    ) {
        let (block, generation) = block.unzip();
        self.cell = cell;
        self.slot = cell.slot;
        self.mode = mode;
        self.block = block.map_or(std::ptr::null(), |block| block);
        self.generation = generation.unwrap_or(0);
    }

    /// A place for a door.
    pub(crate) const fn nowhere() -> Self {
        Door {
            cell: std::ptr::null(),
            slot: 0,
            mode: Mode::Read,
            weak: false,
            part: 0,
            block: std::ptr::null(),
            generation: 0,
            entered: Cell::new(Entered::Queued),
        }
    }

    /// It is for a part: the one with this place in the list that [`enter`] will be given, counted from 1.
    #[inline]
    pub(crate) fn part(mut self, place: usize) -> Self {
        self.part = place as u32;
        self
    }

    /// The same for the codelet's children only.
    pub(crate) fn weak(mut self) -> Self {
        self.weak = true;
        self
    }

    /// After [`enter`]: the queue, whether the place is for the children only, and what entering gave.
    pub(crate) fn entered(&self) -> (&QueueCell, bool, Entered) {
        (self.cell(), self.weak, self.entered.get())
    }

    #[inline]
    pub(crate) fn slot(&self) -> u32 {
        self.slot
    }

    #[inline]
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// The generation that its block must have.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// The queue, for an entry.
    #[inline]
    pub(crate) fn queue(&self) -> *const () {
        self.cell.cast()
    }

    /// Whether it is one to this queue.
    pub(crate) fn is_of(&self, cell: &QueueCell) -> bool {
        std::ptr::eq(self.cell, cell)
    }

    #[inline]
    fn cell(&self) -> &QueueCell {
        // SAFETY: it stays: the promise given to `new`.
        unsafe { &*self.cell }
    }

    /// Whether the block is gone. Under the lock of its queue.
    #[inline]
    fn is_stale(&self) -> bool {
        // SAFETY: it stays: the promise given to `new`.
        let now = unsafe { self.block.as_ref() };
        now.is_some_and(|now| now.load(Ordering::Relaxed) != self.generation)
    }
}

/// Enters all of these queues as one step, or none of them if a block is gone: then gives the block's slot.
///
/// With `last`, nobody may enter after this access: it destroys the block. `parts` are the parts that doors are for.
#[inline(always)]
pub(crate) fn enter(
    doors: &mut [Door],
    parts: &[DoorPart],
    who: u32,
    last: bool,
) -> Result<Granted, u32> {
    // One lock for each cell: doors of the same cell are neighbours after this. (Two cells of one block meet here only if
    // they are for the children of accesses to two parts of it; then all who enter both are children of one parent, and
    // the cells' addresses are the same for all of them.)
    if !mutant!("entrance_unsorted") {
        sort(doors);
    }
    enter_sorted::<false>(doors, parts, who, last, |_| ())
}

/// The same for doors that stand in the order of block numbers already, each to all of another block and for a codelet that
/// will wait there. What more is to be done in a queue that lets it in at once, and with no poison, `at_once` does in the same step.
#[inline(always)]
pub(crate) fn enter_plain(
    doors: &[Door],
    who: u32,
    at_once: impl FnMut(&mut Queue),
) -> Result<Granted, u32> {
    enter_sorted::<true>(doors, &[], who, false, at_once)
}

#[inline(always)]
fn enter_sorted<const PLAIN: bool>(
    doors: &[Door],
    parts: &[DoorPart],
    who: u32,
    last: bool,
    mut at_once: impl FnMut(&mut Queue),
) -> Result<Granted, u32> {
    if mutant!("entrance_one_by_one") {
        return one_by_one(doors, who);
    }
    let opens = |at: usize| PLAIN || at == 0 || doors[at].cell != doors[at - 1].cell;
    debug_assert!(
        !PLAIN || doors.windows(2).all(|two| two[0].slot < two[1].slot),
        "plain doors stand in order"
    );
    let mut gone = None;
    for (at, door) in doors.iter().enumerate() {
        if !opens(at) {
            continue;
        }
        door.cell().queue.acquire();
        // SAFETY: we hold this lock, and `is_closed` does not come back to it.
        let closed = unsafe { door.cell().queue.locked(|queue| queue.is_closed()) };
        if closed || door.is_stale() {
            gone.get_or_insert(door.slot);
        }
    }
    let mut granted = Granted {
        count: 0,
        poison: 0,
        more: false,
    };
    if gone.is_none() {
        for door in doors.iter() {
            let (mode, weak) = (door.mode, !PLAIN && door.weak);
            let enter = |queue: &mut Queue| {
                let entered = match door.part {
                    _ if PLAIN => queue.enter_soon(who, mode),
                    0 => enter_whole(queue, who, mode, weak),
                    place => {
                        let DoorPart { extent, whole } = parts[place as usize - 1];
                        queue.enter_part(who, mode, extent, whole)
                    }
                };
                if last {
                    queue.close();
                }
                if let Entered::Granted(None) = entered {
                    at_once(queue);
                }
                entered
            };
            // SAFETY: we hold this lock, and entering does not come back to it.
            let entered = unsafe { door.cell().queue.locked(enter) };
            door.entered.set(entered);
            match entered {
                Entered::Granted(poison) if !weak => {
                    granted.count += 1;
                    granted.poison = poison.map_or(granted.poison, |p| p.get());
                }
                Entered::Queued if !weak => (),
                _ => {
                    granted.count += u32::from(weak);
                    granted.more = true;
                }
            }
        }
    }
    for (at, door) in doors.iter().enumerate() {
        if opens(at) {
            // SAFETY: taken above, given back once.
            unsafe { door.cell().queue.release() };
        }
    }
    match gone {
        Some(slot) => Err(slot),
        None => Ok(granted),
    }
}

/// Enters the queue of a whole block.
#[inline(never)]
fn enter_whole(queue: &mut Queue, who: u32, mode: Mode, weak: bool) -> Entered {
    queue.enter_for(who, mode, weak)
}

/// In the order of block numbers, and the doors of one cell side by side.
#[inline(always)]
fn sort(doors: &mut [Door]) {
    /// Up to so many, putting each in its place among those before it needs no call.
    const FEW: usize = 4;
    let key = |door: &Door| (door.slot, door.cell);
    if doors.len() > FEW {
        return doors.sort_unstable_by_key(key);
    }
    for sorted in 1..doors.len() {
        let mut at = sorted;
        while at > 0 && key(&doors[at]) < key(&doors[at - 1]) {
            doors.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// What [`enter`] must not do, for the mutant of this name: each queue in a step of its own.
fn one_by_one(doors: &[Door], who: u32) -> Result<Granted, u32> {
    let enters = |door: &&Door| {
        let entered = door.cell().queue.with(|queue| queue.enter(who, door.mode));
        matches!(entered, Entered::Granted(_))
    };
    let count = doors.iter().filter(enters).count() as u32;
    Ok(Granted {
        count,
        poison: 0,
        more: false,
    })
}

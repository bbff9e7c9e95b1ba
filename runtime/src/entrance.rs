//! The two doors to blocks' queues: a codelet enters all of its queues as one step, at its spawn or when its events
//! are there.
//!
//! One step means: all locks are taken first, in the order of block numbers, so that concurrent spawners neither
//! deadlock here nor, by entering two queues in opposite orders, make their codelets wait for each other in a circle.
//! Proof: `docs/design/dependences.md`; model: `models/entrance.rs`.

use crate::access::Mode;
use crate::block_table::{Queue, QueueCell};
use crate::decide::dependence::{Entered, Extent};
use crate::sync::mutant;
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
    /// The generation that the block must still have, if nothing else keeps it alive.
    generation: Option<u32>,
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
    /// The cell stays until [`enter`] has returned.
    pub(crate) unsafe fn new(cell: &QueueCell, mode: Mode, generation: Option<u32>) -> Self {
        Door {
            cell,
            slot: cell.slot,
            mode,
            weak: false,
            part: 0,
            generation,
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
    fn cell(&self) -> &QueueCell {
        // SAFETY: it stays: the promise given to `new`.
        unsafe { &*self.cell }
    }
}

/// Enters all of these queues as one step, or none of them if a block is gone: then gives the block's slot.
///
/// `generation` tells a slot's generation, exact under the lock of its queue. With `last`, nobody may enter after
/// this access: it destroys the block. `parts` are the parts that doors are for.
pub(crate) fn enter(
    doors: &mut [Door],
    parts: &[DoorPart],
    who: u32,
    last: bool,
    generation: impl Fn(u32) -> u32,
) -> Result<Granted, u32> {
    // One lock for each cell: doors of the same cell are neighbours after this. (Two cells of one block meet here only if
    // they are for the children of accesses to two parts of it; then all who enter both are children of one parent, and
    // the cells' addresses are the same for all of them.)
    if !mutant!("entrance_unsorted") {
        doors.sort_unstable_by_key(|door| (door.slot, door.cell));
    }
    if mutant!("entrance_one_by_one") {
        return one_by_one(doors, who);
    }
    let opens = |at: usize| at == 0 || doors[at].cell != doors[at - 1].cell;
    let cells = || {
        (0..doors.len())
            .filter(|&at| opens(at))
            .map(|at| &doors[at])
    };
    for door in cells() {
        door.cell().queue.acquire();
    }
    let gone = cells().find(|door| {
        // SAFETY: we hold this lock, and `is_closed` does not come back to it.
        let closed = unsafe { door.cell().queue.locked(|queue| queue.is_closed()) };
        closed || door.generation.is_some_and(|g| g != generation(door.slot))
    });
    let mut granted = Granted {
        count: 0,
        poison: 0,
        more: false,
    };
    if gone.is_none() {
        for door in doors.iter() {
            let (mode, weak) = (door.mode, door.weak);
            let enter = |queue: &mut Queue| {
                let entered = match door.part {
                    0 => queue.enter_for(who, mode, weak),
                    place => {
                        let DoorPart { extent, whole } = parts[place as usize - 1];
                        queue.enter_part(who, mode, extent, whole)
                    }
                };
                if last {
                    queue.close();
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
    for door in cells() {
        // SAFETY: taken above, given back once.
        unsafe { door.cell().queue.release() };
    }
    match gone {
        Some(door) => Err(door.slot),
        None => Ok(granted),
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

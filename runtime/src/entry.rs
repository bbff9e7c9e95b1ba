//! Entries: what a codelet waits for and uses, each a node of 16 bytes in or beside its record (see [`crate::codelet`]).

use crate::access::{Mode, Operator};
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A block; the target is the queue that it enters.
    Block(Mode),
    /// A part of a block; the target is the queue that it enters. The next two nodes are its bounds.
    Part(Mode),
    /// Half of the bounds of a part.
    Bounds,
    /// A block, for the codelet's children only; the target is the queue that it enters. How, its queue for children
    /// knows, which it has from its entrance on.
    Weak,
    /// The value of another codelet; the target is that codelet's record id.
    Value,
    /// An explicit event; the target is its one-shot.
    Event,
    /// The end of another codelet; the target is its record id.
    End,
    /// The value of another codelet that has none to look at (`()`): its end, with a place among the views.
    Unit,
    /// Memory for the codelet while it runs; the target is one more than its bytes.
    Scratch,
}

impl EntryKind {
    /// Whether it stands for a place in a block's queue.
    #[inline]
    pub(crate) fn is_block(self) -> bool {
        matches!(
            self,
            EntryKind::Block(_) | EntryKind::Weak | EntryKind::Part(_)
        )
    }
}

/// A declared access or an explicit dependence: a node of 16 bytes.
///
/// `word` holds the kind in its low four bits. Above them, for a block: the generation that it must have when it is
/// entered, in the high half; from then on the address of the queue for children, if there is one. For a reduction, which
/// gives children nothing: the operator in the low half, from the beginning; for a weak access, until it is entered: its
/// mode. For the others: the
/// distance to the start of the record, and in the high half the generation of what it names, then the link to the next
/// waiter.
#[repr(C, align(16))]
pub(crate) struct Entry {
    target: AtomicPtr<()>,
    word: AtomicU64,
}

const KIND: u64 = 15;
/// Where the distance to the record begins; the next waiter comes in the high half.
const DISTANCE: u32 = 4;
/// Kind and distance.
const FIXED: u64 = u32::MAX as u64;
const REDUCE: u64 = 4;
const WEAK: u64 = 7;
/// The kind of an explicit event.
const EVENT: u64 = 9;
const UNIT: u64 = 11;
/// A unit with this distance is scratch memory: no record is so long.
const SCRATCH: u64 = FIXED & !KIND | UNIT;

/// The first of the kinds of parts; those of the first three modes are possible.
const PART: u64 = 12;
/// The kind of half of a part's bounds.
const BOUNDS: u64 = 15;

/// What an entry will stand for: its kind, its target, and the generation that the target must have. Two whole words, as
/// they will be stored.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    target: *mut (),
    word: u64,
}

impl Found {
    #[inline]
    pub(crate) fn new(kind: EntryKind, target: *mut (), generation: u32) -> Self {
        let kind = match kind {
            EntryKind::Block(mode) => code(mode),
            EntryKind::Part(mode) => PART + code(mode),
            EntryKind::Bounds => BOUNDS,
            EntryKind::Weak => WEAK,
            EntryKind::Value => 8,
            EntryKind::Event => EVENT,
            EntryKind::End => 10,
            EntryKind::Unit => UNIT,
            EntryKind::Scratch => SCRATCH,
        };
        Found {
            target,
            word: u64::from(generation) << 32 | kind,
        }
    }

    /// What stands for the end of a codelet: its record's id instead of an address.
    #[inline]
    pub(crate) fn record(kind: EntryKind, record: u32, generation: u32) -> Self {
        Found::new(
            kind,
            std::ptr::without_provenance_mut(record as usize),
            generation,
        )
    }

    /// A place in a queue for the children only.
    pub(crate) fn weak(mode: Mode, target: *mut (), generation: u32) -> Self {
        let mut found = Found::new(EntryKind::Weak, target, generation);
        found.word |= code(mode) << DISTANCE;
        found
    }

    /// So much scratch memory.
    pub(crate) fn scratch(bytes: usize) -> Self {
        let target = std::ptr::without_provenance_mut(bytes + 1);
        Found::new(EntryKind::Scratch, target, 0)
    }

    /// Half of the bounds of a part: two numbers, the second less than 2^60.
    #[inline]
    pub(crate) fn bounds(first: u64, second: u64) -> Self {
        debug_assert!(second >> 60 == 0);
        Found {
            target: std::ptr::without_provenance_mut(first as usize),
            word: second << DISTANCE | BOUNDS,
        }
    }

    /// A plain access (see [`crate::plain`]) to the block with this queue.
    #[inline]
    pub(crate) fn plain(mode: Mode, queue: *const ()) -> Self {
        let word = match mode {
            Mode::Read => 0,
            Mode::Write => 1,
            Mode::ReadWrite => 2,
            _ => 3,
        };
        let target = queue.cast_mut();
        Found { target, word }
    }

    #[inline]
    pub(crate) fn target(self) -> *mut () {
        self.target
    }

    /// Whether it is for a block or a part of one.
    #[inline]
    pub(crate) fn is_block(self) -> bool {
        matches!(self.word & KIND, 0..8 | 12..15)
    }
}

/// An entry in a list of waiters, see [`Entry::as_waiter`].
pub(crate) struct Waiter {
    /// The next node in the list, or 0.
    pub(crate) next: u32,
    /// How many nodes it lies behind the start of its record; 0 if in an extension.
    pub(crate) distance: u32,
    /// Whether it waits for an event that a user made.
    pub(crate) is_for_event: bool,
}

/// How a mode is kept: its kind, and for a reduction the operator.
#[inline]
fn code(mode: Mode) -> u64 {
    match mode {
        Mode::Read => 0,
        Mode::Write => 1,
        Mode::ReadWrite => 2,
        Mode::Commute => 3,
        Mode::Reduce(operator) => u64::from(operator.number()) << DISTANCE | REDUCE,
        Mode::SharedWrite => 5,
        Mode::Exclusive => 6,
    }
}

/// The mode that is kept in a word; its kind is that of a block.
#[inline]
fn mode(word: u64) -> Mode {
    match word & KIND {
        0 => Mode::Read,
        1 => Mode::Write,
        2 => Mode::ReadWrite,
        3 => Mode::Commute,
        REDUCE => Mode::Reduce(Operator::new((word >> DISTANCE) as u16)),
        5 => Mode::SharedWrite,
        _ => Mode::Exclusive,
    }
}

impl Entry {
    /// An entry for what was found, `distance` nodes behind the start of its codelet's record; 0 if it is in an
    /// extension.
    #[inline]
    pub(crate) fn new(found: Found, distance: u32) -> Self {
        Entry {
            target: AtomicPtr::new(found.target),
            word: AtomicU64::new(found.word | u64::from(distance) << DISTANCE),
        }
    }

    #[inline]
    pub(crate) fn kind(&self) -> EntryKind {
        let word = self.word.load(Ordering::Relaxed);
        match word & KIND {
            0..WEAK => EntryKind::Block(mode(word)),
            WEAK => EntryKind::Weak,
            8 => EntryKind::Value,
            EVENT => EntryKind::Event,
            10 => EntryKind::End,
            PART..BOUNDS => EntryKind::Part(mode(word - PART)),
            BOUNDS => EntryKind::Bounds,
            _ if word & FIXED == SCRATCH => EntryKind::Scratch,
            _ => EntryKind::Unit,
        }
    }

    /// The mode of a weak access that has not been entered.
    #[inline]
    pub(crate) fn weak_mode(&self) -> Mode {
        mode(self.word.load(Ordering::Relaxed) >> DISTANCE)
    }

    /// The bytes of scratch memory.
    #[inline]
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.target().addr() - 1
    }

    #[inline]
    pub(crate) fn target(&self) -> *mut () {
        self.target.load(Ordering::Relaxed)
    }

    /// The event of this entry has fired, and may be gone.
    #[inline]
    pub(crate) fn forget_target(&self) {
        self.target.store(std::ptr::null_mut(), Ordering::Relaxed);
    }

    /// Whether it stands for the end of a codelet or for an event, or for scratch memory, which is there at once; not for
    /// a block and not for nothing.
    #[inline]
    pub(crate) fn is_for_an_end_or_event(&self) -> bool {
        let kind = self.kind();
        !kind.is_block() && kind != EntryKind::Bounds && !self.target().is_null()
    }

    /// The two numbers of half of a part's bounds.
    #[inline]
    pub(crate) fn numbers(&self) -> (u64, u64) {
        debug_assert_eq!(self.kind(), EntryKind::Bounds);
        let word = self.word.load(Ordering::Relaxed);
        (self.target().addr() as u64, word >> DISTANCE)
    }

    /// Makes the entry stand for nothing.
    #[inline]
    pub(crate) fn void(&self) {
        self.word.store(EVENT, Ordering::Relaxed);
        self.forget_target();
    }

    /// The generation that what it names must have, until it is entered or joined.
    #[inline]
    pub(crate) fn expected_generation(&self) -> u32 {
        (self.word.load(Ordering::Relaxed) >> 32) as u32
    }

    /// The target, for entries that name a record.
    #[inline]
    pub(crate) fn target_record(&self) -> u32 {
        self.target().addr() as u32
    }

    /// Whether a plain access reads its block, or has it alone; `None` if there is more to know of it: it takes turns, others
    /// write it too, it has a queue for children, or it was given back.
    #[inline]
    pub(crate) fn is_only_read(&self) -> Option<bool> {
        // Kinds as in `code`, and no address above them.
        match self.word.load(Ordering::Relaxed) {
            0 => Some(true),
            1 | 2 => Some(false),
            _ => None,
        }
    }

    /// A plain access that has not entered its queue: the block must have this generation when it does.
    #[cold]
    pub(crate) fn expect_generation(&self, generation: u32) {
        let kind = self.word.load(Ordering::Relaxed) & KIND;
        self.word
            .store(u64::from(generation) << 32 | kind, Ordering::Relaxed);
    }

    /// The queue for children of this access, or null. Made by the body, or at the entrance of a weak access; removed by
    /// who ends the codelet.
    #[inline]
    pub(crate) fn children(&self) -> *mut () {
        match self.word.load(Ordering::Relaxed) {
            word if word & KIND == REDUCE => std::ptr::null_mut(),
            word => std::ptr::with_exposed_provenance_mut((word & !KIND) as usize),
        }
    }

    /// Not for reductions, which keep their operator in this place.
    #[inline]
    pub(crate) fn set_children(&self, queue: *mut ()) {
        let kind = self.word.load(Ordering::Relaxed) & KIND;
        debug_assert_ne!(kind, REDUCE);
        let address = queue.expose_provenance() as u64;
        debug_assert_eq!(address & KIND, 0);
        self.word.store(address | kind, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn next(&self) -> u32 {
        (self.word.load(Ordering::Relaxed) >> 32) as u32
    }

    #[inline]
    pub(crate) fn set_next(&self, next: u32) {
        let fixed = self.word.load(Ordering::Relaxed) & FIXED;
        self.word
            .store(u64::from(next) << 32 | fixed, Ordering::Relaxed);
    }

    /// How many nodes it lies behind the start of its record; 0 if in an extension. Not for blocks.
    #[inline]
    pub(crate) fn distance(&self) -> u32 {
        self.as_waiter().distance
    }

    /// What is to be known of it where it stands in a list of waiters.
    #[inline]
    pub(crate) fn as_waiter(&self) -> Waiter {
        let word = self.word.load(Ordering::Relaxed);
        Waiter {
            next: (word >> 32) as u32,
            distance: (word & FIXED) as u32 >> DISTANCE,
            is_for_event: word & KIND == EVENT,
        }
    }
}

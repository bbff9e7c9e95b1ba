//! A codelet's record: everything the runtime keeps about one codelet, from its spawn to its end.
//!
//! # Who may touch what
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `ended` | its protocol (`event.rs`) | anybody |
//! | `live`, `pending` | their protocols (`counts.rs`) | anybody |
//! | `cause` | a predecessor, before it takes its one off `pending` | who runs the codelet |
//! | `parent`, `affinity`, `count`, `extension`, `vtable`, `origin` | the spawner, before the record is published | anybody who knows the codelet lives |
//! | `shape` | the spawner, until the codelet has entered its queues | anybody who knows the codelet lives |
//! | `gives_back` | the spawner, before the record is published; who launches an open codelet; its body, which gives blocks back early | who runs and ends the codelet |
//! | `kind` | the spawner, before the record is published; who runs the codelet | who runs the codelet |
//! | the high level in `affinity` | who spawns a codelet that waits for this one (`inheritance.rs`) | anybody: a hint |
//! | `sibling`, `retained` | the parent's body (it alone spawns there) | who ends the parent |
//! | `made`, `failed` | the body, children that end (push) | who ends the codelet |
//! | `link` | the inbox that holds the record | the same |
//! | payload | the spawner, then the engine that runs the body, then who ends the codelet; a value's readers read | |
//!
//! "Published" means: pushed on a ready queue, entered in an access queue or registered with a one-shot, each of which
//! hands it on with release and acquire. The shared fields are atomics only so that looking through a stale id is
//! harmless; they are accessed relaxed.
//!
//! # Shape
//!
//! `Record` (96 bytes), then the payload (captures, later the value), then the entries: one node of 16 bytes for each
//! declared access and each explicit dependence. What does not fit goes to extension records, linked by `extension`.
//!
//! The second cache line begins with all that an engine needs that runs a codelet without children and accesses, and the
//! first 32 bytes of the payload follow there. So only that line crosses when such a codelet is run where it was not spawned.

use crate::access::{Lent, Shape};
use crate::affinity::{self, Errand};
use crate::counts::{Live, Pending};
use crate::entry::Entry;
use crate::error::Error;
use crate::event::OneShot;
use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering};
use std::panic::Location;

/// See the module.
#[repr(C, align(16))]
pub(crate) struct Record {
    origin: UnsafeCell<Origin>,
    pub(crate) live: Live,
    pub(crate) pending: Pending,
    pub(crate) link: AtomicU32,
    pub(crate) sibling: AtomicU32,
    pub(crate) retained: AtomicU32,
    /// Children that failed and would otherwise be gone, linked through `sibling`: their handles must tell.
    pub(crate) failed: AtomicU32,
    pub(crate) extension: AtomicU32,
    pub(crate) made: AtomicU32,
    pub(crate) affinity: AtomicU32,
    // Here begins the second line.
    pub(crate) ended: OneShot,
    vtable: UnsafeCell<&'static Vtable>,
    pub(crate) cause: AtomicU32,
    pub(crate) parent: AtomicU32,
    count: AtomicU16,
    flags: AtomicU16,
    class: AtomicU8,
    shape: AtomicU8,
    gives_back: AtomicU8,
    kind: AtomicU8,
}

const _: () = assert!(std::mem::offset_of!(Record, ended) == 64 || cfg!(sprat_loom));

/// The part of a [`Body`] that only messages need.
#[derive(Clone, Copy)]
struct Origin {
    name: &'static str,
    spawned_at: &'static Location<'static>,
}

/// What is fixed at the spawn.
#[derive(Clone, Copy)]
pub(crate) struct Body {
    pub(crate) vtable: &'static Vtable,
    pub(crate) name: &'static str,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl Body {
    /// The body of nothing, for messages.
    #[track_caller]
    pub(crate) fn unnamed(name: &'static str) -> Self {
        static NOBODY: Vtable = Vtable {
            run: |_, _, _| Ran::Done,
            discard: |_| (),
            drop_value: None,
            move_value: |_, _| (),
            value: None,
            payload: 0,
            has_value: false,
            unseen: false,
        };
        Body {
            vtable: &NOBODY,
            name,
            spawned_at: Location::caller(),
        }
    }
}

/// How to handle a payload of a type that is known only where the codelet was spawned.
pub(crate) struct Vtable {
    /// Runs the body, drops the captures, and leaves the value in their place.
    ///
    /// Premises: the payload holds the captures; the codelet holds what `lent` describes; `engine` points to the
    /// engine's context.
    pub(crate) run: unsafe fn(payload: *mut u8, engine: *const (), lent: &[Lent]) -> Ran,
    /// Drops the captures without running. Premise: the payload holds them.
    pub(crate) discard: unsafe fn(payload: *mut u8),
    /// Drops the value, if there is anything to do for that. Premise: the payload holds it.
    pub(crate) drop_value: Option<unsafe fn(payload: *mut u8)>,
    /// Moves a value from one payload to another. Premise: the first holds it, the second nothing.
    pub(crate) move_value: unsafe fn(from: *mut u8, to: *mut u8),
    /// The value's address, if it is not the payload's. Premise: the payload holds it.
    pub(crate) value: Option<unsafe fn(payload: *mut u8) -> *mut u8>,
    /// Bytes of the payload, a multiple of 16.
    pub(crate) payload: usize,
    /// Whether others can read what it returns: then the record is kept until its parent ends.
    pub(crate) has_value: bool,
    /// Whether nobody is told of its end but its parent: no handle of it is given out.
    pub(crate) unseen: bool,
}

/// How a body ended.
pub(crate) enum Ran {
    /// The value is in the payload.
    Done,
    /// The value will be the value of this child, when all has ended.
    Forward(crate::id::CodeletId),
    /// It returned an error.
    Failed(Error),
    /// It panicked.
    Panicked(String),
}

/// Bits of a record's flags.
pub(crate) mod flag {
    /// Kept until the parent ends, since others may name it.
    pub(crate) const RETAINED: u16 = 1;
    /// The payload holds the value.
    pub(crate) const VALUE: u16 = 2;
    /// The payload holds the captures.
    pub(crate) const CAPTURES: u16 = 4;
    /// A scope inside a body: it has children, and no body or accesses of its own.
    pub(crate) const SCOPE: u16 = 8;
    /// The scope of a host thread.
    pub(crate) const ROOT: u16 = 16;
    /// It has been spawned and has neither run nor been skipped.
    pub(crate) const WAITS: u16 = 1024;
    /// Holds more entries of another record.
    pub(crate) const EXTENSION: u16 = 32;
    /// Enters its blocks' queues when its events are there (the at-ready door), and has not yet.
    pub(crate) const AT_READY: u16 = 64;
    /// Lives: spawned and not gone.
    pub(crate) const ALIVE: u16 = 128;
    /// Destroys its block at its end.
    pub(crate) const DESTROYS: u16 = 256;
    /// Belongs to a group, which is told when it starts.
    pub(crate) const GROUPED: u16 = 32768;
    /// The payload holds the id of the child whose value will be its own.
    pub(crate) const FORWARDS: u16 = 512;
    /// It commutes on some block: it starts when it has its turn there.
    pub(crate) const COMMUTES: u16 = 2048;
    /// It has places that are for its children only.
    pub(crate) const WEAK: u16 = 4096;
    /// All is done but its end: whoever gets it next ends it.
    pub(crate) const ENDS: u16 = 8192;
    /// Spawned through the at-ready door: it may give blocks back before its end.
    pub(crate) const RELEASES: u16 = 16384;
}

/// In a record's shape: the number of values is above this.
const VALUES: usize = 16;
/// The shape of an open codelet that has not been launched (see [`crate::open`]).
const NOT_YET: usize = u8::MAX as usize;

/// The largest record; slots come in multiples of a cache line up to this.
pub(crate) const MAX_RECORD: usize = 1024;

/// Bytes before the payload.
pub(crate) const HEADER: usize = size_of::<Record>();

impl Record {
    /// A slot that nobody uses yet.
    pub(crate) fn vacant(class: u8) -> Self {
        let Body {
            vtable,
            name,
            spawned_at,
        } = Body::unnamed("");
        Record {
            origin: UnsafeCell::new(Origin { name, spawned_at }),
            live: Live::new(),
            pending: Pending::new(),
            link: AtomicU32::new(0),
            sibling: AtomicU32::new(0),
            retained: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            extension: AtomicU32::new(0),
            made: AtomicU32::new(0),
            affinity: AtomicU32::new(0),
            ended: OneShot::new(),
            vtable: UnsafeCell::new(vtable),
            cause: AtomicU32::new(0),
            parent: AtomicU32::new(0),
            count: AtomicU16::new(0),
            flags: AtomicU16::new(0),
            class: AtomicU8::new(class),
            shape: AtomicU8::new(0),
            gives_back: AtomicU8::new(0),
            kind: AtomicU8::new(0),
        }
    }

    /// Makes the slot the record of a new codelet. The caller owns the slot.
    #[inline]
    pub(crate) fn begin(&self, parent: u32, flags: u16, affinity: u32, entries: usize) {
        self.live.reset();
        self.cause.store(0, Ordering::Relaxed);
        // Release pairs with the Acquire fence in `Frame::made_here`: who walks up through this parent sees that the last
        // tenant's blocks have gone to their heir.
        self.parent.store(parent, Ordering::Release);
        self.retained.store(0, Ordering::Relaxed);
        self.made.store(0, Ordering::Relaxed);
        self.failed.store(0, Ordering::Relaxed);
        self.affinity.store(affinity, Ordering::Relaxed);
        self.extension.store(0, Ordering::Relaxed);
        self.count.store(entries as u16, Ordering::Relaxed);
        self.shape.store(0, Ordering::Relaxed);
        self.gives_back
            .store(u8::from(entries != 0), Ordering::Relaxed);
        self.flags.store(flags | flag::ALIVE, Ordering::Relaxed);
    }

    /// Sets what is fixed at the spawn.
    ///
    /// # Safety
    /// The caller owns the slot: it is not published yet.
    #[inline]
    pub(crate) unsafe fn set_body(&self, body: Body) {
        let Body {
            vtable,
            name,
            spawned_at,
        } = body;
        self.vtable.with_mut(|place| {
            // SAFETY: nobody else looks at the body of a record that is not published.
            unsafe { *place = vtable }
        });
        self.origin.with_mut(|place| {
            // SAFETY: as above.
            unsafe { *place = Origin { name, spawned_at } }
        });
    }

    /// What is fixed at the spawn.
    ///
    /// # Safety
    /// The codelet lives, and was published to the caller.
    #[inline]
    pub(crate) unsafe fn body(&self) -> Body {
        let Origin { name, spawned_at } = self.origin.with(|place| {
            // SAFETY: written before publication and not again while the codelet lives.
            unsafe { *place }
        });
        Body {
            // SAFETY: the caller's promise.
            vtable: unsafe { self.vtable() },
            name,
            spawned_at,
        }
    }

    /// How to handle its payload.
    ///
    /// # Safety
    /// As for [`Record::body`].
    #[inline]
    pub(crate) unsafe fn vtable(&self) -> &'static Vtable {
        self.vtable.with(|place| {
            // SAFETY: written before publication and not again while the codelet lives.
            unsafe { *place }
        })
    }

    /// The trace knows its name by this number. By the spawner. Who runs it is spared a look at the first line, which the spawner's core
    /// has; numbers that do not fit, which few programs have, are looked up there.
    #[inline]
    pub(crate) fn set_kind(&self, kind: u16) {
        let kind = u8::try_from(kind).unwrap_or(0);
        self.kind.store(kind, Ordering::Relaxed);
    }

    /// That number, unless it is not known; and it is forgotten, so that nobody else who lives here later has it.
    #[inline]
    pub(crate) fn take_kind(&self) -> Option<u16> {
        let kind = self.kind.load(Ordering::Relaxed);
        self.kind.store(0, Ordering::Relaxed);
        (kind != 0).then_some(kind.into())
    }

    /// Notes that what the codelet was to read is poisoned, by the failure with this number. Before its pending count
    /// goes down for that.
    #[inline]
    pub(crate) fn poison(&self, cause: u32) {
        self.cause.store(cause, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn class(&self) -> u8 {
        self.class.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn flags(&self) -> u16 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Only by whoever owns the codelet at the time: the spawner, the engine that runs it, who ends it.
    #[inline]
    pub(crate) fn set_flags(&self, flags: u16) {
        self.flags.store(flags, Ordering::Relaxed);
    }

    /// It looks for its group when it starts. By anybody, at any time: if it has started, or is gone, this is lost, or the next
    /// codelet in this record looks for nothing.
    pub(crate) fn brings_group(&self) {
        self.flags.fetch_or(flag::GROUPED, Ordering::Relaxed);
    }

    /// The codelet has only the first `count` of the entries that it was begun with.
    #[inline]
    pub(crate) fn keep_entries(&self, count: usize) {
        self.count.store(count as u16, Ordering::Relaxed);
    }

    /// Whether it has anything to give back at its end: entries for blocks, or records that hold more of its entries. Until
    /// told otherwise, whoever has entries may.
    #[inline]
    pub(crate) fn gives_back(&self) -> bool {
        self.gives_back.load(Ordering::Relaxed) != 0
    }

    /// Whether it moves blocks, and leaves their contents as they are, run or skipped.
    #[inline]
    pub(crate) fn moves(&self) -> bool {
        affinity::has_errand(self.affinity.load(Ordering::Relaxed), Errand::Moves)
    }

    /// Whether it holds blocks for others, who may never come.
    #[inline]
    pub(crate) fn holds(&self) -> bool {
        affinity::has_errand(self.affinity.load(Ordering::Relaxed), Errand::Holds)
    }

    /// None of its entries is for a block, and all are in the record itself. By the spawner.
    #[inline]
    pub(crate) fn gives_nothing_back(&self) {
        self.gives_back.store(0, Ordering::Relaxed);
    }

    /// It is open, and has no entries yet; by the spawner.
    #[inline]
    pub(crate) fn begin_open(&self) {
        self.shape.store(NOT_YET as u8, Ordering::Relaxed);
        // The trace has not been told of it; one who was refused here may have left its own.
        self.kind.store(0, Ordering::Relaxed);
    }

    /// It is open no more: it is launched, or dropped.
    #[inline]
    pub(crate) fn close_open(&self) {
        self.shape.store(0, Ordering::Relaxed);
    }

    /// Whether it is open. Exact for who may launch it, and while nothing moves.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        usize::from(self.shape.load(Ordering::Relaxed)) == NOT_YET
    }

    /// It was begun without entries, and has some now.
    #[inline]
    pub(crate) fn may_give_back(&self) {
        self.gives_back.store(1, Ordering::Relaxed);
    }

    /// The same for one that has blocks alone, so many: its shape says so.
    #[inline]
    pub(crate) fn will_give_back(&self, blocks: usize) {
        self.gives_back.store(blocks as u8, Ordering::Relaxed);
    }

    /// One of its blocks is given back before its end. If it has blocks alone, nothing is left to be looked at when the last is gone.
    #[inline]
    pub(crate) fn gave_one_back(&self) {
        if let Shape::Blocks(_) = self.shape() {
            let left = self.gives_back.load(Ordering::Relaxed);
            self.gives_back
                .store(left.saturating_sub(1), Ordering::Relaxed);
        }
    }

    /// What its entries are, if all are plain (see [`crate::plain`] and [`crate::reader`]): else they are to be looked at
    /// one by one.
    #[inline]
    pub(crate) fn shape(&self) -> Shape {
        match usize::from(self.shape.load(Ordering::Relaxed)) {
            0 | NOT_YET => Shape::Other,
            blocks @ 1..VALUES => Shape::Blocks(blocks),
            values => Shape::Values(values - VALUES),
        }
    }

    /// All its entries are so; by the spawner.
    #[inline]
    pub(crate) fn set_shape(&self, shape: Shape) {
        let code = match shape {
            Shape::Other => 0,
            Shape::Blocks(count) => count,
            Shape::Values(count) => VALUES + count,
        };
        self.shape.store(code as u8, Ordering::Relaxed);
    }

    /// How many entries it has.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        usize::from(self.count.load(Ordering::Relaxed))
    }
}

/// How many entries a record with this payload holds itself.
#[inline]
pub(crate) fn capacity(payload: usize) -> usize {
    (MAX_RECORD - HEADER - payload) / size_of::<Entry>()
}

/// Bytes of a record with this payload and as many of these entries as fit.
#[inline]
pub(crate) fn record_bytes(payload: usize, entries: usize) -> usize {
    HEADER + payload + entries.min(capacity(payload)) * size_of::<Entry>()
}

/// How many extension records these entries need beside the record itself.
#[inline]
pub(crate) fn extensions(payload: usize, entries: usize) -> usize {
    entries
        .saturating_sub(capacity(payload))
        .div_ceil(capacity(0))
}

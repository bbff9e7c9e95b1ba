//! Scopes: where codelets are spawned.

use crate::codelet::{Body, flag};
use crate::data_block::{Block, Data};
use crate::engine::{Followers, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::group::Group;
use crate::homes::FIRST_TOUCH;
use crate::id::CodeletId;
use crate::local::Local;
use crate::memory_region::LEAST_ALIGNMENT;
use crate::trigger::{Event, Trigger, with_trigger};
use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::Location;
use std::time::{Duration, Instant};

/// A region of codelets that ends when all of them, and all that they spawned, have ended.
///
/// A host thread gets one from [`Runtime::finish`](crate::Runtime::finish), a codelet's body gets one for its children.
/// What is spawned may borrow whatever outlives `'s`. One thread spawns in a scope, so the order of its spawns is the
/// program's order, and the meaning is that of running each codelet where it was spawned, children after their
/// parent's body.
pub struct Scope<'s> {
    frame: *const Frame<'s>,
    /// Invariant in `'s`: a scope can be made neither longer nor shorter. Neither `Send` nor `Sync`, by the pointer.
    marker: PhantomData<fn(&'s ()) -> &'s ()>,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let frame = self.frame();
        let children = frame.children.get();
        write!(
            f,
            "Scope(of record {}, {children} children so far)",
            frame.record
        )
    }
}

impl<'s> Scope<'s> {
    /// # Safety
    /// The frame outlives the scope, and stays on this thread.
    #[inline]
    pub(crate) unsafe fn new(frame: *const Frame<'_>) -> Self {
        Scope {
            frame: frame.cast(),
            marker: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn frame(&self) -> &Frame<'_> {
        // SAFETY: it outlives the scope: the promise given to `new`.
        unsafe { &*self.frame }
    }

    /// Opens a scope inside this one, whose end is an event to go on from. The closure runs at once.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// rt.finish(|s| {
    ///     let inner = s.scope(|s| {
    ///         s.spawn((), |_, ()| println!("first"));
    ///     });
    ///     s.codelet("then").after(&inner).spawn((), |_, ()| println!("second"));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn scope(&self, body: impl FnOnce(&Scope<'s>)) -> Event {
        let outer = self.frame();
        if let Some(id) = outer.refuses(Body::unnamed("scope"), INNER) {
            return Event::end(id);
        }
        outer.throttle();
        match outer.open_scope() {
            Ok(id) => {
                let guard = InnerScope {
                    frame: Frame {
                        engine: outer.engine,
                        record: id.record(),
                        codelet: outer.codelet,
                        top: outer.top,
                        children: Cell::new(0),
                    },
                };
                // SAFETY: the frame outlives the scope, which is borrowed by the closure only.
                let inner = unsafe { Scope::new(&raw const guard.frame) };
                body(&inner);
                Event::end(id)
            }
            Err(error) => Event::end(outer.fail("scope", Location::caller(), error)),
        }
    }

    /// An event of this scope with its trigger: codelets of the scope satisfy it, by their trigger or by
    /// [`Scope::satisfy`]. For events that other threads satisfy use [`Runtime::event`](crate::Runtime::event): a scope
    /// waits for those, while one whose codelets all wait for events of its own is stuck and ends with an error.
    #[inline]
    #[track_caller]
    pub fn event(&self, name: &'static str) -> (Event, Trigger) {
        let engine = self.frame().engine;
        let event = engine.local(|local| local.events.make(engine.shared.id, name));
        with_trigger(engine.shared, event)
    }

    /// Satisfies an event from a codelet. Does what [`Trigger::satisfy`] does, faster.
    #[inline]
    pub fn satisfy(&self, trigger: Trigger) {
        trigger.fire_on(self.frame().engine);
    }

    /// Gives a block back before the codelet ends, so that others may have it while the body goes on: `view` is what the
    /// body got for it, from an access with a bare pointer ([`Read::raw`](crate::Read::raw) and its like,
    /// [`Block::shared_write`], [`Block::exclusive`]). Only for codelets that came through the
    /// [at-ready door](crate::Options::at_ready). What was written so far is what others see, even if the body fails later.
    ///
    /// # Errors
    /// [`ErrorKind::Access`] if the codelet took its place at its spawn, if its children use the block, or if no block
    /// of it is there. [`ErrorKind::Graph`] in a codelet of a [recorded graph](crate::Runtime::record), whose order is fixed.
    ///
    /// # Safety
    /// The body got `view` as a bare pointer, and neither it nor anything made from it is used any more. (A slice
    /// will not do, even if it is cast: the compiler may use a slice as long as the body runs.)
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let a = rt.block::<u64>(1)?;
    /// rt.finish(|s| {
    ///     s.codelet("first").at_ready().spawn(a.write().raw(), |s, a| {
    ///         // SAFETY: the block is ours for writing.
    ///         unsafe { (*a)[0] = 7 };
    ///         // SAFETY: a bare pointer, which is not used below.
    ///         unsafe { s.release(a) }?;
    ///         // Whoever waits for the block may run now.
    ///         Ok(())
    ///     });
    ///     s.spawn(a.read(), |_, a| assert_eq!(a[0], 7));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub unsafe fn release<T: Data>(&self, view: *mut [T]) -> Result<()> {
        self.frame().release(view.cast())
    }

    /// An event that comes after this time. See [`Runtime::after`](crate::Runtime::after).
    pub fn after(&self, time: Duration) -> Event {
        Event::timer(self.frame().engine.shared, Instant::now().checked_add(time))
    }

    /// An event that comes at this time; at once if that has passed.
    pub fn at(&self, time: Instant) -> Event {
        Event::timer(self.frame().engine.shared, Some(time))
    }

    /// Makes a group: codelets [with](crate::Options::with) it stay together. A name that costs nothing to drop; 16,384 of
    /// a runtime are told apart, then the numbers begin again.
    pub fn group(&self) -> Group {
        let shared = self.frame().engine.shared;
        shared.groups.make(shared.id)
    }

    /// Makes a block of `len` elements, whose [home](crate::Home) is where it is touched first. Made in a codelet, it can be used by that codelet's children and, when the
    /// codelet has ended, by its parent's; made in a host's scope, by everybody.
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`] if `len` is 0 or too large, or `T` is aligned to more than 64 bytes;
    /// [`ErrorKind::System`] if the table of blocks is full.
    #[inline]
    pub fn block<T: Data>(&self, len: usize) -> Result<Block<T>> {
        let frame = self.frame();
        frame.make_block(len, (frame.here(), FIRST_TOUCH))
    }
}

/// Why an inner scope is not recorded.
const INNER: &str = "a graph has no scopes inside; spawn what the scope holds, and go on after the ends of its last codelets";

/// Closes an inner scope when its body has ended, by whatever way.
struct InnerScope<'a> {
    frame: Frame<'a>,
}

impl Drop for InnerScope<'_> {
    fn drop(&mut self) {
        let engine = self.frame.engine;
        let id = self.frame.record;
        let live = &engine.shared.arena.record(id).live;
        if live.body_ended(self.frame.children.get()) {
            engine.end(id, &mut Followers::posted());
        }
    }
}

impl Frame<'_> {
    /// A record for a scope inside this body.
    #[inline]
    fn open_scope(&self) -> Result<CodeletId> {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let bytes = crate::codelet::HEADER;
        let id = engine.local(|local| local.records.take(arena, bytes))?;
        let record = arena.record(id);
        record.begin(self.record, flag::SCOPE, 0, 0);
        self.children.set(self.children.get() + 1);
        Ok(CodeletId::new(
            engine.shared.id,
            id,
            record.ended.generation(),
        ))
    }

    /// The engine that runs this body; the first one outside of all seats.
    #[inline]
    pub(crate) fn here(&self) -> u16 {
        let here = |local: &mut Local| local.here.map_or(0, |here| here.xe);
        self.engine.local(here)
    }

    /// Makes a block that belongs to an engine, with its place as a word.
    #[inline]
    pub(crate) fn make_block<T: Data>(&self, len: usize, belongs: (u16, u64)) -> Result<Block<T>> {
        let bytes = block_bytes::<T>(len)?;
        let shared = self.engine.shared;
        let make = |local: &mut Local| shared.make_block(local, bytes, self.codelet, belongs);
        self.engine.local(make).map(Block::new)
    }
}

/// Bytes of a block, checked.
#[inline]
pub(crate) fn block_bytes<T>(len: usize) -> Result<usize> {
    let refuse = |why: String| Err(Error::new(ErrorKind::BlockSize, why));
    if len == 0 || size_of::<T>() == 0 {
        return refuse(format!(
            "a block of {len} elements of {} bytes has no data; ask for at least one byte",
            size_of::<T>()
        ));
    }
    if align_of::<T>() > LEAST_ALIGNMENT {
        return refuse(format!(
            "a block of elements aligned to {} bytes: blocks start at multiples of {LEAST_ALIGNMENT}; use a type with less alignment",
            align_of::<T>()
        ));
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(bytes),
        _ => refuse(format!(
            "a block of {len} elements of {} bytes is larger than the address space",
            size_of::<T>()
        )),
    }
}

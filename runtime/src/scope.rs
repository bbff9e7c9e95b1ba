//! Scopes: where codelets are spawned.

use crate::access::{Access, Value};
use crate::affinity::Affinity;
use crate::codelet::{Body, flag};
use crate::completion::Followers;
use crate::data_block::{Block, Data};
use crate::engine::Frame;
use crate::error::{Error, ErrorKind, Result};
use crate::id::CodeletId;
use crate::outcome::{Glue, Outcome};
use crate::spawn::Spec;
use crate::trigger::{Event, Trigger, make_event};
use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::Location;

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

impl<'s> Scope<'s> {
    /// # Safety
    /// The frame outlives the scope, and stays on this thread.
    pub(crate) unsafe fn new(frame: *const Frame<'_>) -> Self {
        Scope {
            frame: frame.cast(),
            marker: PhantomData,
        }
    }

    pub(crate) fn frame(&self) -> &Frame<'_> {
        // SAFETY: it outlives the scope: the promise given to `new`.
        unsafe { &*self.frame }
    }

    /// Begins a codelet with a name, for errors, traces and the simulator. Options follow; `spawn` ends it.
    pub fn codelet(&self, name: &'static str) -> Options<'_, 's> {
        let mut options = Options::new(self);
        options.spec.name = Some(name);
        options
    }

    /// Spawns a codelet: `body` runs once the accesses are granted, with a view of each.
    ///
    /// What is wrong with the accesses makes the codelet fail: the scope's error then says what, and where it was
    /// spawned. See [`Access`] and [`Outcome`] for what can be declared and returned.
    #[track_caller]
    pub fn spawn<A, F, O>(&self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
    {
        Options::new(self).spawn(access, body)
    }

    /// Like [`Scope::spawn`], for a body that can run only once (it cannot be recorded).
    #[track_caller]
    pub fn spawn_once<A, F, O>(&self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
    {
        Options::new(self).spawn_once(access, body)
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
        match outer.open_scope() {
            Ok(id) => {
                let guard = InnerScope {
                    frame: Frame {
                        engine: outer.engine,
                        record: id.record,
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
    pub fn event(&self, name: &'static str) -> (Event, Trigger) {
        make_event(self.frame().engine.shared, name, false)
    }

    /// Satisfies an event from a codelet. Does what [`Trigger::satisfy`] does, faster.
    pub fn satisfy(&self, trigger: Trigger) {
        trigger.fire_on(self.frame().engine);
    }

    /// Makes a block of `len` elements. Made in a codelet, it can be used by that codelet's children and, when the
    /// codelet has ended, by its parent's; made in a host's scope, by everybody.
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`] if `len` is 0 or too large; [`ErrorKind::System`] if the table of blocks is full.
    pub fn block<T: Data>(&self, len: usize) -> Result<Block<T>> {
        let frame = self.frame();
        let home = frame
            .engine
            .local(|local| local.here.map_or(0, |here| here.xe));
        frame.make_block(len, home)
    }

    /// Destroys a block: an access like any other, after which nobody may name it. Its memory is recycled.
    #[track_caller]
    pub fn destroy<T: Data>(&self, block: Block<T>) -> Spawned<()> {
        let mut options = self.codelet("destroy");
        options.spec.destroys = true;
        options.spawn(block.write(), |_, _| ())
    }
}

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

/// A codelet that was spawned: a name for its end and its value.
pub struct Spawned<R> {
    id: CodeletId,
    marker: PhantomData<fn() -> R>,
}

impl<R> Clone for Spawned<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Spawned<R> {}

impl<R: Send + Sync + 'static> Spawned<R> {
    fn new(id: CodeletId) -> Self {
        Spawned {
            id,
            marker: PhantomData,
        }
    }

    /// What it will return, as a name.
    pub fn value(self) -> Value<R> {
        Value::new(self.id)
    }

    /// Access that reads what it will return.
    pub fn read(self) -> crate::access::ReadValue<R> {
        self.value().read()
    }

    /// The event of its end: it and its descendants have ended.
    pub fn event(self) -> Event {
        Event::end(self.id)
    }
}

/// The options of a codelet; they come first, and `spawn` comes last and takes its place at once.
#[must_use = "a codelet's options do nothing until `spawn`"]
pub struct Options<'x, 's> {
    scope: &'x Scope<'s>,
    spec: Spec,
    /// Events named by `after`, kept until the codelet has joined them.
    events: Vec<Event>,
}

impl<'x, 's> Options<'x, 's> {
    fn new(scope: &'x Scope<'s>) -> Self {
        Options {
            scope,
            spec: Spec::default(),
            events: Vec::new(),
        }
    }

    /// Runs it on the engine that the block belongs to, if that is not busy while others are idle.
    pub fn near<T>(mut self, block: Block<T>) -> Self {
        let shared = self.scope.frame().engine.shared;
        match shared.blocks.find(shared.id, block.id) {
            Ok(slot) => {
                let home = slot.home.load(crate::sync::atomic::Ordering::Relaxed);
                self.spec.affinity = Affinity::Prefer(home);
            }
            Err(error) => self.wrong(error),
        }
        self
    }

    /// Runs it on this execution engine and on no other.
    pub fn on_xe(mut self, xe: usize) -> Self {
        let xes = self.scope.frame().engine.shared.seats.len();
        if xe < xes {
            self.spec.affinity = Affinity::Only(xe as u16);
        } else {
            self.wrong(Error::new(
                ErrorKind::Config,
                format!(
                    "there is no execution engine {xe}; this runtime has {xes}, numbered from 0"
                ),
            ));
        }
        self
    }

    /// Runs it on an execution engine of this memory region.
    pub fn on_region(mut self, region: usize) -> Self {
        let shared = self.scope.frame().engine.shared;
        let region_of = |seat: &crate::seat::Seat<_>| usize::from(seat.region);
        if shared.seats.iter().any(|seat| region_of(seat) == region) {
            self.spec.affinity = Affinity::Region(region as u16);
        } else {
            let regions = shared.regions.len();
            self.wrong(Error::new(
                ErrorKind::Config,
                format!(
                    "no execution engine of this runtime is in memory region {region} (the machine has {regions}, numbered from 0)"
                ),
            ));
        }
        self
    }

    /// Runs it after an event, beside what its accesses ask for.
    pub fn after(mut self, event: &Event) -> Self {
        let shared = self.scope.frame().engine.shared;
        match event.as_after(shared) {
            Ok(after) => {
                self.spec.after.push(after);
                self.events.push(event.clone());
            }
            Err(error) => self.wrong(error),
        }
        self
    }

    /// The at-ready door: enters its blocks' queues not now but when its events are there, all at once. Without events
    /// that is now.
    pub fn at_ready(mut self) -> Self {
        self.spec.at_ready = true;
        self
    }

    /// The first thing that is wrong is told.
    fn wrong(&mut self, error: Error) {
        self.spec.error.get_or_insert(error);
    }

    /// Spawns it. See [`Scope::spawn`].
    #[track_caller]
    #[inline]
    pub fn spawn<A, F, O>(self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
    {
        self.spawn_once(access, body)
    }

    /// Spawns it. See [`Scope::spawn_once`].
    #[track_caller]
    #[inline]
    pub fn spawn_once<A, F, O>(mut self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
    {
        let frame = self.scope.frame();
        let about = Body {
            vtable: &Glue::<'s, A, F, O>::VTABLE,
            name: self.spec.name.unwrap_or("codelet"),
            spawned_at: Location::caller(),
        };
        let mut declared = frame
            .engine
            .local(|local| std::mem::take(&mut local.declared));
        access.declare(&mut declared);
        let begun = frame.begin(about, &declared, &mut self.spec);
        declared.clear();
        frame.engine.local(|local| local.declared = declared);
        match begun {
            Ok(begun) => {
                let id = begun.id;
                let payload = frame.engine.shared.arena.payload(id.record);
                // SAFETY: `begin` made the record for this vtable, and its payload is free.
                unsafe { Glue::<'s, A, F, O>::put(payload, access, body) };
                frame.launch(begun, about, &self.spec);
                Spawned::new(id)
            }
            Err(error) => Spawned::new(frame.fail(about.name, about.spawned_at, error)),
        }
    }
}

impl Frame<'_> {
    /// A record for a scope inside this body.
    fn open_scope(&self) -> Result<CodeletId> {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let bytes = crate::codelet::HEADER;
        let id = engine.local(|local| local.records.take(arena, bytes))?;
        let record = arena.record(id);
        record.begin(self.record, flag::SCOPE, 0, 0);
        self.children.set(self.children.get() + 1);
        Ok(CodeletId {
            record: id,
            generation: record.ended.generation(),
            runtime: engine.shared.id.0,
        })
    }

    /// Nothing could be spawned: the scope fails, and the handle is one that nobody can wait for.
    #[cold]
    fn fail(&self, name: &'static str, at: &'static Location<'static>, error: Error) -> CodeletId {
        let engine = self.engine;
        let poison = engine.shared.failures.add(crate::failure::Cause {
            codelet: name,
            spawned_at: at,
            message: error.to_string(),
            panicked: false,
        });
        engine.with_root(self.record, |root| root.failed(poison));
        CodeletId {
            record: 0,
            generation: 0,
            runtime: engine.shared.id.0,
        }
    }

    /// Makes a block that belongs to engine `home`.
    pub(crate) fn make_block<T: Data>(&self, len: usize, home: u16) -> Result<Block<T>> {
        let bytes = block_bytes::<T>(len)?;
        let shared = self.engine.shared;
        let make = |local: &mut _| shared.make_block(local, bytes, self.codelet, home);
        self.engine.local(make).map(Block::new)
    }
}

/// Bytes of a block, checked.
pub(crate) fn block_bytes<T>(len: usize) -> Result<usize> {
    let refuse = |why: String| Err(Error::new(ErrorKind::BlockSize, why));
    if len == 0 || size_of::<T>() == 0 {
        return refuse(format!(
            "a block of {len} elements of {} bytes has no data; ask for at least one byte",
            size_of::<T>()
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

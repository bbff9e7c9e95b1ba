//! Spawning as users do it: options first, then `spawn`.

use crate::access::{Access, ReadValue, Value};
use crate::affinity::Affinity;
use crate::codelet::Body;
use crate::data_block::{Block, Data};
use crate::error::{Error, ErrorKind};
use crate::glue::Glue;
use crate::id::CodeletId;
use crate::outcome::Outcome;
use crate::scope::Scope;
use crate::spawn::Spec;
use crate::trigger::Event;
use std::marker::PhantomData;
use std::panic::Location;

impl<'s> Scope<'s> {
    /// Begins a codelet with a name, for errors, traces and the simulator. Options follow; `spawn` ends it.
    pub fn codelet(&self, name: &'static str) -> Options<'_, 's> {
        let mut options = Options::new(self);
        options.spec.name = Some(name);
        options
    }

    /// Spawns a codelet: `body` runs once the accesses are granted, with a view of each. It is `Fn`, since it may run
    /// again; for one that moves something out or changes what it captured, use [`Scope::spawn_once`]. A view lives as
    /// long as the body: a child that needs the block declares it, too.
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
        spawn_in(self, &mut Spec::default(), access, body)
    }

    /// Like [`Scope::spawn`], for a body that can run only once (it cannot be recorded).
    #[track_caller]
    pub fn spawn_once<A, F, O>(&self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
    {
        spawn_in(self, &mut Spec::default(), access, body)
    }

    /// Destroys a block: an access like any other, after which nobody may name it. Its memory is recycled.
    #[track_caller]
    pub fn destroy<T: Data>(&self, block: Block<T>) -> Spawned<()> {
        self.destroy_at(block, Location::caller())
    }

    pub(crate) fn destroy_at<T: Data>(
        &self,
        block: Block<T>,
        at: &'static Location<'static>,
    ) -> Spawned<()> {
        let mut options = self.codelet("destroy");
        options.spec.destroys = true;
        options.at(at).spawn(block.write(), |_, _| ())
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

    /// Whether there was a record for it.
    pub(crate) fn is_there(self) -> bool {
        self.id.record() != 0
    }

    /// What it will return, as a name.
    pub fn value(self) -> Value<R> {
        Value::new(self.id)
    }

    /// Access that reads what it will return.
    pub fn read(self) -> ReadValue<R> {
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
}

impl<'x, 's> Options<'x, 's> {
    #[inline]
    fn new(scope: &'x Scope<'s>) -> Self {
        Options {
            scope,
            spec: Spec::default(),
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
                let rare = self.spec.rare();
                rare.after.push(after);
                rare.kept.push(Box::new(event.clone()));
            }
            Err(error) => self.wrong(error),
        }
        self
    }

    /// The name, and where it is spawned if not here.
    pub(crate) fn about(
        &self,
        here: &'static Location<'static>,
    ) -> (&'static str, &'static Location<'static>) {
        let name = self.spec.name.unwrap_or("codelet");
        (name, self.spec.at.unwrap_or(here))
    }

    /// It counts as spawned there: for calls that spawn on behalf of their callers. The outermost says where.
    pub(crate) fn at(mut self, at: &'static Location<'static>) -> Self {
        self.spec.at.get_or_insert(at);
        self
    }

    pub(crate) fn placed(mut self, affinity: Affinity) -> Self {
        self.spec.affinity = affinity;
        self
    }

    pub(crate) fn scope(&self) -> &'x Scope<'s> {
        self.scope
    }

    /// The at-ready door: enters its blocks' queues not now but when its events are there, all at once. Without events
    /// that is now.
    pub fn at_ready(mut self) -> Self {
        self.spec.at_ready = true;
        self
    }

    /// The first thing that is wrong is told.
    fn wrong(&mut self, error: Error) {
        self.spec.rare().error.get_or_insert(error);
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
        spawn_in(self.scope, &mut self.spec, access, body)
    }
}

/// Spawns a codelet with these options.
#[track_caller]
#[inline]
fn spawn_in<'s, A, F, O>(
    scope: &Scope<'s>,
    spec: &mut Spec,
    access: A,
    body: F,
) -> Spawned<O::Value>
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
{
    let frame = scope.frame();
    frame.throttle();
    let about = Body {
        vtable: Glue::<'s, A, F, O>::vtable(),
        name: spec.name.unwrap_or("codelet"),
        spawned_at: spec.at.unwrap_or(Location::caller()),
    };
    // Accesses name something, so a type without size declares nothing.
    if size_of::<A>() == 0 && spec.rare.is_none() {
        let id = frame.begin_bare(about, spec);
        if id.record() == 0 {
            return Spawned::new(id);
        }
        let payload = frame.engine.shared.arena.payload(id.record());
        // SAFETY: `begin_bare` made the record for this vtable, and its payload is free.
        unsafe { Glue::<'s, A, F, O>::put(payload, access, body) };
        frame.launch_bare(id, about);
        return Spawned::new(id);
    }
    let mut declared = (frame.engine).local(|local| std::mem::take(&mut local.declared));
    access.declare(&mut declared);
    let begun = frame.begin(about, &declared, spec);
    declared.clear();
    frame.engine.local(|local| local.declared = declared);
    match begun {
        Ok(begun) => {
            let id = begun.id;
            let payload = frame.engine.shared.arena.payload(id.record());
            // SAFETY: `begin` made the record for this vtable, and its payload is free.
            unsafe { Glue::<'s, A, F, O>::put(payload, access, body) };
            frame.launch(begun, about, spec);
            Spawned::new(id)
        }
        Err(error) => Spawned::new(frame.fail(about, error)),
    }
}

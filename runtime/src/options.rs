//! Spawning as users do it: options first, then `spawn`.

use crate::access::{Access, ReadValue, Value};
use crate::affinity::{Affinity, Errand, Priority};
use crate::codelet::Body;
use crate::company::{Company, Named, Whom};
use crate::data_block::{Block, Data};
use crate::decide::route;
use crate::error::{Error, ErrorKind};
use crate::glue::Glue;
use crate::id::CodeletId;
use crate::outcome::Outcome;
use crate::record;
use crate::scope::Scope;
use crate::spawn::{Spec, Traits};
use crate::spawning::{UNNAMED, spawn_bare, spawn_in, spawn_with, unnamed};
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
        if !record::spawns(self) {
            let id = record::instead_of(self, &mut Spec::default(), access, body);
            return Spawned::new(id);
        }
        self.spawn_now(access, body)
    }

    /// Like [`Scope::spawn`], for a body that can run only once (it cannot be [recorded](crate::Runtime::record)).
    #[track_caller]
    pub fn spawn_once<A, F, O>(&self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
    {
        if let Some(id) = self.frame().refuses(Body::unnamed(UNNAMED), ONCE) {
            return Spawned::new(id);
        }
        self.spawn_now(access, body)
    }

    /// Spawns a codelet where those are spawned.
    #[track_caller]
    #[inline]
    fn spawn_now<A, F, O>(&self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
    {
        let vtable = Glue::<'s, A, F, O>::vtable();
        let put = |payload, access| {
            // SAFETY: this is the payload of a new record for this vtable.
            unsafe { Glue::<'s, A, F, O>::put(payload, access, body) }
        };
        if const { size_of::<A>() == 0 } {
            return Spawned::new(spawn_bare(self, unnamed(vtable), Traits::NONE, |at| {
                put(at, access)
            }));
        }
        Spawned::new(spawn_with(self, &mut Spec::default(), access, vtable, put))
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

impl<R> std::fmt::Debug for Spawned<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = std::any::type_name::<R>();
        write!(f, "Spawned<{of}>({:?})", self.id)
    }
}

impl<R> Company for &Spawned<R> {}

impl<R> Named for &Spawned<R> {
    fn whom(self) -> Whom {
        Whom::codelet(self.id)
    }
}

impl<R: Send + Sync + 'static> Spawned<R> {
    pub(crate) fn new(id: CodeletId) -> Self {
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
    ///
    /// It is poisoned, so that those after it are skipped, if the codelet itself failed or was skipped, or forwards the
    /// value of a child that was. If only others in it failed, its children or what they spawned, then it is not: they
    /// poison what they were to write, and the scope's error tells of them.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Error, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// let error = rt
    ///     .finish(|s| {
    ///         let parent = s.spawn((), |s, ()| {
    ///             s.codelet("child").spawn((), |_, ()| Err::<(), _>(Error::msg("no")));
    ///         });
    ///         s.codelet("runs").after(&parent.event()).spawn((), |_, ()| ());
    ///         Ok(())
    ///     })
    ///     .unwrap_err();
    /// let failure = error.failure().unwrap();
    /// assert_eq!((failure.failed, failure.skipped), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn event(self) -> Event {
        Event::end(self.id)
    }
}

/// The options of a codelet; they come first, and `spawn` comes last and takes its place at once.
///
/// An option that makes no sense makes the codelet fail, like an access that does not: the scope's error is of the kind
/// [`Failed`](ErrorKind::Failed), and [`Failure::kind`](crate::error::Failure::kind) is the kind named under "Errors"
/// of the option.
#[must_use = "a codelet's options do nothing until `spawn`"]
pub struct Options<'x, 's> {
    scope: &'x Scope<'s>,
    spec: Spec,
}

impl std::fmt::Debug for Options<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.show(f, "Options")
    }
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
    ///
    /// # Errors
    /// The codelet fails with [`ErrorKind::Stale`] or [`ErrorKind::Foreign`] if this runtime does not have the block.
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
    ///
    /// # Errors
    /// The codelet fails with [`ErrorKind::Config`] if there is no such engine: they are numbered from 0 to
    /// [`Runtime::xes`](crate::Runtime::xes) - 1.
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
    ///
    /// # Errors
    /// The codelet fails with [`ErrorKind::Config`] if no execution engine of this runtime is in such a region.
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

    /// How urgent it is. Among codelets that are ready an engine takes the higher level before the lower one, from its own
    /// queues, from what was posted to it, and when it takes from others; but out of 64 that it starts from queues at
    /// least 4 go to each lower level that has something, so that nothing starves. A level moves codelets that are ready:
    /// it interrupts none, and changes no order that accesses and events ask for. Successors that an engine runs one
    /// right after the other do not go through queues; a high one in the engine's own queue comes before them, what
    /// others post is seen after 64 of them at most.
    ///
    /// If a high codelet has to wait, those that it waits for and that have not started become high, too, and those that
    /// these wait for, up to 32 for one spawn. (Not followed: what the children of a codelet hold, parts of
    /// blocks, and of several that hold a block side by side, as readers do, all but the last.)
    ///
    /// In the checking mode, which runs what is ready in any order, levels say nothing.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Priority, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// rt.finish(|s| {
    ///     s.codelet("log").priority(Priority::Low).spawn((), |_, ()| println!("some time"));
    ///     s.codelet("pivot").priority(Priority::High).spawn((), |_, ()| println!("soon"));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn priority(mut self, priority: Priority) -> Self {
        let shared = self.scope.frame().engine.shared;
        if shared.check.is_some() {
            return self;
        }
        if priority != Priority::Normal {
            shared.levels.begin();
        }
        self.spec.priority = priority;
        self
    }

    /// Runs it where others run that it stays with: the members of a [`Group`](crate::Group), or a codelet that was spawned before and all that
    /// stay with that one. That is on the engine where one of them started last, if that is not busy while others are idle. The
    /// first to start chooses; an engine that takes a member from another one takes the group along. A hint, like
    /// [`Options::near`]; of `near`, `with`, `on_xe` and `on_region` the last one counts.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// rt.finish(|s| {
    ///     let first = s.codelet("load").spawn((), |_, ()| Ok(vec![1.0f64; 1 << 10]));
    ///     s.codelet("sum").with(&first).spawn(first.read(), |_, v| println!("{}", v.iter().sum::<f64>()));
    ///     // The same, before any of them is there.
    ///     let tile = s.group();
    ///     let first = s.codelet("load").with(tile).spawn((), |_, ()| Ok(vec![1.0f64; 1 << 10]));
    ///     s.codelet("sum").with(tile).spawn(first.read(), |_, v| println!("{}", v.iter().sum::<f64>()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// An earlier codelet with a place of its own, by `near`, `on_xe` or `on_region`, keeps that, and this one would like to be
    /// there, too. One that has started already cannot tell where: then those that stay with it stay together.
    ///
    /// # Errors
    /// The codelet fails with [`ErrorKind::Foreign`] if another runtime made the group or the codelet, with [`ErrorKind::Stale`] if
    /// the other codelet could not be spawned, and with [`ErrorKind::Graph`] if one of the two is a codelet of a graph and the other
    /// is not in that graph.
    pub fn with(mut self, company: impl Company) -> Self {
        match self.scope.frame().stay_with(company.whom()) {
            Ok(affinity) => self.spec.affinity = affinity,
            Err(error) => self.wrong(error),
        }
        self
    }

    /// What it will cost: operations on floating-point numbers, and bytes moved from or to memory; rough numbers will
    /// do. If that is more than a wake-up costs, an idle engine is woken for it at once, even if it is the only one in
    /// the queue, which is otherwise left to the engine that made it ready.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let (a, b) = (rt.block::<f64>(256 * 256)?, rt.block::<f64>(256 * 256)?);
    /// let (flops, bytes) = (2 * 256 * 256 * 256, 2 * 256 * 256 * 8);
    /// rt.finish(|s| {
    ///     s.codelet("square").cost(flops, bytes).spawn((a.read(), b.write()), |_, (a, b)| {
    ///         for (row, out) in a.chunks(256).zip(b.chunks_mut(256)) {
    ///             out.fill(0.0);
    ///             for (x, other) in row.iter().zip(a.chunks(256)) {
    ///                 out.iter_mut().zip(other).for_each(|(sum, y)| *sum += x * y);
    ///             }
    ///         }
    ///     });
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn cost(mut self, flops: u64, bytes: u64) -> Self {
        let tuning = &self.scope.frame().engine.shared.tuning;
        self.spec.long = route::is_long(flops, bytes, tuning);
        self.spec.cost_ns = route::cost_ns(flops, bytes);
        self
    }

    /// Runs it after an event, beside what its accesses ask for. If the event is poisoned the codelet is skipped.
    ///
    /// # Errors
    /// The codelet fails with [`ErrorKind::Foreign`] if the event is of another runtime, and with [`ErrorKind::Stale`] if
    /// it is the end of a codelet for which there was no record, since nothing could be spawned.
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

    /// The name, where it is spawned if not here, and the level.
    pub(crate) fn about(
        &self,
        here: &'static Location<'static>,
    ) -> (&'static str, &'static Location<'static>, Priority) {
        let name = self.spec.name.unwrap_or(UNNAMED);
        (name, self.spec.at.unwrap_or(here), self.spec.priority)
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

    /// It does not use its blocks.
    pub(crate) fn errand(mut self, errand: Errand) -> Self {
        self.spec.errand = errand;
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

    /// What it is made of.
    pub(crate) fn into_parts(self) -> (&'x Scope<'s>, Spec) {
        (self.scope, self.spec)
    }

    /// The first thing that is wrong is told.
    pub(crate) fn wrong(&mut self, error: Error) {
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
        let mut options = self;
        if !record::spawns(options.scope) {
            let id = record::instead_of(options.scope, &mut options.spec, access, body);
            return Spawned::new(id);
        }
        let id = spawn_in(options.scope, &mut options.spec, access, body);
        options.has_company(id);
        Spawned::new(id)
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
        let name = self.spec.name.unwrap_or(UNNAMED);
        if let Some(id) = self.scope.frame().refuses(Body::unnamed(name), ONCE) {
            return Spawned::new(id);
        }
        let id = spawn_in(self.scope, &mut self.spec, access, body);
        self.has_company(id);
        Spawned::new(id)
    }

    /// It was spawned. Others may ask to stay with it.
    #[inline]
    fn has_company(&self, id: CodeletId) {
        if let Affinity::Group(group) = self.spec.affinity {
            let groups = &self.scope.frame().engine.shared.groups;
            groups.remember(id, group);
        }
    }
}

/// Why a body that can run once is not recorded.
const ONCE: &str = "a graph is replayed, and this body can run only once; use `spawn` with a body that is `Fn`, and record loops and accesses to files as codelets of your own";

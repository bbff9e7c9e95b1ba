//! From a call of `spawn` to a record: which of the ways to spawn is taken, by what the accesses and options are.

use crate::access::{Access, Declared, PlainList, Shape};
use crate::affinity::{Affinity, Priority};
use crate::codelet::{Body, Vtable, record_bytes};
use crate::engine::Frame;
use crate::glue::Glue;
use crate::guard::{Spawn, guarded};
use crate::id::CodeletId;
use crate::outcome::Outcome;
use crate::scope::Scope;
use crate::spawn::{Begun, Spec, Traits};
use std::panic::Location;

/// What a codelet is called that has no name.
pub(crate) const UNNAMED: &str = "codelet";

/// A codelet without a name that is spawned here.
#[track_caller]
#[inline]
pub(crate) fn unnamed(vtable: &'static Vtable) -> Body {
    Body {
        vtable,
        name: UNNAMED,
        spawned_at: Location::caller(),
    }
}

/// Spawns a codelet that depends on nothing, whose captures `put` puts into the payload of a record made for its vtable.
#[inline(always)]
pub(crate) fn spawn_bare(
    scope: &Scope<'_>,
    about: Body,
    traits: Traits,
    put: impl FnOnce(*mut u8),
) -> CodeletId {
    let frame = scope.frame();
    frame.throttle();
    let id = guarded(Spawn, || frame.begin_bare(about, traits));
    if id.record() != 0 {
        put(frame.engine.shared.arena.payload(id.record()));
        guarded(Spawn, || frame.launch_bare(id, about.vtable));
    }
    id
}

/// Spawns a codelet with these options.
#[track_caller]
#[inline]
pub(crate) fn spawn_in<'s, A, F, O>(
    scope: &Scope<'s>,
    spec: &mut Spec,
    access: A,
    body: F,
) -> CodeletId
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
{
    let vtable = Glue::<'s, A, F, O>::vtable();
    spawn_with(scope, spec, access, vtable, |payload, access| {
        // SAFETY: `spawn_with` gives the payload of a new record for this vtable.
        unsafe { Glue::<'s, A, F, O>::put(payload, access, body) }
    })
}

/// Spawns a codelet with these options, whose captures `put` puts into the payload of a record made for the vtable.
#[track_caller]
#[inline]
pub(crate) fn spawn_with<A: Access>(
    scope: &Scope<'_>,
    spec: &mut Spec,
    access: A,
    vtable: &'static Vtable,
    put: impl FnOnce(*mut u8, A),
) -> CodeletId {
    let about = Body {
        vtable,
        name: spec.name.unwrap_or(UNNAMED),
        spawned_at: spec.at.unwrap_or(Location::caller()),
    };
    let frame = scope.frame();
    // Accesses name something, so a type without size declares nothing.
    if const { size_of::<A>() == 0 } && spec.rare.is_none() {
        frame.tell_cost(spec);
        return spawn_bare(scope, about, spec.traits(), |at| put(at, access));
    }
    frame.get_ready(spec);
    let mut list = PlainList::new();
    if spec.is_plain() {
        access.list_plain(&mut list);
    }
    if let Some(id) = frame.begin_few(about, spec, &list) {
        // Else there was no record, and the scope has failed.
        if id.record() != 0 {
            put(frame.payload(id), access);
            // SAFETY: `begin_few` began it so.
            unsafe { frame.launch_few(id, about, spec.priority, &list) };
        }
        return id;
    }
    let mut declared = frame.declared();
    access.declare(&mut declared);
    match frame.begin_declared(about, declared, spec) {
        Ok(begun) => {
            let id = begun.id;
            put(frame.payload(id), access);
            frame.launch_declared(begun, about, spec);
            id
        }
        Err(id) => id,
    }
}

/// What is to be done for a shape of few accesses: a macro for blocks and one for values, which are given how many.
macro_rules! for_shape {
    ($shape:expr, $blocks:ident, $values:ident, $other:expr) => {
        match $shape {
            Shape::Blocks(1) => $blocks!(1),
            Shape::Blocks(2) => $blocks!(2),
            Shape::Blocks(3) => $blocks!(3),
            Shape::Blocks(4) => $blocks!(4),
            Shape::Values(1) => $values!(1),
            Shape::Values(2) => $values!(2),
            Shape::Values(3) => $values!(3),
            Shape::Values(4) => $values!(4),
            Shape::Values(5) => $values!(5),
            Shape::Values(6) => $values!(6),
            Shape::Values(7) => $values!(7),
            _ => $other,
        }
    };
}

// What does not depend on the types of a codelet. Where code is optimised it is all put into the place that spawns: the shape of the
// accesses is known there, so of the ways for all shapes one is left. Where it is not, each of those places would have all of them,
// and tests take three times as long to build.
impl Frame<'_> {
    /// Notes the declared cost of what is spawned next, if there is one.
    #[inline]
    fn tell_cost(&self, spec: &Spec) {
        if spec.cost_ns != 0 {
            self.engine.trace_cost(spec.cost_ns);
        }
    }

    /// What comes before all else.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn get_ready(&self, spec: &mut Spec) {
        self.tell_cost(spec);
        self.throttle();
        if self.engine.shared.loads.is_some() && spec.affinity == Affinity::Anywhere {
            spec.affinity = Affinity::NearData;
        }
    }

    /// Where the captures of a codelet go.
    #[inline]
    pub(crate) fn payload(&self, id: CodeletId) -> *mut u8 {
        self.engine.shared.arena.payload(id.record())
    }

    /// The engine's list for what is declared, empty.
    #[inline]
    fn declared(&self) -> Vec<Declared> {
        self.engine
            .local(|local| std::mem::take(&mut local.declared))
    }

    /// Takes a record for a codelet that declared this, and gives the list back to the engine; or the id of one that failed.
    #[inline]
    fn begin_declared(
        &self,
        about: Body,
        mut declared: Vec<Declared>,
        spec: &mut Spec,
    ) -> Result<Begun, CodeletId> {
        let begun = guarded(Spawn, || self.begin(about, &declared, spec));
        declared.clear();
        self.engine.local(|local| local.declared = declared);
        begun.map_err(|error| self.fail(about.name, about.spawned_at, error))
    }

    /// Publishes a record that [`Frame::begin_declared`] began, and whose payload holds the captures.
    #[inline]
    fn launch_declared(&self, begun: Begun, about: Body, spec: &Spec) {
        guarded(Spawn, || self.launch(begun, about, spec));
    }

    /// Takes a record for a codelet whose accesses, few and all plain, are in the list; 0 if there is none. `None` if the accesses are not
    /// so: then nothing has been done.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn begin_few(&self, about: Body, spec: &Spec, list: &PlainList) -> Option<CodeletId> {
        let traits = spec.traits();
        let shape = list.shape();
        // Levels of readers are given on the general way.
        if spec.priority == Priority::High && matches!(shape, Shape::Values(_)) {
            return None;
        }
        // Known to the compiler, as the vtable is.
        let bytes = |entries| record_bytes(about.vtable.payload, entries);
        macro_rules! blocks {
            ($n:literal) => {{
                let room = ($n, bytes($n));
                Some(guarded(
                    Spawn,
                    #[inline(always)]
                    || self.begin_with(about, traits, room),
                ))
            }};
        }
        macro_rules! values {
            ($n:literal) => {{
                let (bytes, values) = (bytes($n), *list.values());
                guarded(Spawn, || {
                    self.begin_reader::<$n>(about, traits, bytes, &values)
                })
            }};
        }
        for_shape!(shape, blocks, values, None)
    }

    /// Publishes a record that [`Frame::begin_few`] began with the same list, and whose payload holds the captures.
    ///
    /// # Safety
    /// It is such a record.
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn launch_few(&self, id: CodeletId, about: Body, priority: Priority, list: &PlainList) {
        let is_high = priority == Priority::High;
        // What the list has is copied, so that the list need not be there at all.
        macro_rules! blocks {
            ($n:literal) => {{
                let accesses = *list.blocks();
                guarded(
                    Spawn,
                    #[inline(always)]
                    || {
                        // SAFETY: `begin_few` took it for so many, and nobody else knows of it.
                        if !unsafe { self.launch_plain::<$n>(id, about.vtable, is_high, &accesses) }
                        {
                            self.launch_declared_blocks(id, about, priority, &accesses);
                        }
                    },
                )
            }};
        }
        macro_rules! values {
            ($n:literal) => {{
                let values = *list.values();
                guarded(Spawn, || {
                    self.launch_reader::<$n>(id, about.vtable, &values)
                })
            }};
        }
        for_shape!(
            list.shape(),
            blocks,
            values,
            unreachable!("nothing was begun")
        );
    }
}

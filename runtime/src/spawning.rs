//! From a call of `spawn` to a record: which of the ways to spawn is taken, by what the accesses and options are.

use crate::access::{Access, PlainList, Shape};
use crate::affinity::Affinity;
use crate::codelet::{Body, Vtable};
use crate::glue::Glue;
use crate::guard::{Spawn, guarded};
use crate::id::CodeletId;
use crate::outcome::Outcome;
use crate::scope::Scope;
use crate::spawn::{Spec, Traits};
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
    if spec.cost_ns != 0 {
        scope.frame().engine.trace_cost(spec.cost_ns);
    }
    // Accesses name something, so a type without size declares nothing.
    if size_of::<A>() == 0 && spec.rare.is_none() {
        return spawn_bare(scope, about, spec.traits(), |at| put(at, access));
    }
    let frame = scope.frame();
    frame.throttle();
    if frame.engine.shared.weighs && spec.affinity == Affinity::Anywhere {
        spec.affinity = Affinity::NearData;
    }
    let mut list = PlainList::new();
    if spec.is_plain() {
        access.list_plain(&mut list);
    }
    // Where the shape of the accesses is known, so is which of these it is.
    let spawned = match list.shape() {
        Shape::Blocks(1) => frame.spawn_plain::<1, _, _>(about, spec, &list, access, put),
        Shape::Blocks(2) => frame.spawn_plain::<2, _, _>(about, spec, &list, access, put),
        Shape::Blocks(3) => frame.spawn_plain::<3, _, _>(about, spec, &list, access, put),
        Shape::Blocks(4) => frame.spawn_plain::<4, _, _>(about, spec, &list, access, put),
        Shape::Values(1) => frame.spawn_reader::<1, _, _>(about, spec, &list, access, put),
        Shape::Values(2) => frame.spawn_reader::<2, _, _>(about, spec, &list, access, put),
        Shape::Values(3) => frame.spawn_reader::<3, _, _>(about, spec, &list, access, put),
        Shape::Values(4) => frame.spawn_reader::<4, _, _>(about, spec, &list, access, put),
        Shape::Values(5) => frame.spawn_reader::<5, _, _>(about, spec, &list, access, put),
        Shape::Values(6) => frame.spawn_reader::<6, _, _>(about, spec, &list, access, put),
        Shape::Values(7) => frame.spawn_reader::<7, _, _>(about, spec, &list, access, put),
        _ => Err((access, put)),
    };
    let (access, put) = match spawned {
        Ok(id) => return id,
        Err(unused) => unused,
    };
    let mut declared = (frame.engine).local(|local| std::mem::take(&mut local.declared));
    access.declare(&mut declared);
    let begun = guarded(Spawn, || frame.begin(about, &declared, spec));
    declared.clear();
    frame.engine.local(|local| local.declared = declared);
    match begun {
        Ok(begun) => {
            let id = begun.id;
            let payload = frame.engine.shared.arena.payload(id.record());
            put(payload, access);
            guarded(Spawn, || frame.launch(begun, about, spec));
            id
        }
        Err(error) => frame.fail(about.name, about.spawned_at, error),
    }
}

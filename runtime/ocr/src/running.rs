//! EDTs at work: what their functions are given, and what happens when these return.

use crate::code::{Answer, EPERM};
use crate::context::{self, Context, Running};
use crate::few::Few;
use crate::guid::Guid;
use crate::slots::{DONE, EdtRef, FINISH, HINTED, REFUSED, Sized};
use crate::types::{DB_MODE_RW, ocrEdtDep_t};
use crate::{depend, hint, pause, program};
use sprat::{Lent, OpenBody, Scope};
use std::cell::RefCell;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::atomic::Ordering;

impl<const N: usize> OpenBody for Sized<N> {
    #[inline]
    fn run(&mut self, scope: &Scope<'static>, lent: &[Lent]) {
        run(self.as_edt(), scope, lent);
    }
}

/// Up to so many slots are handed over on the stack.
const FEW_SLOTS: usize = 16;

fn run(edt: EdtRef<'_>, scope: &Scope<'static>, lent: &[Lent]) {
    // Nobody else looks at an EDT that runs.
    let flags = edt.flags.load(Ordering::Relaxed);
    edt.flags.store(flags | DONE, Ordering::Relaxed);
    if flags & REFUSED != 0 {
        return;
    }
    if pause::is_paused() {
        pause::wait();
    }
    let mut few = [const { MaybeUninit::<ocrEdtDep_t>::uninit() }; FEW_SLOTS];
    let mut many = Vec::new();
    let count = edt.depc as usize;
    let deps = match few.get_mut(..count) {
        Some(few) => few,
        None => {
            many.resize_with(count, MaybeUninit::uninit);
            &mut many[..]
        }
    };
    for (slot, dep) in edt.slots().zip(deps.iter_mut()) {
        let (what, mode) = slot.filled();
        let ptr = slot
            .lent()
            .map_or(std::ptr::null_mut(), |at| lent[at].start());
        dep.write(ocrEdtDep_t {
            guid: what.into(),
            ptr: ptr.cast(),
            mode,
        });
    }
    // Most leave nothing to be dropped, and nothing is looked for in those.
    let mut context = ManuallyDrop::new(Context {
        scope,
        place: edt.place,
        edt: Some(Running {
            guid: Guid(edt.guid.load(Ordering::Relaxed)),
            body: edt,
            lent,
            holds: RefCell::new(Few::default()),
            els: RefCell::new(None),
        }),
    });
    context::enter(&context, || {
        let paramv = match edt.paramc {
            0 => std::ptr::null_mut(),
            _ => edt.params().as_ptr().cast_mut().cast::<u64>(),
        };
        let depv = match count {
            0 => std::ptr::null_mut(),
            _ => deps.as_mut_ptr().cast::<ocrEdtDep_t>(),
        };
        // SAFETY: the program's function, called as it was promised: parameters, and what came on its slots.
        let returned = unsafe { (edt.function)(edt.paramc, paramv, edt.depc, depv) };
        end(&context, returned.into(), !lent.is_empty());
    });
    let bare = |edt: &mut Running<'_>| edt.holds.get_mut().is_bare() && edt.els.get_mut().is_none();
    if !context.edt.as_mut().is_some_and(bare) {
        drop(ManuallyDrop::into_inner(context));
    }
}

/// Runs other EDTs on top of the one that runs here, until `done` says so.
///
/// # Errors
/// [`EPERM`] if the EDT has paused: none could start until it resumes.
pub(crate) fn help(context: &Context<'_>, done: &dyn Fn() -> bool) -> Answer {
    if pause::is_paused() && pause::is_own() && !done() {
        return Err(EPERM);
    }
    context.scope.help_until(done);
    Ok(())
}

/// The body has returned: its blocks are given back, then its output event is satisfied.
fn end(context: &Context<'_>, returned: Guid, has_blocks: bool) {
    let edt = context.edt.as_ref().expect("an EDT runs");
    let mut holds = edt.holds.borrow_mut();
    while let Some((_, held)) = holds.pop() {
        // SAFETY: held by this body, which has returned.
        unsafe { context.scope.give_back(held) };
    }
    drop(holds);
    if pause::is_paused() {
        pause::ended(edt.guid);
    }
    let flags = edt.body.flags.load(Ordering::Relaxed);
    if flags & HINTED != 0 {
        hint::forget(edt.guid);
    }
    let finish = flags & FINISH != 0;
    let output = Guid(edt.body.output);
    if finish || output.is_null() {
        return;
    }
    if has_blocks {
        // SAFETY: the body has returned.
        unsafe { context.scope.release_all() };
    }
    let returned = match returned {
        Guid::UNINITIALIZED | Guid::ERROR => Guid::NULL,
        other => other,
    };
    satisfy_output(context, output, returned);
}

/// Satisfies an output event.
#[inline]
pub(crate) fn satisfy_output(context: &Context<'_>, output: Guid, what: Guid) {
    if output.is_null() {
        return;
    }
    // What came is not the program's to hear of: only the checking mode tells of a misuse.
    let satisfied = depend::satisfy(context, output, 0, what);
    if satisfied.is_err() && depend::check_data(context, what).is_err() {
        // An event, which brings what the output event is to come with; if it is there.
        if depend::add(context, what, output, 0, DB_MODE_RW).is_ok() {
            return;
        }
        program::find(|| {
            format!(
                "an EDT returned {:#x}, which is no block (any more); its output event {:#x} comes with nothing",
                what.0, output.0
            )
        });
        // Those who wait for the end of it wait for the end of it all the same.
        let _ = depend::satisfy(context, output, 0, Guid::NULL);
    }
}

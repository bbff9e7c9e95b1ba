//! What runs on this thread: the EDT, its scope, the blocks that it made and holds. A thread that runs none works as a
//! stranger in the program's scope.

use crate::code::{Answer, EAGAIN, EPERM};
use crate::few::Few;
use crate::guid::Guid;
use crate::program;
use crate::slots::EdtRef;
use sprat::{Held, Lent, Scope, ScopeKey};
use std::cell::{Cell, RefCell};
use std::sync::Mutex;

/// Words of EDT-local storage.
pub(crate) const ELS: usize = 16;

/// What runs here.
pub(crate) struct Context<'a> {
    pub(crate) scope: &'a Scope<'static>,
    /// Where what it creates belongs: its finish scope.
    pub(crate) place: ScopeKey,
    /// The EDT that runs, if one does.
    pub(crate) edt: Option<Running<'a>>,
}

/// An EDT that runs.
pub(crate) struct Running<'a> {
    pub(crate) guid: Guid,
    pub(crate) body: EdtRef<'a>,
    /// What its slots lent.
    pub(crate) lent: &'a [Lent],
    /// Blocks that it made and has not released.
    pub(crate) holds: RefCell<Few<(Guid, Held)>>,
    /// Made when it is first written.
    pub(crate) els: RefCell<Option<Box<[Guid; ELS]>>>,
}

thread_local! {
    static CURRENT: Cell<*const Context<'static>> = const { Cell::new(std::ptr::null()) };
}

/// Runs `f` as the body of this context.
#[inline]
pub(crate) fn enter<R>(context: &Context<'_>, f: impl FnOnce() -> R) -> R {
    let before = CURRENT.replace(std::ptr::from_ref(context).cast());
    let result = f();
    CURRENT.set(before);
    result
}

/// What strangers hold: one list, since they are all one to the runtime.
static STRANGERS: Mutex<Vec<Stranger>> = Mutex::new(Vec::new());

struct Stranger(Guid, Held);

// SAFETY: an address and a name; who follows the address says why that is allowed.
unsafe impl Send for Stranger {}

/// The program's own threads have worked with it for the last time: what they hold goes back, since EDTs may wait for it. Nobody is
/// inside by now, and the program's scope has not ended.
pub(crate) fn give_all_back() {
    let Some(program) = program::program() else {
        return;
    };
    // SAFETY: the caller's: the scope has not ended, and waits for whoever calls.
    unsafe { program.runtime.in_scope(program.scope, give_back_strangers) };
}

/// The program is stuck: gives back what its own threads hold if it was shut down, or if none of the EDTs that wait will run. Else such
/// a thread may still be writing what an EDT would read.
pub(crate) fn when_stuck(scope: &Scope<'static>, cut_loose: bool) -> bool {
    (cut_loose || program::is_shut_down()) && give_back_strangers(scope)
}

/// Gives back what the program's own threads hold; whether there was anything. By somebody in the program's scope. They may go on using
/// it, so its memory is kept from before that.
fn give_back_strangers(scope: &Scope<'static>) -> bool {
    let all = std::mem::take(&mut *STRANGERS.lock().unwrap_or_else(|e| e.into_inner()));
    let any = !all.is_empty();
    if any {
        program::keep_memory();
    }
    for Stranger(_, held) in all {
        // SAFETY: held by strangers, of which the program has said that they are done, or that it is; or else nobody gets it.
        unsafe { scope.give_back(held) };
    }
    any
}

/// At the end of a program: what strangers hold goes with its runtime. They never released it, and may go on using it.
pub(crate) fn clear() {
    let all = std::mem::take(&mut *STRANGERS.lock().unwrap_or_else(|e| e.into_inner()));
    if !all.is_empty() {
        program::keep_memory();
    }
}

impl Context<'_> {
    /// Holds a block until it is released. (Inline, as `unhold`: what is held then goes through registers.)
    #[inline]
    pub(crate) fn hold(&self, guid: Guid, held: Held) {
        match &self.edt {
            Some(edt) => edt.holds.borrow_mut().push((guid, held)),
            None => {
                let mut strangers = STRANGERS.lock().unwrap_or_else(|e| e.into_inner());
                strangers.push(Stranger(guid, held));
            }
        }
    }

    /// Where a block is that is held.
    pub(crate) fn held_at(&self, guid: Guid) -> Option<*mut u8> {
        match &self.edt {
            Some(edt) => {
                let holds = edt.holds.borrow();
                let (_, held) = holds.find(|(other, _)| *other == guid)?;
                Some(held.lent().start())
            }
            None => {
                let strangers = STRANGERS.lock().unwrap_or_else(|e| e.into_inner());
                let held = strangers.iter().find(|other| other.0 == guid)?;
                Some(held.1.lent().start())
            }
        }
    }

    /// Takes out a block that is held.
    #[inline]
    pub(crate) fn unhold(&self, guid: Guid) -> Option<Held> {
        match &self.edt {
            Some(edt) => {
                let taken = edt.holds.borrow_mut().take(|(other, _)| *other == guid);
                Some(taken?.1)
            }
            None => {
                let mut strangers = STRANGERS.lock().unwrap_or_else(|e| e.into_inner());
                let at = strangers.iter().rposition(|other| other.0 == guid)?;
                Some(strangers.swap_remove(at).1)
            }
        }
    }
}

/// Works with what runs here.
///
/// # Errors
/// [`EPERM`] if nothing does: no program runs.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Context<'_>) -> Answer<R>) -> Answer<R> {
    let current = CURRENT.get();
    if current.is_null() {
        return as_stranger(f);
    }
    // SAFETY: set by `enter`, whose context stays until it is set back.
    f(unsafe { &*current })
}

#[cold]
fn as_stranger<R>(f: impl FnOnce(&Context<'_>) -> Answer<R>) -> Answer<R> {
    let (program, _inside) = program::let_in().ok_or(EPERM)?;
    let place = program.scope;
    let work = |scope: &Scope<'static>| {
        let context = Context {
            scope,
            place,
            edt: None,
        };
        enter(&context, || f(&context))
    };
    // SAFETY: we are inside, so the program's scope has not ended, if a main of its own started it: its end waits for that. In a
    // program with a `mainEdt`, the program promises an EDT that has not ended as long as its own threads are at work.
    unsafe { program.runtime.in_scope(place, work) }
}

/// The same, again and again as long as it asks for that: a thread outside of all EDTs waits outside of the scope, too, where
/// it is in nobody's way.
pub(crate) fn with_again<R>(mut f: impl FnMut(&Context<'_>) -> Answer<R>) -> Answer<R> {
    loop {
        match with(&mut f) {
            Err(EAGAIN) => std::thread::yield_now(),
            answer => return answer,
        }
    }
}

/// Works with the EDT that runs here, if one does.
#[inline]
pub(crate) fn edt<R>(f: impl FnOnce(&Context<'_>, &Running<'_>) -> R) -> Option<R> {
    let current = CURRENT.get();
    if current.is_null() {
        return None;
    }
    // SAFETY: as in `with`.
    let context = unsafe { &*current };
    context.edt.as_ref().map(|edt| f(context, edt))
}

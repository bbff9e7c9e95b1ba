//! A codelet of a graph: what is needed to run it again and again.

use crate::access::Lent;
use crate::captures::Captures;
use crate::error::ErrorKind;

/// What a body said that did not end well.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) panicked: bool,
}

/// Runs a body. Premises: `captured` is what it was recorded with; the codelet holds what `lent` describes, and nobody reads
/// its value; `frame` points to the engine's context.
pub(crate) type Run =
    unsafe fn(captured: *mut (), frame: *const (), lent: &[Lent]) -> Result<(), Box<Fault>>;

/// What is needed of the type of a recorded codelet, beside its body. At the start of what was captured.
pub(crate) struct Table {
    /// Drops what was captured, and the value. Premise: called once, and it is not used afterwards.
    pub(crate) discard: unsafe fn(captured: *mut ()),
    /// Where the value lies in what was captured; nothing is read there.
    pub(crate) value: usize,
}

/// See the module.
pub(crate) struct Recorded {
    pub(crate) run: Run,
    /// What was captured: begins with its table.
    pub(crate) captured: *mut (),
    /// Where in the graph's list what it is lent begins.
    pub(crate) first_lent: u32,
    pub(crate) lents: u16,
    /// Bits of [`special`].
    pub(crate) special: u16,
    /// Its name, and where it was spawned.
    pub(crate) site: u32,
}

/// Where the round's argument lies, in the list of what codelets are lent.
pub(crate) const ARGUMENT: *mut u8 = std::ptr::without_provenance_mut(usize::MAX);

/// What few recorded codelets have.
pub(crate) mod special {
    /// Some of what it is lent is memory of the engine's own: without a start in the list.
    pub(crate) const SCRATCH: u16 = 1;
    /// Some of it is the round's argument: starts at [`ARGUMENT`](super::ARGUMENT) in the list.
    pub(crate) const ARGUMENT: u16 = 2;
}

impl Recorded {
    /// A codelet with these captures.
    pub(crate) fn new(run: Run, captured: *mut ()) -> Self {
        Recorded {
            run,
            captured,
            first_lent: 0,
            lents: 0,
            special: 0,
            site: 0,
        }
    }

    fn table(&self) -> &'static Table {
        // SAFETY: what was captured begins with its table, and stays as long as the graph, which has this.
        unsafe { *self.captured.cast::<&'static Table>() }
    }

    /// Its value as it is lent to readers.
    pub(crate) fn value(&self) -> Lent {
        Lent {
            start: self.captured.cast::<u8>().wrapping_add(self.table().value),
            bytes: 0,
        }
    }

    /// Drops what was captured.
    ///
    /// # Safety
    /// Called once, when nobody runs it any more.
    unsafe fn discard(&self) {
        // SAFETY: the caller's promise.
        unsafe { (self.table().discard)(self.captured) };
    }
}

// SAFETY: bodies, accesses and values are `Send` and `Sync`, which the interface asks for where it records them.
unsafe impl Send for Recorded {}
// SAFETY: as above; who runs a codelet has it alone, by the graph's protocol.
unsafe impl Sync for Recorded {}

/// The codelets of a graph, with what they captured.
#[derive(Default)]
pub(crate) struct Bodies {
    list: Vec<Recorded>,
    /// Where the captures lie.
    captures: Captures,
}

impl Bodies {
    /// One more, whose captures `keep` puts away.
    pub(crate) fn add(&mut self, keep: impl FnOnce(&mut Captures) -> Recorded) -> &mut Recorded {
        let recorded = keep(&mut self.captures);
        self.list.push(recorded);
        self.list.last_mut().expect("there is one now")
    }

    /// The codelets in program order.
    #[inline]
    pub(crate) fn list(&self) -> &[Recorded] {
        &self.list
    }
}

impl Drop for Bodies {
    fn drop(&mut self) {
        for recorded in &self.list {
            // SAFETY: nobody runs codelets of a graph that goes, and it goes once.
            unsafe { recorded.discard() };
        }
    }
}

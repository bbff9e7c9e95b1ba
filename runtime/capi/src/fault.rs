//! What went wrong: a status, and for the thread that called a message with its details.

use crate::sized::{Sized0, give};
use crate::text::{c_string, without_places};
use crate::types::*;
use sprat::{Error, ErrorKind};
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::ops::{Deref, DerefMut};

/// Why a call is refused or did not end well. One word, so that those that go well move no more than that.
#[derive(Debug)]
pub(crate) struct Fault(Box<Told>);

/// What there is to tell.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: sprat_status,
    pub(crate) message: String,
    details: Details,
}

impl Deref for Fault {
    type Target = Told;
    fn deref(&self) -> &Told {
        &self.0
    }
}

impl DerefMut for Fault {
    fn deref_mut(&mut self) -> &mut Told {
        &mut self.0
    }
}

/// What is told beside, where there is anything.
#[derive(Debug, Default)]
struct Details {
    cause: sprat_status,
    codelet: Option<String>,
    failed: u64,
    skipped: u64,
    ran: u64,
    not_started: u64,
    rounds: u64,
}

impl Fault {
    #[cold]
    pub(crate) fn new(status: sprat_status, message: impl Into<String>) -> Self {
        Fault(Box::new(Told {
            status,
            message: message.into(),
            details: Details::default(),
        }))
    }

    #[cold]
    pub(crate) fn null(what: &str) -> Self {
        Fault::new(SPRAT_NULL, format!("{what} is null; pass an address"))
    }

    /// A name of blocks, events and the like that is all zeros.
    #[cold]
    pub(crate) fn nameless(what: &str) -> Self {
        Fault::new(
            SPRAT_NULL,
            format!("{what} is 0, which names none; make it first, and look at the status of that"),
        )
    }

    #[cold]
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Fault::new(SPRAT_ARGUMENT, message)
    }

    /// As an error of the runtime's, for what the body of a codelet or scope did.
    pub(crate) fn into_error(self) -> Error {
        Error::new(kind_of(self.status), self.0.message)
    }
}

impl From<Error> for Fault {
    #[cold]
    fn from(error: Error) -> Self {
        let mut details = Details::default();
        if let Some(failure) = error.failure() {
            details.cause = status_of(failure.kind);
            details.codelet = Some(failure.codelet.clone());
            (details.failed, details.skipped) = (failure.failed, failure.skipped);
        }
        if let Some(cancellation) = error.cancellation() {
            (details.failed, details.skipped) = (cancellation.failed, cancellation.skipped);
            (details.ran, details.not_started) = (cancellation.ran, cancellation.not_started);
            details.rounds = cancellation.rounds.map_or(0, |rounds| rounds as u64);
        }
        Fault(Box::new(Told {
            status: status_of(error.kind()),
            message: without_places(&error.to_string()),
            details,
        }))
    }
}

/// Kinds of errors with their statuses and what these mean.
const KINDS: [(ErrorKind, sprat_status, &std::ffi::CStr); 17] = [
    (
        ErrorKind::Topology,
        SPRAT_TOPOLOGY,
        c"a description of a machine makes no sense",
    ),
    (
        ErrorKind::Config,
        SPRAT_CONFIG,
        c"an option or a variable has a value that cannot be used",
    ),
    (
        ErrorKind::BlockSize,
        SPRAT_BLOCK_SIZE,
        c"a block of length zero, or too large",
    ),
    (
        ErrorKind::Foreign,
        SPRAT_FOREIGN,
        c"a handle of another runtime",
    ),
    (
        ErrorKind::Stale,
        SPRAT_STALE,
        c"a handle of something that is gone",
    ),
    (
        ErrorKind::Access,
        SPRAT_ACCESS,
        c"the accesses of a codelet contradict each other or its definition",
    ),
    (
        ErrorKind::Undeclared,
        SPRAT_UNDECLARED,
        c"a codelet named a block that its parent did not declare",
    ),
    (
        ErrorKind::OnEngine,
        SPRAT_ON_ENGINE,
        c"a call for host threads was made in a codelet or in the body of a scope",
    ),
    (ErrorKind::Failed, SPRAT_FAILED, c"a codelet failed"),
    (
        ErrorKind::Check,
        SPRAT_CHECK,
        c"the checking mode found a mistake",
    ),
    (
        ErrorKind::Stuck,
        SPRAT_STUCK,
        c"a scope could make no progress",
    ),
    (
        ErrorKind::Cancelled,
        SPRAT_CANCELLED,
        c"the scope or the replay was cancelled",
    ),
    (
        ErrorKind::Suspended,
        SPRAT_SUSPENDED,
        c"a resume without a suspend, or a call that would wait for the thread's own resume",
    ),
    (
        ErrorKind::Event,
        SPRAT_EVENT,
        c"an event was used against its rules, or cannot come any more",
    ),
    (
        ErrorKind::Graph,
        SPRAT_GRAPH,
        c"a graph cannot hold what was to be recorded, or is being replayed",
    ),
    (
        ErrorKind::System,
        SPRAT_SYSTEM,
        c"the operating system refused memory, a thread, or a call",
    ),
    (
        ErrorKind::User,
        SPRAT_USER,
        c"an error of the program's own",
    ),
];

/// Statuses that only this interface has.
const OURS: [(sprat_status, &std::ffi::CStr); 5] = [
    (SPRAT_OK, c"no error"),
    (SPRAT_NULL, c"a pointer is null that must not be"),
    (SPRAT_ARGUMENT, c"an argument that can never be right"),
    (
        SPRAT_SCOPE,
        c"a scope was used on another thread than its own, or after its body",
    ),
    (
        SPRAT_OTHER,
        c"an error of a kind that the C interface does not know",
    ),
];

fn status_of(kind: ErrorKind) -> sprat_status {
    let found = KINDS.iter().find(|(known, ..)| *known == kind);
    found.map_or(SPRAT_OTHER, |&(_, status, _)| status)
}

/// The status that a failure with this one has after it has gone through the runtime.
pub(crate) fn status_as_told(status: sprat_status) -> sprat_status {
    status_of(kind_of(status))
}

fn kind_of(status: sprat_status) -> ErrorKind {
    let found = KINDS.iter().find(|(_, known, _)| *known == status);
    found.map_or(ErrorKind::User, |&(kind, ..)| kind)
}

/// The last failure of a thread, as its caller may look at it.
#[derive(Debug, Default)]
struct Last {
    status: sprat_status,
    message: CString,
    codelet: CString,
    details: Details,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// The status of a call, after its failure, if it is one, was noted for the thread.
#[inline]
pub(crate) fn ended(result: Result<(), Fault>) -> sprat_status {
    match result {
        Ok(()) => SPRAT_OK,
        Err(fault) => note(fault),
    }
}

#[cold]
fn note(fault: Fault) -> sprat_status {
    let Told {
        status,
        message,
        mut details,
    } = *fault.0;
    let codelet = details.codelet.take().unwrap_or_default();
    // A thread that ends has nobody left to tell.
    let _ = LAST.try_with(|last| {
        *last.borrow_mut() = Last {
            status,
            message: c_string(message),
            codelet: c_string(codelet),
            details,
        };
    });
    status
}

/// A short text for a status, which stays.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_status_text(status: sprat_status) -> *const c_char {
    let kinds = KINDS.iter().map(|&(_, status, text)| (status, text));
    let found = kinds.chain(OURS).find(|&(known, _)| known == status);
    found
        .map_or(c"no status of Sprat's", |(_, text)| text)
        .as_ptr()
}

/// What the last call on this thread that failed said; an empty text if none did.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_error_message() -> *const c_char {
    let message = LAST.try_with(|last| last.borrow().message.as_ptr());
    message.unwrap_or(c"".as_ptr())
}

/// What the last call on this thread that failed said, in pieces.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_error {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// What that call returned; `SPRAT_OK` if none failed.
    pub status: sprat_status,
    /// Why the first codelet failed; `SPRAT_OK` if none did.
    pub cause: sprat_status,
    /// The message.
    pub message: *const c_char,
    /// The name of the first codelet that failed; empty if none did.
    pub codelet: *const c_char,
    /// How many codelets failed.
    pub failed: u64,
    /// How many were skipped because of that.
    pub skipped: u64,
    /// Of a cancelled scope or replay: how many ran.
    pub ran: u64,
    /// How many did not start.
    pub not_started: u64,
    /// Of a cancelled replay: how many rounds ran.
    pub rounds: u64,
}

// SAFETY: numbers and addresses, the first of which is the size.
unsafe impl Sized0 for sprat_error {
    const NAME: &'static str = "sprat_error";
    const LEAST: usize = 72;
}

/// Tells of the last call on this thread that failed.
///
/// # Safety
/// `error` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_error_details(error: *mut sprat_error) -> sprat_status {
    let told = LAST.with(|last| {
        let last = last.borrow();
        sprat_error {
            size: 0,
            status: last.status,
            cause: last.details.cause,
            message: last.message.as_ptr(),
            codelet: last.codelet.as_ptr(),
            failed: last.details.failed,
            skipped: last.details.skipped,
            ran: last.details.ran,
            not_started: last.details.not_started,
            rounds: last.details.rounds,
        }
    });
    // SAFETY: the caller's promise.
    ended(unsafe { give(error, told) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn each_status_has_a_text_and_each_kind_a_status() {
        let mut seen = std::collections::HashSet::new();
        for status in SPRAT_OK..=SPRAT_OTHER {
            // SAFETY: a text that stays.
            let text = unsafe { CStr::from_ptr(sprat_status_text(status)) };
            assert!(seen.insert(text) && text.to_bytes().len() > 5, "{status}");
        }
        for (kind, status, _) in KINDS {
            assert_eq!((status_of(kind), kind_of(status)), (status, kind));
        }
        // SAFETY: as above.
        let none = unsafe { CStr::from_ptr(sprat_status_text(-7)) };
        assert_eq!(none, c"no status of Sprat's");
    }
}

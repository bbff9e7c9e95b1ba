//! Cancelling as users do it.

use crate::cancel::{Cancellable, Link, ScopeId};
use crate::codelet::flag;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Weak};

/// The right to cancel a scope, for any thread and any codelet. Made by [`Scope::canceller`]; cloned freely. (That of the
/// replays of a graph is made by [`Graph::canceller`](crate::Graph::canceller).)
///
/// ```
/// use sprat::{ErrorKind, Runtime};
///
/// # fn main() -> sprat::Result<()> {
/// let rt = Runtime::new()?;
/// let error = rt
///     .finish(|s| {
///         let canceller = s.canceller();
///         s.spawn((), move |_, ()| {
///             canceller.cancel("there is nothing to look for");
///         });
///         let (never, trigger) = rt.event("never");
///         std::mem::forget(trigger);
///         s.codelet("search").after(&never).spawn((), |_, ()| unreachable!());
///         Ok(())
///     })
///     .unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Cancelled);
/// let left = error.cancellation().unwrap();
/// assert_eq!((left.ran, left.not_started), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Canceller {
    pub(crate) shared: Weak<Shared>,
    pub(crate) of: Cancellable,
}

impl Canceller {
    /// Cancels the scope, and all scopes and codelets inside. True if that came in time: if the scope had not ended and was
    /// not cancelled before.
    ///
    /// From then on none of its codelets is started: their captures are dropped, in their places in the order of
    /// accesses, and what they were to write is poisoned with the cause "cancelled: `reason`". That holds for what is
    /// spawned later, too, and for codelets that wait for events from other threads. Bodies that run are left to end, and
    /// can ask [`Scope::is_cancelled`]. What was written before stays good; a block whose destruction was spawned is
    /// destroyed all the same.
    ///
    /// If the scope is that of a [`finish`](crate::Runtime::finish), this returns
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) when the bodies that run have ended, and the codelets before
    /// which its own stand in line have: those of other hosts' scopes that hold a block which its own wait for, or whose
    /// end they wait for. The cancellation of a scope inside, by itself, is no error of the whole.
    ///
    /// A replay ends after the highest round that has begun: see [`Graph::canceller`](crate::Graph::canceller).
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<String>) -> bool {
        let at = Location::caller();
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        shared.cancel(&self.of, (reason.into(), false), at)
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Cancellable::Scope(_, scope) => write!(f, "Canceller(of scope {})", scope.record),
            Cancellable::Replay(..) => write!(f, "Canceller(of a replay)"),
        }
    }
}

impl Scope<'_> {
    /// The right to cancel this scope: in `finish`, all of it; in a nested scope, that scope; in a codelet's body, the
    /// codelet's children. Taken before the first spawn it makes the counts of
    /// [`Cancellation`](crate::error::Cancellation) complete. While there is a scope with a canceller or a deadline, the
    /// start of each codelet costs some nanoseconds more.
    ///
    /// A codelet of a [recorded graph](crate::Runtime::record) has no children: it cancels nothing, and is told so.
    pub fn canceller(&self) -> Canceller {
        let frame = self.frame();
        let shared = frame.engine.shared;
        let record = shared.arena.record(frame.record);
        // The frame of a graph's codelet is the replay's, whose children call the engines.
        let link = |root: &crate::root::Root| match frame.is_of_a_graph() {
            true => Arc::new(Link::closed()),
            false => root.cancels.link(&shared.cancelling),
        };
        let scope = ScopeId {
            record: frame.record,
            generation: record.ended.generation(),
            whole: record.flags() & flag::ROOT != 0,
        };
        Canceller {
            shared: Arc::downgrade(&shared.hold()),
            of: Cancellable::Scope(frame.engine.with_root(frame.record, link), scope),
        }
    }

    /// Cancels this scope: in a codelet's body, the codelet's children. Does what [`Canceller::cancel`] does.
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<String>) -> bool {
        self.canceller().cancel(reason)
    }

    /// Whether this scope, or one that it is in, is cancelled: a body that takes long asks now and then, and ends early.
    pub fn is_cancelled(&self) -> bool {
        let frame = self.frame();
        let shared = frame.engine.shared;
        if shared.cancelling.watched.load(Ordering::Relaxed) == 0 {
            return false;
        }
        shared.look_at_deadlines();
        frame.engine.cut_in(frame.record) != 0
    }
}

//! Whom a codelet can stay with: a group, or an earlier codelet. See `docs/design/priorities.md`.

use crate::affinity::{self, Affinity};
use crate::engine::Frame;
use crate::error::{Error, ErrorKind, Result};
use crate::group::Group;
use crate::id::CodeletId;
use crate::instead::Instead;
use crate::recorder::Recorder;
use crate::sync::atomic::Ordering;

/// Whom a codelet can stay [with](crate::Options::with): a [`Group`], or a codelet that was spawned before, as `&spawned`.
#[diagnostic::on_unimplemented(
    message = "no codelet can stay with `{Self}`",
    label = "neither a group nor an earlier codelet",
    note = "a codelet stays with an earlier one, `with(&first)` where `first` is what `spawn` returned, or with the members of a group: `let group = s.group();` and `with(group)`",
    note = "for the place of a block there is `near(block)`, for an engine `on_xe(number)`"
)]
pub trait Company: sealed::Named {}

impl Company for Group {}

mod sealed {
    /// Who it is.
    #[derive(Debug)]
    pub struct Whom(pub(super) super::Kind);

    pub trait Named {
        fn whom(self) -> Whom;
    }
}
pub(crate) use sealed::{Named, Whom};

#[derive(Debug)]
enum Kind {
    Group(Group),
    Codelet(CodeletId),
}

impl Named for Group {
    fn whom(self) -> Whom {
        Whom(Kind::Group(self))
    }
}

impl Whom {
    pub(crate) fn codelet(id: CodeletId) -> Self {
        Whom(Kind::Codelet(id))
    }
}

impl Frame<'_> {
    /// The place of a codelet that is about to be spawned and shall stay with these.
    pub(crate) fn stay_with(&self, whom: Whom) -> Result<Affinity> {
        let shared = self.engine.shared;
        let id = match whom.0 {
            Kind::Group(group) if group.runtime == shared.id => {
                return Ok(Affinity::Group(group.number));
            }
            Kind::Group(_) => {
                return Err(Error::new(
                    ErrorKind::Foreign,
                    "a group of another runtime; use it with the runtime that made it",
                ));
            }
            Kind::Codelet(id) => id,
        };
        if let Instead::Record(recorder) = self.engine.local(|local| local.instead) {
            // SAFETY: it stays as long as the engine says so, on this thread.
            let recorder = unsafe { &*recorder.cast::<Recorder>() };
            return recorder.stay_with(shared, id);
        }
        if id.as_recorded().is_some() {
            return Err(Error::new(
                ErrorKind::Graph,
                "it stays with a codelet of a graph, which runs in each replay; name the engine, by `on_xe` or `near`",
            ));
        }
        if id.record() == 0 {
            return Err(Error::new(
                ErrorKind::Stale,
                "it stays with a codelet that could not be spawned (see the first error of the scope)",
            ));
        }
        if id.runtime() != shared.id {
            return Err(Error::new(
                ErrorKind::Foreign,
                "it stays with a codelet of another runtime; make a group, or name one of this runtime",
            ));
        }
        Ok(self.join_company(id))
    }

    /// Where an earlier codelet would run, which joins a group if it says nothing itself and has not started.
    fn join_company(&self, id: CodeletId) -> Affinity {
        let shared = self.engine.shared;
        let record = shared.arena.record(id.record());
        if record.ended.generation() != id.generation() {
            return Affinity::Group(shared.groups.of(shared.id, id));
        }
        // It may end meanwhile: then its record's next tenant may be in the group for nothing, which does no harm.
        let mut word = record.affinity.load(Ordering::Relaxed);
        loop {
            match Affinity::decode(word) {
                Affinity::Anywhere | Affinity::NearData => (),
                Affinity::Prefer(xe) | Affinity::Only(xe) => return Affinity::Prefer(xe),
                // Its body, if it has one, has no place of its own.
                Affinity::Control => return Affinity::Group(shared.groups.of(shared.id, id)),
                place => return place,
            }
            let group = shared.groups.of(shared.id, id);
            let joined = affinity::in_group(word, group);
            let order = Ordering::Relaxed;
            match (record.affinity).compare_exchange(word, joined, order, order) {
                Ok(_) => {
                    record.brings_group();
                    return Affinity::Group(group);
                }
                Err(now) => word = now,
            }
        }
    }
}

//! Codelets that wait for their turns in one block and for nothing else: the engine that is in the block runs several of them, one
//! after the other, and takes the block's lock once for all of them.
//!
//! Argued in `docs/design/turns.md`; model: `models/commuting.rs`.

use crate::access::{Mode, Shape};
use crate::affinity;
use crate::block_table::Queue;
use crate::codelet::{Record, Vtable};
use crate::commuting::{Woken, pass, turn_or_wait};
use crate::decide::dependence::{Effect, Waits};
use crate::engine::{Engine, Followers};
use crate::local::Via;
use crate::mutants::mutant;
use crate::sync::atomic::Ordering;

/// So many have their turns between two looks at the block's list, at most.
const MOST: usize = if cfg!(sprat_loom) { 3 } else { 32 };

/// How many codelets ahead an engine fetches what it runs: a body of some nanoseconds takes a fraction of the time that a record takes
/// to come from another core.
const AHEAD: usize = 4;

/// One that has the turn in a block, and those who have it next. They stay in the block's list, but nobody else lets them in while the
/// turn is not given back.
pub(crate) struct InTurn {
    ids: [u32; MOST],
    count: usize,
}

impl InTurn {
    /// `who` looks for its turn; `None` if it waits for it now, and may run elsewhere as soon as the queue's lock is free.
    pub(crate) fn begin(queue: &mut Queue, who: u32) -> Option<Self> {
        let free = queue.turn_is_free_for(who);
        turn_or_wait(queue, (who, Waits::ForAnybody), free, false).then(|| Self::of(queue, who))
    }

    /// `who` has the turn.
    fn of(queue: &Queue, who: u32) -> Self {
        let (mut ids, mut count) = ([who; MOST], 1);
        for (place, next) in ids[1..].iter_mut().zip(queue.next_turns()) {
            *place = next;
            count += 1;
        }
        InTurn { ids, count }
    }

    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids[..self.count]
    }

    /// Those before this place have left, and who is there has its turn. Does what is to be done for that; each place but the first
    /// is told of at most once.
    pub(crate) fn reach(&self, queue: &mut Queue, at: usize) {
        if at > 0 && !mutant!("turns_reached_unsaid") {
            queue.turn_went_on(at, self.ids[at]);
        }
    }

    /// The one at this place leaves, which has its turn and did what it had declared. Who is to be woken, and if it `goes_on`
    /// those who can be run with that one.
    pub(crate) fn leave(
        &self,
        queue: &mut Queue,
        at: usize,
        goes_on: bool,
    ) -> (Option<Woken>, Option<Self>) {
        let goes_on = goes_on && queue.next_turns().next().is_some();
        let next = pass(queue, self.ids[at]);
        let then = match &next {
            Some(next) if goes_on => Some(Self::of(queue, next.who)),
            _ => None,
        };
        queue.leave(self.ids[at], Mode::Commute, Effect::Done);
        (next, then)
    }
}

/// What the last one left that ran in its turn.
enum End {
    /// It has ended, and the engine may go on with those who come next.
    GoesOn,
    /// It has ended, and others can run now that this engine would hold up.
    Stops,
    /// It has not ended, or not well; and has so many children.
    NotYet(u64),
}

impl Engine<'_> {
    /// Whether a codelet waits for its turn in one block and for nothing else, and may run wherever others are in that block.
    #[inline]
    pub(crate) fn runs_in_turn(&self, record: &Record) -> bool {
        record.shape() == Shape::Blocks(1) && self.queues_for_turn(record)
    }

    /// Runs such a codelet when it has its turn, and then those who have theirs next, as long as nothing else is to be done. Whoever
    /// called counts the first one.
    #[inline(never)]
    pub(crate) fn in_turn<const TRACED: bool>(&self, first: u32, followers: &mut Followers) {
        let arena = &self.shared.arena;
        // SAFETY: it is ready: it lives, and was published to us.
        let payload = unsafe { arena.record(first).vtable() }.payload;
        let cell = Self::queue_of(&arena.first_entries(first, payload, 1)[0]);
        let Some(mut turns) = cell.queue.with(|queue| InTurn::begin(queue, first)) else {
            return;
        };
        self.fetch_first(&turns);
        let mut left = self.local(|local| local.left);
        loop {
            let (at, end) = self.run_in_turn::<TRACED>(&turns);
            left = left.saturating_sub(at as u32 + 1);
            // One is left for who called.
            self.local(|local| local.left = left + 1);
            let last = turns.ids[at];
            let goes_on = match end {
                End::GoesOn => left > 0,
                End::Stops => false,
                End::NotYet(children) => {
                    if at > 0 {
                        cell.queue.with(|queue| turns.reach(queue, at));
                        self.end_all(&turns.ids[..at], followers);
                    }
                    self.body_ended(last, arena.record(last), children, followers);
                    return;
                }
            };
            let (next, then, step) = cell.queue.with(|queue| {
                turns.reach(queue, at);
                let (next, then) = turns.leave(queue, at, goes_on);
                (next, then, queue.next_step())
            });
            if let Some(then) = &then {
                self.fetch_first(then);
            } else if let Some(next) = next {
                self.woken(next, followers);
            }
            if step.is_some() {
                self.go_on(cell, last, step, followers);
            }
            self.end_all(&turns.ids[..=at], followers);
            match then {
                None => return,
                Some(then) => turns = then,
            }
            if let Some(next) = followers.next.take() {
                // It need not wait for them.
                self.post(next);
            }
            let record = arena.record(turns.ids[0]);
            if TRACED {
                self.trace_turn(turns.ids[0], record);
            }
            let parent = record.parent.load(Ordering::Relaxed);
            self.settle_ended_unless(parent, &mut Followers::posted());
        }
    }

    /// Runs the bodies of those who have their turns, each of which ends the codelet: but that of the last one that runs, perhaps. Its
    /// place, and what it left.
    fn run_in_turn<const TRACED: bool>(&self, turns: &InTurn) -> (usize, End) {
        let arena = &self.shared.arena;
        let ids = turns.ids();
        let parent_of = |id: u32| arena.record(id).parent.load(Ordering::Relaxed);
        let parent = parent_of(ids[0]);
        let mut at = 0;
        loop {
            let (id, record) = (ids[at], arena.record(ids[at]));
            if let Some(&ahead) = ids.get(at + AHEAD) {
                arena.fetch(ahead);
            }
            if TRACED && at > 0 {
                self.trace_turn(id, record);
            }
            // SAFETY: it has its turn, so it lives, and the queue's lock published it to us.
            let vtable = unsafe { record.vtable() };
            let children = self.run_body::<TRACED>(id, record, vtable);
            let has_ended = children == 0
                && self.ended_well(record, record.flags())
                && !self.let_children_in_here(id, vtable);
            if !has_ended {
                return (at, End::NotYet(children));
            }
            let holds_up = record.ended.is_awaited()
                || self.local(|local| local.kept) != 0
                || self.shared.levels.used();
            if holds_up && !mutant!("turns_hold_up") {
                return (at, End::Stops);
            }
            // A parent whose last child has ended waits for nobody else.
            if ids
                .get(at + 1)
                .is_none_or(|&next| parent_of(next) != parent)
            {
                return (at, End::GoesOn);
            }
            at += 1;
        }
    }

    #[inline]
    fn fetch_first(&self, turns: &InTurn) {
        let first = turns.ids().iter().take(AHEAD);
        first.for_each(|&id| self.shared.arena.fetch(id));
    }

    /// Whether a body has left a queue for children in the only block of its codelet.
    #[inline]
    fn let_children_in_here(&self, id: u32, vtable: &Vtable) -> bool {
        let entries = self.shared.arena.first_entries(id, vtable.payload, 1);
        Self::children_of(&entries[0]).is_some()
    }

    /// One that waited for its turn runs here, and was not made ready before.
    #[cold]
    fn trace_turn(&self, id: u32, record: &Record) {
        let word = record.affinity.load(Ordering::Relaxed);
        if word & affinity::TRACED != 0 {
            self.trace_ready(id, word);
        }
        self.local(|local| local.via = Via::Next);
    }

    /// Ends codelets that have ended well, with their bodies, and have given their block back.
    fn end_all(&self, ids: &[u32], followers: &mut Followers) {
        for &id in ids {
            let record = self.shared.arena.record(id);
            self.end_given_back(id, record, record.flags(), followers);
        }
    }
}

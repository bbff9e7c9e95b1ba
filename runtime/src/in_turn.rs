//! Codelets that wait for their turns in one block and for nothing else: the engine that is in the block runs several of them, one
//! after the other, and takes the block's lock once for all of them.
//!
//! Argued in `docs/design/turns.md`; model: `models/commuting.rs`.

use crate::access::{Mode, Shape};
use crate::affinity;
use crate::block_table::{Queue, QueueCell};
use crate::codelet::{Record, Vtable};
use crate::commuting::{Woken, pass, turn_or_wait};
use crate::decide::dependence::{Effect, Waits};
use crate::engine::{Engine, Followers};
use crate::local::{InHand, Via};
use crate::mutants::mutant;
use crate::sync::atomic::Ordering;
use std::cell::Cell;

/// So many have their turns between two looks at the block's list, at most.
const MOST: usize = if cfg!(sprat_loom) { 3 } else { 32 };

/// How many codelets ahead an engine fetches what it runs: a body of some nanoseconds takes a fraction of the time that a record takes
/// to come from another core.
const AHEAD: usize = 4;

/// After so many bodies the engine asks whether somebody waits for any of those who have run; after the others for the last one alone.
const LOOKS: usize = 4;

/// One that has the turn in a block, and those who have it next. They stay in the block's list, but nobody else lets them in while the
/// turn is not given back.
pub(crate) struct InTurn {
    ids: [u32; MOST],
    count: usize,
    /// Whose body runs, or ran last.
    at: Cell<usize>,
    /// Those before this place have left the block's queue, and have ended.
    gone: Cell<usize>,
}

impl InTurn {
    /// `who` looks for its turn; `None` if it waits for it now, and may run elsewhere as soon as the queue's lock is free. There are
    /// `most` with it, itself included; at least one.
    pub(crate) fn begin(queue: &mut Queue, who: u32, most: usize) -> Option<Self> {
        let free = queue.turn_is_free_for(who);
        turn_or_wait(queue, (who, Waits::ForAnybody), free, false)
            .then(|| Self::of(queue, who, most))
    }

    /// `who` has the turn.
    fn of(queue: &Queue, who: u32, most: usize) -> Self {
        let (mut ids, mut count) = ([who; MOST], 1);
        let places = ids[1..].iter_mut().take(most - 1);
        for (place, next) in places.zip(queue.next_turns()) {
            *place = next;
            count += 1;
        }
        let (at, gone) = (Cell::new(0), Cell::new(0));
        InTurn {
            ids,
            count,
            at,
            gone,
        }
    }

    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids[..self.count]
    }

    /// Those who have run, and have not ended.
    fn have_run(&self) -> &[u32] {
        &self.ids[self.gone.get()..self.at.get()]
    }

    /// Those before this place leave, and who is there has its turn.
    pub(crate) fn reach(&self, queue: &mut Queue, at: usize) {
        let gone = self.gone.replace(at);
        if at > gone && !mutant!("turns_reached_unsaid") {
            queue.turn_went_on(at - gone, self.ids[at]);
        }
    }

    /// The one at this place leaves, which has its turn and did what it had declared. Who is to be woken, and if it goes on so `many`
    /// who can be run with that one.
    pub(crate) fn leave(
        &self,
        queue: &mut Queue,
        at: usize,
        many: usize,
    ) -> (Option<Woken>, Option<Self>) {
        let goes_on = many > 0 && queue.next_turns().next().is_some();
        let next = pass(queue, self.ids[at]);
        let then = match &next {
            Some(next) if goes_on => Some(Self::of(queue, next.who, many)),
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
        let cell = self.only_queue_of(first);
        let mut left = self.local(|local| local.left) as usize;
        let Some(mut turns) = cell.queue.with(|queue| InTurn::begin(queue, first, left)) else {
            return;
        };
        self.fetch_first(&turns);
        loop {
            let in_hand = InHand((&raw const turns).cast());
            let outer = self.local(|local| std::mem::replace(&mut local.in_turn, in_hand));
            let end = self.run_in_turn::<TRACED>(&turns);
            let at = turns.at.get();
            left -= at + 1;
            self.local(|local| {
                local.in_turn = outer;
                // One is left for who called.
                local.left = left as u32 + 1;
            });
            let last = turns.ids[at];
            let stops = matches!(end, End::Stops);
            let many = match end {
                End::GoesOn => left,
                End::Stops => 0,
                End::NotYet(children) => {
                    self.end_before(cell, &turns, followers);
                    self.body_ended(last, arena.record(last), children, followers);
                    return;
                }
            };
            let ended = turns.gone.get()..at + 1;
            let (next, then, step) = cell.queue.with(|queue| {
                turns.reach(queue, at);
                let (next, then) = turns.leave(queue, at, many);
                (next, then, queue.next_step())
            });
            if let Some(then) = &then {
                self.fetch_first(then);
            }
            if step.is_some() {
                self.go_on(cell, last, step, followers);
            }
            self.end_all(&turns.ids[ended], followers);
            let may_go_on = |then: &InTurn| self.queues_for_turn(arena.record(then.ids[0]));
            match then.filter(may_go_on) {
                Some(then) => turns = then,
                None => {
                    // If this engine has something else to do after each, looking who else could be run is in vain.
                    let next = if stops { next.map(Woken::alone) } else { next };
                    next.into_iter()
                        .for_each(|next| self.woken(next, followers));
                    return;
                }
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

    /// Runs the bodies of those who have their turns, each of which ends the codelet: but that of the last one that runs, perhaps. What
    /// that one left.
    fn run_in_turn<const TRACED: bool>(&self, turns: &InTurn) -> End {
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
                return End::NotYet(children);
            }
            if self.holds_up(turns) && !mutant!("turns_hold_up") {
                return End::Stops;
            }
            // A parent whose last child has ended waits for nobody else. And one can have been given a group or a level since it joined the list.
            let may_follow =
                |&next: &u32| parent_of(next) == parent && self.queues_for_turn(arena.record(next));
            if !ids.get(at + 1).is_some_and(may_follow) {
                return End::GoesOn;
            }
            at += 1;
            turns.at.set(at);
        }
    }

    /// Whether something could be done, and the seat's engine would do it or let others do it, if those who have run ended now.
    #[inline]
    fn holds_up(&self, turns: &InTurn) -> bool {
        let is_awaited = |&id: &u32| self.shared.arena.record(id).ended.is_awaited();
        let at = turns.at.get();
        // Who begins to wait late is few bodies' time late; a look at all after each would cost more than the lock.
        let from = if at % LOOKS == LOOKS - 1 {
            turns.gone.get()
        } else {
            at
        };
        turns.ids[from..=at].iter().any(is_awaited)
            || self.local(|local| local.kept != 0 || local.urgent)
    }

    /// The body that runs is about to wait: those who had their turns right before it end.
    pub(crate) fn end_who_have_run(&self) {
        let InHand(turns) = self.local(|local| local.in_turn);
        if turns.is_null() {
            return;
        }
        // SAFETY: it lies in the frame of `in_turn` above which the body runs, which takes the address away before it changes it.
        let turns = unsafe { &*turns.cast::<InTurn>() };
        let cell = self.only_queue_of(turns.ids[turns.at.get()]);
        self.end_before(cell, turns, &mut Followers::posted());
    }

    /// Those whose bodies ran before the last one leave, and end; that one has its turn.
    fn end_before(&self, cell: &QueueCell, turns: &InTurn, followers: &mut Followers) {
        let have_run = turns.have_run();
        if !have_run.is_empty() {
            cell.queue.with(|queue| turns.reach(queue, turns.at.get()));
            self.end_all(have_run, followers);
        }
    }

    /// The queue of the only block of a codelet, which is ready.
    fn only_queue_of(&self, id: u32) -> &QueueCell {
        let arena = &self.shared.arena;
        // SAFETY: it is ready: it lives, and was published to us.
        let payload = unsafe { arena.record(id).vtable() }.payload;
        Self::queue_of(&arena.first_entries(id, payload, 1)[0])
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

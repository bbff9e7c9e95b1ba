//! Codelets that commute: each takes its turn in all the blocks in which it commutes, or in none of them, and the engine
//! that is done with a block runs the next one there.
//!
//! Argued in `docs/design/turns.md`; model: `models/commuting.rs`.

use crate::access::Mode;
use crate::affinity::{self, Priority};
use crate::block_table::{Queue, QueueCell};
use crate::codelet::{Record, flag};
use crate::decide::dependence::{Effect, Waits};
use crate::engine::{Engine, Followers};
use crate::entry::{Entry, EntryKind};
use crate::mutants::mutant;
use crate::sync::atomic::Ordering;

/// `who`, which is in the groups of these queues, takes its turn in all of them as one step. If one is busy it waits
/// there instead, before all that do not go `first`, and may be woken and run by others before this returns; `woken` are then those who are to look for their
/// turn instead of it.
pub(crate) fn take_turns(
    cells: &mut [&QueueCell],
    who: u32,
    first: bool,
    woken: &mut Vec<u32>,
) -> bool {
    if mutant!("turns_one_by_one") {
        return one_by_one(cells, who);
    }
    if let [only] = cells {
        return take_turn(only, who, first);
    }
    if !mutant!("turns_unsorted") {
        cells.sort_unstable_by_key(|cell| cell.slot);
    }
    for cell in cells.iter() {
        cell.queue.acquire();
    }
    let is_busy = |cell: &&&QueueCell| {
        // SAFETY: we hold this lock, and looking does not come back to it.
        !unsafe { cell.queue.locked(|queue| queue.turn_is_free_for(who)) }
    };
    let busy = cells.iter().find(is_busy).copied();
    for cell in cells.iter() {
        let waits_here = busy.is_some_and(|busy| std::ptr::eq(busy, *cell));
        let passes_on = !mutant!("turns_not_passed_on");
        // SAFETY: we hold this lock, and what is done here does not come back to it.
        let next = unsafe {
            cell.queue.locked(|queue| match busy {
                None => {
                    queue.take_turn(who);
                    None
                }
                Some(_) if waits_here => {
                    queue.wait_for_turn(who, Waits::ForMore, first);
                    None
                }
                // We may have been woken for this one, which is still free: somebody else may be able to use it.
                Some(_) => queue.pass_turn(who).filter(|_| passes_on),
            })
        };
        woken.extend(next);
    }
    for cell in cells.iter() {
        // SAFETY: taken above, given back once.
        unsafe { cell.queue.release() };
    }
    busy.is_none()
}

/// The same for one queue alone: who waits there has the turn when it is woken.
fn take_turn(cell: &QueueCell, who: u32, first: bool) -> bool {
    (cell.queue).with(|queue| {
        let free = queue.turn_is_free_for(who);
        turn_or_wait(queue, (who, Waits::Alone), free, first)
    })
}

/// One that waits for nothing else looks: it takes its turn if that is `free`, or joins the list, and may run elsewhere as soon as the
/// queue's lock is free.
pub(crate) fn turn_or_wait(
    queue: &mut Queue,
    (who, waits): (u32, Waits),
    free: bool,
    first: bool,
) -> bool {
    match free {
        true => queue.take_turn(who),
        false => queue.wait_for_turn(who, waits, first),
    }
    free
}

/// What [`take_turns`] must not do, for the mutant of this name: each turn in a step of its own, kept while the next one is
/// waited for.
fn one_by_one(cells: &[&QueueCell], who: u32) -> bool {
    cells.iter().all(|cell| take_turn(cell, who, false))
}

/// The same for one that enters just now. It goes before nobody: one that was woken for a turn that is nobody's may have yet to look.
pub(crate) fn turn_at_entrance(queue: &mut Queue, who: u32) -> bool {
    let free = queue.turn_is_nobodys();
    turn_or_wait(queue, (who, Waits::ForAnybody), free, false)
}

impl Engine<'_> {
    /// Whether a codelet that commutes in one block, and waits for nothing else, can go to the list of that block where it is spawned:
    /// whoever passes the turn on may run it, and nobody sorts it by level.
    #[inline]
    pub(crate) fn queues_for_turn(&self, record: &Record) -> bool {
        let word = record.affinity.load(Ordering::Relaxed);
        !self.shared.levels.used() && affinity::is_anybodys(word)
    }

    /// A codelet that commutes is about to run. False if it waits for its turn; it may be running elsewhere by then.
    pub(crate) fn take_turns(&self, id: u32, payload: usize, followers: &mut Followers) -> bool {
        let arena = &self.shared.arena;
        let record = arena.record(id);
        if record.cause.load(Ordering::Relaxed) != 0 {
            // It does not run.
            return true;
        }
        let level = affinity::priority(record.affinity.load(Ordering::Relaxed));
        let is_first = level == Priority::High;
        let commutes = |entry: &Entry| entry.kind() == EntryKind::Block(Mode::Commute);
        let entries = arena.entries(id, payload).map(|(_, entry)| entry);
        let mut cells = entries.filter(|e| commutes(e)).map(Self::queue_of);
        let mut woken = Vec::new();
        let taken = match (cells.next(), cells.next()) {
            (Some(only), None) => take_turns(&mut [only], id, is_first, &mut woken),
            (first, second) => {
                let mut all: Vec<&QueueCell> =
                    first.into_iter().chain(second).chain(cells).collect();
                take_turns(&mut all, id, is_first, &mut woken)
            }
        };
        for next in woken {
            self.ready(next, followers);
        }
        taken
    }

    /// A codelet that commuted has ended, or was skipped: whose turn it is next runs here, next if possible.
    pub(crate) fn pass_turn(&self, cell: &QueueCell, id: u32, followers: &mut Followers) {
        if let Some(next) = cell.queue.with(|queue| pass(queue, id)) {
            self.woken(next, followers);
        }
    }

    /// The same, and it leaves the queue, in which it had no children, as one step: who waits for its turn costs the next one
    /// nothing more than that.
    pub(crate) fn leave_turn(
        &self,
        cell: &QueueCell,
        id: u32,
        effect: Effect,
        followers: &mut Followers,
    ) {
        let (next, step) = cell.queue.with(|queue| {
            let next = pass(queue, id);
            queue.leave(id, Mode::Commute, effect);
            (next, queue.next_step())
        });
        if let Some(next) = next {
            self.woken(next, followers);
        }
        if step.is_some() {
            self.go_on(cell, id, step, followers);
        }
    }

    /// One that waited for its turn runs here, next if possible.
    pub(crate) fn woken(&self, next: Woken, followers: &mut Followers) {
        let record = self.shared.arena.record(next.who);
        // It waited, so it is nobody's but ours. It looks who can be run with it, if somebody can.
        if next.has_turn && !(next.is_followed && self.runs_in_turn(record)) {
            record.need_not_look();
        }
        let before = followers.next.take();
        self.ready(next.who, followers);
        if let Some(before) = before {
            self.ready(before, followers);
        }
    }
}

impl Record {
    /// It has its turn already when it runs.
    pub(crate) fn need_not_look(&self) {
        self.set_flags(self.flags() & !flag::COMMUTES);
    }
}

/// One that waited for its turn: it has it now, or is to look whether it can have all of its turns.
pub(crate) struct Woken {
    pub(crate) who: u32,
    has_turn: bool,
    /// Somebody is behind it whom anybody may run who has the turn.
    is_followed: bool,
}

impl Woken {
    /// It runs by itself, whoever is behind it.
    pub(crate) fn alone(self) -> Self {
        Woken {
            is_followed: false,
            ..self
        }
    }
}

/// See [`Queue::pass_turn`].
pub(crate) fn pass(queue: &mut Queue, id: u32) -> Option<Woken> {
    let who = queue.pass_turn(id)?;
    let has_turn = queue.has_turn(who);
    let is_followed = queue.next_turns().next().is_some();
    Some(Woken {
        who,
        has_turn,
        is_followed,
    })
}

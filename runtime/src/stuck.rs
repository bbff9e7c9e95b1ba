//! Scopes that can make no progress: found, told of, ended. See `docs/design/stuck.md`.
//!
//! Runs only when every engine sleeps, all queues are empty, no body of a host outside of all seats is open, and nobody
//! can begin anything meanwhile: who satisfies an event from outside takes the lock on `stranger`, which is held here,
//! and a host that enters a scope looks at `inspected`, and waits for that lock. Then nothing moves, and what is read
//! here is exact.

mod reasons;

use crate::block_table::Queue;
use crate::codelet::{Body, flag};
use crate::decide::dependence::Poison;
use crate::engine::{Engine, Followers};
use crate::entry::EntryKind;
use crate::error::{ErrorKind, Origin, Waiting};
use crate::event::{EventCell, Links, OneShot};
use crate::failure::Cause;
use crate::local::Local;
use crate::root::Root;
use crate::shared::{Shared, still};
use crate::sync::atomic::Ordering;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// What stands still.
pub(crate) struct Still<'a> {
    shared: &'a Shared,
    /// Codelets that have not run, by the scope they belong to.
    waiting: HashMap<u32, Vec<u32>>,
    /// The queues and lists that were looked at, by their addresses.
    seen: HashSet<usize>,
    /// Of these, those that have more in them than was looked at.
    longer: HashSet<usize>,
    /// Entries that wait in a list of a one-shot.
    in_lists: HashSet<u32>,
    /// Codelets that wait in a queue, by the queue's address.
    in_queues: HashSet<(usize, u32)>,
    /// The same for parts, with where they start.
    in_parts: HashSet<(usize, u32, u64)>,
    /// So many entries of one codelet are looked at.
    most: usize,
    /// What was looked at so far: entries of codelets, queues and lists, and records on the ways to scopes.
    visited: Cell<usize>,
}

/// Why nothing was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoLook {
    /// Something moves, or has moved since it was looked before.
    Moves,
    /// Somebody else looks, or is just beginning something: that says nothing about what moves.
    Busy,
}

impl Shared {
    /// Ends the scopes that can make no progress; how many.
    pub(crate) fn end_stuck_scopes(&self) -> u64 {
        let claims = self.claims();
        if self.looked_at.load(Ordering::Relaxed) == claims {
            // Nothing has moved since, and looking costs a walk over all records.
            return 0;
        }
        if !self.stands_still() {
            // Who moves asks for a look, or looks, before all sleep again.
            return 0;
        }
        self.looked_at.store(claims, Ordering::Relaxed);
        let seen = self.all_have_hope(claims);
        let put_off = seen.is_none() && !self.is_put_off_too_long();
        if !put_off {
            self.put_off_since.store(u64::MAX, Ordering::Relaxed);
        }
        if seen == Some(true) {
            return 0;
        }
        self.looked_at.store(u64::MAX, Ordering::Relaxed);
        if put_off {
            // Perhaps nobody became ready by what moved, and nobody else would look.
            self.request(&self.domains[0]);
            return 0;
        }
        let Ok(mut stranger) = self.stranger.try_lock() else {
            // Somebody is just beginning something: look again after that.
            self.request(&self.domains[0]);
            return 0;
        };
        let claims = self.claims();
        self.inspected.store(true, Ordering::Relaxed);
        let stood = self.stands_still();
        let ended = match stood {
            true => self.end_stuck(&mut stranger),
            false => Some(0),
        };
        match ended {
            Some(0) if stood => self.looked_at.store(claims, Ordering::Relaxed),
            // Perhaps nobody waited for what was given back.
            None => self.request(&self.domains[0]),
            _ => (),
        }
        // Release pairs with the Acquire in `wait_for_inspection`.
        self.inspected.store(false, Ordering::Release);
        ended.unwrap_or(0)
    }

    /// Looks at something while nothing moves, and nothing can begin.
    pub(crate) fn while_still<R>(&self, look: impl FnOnce() -> R) -> Result<R, NoLook> {
        let _stranger = self.stranger.try_lock().map_err(|_| NoLook::Busy)?;
        self.inspected.store(true, Ordering::Relaxed);
        let found = self.stands_still().then(look);
        // Release pairs with the Acquire in `wait_for_inspection`.
        self.inspected.store(false, Ordering::Release);
        found.ok_or(NoLook::Moves)
    }

    /// Ends what is stuck; how many scopes. `None` if something was given back for one of them, so that it may go on.
    fn end_stuck(&self, stranger: &mut Local) -> Option<u64> {
        let still = Still::look(self);
        let stuck = still.stuck_roots();
        if stuck.is_empty() {
            return Some(0);
        }
        // SAFETY: it is borrowed from the lock's guard until the end.
        let engine = unsafe { Engine::new(self, None, stranger) };
        engine.keep_open(&stuck, || {
            if stuck.iter().any(|&root| engine.gives_back(root, false)) {
                return None;
            }
            let mut followers = Followers::posted();
            let mut ready = Vec::new();
            for &root in &stuck {
                still.report(root);
                still.cut_loose(root, &mut ready);
            }
            for id in ready {
                engine.ready(id, &mut followers);
            }
            for &root in &stuck {
                engine.gives_back(root, true);
            }
            Some(stuck.len() as u64)
        })
    }

    fn stands_still(&self) -> bool {
        let quiet = |seat: &crate::seat::Seat<_>| {
            seat.inbox.is_empty() && seat.pinned.is_empty() && seat.has_none()
        };
        let idles = self.domains.iter().map(|domain| &domain.idle);
        still(idles, &self.outside_bodies, || {
            self.seats.iter().all(quiet)
                && self.levels.are_empty()
                && self.domains.iter().all(|domain| domain.injector.is_empty())
                && self.regions.iter().all(|region| region.is_empty())
        })
    }
}

impl<'a> Still<'a> {
    fn look(shared: &'a Shared) -> Self {
        let (mut still, mut all) = (Still::nothing(shared, usize::MAX), usize::MAX);
        for id in shared.arena.ids() {
            if shared.waits(id) {
                still.waiting.entry(still.root(id)).or_default().push(id);
                still.look_at(id, &mut all);
            }
        }
        still
    }

    /// Nothing was looked at yet; of no codelet are more than `most` entries.
    pub(crate) fn nothing(shared: &'a Shared, most: usize) -> Self {
        Still {
            shared,
            waiting: HashMap::new(),
            seen: HashSet::new(),
            longer: HashSet::new(),
            in_lists: HashSet::new(),
            in_queues: HashSet::new(),
            in_parts: HashSet::new(),
            most,
            visited: Cell::new(0),
        }
    }

    /// How many entries were looked at so far, and records on the ways to their scopes.
    pub(crate) fn visited(&self) -> usize {
        self.visited.get()
    }

    /// Some more were looked at.
    pub(crate) fn visit(&self, count: usize) {
        self.visited.set(self.visited.get() + count);
    }

    /// Looks who is in the queues and lists that a codelet may wait in: at no more than `left`, from which they are taken off. Behind that
    /// it is only noted that these have more in them.
    pub(crate) fn look_at(&mut self, id: u32, left: &mut usize) {
        let arena = &self.shared.arena;
        for node in self.nodes(id).take(self.most) {
            self.visit(1);
            *left = left.saturating_sub(1);
            let entry = arena.entry(node);
            if entry.kind().is_block() {
                let cell = Engine::queue_of(entry);
                let address = std::ptr::from_ref(cell).addr();
                if !self.seen.insert(address) {
                    continue;
                }
                let most = *left;
                let (waiting, parts) = cell.queue.with(|queue: &mut Queue| {
                    let waiting: Vec<_> = queue.waiting().take(most).collect();
                    let parts = queue.waiting_for_parts().take(most - waiting.len());
                    let parts: Vec<_> = parts.collect();
                    (waiting, parts)
                });
                self.visit(waiting.len() + parts.len());
                *left -= waiting.len() + parts.len();
                if *left == 0 {
                    self.longer.insert(address);
                }
                let pairs = waiting.into_iter().map(|(who, _)| (address, who));
                self.in_queues.extend(pairs);
                let parts = parts.into_iter();
                let parts = parts.map(|(who, _, extent)| (address, who, extent.start()));
                self.in_parts.extend(parts);
            } else if let Some(event) = self.one_shot(node) {
                let address = std::ptr::from_ref(event).addr();
                if !self.seen.insert(address) {
                    continue;
                }
                let mut at = event.waiters();
                while at != 0 && *left > 0 {
                    self.in_lists.insert(at);
                    at = arena.next(at);
                    self.visit(1);
                    *left -= 1;
                }
                if at != 0 {
                    self.longer.insert(address);
                }
            }
        }
    }

    /// The nodes of a codelet's entries, those of bounds among them.
    fn nodes(&self, id: u32) -> impl Iterator<Item = u32> + use<'a> {
        let arena = &self.shared.arena;
        // SAFETY: it lives and nothing moves.
        let payload = unsafe { arena.record(id).vtable() }.payload;
        arena.places(id, payload).map(|(node, _)| node)
    }

    /// The one-shot that an entry waits for, if its event is still there.
    fn one_shot(&self, node: u32) -> Option<&'a OneShot> {
        let entry = self.shared.arena.entry(node);
        match entry.kind() {
            EntryKind::Block(_)
            | EntryKind::Weak
            | EntryKind::Scratch
            | EntryKind::Part(_)
            | EntryKind::Bounds => None,
            EntryKind::Event => self.event(node).map(|cell| &cell.one_shot),
            _ => Some(&self.shared.arena.record(entry.target_record()).ended),
        }
    }

    fn event(&self, node: u32) -> Option<&'a EventCell> {
        let target = self.shared.arena.entry(node).target().cast::<EventCell>();
        // SAFETY: the target is forgotten when the event fires, and until then its trigger keeps it.
        unsafe { target.as_ref() }
    }

    /// Whether one of the first entries of a codelet waits for an event that comes from outside.
    pub(crate) fn waits_for_outside(&self, id: u32) -> bool {
        let is_outside = |node: u32| {
            self.visit(1);
            let is_event = self.shared.arena.entry(node).kind() == EntryKind::Event;
            is_event && self.event(node).is_some_and(|event| event.outside)
        };
        self.nodes(id).take(self.most).any(is_outside)
    }

    pub(crate) fn root(&self, id: u32) -> u32 {
        let arena = &self.shared.arena;
        let mut at = id;
        self.visit(1);
        while arena.record(at).flags() & flag::ROOT == 0 {
            at = arena.record(at).parent.load(Ordering::Relaxed);
            self.visit(1);
        }
        at
    }

    /// The scopes in which somebody waits, and nobody for anything that can still come: from outside, or from a scope
    /// for which there is hope.
    fn stuck_roots(&self) -> Vec<u32> {
        let mut hopeful: HashSet<u32> = HashSet::new();
        let mut links: Vec<(u32, u32)> = Vec::new();
        let users = self.users_of_queues();
        // Children wait in a queue of their own for their parent's weak place to come.
        for (root, outer) in self.weak_places() {
            links.extend(users[&outer].iter().map(|&other| (root, other)));
        }
        // An access to a file will end.
        hopeful.extend(self.shared.io.in_flight().iter().map(|&id| self.root(id)));
        for (&root, ids) in &self.waiting {
            for node in ids.iter().flat_map(|&id| self.nodes(id)) {
                let entry = self.shared.arena.entry(node);
                match entry.kind() {
                    EntryKind::Block(_) | EntryKind::Part(_) => {
                        let address = std::ptr::from_ref(Engine::queue_of(entry)).addr();
                        links.extend(users[&address].iter().map(|&other| (root, other)));
                    }
                    EntryKind::Weak => (),
                    _ if !self.in_lists.contains(&node) => (),
                    EntryKind::Event => {
                        if self.event(node).is_some_and(|event| event.outside) {
                            hopeful.insert(root);
                        }
                    }
                    _ => links.push((root, self.root(entry.target_record()))),
                }
            }
        }
        let mut before = usize::MAX;
        while before != hopeful.len() {
            before = hopeful.len();
            let more = links.iter().filter(|(_, on)| hopeful.contains(on));
            let more: Vec<u32> = more.map(|&(root, _)| root).collect();
            hopeful.extend(more);
        }
        let roots = self.waiting.keys().copied();
        roots.filter(|root| !hopeful.contains(root)).collect()
    }

    /// The codelets that have not ended, whether they have run or not. One that has ended and is kept for its value has
    /// given its blocks back.
    fn codelets(&self) -> impl Iterator<Item = u32> {
        let other = flag::ROOT | flag::SCOPE | flag::EXTENSION;
        self.shared.arena.ids().into_iter().filter(move |&id| {
            let flags = self.shared.arena.record(id).flags();
            flags & flag::ALIVE != 0 && flags & other == 0 && !self.has_ended(id)
        })
    }

    /// The queues in which codelets have places for their children only, with the scopes of these.
    fn weak_places(&self) -> Vec<(u32, usize)> {
        let mut places = Vec::new();
        for id in self.codelets() {
            for node in self.nodes(id) {
                let entry = self.shared.arena.entry(node);
                if entry.kind() == EntryKind::Weak {
                    let address = std::ptr::from_ref(Engine::queue_of(entry)).addr();
                    places.push((self.root(id), address));
                }
            }
        }
        places
    }

    /// For each queue the scopes of those who hold it or wait in it.
    fn users_of_queues(&self) -> HashMap<usize, HashSet<u32>> {
        let mut users: HashMap<usize, HashSet<u32>> = HashMap::new();
        for id in self.codelets() {
            for node in self.nodes(id) {
                let entry = self.shared.arena.entry(node);
                if entry.kind().is_block() {
                    let address = std::ptr::from_ref(Engine::queue_of(entry)).addr();
                    users.entry(address).or_default().insert(self.root(id));
                }
            }
        }
        users
    }

    fn has_ended(&self, id: u32) -> bool {
        let ended = &self.shared.arena.record(id).ended;
        ended.verdict(ended.generation()).is_some()
    }

    fn body(&self, id: u32) -> Body {
        // SAFETY: it lives and nothing moves.
        unsafe { self.shared.arena.record(id).body() }
    }

    /// Names each waiting codelet of a stuck scope and what it waits for.
    fn report(&self, root: u32) {
        let describe = |&id: &u32| {
            let body = self.body(id);
            Waiting {
                codelet: body.name.to_owned(),
                spawned_at: body.spawned_at,
                waits_for: self.waits_for(id),
            }
        };
        // One that was refused has failed already, and only keeps its place.
        let would_run = |&&id: &&u32| self.shared.arena.record(id).flags() & flag::CAPTURES != 0;
        let ids = self.waiting[&root].iter().filter(would_run);
        let mut waiting: Vec<Waiting> = ids.map(describe).collect();
        waiting.sort_by_key(|w| (w.spawned_at.file(), w.spawned_at.line(), w.codelet.clone()));
        // SAFETY: a root's payload holds the root, which stays until its scope has ended.
        let report = unsafe { Root::of(self.shared.arena.payload(root)) };
        crate::sync::lock(&report.stuck).extend(waiting);
    }

    /// Poisons the waiting codelets of a stuck scope and takes them out of all lists; the rest is the usual way of
    /// codelets that are skipped. (Queues among codelets have no circle, so they drain by themselves.)
    fn cut_loose(&self, root: u32, ready: &mut Vec<u32>) {
        let arena = &self.shared.arena;
        let ids = &self.waiting[&root];
        let mine: HashSet<u32> = ids.iter().flat_map(|&id| self.nodes(id)).collect();
        for &id in ids {
            let record = arena.record(id);
            record.poison(self.stuck_cause(id).get());
            if record.is_open() {
                record.close_open();
                ready.push(id);
            }
        }
        for &node in &mine {
            let entry = arena.entry(node);
            if entry.kind().is_block() || !self.in_lists.contains(&node) {
                continue;
            }
            let Some(event) = self.one_shot(node) else {
                continue;
            };
            self.leave_list(event, &mine, ready);
        }
    }

    /// Takes the entries `mine` out of a list of waiters.
    fn leave_list(&self, event: &OneShot, mine: &HashSet<u32>, ready: &mut Vec<u32>) {
        let arena = &self.shared.arena;
        let (mut at, mut kept) = (event.waiters(), 0);
        while at != 0 {
            let next = arena.next(at);
            if mine.contains(&at) {
                let entry = arena.entry(at);
                let waiter = arena.owner_of_entry(at, entry.distance());
                if entry.kind() == EntryKind::Event {
                    entry.forget_target();
                }
                if arena.record(waiter).pending.arrive(1) {
                    ready.push(waiter);
                }
            } else {
                arena.set_next(at, kept);
                kept = at;
            }
            at = next;
        }
        event.set_waiters(kept);
    }

    fn stuck_cause(&self, id: u32) -> Poison {
        let body = self.body(id);
        self.shared.failures.add(Cause {
            codelet: body.name,
            spawned_at: body.spawned_at,
            message: "its scope was stuck".to_owned(),
            panicked: false,
            kind: ErrorKind::Stuck,
            origin: Origin::Codelet,
        })
    }
}

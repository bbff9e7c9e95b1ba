//! Spawning, without the types of the interface: a record is begun, filled by the caller, and launched.

use crate::access::Declared;
use crate::affinity::{self, Affinity, Errand, Priority};
use crate::codelet::{Body, Record, Vtable, extensions, flag, record_bytes};
use crate::engine::Frame;
use crate::entry::{Entry, EntryKind};
use crate::error::{Error, ErrorKind, Origin, Result};
use crate::event::{EventCell, Registered};
use crate::failure::Cause;
use crate::id::CodeletId;
use crate::sync::atomic::Ordering;
use std::panic::Location;

/// What a codelet waits for beside its accesses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    /// An event of this runtime, which its trigger keeps until it has fired.
    Event(*const EventCell),
    /// The end of a codelet.
    End(CodeletId),
}

/// The options of a spawn.
#[derive(Debug, Default)]
pub(crate) struct Spec {
    pub(crate) name: Option<&'static str>,
    /// Where it is spawned, if not where `spawn` is called.
    pub(crate) at: Option<&'static Location<'static>>,
    pub(crate) affinity: Affinity,
    pub(crate) priority: Priority,
    /// Its declared cost is longer than a wake-up.
    pub(crate) long: bool,
    /// Its declared cost in nanoseconds; 0 if none was declared.
    pub(crate) cost_ns: u32,
    pub(crate) at_ready: bool,
    pub(crate) destroys: bool,
    /// What it does with its blocks, if it is the runtime's own.
    pub(crate) errand: Errand,
    /// What most codelets do not have.
    pub(crate) rare: Option<Box<Rare>>,
}

/// Options that most codelets do not have.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    pub(crate) after: Vec<After>,
    /// What keeps the events of `after` until the codelet has joined them.
    pub(crate) kept: Vec<Box<dyn std::any::Any>>,
    /// What is already wrong with it.
    pub(crate) error: Option<Error>,
}

/// What a record says of its codelet from the start.
#[derive(Clone, Copy)]
pub(crate) struct Traits {
    flags: u16,
    /// See `affinity.rs`.
    hints: u32,
}

impl Traits {
    /// Of a codelet without options.
    pub(crate) const NONE: Traits = Traits {
        flags: flag::CAPTURES | flag::WAITS,
        hints: 0,
    };

    /// Of an open codelet: it enters its queues when its slots are filled.
    #[inline]
    pub(crate) fn open(affinity: Affinity, priority: Priority) -> Self {
        Traits {
            flags: Traits::NONE.flags | flag::RELEASES,
            hints: affinity::word(affinity, priority, false) | affinity::errand(Errand::None),
        }
    }
}

impl Spec {
    #[inline]
    pub(crate) fn traits(&self) -> Traits {
        let mut flags = Traits::NONE.flags;
        if self.destroys {
            flags |= flag::DESTROYS;
        }
        if self.at_ready {
            flags |= flag::RELEASES;
        }
        if let Affinity::Group(_) = self.affinity {
            flags |= flag::GROUPED;
        }
        Traits {
            flags,
            hints: affinity::word(self.affinity, self.priority, self.long)
                | affinity::errand(self.errand),
        }
    }

    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        !self.destroys && !self.at_ready && self.rare.is_none()
    }

    #[inline]
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    #[inline]
    pub(crate) fn after(&self) -> &[After] {
        self.rare.as_ref().map_or(&[], |rare| &rare.after)
    }

    /// For the options' `Debug`: what was asked for, without the addresses of events.
    pub(crate) fn show(&self, f: &mut std::fmt::Formatter<'_>, as_what: &str) -> std::fmt::Result {
        let mut shown = f.debug_struct(as_what);
        shown
            .field("name", &self.name)
            .field("affinity", &self.affinity)
            .field("priority", &self.priority)
            .field("at_ready", &self.at_ready)
            .field("after", &self.after().len());
        if let Some(error) = self.rare.as_ref().and_then(|rare| rare.error.as_ref()) {
            shown.field("error", error);
        }
        shown.finish()
    }
}

/// What `Frame::write_entries` wrote.
pub(crate) struct Written {
    /// Entries for blocks and their parts.
    pub(crate) blocks: u32,
    /// Nodes that hold bounds of parts.
    pub(crate) bounds: u32,
    /// The first thing that is wrong.
    pub(crate) wrong: Option<Error>,
}

/// A record that is being filled.
pub(crate) struct Begun {
    pub(crate) id: CodeletId,
    /// Entries for blocks.
    blocks: u32,
    /// Nodes that hold bounds of parts.
    bounds: u32,
    refused: Option<Error>,
}

impl Frame<'_> {
    /// Takes a record and writes the entries. What is wrong with the accesses is told by [`Frame::launch`].
    pub(crate) fn begin(
        &self,
        body: Body,
        declared: &[Declared],
        spec: &mut Spec,
    ) -> Result<Begun> {
        let count = declared.len() + spec.after().len();
        if count > usize::from(u16::MAX) {
            return Err(Error::new(
                ErrorKind::Access,
                format!(
                    "one codelet with {count} accesses (of which parts of blocks count for three); split it, at most 65,535 are possible"
                ),
            ));
        }
        let bytes = record_bytes(body.vtable.payload, count);
        let record = self.take_record(body, spec.traits(), (count, bytes))?;
        Ok(self.declare(self.id_of(record), body.vtable.payload, declared, spec))
    }

    /// Writes the entries of a record that was taken for so many.
    pub(crate) fn declare(
        &self,
        id: CodeletId,
        payload: usize,
        declared: &[Declared],
        spec: &mut Spec,
    ) -> Begun {
        let error = spec.rare.as_mut().and_then(|rare| rare.error.take());
        let record = self.engine.shared.arena.record(id.record());
        let more = extensions(payload, record.count());
        let written = match self.extend(id.record(), more) {
            Ok(()) => self.write_entries(id.record(), payload, declared, spec, error),
            Err(error) => {
                record.keep_entries(0);
                Written {
                    blocks: 0,
                    bounds: 0,
                    wrong: Some(error),
                }
            }
        };
        if written.blocks == 0 && more == 0 {
            record.gives_nothing_back();
        }
        Begun {
            id,
            blocks: written.blocks,
            bounds: written.bounds,
            refused: written.wrong,
        }
    }

    /// Takes a record for a codelet with so many entries, of so many `bytes`: see [`Frame::take_record`]. If that fails the scope fails, and
    /// the record is 0.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn begin_with(
        &self,
        body: Body,
        traits: Traits,
        (entries, bytes): (usize, usize),
    ) -> CodeletId {
        match self.take_record(body, traits, (entries, bytes)) {
            Ok(record) => self.id_of(record),
            Err(error) => self.fail(body.name, body.spawned_at, error),
        }
    }

    /// The same for one without entries.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn begin_bare(&self, body: Body, traits: Traits) -> CodeletId {
        let bytes = record_bytes(body.vtable.payload, 0);
        self.begin_with(body, traits, (0, bytes))
    }

    /// Publishes a record without entries whose payload holds the captures.
    #[inline]
    pub(crate) fn launch_bare(&self, id: CodeletId, vtable: &Vtable) {
        self.count_child(id.record(), vtable);
        self.engine.post(id.record());
    }

    /// Takes a record for a codelet with so many entries: of so many `bytes`, which [`record_bytes`] gives, mostly to the
    /// compiler.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn take_record(
        &self,
        body: Body,
        traits: Traits,
        (entries, bytes): (usize, usize),
    ) -> Result<u32> {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let id = engine.local(|local| local.records.take(arena, bytes))?;
        let record = arena.record(id);
        let Traits { mut flags, hints } = traits;
        if body.vtable.has_value {
            flags |= flag::RETAINED;
        }
        record.begin(self.record, flags, hints, entries);
        // SAFETY: the record is ours and not published.
        unsafe { record.set_body(body) };
        Ok(id)
    }

    /// The handle of a record that is ours.
    #[inline]
    pub(crate) fn id_of(&self, record: u32) -> CodeletId {
        let shared = self.engine.shared;
        CodeletId::new(
            shared.id,
            record,
            shared.arena.record(record).ended.generation(),
        )
    }

    /// One more child; its record is kept if it has a value.
    #[inline]
    pub(crate) fn count_child(&self, id: u32, vtable: &Vtable) {
        let arena = &self.engine.shared.arena;
        self.children.set(self.children.get() + 1);
        if self.engine.is_traced() {
            self.engine.trace_spawn(id, self.record);
        }
        if vtable.has_value {
            let parent = arena.record(self.record);
            let kept = parent.retained.load(Ordering::Relaxed);
            arena.record(id).sibling.store(kept, Ordering::Relaxed);
            parent.retained.store(id, Ordering::Relaxed);
        }
    }

    /// Nothing could be spawned: the scope fails, and the handle is one that nobody can wait for.
    #[cold]
    pub(crate) fn fail(
        &self,
        name: &'static str,
        spawned_at: &'static Location<'static>,
        error: Error,
    ) -> CodeletId {
        let cause = Cause {
            codelet: name,
            spawned_at,
            message: error.to_string(),
            panicked: false,
            kind: error.kind(),
            origin: Origin::Codelet,
        };
        self.engine
            .with_root(self.record, |root| root.failed(cause));
        CodeletId::new(self.engine.shared.id, 0, 0)
    }

    /// Publishes a record whose payload holds the captures.
    pub(crate) fn launch(&self, begun: Begun, body: Body, spec: &Spec) {
        let engine = self.engine;
        let id = begun.id.record();
        let record = engine.shared.arena.record(id);
        self.count_child(id, body.vtable);
        if let Some(error) = &begun.refused {
            engine.refuse(id, record, error);
        }
        if spec.priority == Priority::High && record.count() != 0 {
            self.give_level(id, body.vtable.payload);
        }
        if record.count() == 0 || self.depend(record, body, &begun, spec) {
            engine.post(id);
        }
    }

    /// Enters the queues and joins the events. True if the codelet is ready at once.
    fn depend(&self, record: &Record, body: Body, begun: &Begun, spec: &Spec) -> bool {
        let engine = self.engine;
        let (id, blocks) = (begun.id.record(), begun.blocks);
        let payload = body.vtable.payload;
        let total = record.count() as u32 - begun.bounds;
        // No more than what it waits for can arrive, so it cannot be ready before it has joined the last of them; and it
        // is not touched after that, unless something was there already, which is taken off last.
        record.pending.set(total);
        let mut there = 0;
        if spec.at_ready && blocks < total {
            record.set_flags(record.flags() | flag::AT_READY);
            there = blocks;
        } else if blocks > 0 {
            let (granted, error) = engine.enter(id, payload, spec.destroys);
            there = granted;
            if let Some(error) = error {
                engine.refuse(id, record, &error);
            }
        }
        let mut left = total - blocks;
        if left == 0 {
            return there == total || (there > 0 && record.pending.arrive(there));
        }
        let mut entries = engine.shared.arena.entries(id, payload);
        // Not one look further than the last: the record may be somebody else's by then.
        while left > 0
            && let Some((node, entry)) = entries.next()
        {
            if entry.is_for_an_end_or_event() {
                left -= 1;
                there += u32::from(self.join(id, node, entry));
            }
        }
        // Nobody else knows of it if it waits for nothing.
        there == total || (there > 0 && record.pending.arrive(there))
    }

    /// Joins those who wait for what an entry names. True if it is there already.
    #[inline]
    fn join(&self, id: u32, node: u32, entry: &Entry) -> bool {
        let arena = &self.engine.shared.arena;
        let (event, cause, generation) = match entry.kind() {
            EntryKind::Scratch => return true,
            EntryKind::Event => {
                // SAFETY: the caller of `spawn` holds the event, and until it has fired its trigger does.
                let cell = unsafe { &*entry.target().cast::<EventCell>() };
                if cell.outside && self.is_cut_off(id) {
                    return self.joined_late(entry);
                }
                (&cell.one_shot, &cell.cause, 0)
            }
            _ => {
                let other = arena.record(entry.target_record());
                (&other.ended, &other.cause, entry.expected_generation())
            }
        };
        match event.register(generation, node, arena) {
            Registered::Waiting => false,
            // A codelet without a value whose record is gone has ended well: failed ones are kept.
            Registered::Fired | Registered::Stale => self.joined_late(entry),
            Registered::Poisoned => {
                arena.record(id).poison(cause.load(Ordering::Relaxed));
                self.joined_late(entry)
            }
        }
    }

    /// A codelet that would wait for a thread outside: whether its scope is cancelled, so that it shall not.
    fn is_cut_off(&self, id: u32) -> bool {
        let engine = self.engine;
        let watched = engine.shared.cancelling.watched.load(Ordering::Relaxed);
        let poison = match watched {
            0 => 0,
            _ => engine.cut_in(self.record),
        };
        if poison != 0 {
            engine.shared.arena.record(id).poison(poison);
        }
        poison != 0
    }

    /// What the entry names is there already.
    #[inline]
    fn joined_late(&self, entry: &Entry) -> bool {
        if entry.kind() == EntryKind::Event {
            entry.forget_target();
        }
        true
    }

    pub(crate) fn extend(&self, id: u32, extensions: usize) -> Result<()> {
        let arena = &self.engine.shared.arena;
        let mut last = id;
        for _ in 0..extensions {
            let bytes = crate::codelet::MAX_RECORD;
            let more = self
                .engine
                .local(|local| local.records.take(arena, bytes))?;
            arena.record(more).begin(id, flag::EXTENSION, 0, 0);
            arena.record(last).extension.store(more, Ordering::Relaxed);
            last = more;
        }
        Ok(())
    }
}

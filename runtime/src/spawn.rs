//! Spawning, without the types of the interface: a record is begun, filled by the caller, and launched.

use crate::access::Declared;
use crate::affinity::Affinity;
use crate::codelet::{Body, Entry, EntryKind, Record, extensions, flag, record_bytes};
use crate::engine::Frame;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{EventCell, Registered};
use crate::id::CodeletId;
use crate::sync::atomic::Ordering;

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
    pub(crate) affinity: Affinity,
    pub(crate) at_ready: bool,
    pub(crate) destroys: bool,
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

impl Spec {
    #[inline]
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    #[inline]
    pub(crate) fn after(&self) -> &[After] {
        self.rare.as_ref().map_or(&[], |rare| &rare.after)
    }
}

/// A record that is being filled.
pub(crate) struct Begun {
    pub(crate) id: CodeletId,
    /// Entries for blocks.
    blocks: u32,
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
        if declared.is_empty() && spec.rare.is_none() {
            let id = self.take_record(body, spec, 0)?;
            return Ok(Begun {
                id,
                blocks: 0,
                refused: None,
            });
        }
        let count = declared.len() + spec.after().len();
        if count > usize::from(u16::MAX) {
            return Err(Error::new(
                ErrorKind::Access,
                format!("one codelet with {count} accesses; split it, at most 65,535 are possible"),
            ));
        }
        let error = spec.rare.as_mut().and_then(|rare| rare.error.take());
        let id = self.take_record(body, spec, count)?;
        let payload = body.vtable.payload;
        let extended = self.extend(id.record, extensions(payload, count));
        let (blocks, refused) = match extended {
            Ok(()) => self.write_entries(id.record, payload, declared, spec, error),
            Err(error) => {
                let record = self.engine.shared.arena.record(id.record);
                record.keep_entries(0);
                (0, Some(error))
            }
        };
        Ok(Begun {
            id,
            blocks,
            refused,
        })
    }

    /// Takes a record for a codelet with so many entries.
    fn take_record(&self, body: Body, spec: &Spec, entries: usize) -> Result<CodeletId> {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let bytes = record_bytes(body.vtable.payload, entries);
        let id = engine.local(|local| local.records.take(arena, bytes))?;
        let record = arena.record(id);
        let mut flags = flag::CAPTURES | flag::WAITS;
        if spec.destroys {
            flags |= flag::DESTROYS;
        }
        if body.vtable.has_value {
            flags |= flag::RETAINED;
        }
        record.begin(self.record, flags, spec.affinity.encode(), entries);
        // SAFETY: the record is ours and not published.
        unsafe { record.set_body(body) };
        Ok(CodeletId {
            record: id,
            generation: record.ended.generation(),
            runtime: engine.shared.id.0,
        })
    }

    /// Publishes a record whose payload holds the captures.
    pub(crate) fn launch(&self, begun: Begun, body: Body, spec: &Spec) {
        let engine = self.engine;
        let id = begun.id.record;
        let record = engine.shared.arena.record(id);
        self.children.set(self.children.get() + 1);
        if body.vtable.has_value {
            let parent = engine.shared.arena.record(self.record);
            let kept = parent.retained.load(Ordering::Relaxed);
            record.sibling.store(kept, Ordering::Relaxed);
            parent.retained.store(id, Ordering::Relaxed);
        }
        if let Some(error) = begun.refused {
            self.refuse(id, record, body, error);
        }
        if record.count() == 0 || self.depend(id, record, body, begun.blocks, spec) {
            engine.post(id);
        }
    }

    /// Enters the queues and joins the events. True if the codelet is ready at once.
    fn depend(&self, id: u32, record: &Record, body: Body, blocks: u32, spec: &Spec) -> bool {
        let engine = self.engine;
        let payload = body.vtable.payload;
        let total = record.count() as u32;
        record.pending.set(1 + total);
        let mut there = 0;
        if spec.at_ready && blocks < total {
            record.set_flags(record.flags() | flag::AT_READY);
            there = blocks;
        } else if blocks > 0 {
            let (granted, error) = engine.enter(id, payload, spec.destroys);
            there = granted;
            if let Some(error) = error {
                self.refuse(id, record, body, error);
            }
        }
        if blocks < total {
            for (node, entry) in engine.shared.arena.entries(id, payload) {
                if entry.is_for_an_end_or_event() {
                    there += u32::from(self.join(id, node, entry));
                }
            }
        }
        // Nobody else knows of it if it waits for nothing.
        there == total || record.pending.arrive(1 + there)
    }

    /// Joins those who wait for what an entry names. True if it is there already.
    #[inline]
    fn join(&self, id: u32, node: u32, entry: &Entry) -> bool {
        let arena = &self.engine.shared.arena;
        let (event, cause, generation) = match entry.kind() {
            EntryKind::Event => {
                // SAFETY: the caller of `spawn` holds the event, and until it has fired its trigger does.
                let cell = unsafe { &*entry.target().cast::<EventCell>() };
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

    /// What the entry names is there already.
    #[inline]
    fn joined_late(&self, entry: &Entry) -> bool {
        if entry.kind() == EntryKind::Event {
            entry.forget_target();
        }
        true
    }

    /// A codelet whose declaration is wrong: it counts as failed, and takes its place with what is right of it, but will
    /// not run: so all that it was to write is poisoned in order, and who waits for it hears of it.
    #[cold]
    fn refuse(&self, id: u32, record: &Record, body: Body, error: Error) {
        let engine = self.engine;
        record.set_flags(record.flags() & !(flag::CAPTURES | flag::DESTROYS));
        // SAFETY: the payload holds the captures, as the flag said until now.
        unsafe { (body.vtable.discard)(engine.shared.arena.payload(id)) };
        engine.record_failure(id, error.to_string(), false);
    }

    #[inline]
    fn extend(&self, id: u32, extensions: usize) -> Result<()> {
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

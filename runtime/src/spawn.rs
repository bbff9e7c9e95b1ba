//! Spawning, without the types of the interface: a record is begun, filled by the caller, and launched.

use crate::access::{BlockKey, Declared, Mode};
use crate::affinity::Affinity;
use crate::arena::Places;
use crate::block_table::{BlockSlot, QueueCell, destroyed};
use crate::codelet::{Body, Entry, EntryKind, MAX_RECORD, Record, extensions, flag, record_bytes};
use crate::engine::{Engine, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{EventCell, Registered};
use crate::id::{BlockId, CodeletId};
use crate::sync::atomic::{Ordering, fence};

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
    fn after(&self) -> &[After] {
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

/// A dependence, found and checked.
type Found = (EntryKind, *mut (), Option<u32>);

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
        let mut flags = flag::CAPTURES;
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

    /// Writes the entries that are right. Gives how many of them are for blocks, and the first thing that is wrong.
    fn write_entries(
        &self,
        id: u32,
        payload: usize,
        declared: &[Declared],
        spec: &Spec,
        error: Option<Error>,
    ) -> (u32, Option<Error>) {
        let twice = named_twice(declared);
        let mut writer = Writer {
            places: self.engine.shared.arena.places(id, payload),
            first: id,
            written: 0,
            blocks: 0,
            wrong: error.or(twice.map(twice_error)),
        };
        for (at, one) in declared.iter().enumerate() {
            match *one {
                // A block named twice is entered once, for writing.
                Declared::Block(key, _) if twice == Some(key) && !writes_first(declared, at) => (),
                Declared::Block(key, mode) => {
                    writer.add(self.find_block(key.0, mode, spec.destroys));
                }
                Declared::Value(key, kept) => writer.add(self.find_value(key.0, kept)),
            }
        }
        for after in spec.after() {
            writer.add(match *after {
                After::Event(event) => Ok((EntryKind::Event, event.cast_mut().cast(), None)),
                After::End(codelet) => self.find_end(codelet),
            });
        }
        if writer.wrong.is_some() {
            let record = self.engine.shared.arena.record(id);
            record.keep_entries(writer.written);
        }
        (writer.blocks, writer.wrong)
    }

    /// The queue that an access of a child enters: the parent's if the parent declared the block, the block's own if
    /// it was made in here, or for everybody.
    #[inline]
    fn find_block(&self, id: BlockId, mode: Mode, destroys: bool) -> Result<Found> {
        let shared = self.engine.shared;
        let slot = shared.blocks.find(shared.id, id)?;
        let own = || {
            let cell: *const QueueCell = &raw const slot.root;
            (
                EntryKind::Block(mode),
                cell.cast_mut().cast(),
                Some(id.generation()),
            )
        };
        if self.codelet == 0 {
            return match slot.owner.load(Ordering::Relaxed) {
                0 => Ok(own()),
                _ if self.made_here(slot) => Ok(own()),
                _ => Err(self.undeclared(
                    id,
                    "it was made by a codelet of another scope that has not ended",
                )),
            };
        }
        let arena = &shared.arena;
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { arena.record(self.codelet).vtable() }.payload;
        for (_, entry) in arena.entries(self.codelet, payload) {
            let EntryKind::Block(parents) = entry.kind() else {
                continue;
            };
            if Engine::queue_of(entry).slot != id.slot() {
                continue;
            }
            if !slot.is(id) {
                return Err(destroyed(id));
            }
            if destroys {
                let why = "its parent declared it, and goes on holding it; destroy it where it was made, or after the parent";
                return Err(self.undeclared(id, why));
            }
            if !parents.covers(mode) {
                return Err(self.undeclared(id, "its parent declared it for reading only"));
            }
            if entry.children().is_null() {
                let cell = Box::new(QueueCell::for_children(id.slot(), parents));
                entry.set_children(Box::into_raw(cell).cast());
            }
            return Ok((EntryKind::Block(mode), entry.children(), None));
        }
        if self.made_here(slot) {
            Ok(own())
        } else {
            Err(self.undeclared(id, "its parent did not declare it"))
        }
    }

    /// Whether a block was made by the codelet around this body or a descendant of it.
    fn made_here(&self, slot: &BlockSlot) -> bool {
        let arena = &self.engine.shared.arena;
        loop {
            let owner = slot.owner.load(Ordering::Acquire);
            let mut at = owner;
            while at != 0 && at != self.top {
                let record = arena.record(at);
                at = match record.flags() & flag::ROOT {
                    0 => record.parent.load(Ordering::Relaxed),
                    _ => 0,
                };
            }
            // While the owner is the same it has not ended, and neither has anybody above it: the walk was right.
            fence(Ordering::Acquire);
            if slot.owner.load(Ordering::Relaxed) == owner {
                return at == self.top;
            }
        }
    }

    #[cold]
    fn undeclared(&self, id: BlockId, why: &str) -> Error {
        Error::new(
            ErrorKind::Undeclared,
            format!(
                "block {} cannot be used here: {why}; declare it in the parent with the right that the children need",
                id.slot()
            ),
        )
    }

    /// A value can be named where it was spawned, and by codelets that declared it: then it is kept until they end.
    fn find_value(&self, id: CodeletId, kept: bool) -> Result<Found> {
        if !kept {
            let (_, target, generation) = self.find_end(id)?;
            return Ok((EntryKind::Unit, target, generation));
        }
        let shared = self.engine.shared;
        let arena = &shared.arena;
        self.check_runtime(id)?;
        let record = arena.record(id.record);
        let parent = record.parent.load(Ordering::Relaxed);
        // The generation is looked at after the parent: both together mean a child of ours, which is kept.
        let stale = record.ended.generation() != id.generation;
        if !stale && self.scopes().any(|scope| scope == parent) {
            return Ok(value(id));
        }
        let declares = |codelet: u32| {
            // SAFETY: the codelet runs this body, so it lives.
            let payload = unsafe { arena.record(codelet).vtable() }.payload;
            let mut entries = arena.entries(codelet, payload);
            entries.any(|(_, e)| e.kind() == EntryKind::Value && e.target_record() == id.record)
        };
        if !stale && self.codelet != 0 && declares(self.codelet) {
            return Ok(value(id));
        }
        Err(match stale {
            true => Error::new(
                ErrorKind::Stale,
                "a value was named after the end of the codelet or scope that it was spawned in; read it there, or return it",
            ),
            false => Error::new(
                ErrorKind::Undeclared,
                "a value was named by a codelet that neither spawned nor declared it; declare `value.read()` in the parent",
            ),
        })
    }

    /// The record that children belong to and the scopes around it, up to the codelet or the host's scope.
    #[inline]
    fn scopes(&self) -> impl Iterator<Item = u32> + '_ {
        let arena = &self.engine.shared.arena;
        let up =
            |&at: &u32| (at != self.top).then(|| arena.record(at).parent.load(Ordering::Relaxed));
        std::iter::successors(Some(self.record), up)
    }

    #[inline]
    fn find_end(&self, id: CodeletId) -> Result<Found> {
        self.check_runtime(id)?;
        let target = std::ptr::without_provenance_mut(id.record as usize);
        Ok((EntryKind::End, target, Some(id.generation)))
    }

    #[inline]
    fn check_runtime(&self, id: CodeletId) -> Result<()> {
        let shared = self.engine.shared;
        if id.record == 0 {
            return Err(Error::new(
                ErrorKind::Stale,
                "the codelet named here could not be spawned (see the first error of the scope)",
            ));
        }
        if id.runtime != shared.id.0 || !shared.arena.is_record(id.record) {
            return Err(Error::new(
                ErrorKind::Foreign,
                "a value or an end of another runtime; use it with the runtime that made it",
            ));
        }
        Ok(())
    }
}

/// Writes the entries of a record that is not published.
struct Writer<'a> {
    places: Places<'a>,
    /// The record's id, where distances begin.
    first: u32,
    written: usize,
    blocks: u32,
    wrong: Option<Error>,
}

impl Writer<'_> {
    #[inline]
    fn add(&mut self, found: Result<Found>) {
        match found {
            Ok((kind, target, generation)) => {
                let (node, place) = self.places.next().expect("one place for each entry");
                // Farther than any record is long: in an extension.
                let distance = match node.wrapping_sub(self.first) {
                    near if near < (MAX_RECORD / size_of::<Entry>()) as u32 => near,
                    _ => 0,
                };
                let entry = Entry::new(kind, target, distance);
                if let Some(generation) = generation {
                    entry.expect_generation(generation);
                }
                // SAFETY: a place of a record that is ours and not published.
                unsafe { place.write(entry) };
                self.written += 1;
                self.blocks += u32::from(matches!(kind, EntryKind::Block(_)));
            }
            Err(error) => {
                self.wrong.get_or_insert(error);
            }
        }
    }
}

#[cold]
fn twice_error(key: BlockKey) -> Error {
    Error::new(
        ErrorKind::Access,
        format!(
            "{key:?} is declared twice by one codelet, once for writing; declare it once, as `read_write`"
        ),
    )
}

/// Whether a declared block is the first one of its name that is written.
#[cold]
fn writes_first(declared: &[Declared], at: usize) -> bool {
    let Declared::Block(key, mode) = declared[at] else {
        return false;
    };
    let writes = |one: &Declared| matches!(one, Declared::Block(k, m) if *k == key && m.writes());
    mode.writes() && !declared[..at].iter().any(writes)
}

/// A block that is declared twice with a write among them, if there is one: it cannot be lent.
fn named_twice(declared: &[Declared]) -> Option<BlockKey> {
    /// Up to so many, comparing all pairs is faster than sorting a copy.
    const FEW: usize = 16;
    let named = declared.iter().filter_map(|one| match one {
        Declared::Block(key, mode) => Some((*key, mode.writes())),
        Declared::Value(..) => None,
    });
    let clash = |a: &(BlockKey, bool), b: &(BlockKey, bool)| a.0 == b.0 && (a.1 || b.1);
    if declared.len() <= FEW {
        let mut left = named.clone();
        return named.clone().find_map(|one| {
            left.next();
            left.clone()
                .any(|other| clash(&one, &other))
                .then_some(one.0)
        });
    }
    let mut blocks: Vec<(BlockKey, bool)> = named.collect();
    // Writes first, so that one stands beside each other mention.
    blocks.sort_unstable_by_key(|&(key, writes)| (key, !writes));
    let pair = blocks.windows(2).find(|pair| clash(&pair[0], &pair[1]));
    pair.map(|pair| pair[0].0)
}

#[inline]
fn value(id: CodeletId) -> Found {
    let target = std::ptr::without_provenance_mut(id.record as usize);
    (EntryKind::Value, target, Some(id.generation))
}

//! What a codelet declares, found and checked: which queue each block's access enters, which values and ends may be named
//! here; and the entries written for them.

use crate::access::{BlockKey, Declared, Mode};
use crate::arena::Places;
use crate::block_table::{BlockSlot, QueueCell, destroyed};
use crate::codelet::{MAX_RECORD, flag};
use crate::declare_part::fitting;
use crate::engine::{Engine, Frame};
use crate::entry::{Entry, EntryKind, Found};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{BlockId, CodeletId};
use crate::out_of_reach::ELSEWHERE;
use crate::spawn::{After, Spec, Written};
use crate::sync::atomic::{Ordering, fence};
use std::collections::{BTreeMap, HashSet};

impl Frame<'_> {
    /// Writes the entries that are right.
    pub(crate) fn write_entries(
        &self,
        id: u32,
        payload: usize,
        declared: &[Declared],
        spec: &Spec,
        error: Option<Error>,
    ) -> Written {
        let blocks = &self.engine.shared.blocks;
        let named = named_twice(declared);
        let twice = match named {
            Named::Once => None,
            Named::Twice(key) => Some((twice_error(&blocks.label(key.0)), named_once(declared))),
            Named::InParts => {
                let fitting = fitting(declared);
                let error = fitting.error(declared, |key| blocks.label(key.0));
                error.map(|error| (error, fitting.places))
            }
        };
        let (clash, once) = twice.unzip();
        let mut writer = Writer {
            places: self.engine.shared.arena.places(id, payload),
            first: id,
            written: 0,
            blocks: 0,
            bounds: 0,
            wrong: error.or(clash),
            commutes: false,
            weak: false,
        };
        for (at, one) in declared.iter().enumerate() {
            match *one {
                // A block named twice is entered once, for writing.
                Declared::Block(..) | Declared::Weak(..) | Declared::Part(_)
                    if once.as_ref().is_some_and(|once| !once.contains(&at)) => {}
                Declared::Block(key, mode) => {
                    writer.commutes |= mode == Mode::Commute;
                    writer.add(self.find_block(key.0, EntryKind::Block(mode), mode, spec.destroys));
                }
                Declared::Weak(key, mode) => {
                    writer.weak = true;
                    writer.add(self.find_block(key.0, EntryKind::Weak, mode, false));
                }
                Declared::Scratch(bytes) => {
                    writer.add(bytes.map(Found::scratch).ok_or_else(scratch_error));
                }
                Declared::Value(key, kept) => writer.add(self.find_value(key.0, kept)),
                Declared::Part(ref key) => {
                    writer.add_part(self.find_part(key, &declared[at + 1..]));
                }
                Declared::Bounds(..) => (),
                Declared::Param(_) => writer.add(Err(param_error())),
            }
        }
        for after in spec.after() {
            writer.add(match *after {
                After::Event(event) => Ok(Found::new(EntryKind::Event, event.cast_mut().cast(), 0)),
                After::End(codelet) => self.find_end(codelet),
            });
        }
        if writer.commutes || writer.weak {
            self.mark(id, &mut writer);
        }
        if writer.wrong.is_some() {
            let record = self.engine.shared.arena.record(id);
            record.keep_entries(writer.written);
        }
        Written {
            blocks: writer.blocks,
            bounds: writer.bounds,
            wrong: writer.wrong,
        }
    }

    /// Notes in the record that it has accesses that are not like others.
    #[cold]
    fn mark(&self, id: u32, writer: &mut Writer<'_>) {
        let record = self.engine.shared.arena.record(id);
        if writer.commutes && writer.weak {
            // Its children could wait for a place behind somebody who waits for its turn: a circle.
            writer.wrong.get_or_insert_with(|| {
                Error::new(
                    ErrorKind::Access,
                    "a codelet that commutes on a block cannot have weak accesses beside; declare them without `weak`, or spawn a child that commutes",
                )
            });
        }
        let mut flags = record.flags();
        if writer.commutes {
            flags |= flag::COMMUTES;
        }
        if writer.weak {
            flags |= flag::WEAK;
        }
        record.set_flags(flags);
    }

    /// The queue that an access of a child enters: the parent's if the parent declared the block, the block's own if
    /// it was made in here, or for everybody.
    pub(crate) fn find_block(
        &self,
        id: BlockId,
        kind: EntryKind,
        mode: Mode,
        destroys: bool,
    ) -> Result<Found> {
        let shared = self.engine.shared;
        let slot = shared.blocks.find(shared.id, id)?;
        if let Mode::Reduce(operator) = mode {
            shared.can_reduce(slot, id, operator)?;
        }
        let found = |queue: *mut (), generation| match kind {
            EntryKind::Weak => Found::weak(mode, queue, generation),
            _ => Found::new(kind, queue, generation),
        };
        let own = || {
            let cell: *const QueueCell = &raw const slot.root;
            found(cell.cast_mut().cast(), id.generation())
        };
        if self.codelet == 0 {
            return match slot.owner.load(Ordering::Relaxed) {
                0 => Ok(own()),
                _ if self.made_here(slot) => Ok(own()),
                _ => Err(self.refused(id, ELSEWHERE)),
            };
        }
        let parents =
            (self.engine).entry_for_all_of(self.codelet, id.slot(), |local| &mut local.wide_body);
        if let Some(entry) = parents {
            let parents = match entry.kind() {
                EntryKind::Block(mode) => mode,
                _ => Engine::weak_mode_of(entry),
            };
            if !slot.is(id) {
                return Err(destroyed(&shared.blocks.label(id)));
            }
            if destroys {
                let why = "its parent declared it, and holds it until its end; destroy it after the parent, in the scope or codelet that made it";
                return Err(self.refused(id, why));
            }
            if !parents.covers(mode) {
                let why = match parents {
                    Mode::Reduce(_) => {
                        "its parent declared it for a reduction, in which it has a lane of its own"
                    }
                    Mode::SharedWrite => {
                        "its parent declared it for shared writing, which its children can do too, and read"
                    }
                    _ => "its parent declared it for reading only",
                };
                return Err(self.undeclared(id, why));
            }
            if entry.children().is_null() {
                let cell = Box::new(QueueCell::for_children(
                    Engine::queue_of(entry),
                    parents,
                    None,
                ));
                entry.set_children(Box::into_raw(cell).cast());
            }
            return Ok(found(entry.children(), 0));
        }
        if self.made_here(slot) {
            Ok(own())
        } else {
            Err(match self.has_parts(id) {
                true => self.undeclared(id, "its parent declared only parts of it"),
                false => self.out_of_reach(id, slot),
            })
        }
    }

    /// Whether a block was made by the codelet around this body or a descendant of it.
    pub(crate) fn made_here(&self, slot: &BlockSlot) -> bool {
        let arena = &self.engine.shared.arena;
        let mut owner = slot.owner.load(Ordering::Acquire);
        let mut at = owner;
        loop {
            let above = match at {
                0 => 0,
                _ if at == self.top => 0,
                _ => {
                    let record = arena.record(at);
                    let root = record.flags() & flag::ROOT != 0;
                    let parent = record.parent.load(Ordering::Acquire);
                    if root { 0 } else { parent }
                }
            };
            // While the owner is the same it has not ended, and neither has anybody above it: so far the walk is right.
            // Looked at in each step, since a walk through records that are somebody else's by now might have no end.
            fence(Ordering::Acquire);
            let now = slot.owner.load(Ordering::Relaxed);
            if now != owner {
                (owner, at) = (now, now);
            } else if above == 0 {
                return at == self.top;
            } else {
                at = above;
            }
        }
    }

    /// A value can be named where it was spawned, and by codelets that declared it: then it is kept until they end.
    fn find_value(&self, id: CodeletId, kept: bool) -> Result<Found> {
        if !kept {
            self.check_runtime(id)?;
            return Ok(Found::record(EntryKind::Unit, id.record(), id.generation()));
        }
        let shared = self.engine.shared;
        let arena = &shared.arena;
        self.check_runtime(id)?;
        let record = arena.record(id.record());
        let parent = record.parent.load(Ordering::Relaxed);
        // The generation is looked at after the parent: both together mean a child of ours, which is kept.
        let stale = record.ended.generation() != id.generation();
        if !stale && (parent == self.record || self.scopes().any(|scope| scope == parent)) {
            return Ok(value(id));
        }
        let declares = |codelet: u32| {
            // SAFETY: the codelet runs this body, so it lives.
            let payload = unsafe { arena.record(codelet).vtable() }.payload;
            let mut entries = arena.entries(codelet, payload);
            entries.any(|(_, e)| e.kind() == EntryKind::Value && e.target_record() == id.record())
        };
        if !stale && self.codelet != 0 && declares(self.codelet) {
            return Ok(value(id));
        }
        Err(match stale {
            true => Error::new(
                ErrorKind::Stale,
                "a value was named after the end of the codelet or scope that it was spawned in; read it there, or return it",
            ),
            false if self.is_of_inner_scope(parent) => Error::new(
                ErrorKind::Undeclared,
                "a value was named outside the scope that it was spawned in; name it in there, or spawn its codelet out here",
            ),
            false => Error::new(
                ErrorKind::Undeclared,
                "a value was named by a codelet that neither spawned nor declared it; declare `value.read()` in the parent",
            ),
        })
    }

    /// The record that children belong to and the scopes around it, up to the codelet or the host's scope.
    #[inline]
    pub(crate) fn scopes(&self) -> impl Iterator<Item = u32> + '_ {
        let arena = &self.engine.shared.arena;
        let up =
            |&at: &u32| (at != self.top).then(|| arena.record(at).parent.load(Ordering::Relaxed));
        std::iter::successors(Some(self.record), up)
    }

    #[inline]
    fn find_end(&self, id: CodeletId) -> Result<Found> {
        self.check_runtime(id)?;
        Ok(Found::record(EntryKind::End, id.record(), id.generation()))
    }

    #[inline]
    fn check_runtime(&self, id: CodeletId) -> Result<()> {
        let shared = self.engine.shared;
        if id.as_recorded().is_some() {
            return Err(Error::new(
                ErrorKind::Graph,
                "a codelet of a graph was named outside of its recording; let it write what you need into a block",
            ));
        }
        if id.record() == 0 {
            return Err(Error::new(
                ErrorKind::Stale,
                "the codelet named here could not be spawned (see the first error of the scope)",
            ));
        }
        if id.runtime() != shared.id {
            return Err(Error::new(
                ErrorKind::Foreign,
                "a value or an end of another runtime; use it with the runtime that made it",
            ));
        }
        Ok(())
    }
}

/// Nodes in the longest record.
const NEAR: u32 = (MAX_RECORD / size_of::<Entry>()) as u32;

/// Writes the entries of a record that is not published.
struct Writer<'a> {
    places: Places<'a>,
    /// The record's id, where distances begin.
    first: u32,
    written: usize,
    blocks: u32,
    /// Nodes for bounds of parts, which nobody waits for.
    bounds: u32,
    wrong: Option<Error>,
    commutes: bool,
    weak: bool,
}

impl Writer<'_> {
    #[inline(never)]
    fn add_part(&mut self, found: Result<(Found, [Found; 2])>) {
        match found {
            Ok((found, bounds)) => {
                self.add(Ok(found));
                for half in bounds {
                    let (_, place) = self.places.next().expect("one place for each entry");
                    // SAFETY: a place of a record that is ours and not published.
                    unsafe { place.write(Entry::new(half, 0)) };
                    self.written += 1;
                    self.bounds += 1;
                }
            }
            Err(error) => {
                self.wrong.get_or_insert(error);
            }
        }
    }

    #[inline]
    fn add(&mut self, found: Result<Found>) {
        match found {
            Ok(found) => {
                let (node, place) = self.places.next().expect("one place for each entry");
                // Farther than any record is long: in an extension.
                let distance = match node.wrapping_sub(self.first) {
                    near if !found.is_block() && near < NEAR => near,
                    _ => 0,
                };
                // SAFETY: a place of a record that is ours and not published.
                unsafe { place.write(Entry::new(found, distance)) };
                self.written += 1;
                self.blocks += u32::from(found.is_block());
            }
            Err(error) => {
                self.wrong.get_or_insert(error);
            }
        }
    }
}

#[cold]
fn scratch_error() -> Error {
    Error::new(
        ErrorKind::BlockSize,
        "scratch memory larger than the address space, or of elements aligned to more than 64 bytes; ask for less, or use a type with less alignment",
    )
}

#[cold]
fn param_error() -> Error {
    Error::new(
        ErrorKind::Graph,
        "a round's argument outside of the graph that it was made for; use it in the closure of `record_with`, and here what you want to pass",
    )
}

/// What is wrong with the accesses of a codelet to blocks and their parts, taken together.
pub(crate) fn clash(declared: &[Declared], label: impl Fn(BlockId) -> String) -> Option<Error> {
    match named_twice(declared) {
        Named::Once => None,
        Named::Twice(key) => Some(twice_error(&label(key.0))),
        Named::InParts => fitting(declared).error(declared, |key| label(key.0)),
    }
}

#[cold]
fn twice_error(label: &str) -> Error {
    Error::new(
        ErrorKind::Access,
        format!(
            "block {label} is declared twice by one codelet, once for writing or for its children; declare it once, as `read_write`"
        ),
    )
}

/// Which block accesses remain when of each block named twice with a write among them only the first write is taken.
#[cold]
fn named_once(declared: &[Declared]) -> HashSet<usize> {
    let mut places: BTreeMap<BlockKey, Vec<(usize, bool)>> = BTreeMap::new();
    for (at, one) in declared.iter().enumerate() {
        match one {
            Declared::Block(key, mode) => {
                places.entry(*key).or_default().push((at, mode.writes()));
            }
            Declared::Weak(key, _) => places.entry(*key).or_default().push((at, true)),
            _ => (),
        }
    }
    let remain = |named: Vec<(usize, bool)>| match named.iter().find(|(_, writes)| *writes) {
        Some(&(first, _)) => vec![first],
        None => named.into_iter().map(|(at, _)| at).collect(),
    };
    places.into_values().flat_map(remain).collect()
}

/// How often blocks are named.
enum Named {
    /// Each block once, or for reading only.
    Once,
    /// This one more than once, with a write among them: it cannot be lent.
    Twice(BlockKey),
    /// There are parts among them, which have to be looked at.
    InParts,
}

/// The common case: up to three accesses to whole blocks or values, and no block twice.
#[inline]
fn few_once(declared: &[Declared]) -> Option<Named> {
    let block = |one: &Declared| match one {
        Declared::Block(key, _) => Some(*key),
        _ => None,
    };
    let all = declared.len() <= 3
        && (declared.iter()).all(|one| matches!(one, Declared::Block(..) | Declared::Value(..)));
    if !all {
        return None;
    }
    let same = |a: usize, b: usize| match (declared.get(a), declared.get(b)) {
        (Some(a), Some(b)) => block(a).is_some() && block(a) == block(b),
        _ => false,
    };
    let differ = !same(0, 1) && !same(0, 2) && !same(1, 2);
    differ.then_some(Named::Once)
}

fn named_twice(declared: &[Declared]) -> Named {
    /// Up to so many, comparing all pairs is faster than sorting a copy.
    const FEW: usize = 16;
    if let Some(once) = few_once(declared) {
        return once;
    }
    let named = declared.iter().filter_map(|one| match one {
        Declared::Block(key, mode) => Some((*key, mode.writes())),
        // What is for the children only cannot be told from what is for the codelet, if they stand in one queue.
        Declared::Weak(key, _) => Some((*key, true)),
        _ => None,
    });
    let in_parts = |one: &Declared| matches!(one, Declared::Part(_));
    // Fewer than two blocks cannot clash.
    if named.clone().nth(1).is_none() {
        return match declared.len() > 3 && declared.iter().any(in_parts) {
            true => Named::InParts,
            false => Named::Once,
        };
    }
    let clash = |a: &(BlockKey, bool), b: &(BlockKey, bool)| a.0 == b.0 && (a.1 || b.1);
    if declared.iter().any(in_parts) {
        return Named::InParts;
    }
    let twice = if declared.len() <= FEW {
        let mut left = named.clone();
        named.clone().find_map(|one| {
            left.next();
            left.clone()
                .any(|other| clash(&one, &other))
                .then_some(one.0)
        })
    } else {
        let mut blocks: Vec<(BlockKey, bool)> = named.collect();
        // Writes first, so that one stands beside each other mention.
        blocks.sort_unstable_by_key(|&(key, writes)| (key, !writes));
        let pair = blocks.windows(2).find(|pair| clash(&pair[0], &pair[1]));
        pair.map(|pair| pair[0].0)
    };
    twice.map_or(Named::Once, Named::Twice)
}

#[inline]
fn value(id: CodeletId) -> Found {
    Found::record(EntryKind::Value, id.record(), id.generation())
}

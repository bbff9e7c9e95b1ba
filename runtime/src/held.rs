//! Blocks that are everybody's, made and held by bodies that did not declare them: for interfaces whose codelets make a block and
//! use it at once. See `docs/design/ocr.md`.

use crate::access::{Lent, Mode};
use crate::block_table::{EndedAs, destroyed};
use crate::check::Opened;
use crate::codelet::flag;
use crate::data_block::Block;
use crate::decide::dependence::Effect;
use crate::engine::{Engine, Followers, Frame};
use crate::entry::{Entry, EntryKind};
use crate::error::Result;
use crate::homes::FIRST_TOUCH;
use crate::id::BlockId;
use crate::local::Local;
use crate::open::{Open, OpenBody, OpenHints, Opening, ScopeKey};
use crate::panics::caught;
use crate::scope::{Scope, block_bytes};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use std::cell::Cell;
use std::mem::MaybeUninit;

/// A block that a body holds which did not declare it, as one of those who write it together.
#[derive(Debug)]
#[must_use = "a block that is held is held until it is given back"]
pub struct Held {
    block: Block<u8>,
    lent: Lent,
    /// In the checking mode alone; apart, since what is held is handed on by value.
    opened: Option<Box<Opened>>,
}

impl Held {
    /// The block.
    pub fn block(&self) -> Block<u8> {
        self.block
    }

    /// Its memory.
    pub fn lent(&self) -> Lent {
        self.lent
    }
}

/// What destroys a block in its turn.
struct Destroyer;

impl OpenBody for Destroyer {
    fn run(&mut self, _: &Scope<'static>, _: &[Lent]) {}
}

impl Scope<'_> {
    /// Makes a block of bytes that everybody may name. It reads as zeros.
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`](crate::ErrorKind::BlockSize) if it has no bytes or too many;
    /// [`ErrorKind::System`](crate::ErrorKind::System) if the table of blocks is full.
    #[inline]
    pub fn block_for_all(&self, bytes: usize) -> Result<Block<u8>> {
        let frame = self.frame();
        let bytes = block_bytes::<u8>(bytes)?;
        let shared = frame.engine.shared;
        let belongs = (frame.here(), FIRST_TOUCH);
        let made = frame
            .engine
            .local(|local| shared.make_block(local, bytes, 0, belongs));
        made.map(Block::new)
    }

    /// Makes such a block, and holds it.
    ///
    /// # Errors
    /// As [`Scope::block_for_all`], and [`ErrorKind::System`](crate::ErrorKind::System) if there is no memory.
    #[inline]
    pub fn hold_new(&self, bytes: usize) -> Result<Held> {
        let frame = self.frame();
        let shared = frame.engine.shared;
        let warm = |local: &mut Local| {
            let caches = (&mut local.slots, &mut local.magazine);
            (shared.blocks).make_warm(shared.id, bytes, frame.here(), caches)
        };
        // In the checking mode none is warm.
        match frame.engine.local(warm) {
            Some((id, start)) => Ok(Held {
                block: Block::new(id),
                lent: Lent { start, bytes },
                opened: None,
            }),
            None => self.hold_fresh(bytes),
        }
    }

    /// The same where there is no warm slot.
    fn hold_fresh(&self, bytes: usize) -> Result<Held> {
        let block = self.block_for_all(bytes)?;
        let engine = self.frame().engine;
        let shared = engine.shared;
        let slot = shared.blocks.slot(block.id.slot());
        let start = match engine.local(|local| shared.memory(slot, Mode::SharedWrite, local)) {
            Ok(start) => start,
            Err(error) => {
                engine.local(|local| shared.unmake_block(local, block.id));
                return Err(error);
            }
        };
        // Nobody knows the block, so it is granted at once.
        (slot.root.queue).with(|queue| queue.enter(self.frame().record, Mode::SharedWrite));
        let held = self.held(block, start);
        if held.is_err() {
            // Still nobody else knows it.
            engine.destroy_alone(block, 1);
        }
        held
    }

    /// Holds a block that everybody may name, if nobody waits for it and nobody has it but those who write it together; else there
    /// is none, and the caller may ask again later.
    ///
    /// # Errors
    /// [`ErrorKind::Stale`](crate::ErrorKind::Stale) if it is gone, or about to go;
    /// [`ErrorKind::System`](crate::ErrorKind::System) if there is no memory.
    pub fn hold_now(&self, block: Block<u8>) -> Result<Option<Held>> {
        let frame = self.frame();
        let engine = frame.engine;
        let shared = engine.shared;
        let slot = shared.blocks.find(shared.id, block.id)?;
        let admitted = slot.root.queue.with(|queue| {
            if !slot.is(block.id) || queue.is_closed() {
                return None;
            }
            let admitted = queue.admits_now(Mode::SharedWrite);
            if admitted {
                queue.enter(frame.record, Mode::SharedWrite);
            }
            Some(admitted)
        });
        match admitted {
            None => return Err(destroyed(&shared.blocks.label(block.id))),
            Some(false) => return Ok(None),
            Some(true) => (),
        }
        let memory = engine.local(|local| shared.memory(slot, Mode::SharedWrite, local));
        let held = memory.and_then(|start| self.held(block, start));
        if held.is_err() {
            let followers = &mut Followers::posted();
            engine.leave(
                &slot.root,
                frame.record,
                Mode::SharedWrite,
                Effect::Done,
                followers,
            );
        }
        held.map(Some)
    }

    /// A block that was granted, whose memory starts there.
    #[inline]
    fn held(&self, block: Block<u8>, start: *mut u8) -> Result<Held> {
        let shared = self.frame().engine.shared;
        let slot = shared.blocks.slot(block.id.slot());
        let lent = Lent {
            start,
            bytes: slot.bytes(),
        };
        let opened = match &shared.check {
            None => None,
            Some(check) => {
                let at = (block.id.slot(), Mode::SharedWrite);
                // SAFETY: the block's memory; in the checking mode bodies run one after the other, and nobody else uses it now.
                unsafe { check.open(at, &lent, slot.chunk_bytes(), &[]) }?.map(Box::new)
            }
        };
        Ok(Held {
            block,
            lent,
            opened,
        })
    }

    /// Gives it back.
    ///
    /// # Safety
    /// It was held by this body, which uses its memory no more.
    #[inline]
    pub unsafe fn give_back(&self, held: Held) {
        let frame = self.frame();
        let slot = frame.engine.shared.blocks.slot(held.block.id.slot());
        if let Some(opened) = held.opened {
            frame.engine.close_blocks(frame.record, &[*opened]);
        }
        let followers = &mut Followers::posted();
        (frame.engine).leave(
            &slot.root,
            frame.record,
            Mode::SharedWrite,
            Effect::Done,
            followers,
        );
    }

    /// Gives it back and destroys it: at once if nobody else has it, else in its turn, as a codelet of the scope that is named.
    ///
    /// # Errors
    /// [`ErrorKind::System`](crate::ErrorKind::System) if there is no memory for that codelet's record.
    ///
    /// # Safety
    /// As for [`Scope::give_back`] and [`Scope::open`].
    #[inline]
    pub unsafe fn destroy_held(&self, scope: ScopeKey, held: Held) -> Result<()> {
        let block = held.block;
        if held.opened.is_none() && self.frame().engine.destroy_alone(block, 1) {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        unsafe { self.give_back(held) };
        // SAFETY: the caller's promise.
        unsafe { self.destroy_for_all(scope, block) }
    }

    /// Gives back the block of the access in this place, counted from 0, before the codelet's end.
    ///
    /// # Errors
    /// [`ErrorKind::Access`](crate::ErrorKind::Access) if it was given back before, or children of the codelet use it.
    ///
    /// # Safety
    /// The codelet around this scope is open, was launched with so many accesses, and uses this block no more.
    #[inline]
    pub unsafe fn release_nth(&self, at: usize) -> Result<()> {
        self.frame().release_nth(at)
    }

    /// Gives all blocks back that the codelet around this scope holds, before its end. What it wrote is what others see.
    ///
    /// # Safety
    /// The body was lent bare pointers (it is open), and uses none of them any more.
    #[inline]
    pub unsafe fn release_all(&self) {
        self.frame().release_all();
    }

    /// Whether the access in this place, counted from 0, is to this block, and has not been given back.
    ///
    /// # Safety
    /// The codelet around this scope is open, and was launched with so many accesses.
    #[inline]
    pub unsafe fn has_nth(&self, at: usize, block: Block<u8>) -> bool {
        let frame = self.frame();
        let entry = frame.nth_entry(at);
        matches!(entry.kind(), EntryKind::Block(_)) && frame.engine.is_to(entry, block)
    }

    /// Gives back the block of the access in this place, counted from 0, of the open codelet around this scope, and destroys it as
    /// [`Scope::destroy_held`] does. If that is another block, it stays, and this one is destroyed as by [`Scope::destroy_for_all`].
    ///
    /// # Errors
    /// As of [`Scope::destroy_for_all`], and [`ErrorKind::Access`](crate::ErrorKind::Access) as of [`Scope::release_nth`].
    ///
    /// # Safety
    /// As for [`Scope::release_nth`], and [`Scope::open`].
    #[inline]
    pub unsafe fn destroy_nth(&self, scope: ScopeKey, at: usize, block: Block<u8>) -> Result<()> {
        let frame = self.frame();
        let shared = frame.engine.shared;
        let entry = frame.nth_entry(at);
        if let EntryKind::Block(_) = entry.kind() {
            if !frame.engine.is_to(entry, block) {
                // SAFETY: the caller's promise.
                return unsafe { self.destroy_for_all(scope, block) };
            }
            let told = shared.check.is_some() || shared.ledgers.is_some();
            let shares = Engine::children_of(entry).is_some();
            if !told && !shares && frame.engine.destroy_alone(block, 1) {
                frame.void_entry(entry);
                return Ok(());
            }
        }
        frame.release_nth(at)?;
        // SAFETY: the caller's promise.
        unsafe { self.destroy_for_all(scope, block) }
    }

    /// Destroys a block that everybody may name: at once if nobody has it, else in its turn, as a codelet of the scope that is
    /// named.
    ///
    /// # Errors
    /// [`ErrorKind::Stale`](crate::ErrorKind::Stale) if it is gone, or about to go;
    /// [`ErrorKind::System`](crate::ErrorKind::System) if there is no memory for that codelet's record.
    ///
    /// # Safety
    /// As for [`Scope::open`].
    #[inline]
    pub unsafe fn destroy_for_all(&self, scope: ScopeKey, block: Block<u8>) -> Result<()> {
        let engine = self.frame().engine;
        if engine.destroy_alone(block, 0) {
            return Ok(());
        }
        let shared = engine.shared;
        let slot = shared.blocks.find(shared.id, block.id)?;
        if slot.root.queue.with(|queue| queue.is_closed()) {
            return Err(destroyed(&shared.blocks.label(block.id)));
        }
        let opening = Opening {
            scope,
            name: "destroy",
            slots: 1,
            hints: OpenHints::default(),
        };
        let fill = |body: &mut MaybeUninit<Destroyer>, _| {
            body.write(Destroyer);
        };
        // SAFETY: the caller's promise; the body is written.
        let open: Open = unsafe { self.open(opening, fill) }?;
        let record = shared.arena.record(open.parts().0);
        record.set_flags(record.flags() | flag::DESTROYS);
        // SAFETY: it has one slot, which is filled here.
        unsafe { self.launch(open, &[(block, Mode::Exclusive)]) };
        Ok(())
    }

    /// What is done when the host's scope around this one is stuck: `give_back` gives back what threads outside hold, of which nobody
    /// knows whether they ever will, and says whether it did anything. It is called before the scope ends by that, with `false`: if
    /// anything was done the scope may go on, and it is called again if not. And it is called when the codelets that wait have been cut
    /// loose, with `true`: what is given back then goes to nobody of this scope, since these are skipped, but only then they end. A
    /// panic in there counts as something done, and it is not called again.
    ///
    /// # Safety
    /// As in [`Runtime::in_scope`](crate::Runtime::in_scope), `give_back` is short, waits for nothing, and spawns no codelets: children
    /// that it counted by itself would be told to nobody. If it says `false` it has done nothing.
    pub unsafe fn when_stuck(&self, give_back: fn(&Scope<'static>, bool) -> bool) {
        let gives_back = move |engine: &Engine<'_>, root, cut_loose| {
            let frame = Frame {
                engine,
                record: root,
                codelet: 0,
                top: root,
                children: Cell::new(0),
            };
            // SAFETY: the frame outlives the scope, which is borrowed here only.
            let scope = unsafe { Scope::new(&raw const frame) };
            give_back(&scope, cut_loose)
        };
        let frame = self.frame();
        frame.engine.with_root(frame.record, |root| {
            *lock(&root.when_stuck) = Some(Box::new(gives_back));
        });
    }

    /// Whether there is a block of this name, which is that of a block for everybody, or no name at all.
    #[inline]
    pub fn has_block(&self, bits: u64) -> bool {
        let shared = self.frame().engine.shared;
        let id = BlockId::from_bits(bits);
        id.runtime() == shared.id.number()
            && (shared.blocks.slot_if_any(id.slot())).is_some_and(|slot| slot.is(id))
    }

    /// How many bytes a block has that everybody may name; `None` if it is gone.
    #[inline]
    pub fn block_len(&self, block: Block<u8>) -> Option<usize> {
        let shared = self.frame().engine.shared;
        let slot = shared.blocks.find(shared.id, block.id).ok()?;
        Some(slot.bytes())
    }
}

impl Engine<'_> {
    /// Asks the stuck scope of this root, which does not end meanwhile, to give back what threads outside hold: whether anything may
    /// have been done. See [`Scope::when_stuck`].
    pub(crate) fn gives_back(&self, root: u32, cut_loose: bool) -> bool {
        self.with_root(root, |found| {
            // Outside of the lock: it is the program's.
            let Some(give_back) = lock(&found.when_stuck).take() else {
                return false;
            };
            let mut did = true;
            if caught(|| did = give_back(self, root, cut_loose)).is_ok() {
                lock(&found.when_stuck).get_or_insert(give_back);
            }
            did
        })
    }

    /// Whether an access to a whole block, which has not been given back, is to this one.
    #[inline]
    fn is_to(&self, entry: &Entry, block: Block<u8>) -> bool {
        let cell = Engine::queue_of(entry);
        let slot = self.shared.blocks.slot(cell.slot);
        let id = block.id;
        let same = id.runtime() == self.shared.id.number() && id.slot() == cell.slot && slot.is(id);
        same && std::ptr::eq(cell, &raw const slot.root)
    }

    /// Destroys a block if nobody has it but so many `holders`, who are the caller, and nobody waits for it.
    #[inline]
    fn destroy_alone(&self, block: Block<u8>, holders: u32) -> bool {
        let blocks = &self.shared.blocks;
        let number = block.id.slot();
        let slot = blocks.slot(number);
        let whole = self.shared.check.is_none() && slot.owner.load(Ordering::Relaxed) == 0;
        let ended = slot.root.queue.with(|queue| {
            if !slot.is(block.id) || queue.is_closed() || !queue.is_held_by(holders) {
                return None;
            }
            if !whole {
                queue.close();
                return Some(None);
            }
            // Nobody else frees it, so its memory can go after this.
            let end = |local: &mut Local| slot.end_warm(queue, &local.slots, &local.magazine);
            Some(Some(self.local(end)))
        });
        match ended {
            None => return false,
            Some(Some(EndedAs::Warm)) => {
                self.local(|local| blocks.keep_warm(number, &mut local.slots));
            }
            Some(Some(EndedAs::Free)) => self.free_ended(number),
            Some(None) => self.destroy(number),
        }
        true
    }
}

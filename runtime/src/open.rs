//! Open codelets: spawned in two steps, for interfaces whose codelets learn their accesses late, from anybody.
//!
//! [`Scope::open`] gives a codelet its place in a scope, which need not be the one whose body runs, and says how many times
//! somebody must [arrive](Scope::arrive). The last who does [launches](Scope::launch) it with its accesses: it enters their
//! queues as one step, as through the at-ready door. Between the two nobody else touches the record. See
//! `docs/design/ocr.md`.

use crate::access::{BlockKey, Declared, Lent, Mode};
use crate::affinity::{Affinity, Priority};
use crate::codelet::{Body, Ran, Vtable, extensions, flag, record_bytes};
use crate::data_block::Block;
use crate::engine::{Engine, Followers, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::id::CodeletId;
use crate::open_entrance::Few;
use crate::panics;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::spawn::{Spec, Traits};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use crate::trigger::Event;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;

/// A scope by its name alone, in which open codelets can be given a place. Copied freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeKey(u32);

/// An open codelet's name: a place, and the generation of who has it. One word, which is returned in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open(u64);

impl Open {
    /// From what [`Open::parts`] gave, or from part of it: see [`Scope::body_of`].
    #[inline]
    pub fn from_parts(place: u32, generation: u32) -> Self {
        Open(u64::from(generation) << 32 | u64::from(place))
    }

    /// As two numbers: the place and the generation.
    #[inline]
    pub fn parts(self) -> (u32, u32) {
        (self.place(), (self.0 >> 32) as u32)
    }

    #[inline]
    fn place(self) -> u32 {
        self.0 as u32
    }
}

/// The body of an open codelet. It lies in the codelet's record until it has run, and others may look at it there.
pub trait OpenBody: Send + Sync + Sized + 'static {
    /// Runs it. What is lent are the whole blocks of its accesses, in their order; they are good as long as this, or until they
    /// are released. Children that it spawns by `scope` belong to the codelet; those that it opens, where it says.
    fn run(&mut self, scope: &Scope<'static>, lent: &[Lent]);
}

/// How a new open codelet is to be run.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenHints {
    /// How urgent it is.
    pub priority: Priority,
    /// The memory region whose engines are to run it.
    pub region: Option<u16>,
}

/// The largest body: a record has room for it and some accesses.
pub const MOST_OPEN_BYTES: usize = 512;

/// The functions for a body of this type.
struct OpenGlue<B>(PhantomData<B>);

impl<B: OpenBody> OpenGlue<B> {
    const VTABLE: Vtable = {
        assert!(size_of::<B>() <= MOST_OPEN_BYTES && align_of::<B>() <= 16);
        Vtable {
            run: Self::run,
            discard: Self::discard,
            drop_value: None,
            move_value: |_, _| (),
            value: None,
            payload: if size_of::<B>() < 16 {
                16
            } else {
                size_of::<B>().next_multiple_of(16)
            },
            has_value: false,
            unseen: true,
        }
    };

    /// See [`Vtable::run`].
    unsafe fn run(payload: *mut u8, frame: *const (), lent: &[Lent]) -> Ran {
        // SAFETY: the premise of `run`: the frame outlives the body.
        let scope = unsafe { Scope::new(frame.cast::<Frame<'_>>()) };
        let ran = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the premise of `run`: the payload holds the body, and nobody else changes it from now on.
            let body = unsafe { &mut *payload.cast::<B>() };
            body.run(&scope, lent);
            // SAFETY: as above, and it is not used any more. (A body that panics is leaked.)
            unsafe { payload.cast::<B>().drop_in_place() };
        }));
        match ran {
            Ok(()) => Ran::Done,
            Err(panic) => {
                let message = panics::message(&*panic);
                panics::drop_quietly(panic);
                Ran::Panicked(message)
            }
        }
    }

    /// See [`Vtable::discard`].
    unsafe fn discard(payload: *mut u8) {
        // SAFETY: the premise of `discard`: the payload holds the body, which is taken once.
        panics::drop_quietly(unsafe { payload.cast::<B>().read() });
    }
}

/// What a new open codelet is made of, but for its body.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Where it gets its place.
    pub scope: ScopeKey,
    /// What it is called.
    pub name: &'static str,
    /// How often somebody has to arrive, and how many accesses it may have.
    pub slots: u32,
    /// How it is to be run.
    pub hints: OpenHints,
}

impl<'s> Scope<'s> {
    /// This scope's name: what is opened there are its children.
    pub fn key(&self) -> ScopeKey {
        ScopeKey(self.frame().record)
    }

    /// The scope of the host that all of this belongs to.
    pub fn root_key(&self) -> ScopeKey {
        let arena = &self.frame().engine.shared.arena;
        let mut at = self.frame().record;
        while arena.record(at).flags() & flag::ROOT == 0 {
            at = arena.record(at).parent.load(Ordering::Relaxed);
        }
        ScopeKey(at)
    }

    /// Opens a codelet. If it has no slots, it can be launched at once. `fill` makes its body, where that is to stay, and is told the
    /// codelet's name.
    ///
    /// # Errors
    /// [`ErrorKind::Access`] if there are more than 65,535 slots; [`ErrorKind::System`] if there is no memory for its record.
    ///
    /// # Safety
    /// The scope that is named has not ended, and does not end meanwhile: a codelet of it runs here, or a codelet of a scope in
    /// it. `fill` writes a body, and does not panic. It is launched or [dropped](Scope::drop_open) before what its body borrows goes.
    #[track_caller]
    #[inline]
    pub unsafe fn open<B: OpenBody>(
        &self,
        opening: Opening,
        fill: impl FnOnce(&mut MaybeUninit<B>, Open),
    ) -> Result<Open> {
        self.frame().open(opening.scope.0, true, opening, fill)
    }

    /// Opens a scope in the one that is named, and a codelet as its first child: `fill` makes its body, and is told the new scope's
    /// name, too. What is `ended` by then is run in the outer scope when all in the new one have ended.
    ///
    /// # Errors
    /// As [`Scope::open`].
    ///
    /// # Safety
    /// As for [`Scope::open`].
    #[track_caller]
    pub unsafe fn open_scope<B: OpenBody>(
        &self,
        opening: Opening,
        fill: impl FnOnce(&mut MaybeUninit<B>, Open, ScopeKey),
        ended: Option<impl FnOnce(&Scope<'static>) + Send + 'static>,
    ) -> Result<Open> {
        let frame = self.frame();
        let engine = frame.engine;
        let arena = &engine.shared.arena;
        let bytes = crate::codelet::HEADER;
        let scope = engine.local(|local| local.records.take(arena, bytes))?;
        let record = arena.record(scope);
        let outer = opening.scope.0;
        record.begin(outer, flag::SCOPE, 0, 0);
        // Nobody knows of it, and it has no body of its own: its one child is all that it waits for.
        record.live.body_ended_unseen(1);
        let fill = |body: &mut MaybeUninit<B>, open| fill(body, open, ScopeKey(scope));
        let open = match frame.open(scope, false, opening, fill) {
            Ok(open) => open,
            Err(error) => {
                record.set_flags(0);
                if record.ended.recycle() {
                    engine.local(|local| local.records.give(arena, scope));
                }
                return Err(error);
            }
        };
        engine.child_begun(outer);
        if let Some(ended) = ended {
            let generation = record.ended.generation();
            let end = Event::end(CodeletId::new(engine.shared.id, scope, generation));
            let around = Frame {
                engine,
                record: outer,
                codelet: 0,
                top: outer,
                children: Cell::new(0),
            };
            // The scope cannot end before its child is launched, so this one is counted in time.
            engine.child_begun(outer);
            // SAFETY: the frame outlives the scope, which is used here only.
            let around = unsafe { Scope::<'static>::new(&raw const around) };
            around
                .codelet("finish")
                .after(&end)
                .spawn_once((), move |scope, ()| ended(scope));
        }
        Ok(open)
    }

    /// The body of an open codelet that has not been launched and run, if the name is good.
    ///
    /// Others may be at it too; and if the name is that of one that runs or has run, what is found may be gone or somebody
    /// else's at any time.
    #[inline]
    pub fn body_of(&self, open: Open, generation_bits: u32) -> Option<NonNull<u8>> {
        let arena = &self.frame().engine.shared.arena;
        let (place, generation) = open.parts();
        if place == 0 || !arena.has(place) {
            return None;
        }
        let record = arena.record(place);
        let same = (record.ended.generation() ^ generation) & generation_bits == 0;
        let lives = record.is_open();
        (same && lives).then(|| NonNull::new(arena.payload(place)).expect("an address"))
    }

    /// So many of the slots are filled. True for the one who fills the last: it launches the codelet.
    ///
    /// # Safety
    /// The codelet is open, and each slot arrives once.
    #[inline]
    pub unsafe fn arrive(&self, open: Open, slots: u32) -> bool {
        let arena = &self.frame().engine.shared.arena;
        arena.record(open.place()).pending.arrive(slots)
    }

    /// Launches a codelet whose slots are filled: it enters the queues of its accesses, and runs when it holds them all. No block
    /// is named twice.
    ///
    /// # Safety
    /// The caller was told by [`Scope::arrive`] that it is the last, or the codelet has no slots and nobody knows of it.
    #[inline]
    pub unsafe fn launch(&self, open: Open, accesses: &[(Block<u8>, Mode)]) {
        self.frame().launch_open(open.place(), accesses);
    }

    /// Drops an open codelet that shall not run.
    ///
    /// # Safety
    /// As for [`Scope::launch`], or nobody arrives any more.
    pub unsafe fn drop_open(&self, open: Open) {
        let engine = self.frame().engine;
        let record = engine.shared.arena.record(open.place());
        record.close_open();
        let flags = record.flags();
        record.set_flags(flags & !(flag::CAPTURES | flag::WAITS));
        // SAFETY: it lives, and was published to us.
        let vtable = unsafe { record.vtable() };
        // SAFETY: the payload holds the body, which has not run.
        unsafe { (vtable.discard)(engine.shared.arena.payload(open.place())) };
        engine.end(open.place(), &mut Followers::posted());
    }
}

impl Runtime {
    /// Works in the scope that is named on behalf of a thread that runs no body of this runtime. Others who come so wait
    /// meanwhile: `f` is short, and does not wait for anything. It opens codelets, and spawns none: children that it counted by
    /// itself would be told to nobody.
    ///
    /// # Safety
    /// The scope has not ended, and does not end meanwhile.
    pub unsafe fn in_scope<R>(&self, scope: ScopeKey, f: impl FnOnce(&Scope<'static>) -> R) -> R {
        let shared = self.shared();
        let mut stranger = lock(&shared.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(shared, None, &raw mut *stranger) };
        let frame = Frame {
            engine: &engine,
            record: scope.0,
            codelet: 0,
            top: scope.0,
            children: Cell::new(0),
        };
        // SAFETY: the frame outlives the scope, which is borrowed by `f` only.
        let here = unsafe { Scope::new(&raw const frame) };
        let result = f(&here);
        engine.settle_ended();
        // Perhaps nobody became ready by that, and a scope has lost its last hope.
        shared.looked_at.store(u64::MAX, Ordering::Relaxed);
        result
    }
}

#[cold]
fn too_many(slots: u32) -> Error {
    let what = format!("a codelet with {slots} slots; at most 65,535 are possible");
    Error::new(ErrorKind::Access, what)
}

impl Frame<'_> {
    /// Opens a codelet as a child of `parent`, which is `counted` now or was by the caller.
    #[track_caller]
    #[inline]
    fn open<B: OpenBody>(
        &self,
        parent: u32,
        counted: bool,
        opening: Opening,
        fill: impl FnOnce(&mut MaybeUninit<B>, Open),
    ) -> Result<Open> {
        let Opening {
            name, slots, hints, ..
        } = opening;
        if slots > u32::from(u16::MAX) {
            return Err(too_many(slots));
        }
        let vtable = &OpenGlue::<B>::VTABLE;
        let about = Body {
            vtable,
            name,
            spawned_at: Location::caller(),
        };
        let engine = self.engine;
        let shared = engine.shared;
        let count = slots as usize;
        let around = Frame {
            engine,
            record: parent,
            codelet: 0,
            top: parent,
            children: Cell::new(0),
        };
        let affinity = match hints.region {
            None => Affinity::Anywhere,
            Some(region) => Affinity::Region(region),
        };
        // The checking mode has an order of its own, and no levels.
        let priority = match shared.check {
            None => hints.priority,
            Some(_) => Priority::Normal,
        };
        if priority != Priority::Normal {
            shared.levels.begin();
        }
        let id = around.take_record(
            about,
            Traits::open(affinity, priority),
            (0, record_bytes(vtable.payload, count)),
        )?;
        let more = extensions(vtable.payload, count);
        if more > 0
            && let Err(error) = self.extend(id, more)
        {
            // Nobody knows of it yet, and it has no body.
            let record = shared.arena.record(id);
            engine.free_extensions(record.extension.load(Ordering::Relaxed));
            engine.recycle(id, record);
            return Err(error);
        }
        let record = shared.arena.record(id);
        if more > 0 {
            record.may_give_back();
        }
        record.begin_open();
        record.pending.set(slots);
        let open = Open::from_parts(id, record.ended.generation());
        let place = shared.arena.payload(id).cast::<MaybeUninit<B>>();
        // SAFETY: the payload of a new record for this vtable, with room for the body.
        fill(unsafe { &mut *place }, open);
        if engine.is_traced() {
            engine.trace_spawn(id, parent);
        }
        if counted {
            engine.child_begun(parent);
        }
        Ok(open)
    }

    #[inline]
    fn launch_open(&self, id: u32, accesses: &[(Block<u8>, Mode)]) {
        let engine = self.engine;
        let record = engine.shared.arena.record(id);
        record.close_open();
        let extended = record.extension.load(Ordering::Relaxed) != 0;
        if accesses.is_empty() {
            if !extended {
                record.gives_nothing_back();
            }
            engine.trace_launched(id);
            return engine.post(id);
        }
        // SAFETY: it lives, and is ours until it enters its queues.
        let payload = unsafe { record.vtable() }.payload;
        let few = engine.enter_few(id, payload, accesses);
        let Few { blocks, granted } =
            few.unwrap_or_else(|| self.enter_declared(id, payload, accesses));
        if granted == blocks || (granted > 0 && record.pending.arrive(granted)) {
            engine.trace_launched(id);
            engine.post(id);
        }
    }

    /// The general way: by a list of what is declared.
    #[inline(never)]
    fn enter_declared(&self, id: u32, payload: usize, accesses: &[(Block<u8>, Mode)]) -> Few {
        let engine = self.engine;
        let record = engine.shared.arena.record(id);
        let mut declared = engine.local(|local| std::mem::take(&mut local.declared));
        let whole = |&(block, mode): &(Block<u8>, Mode)| Declared::Block(BlockKey(block.id), mode);
        declared.extend(accesses.iter().map(whole));
        record.keep_entries(declared.len());
        // Everybody's blocks, as a host names them.
        let parent = record.parent.load(Ordering::Relaxed);
        let place = Frame {
            engine,
            record: parent,
            codelet: 0,
            top: parent,
            children: Cell::new(0),
        };
        let written = place.write_entries(id, payload, &declared, &Spec::default(), None);
        declared.clear();
        engine.local(|local| local.declared = declared);
        record.may_give_back();
        if let Some(error) = written.wrong {
            engine.refuse(id, record, &error);
        }
        let blocks = written.blocks;
        record.pending.set(blocks);
        let granted = match blocks {
            0 => 0,
            _ => {
                let last = record.flags() & flag::DESTROYS != 0;
                let (granted, error) = engine.enter(id, payload, last);
                if let Some(error) = error {
                    engine.refuse(id, record, &error);
                }
                granted
            }
        };
        Few { blocks, granted }
    }
}

impl Engine<'_> {
    /// One more child of a codelet or scope whose body need not run here. One of its children that has ended here, and of which it
    /// was not told, makes room for it.
    #[inline]
    pub(crate) fn child_begun(&self, parent: u32) {
        let made_room = self.local(|local| {
            let made_room = local.ended.0 == parent && local.ended.1 > 0;
            local.ended.1 -= u64::from(made_room);
            made_room
        });
        if !made_room {
            self.shared.arena.record(parent).live.child_begun();
        }
    }
}

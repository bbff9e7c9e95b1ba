//! The end of a body, the end of a codelet (it and its descendants), and its parent's count.
//!
//! The order at a codelet's end: the value that it forwards is taken over (or the failure that is there instead, which
//! poisons its blocks), its blocks are given back, its blocks made and its failed children go to its parent, its end event
//! fires, its record goes, its parent's count goes down. Written out and argued in `docs/design/codelets.md`.

use crate::access::Shape;
use crate::codelet::{Record, flag};
use crate::engine::{Engine, Followers};
use crate::handing_up::keep;
use crate::root::Root;
use crate::sync::atomic::Ordering;

impl Engine<'_> {
    /// The body ended (or was skipped) after it spawned `children`.
    #[inline(always)]
    pub(crate) fn body_ended(
        &self,
        id: u32,
        record: &Record,
        children: u64,
        followers: &mut Followers,
    ) {
        if children == 0 {
            // Nobody else knows of its inside.
            return self.end_leaf(id, record, followers);
        }
        if record.gives_back() {
            self.leave_to_children(id, record, followers);
        }
        if children == 1 && self.keeps_child_of(id) {
            record.live.body_ended_unseen(1);
        } else if record.live.body_ended(children) {
            self.end(id, followers);
        }
    }

    /// Whether what this engine keeps to run next, which nobody else can have seen, is a child of this codelet.
    #[inline]
    fn keeps_child_of(&self, id: u32) -> bool {
        let kept = self.local(|local| local.kept);
        kept != 0
            && self
                .shared
                .arena
                .record(kept)
                .parent
                .load(Ordering::Relaxed)
                == id
    }

    /// A codelet without children has ended. Most have nothing to give back either, and touch one line of their record; or
    /// blocks alone.
    #[inline(always)]
    fn end_leaf(&self, id: u32, record: &Record, followers: &mut Followers) {
        let flags = record.flags();
        if !self.ended_well(record, flags) {
            return self.end(id, followers);
        }
        if record.gives_back() {
            let Shape::Blocks(count) = record.shape() else {
                return self.end(id, followers);
            };
            // SAFETY: it lives, and was published to us.
            let payload = unsafe { record.vtable() }.payload;
            self.give_back_plain(id, record, (payload, count), followers);
        }
        self.end_given_back(id, record, flags, followers);
    }

    /// Whether the body that has just run has done what it had to, and left nothing but blocks to give back.
    #[inline(always)]
    pub(crate) fn ended_well(&self, record: &Record, flags: u16) -> bool {
        flags & flag::FORWARDS == 0
            && record.cause.load(Ordering::Relaxed) == 0
            && !self.local(|local| local.made_blocks)
    }

    /// A codelet without children has ended well, and has given its blocks back.
    #[inline(always)]
    pub(crate) fn end_given_back(
        &self,
        id: u32,
        record: &Record,
        flags: u16,
        followers: &mut Followers,
    ) {
        let parent = record.parent.load(Ordering::Relaxed);
        // SAFETY: it lives, and was published to us.
        let unseen = unsafe { record.vtable() }.unseen;
        if unseen {
            debug_assert!(
                flags & flag::RETAINED == 0 && record.ended.waiters() == 0,
                "nobody has a handle of it"
            );
            self.recycle(id, record);
        } else if flags & flag::RETAINED != 0 {
            self.tell(record.ended.fire(false), 0, followers);
        } else {
            self.fire_and_free(id, record, followers);
        }
        if let Some(next) = self.child_ended(parent) {
            self.end(next, followers);
        }
    }

    /// The end of a codelet that ended well, and that nobody needs to look at afterwards.
    #[inline(always)]
    fn fire_and_free(&self, id: u32, record: &Record, followers: &mut Followers) {
        record.set_flags(0);
        let (waiters, again) = record.ended.fire_and_recycle();
        self.tell(waiters, 0, followers);
        if again {
            self.local(|local| local.records.give(&self.shared.arena, id));
        }
    }

    /// A codelet has ended: it and all its descendants. Ends those, too, that end by this.
    pub(crate) fn end(&self, id: u32, followers: &mut Followers) {
        let mut at = id;
        loop {
            let arena = &self.shared.arena;
            let record = arena.record(at);
            let flags = record.flags();
            if flags & flag::ROOT != 0 {
                return self.end_root(at, record);
            }
            if flags & flag::FORWARDS != 0 {
                // First, since it fails with its child: then so does what it was to write.
                self.take_over_value(at, record);
            }
            if record.gives_back() {
                self.give_back(at, record, followers);
            }
            let extension = record.extension.load(Ordering::Relaxed);
            if extension != 0 {
                self.free_extensions(extension);
            }
            self.hand_up(record);
            let parent = record.parent.load(Ordering::Relaxed);
            let cause = record.cause.load(Ordering::Relaxed);
            if cause == 0 && flags & flag::RETAINED == 0 {
                self.fire_and_free(at, record, followers);
            } else {
                let waiters = record.ended.fire(cause != 0);
                self.tell(waiters, cause, followers);
                if flags & flag::RETAINED == 0 {
                    keep(&arena.record(parent).failed, at, record);
                }
            }
            match self.child_ended(parent) {
                Some(next) => at = next,
                None => return,
            }
        }
    }

    /// A host's scope has ended. Afterwards its record and its root may be gone.
    #[cold]
    fn end_root(&self, id: u32, record: &Record) {
        self.free_kept(record, None);
        // SAFETY: a root's payload holds the root's address.
        let root = unsafe { self.shared.arena.payload(id).cast::<*const Root>().read() };
        let here = self.local(|local| local.here.map(|here| here.xe));
        // SAFETY: the root stays until it is told, here.
        unsafe { Root::end(root, self.shared, here) };
    }

    /// Frees the records that hold more of a codelet's entries.
    #[cold]
    pub(crate) fn free_extensions(&self, first: u32) {
        let arena = &self.shared.arena;
        let mut at = first;
        while at != 0 {
            let next = arena.record(at).extension.load(Ordering::Relaxed);
            self.recycle(at, arena.record(at));
            at = next;
        }
    }

    /// A child of `parent` has ended here. Counted here first, so that a parent with many children is told of them in
    /// batches; gives a codelet that has ended by that.
    #[inline]
    fn child_ended(&self, parent: u32) -> Option<u32> {
        let (before, count) = self.local(|local| {
            if local.ended.0 == parent {
                local.ended.1 += 1;
                (0, 0)
            } else {
                std::mem::replace(&mut local.ended, (parent, 1))
            }
        });
        let ends = count > 0 && self.shared.arena.record(before).live.children_ended(count);
        ends.then_some(before)
    }

    /// Works while none of these scopes ends, whatever ends in them: each of them has a child that has not ended when this begins.
    /// Then tells of all that has ended here.
    pub(crate) fn keep_open<R>(&self, scopes: &[u32], work: impl FnOnce() -> R) -> R {
        for &scope in scopes {
            self.child_begun(scope);
        }
        let result = work();
        for &scope in scopes {
            if let Some(next) = self.child_ended(scope) {
                self.end(next, &mut Followers::posted());
            }
        }
        self.settle_ended();
        result
    }

    /// Tells the parent of the children counted here, unless the engine goes on with a child of the same parent: so no
    /// parent's end is held up by what runs next.
    #[inline]
    pub(crate) fn settle_ended_unless(&self, parent: u32, followers: &mut Followers) {
        // Ending a parent leaves one for its own parent here, and so on up.
        while self.local(|local| local.ended.1 != 0 && local.ended.0 != parent) {
            let (before, count) = self.local(|local| std::mem::take(&mut local.ended));
            if self.shared.arena.record(before).live.children_ended(count) {
                self.end(before, followers);
            }
        }
    }
}

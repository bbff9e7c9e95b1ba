//! Blocks whose memory is the user's, for the length of a host's scope.

use crate::codelet::Record;
use crate::data_block::{Block, Data};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::id::BlockId;
use crate::local::Local;
use crate::scope::{Scope, block_bytes};
use crate::shared::Shared;
use crate::sync::atomic::Ordering;

impl<'s> Scope<'s> {
    /// Makes a block whose memory is this slice, for the length of the host's scope: codelets work on it in place, and when
    /// the scope has ended the slice is the caller's again, with what they wrote. Nothing is copied.
    ///
    /// The block belongs to the scope: its codelets may use it, and their children what they declared of it, like any block.
    /// When the scope has ended the block is gone, and its poison with it: if a codelet failed, the scope's error says so,
    /// and the contents are what was there when it did. Codelets of other scopes may not use it.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let mut u = vec![1.0; 1000];
    /// rt.finish(|s| {
    ///     let u = s.adopt(&mut u)?;
    ///     for i in 0..10 {
    ///         s.spawn(u.part(100 * i..100 * i + 100).read_write(), move |_, u| {
    ///             u.iter_mut().for_each(|u| *u += i as f64);
    ///         });
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!((u[0], u[999]), (1.0, 10.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`] if the slice is empty; [`ErrorKind::OnEngine`] in a codelet, which would not end after the
    /// block; [`ErrorKind::System`] if the table of blocks is full.
    pub fn adopt<T: Data>(&self, slice: &'s mut [T]) -> Result<Block<T>> {
        let frame = self.frame();
        if frame.codelet != 0 {
            return Err(Error::new(
                ErrorKind::OnEngine,
                "a codelet cannot adopt memory; adopt it in the host's scope, and let the codelet declare the block",
            ));
        }
        let bytes = block_bytes::<T>(slice.len())?;
        let engine = frame.engine;
        let made = engine.local(|local| {
            let home = local.here.map_or(0, |here| here.xe);
            // The host's scope is the owner, so nobody outside of it may name the block.
            (engine.shared).make_adopted(local, bytes, frame.top, home)
        })?;
        // Why this is sound. The engines reach the slice through this address and nothing else, and only codelets that
        // have declared the block get it. Each of them is a codelet of this host's scope or descends from one: the block's
        // owner is the scope's root (`Frame::made_here`), and an id that is used when the scope has ended is found to be of
        // an older generation, under the lock of the block's queue. `finish` returns, or goes on with a panic of its body,
        // only after all these codelets have ended, and what they wrote is seen then (`Root::has_ended`). `'s` outlives the
        // call of `finish`, and until then nobody else has the slice, since it was borrowed for `'s`. The elements are plain
        // data that may be used on any thread (`Data`). Under none of this is the address given to a pool: the block owns no
        // chunk.
        engine.shared.blocks.adopt(made, slice.as_mut_ptr().cast());
        Ok(Block::new(made))
    }
}

impl Engine<'_> {
    /// The host's scope with this record has ended: the blocks that it adopted go.
    pub(crate) fn end_adopted(&self, record: &Record) {
        let mut at = record.made.load(Ordering::Relaxed);
        while at != 0 {
            let blocks = &self.shared.blocks;
            // Read before: the slot may be somebody else's at once.
            let next = blocks.slot(at - 1).next_made.load(Ordering::Relaxed);
            if let Some(check) = &self.shared.check {
                self.check_destroyed(check, at - 1, None);
            }
            self.local(|local| blocks.end_adopted(at - 1, &mut local.slots));
            at = next;
        }
    }
}

impl Shared {
    /// Makes a block that belongs to the scope of a host with this root, and whose memory will be a user's.
    pub(crate) fn make_adopted(
        &self,
        local: &mut Local,
        bytes: usize,
        root: u32,
        home: u16,
    ) -> Result<BlockId> {
        let made = self.blocks.make(
            self.id,
            &mut local.slots,
            bytes,
            root,
            (home, crate::homes::FIRST_TOUCH),
        )?;
        self.push_made(root, made.slot());
        if let Some(check) = &self.check {
            // A host's.
            self.check_made(check, made.slot(), bytes, 0);
        }
        Ok(made)
    }
}

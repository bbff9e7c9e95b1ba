//! What may not be named here: why, and what to do about it.

use crate::block_table::BlockSlot;
use crate::codelet::flag;
use crate::engine::Frame;
use crate::error::{Error, ErrorKind};
use crate::id::BlockId;
use crate::sync::atomic::Ordering;

/// Why a block may not be named in a scope that has nothing to do with it.
pub(crate) const ELSEWHERE: &str = "it was adopted by another scope, or made by a codelet of another scope that has not ended; use it in that scope, or when that codelet's scope has ended";

impl Frame<'_> {
    /// A block that was not made in this body, and that its codelet declares nothing of.
    #[cold]
    pub(crate) fn out_of_reach(&self, id: BlockId, slot: &BlockSlot) -> Error {
        let arena = &self.engine.shared.arena;
        let owner = slot.owner.load(Ordering::Relaxed);
        // From the codelet up to the host's scope: they all live, as we do.
        let above = std::iter::successors(Some(self.codelet), |&at| {
            let record = arena.record(at);
            let root = record.flags() & flag::ROOT != 0;
            (!root).then(|| record.parent.load(Ordering::Relaxed))
        });
        if owner == 0 || above.into_iter().any(|at| at == owner) {
            let why = "its parent did not declare it; declare it in the parent with the right that the children need, and make it before the parent is spawned";
            return self.refused(id, why);
        }
        if arena.record(owner).flags() & flag::ROOT != 0 {
            return self.refused(id, ELSEWHERE);
        }
        let why = "it was made by a codelet beside, and until that one has ended it is for its children only; make it above both, before they are spawned, and declare it in both";
        self.refused(id, why)
    }

    /// A block of which its parent declared too little.
    #[cold]
    pub(crate) fn undeclared(&self, id: BlockId, why: &str) -> Error {
        let what = "declare it in the parent with the right that the children need";
        self.refused(id, &format!("{why}; {what}"))
    }

    /// A block cannot be named here, for this reason, which says what to do as well.
    #[cold]
    pub(crate) fn refused(&self, id: BlockId, why: &str) -> Error {
        let block = self.engine.shared.blocks.label(id);
        let message = format!("block {block} cannot be used here: {why}");
        Error::new(ErrorKind::Undeclared, message)
    }

    /// Whether this record is that of a scope inside one of ours. Only for what a message says: if the scope ends meanwhile
    /// the records that this goes through may be others' by now.
    #[cold]
    pub(crate) fn is_of_inner_scope(&self, record: u32) -> bool {
        /// Scopes in each other, at most: a walk through records of others might have no end.
        const DEPTH: usize = 1000;
        let arena = &self.engine.shared.arena;
        let mut at = record;
        for _ in 0..DEPTH {
            if arena.record(at).flags() & flag::SCOPE == 0 {
                return false;
            }
            at = arena.record(at).parent.load(Ordering::Relaxed);
            if self.scopes().any(|scope| scope == at) {
                return true;
            }
        }
        false
    }
}

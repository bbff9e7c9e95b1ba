//! Memory of blocks that outlives its runtime: for interfaces whose programs have threads of their own, which may go on using a block
//! that they never gave back.

use crate::memory_region::Pool;
use crate::runtime::Runtime;
use crate::sync::Arc;

/// As long as this is there, the memory of blocks that the runtime had when this was made, and of those made later, stays mapped; also
/// when the runtime has gone, and when a block has: then it holds what was written last, until another block has the memory. (The checking mode closes the
/// memory of a block that is destroyed all the same.)
#[derive(Debug)]
#[must_use = "memory is kept as long as this is"]
pub struct KeptMemory {
    _pools: Box<[Arc<Pool>]>,
}

impl Runtime {
    /// Keeps the memory of all blocks of this runtime, those to come included: from now on none goes back to the system before the
    /// runtime and what is given have gone, be it recycled or too much. Memory of blocks that went earlier may have gone back before.
    pub fn keep_memory(&self) -> KeptMemory {
        let pools = self.shared().homes.pools();
        pools.iter().for_each(|pool| pool.keep_all());
        KeptMemory {
            _pools: pools.into(),
        }
    }
}

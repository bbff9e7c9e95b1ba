//! Memory of blocks that outlives its runtime: for interfaces whose programs have threads of their own, which may go on using a block
//! that they never gave back.

use crate::memory_region::Pool;
use crate::runtime::Runtime;
use crate::sync::Arc;

/// As long as this is there, the memory of a runtime's blocks stays mapped, with what was written last; also when the runtime has gone,
/// and for addresses of blocks that are gone.
#[derive(Debug)]
#[must_use = "memory is kept as long as this is"]
pub struct KeptMemory {
    _pools: Box<[Arc<Pool>]>,
}

impl Runtime {
    /// Keeps the memory of all blocks of this runtime, those to come included.
    pub fn keep_memory(&self) -> KeptMemory {
        KeptMemory {
            _pools: self.shared().homes.pools().into(),
        }
    }
}

//! Names that users give their blocks, for messages. Looked at only when something is told.

use crate::id::BlockId;
use crate::sync::{Mutex, lock};
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// By the block's slot: the generation that was named, and its name. A name stays when its block goes, so that an error can
/// tell of a block that is gone, until another block in its slot is named.
#[derive(Debug)]
pub(crate) struct Names {
    names: Mutex<HashMap<u32, (u32, String)>>,
}

impl Default for Names {
    fn default() -> Self {
        Names {
            names: Mutex::new(HashMap::new()),
        }
    }
}

impl Names {
    pub(crate) fn set(&self, id: BlockId, name: &str) {
        let entry = (id.generation(), name.to_owned());
        lock(&self.names).insert(id.slot(), entry);
    }

    /// The name and the number of the block that has or had this slot in one of these generations; else its number.
    pub(crate) fn label(&self, slot: u32, generations: RangeInclusive<u32>) -> String {
        match lock(&self.names).get(&slot) {
            Some((named, name)) if generations.contains(named) => format!("{name} ({slot})"),
            _ => slot.to_string(),
        }
    }
}

// Under loom its locks work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RuntimeId;

    #[test]
    fn a_name_is_its_blocks_and_not_its_successors() {
        let names = Names::default();
        names.set(BlockId::new(RuntimeId(1), 3, 7), "u");
        assert_eq!(names.label(3, 7..=7), "u (3)");
        assert_eq!(names.label(3, 8..=8), "3");
        assert_eq!(names.label(3, 7..=8), "u (3)");
        assert_eq!(names.label(4, 7..=7), "4");
        names.set(BlockId::new(RuntimeId(1), 3, 8), "v");
        assert_eq!(names.label(3, 7..=7), "3");
    }
}

//! Which bytes of a block are poisoned: extents that do not overlap, exactly.

use super::{Effect, Extent, Poison};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Poisoned(Vec<(Extent, Poison)>);

impl Poisoned {
    /// What a holder of this extent does to the poison: a write heals what it covers and nothing else, a failure poisons
    /// that.
    pub fn set(&mut self, extent: &Extent, effect: Effect) {
        if !self.0.is_empty() {
            let mut left = Vec::new();
            for (old, poison) in std::mem::take(&mut self.0) {
                old.minus(extent, &mut left);
                let left = left.drain(..).map(|piece| (piece, poison));
                self.0.extend(left);
            }
        }
        if let Effect::Failed(poison) = effect
            && !extent.is_empty()
        {
            self.0.push((*extent, poison));
        }
    }

    /// A poison in these bytes, if there is any.
    ///
    /// Exact, though [`Extent::overlaps`] is not always: accesses that are not ordered have no byte in common, so what
    /// a holder finds here does not depend on those beside it.
    pub fn among(&self, extent: &Extent) -> Option<Poison> {
        let mut poisoned = self.0.iter();
        let found = poisoned.find(|(poisoned, _)| poisoned.meets(extent));
        found.map(|&(_, poison)| poison)
    }

    /// All of it: extents that do not overlap.
    pub fn list(&self) -> &[(Extent, Poison)] {
        &self.0
    }

    /// The same, and nothing is poisoned any more.
    pub fn take(&mut self) -> Vec<(Extent, Poison)> {
        std::mem::take(&mut self.0)
    }
}

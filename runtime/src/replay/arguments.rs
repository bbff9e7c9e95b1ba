//! What a replay gives to its rounds: one argument each, all of them there before it begins, so that rounds may overlap as
//! they like and nothing is done for an argument in a round.

/// See the module: a list that stays as long as the replay, without its type, which is that of the graph's [`Param`].
///
/// [`Param`]: crate::Param
pub(crate) struct Arguments {
    first: *const u8,
    /// From one to the next, in bytes.
    stride: usize,
}

// SAFETY: an address; what lies there is `Sync`, and only read while the replay runs.
unsafe impl Send for Arguments {}
// SAFETY: as above.
unsafe impl Sync for Arguments {}

impl Arguments {
    /// For a graph without.
    pub(crate) fn none() -> Self {
        Self::list::<()>(&[])
    }

    /// One for each round. The caller keeps the list until the replay has ended.
    pub(crate) fn list<Q: Sync>(list: &[Q]) -> Self {
        Arguments {
            first: list.as_ptr().cast(),
            stride: size_of::<Q>(),
        }
    }

    /// The same of arguments that are so many bytes each.
    pub(crate) fn bytes(list: &[u8], stride: usize) -> Self {
        Arguments {
            first: list.as_ptr(),
            stride,
        }
    }

    /// That of a round; they count from 1.
    #[inline]
    pub(super) fn of_round(&self, round: u32) -> *mut u8 {
        let offset = (round as usize - 1) * self.stride;
        self.first.wrapping_add(offset).cast_mut()
    }
}

//! How a file is cut into chunks.

/// A file's chunks: all of one size, but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of a chunk.
    pub chunk: usize,
}

impl Chunks {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.bytes.div_ceil(self.chunk as u64)
    }

    /// Where a chunk begins, and its bytes.
    pub fn at(&self, index: u64) -> (u64, usize) {
        let begin = index * self.chunk as u64;
        let rest = self.bytes - begin;
        (begin, rest.min(self.chunk as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_may_be_short() {
        let chunks = |bytes| Chunks { bytes, chunk: 10 };
        assert_eq!(chunks(0).count(), 0);
        assert_eq!((chunks(20).count(), chunks(20).at(1)), (2, (10, 10)));
        assert_eq!((chunks(21).count(), chunks(21).at(2)), (3, (20, 1)));
    }
}

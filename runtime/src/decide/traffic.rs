//! Which bytes went between memory regions, and what would mend it. The measure is MemProf's (Lachaize, Lepers and Quéma,
//! "MemProf: a memory profiler for NUMA multicore systems", USENIX ATC 2012): who touched which object from where.

/// What the codelets of one kind did to one block on the engines of one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The kind of codelet, by a number of the caller's.
    pub codelet: usize,
    /// The block, by a number of the caller's.
    pub block: usize,
    /// The region that the block's memory is in.
    pub home: usize,
    /// The engines' region.
    pub region: usize,
    /// Bytes that they declared to read.
    pub read: u64,
    /// Bytes that they declared to write.
    pub written: u64,
}

impl Traffic {
    /// Bytes read and written.
    pub fn bytes(&self) -> u64 {
        self.read.saturating_add(self.written)
    }

    /// Bytes that went from region to region.
    pub fn remote(&self) -> u64 {
        match self.home == self.region {
            true => 0,
            false => self.bytes(),
        }
    }
}

/// What would mend the remote accesses to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// One region does nearly all that is done to it: it should live there.
    Live(usize),
    /// It is read in several regions, and hardly written: each should have a copy.
    Copies,
    /// Its codelets are here and there: they should run where it is.
    RunThere,
}

/// One kind of codelet, one block, and the region that touched it from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worst {
    /// As in [`Traffic`].
    pub codelet: usize,
    /// As in [`Traffic`].
    pub block: usize,
    /// The region that the block's memory is in.
    pub home: usize,
    /// The engines' region.
    pub region: usize,
    /// Bytes that went between the two.
    pub remote: u64,
    /// What to do about it.
    pub mend: Mend,
}

/// One region does nearly all: so many of [`OF`] bytes.
const NEARLY: u128 = 3;
const OF: u128 = 4;
/// A block is hardly written if this many times as much of it is read.
const HARDLY: u128 = 16;

/// The `most` worst of these, by their remote bytes; of equal ones the first. None of those without remote bytes.
pub fn worst(traffic: &[Traffic], most: usize) -> Vec<Worst> {
    let mut far: Vec<&Traffic> = traffic.iter().filter(|one| one.remote() > 0).collect();
    far.sort_by_key(|one| std::cmp::Reverse(one.remote()));
    far.truncate(most);
    let judge = |one: &&Traffic| Worst {
        codelet: one.codelet,
        block: one.block,
        home: one.home,
        region: one.region,
        remote: one.remote(),
        mend: mend(traffic, one.block),
    };
    far.iter().map(judge).collect()
}

/// What would mend the remote accesses to this block.
fn mend(traffic: &[Traffic], block: usize) -> Mend {
    let of_block = || traffic.iter().filter(|one| one.block == block);
    let sum =
        |bytes: fn(&Traffic) -> u64| of_block().map(|one| u128::from(bytes(one))).sum::<u128>();
    let (read, written) = (sum(|one| one.read), sum(|one| one.written));
    let regions = of_block()
        .map(|one| one.region)
        .max()
        .map_or(0, |last| last + 1);
    let share = |region: usize| {
        let there = of_block().filter(|one| one.region == region);
        there
            .map(|one| u128::from(one.read) + u128::from(one.written))
            .sum::<u128>()
    };
    if let Some(region) = (0..regions).find(|&at| OF * share(at) >= NEARLY * (read + written)) {
        return Mend::Live(region);
    }
    match HARDLY * written <= read {
        true => Mend::Copies,
        false => Mend::RunThere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(block: usize, home: usize, region: usize, read: u64, written: u64) -> Traffic {
        Traffic {
            codelet: 10 * block + region,
            block,
            home,
            region,
            read,
            written,
        }
    }

    #[test]
    fn what_is_local_is_not_bad() {
        assert_eq!(worst(&[one(0, 1, 1, 100, 100)], 10), []);
        assert_eq!(worst(&[], 10), []);
    }

    #[test]
    fn a_block_that_one_other_region_uses_should_live_there() {
        let all = [one(0, 0, 1, 300, 0), one(0, 0, 0, 50, 50)];
        let found = worst(&all, 10);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].remote, found[0].region), (300, 1));
        assert_eq!(found[0].mend, Mend::Live(1));
    }

    #[test]
    fn a_block_that_is_read_all_over_should_have_copies_unless_it_is_written() {
        let read = [
            one(0, 0, 0, 100, 10),
            one(0, 0, 1, 100, 0),
            one(0, 0, 2, 100, 0),
        ];
        assert_eq!(worst(&read, 10)[0].mend, Mend::Copies);
        let written = [
            one(0, 0, 0, 100, 0),
            one(0, 0, 1, 100, 30),
            one(0, 0, 2, 100, 0),
        ];
        assert_eq!(worst(&written, 10)[0].mend, Mend::RunThere);
    }

    #[test]
    fn the_worst_come_first_and_others_judge_for_themselves() {
        let all = [
            one(0, 0, 1, 5, 0),
            one(1, 0, 1, u64::MAX, u64::MAX),
            one(2, 0, 1, 7, 0),
            one(2, 0, 0, 7, 0),
        ];
        let found = worst(&all, 2);
        let blocks: Vec<_> = found.iter().map(|one| one.block).collect();
        assert_eq!(blocks, [1, 2]);
        assert_eq!(found[0].remote, u64::MAX);
        assert_eq!(found[0].mend, Mend::Live(1));
        assert_eq!(found[1].mend, Mend::Copies);
    }
}

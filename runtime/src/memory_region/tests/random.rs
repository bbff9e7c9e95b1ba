//! Random programs against a model: a map of what is out.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::memory_region::class::LINE;

/// A step of a random program; the numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Take {
        from: u8,
        bytes: usize,
        zeroed: bool,
    },
    Give {
        to: u8,
        which: usize,
    },
    Flush {
        magazine: u8,
    },
    Trim {
        keep_bytes: usize,
    },
}

fn sizes() -> impl Strategy<Value = usize> {
    // As many of each doubling as of any other, from 1 byte to 16 MiB.
    (0u32..24, any::<usize>()).prop_map(|(doubling, n)| (1 << doubling) + n % (1 << doubling))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0u8..3, sizes(), any::<bool>()).prop_map(|(from, bytes, zeroed)| Step::Take { from, bytes, zeroed }),
        10 => (0u8..3, any::<usize>()).prop_map(|(to, which)| Step::Give { to, which }),
        1 => (0u8..2).prop_map(|magazine| Step::Flush { magazine }),
        1 => (0usize..8 * MIB).prop_map(|keep_bytes| Step::Trim { keep_bytes }),
    ]
}

/// A chunk that is out, with what its holder wrote to its first, middle and last eight bytes.
struct Held {
    chunk: Chunk,
    mark: u64,
}

impl Held {
    fn places(len: usize) -> [std::ops::Range<usize>; 3] {
        [0..8, len / 2..len / 2 + 8, len - 8..len]
    }

    fn new(mut chunk: Chunk, mark: u64, bytes: usize, zeroed: bool) -> Held {
        let (fresh, len) = (chunk.is_fresh(), chunk.bytes());
        let slice = slice(&mut chunk);
        for place in Self::places(len) {
            let known = fresh || (zeroed && place.end <= bytes);
            assert!(
                !known || slice[place.clone()] == [0; 8],
                "not zero at {place:?}"
            );
            slice[place].copy_from_slice(&mark.to_le_bytes());
        }
        Held { chunk, mark }
    }

    fn check(&mut self) {
        let len = self.chunk.bytes();
        for place in Self::places(len) {
            assert_eq!(slice(&mut self.chunk)[place], self.mark.to_le_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 200 }))]

    #[test]
    fn all_that_is_handed_out_is_disjoint_aligned_and_large_enough(
        keep_mib in 0usize..40,
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let before = LIVE.get();
        let pool = pool(keep_mib * MIB);
        let mut magazines = [Magazine::new(pool.clone()), Magazine::new(pool.clone())];
        let mut out: BTreeMap<usize, Held> = BTreeMap::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Take { from, bytes, zeroed } => {
                    let chunk = match (magazines.get_mut(usize::from(from)), zeroed) {
                        (Some(m), false) => m.take(bytes),
                        (Some(m), true) => m.take_zeroed(bytes),
                        (None, false) => pool.take(bytes),
                        (None, true) => pool.take_zeroed(bytes),
                    }
                    .unwrap();
                    let (at, len) = (address(&chunk), chunk.bytes());
                    prop_assert!(len >= bytes && len - bytes <= (bytes / 4).max(LINE - 1));
                    let align = [HUGE, 4096].into_iter().find(|a| len % a == 0).unwrap_or(LINE);
                    prop_assert!(at % align == 0);
                    if let Some((below, held)) = out.range(..=at).next_back() {
                        prop_assert!(below + held.chunk.bytes() <= at);
                    }
                    if let Some((above, _)) = out.range(at..).next() {
                        prop_assert!(at + len <= *above);
                    }
                    out.insert(at, Held::new(chunk, number as u64 + 1, bytes, zeroed));
                }
                Step::Give { to, which } if !out.is_empty() => {
                    let at = *out.keys().nth(which % out.len()).unwrap();
                    let mut held = out.remove(&at).unwrap();
                    held.check();
                    match magazines.get_mut(usize::from(to)) {
                        Some(m) => m.give(held.chunk).unwrap(),
                        None => pool.give(held.chunk).unwrap(),
                    }
                }
                Step::Give { .. } => {}
                Step::Flush { magazine } => magazines[usize::from(magazine)].flush(),
                Step::Trim { keep_bytes } => pool.trim(keep_bytes),
            }
            let s = pool.stats();
            let held: usize = out.values().map(|h| h.chunk.bytes()).sum::<usize>()
                + magazines.iter().map(Magazine::held_bytes).sum::<usize>();
            prop_assert_eq!(s.in_use_bytes, held);
            prop_assert!(s.in_use_bytes + s.recycled_bytes <= s.mapped_bytes);
            prop_assert_eq!(s.mapped_bytes as isize, LIVE.get() - before);
        }
        for mut held in out.into_values() {
            held.check();
            pool.give(held.chunk).unwrap();
        }
        drop(magazines);
        assert_all_back(&pool);
        drop(pool);
        prop_assert_eq!(LIVE.get(), before);
    }
}

//! Extents against plain sets of bytes.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn bytes(extent: &Extent) -> BTreeSet<u64> {
    let piece = |row| {
        let start = extent.start() + row * extent.stride();
        start..start + extent.columns()
    };
    (0..extent.rows()).flat_map(piece).collect()
}

fn extents() -> impl Strategy<Value = Extent> {
    let range = (0..60u64, 0..20u64).prop_map(|(start, bytes)| Extent::range(start, bytes));
    let tile = (1..9u64, 0..6u64, 0..7u64, 0..9u64, 0..9u64).prop_map(
        |(stride, row, rows, column, columns)| {
            let column = column.min(stride);
            let columns = columns.min(stride - column);
            Extent::tile(row * stride + column, columns, rows, stride)
        },
    );
    prop_oneof![range, tile]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn extents_are_sets_of_bytes(a in extents(), b in extents()) {
        let (in_a, in_b) = (bytes(&a), bytes(&b));
        let common = in_a.intersection(&in_b).next().is_some();
        prop_assert_eq!(a.is_empty(), in_a.is_empty());
        prop_assert_eq!(a.end(), in_a.last().map_or(a.start(), |last| last + 1));
        prop_assert_eq!(a.meets(&b), common);
        prop_assert_eq!(a.contains(&b), in_b.is_subset(&in_a));
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        let different = a.stride() != b.stride() && a.stride() != 0 && b.stride() != 0;
        if different {
            prop_assert!(a.overlaps(&b) || !common, "an overlap was missed");
        } else {
            prop_assert_eq!(a.overlaps(&b), common);
        }
        let mut left = Vec::new();
        a.minus(&b, &mut left);
        let pieces: Vec<BTreeSet<u64>> = left.iter().map(bytes).collect();
        let total: usize = pieces.iter().map(BTreeSet::len).sum();
        let all: BTreeSet<u64> = pieces.into_iter().flatten().collect();
        prop_assert_eq!(total, all.len(), "pieces overlap");
        prop_assert_eq!(all, in_a.difference(&in_b).copied().collect::<BTreeSet<_>>());
        if !different {
            prop_assert!(left.len() <= 12, "{} pieces", left.len());
        }
    }
}

#[test]
fn what_is_one_piece_is_a_range() {
    assert_eq!(Extent::tile(20, 10, 3, 10), Extent::range(20, 30));
    assert_eq!(Extent::tile(23, 4, 1, 10), Extent::range(23, 4));
    assert!(Extent::tile(23, 4, 0, 10).is_empty());
}

#[test]
fn tiles_of_one_matrix_beside_each_other_are_apart_though_their_spans_overlap() {
    let (left, right) = (Extent::tile(0, 4, 8, 8), Extent::tile(4, 4, 8, 8));
    assert!(!left.overlaps(&right));
    let odd = Extent::tile(4, 2, 8, 7);
    assert!(left.overlaps(&odd));
}

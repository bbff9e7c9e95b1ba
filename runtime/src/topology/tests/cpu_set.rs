use proptest::prelude::*;

use super::super::CpuSet;
use super::set;
use crate::error::ErrorKind;

#[test]
fn lists_are_read_and_printed() {
    for list in ["", "0", "0-3", "0-3,8,10-11", "1023-1025,70000"] {
        assert_eq!(set(list).to_string(), list);
    }
    assert_eq!(set(" 1, 0 \n").to_string(), "0-1");
    assert_eq!(set("5,4,4-6").to_string(), "4-6");
    assert_eq!(format!("{:?}", set("1-2")), "CpuSet(1-2)");
}

#[test]
fn wrong_lists_are_refused_and_quoted() {
    for (list, words) in [
        ("0-", "`` is not a number"),
        ("a", "`a` is not a number"),
        ("1,,2", "wrong at ``"),
        ("7-3", "backwards"),
        ("-1", "not a number"),
        ("+1", "not a number"),
        ("0-7:2/4", "`7:2/4` is not a number"),
        ("0-4294967295", "must be damaged"),
        ("99999999999999999999", "not a number"),
    ] {
        let e = list.parse::<CpuSet>().unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Topology);
        let text = e.to_string();
        assert!(
            text.contains(words) && text.contains(&format!("`{list}`")),
            "{text}"
        );
    }
    let long = "x".repeat(1000).parse::<CpuSet>().unwrap_err().to_string();
    assert!(long.len() < 400, "{long}");
}

#[test]
fn equal_sets_are_equal_whatever_they_held() {
    let mut a = set("1,5000");
    assert!(a.remove(5000) && !a.remove(5000) && !a.remove(1 << 30));
    assert_eq!(a, set("1"));
    assert!(!a.insert(1) && a.insert(2));
    assert!(a.remove(1) && a.remove(2) && a.is_empty());
    assert_eq!((a.first(), a.last(), a.len()), (None, None, 0));
}

#[test]
fn holes_are_below_the_last() {
    assert_eq!(set("1-2,5,64").holes(), set("0,3-4,6-63"));
    assert_eq!(set("").holes(), set(""));
    assert_eq!(set("0-63").holes(), set(""));
}

proptest! {
    #[test]
    fn behaves_like_a_set(a in prop::collection::btree_set(0u32..300, 0..80), b in prop::collection::btree_set(0u32..300, 0..80)) {
        let (x, y): (CpuSet, CpuSet) = (a.iter().copied().collect(), b.iter().copied().collect());
        prop_assert_eq!(x.iter().collect::<Vec<_>>(), a.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!((x.len(), x.first(), x.last()), (a.len(), a.first().copied(), a.last().copied()));
        prop_assert_eq!(x.union(&y), (&a | &b).into_iter().collect());
        prop_assert_eq!(x.intersection(&y), (&a & &b).into_iter().collect());
        prop_assert_eq!(x.difference(&y), (&a - &b).into_iter().collect());
        prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
        prop_assert_eq!(x.to_string().parse::<CpuSet>().unwrap(), x);
    }

    #[test]
    fn any_text_is_a_set_or_an_error(text in "\\PC*", list in "[0-9,\\- ]{0,20}") {
        let _ = text.parse::<CpuSet>();
        let _ = list.parse::<CpuSet>();
    }
}

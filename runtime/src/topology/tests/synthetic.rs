use proptest::prelude::*;

use super::*;

fn make(description: &str) -> Topology {
    let t = Topology::synthetic(description).unwrap();
    t.check().unwrap();
    t
}

fn counts(t: &Topology) -> [usize; 5] {
    [
        t.packages.len(),
        t.regions.len(),
        t.cache_groups.len(),
        t.cores.len(),
        t.threads(),
    ]
}

#[test]
fn descriptions_make_machines() {
    assert_eq!(counts(&make("core:8")), [1, 1, 1, 8, 8]);
    assert_eq!(counts(&make("package:2 core:4")), [2, 2, 2, 8, 8]);
    assert_eq!(
        counts(&make("package:2 region:2 core:4")),
        [2, 4, 4, 16, 16]
    );
    assert_eq!(
        counts(&make("  package:2\tregion:4 cache:2 core:8 thread:2\n")),
        [2, 8, 16, 128, 256]
    );
    assert_eq!(
        counts(&make("cache:64 core:1024")),
        [1, 1, 64, 65536, 65536]
    );
    assert_eq!(
        counts(&make("package:32 region:32 core:1")),
        [32, 1024, 1024, 1024, 1024]
    );
    assert_eq!(make("core:1").notes, [""; 0]);
}

#[test]
fn numbering_and_distances() {
    let t = make("package:2 region:2 core:2 thread:2");
    assert_eq!(t.cores[5].cpus, [5, 13]);
    assert_eq!(
        (t.cores[5].os_id, t.cores[5].package, t.cores[5].region),
        (1, 1, 2)
    );
    assert_eq!([0, 1, 2, 3].map(|to| t.distance(1, to)), [12, 10, 21, 21]);
    assert_eq!(t.cores_of_region(3).collect::<Vec<_>>(), [6, 7]);
    assert!(
        t.cache_groups
            .iter()
            .all(|g| g.level == 3 && g.bytes == 32 << 20)
    );
    assert!(t.regions.iter().all(|r| r.has_cpus && r.bytes == 16 << 30));
    // Cores with a cache each are taken at the word.
    assert_eq!(groups(&make("cache:2 core:1")), ["0", "1"]);
}

#[test]
fn wrong_descriptions_say_what_is_wrong() {
    for (description, words) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        (
            "socket:2 core:4",
            "no level `socket` (there are package, region, cache, core, thread)",
        ),
        ("Core:4", "no level `Core`"),
        ("package:2", "no `core` level"),
        ("core:0", "`core:0` leaves nothing"),
        ("core", "`core` is not `level:count`"),
        ("core:", "`` is not a count in `core:`"),
        ("core:-1", "`-1` is not a count"),
        ("core:+1", "`+1` is not a count"),
        ("core:1.5", "not a count"),
        ("core:4 core:4", "twice"),
        ("core:4 package:2", "`package` must come before `core`"),
        ("thread:2 core:4", "`core` must come before `thread`"),
        (
            "region:2 package:1 core:1",
            "`package` must come before `region`",
        ),
        ("core:65537", "more than 65536 hardware threads"),
        ("core:256 thread:257", "more than 65536 hardware threads"),
        ("core:99999999999999999999999999", "more than 65536"),
        (
            "package:4294967296 region:4294967296 core:1",
            "more than 65536",
        ),
        ("region:2048 core:1", "more than 1024 memory regions"),
    ] {
        let e = Topology::synthetic(description).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Topology);
        assert!(e.to_string().contains(words), "{e}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_machine_or_an_error(text in "\\PC*", close in "((package|region|cache|core|thread|x):[0-9]{0,3} ){0,5}") {
        let _ = Topology::synthetic(&text);
        if let Ok(t) = Topology::synthetic(&close) {
            t.check().unwrap();
        }
    }

    #[test]
    fn counts_multiply(p in 1usize..4, r in 1usize..4, l in 1usize..4, c in 1usize..5, h in 1usize..4) {
        let t = make(&format!("package:{p} region:{r} cache:{l} core:{c} thread:{h}"));
        prop_assert_eq!(counts(&t), [p, p * r, p * r * l, p * r * l * c, p * r * l * c * h]);
        prop_assert_eq!(t.cpus(), (0..t.threads() as u32).collect());
    }
}

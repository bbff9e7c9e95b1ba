//! Restriction, consistency, and how topologies are shown.

use super::*;

fn machine() -> Topology {
    Topology::synthetic("package:2 region:2 core:2 thread:2").unwrap()
}

#[test]
fn restriction_gives_indices_anew() {
    let whole = machine();
    let t = whole.restrict(&set("3,4,5,12,13,900")).unwrap();
    t.check().unwrap();
    assert_eq!(cores(&t), [vec![3], vec![4, 12], vec![5, 13]]);
    assert_eq!(groups(&t), ["3", "4-5,12-13"]);
    assert_eq!(t.packages.len(), 2);
    assert_eq!(
        t.regions.iter().map(|r| r.has_cpus).collect::<Vec<_>>(),
        [false, true, true, false]
    );
    assert_eq!(
        t.regions.iter().map(|r| r.os_id).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    // Only the second package: it becomes package 0 and keeps its number.
    let t = whole.restrict(&set("14")).unwrap();
    t.check().unwrap();
    assert_eq!(
        (t.packages.len(), t.packages[0].os_id, t.cores[0].package),
        (1, 1, 0)
    );
    assert_eq!(
        (t.cores[0].region, t.distance(3, 2), t.regions.len()),
        (3, 12, 4)
    );

    assert_eq!(whole.restrict(&whole.cpus()).unwrap(), whole);
    for nothing in ["", "16-20"] {
        let e = whole.restrict(&set(nothing)).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Topology);
        assert!(e.to_string().contains("which has `0-15`"), "{e}");
    }
}

#[test]
fn contradictions_are_found() {
    type Break = fn(&mut Topology);
    let breaks: [(Break, &str); 13] = [
        (|t| t.cores.clear(), "no core"),
        (
            |t| t.regions[0].distances = vec![10],
            "1 distances and there are 4",
        ),
        (|t| t.regions[0].distances[3] = 0, "distance of 0"),
        (|t| t.regions[2].has_cpus = false, "has_cpus: false"),
        (|t| t.regions[2].os_id = 0, "two regions have the number 0"),
        (|t| t.cores[1].cpus.clear(), "core 1 has no CPU"),
        (|t| t.cores[1].cpus = vec![0], "CPU 0 is in two cores"),
        (
            |t| t.cores[1].cache_group = 9,
            "cache group 9, which does not exist",
        ),
        (|t| t.cores[1].kind = 1, "kind 1, which does not exist"),
        (
            |t| t.caches[1].cores = vec![2, 9],
            "cache 1 lists cores [2, 9]",
        ),
        (|t| t.caches[1].cores.clear(), "cache 1 lists cores []"),
        (|t| t.cores[1].package = 1, "differ in package or region"),
        (
            |t| t.cache_groups[0].cores = vec![0],
            "cache group 0 lists cores [0]",
        ),
    ];
    for (broken, words) in breaks {
        let mut t = machine();
        broken(&mut t);
        let e = t.check().unwrap_err();
        assert!(e.to_string().contains(words), "{e}");
        // Nothing that takes `&self` and no index panics on it.
        let _ = (
            t.restrict(&set("0-15")),
            t.to_string(),
            t.to_json(),
            t.threads(),
            t.cpus(),
        );
    }
    let mut t = machine();
    t.cores[0].package = 9;
    t.cache_groups[0].package = 9;
    assert!(
        t.check()
            .unwrap_err()
            .to_string()
            .contains("does not exist")
    );
}

#[test]
fn the_tree_is_drawn() {
    let t = Topology::synthetic("package:2 cache:2 core:1 thread:2").unwrap();
    let expected = "\
2 packages, 2 memory regions, 4 cache groups, 4 cores, 8 hardware threads (made from `package:2 cache:2 core:1 thread:2`)
├─ package 0
│  └─ region 0, 16 GiB
│     ├─ cache group 0, L3 32 MiB
│     │  └─ core 0: cpus 0,4
│     └─ cache group 1, L3 32 MiB
│        └─ core 1: cpus 1,5
└─ package 1
   └─ region 1, 16 GiB
      ├─ cache group 2, L3 32 MiB
      │  └─ core 2: cpus 2,6
      └─ cache group 3, L3 32 MiB
         └─ core 3: cpus 3,7
distances between memory regions:
       0  1
    0 10 21
    1 21 10
";
    assert_eq!(t.to_string(), expected);
    let mut one = Topology::synthetic("core:1").unwrap();
    one.notes.push("odd".into());
    let text = one.to_string();
    assert!(
        text.starts_with("1 package, 1 memory region, 1 cache group, 1 core, 1 hardware thread ("),
        "{text}"
    );
    assert!(
        !text.contains("distances") && text.ends_with("notes:\n  - odd\n"),
        "{text}"
    );
}

#[test]
fn json_is_json() {
    let mut t = Topology::synthetic("core:2").unwrap();
    t.notes = vec![
        "a \"quoted\"\\\n\t\u{7f} note, ünïcode".into(),
        "two".into(),
    ];
    let expected = concat!(
        r#"{"source":{"kind":"synthetic","from":"core:2"},"#,
        r#""counts":{"packages":1,"regions":1,"caches":1,"cores":2,"threads":2,"dies":1,"clusters":1},"#,
        r#""packages":[{"os_id":0}],"#,
        r#""regions":[{"os_id":0,"bytes":17179869184,"has_cpus":true,"cpus":[0,1],"distances":[10],"#,
        r#""local_cpus":[0,1],"kind":"unknown","side_cache_bytes":0,"#,
        r#""speed":{"read_bandwidth":0,"write_bandwidth":0,"read_latency":0,"write_latency":0}}],"#,
        r#""caches":[{"level":3,"bytes":33554432,"package":0,"region":0,"cores":[0,1],"cpus":[0,1]}],"#,
        r#""cores":[{"os_id":0,"package":0,"region":0,"cache":0,"cpus":[0],"die":0,"cluster":0,"kind":0},"#,
        r#"{"os_id":1,"package":0,"region":0,"cache":0,"cpus":[1],"die":0,"cluster":0,"kind":0}],"#,
        r#""notes":["a \"quoted\"\\\n\u0009\u007f note, ünïcode","two"],"#,
        r#""all_caches":[{"level":3,"bytes":33554432,"cpus":[0,1]}],"#,
        r#""core_kinds":[{"name":"","capacity":0}]}"#,
    );
    assert_eq!(t.to_json(), expected);
}

#[test]
fn sizes_are_readable() {
    use super::super::text::bytes;
    let sizes = [0, 1023, 1536, 32 << 20, (46 << 30) / 10, 6 << 40, u64::MAX];
    assert_eq!(
        sizes.map(bytes),
        [
            "0 B", "1023 B", "1.5 KiB", "32 MiB", "4.6 GiB", "6 TiB", "16 EiB"
        ]
    );
}

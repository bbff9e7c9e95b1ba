//! Files in hwloc's XML: what they mean, and what is said of those that mean nothing.

use super::super::{MemoryKind, MemorySpeed, Source};
use super::*;

/// A small machine in format 3: one package; two dies with two cores each, the second die's cores with two threads; plain memory
/// next to each die, fast memory next to the first, memory behind a cache and a link next to all; devices on the way.
pub(super) const MACHINE: &str = include_str!("machine.xml");

fn read(text: &str) -> Topology {
    Topology::from_xml_text(text).unwrap()
}

#[test]
fn a_machine_with_everything() {
    let t = read(MACHINE);
    assert_eq!(cores(&t), [vec![0], vec![1], vec![2, 4], vec![3, 5]]);
    assert_eq!((t.packages.len(), t.packages[0].os_id), (1, 3));
    let of_cores = |f: fn(&super::super::Core) -> i64| t.cores.iter().map(f).collect::<Vec<_>>();
    assert_eq!(of_cores(|c| c.os_id.into()), [0, 1, 4, 5]);
    assert_eq!(of_cores(|c| c.die as i64), [0, 0, 1, 1]);
    assert_eq!(of_cores(|c| c.region as i64), [0, 0, 1, 1]);
    assert_eq!(of_cores(|c| c.kind as i64), [1, 1, 0, 0]);
    let names: Vec<&str> = t.core_kinds.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(names, ["IntelAtom", "IntelCore"]);

    let numbers: Vec<u32> = t.regions.iter().map(|r| r.os_id).collect();
    assert_eq!(numbers, [0, 1, 4, 9]);
    let sizes: Vec<u64> = t.regions.iter().map(|r| r.bytes >> 20).collect();
    assert_eq!(sizes, [1024, 1024, 512, 8192]);
    let local: Vec<String> = t.regions.iter().map(|r| r.local_cpus.to_string()).collect();
    assert_eq!(local, ["0-1", "2-5", "0-1", "0-5"]);
    let kinds: Vec<MemoryKind> = t.regions.iter().map(|r| r.kind).collect();
    assert_eq!(
        kinds,
        [
            MemoryKind::Dram,
            MemoryKind::Unknown,
            MemoryKind::Hbm,
            MemoryKind::Cxl
        ]
    );
    assert_eq!(t.regions[3].side_cache_bytes, 1 << 20);
    assert_eq!(t.regions[0].side_cache_bytes, 0);
    // The system's table counts, not the user's, and its rows are those whose way it is.
    assert_eq!(
        (t.distance(0, 3), t.distance(3, 0), t.distance(2, 3)),
        (13, 23, 16)
    );
    let speed = |r: usize| t.regions[r].speed;
    // From the CPUs next to it only; reads apart count more than reads and writes together.
    assert_eq!(
        (speed(0).read_bandwidth, speed(0).write_bandwidth),
        (110_000, 100_000)
    );
    assert_eq!(
        (speed(2).read_bandwidth, speed(2).write_bandwidth),
        (500_000, 500_000)
    );
    assert_eq!(
        speed(3),
        MemorySpeed {
            read_latency: 300,
            ..MemorySpeed::default()
        }
    );

    let caches: Vec<(u32, u64, &[usize])> = t
        .caches
        .iter()
        .map(|c| (c.level, c.bytes >> 10, &c.cores[..]))
        .collect();
    assert_eq!(
        caches,
        [
            (1, 32, &[0][..]),
            (2, 1024, &[0]),
            (3, 32768, &[0, 1, 2, 3])
        ]
    );
    assert_eq!(groups(&t), ["0-1", "2-5"]);
    assert_eq!(t.cache_groups[0].bytes, 16 << 20);
    let noted = |words: &str| t.notes.iter().filter(|n| n.contains(words)).count();
    assert_eq!(
        noted("CPUs 0-5 are next to several memory regions"),
        1,
        "{:?}",
        t.notes
    );
    assert_eq!(noted("no node 2-3,5-8"), 1, "{:?}", t.notes);
    assert_eq!(t.notes.len(), 3, "{:?}", t.notes);
    assert_eq!(t.source, Source::Xml(PathBuf::new()));
    let tree = t.to_string();
    assert!(tree.contains("region 2 (the kernel's 4), 512 MiB of hbm, 500000 MB/s, no usable cores, next to cpus 0-1"), "{tree}");
    assert!(
        tree.contains("8 GiB of cxl behind a cache of 1 MiB, after 300 ns (reads)"),
        "{tree}"
    );
    assert!(
        tree.contains("dies: cores 0-1 | 2-3") && tree.contains("core 2: cpus 2,4, IntelAtom"),
        "{tree}"
    );
}

#[test]
fn a_part_of_it_keeps_what_is_known() {
    let part = read(MACHINE).restrict(&set("1,4")).unwrap();
    part.check().unwrap();
    assert_eq!(cores(&part), [[1], [4]]);
    assert_eq!((part.dies(), part.regions.len()), (2, 4));
    assert_eq!(part.regions[2].local_cpus, set("1"));
    assert_eq!((part.cores[0].kind, part.cores[1].kind), (1, 0));
    let caches: Vec<(u32, &[usize])> = part
        .caches
        .iter()
        .map(|c| (c.level, &c.cores[..]))
        .collect();
    assert_eq!(caches, [(3, &[0, 1][..])]);
}

/// The machine after some of its text was replaced, each piece wherever it stands.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(MACHINE.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    })
}

#[test]
fn the_region_with_the_fewest_cpus_around_it_is_home() {
    // The memory that is next to all has the lowest number now.
    let changes = [
        ("\"NUMANode\" os_index=\"0\"", "\"NUMANode\" os_index=\"5\""),
        ("\"NUMANode\" os_index=\"9\"", "\"NUMANode\" os_index=\"0\""),
    ];
    let t = read(&with(&changes));
    let homes: Vec<u32> = t.cores.iter().map(|c| t.regions[c.region].os_id).collect();
    assert_eq!(homes, [1, 1, 4, 4]);
    assert_eq!(t.regions[0].local_cpus, set("0-5"));
}

#[test]
fn what_was_not_allowed_is_left_out() {
    let machine = "type=\"Machine\" os_index=\"0\"";
    let allowed =
        format!("{machine} allowed_cpuset=\"0x0000001d\" allowed_nodeset=\"0xf...f,0x00000003\"");
    let t = read(&with(&[(machine, &allowed)]));
    assert_eq!(cores(&t), [vec![0], vec![2, 4], vec![3]]);
    assert_eq!(
        t.regions.iter().map(|r| r.os_id).collect::<Vec<_>>(),
        [0, 1]
    );
    let noted = |words: &str| t.notes.iter().any(|n| n.contains(words));
    assert!(
        noted("CPUs 1,5 of the machine were not allowed") && noted("NUMA nodes 4,9 of"),
        "{:?}",
        t.notes
    );
    // A package of which nothing is left goes; so does the machine.
    let empty = "<object type=\"Package\" os_index=\"0\"/><object type=\"Package\" os_index=\"3\"";
    let t = read(&with(&[("<object type=\"Package\" os_index=\"3\"", empty)]));
    assert_eq!((t.packages.len(), t.packages[0].os_id), (1, 3));
    let none = format!("{machine} allowed_cpuset=\"0x0\"");
    let e = Topology::from_xml_text(&with(&[(machine, &none)])).unwrap_err();
    assert!(
        e.to_string()
            .contains("no object of type PU that may be used"),
        "{e}"
    );
}

#[test]
fn format_two_is_the_same() {
    let two = with(&[("version=\"3.0\"", "version=\"2.0\"")]);
    assert_eq!(read(&two), read(MACHINE));
}

#[test]
fn what_is_left_out_is_made_up_for() {
    let t = read(&with(&[(
        "type=\"Package\" os_index=\"3\"",
        "type=\"Group\"",
    )]));
    assert_eq!((t.packages.len(), t.packages[0].os_id), (1, -1));
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("does not know the package of CPUs 0-5")),
        "{:?}",
        t.notes
    );
    // A die that is a whole package tells nothing.
    let t = read(&with(&[
        ("\"Die\" os_index=\"1\"", "\"Group\""),
        ("\"Group\" cpuset=\"0x0000003c\"", "\"Other\""),
    ]));
    assert_eq!(t.dies(), 2);

    let t = read(&with(&[("kind=\"5\"", "kind=\"9\"")]));
    assert!(
        t.notes.iter().any(|n| n.contains("a user's")),
        "{:?}",
        t.notes
    );
    assert_eq!(t.distance(0, 1), 2);
    let t = read(&with(&[("distances2", "other")]));
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("no distances between memory regions")),
        "{:?}",
        t.notes
    );
    assert_eq!((t.distance(1, 1), t.distance(0, 1)), (10, 20));
    // A table that lacks a region.
    let t = read(&with(&[(
        "<indexes length=\"4\">4 9 ",
        "<indexes length=\"4\">4 8 ",
    )]));
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("distances of node 9 are unknown")),
        "{:?}",
        t.notes
    );
    assert_eq!(
        (t.distance(0, 2), t.distance(0, 3), t.distance(3, 3)),
        (12, 20, 10)
    );

    let t = read(&with(&[("NUMANode", "Memory")]));
    assert_eq!((t.regions.len(), t.regions[0].bytes), (1, 0));
    let t = read(
        r#"<topology version="2.0"><object type="Machine"><object type="PU" os_index="7"/></object></topology>"#,
    );
    assert_eq!(
        (cores(&t), t.regions.len(), t.notes.len()),
        (vec![vec![7]], 1, 3)
    );
    // A CPU that no region is next to goes where its package is.
    let t = read(&with(&[
        (
            "os_index=\"1\" cpuset=\"0x0000003c\" gp",
            "os_index=\"1\" cpuset=\"0x0000001c\" gp",
        ),
        (
            "cpuset=\"0x0000003f\" gp_index=\"41\"",
            "cpuset=\"0x0\" gp_index=\"41\"",
        ),
    ]));
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("no memory region lists CPUs 5")),
        "{:?}",
        t.notes
    );
    assert_eq!(t.regions[3].local_cpus, t.cpus());
}

#[test]
fn nonsense_is_refused_with_its_line() {
    for (old, new, words) in [
        ("version=\"3.0\"", "", "line 3: it is in format 1"),
        (
            "version=\"3.0\"",
            "version=\"4.1\"",
            "in format `4.1`, and 2 and 3",
        ),
        ("topology", "machine", "line 3: its root is `machine`"),
        (
            "<object type=\"PU\"",
            "<object type=\"QU\"",
            "no object of type PU",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\"",
            "line 31: the PU has no os_index",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\" os_index=\"4\"",
            "CPU 4 is there twice",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\" os_index=\"-2\"",
            "os_index is `-2`, not a number",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\" os_index=\"65536\"",
            "CPU 65536 is beyond",
        ),
        (
            "type=\"PU\" os_index=\"2\"",
            "os_index=\"2\"",
            "the object has no type",
        ),
        (
            "\"NUMANode\" os_index=\"1\"",
            "\"NUMANode\"",
            "line 28: the NUMANode has no os_index",
        ),
        (
            "\"NUMANode\" os_index=\"1\"",
            "\"NUMANode\" os_index=\"4\"",
            "NUMA node 4 is there twice",
        ),
        (
            "cpuset=\"0x0000003c\" gp_index=\"15\"",
            "",
            "of type `NUMANode` has no cpuset",
        ),
        (
            "\"0x0000003c\" gp_index=\"15\"",
            "\"0x3c.\" gp_index=\"15\"",
            "cpuset is `0x3c.`: `0x3c.` is not hexadecimal",
        ),
        (
            "\"0x0000003c\" gp_index=\"15\"",
            "\"\" gp_index=\"15\"",
            "it is empty",
        ),
        (
            "\"0x0000003c\" gp_index=\"15\"",
            "\"0x100000000\" gp_index=\"15\"",
            "not a word of 32 bits",
        ),
        (
            "local_memory=\"536870912\"",
            "local_memory=\"lots\"",
            "local_memory is `lots`",
        ),
        (
            "depth=\"3\" cache_l",
            "cache_l",
            "of type `L3Cache` has no depth",
        ),
        (
            "depth=\"3\" cache_l",
            "depth=\"17\" cache_l",
            "a cache is of level 17",
        ),
        (
            "nbobjs=\"4\" kind=\"5\"",
            "nbobjs=\"3\" kind=\"5\"",
            "4 numbers as indexes and should have 3",
        ),
        (
            "nbobjs=\"4\" kind=\"5\"",
            "nbobjs=\"99999999999\" kind=\"5\"",
            "1024 is the most",
        ),
        (
            "10 16 23 24 25 10 <",
            "10 16 23 24 25 <",
            "15 numbers as u64values and should have 16",
        ),
        ("10 16 23 24 25 10 <", "10 16 23 24 25 0 <", "10 is local"),
        (
            "10 16 23 24 25 10 <",
            "10 16 23 24 25 far <",
            "`far` is not a number",
        ),
        (
            "initiator_cpuset=\"0xf...f\"",
            "initiator_cpuset=\"0xf...\"",
            "initiator_cpuset is `0xf...`",
        ),
        ("</topology>", "", "it is not whole XML"),
        (
            "type=\"NUMANode\" os_index=\"0\"",
            "type=NUMANode",
            "line 12: it is not whole XML",
        ),
    ] {
        let e = Topology::from_xml_text(&with(&[(old, new)])).expect_err(words);
        let text = e.to_string();
        assert_eq!(e.kind(), ErrorKind::Topology, "{text}");
        assert!(
            text.contains(words) && text.contains("hwloc's XML, line "),
            "{words}: {text}"
        );
    }
}

#[test]
fn objects_that_never_end_are_refused() {
    let deep = "<object type=\"Group\">".repeat(200_000);
    let text = format!(
        "<topology version=\"2.0\">{deep}{}</topology>",
        "</object>".repeat(200_000)
    );
    let e = Topology::from_xml_text(&text).unwrap_err().to_string();
    assert!(e.contains("deeper than 100 levels"), "{e}");
    let entities = r#"<!DOCTYPE topology [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
        <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
        <!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>
        <topology version="2.0">&f;</topology>"#;
    assert!(Topology::from_xml_text(entities).is_err());
}

#[test]
fn files_are_named() {
    let tree = Tree::new();
    let file = tree.root.join("machine.xml");
    let refused = |words: &str| {
        let e = Topology::from_xml(&file).unwrap_err();
        let text = e.to_string();
        assert_eq!(e.kind(), ErrorKind::Topology, "{text}");
        assert!(
            text.contains("machine.xml") && text.contains(words),
            "{text}"
        );
    };
    refused("cannot be read");
    tree.file("machine.xml", [0xff, 0xfe]);
    refused("not text");
    tree.file("machine.xml", "");
    refused("line 1: it is not whole XML");
    tree.file("machine.xml", MACHINE);
    let t = Topology::from_xml(&file).unwrap();
    assert_eq!(t.source, Source::Xml(file.clone()));
    assert!(
        t.to_json()
            .starts_with("{\"source\":{\"kind\":\"xml\",\"from\":\"")
    );
    assert!(t.to_string().contains("machine.xml)"), "{t}");
}

#[test]
fn words_of_bits() {
    use super::super::mask::parse;
    let all = set("0-200");
    for (text, cpus) in [
        ("0x0", ""),
        ("00000000,0000000f\n", "0-3"),
        ("0x00000001,,0x01000000", "24,64"),
        ("0x00000100,,0x0", "72"),
        (",0x1", "0"),
        ("0xf...f", "0-200"),
        ("0xf...f,0x00000000", "32-200"),
        ("0xf...f,0xffffffff,0x80000000", "31-200"),
        ("ff", "0-7"),
    ] {
        assert_eq!(parse(text).unwrap().of(&all), set(cpus), "{text}");
    }
    for text in [
        "",
        "0x",
        "g",
        "0x-1",
        "0xf...f0x1",
        "0xf...",
        "1 2",
        "123456789",
        &"0,".repeat(40_000),
    ] {
        parse(text).expect_err(text);
    }
}

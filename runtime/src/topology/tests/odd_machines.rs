//! Machines that are odd but sensible: each is described as well as can be, and the oddity noted.

use super::*;

#[test]
fn offline_cpus_are_not_used() {
    let tree = Tree::two_packages();
    // The kernel takes offline CPUs out of the other's lists, or not, and removes their directories.
    tree.cpus("0-4,6-7", "0-7").remove("cpu/cpu5");
    let t = tree.odd("CPUs 5 are present but offline");
    assert_eq!(cores(&t), [vec![0, 4], vec![1], vec![2, 6], vec![3, 7]]);
    assert_eq!(groups(&t), ["0-1,4", "2-3,6-7"]);
    // The first thread can be the one that is off.
    let tree = Tree::two_packages();
    tree.cpus("0,2-7", "0-7");
    assert_eq!(
        cores(&tree.odd("CPUs 1 are present")),
        [vec![0, 4], vec![5], vec![2, 6], vec![3, 7]]
    );
}

#[test]
fn without_lists_directories_tell_who_is_online() {
    let tree = Tree::simple();
    tree.remove("cpu/online")
        .remove("cpu/present")
        .sys("cpu/cpu2/online", "0\n")
        .sys("cpu/cpu3/online", "1\n");
    tree.sys("cpu/cpufreq/x", "").sys("cpu/cpuidle/x", "");
    let t = tree.read().unwrap();
    assert_eq!(t.cpus(), set("0-1,3"));
    assert_eq!(t.notes.len(), 2, "{:?}", t.notes);
    assert!(t.notes[0].contains("no list of online CPUs") && t.notes[1].contains("CPUs 2"));
}

#[test]
fn holes_in_numbers() {
    let tree = Tree::simple();
    tree.cpus("0-3,8", "0-3,8")
        .cpu(8, 0, 9, "8")
        .cache("8", 3, 3, "Unified", "32768K", "0-3,8");
    tree.cache("0-3", 3, 3, "Unified", "32768K", "0-3,8")
        .node(0, "0-3,8", 1024, "10");
    let t = tree.odd("no CPU 4-7");
    assert_eq!((t.core_of_cpu(8), t.core_of_cpu(5)), (Some(4), None));

    let tree = Tree::two_packages();
    tree.sys("node/online", "0,73")
        .remove("node/node1")
        .node(73, "2-3,6-7", 1024, "40 10");
    let t = tree.odd("no node 1-72");
    assert_eq!(t.regions[1].os_id, 73);
    assert_eq!(
        (t.region_of_os_id(73), t.region_of_os_id(1)),
        (Some(1), None)
    );
    assert_eq!((t.distance(0, 1), t.distance(1, 0)), (21, 40));
    assert!(t.to_string().contains("region 1 (the kernel's 73)"), "{t}");
}

#[test]
fn regions_without_cpus_stay() {
    let tree = Tree::simple();
    tree.sys("node/online", "0,2")
        .node(0, "0-3", 1024, "10 17")
        .node(2, "", 64 << 20, "17 10");
    let t = tree.read().unwrap();
    assert_eq!(t.notes.len(), 2, "{:?}", t.notes);
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("node 2 has no CPUs that run"))
    );
    assert_eq!(
        (t.regions[1].has_cpus, t.regions[1].bytes, t.distance(0, 1)),
        (false, 64 << 30, 17)
    );
    assert!(
        t.to_string()
            .contains("└─ region 1 (the kernel's 2), 64 GiB, no usable cores"),
        "{t}"
    );
    assert_eq!(t.nearest_regions(0), [0, 1]);
}

#[test]
fn regions_without_memory() {
    let tree = Tree::two_packages();
    tree.node(1, "2-3,6-7", 0, "21 10");
    assert_eq!(tree.odd("node 1 has no memory").regions[1].bytes, 0);
    tree.remove("node/node1/meminfo");
    tree.odd("how much memory node 1 has is unknown");
}

#[test]
fn cpus_that_no_region_lists() {
    let tree = Tree::two_packages();
    tree.node(1, "2-3,6", 1024, "21 10");
    let t = tree.odd("no memory region lists CPUs 7");
    assert_eq!(cores(&t), [[0, 4], [1, 5], [2, 6], [3, 7]]);
    // A whole package without any goes to the first region with memory.
    let tree = Tree::two_packages();
    tree.node(0, "0-1,4-5", 0, "10 20")
        .node(1, "", 1024, "20 10");
    let t = tree.read().unwrap();
    assert_eq!(
        t.cores.iter().map(|c| c.region).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
}

#[test]
fn cpus_that_two_regions_list() {
    let tree = Tree::two_packages();
    tree.node(1, "0,2-3,6-7", 1024, "21 10");
    let t = tree.read().unwrap();
    assert_eq!((t.regions.len(), t.cores[0].region), (1, 0));
    assert!(
        t.notes[0].contains("node 1 lists CPUs that an earlier node lists too"),
        "{:?}",
        t.notes
    );
}

#[test]
fn no_table_of_distances() {
    let tree = Tree::two_packages();
    tree.remove("node/node0/distance")
        .remove("node/node1/distance");
    let t = tree.odd("distances from node 0-1 are unknown");
    assert_eq!((t.distance(0, 0), t.distance(0, 1)), (10, 20));
    // With one region there is nothing to know.
    let tree = Tree::simple();
    tree.remove("node/node0/distance");
    assert_eq!(tree.read().unwrap().notes, [""; 0]);
}

#[test]
fn no_list_of_online_regions() {
    let tree = Tree::two_packages();
    tree.remove("node/online");
    assert_eq!(tree.read().unwrap().regions.len(), 2);
}

#[test]
fn no_cache_information() {
    let tree = Tree::two_packages();
    for cpu in 0..8 {
        tree.remove(&format!("cpu/cpu{cpu}/cache"));
    }
    let t = tree.odd("not known which caches CPUs 0-7 share");
    assert_eq!(groups(&t), ["0-1,4-5", "2-3,6-7"]);
    assert_eq!((t.cache_groups[0].level, t.cache_groups[0].bytes), (0, 0));
    assert!(t.to_string().contains("no known shared cache"));
}

#[test]
fn caches_that_every_core_has_to_itself_make_no_groups() {
    let tree = Tree::simple();
    (0..4).for_each(|cpu| _ = tree.remove(&format!("cpu/cpu{cpu}/cache/index3")));
    let t = tree.odd("share no cache that is known");
    assert_eq!(groups(&t), ["0-3"]);
    assert_eq!(t.cache_groups[0].level, 0);
}

#[test]
fn a_cache_of_unknown_size() {
    let tree = Tree::simple();
    (0..4).for_each(|cpu| _ = tree.remove(&format!("cpu/cpu{cpu}/cache/index3/size")));
    let t = tree.odd("the size of a cache of CPUs 0-3");
    assert_eq!((t.cache_groups[0].level, t.cache_groups[0].bytes), (3, 0));
}

#[test]
fn a_cache_of_several_regions_is_split() {
    let tree = Tree::simple();
    tree.sys("node/online", "0-1")
        .node(0, "0-2", 1024, "10 11")
        .node(1, "3", 1024, "11 10");
    let t = tree.odd("1 last-level cache(s) are shared by CPUs of several memory regions");
    assert_eq!(groups(&t), ["0-2", "3"]);
    assert_eq!(
        t.cache_groups
            .iter()
            .map(|g| g.bytes >> 20)
            .collect::<Vec<_>>(),
        [24, 8]
    );
}

#[test]
fn packages_of_unknown_number() {
    let tree = Tree::simple();
    for cpu in 0..4 {
        tree.cpu(cpu, -1, cpu as i32, &cpu.to_string());
    }
    let t = tree.odd("does not know the package of CPUs 0-3");
    assert_eq!((t.packages.len(), t.packages[0].os_id), (1, -1));
    assert!(t.to_string().contains("package 0 (number unknown)"));
}

#[test]
fn cpus_without_a_topology_directory() {
    let tree = Tree::simple();
    tree.remove("cpu/cpu3");
    let t = tree.read().unwrap();
    assert_eq!(t.cores.len(), 4);
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("CPUs 3 have no topology directory")),
        "{:?}",
        t.notes
    );
}

#[test]
fn siblings_that_disagree() {
    let tree = Tree::simple();
    tree.cpu(0, 0, 0, "0-1");
    assert_eq!(
        cores(&tree.odd("CPUs 0 name siblings")),
        [[0], [1], [2], [3]]
    );
    // Siblings in another package are no siblings.
    let tree = Tree::two_packages();
    tree.cpu(4, 1, 0, "0,4");
    let t = tree.read().unwrap();
    assert_eq!(t.cores.len(), 5);
    assert!(
        t.notes.iter().any(|n| n.contains("CPUs 0,4 name siblings")),
        "{:?}",
        t.notes
    );
    // A list without the CPU itself.
    let tree = Tree::simple();
    tree.cpu(2, 0, 2, "3");
    assert_eq!(tree.read().unwrap().threads(), 4);
}

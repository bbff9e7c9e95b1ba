//! Machines that are as the kernel normally describes them.

use super::super::Source;
use super::*;

#[test]
fn a_simple_machine_has_nothing_to_note() {
    let tree = Tree::simple();
    let t = tree.read().unwrap();
    assert_eq!(t.notes, [""; 0]);
    assert_eq!((t.packages.len(), t.regions.len(), t.threads()), (1, 1, 4));
    assert_eq!(cores(&t), [[0], [1], [2], [3]]);
    assert_eq!(groups(&t), ["0-3"]);
    assert_eq!(
        (t.cache_groups[0].level, t.cache_groups[0].bytes),
        (3, 32 << 20)
    );
    assert_eq!(
        (t.regions[0].bytes, t.regions[0].has_cpus),
        (16 << 30, true)
    );
    assert_eq!(t.source, Source::Sysfs(tree.root.clone()));
}

#[test]
fn the_root_may_be_sys_itself() {
    let tree = Tree::simple();
    let mut t = Topology::from_sysfs(&tree.root.join("sys")).unwrap();
    t.source = Source::Sysfs(tree.root.clone());
    assert_eq!(t, tree.read().unwrap());
}

#[test]
fn threads_of_a_core_are_found_by_their_lists() {
    let t = Tree::two_packages().read().unwrap();
    assert_eq!(t.notes, [""; 0]);
    assert_eq!(cores(&t), [[0, 4], [1, 5], [2, 6], [3, 7]]);
    // Core numbers repeat in the second package; the cores are different ones all the same.
    assert_eq!(
        t.cores.iter().map(|c| c.os_id).collect::<Vec<_>>(),
        [0, 1, 0, 1]
    );
    assert_eq!(
        t.cores.iter().map(|c| c.package).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
    assert_eq!(
        t.cores.iter().map(|c| c.region).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
    assert_eq!(groups(&t), ["0-1,4-5", "2-3,6-7"]);
    assert_eq!(t.cache_groups[1].bytes, 8 << 20);
    assert_eq!((t.distance(0, 1), t.distance(1, 1)), (21, 10));
}

#[test]
fn cores_without_lists_are_told_apart_by_package_die_and_number() {
    let tree = Tree::two_packages();
    for cpu in 0..8 {
        tree.remove(&format!("cpu/cpu{cpu}/topology/core_cpus_list"));
        tree.remove(&format!("cpu/cpu{cpu}/topology/thread_siblings_list"));
    }
    // Package 1 has two dies that both count their one core 0.
    for cpu in [3, 7] {
        tree.sys(&format!("cpu/cpu{cpu}/topology/core_id"), "0");
        tree.sys(&format!("cpu/cpu{cpu}/topology/die_id"), "1");
    }
    let t = tree.odd("no list of siblings");
    assert_eq!(cores(&t), [[0, 4], [1, 5], [2, 6], [3, 7]]);
}

#[test]
fn older_kernels_have_thread_siblings_only() {
    let tree = Tree::two_packages();
    (0..8).for_each(|cpu| _ = tree.remove(&format!("cpu/cpu{cpu}/topology/core_cpus_list")));
    let t = tree.read().unwrap();
    assert_eq!((t.notes.len(), t.cores.len()), (0, 4));
}

#[test]
fn caches_group_cores_inside_a_package() {
    // Two chiplets with an L3 each, and a core of another kind that has an L2 only.
    let tree = Tree::simple();
    tree.cpus("0-4", "0-4")
        .cpu(4, 0, 4, "4")
        .cache("4", 0, 2, "Unified", "2M", "4");
    tree.cache("0-1", 3, 3, "Unified", "16M", "0-1")
        .cache("2-3", 3, 3, "Unified", "16M", "2-3");
    tree.node(0, "0-4", 1024, "10");
    let t = tree.read().unwrap();
    assert_eq!(groups(&t), ["0-1", "2-3", "4"]);
    assert_eq!(
        t.cache_groups.iter().map(|g| g.level).collect::<Vec<_>>(),
        [3, 3, 2]
    );
    assert_eq!(t.notes, [""; 0]);
}

#[test]
fn caches_without_lists_are_told_apart_by_their_numbers() {
    let tree = Tree::simple();
    for cpu in 0..4 {
        tree.remove(&format!("cpu/cpu{cpu}/cache/index3/shared_cpu_list"));
        tree.sys(
            &format!("cpu/cpu{cpu}/cache/index3/id"),
            format!("{}\n", cpu / 2),
        );
    }
    assert_eq!(groups(&tree.read().unwrap()), ["0-1", "2-3"]);
}

#[test]
fn kernels_without_numa_have_one_region() {
    let tree = Tree::simple();
    tree.remove("node").file(
        "proc/meminfo",
        "MemTotal:       4022852 kB\nMemFree: 1 kB\n",
    );
    let t = tree.read().unwrap();
    assert_eq!(t.notes, [""; 0]);
    assert_eq!(t.regions.len(), 1);
    assert_eq!((t.regions[0].bytes, t.distance(0, 0)), (4022852 * 1024, 10));
    // The `sys` next to `proc` finds it too.
    assert_eq!(
        Topology::from_sysfs(&tree.root.join("sys"))
            .unwrap()
            .regions,
        t.regions
    );
    // On a machine with packages it is worth a word.
    let tree = Tree::two_packages();
    tree.remove("node").file("proc/meminfo", "MemTotal: 1 kB\n");
    tree.odd("though there are 2 packages");
}

#[test]
fn sixty_four_regions() {
    let tree = Tree::new();
    tree.cpus("0-127", "0-127").sys("node/online", "0-63");
    for node in 0..64u32 {
        let cpus = format!("{}-{}", node * 2, node * 2 + 1);
        let distance = |to| {
            if to == node {
                10
            } else if to / 8 == node / 8 {
                12
            } else {
                32
            }
        };
        let row: Vec<String> = (0..64).map(|to| distance(to).to_string()).collect();
        tree.node(node, &cpus, 4096, &row.join(" "));
        for cpu in set(&cpus).iter() {
            tree.cpu(cpu, (node / 8) as i32, (cpu % 16) as i32, &cpu.to_string());
            tree.cache(&cpu.to_string(), 3, 3, "Unified", "4096K", &cpus);
        }
    }
    let t = tree.read().unwrap();
    assert_eq!(t.notes, [""; 0]);
    assert_eq!(
        (
            t.packages.len(),
            t.regions.len(),
            t.cache_groups.len(),
            t.cores.len()
        ),
        (8, 64, 64, 128)
    );
    assert_eq!((t.distance(9, 15), t.distance(9, 16)), (12, 32));
    assert_eq!(t.nearest_regions(9)[..4], [9, 8, 10, 11]);
    assert_eq!(t.core_of_cpu(127), Some(127));
    assert_eq!(t.cpus_of_region(63), set("126-127"));
}

#[test]
fn more_cpus_than_c_masks_hold() {
    let tree = Tree::new();
    tree.cpus("0-1,1500-1501", "0-1501").sys("node/online", "0");
    for (cpu, siblings) in [
        (0, "0,1500"),
        (1, "1,1501"),
        (1500, "0,1500"),
        (1501, "1,1501"),
    ] {
        tree.cpu(cpu, 0, cpu as i32 % 2, siblings).cache(
            &cpu.to_string(),
            0,
            3,
            "Unified",
            "4M",
            "0-1,1500-1501",
        );
    }
    tree.node(0, "0-1,1500-1501", 1024, "10");
    let t = tree.odd("CPUs 2-1499 are present but offline");
    assert_eq!(cores(&t), [[0, 1500], [1, 1501]]);
    assert_eq!(
        cores(&t.restrict(&set("1400-1600")).unwrap()),
        [[1500], [1501]]
    );
}

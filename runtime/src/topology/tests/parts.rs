//! Masks, dies, clusters, kinds of cores, and packages that are known by their members.

use super::super::CoreKind;
use super::*;

#[test]
fn old_kernels_have_masks_alone() {
    let tree = Tree::two_packages();
    for cpu in 0..8u32 {
        let core = 1 << (cpu % 4) | 1 << (cpu % 4 + 4);
        tree.remove(&format!("cpu/cpu{cpu}/topology/core_cpus_list"));
        tree.remove(&format!("cpu/cpu{cpu}/topology/thread_siblings_list"));
        tree.remove(&format!("cpu/cpu{cpu}/cache/index3/shared_cpu_list"));
        let shared = [0x33, 0xcc][cpu as usize % 4 / 2];
        tree.sys(
            &format!("cpu/cpu{cpu}/topology/thread_siblings"),
            format!("00000000,{core:08x}\n"),
        )
        .sys(
            &format!("cpu/cpu{cpu}/cache/index3/shared_cpu_map"),
            format!("{shared:08x}\n"),
        );
    }
    for (node, cpus) in [(0, "33"), (1, "cc")] {
        tree.remove(&format!("node/node{node}/cpulist"))
            .sys(&format!("node/node{node}/cpumap"), cpus);
    }
    let t = tree.read().unwrap();
    let mut lists = Tree::two_packages().read().unwrap();
    lists.source = t.source.clone();
    assert_eq!(t, lists);
    // Where somebody edited a copy, the mask counts.
    tree.sys("node/node0/cpulist", "0-7\n");
    assert_eq!(tree.read().unwrap(), t);
    // A mask of zeros: the threads of the core share it.
    for cpu in 0..8 {
        tree.sys(
            &format!("cpu/cpu{cpu}/cache/index3/shared_cpu_map"),
            "00000000\n",
        );
    }
    let t = tree.odd("share no cache that is known");
    assert_eq!(
        t.caches.iter().map(|c| c.cores.clone()).collect::<Vec<_>>(),
        [[0], [1], [2], [3]]
    );
    for (content, words) in [
        ("", "is empty"),
        ("0000000g", "not hexadecimal"),
        ("0xf...f", "have an end"),
        ("0", "must be one"),
    ] {
        let tree = Tree::simple();
        tree.sys("cpu/cpu1/topology/core_cpus", content)
            .absurd("cpu1/topology/core_cpus", words);
    }
}

#[test]
fn cores_that_old_kernels_call_siblings() {
    let tree = Tree::simple();
    for cpu in 0..4u32 {
        tree.cpu(cpu, 0, cpu as i32, ["0-1", "2-3"][cpu as usize / 2]);
    }
    assert_eq!(cores(&tree.read().unwrap()), [[0], [1], [2], [3]]);
    // Threads of a core have its number, or none.
    for cpu in 0..4u32 {
        let number = [7, 7, 8, -1][cpu as usize];
        tree.cpu(cpu, 0, number, ["0-1", "2-3"][cpu as usize / 2]);
    }
    assert_eq!(cores(&tree.read().unwrap()), [[0, 1], [2, 3]]);
}

#[test]
fn dies_and_clusters_divide_packages() {
    let tree = Tree::two_packages();
    for cpu in 0..8u32 {
        // Each core is a die; the clusters are whole packages, or single cores, which tells nothing.
        let die = format!("{},{}\n", cpu % 4, cpu % 4 + 4);
        let cluster = ["0-1,4-5", "2-3,6-7"][cpu as usize % 4 / 2];
        tree.sys(&format!("cpu/cpu{cpu}/topology/die_cpus_list"), &die)
            .sys(
                &format!("cpu/cpu{cpu}/topology/cluster_cpus_list"),
                if cpu == 0 { &die } else { cluster },
            );
    }
    let t = tree.read().unwrap();
    assert_eq!(
        t.cores.iter().map(|c| c.die).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert_eq!((t.dies(), t.clusters()), (4, 4));

    let tree = Tree::simple();
    for cpu in 0..4u32 {
        let cluster = ["0-1", "2-3"][cpu as usize / 2];
        tree.sys(&format!("cpu/cpu{cpu}/topology/die_cpus_list"), "0-3")
            .sys(&format!("cpu/cpu{cpu}/topology/cluster_cpus_list"), cluster);
    }
    let t = tree.read().unwrap();
    assert_eq!(
        t.cores
            .iter()
            .map(|c| (c.die, c.cluster))
            .collect::<Vec<_>>(),
        [(0, 0), (0, 0), (0, 1), (0, 1)]
    );
    assert!(t.to_string().contains("clusters: cores 0-1 | 2-3\n"), "{t}");
    let part = t.restrict(&set("2-3")).unwrap();
    assert_eq!((part.cores[0].cluster, part.clusters()), (0, 1));
}

#[test]
fn cores_of_unequal_kind() {
    let kind = |name: &str, capacity| CoreKind {
        name: name.into(),
        capacity,
    };
    let tree = Tree::simple();
    (0..4).for_each(|cpu| {
        _ = tree.sys(
            &format!("cpu/cpu{cpu}/cpu_capacity"),
            if cpu == 1 { "446\n" } else { "1024\n" },
        )
    });
    let t = tree.read().unwrap();
    assert_eq!(t.core_kinds, [kind("", 446), kind("", 1024)]);
    assert_eq!(
        t.cores.iter().map(|c| c.kind).collect::<Vec<_>>(),
        [1, 0, 1, 1]
    );
    assert!(t.to_string().contains("core 1: cpu 1, capacity 446"), "{t}");
    // All alike: nothing to tell apart.
    tree.sys("cpu/cpu1/cpu_capacity", "1024\n");
    assert_eq!(tree.read().unwrap().core_kinds, [CoreKind::default()]);

    let tree = Tree::simple();
    tree.file("sys/devices/cpu_core/cpus", "0-1\n")
        .file("sys/devices/cpu_atom/cpus", "2\n")
        .file("sys/devices/cpu_lowpower/cpus", "3\n");
    let t = tree.read().unwrap();
    let names = ["IntelLowPower", "IntelAtom", "IntelCore"];
    assert_eq!(t.core_kinds, names.map(|name| kind(name, 0)));
    assert_eq!(
        t.cores.iter().map(|c| c.kind).collect::<Vec<_>>(),
        [2, 2, 1, 0]
    );
    tree.file("sys/devices/cpu_atom/cpus", "2-\n")
        .absurd("cpu_atom/cpus", "wrong at");
}

#[test]
fn packages_known_by_their_members() {
    let tree = Tree::simple();
    for cpu in 0..4u32 {
        let members = ["0-1", "2-3"][cpu as usize / 2];
        tree.sys(
            &format!("cpu/cpu{cpu}/topology/physical_package_id"),
            "-1\n",
        )
        .sys(
            &format!("cpu/cpu{cpu}/topology/core_siblings_list"),
            members,
        );
    }
    let t = tree.read().unwrap();
    assert_eq!(
        t.packages.iter().map(|p| p.os_id).collect::<Vec<_>>(),
        [-1, -1]
    );
    assert_eq!(
        t.cores.iter().map(|c| c.package).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
}

#[test]
fn all_levels_of_caches() {
    let t = Tree::simple().read().unwrap();
    let caches: Vec<(u32, u64, usize)> = t
        .caches
        .iter()
        .map(|c| (c.level, c.bytes >> 10, c.cores.len()))
        .collect();
    let each = |level, kib| [(level, kib, 1); 4];
    assert_eq!(
        caches,
        [&each(1, 32)[..], &each(2, 1024), &[(3, 32768, 4)]].concat()
    );
    assert!(
        t.to_string()
            .contains("caches: 4 x L1 32 KiB, 4 x L2 1 MiB, 1 x L3 32 MiB\n"),
        "{t}"
    );
}

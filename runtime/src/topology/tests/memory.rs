//! Memory of several kinds: who is next to it, how fast it is, what stands in front of it.

use super::super::MemorySpeed;
use super::*;

/// One package with four cores and two regions of plain memory, each with a region without CPUs beside it.
fn beside() -> Tree {
    let tree = Tree::simple();
    tree.sys("node/online", "0-3\n")
        .node(0, "0-1", 1024, "10 20 13 23")
        .node(1, "2-3", 1024, "20 10 23 13")
        .node(2, "", 2048, "13 23 10 30")
        .node(3, "", 2048, "23 13 30 10");
    tree
}

fn local(t: &Topology) -> Vec<String> {
    t.regions.iter().map(|r| r.local_cpus.to_string()).collect()
}

#[test]
fn memory_without_cpus_is_next_to_the_nearest() {
    let t = beside().read().unwrap();
    assert_eq!(local(&t), ["0-1", "2-3", "0-1", "2-3"]);
    assert_eq!(
        t.cores.iter().map(|c| c.region).collect::<Vec<_>>(),
        [0, 0, 1, 1]
    );
    // As far from all, or as near as itself: next to all.
    let tree = beside();
    tree.node(2, "", 2048, "20 20 10 20")
        .node(3, "", 2048, "10 10 10 10");
    assert_eq!(local(&tree.read().unwrap()), ["0-1", "2-3", "0-3", "0-3"]);
    tree.node(3, "", 2048, "30 10 20 10");
    assert_eq!(local(&tree.read().unwrap())[3], "0-3");
}

#[test]
fn the_firmware_knows_better() {
    let tree = beside();
    for class in ["access0", "access1"] {
        let dir = format!("node/node3/{class}/initiators");
        let bandwidth = if class == "access0" { 1 } else { 400_000 };
        tree.sys(&format!("{dir}/node0/x"), "")
            .sys(&format!("{dir}/node77/x"), "")
            .sys(&format!("{dir}/read_bandwidth"), format!("{bandwidth}\n"))
            .sys(&format!("{dir}/write_latency"), "90\n");
    }
    let dir = "node/node2/access0/initiators";
    tree.sys(&format!("{dir}/node0/x"), "")
        .sys(&format!("{dir}/node1/x"), "")
        .sys(&format!("{dir}/write_bandwidth"), "7\n");
    let t = tree.read().unwrap();
    assert_eq!(local(&t), ["0-1", "2-3", "0-3", "0-1"]);
    let speed = MemorySpeed {
        read_bandwidth: 400_000,
        write_latency: 90,
        ..MemorySpeed::default()
    };
    assert_eq!(t.regions[3].speed, speed);
    assert_eq!(t.regions[2].speed.write_bandwidth, 7);
    assert_eq!(t.regions[0].speed, MemorySpeed::default());
    tree.sys(&format!("{dir}/write_bandwidth"), "fast\n")
        .absurd("node2/access0/initiators/write_bandwidth", "`fast`");
}

#[test]
fn caches_on_the_side_of_memory_add_up() {
    let tree = beside();
    tree.sys("node/node1/memory_side_cache/index1/size", "4096\n")
        .sys("node/node1/memory_side_cache/index2/size", "1048576\n");
    let t = tree.read().unwrap();
    assert_eq!(
        t.regions
            .iter()
            .map(|r| r.side_cache_bytes)
            .collect::<Vec<_>>(),
        [0, 1_052_672, 0, 0]
    );
    tree.sys("node/node1/memory_side_cache/index1/size", "")
        .absurd("index1/size", "not a size");
}

#[test]
fn the_memory_of_graphics_processors_is_left_out() {
    let tree = beside();
    tree.file(
        "proc/driver/nvidia/gpus/0000:01:00.0/numa_status",
        "Node:   2\nStatus: online\n",
    )
    .file(
        "proc/driver/nvidia/gpus/0000:02:00.0/numa_status",
        "Node: none\n",
    );
    let t = tree.read().unwrap();
    assert!(
        t.notes
            .iter()
            .any(|n| n.contains("node 2 is the memory of a graphics processor")),
        "{:?}",
        t.notes
    );
    let rows: Vec<&[u32]> = t.regions.iter().map(|r| &r.distances[..]).collect();
    assert_eq!(rows, [&[10, 20, 23][..], &[20, 10, 13], &[23, 13, 10]]);
}

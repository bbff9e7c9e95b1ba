//! Pools that are bound to a node.

use crate::kernel::{assert_on, nodes_of};
use crate::machine::{allowed, several, skip};
use sprat::memory_region::{Nodes, Pool, PoolOptions};

const BYTES: usize = 3 << 20;

/// Writes to a chunk of a pool that is bound to a node, and looks where it is.
fn look(pool: &Pool, node: u32) {
    let chunk = pool.take(BYTES).unwrap();
    // SAFETY: ours alone while we hold the chunk, and as long as was asked for.
    let data = unsafe { std::slice::from_raw_parts_mut(chunk.ptr().as_ptr(), BYTES) };
    data.fill(1);
    if allowed(node) {
        assert_on(data, node);
        assert_eq!(pool.stats().unbound_bytes, 0);
    } else {
        let elsewhere = nodes_of(data).iter().flatten().all(|node| allowed(*node));
        assert!(elsewhere && pool.stats().unbound_bytes > 0);
    }
    pool.give(chunk).unwrap();
}

#[test]
fn a_pool_of_a_node_has_its_pages_there_whoever_writes_first() {
    let Some(topology) = several() else { return };
    for (index, region) in topology.regions.iter().enumerate() {
        let mut options = PoolOptions::default();
        options.nodes = Nodes::One(region.os_id as u16);
        let pool = Pool::new(index as u16, options).unwrap();
        // Fresh, then recycled.
        look(&pool, region.os_id);
        look(&pool, region.os_id);
    }
}

/// A pool that must have memory gets it, though not where it should be, and nobody is ended for it.
#[test]
fn what_a_node_does_not_have_comes_from_others() {
    let Some(topology) = several() else { return };
    let may_use = topology.regions.iter().filter(|one| allowed(one.os_id));
    let (last, others) = (topology.regions.len() - 1, may_use.count() > 1);
    let node = topology.regions[last].os_id;
    if !allowed(node) || !others {
        return skip("no other node may be used");
    }
    let mut options = PoolOptions::default();
    options.nodes = Nodes::One(node as u16);
    let pool = Pool::new(last as u16, options).unwrap();
    // The node's memory, and 16 MiB more.
    let chunks = topology.regions[last].bytes as usize / BYTES + 6;
    let mut elsewhere = 0;
    for _ in 0..chunks {
        let chunk = pool.take(BYTES).unwrap();
        // SAFETY: ours alone, and as long as was asked for; it goes with the pool.
        let data = unsafe { std::slice::from_raw_parts_mut(chunk.ptr().as_ptr(), BYTES) };
        data.fill(1);
        let found = nodes_of(data);
        elsewhere += found.iter().filter(|at| **at != Some(node)).count();
    }
    assert!(elsewhere > 0);
}

/// Whether the kernel has weights for interleaving.
fn has_weights() -> bool {
    std::path::Path::new("/sys/kernel/mm/mempolicy/weighted_interleave").exists()
}

/// On any kernel with nodes, if there is but one.
#[test]
fn interleaved_memory_is_weighted_where_the_kernel_can_and_counted_where_it_cannot() {
    let topology = sprat::Topology::detect().unwrap();
    let nodes = topology.regions.iter().map(|one| one.os_id);
    let nodes: Vec<u16> = (nodes.filter(|node| allowed(*node)))
        .map(|node| node as u16)
        .collect();
    let mut options = PoolOptions::default();
    options.nodes = Nodes::Interleaved(nodes);
    let pool = Pool::new(0, options).unwrap();
    let chunk = pool.take(BYTES).unwrap();
    let stats = pool.stats();
    if stats.unbound_bytes > 0 {
        return skip("the system does not let this process choose");
    }
    let unweighted = match has_weights() {
        true => 0,
        false => stats.mapped_bytes,
    };
    assert_eq!(stats.unweighted_bytes, unweighted);
    pool.give(chunk).unwrap();
}

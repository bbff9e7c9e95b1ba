//! Pools that are bound to a node.

use crate::kernel::{assert_on, nodes_of};
use crate::machine::{allowed, several};
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

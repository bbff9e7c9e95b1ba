//! Memory that goes from pool to pool under its address.

use super::super::options::{Nodes, PoolOptions};
use super::super::pool::Pool;
use super::super::room::usable_nodes;
use super::super::transfer::Transfer;
use crate::error::ErrorKind;
use std::io;
use std::ptr::NonNull;

const MOST: usize = 8 << 20;

/// Two pools of different regions, on a node that there is; `None` where nodes cannot be chosen.
fn pools() -> Option<[Pool; 2]> {
    let node = *usable_nodes().ok()?.first()?;
    let pool = |region| {
        let options = PoolOptions {
            nodes: Nodes::One(node),
            ..PoolOptions::default()
        };
        Pool::new(region, options).unwrap()
    };
    Some([pool(0), pool(1)])
}

unsafe fn all_go(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Ok(0)
}

unsafe fn one_stays(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Ok(1)
}

unsafe fn forbidden(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Err(io::ErrorKind::PermissionDenied.into())
}

#[test]
fn what_has_gone_is_the_other_pools_at_the_same_address() {
    let Some([from, to]) = pools() else { return };
    let chunk = from.take(MOST).unwrap();
    let (at, mapped) = (chunk.ptr(), from.stats().mapped_bytes);
    assert!(from.can_transfer(&chunk, &to));
    // SAFETY: the chunk is ours, and its pool is this one.
    let gone = unsafe { from.transfer_by(chunk.which(), &to, all_go) };
    let Transfer::Gone(new) = gone else {
        panic!("{gone:?}");
    };
    assert_eq!((new.ptr(), new.region(), new.bytes()), (at, 1, MOST));
    assert!(!new.is_fresh());
    let stats = (from.stats(), to.stats());
    assert_eq!((stats.0.mapped_bytes, stats.0.in_use_bytes), (0, 0));
    assert_eq!((stats.1.mapped_bytes, stats.1.in_use_bytes), (mapped, MOST));
    to.give(new).unwrap();
    assert_eq!(to.stats().recycled_bytes, MOST);
    assert_eq!(to.take(MOST).unwrap().ptr(), at);
    // Its old name opens nothing.
    assert_eq!(to.give(chunk).unwrap_err().kind(), ErrorKind::Foreign);
}

#[test]
fn what_stays_is_as_it_was() {
    let Some([from, to]) = pools() else { return };
    let chunk = from.take(MOST).unwrap();
    let before = (from.stats(), to.stats());
    // SAFETY: the chunk is ours, and its pool is this one.
    let stayed = unsafe { from.transfer_by(chunk.which(), &to, one_stays) };
    assert!(matches!(stayed, Transfer::Stayed), "{stayed:?}");
    // SAFETY: as above.
    let stayed = unsafe { from.transfer_by(chunk.which(), &to, forbidden) };
    assert!(matches!(stayed, Transfer::Forbidden), "{stayed:?}");
    assert_eq!((from.stats(), to.stats()), before);
    from.give(chunk).unwrap();
    assert_eq!(from.stats().recycled_bytes, MOST);
}

#[test]
fn parts_of_slabs_and_memory_without_a_node_do_not_go() {
    let Some([from, to]) = pools() else { return };
    let small = from.take(1 << 20).unwrap();
    assert!(!from.can_transfer(&small, &to));
    let anywhere = Pool::new(2, PoolOptions::default()).unwrap();
    let large = from.take(MOST).unwrap();
    assert!(!from.can_transfer(&large, &anywhere));
    let other = anywhere.take(MOST).unwrap();
    assert!(!anywhere.can_transfer(&other, &to));
    from.give(small).unwrap();
    from.give(large).unwrap();
    anywhere.give(other).unwrap();
}

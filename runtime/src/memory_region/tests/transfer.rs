//! Memory that goes from pool to pool under its address.

use super::super::options::{Nodes, PoolOptions};
use super::super::pages::MoveFn;
use super::super::pool::Pool;
use super::super::room::usable_nodes;
use super::super::transfer::Transfer;
use crate::error::ErrorKind;
use std::cell::RefCell;
use std::io;
use std::ptr::NonNull;

const MOST: usize = 8 << 20;

/// Two pools of different regions, on a node that there is, whose pages this moves; `None` where nodes cannot be chosen.
fn pools(move_pages: MoveFn) -> Option<[Pool; 2]> {
    let node = *usable_nodes().ok()?.first()?;
    Some([0, 1].map(|region| pool(region, node).moved_by(move_pages)))
}

fn pool(region: u16, node: u16) -> Pool {
    let options = PoolOptions {
        nodes: Nodes::One(node),
        ..PoolOptions::default()
    };
    Pool::new(region, options).unwrap()
}

unsafe fn all_go(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Ok(0)
}

unsafe fn one_stays(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Ok(1)
}

unsafe fn forbidden(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Err(io::Error::from_raw_os_error(libc::EPERM))
}

unsafe fn not_now(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Err(io::Error::from_raw_os_error(libc::EACCES))
}

thread_local! {
    /// The nodes that pages were to go to.
    static WENT: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
}

unsafe fn none_goes(_: NonNull<u8>, _: usize, _: bool, node: u16) -> io::Result<usize> {
    WENT.with_borrow_mut(|went| went.push(node));
    Ok(1)
}

#[test]
fn what_has_gone_is_the_other_pools_at_the_same_address() {
    let Some([from, to]) = pools(all_go) else {
        return;
    };
    let chunk = from.take(MOST).unwrap();
    let (at, mapped) = (chunk.ptr(), from.stats().mapped_bytes);
    assert!(from.can_transfer(chunk.which(), &to));
    // SAFETY: the chunk is ours, and its pool is this one.
    let gone = unsafe { from.transfer(chunk.which(), &to) };
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
    type IsRight = fn(&Transfer) -> bool;
    let stays: [(MoveFn, IsRight); 3] = [
        (one_stays, |said| matches!(said, Transfer::Stuck)),
        // The system forbids these pages, or that node.
        (not_now, |said| matches!(said, Transfer::Stuck)),
        (forbidden, |said| matches!(said, Transfer::Forbidden)),
    ];
    for (move_pages, is_right) in stays {
        let Some([from, to]) = pools(move_pages) else {
            return;
        };
        let chunk = from.take(MOST).unwrap();
        let before = (from.stats(), to.stats());
        // SAFETY: the chunk is ours, and its pool is this one.
        let stayed = unsafe { from.transfer(chunk.which(), &to) };
        assert!(is_right(&stayed), "{stayed:?}");
        assert_eq!((from.stats(), to.stats()), before);
        from.give(chunk).unwrap();
        assert_eq!(from.stats().recycled_bytes, MOST);
    }
}

#[test]
fn what_does_not_go_all_is_moved_back() {
    // On paper: nothing is asked of the system but what it prefers.
    let [from, to] = [(0, 0), (1, 7)].map(|(region, node)| pool(region, node));
    let from = from.moved_by(none_goes);
    let chunk = from.take(MOST).unwrap();
    // SAFETY: the chunk is ours, and its pool is this one.
    let stayed = unsafe { from.transfer(chunk.which(), &to) };
    assert!(matches!(stayed, Transfer::Stuck), "{stayed:?}");
    assert_eq!(WENT.take(), [7, 0]);
    from.give(chunk).unwrap();
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn pages_that_stay_busy_are_waited_for_a_while() {
    use super::super::os::{PATIENCE, strays};
    use std::cell::Cell;
    let (asked, mut patience) = (Cell::new(0), PATIENCE);
    let busy = |pages: &[usize]| {
        asked.set(asked.get() + 1);
        Ok(vec![-libc::EBUSY; pages.len()])
    };
    let two = vec![1 << 12, 2 << 12];
    assert_eq!(strays(two.clone(), 0, &mut patience, busy).unwrap(), two);
    assert!(patience.is_zero());
    assert!((3..20).contains(&asked.get()), "{asked:?}");
    // Afterwards they are asked about once.
    asked.set(0);
    assert_eq!(strays(two.clone(), 0, &mut patience, busy).unwrap(), two);
    assert_eq!(asked.get(), 1);
    // One arrives at the second time, and one was never there.
    patience = PATIENCE;
    let arrives = |pages: &[usize]| {
        asked.set(asked.get() + 1);
        Ok(match asked.get() {
            2 => vec![-libc::EBUSY, -libc::ENOENT],
            _ => vec![0; pages.len()],
        })
    };
    assert!(strays(two, 0, &mut patience, arrives).unwrap().is_empty());
    assert_eq!(asked.get(), 3);
    assert!(!patience.is_zero());
}

#[test]
fn parts_of_slabs_and_memory_without_a_node_do_not_go() {
    let Some([from, to]) = pools(all_go) else {
        return;
    };
    let small = from.take(1 << 20).unwrap();
    assert!(!from.can_transfer(small.which(), &to));
    let anywhere = Pool::new(2, PoolOptions::default()).unwrap();
    let large = from.take(MOST).unwrap();
    assert!(!from.can_transfer(large.which(), &anywhere));
    let other = anywhere.take(MOST).unwrap();
    assert!(!anywhere.can_transfer(other.which(), &to));
    from.give(small).unwrap();
    from.give(large).unwrap();
    anywhere.give(other).unwrap();
}

//! What the kernel says about pages.

use std::ops::Range;
use std::ptr::null;
use std::thread::sleep;
use std::time::Duration;

/// The size of a page.
pub const PAGE: usize = 4096;

/// The kernel's node of each page that a slice begins or goes on in. A page that nobody has touched is on none.
pub fn nodes_of<T>(data: &[T]) -> Vec<Option<u32>> {
    nodes_at(data.as_ptr().addr()..data.as_ptr_range().end.addr())
}

/// The same of these addresses, for who may ask the kernel where the memory is not at hand.
pub fn nodes_at(addresses: Range<usize>) -> Vec<Option<u32>> {
    let begin = addresses.start / PAGE * PAGE;
    let pages: Vec<usize> = (begin..addresses.end).step_by(PAGE).collect();
    let mut said = vec![0i32; pages.len()];
    // A page of a huge page that was just moved may be busy although it has arrived: ask again.
    for _ in 0..200 {
        // SAFETY: without a list of nodes this moves nothing: the kernel reads the addresses, and writes as many answers.
        let failed = unsafe {
            libc::syscall(
                libc::SYS_move_pages,
                0,
                pages.len(),
                pages.as_ptr(),
                null::<i32>(),
                said.as_mut_ptr(),
                0,
            )
        };
        assert_eq!(failed, 0, "move_pages: {}", std::io::Error::last_os_error());
        if !said.contains(&-libc::EBUSY) {
            break;
        }
        sleep(Duration::from_millis(5));
    }
    let node = |said: &i32| match *said {
        node if node >= 0 => Some(node as u32),
        error if error == -libc::ENOENT || error == -libc::EFAULT => None,
        error => panic!("move_pages says {error} of a page"),
    };
    said.iter().map(node).collect()
}

/// Fails unless all pages of a slice are on one node.
#[track_caller]
pub fn assert_on<T>(data: &[T], node: u32) {
    let found = nodes_of(data);
    let wrong = found.iter().filter(|at| **at != Some(node)).count();
    assert_eq!(
        wrong,
        0,
        "of {} pages are not on node {node}: {found:?}",
        found.len()
    );
}

//! How long copying memory to another node takes, and how long the kernel takes to move its pages there: why blocks are copied.
//! A measurement, not a check: `cargo test --release -p sprat --test numa -- --ignored --nocapture compared`.

use crate::machine::{allowed, several};
use std::ptr::null_mut;
use std::time::{Duration, Instant};

const PAGE: usize = 4096;
const HUGE: usize = 2 << 20;
/// The kernel's `MPOL_MF_MOVE`.
const MOVE_OURS: i32 = 2;

/// Memory of its own, in huge pages or small ones, whose pages come from a node, or from anywhere.
struct Range {
    start: *mut u8,
    len: usize,
}

impl Range {
    fn new(len: usize, huge: bool, node: Option<u32>) -> Self {
        let (prot, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        );
        // SAFETY: a new mapping touches nothing that is there.
        let start = unsafe { libc::mmap(null_mut(), len + HUGE, prot, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        let aligned = start.addr().next_multiple_of(HUGE) - start.addr();
        let start = start.cast::<u8>().wrapping_add(aligned);
        let advice = match huge {
            true => libc::MADV_HUGEPAGE,
            false => libc::MADV_NOHUGEPAGE,
        };
        // SAFETY: a part of the mapping; advice changes no contents.
        unsafe { libc::madvise(start.cast(), len, advice) };
        if let Some(node) = node {
            let mask = 1u64 << node;
            // SAFETY: the kernel reads the mask, and binds a part of the mapping.
            let failed = unsafe {
                let mask = &raw const mask;
                let policy = libc::MPOL_PREFERRED;
                libc::syscall(libc::SYS_mbind, start, len, policy, mask, 65, 0)
            };
            assert_eq!(failed, 0, "mbind: {}", std::io::Error::last_os_error());
        }
        Range { start, len }
    }

    fn fill(&self) {
        // SAFETY: the mapping is ours, and as long.
        unsafe { self.start.write_bytes(1, self.len) };
    }

    fn copy_from(&self, other: &Range) {
        // SAFETY: two mappings that are ours, of this length.
        unsafe { (self.start).copy_from_nonoverlapping(other.start, self.len) };
    }

    /// Has the kernel move all pages to a node.
    fn move_to(&self, node: u32) {
        let pages: Vec<usize> = (0..self.len)
            .step_by(PAGE)
            .map(|at| self.start.addr() + at)
            .collect();
        let (nodes, mut said) = (vec![node as i32; pages.len()], vec![0i32; pages.len()]);
        // SAFETY: the lists are as long as it is told; the contents of the pages stay.
        let failed = unsafe {
            libc::syscall(
                libc::SYS_move_pages,
                0,
                pages.len(),
                pages.as_ptr(),
                nodes.as_ptr(),
                said.as_mut_ptr(),
                MOVE_OURS,
            )
        };
        assert!(
            failed >= 0,
            "move_pages: {}",
            std::io::Error::last_os_error()
        );
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        // SAFETY: our own, whole pages; what lies before and behind it stays mapped until the test ends.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

/// The median of some times.
fn median(mut one: impl FnMut() -> Duration) -> f64 {
    let mut times: Vec<Duration> = (0..9).map(|_| one()).collect();
    times.sort_unstable();
    times[4].as_secs_f64() * 1e6
}

fn timed(what: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    what();
    begin.elapsed()
}

#[test]
#[ignore = "a measurement"]
fn copying_and_moving_pages_compared() {
    let nodes: Vec<u32> = match several() {
        Some(topology) => topology.regions.iter().map(|one| one.os_id).collect(),
        None => vec![0],
    };
    let nodes: Vec<u32> = nodes.into_iter().filter(|node| allowed(*node)).collect();
    let far = *nodes.last().unwrap();
    println!(
        "   KiB  pages  copied to used  copied to new  moved by the kernel   (µs, medians of 9)"
    );
    for huge in [false, true] {
        for len in [64 << 10, 1 << 20, 4 << 20, 16 << 20] {
            if huge && len < HUGE {
                continue;
            }
            let from = Range::new(len, huge, Some(nodes[0]));
            from.fill();
            let used = Range::new(len, huge, Some(far));
            used.fill();
            let to_used = median(|| timed(|| used.copy_from(&from)));
            let to_new = median(|| {
                let new = Range::new(len, huge, Some(far));
                timed(|| new.copy_from(&from))
            });
            let moved = match far == nodes[0] {
                true => "needs two nodes".to_owned(),
                false => {
                    let moved = median(|| {
                        from.move_to(nodes[0]);
                        timed(|| from.move_to(far))
                    });
                    format!("{moved:.1}")
                }
            };
            let pages = if huge { "huge" } else { "small" };
            println!(
                "{:>6} {pages:>6} {to_used:>15.1} {to_new:>14.1} {moved:>20}",
                len >> 10
            );
        }
    }
}

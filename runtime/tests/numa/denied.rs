//! Systems that do not let a process choose, or not everything.

use crate::machine::{allowed, said, several};
use sprat::{Home, Result, Runtime};

#[test]
fn what_cannot_be_chosen_is_said() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let denied = topology
        .regions
        .iter()
        .filter(|one| !allowed(one.os_id))
        .count();
    assert_eq!(
        rt.memory_notes().len(),
        denied.min(1),
        "{:?}",
        rt.memory_notes()
    );
    if said("SPRAT_TEST_ALLOWED").is_some() {
        assert!(rt.memory_notes()[0].contains("may not use the memory of region 0, 2, 3 "));
    }
    Ok(())
}

/// Makes the kernel refuse these calls to this thread, and to those that it starts from now on, as containers do.
fn forbid(calls: &[libc::c_long]) {
    let line = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    // The number of the call is the first word of what a filter looks at.
    let mut program = vec![line(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0)];
    for call in calls {
        program.push(line(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            1,
            *call as u32,
        ));
        let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
        program.push(line(libc::BPF_RET | libc::BPF_K, 0, 0, refuse));
    }
    program.push(line(
        libc::BPF_RET | libc::BPF_K,
        0,
        0,
        libc::SECCOMP_RET_ALLOW,
    ));
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes from this thread the right to gain rights, which it does not need.
    let failed = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(failed, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the filter is alive, and as long as it says; the kernel copies it.
    let failed = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        )
    };
    assert_eq!(failed, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn a_container_that_forbids_the_calls_gets_first_touch_and_a_sentence() {
    let Some(topology) = several() else { return };
    let alone = [libc::SYS_mbind, libc::SYS_get_mempolicy];
    for calls in [&alone[..1], &alone[1..], &alone] {
        let (topology, calls) = (topology.clone(), calls.to_vec());
        // A thread of its own, since this cannot be taken back.
        let test = std::thread::spawn(move || -> Result<()> {
            forbid(&calls);
            let rt = Runtime::new()?;
            let notes = rt.memory_notes();
            assert_eq!(notes.len(), 1);
            assert!(
                notes[0].contains("does not let this process choose"),
                "{notes:?}"
            );
            for home in [
                Home::Region(topology.regions.len() - 1),
                Home::Interleaved,
                Home::Fastest,
            ] {
                let block = rt.block_at::<u64>(home, 1 << 17)?;
                rt.finish(|s| {
                    s.codelet("write")
                        .on_xe(0)
                        .spawn(block.write(), |_, x| x.fill(1));
                    Ok(())
                })?;
                let region = rt.plan().xes[0].region;
                assert_eq!(rt.region_of(block)?, Some(region));
                let node = topology.regions[region].os_id;
                if allowed(node) {
                    // Only `move_pages` is left to ask with; it is not among the forbidden.
                    rt.read(block, |x| crate::kernel::assert_on(x, node))?;
                }
            }
            Ok(())
        });
        test.join().unwrap().unwrap();
    }
}

#[test]
fn where_pages_may_not_be_moved_blocks_are_copied() {
    let Some(topology) = several() else { return };
    let regions: Vec<usize> = (0..topology.regions.len())
        .filter(|at| allowed(topology.regions[*at].os_id))
        .collect();
    let [first, .., last] = regions[..] else {
        crate::machine::skip("one region may be used");
        return;
    };
    let start = std::thread::spawn(|| {
        forbid(&[libc::SYS_move_pages]);
        Runtime::new()
    });
    let rt = start.join().unwrap().unwrap();
    for _ in 0..4 {
        let block = rt.block_at::<u64>(Home::Region(first), 1 << 20).unwrap();
        // On an engine, since this thread may move pages.
        rt.finish(|s| {
            let fill = s.codelet("fill").on_xe(rt.xes() - 1);
            fill.spawn(block.write(), |_, x| x.fill(7));
            Ok(())
        })
        .unwrap();
        let moved = std::thread::scope(|threads| {
            let moves = threads.spawn(|| {
                forbid(&[libc::SYS_move_pages]);
                rt.migrate(block, Home::Region(last))
            });
            moves.join().unwrap()
        });
        moved.unwrap();
        let read = rt.read(block, |x| {
            assert!(x.iter().all(|x| *x == 7));
            x.as_ptr().addr()..x.as_ptr_range().end.addr()
        });
        // Asked here, since an engine may have read it, and those may not even ask.
        let nodes = crate::kernel::nodes_at(read.unwrap());
        let there = Some(topology.regions[last].os_id);
        assert!(nodes.iter().all(|node| *node == there), "{nodes:?}");
    }
    let counts = rt.move_counts();
    assert_eq!((counts.moved, counts.refused, counts.by_pages), (4, 0, 0));
}

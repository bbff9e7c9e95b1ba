//! Accesses with bare pointers: shared writing, exclusive, and blocks that are given back before the codelet ends.

use super::runtime;
use sprat::{Block, Error, ErrorKind, Sum};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Waits until the count is there; false after a long time.
fn comes_to(count: &AtomicU64, n: u64) -> bool {
    let begin = Instant::now();
    while count.load(Ordering::Acquire) < n {
        if begin.elapsed() > Duration::from_secs(20) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn shared_writers_are_in_the_block_at_the_same_time_and_ordered_against_others() {
    let rt = runtime(2);
    let a = rt.block::<u64>(4).unwrap();
    let inside = AtomicU64::new(0);
    let inside = &inside;
    rt.finish(|s| {
        s.spawn(a.write(), |_, a| a.fill(1));
        for n in 0..2 {
            // SAFETY: each writes elements of its own, while it runs.
            s.codelet("writer")
                .on_xe(n)
                .spawn(unsafe { a.shared_write() }, move |_, a| {
                    inside.fetch_add(1, Ordering::AcqRel);
                    assert!(comes_to(inside, 2), "they wait for each other");
                    // SAFETY: ours, as said above.
                    unsafe { (*a)[n] += 10 };
                });
        }
        s.spawn(a.read(), |_, a| assert_eq!(a, [11, 11, 1, 1]));
        // SAFETY: the pointer is used while the body runs.
        s.spawn(unsafe { a.exclusive() }, |_, a| {
            // SAFETY: nobody else is in the block.
            unsafe { (*a)[2] = 5 };
        });
        s.spawn(a.read(), |_, a| assert_eq!(a, [11, 11, 5, 1]));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_shared_writer_that_fails_poisons_what_comes_after_its_neighbours() {
    let rt = runtime(1);
    let a = rt.block::<u64>(1).unwrap();
    let error = rt
        .finish(|s| {
            for n in 0..4 {
                // SAFETY: nobody looks.
                s.spawn(unsafe { a.shared_write() }, move |_, _| match n {
                    0 => Err(Error::msg("no")),
                    _ => Ok(()),
                });
            }
            // SAFETY: nobody looks.
            s.spawn(unsafe { a.exclusive() }, |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
}

#[test]
fn children_of_a_shared_writer_share_or_read() {
    let rt = runtime(2);
    let a = rt.block::<u64>(2).unwrap();
    let error = rt
        .finish(|s| {
            // SAFETY: the first element is used by one of the children.
            s.spawn(unsafe { a.shared_write() }, move |s, _| {
                // SAFETY: as above.
                s.spawn(unsafe { a.shared_write() }, |_, a| unsafe { (*a)[0] = 7 });
                s.spawn(a.read(), |_, a| assert_eq!(a[0], 7));
                s.spawn(a.write(), |_, _| unreachable!());
            });
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("shared writing"), "{error}");
    assert_eq!(error.failure().unwrap().failed, 1);
}

/// A place for children comes while the body is at work, and looks through what that one gives back meanwhile.
#[test]
fn places_for_children_come_while_blocks_are_released() {
    let rt = runtime(2);
    let own: Vec<_> = (0..40).map(|_| rt.block::<u64>(1).unwrap()).collect();
    let weak: Vec<_> = (0..40).map(|_| rt.block::<u64>(1).unwrap()).collect();
    for round in 1..=50 {
        rt.finish(|s| {
            let write = |block: &Block<u64>| {
                let options = s.codelet("first").on_xe(1);
                options.spawn(block.read_write(), move |_, x| x[0] += 1);
            };
            weak.iter().for_each(write);
            let held: Vec<_> = own.iter().map(|block| block.write().raw()).collect();
            let places: Vec<_> = weak.iter().map(|block| block.read_write().weak()).collect();
            let weak = weak.clone();
            s.codelet("gives back").at_ready().on_xe(0).spawn(
                (held, places),
                move |s, (held, _)| {
                    for (at, pointer) in held.into_iter().enumerate() {
                        s.spawn(weak[at].read_write(), |_, x| x[0] += 1);
                        // SAFETY: a bare pointer, not used below.
                        unsafe { s.release(pointer) }?;
                    }
                    Ok(())
                },
            );
            Ok(())
        })
        .unwrap();
        for &block in &weak {
            assert_eq!(rt.read(block, |x| x[0]).unwrap(), 2 * round);
        }
    }
}

#[test]
fn who_waits_for_a_released_block_runs_while_the_body_goes_on() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let seen = AtomicU64::new(0);
    let seen = &seen;
    rt.finish(|s| {
        let accesses = (a.write().raw(), b.read_write().raw());
        s.codelet("gives back")
            .at_ready()
            .on_xe(0)
            .spawn(accesses, move |s, (a, b)| {
                // SAFETY: ours for writing.
                unsafe { (*a)[0] = 7 };
                // SAFETY: a bare pointer, not used below.
                unsafe { s.release(a) }?;
                assert!(comes_to(seen, 1), "the reader of a runs now");
                // SAFETY: this one is still ours.
                unsafe { (*b)[0] = 8 };
                // SAFETY: as above, and released before: so nothing happens.
                let again = unsafe { s.release(a) };
                assert_eq!(again.unwrap_err().kind(), ErrorKind::Access);
                Ok(())
            });
        s.codelet("reads").on_xe(1).spawn(a.read(), move |_, a| {
            seen.store(a[0] / 7, Ordering::Release);
        });
        s.spawn(b.read(), |_, b| assert_eq!(b[0], 8));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_failure_after_the_release_does_not_poison() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let error = rt
        .finish(|s| {
            let accesses = (a.commute().raw(), b.write().raw());
            s.codelet("fails").at_ready().spawn(accesses, |s, (a, _)| {
                // SAFETY: a bare pointer, not used below.
                unsafe { s.release(a) }?;
                Err::<(), _>(Error::msg("later"))
            });
            s.spawn(a.commute(), |_, a| a[0] += 1);
            s.spawn(a.read(), |_, a| assert_eq!(a[0], 1));
            s.spawn(b.read(), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
}

#[test]
fn what_cannot_be_released_is_refused() {
    let rt = runtime(2);
    let a: Block<u64> = rt.block(1).unwrap();
    let (told, said) = std::sync::mpsc::channel::<String>();
    let tell = |result: sprat::Result<()>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Access);
        told.send(error.to_string()).unwrap();
    };
    rt.finish(|s| {
        // SAFETY: there is nothing to use.
        tell(unsafe {
            s.release(std::ptr::slice_from_raw_parts_mut(
                std::ptr::dangling_mut::<u64>(),
                1,
            ))
        });
        let (tell_one, tell_two, tell_three) = (told.clone(), told.clone(), told.clone());
        s.spawn_once(a.write().raw(), move |s, a| {
            // SAFETY: not used below.
            let error = unsafe { s.release(a) }.unwrap_err();
            tell_one.send(error.to_string()).unwrap();
        });
        s.codelet("parent")
            .at_ready()
            .spawn_once(a.read_write().raw(), move |s, view| {
                s.spawn(a.read(), |_, _| ());
                // SAFETY: not used below.
                let error = unsafe { s.release(view) }.unwrap_err();
                tell_two.send(error.to_string()).unwrap();
            });
        s.codelet("reduces")
            .at_ready()
            .spawn_once(a.reduce(Sum), move |s, view| {
                // SAFETY: not used below.
                let error = unsafe { s.release(std::ptr::from_mut(view)) }.unwrap_err();
                tell_three.send(error.to_string()).unwrap();
            });
        Ok(())
    })
    .unwrap();
    let said: Vec<String> = said.try_iter().collect();
    assert!(said[0].contains("outside of all codelets"), "{said:?}");
    assert!(
        said.iter().any(|why| why.contains("at_ready()")),
        "{said:?}"
    );
    assert!(said.iter().any(|why| why.contains("children")), "{said:?}");
    assert!(
        said.iter().any(|why| why.contains("starts at the address")),
        "{said:?}"
    );
    assert_eq!(said.len(), 4);
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 0);
}

#[test]
fn children_cannot_name_a_block_that_was_released() {
    let rt = runtime(2);
    let a: Block<u64> = rt.block(1).unwrap();
    let error = rt
        .finish(|s| {
            s.codelet("parent")
                .at_ready()
                .spawn(a.write().raw(), move |s, view| {
                    // SAFETY: not used below.
                    unsafe { s.release(view) }?;
                    s.spawn(a.read(), |_, _| unreachable!());
                    Ok(())
                });
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("did not declare it"), "{error}");
}

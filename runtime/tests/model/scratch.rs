//! Scratch memory: a codelet's own while it runs, recycled, in no queue.

use super::runtime;
use sprat::{Runtime, scratch};

#[test]
fn nobody_else_has_it_while_the_body_runs() {
    let rt = runtime(4);
    let sum = rt.block::<u64>(1).unwrap();
    rt.finish(|s| {
        for n in 0..400u64 {
            let accesses = (scratch::<u64>(100), sum.commute(), scratch::<u8>(70_000));
            s.spawn(accesses, move |_, (mine, sum, also)| {
                assert_eq!((mine.len(), also.len()), (100, 70_000));
                mine.fill(n);
                also.fill(n as u8);
                std::thread::yield_now();
                assert!(mine.iter().all(|x| *x == n) && also.iter().all(|x| *x == n as u8));
                sum[0] += mine[99];
            });
            s.spawn(scratch::<[u32; 2]>(50), move |_, mine| {
                mine.fill([n as u32; 2]);
                std::thread::yield_now();
                assert!(mine.iter().all(|x| *x == [n as u32; 2]));
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), 399 * 200);
}

#[test]
fn one_codelet_can_have_several() {
    let rt = runtime(1);
    rt.finish(|s| {
        for _ in 0..3 {
            s.spawn([scratch::<u64>(64); 9], |_, mut all| {
                (0..9).for_each(|n| all[n].fill(n as u64));
                (0..9).for_each(|n| assert_eq!(all[n], [n as u64; 64]));
            });
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn it_is_recycled_also_after_failures() {
    let rt = runtime(1);
    let used = |rt: &Runtime| rt.memory()[0].mapped_bytes;
    let round = |rt: &Runtime| {
        let _ = rt.finish(|s| {
            for n in 0..200 {
                s.spawn(scratch::<u64>(1 << 18), move |_, mine| {
                    mine[0] = n;
                    assert!(n % 2 == 0, "some fail");
                });
            }
            Ok(())
        });
    };
    round(&rt);
    let before = used(&rt);
    round(&rt);
    assert_eq!(used(&rt), before);
    assert!(
        before < 200 << 20,
        "{before} bytes for pieces of 2 MiB, one at a time"
    );
}

#[test]
fn with_events_and_values_and_through_the_at_ready_door() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    rt.finish(|s| {
        let (event, trigger) = s.event("go");
        let value = s.spawn((), |_, ()| Ok(7u64));
        let accesses = (scratch::<u64>(3), value.read(), a.read_write());
        s.codelet("all of them")
            .at_ready()
            .after(&event)
            .spawn(accesses, |_, (mine, value, a)| {
                mine[2] = *value;
                a[0] += mine[2];
            });
        s.satisfy(trigger);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 7);
}

#[test]
fn none_and_too_much() {
    let rt = runtime(2);
    rt.finish(|s| {
        s.spawn(scratch::<u64>(0), |_, none| assert!(none.is_empty()));
        s.spawn(scratch::<[u64; 0]>(5), |_, none| assert_eq!(none.len(), 5));
        Ok(())
    })
    .unwrap();
    let error = rt
        .finish(|s| {
            s.spawn(scratch::<u64>(usize::MAX), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    assert!(
        error.to_string().contains("larger than the address space"),
        "{error}"
    );
}

//! Blocks that are slices of the user's, for the length of a scope.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, ErrorKind, Runtime};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::channel;

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

#[test]
fn codelets_work_on_the_slice_itself() {
    let rt = runtime(3);
    let mut u: Vec<u64> = (0..1000).collect();
    let address = u.as_ptr().addr();
    let other = rt.block::<u64>(1000).unwrap();
    for round in 0..20 {
        rt.finish(|s| {
            let u = s.adopt(&mut u)?;
            for i in 0..10 {
                s.spawn(
                    u.part(100 * i..100 * i + 100).read_write(),
                    move |_, part| {
                        assert_eq!(part.as_ptr().addr(), address + 800 * i);
                        part.iter_mut().for_each(|x| *x += 1);
                    },
                );
            }
            s.spawn((u.read(), other.write()), |_, (u, other)| {
                other.copy_from_slice(u)
            });
            s.spawn(u.read_write(), move |s, x| {
                x[0] += 100;
                s.spawn(u.part(0..1).read_write(), |_, x| x[0] -= 100);
            });
            Ok(())
        })
        .unwrap();
        let want: Vec<u64> = (0..1000).map(|x| x + round + 1).collect();
        assert_eq!(u, want);
        assert_eq!(rt.read(other, <[u64]>::to_vec).unwrap(), want);
    }
}

#[test]
fn several_slices_also_of_odd_addresses_are_adopted() {
    let rt = runtime(2);
    let mut bytes = [1u8; 100];
    let (left, right) = bytes.split_at_mut(33);
    rt.finish(|s| {
        let (left, right) = (s.adopt(left)?, s.adopt(right)?);
        // In an inner scope, too: it ends with the host's.
        s.scope(|s| {
            s.spawn((left.read(), right.write()), |_, (left, right)| {
                right.fill(left[32] + 1);
            });
        });
        s.spawn(left.write(), |_, left| left.fill(7));
        Ok(())
    })
    .unwrap();
    assert_eq!((bytes[0], bytes[32], bytes[33], bytes[99]), (7, 7, 2, 2));
}

#[test]
fn the_name_is_stale_when_the_scope_has_ended_and_the_memory_is_not_touched() {
    let rt = runtime(2);
    let (mut u, mut kept) = (vec![1u64; 10], None);
    rt.finish(|s| {
        let block = s.adopt(&mut u)?;
        rt.name(block, "u")?;
        kept = Some(block);
        Ok(())
    })
    .unwrap();
    let block: Block<u64> = kept.unwrap();
    let told = rt.write(block, |x| x.fill(2)).unwrap_err().to_string();
    assert!(
        told.contains("block u (") && told.contains("adopted by a scope that has ended"),
        "{told}"
    );
    let part = rt.finish(|s| {
        s.spawn(block.part(0..1).write(), |_, x| x[0] = 2);
        Ok(())
    });
    assert!(
        part.unwrap_err()
            .to_string()
            .contains("adopted by a scope that has ended")
    );
    assert!(rt.destroy(block).is_err());
    assert_eq!(u, [1; 10]);
    // Its slot is used again, with memory of the runtime's.
    let blocks = rt.blocks::<u64>(200, 10).unwrap();
    for block in blocks {
        assert_eq!(rt.read(block, |x| x[0]).unwrap(), 0);
    }
}

#[test]
fn a_failure_is_told_and_its_poison_goes_with_the_block() {
    let rt = runtime(2);
    let mut u = vec![1u64; 10];
    let error = rt.finish(|s| {
        let u = s.adopt(&mut u)?;
        s.codelet("half").spawn(u.write(), |_, u| {
            u[0] = 2;
            panic!("on purpose");
        });
        s.spawn(u.read(), |_, _| panic!("reads poison"));
        Ok(())
    });
    let error = error.unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.codelet.as_str(), failure.skipped), ("half", 1));
    assert_eq!((u[0], u[1]), (2, 1));
    rt.finish(|s| {
        let u = s.adopt(&mut u)?;
        s.spawn(u.read(), |_, u| assert_eq!(u[0], 2));
        Ok(())
    })
    .unwrap();
}

#[test]
fn all_codelets_have_ended_when_the_bodys_panic_goes_on() {
    let rt = runtime(3);
    for _ in 0..20 {
        let mut u = vec![0u64; 64];
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            rt.finish(|s| {
                let u = s.adopt(&mut u)?;
                for i in 0..64 {
                    s.spawn(u.part(i..=i).write(), |_, x| {
                        (0..50).for_each(|_| std::thread::yield_now());
                        x[0] = 1;
                    });
                }
                match std::hint::black_box(true) {
                    true => panic!("on purpose"),
                    false => Ok(()),
                }
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(u, [1; 64]);
    }
}

#[test]
fn it_may_be_destroyed_before_the_scope_ends() {
    let rt = runtime(2);
    let mut u = vec![0u64; 64];
    let error = rt.finish(|s| {
        let u = s.adopt(&mut u)?;
        s.spawn(u.write(), |_, u| u.fill(3));
        let gone = s.destroy(u).event();
        s.codelet("late")
            .after(&gone)
            .at_ready()
            .spawn(u.read(), |_, _| panic!("it runs"));
        Ok(())
    });
    assert!(error.unwrap_err().to_string().contains("`late`"));
    assert_eq!(u, [3; 64]);
}

#[test]
fn other_scopes_may_not_use_it() {
    let rt = runtime(2);
    let mut u = vec![0u64; 64];
    let (to_other, at_other) = channel::<Block<u64>>();
    let (to_us, with_us) = channel::<String>();
    let rt = &rt;
    std::thread::scope(|threads| {
        threads.spawn(move || {
            let block = at_other.recv().unwrap();
            to_us
                .send(rt.write(block, |x| x.fill(1)).unwrap_err().to_string())
                .unwrap();
            let part = rt.finish(|s| {
                s.spawn(block.part(..).write(), |_, x| x.fill(1));
                Ok(())
            });
            to_us.send(part.unwrap_err().to_string()).unwrap();
        });
        rt.finish(|s| {
            let block = s.adopt(&mut u)?;
            to_other.send(block).unwrap();
            for _ in 0..2 {
                let told = with_us.recv().unwrap();
                assert!(told.contains("it was adopted by another scope"), "{told}");
            }
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(u, [0; 64]);
}

#[test]
fn what_cannot_be_adopted_is_refused() {
    let rt = runtime(1);
    let mut empty: [f64; 0] = [];
    let error = rt.finish(|s| s.adopt(&mut empty).map(|_| ())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BlockSize);
    let mut u = vec![0u64; 64];
    let kind = Mutex::new(None);
    let kept = &kind;
    let slice = &mut u[..];
    rt.finish(|s| {
        s.spawn_once((), move |s, ()| {
            *kept.lock().unwrap() = s.adopt(slice).err().map(|error| error.kind());
        });
        Ok(())
    })
    .unwrap();
    assert_eq!(*kind.lock().unwrap(), Some(ErrorKind::OnEngine));
}

//! Scopes, codelets and blocks as a user meets them.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{ErrorKind, Result, Runtime, Scope, Value};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

#[test]
fn codelets_run_before_finish_returns() {
    let rt = runtime(2);
    let count = AtomicU64::new(0);
    let count = &count;
    rt.finish(|s| {
        for _ in 0..10_000 {
            s.spawn((), |_, ()| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 10_000);
}

#[test]
fn accesses_order_codelets_as_the_program_does() {
    let rt = runtime(3);
    let (a, b) = (rt.block::<u64>(4).unwrap(), rt.block::<u64>(4).unwrap());
    rt.finish(|s| {
        for step in 0..1000 {
            s.spawn(a.read_write(), move |_, a| {
                a[0] = a[0].wrapping_mul(3).wrapping_add(step)
            });
            s.spawn((a.read(), b.read_write()), |_, (a, b)| {
                b[0] ^= a[0].rotate_left(7)
            });
        }
        Ok(())
    })
    .unwrap();
    let (mut x, mut y) = (0u64, 0u64);
    for step in 0..1000 {
        x = x.wrapping_mul(3).wrapping_add(step);
        y ^= x.rotate_left(7);
    }
    assert_eq!(rt.read(b, |b| b[0]).unwrap(), y);
}

fn fib(s: &Scope<'_>, n: u64) -> Value<u64> {
    if n < 2 {
        return s.spawn((), move |_, ()| Ok(n)).value();
    }
    s.spawn((), move |s, ()| {
        let (a, b) = (fib(s, n - 1), fib(s, n - 2));
        s.spawn((a.read(), b.read()), |_, (a, b)| Ok(a + b)).value()
    })
    .value()
}

#[test]
fn values_are_forwarded_to_whoever_reads_them() {
    for xes in [1, 2, 8] {
        let rt = runtime(xes);
        let answer = Mutex::new(0);
        let answer = &answer;
        rt.finish(|s| {
            let value = fib(s, 20);
            s.spawn(value.read(), |_, n| *answer.lock().unwrap() = *n);
            Ok(())
        })
        .unwrap();
        assert_eq!(*answer.lock().unwrap(), 6765);
    }
}

#[test]
fn a_failure_is_told_with_its_name_and_its_dependents_are_skipped() {
    let rt = runtime(2);
    let a = rt.block::<u32>(1).unwrap();
    let error = rt
        .finish(|s| {
            s.codelet("parse").spawn(a.write(), |_, _| {
                "x".parse::<u32>()?;
                Ok(())
            });
            s.spawn(a.read(), |_, _| panic!("must not run"));
            s.spawn(a.read_write(), |_, _| panic!("must not run"));
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let failure = error.failure().unwrap();
    assert_eq!(
        (failure.codelet.as_str(), failure.failed, failure.skipped),
        ("parse", 1, 2)
    );
    assert!(rt.read(a, |_| ()).is_err());
    rt.finish(|s| {
        s.spawn(a.write(), |_, a| a[0] = 3);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 3);
}

#[test]
fn codelets_that_wait_for_each_other_are_reported_stuck() {
    let rt = runtime(2);
    let error = rt
        .finish(|s| {
            let (e, t) = s.event("ping");
            let (f, u) = s.event("pong");
            s.codelet("first")
                .after(&e)
                .spawn_once((), move |s, ()| s.satisfy(u));
            s.codelet("second")
                .after(&f)
                .spawn_once((), move |s, ()| s.satisfy(t));
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
    assert_eq!(error.stuck().len(), 2);
    println!("{error}");
}

#[test]
fn a_scope_waits_for_a_trigger_of_another_thread() -> Result<()> {
    let rt = runtime(1);
    let (event, trigger) = rt.event("outside");
    let ran = AtomicU64::new(0);
    let ran = &ran;
    std::thread::scope(|threads| {
        threads.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            trigger.satisfy();
        });
        rt.finish(|s| {
            s.codelet("late").after(&event).spawn((), |_, ()| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            Ok(())
        })
    })?;
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    Ok(())
}

//! Alternates: each engine runs what it can, measures, and keeps to the fastest.

use sprat::decide::alternates::{FIRST_SPAN, TRIES};
use sprat::{CeMode, Codelet, Isa, Priority, Read, ReadWrite, Runtime, Scope, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(CeMode::Shared)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

fn spin(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// How often each body of `RACE` ran.
static RAN: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

fn ran(which: usize, time: Duration) {
    RAN[which].fetch_add(1, Ordering::Relaxed);
    spin(time);
}

sprat::codelet! {
    static RACE: Codelet<Duration, ()> = |_s, slow, ()| ran(0, *slow);
    Any => |_s, slow, ()| ran(1, *slow / 100);
    Any => |_s, slow, ()| ran(2, *slow * 2);
}

#[test]
fn the_fastest_is_kept_to_once_each_was_tried() {
    let rt = runtime(1);
    let slow = Duration::from_millis(2);
    rt.finish(|s| {
        for _ in 0..100 {
            s.call(&RACE, slow, ());
        }
        Ok(())
    })
    .unwrap();
    let counts = &rt.alternates(&RACE)[0];
    let calls: Vec<u64> = counts.iter().map(|c| c.calls).collect();
    let tries = u64::from(TRIES);
    assert_eq!(calls, [tries, 100 - 2 * tries, tries]);
    assert_eq!(RAN.each_ref().map(|n| n.load(Ordering::Relaxed)), calls[..]);
    let chosen: Vec<bool> = counts.iter().map(|c| c.chosen).collect();
    assert_eq!(chosen, [false, true, false]);
    assert!(counts.iter().all(|c| c.usable && c.isa == Isa::Any));
    let least: Vec<u64> = counts.iter().map(|c| c.least_ns.unwrap()).collect();
    assert!(
        least[0] >= 2_000_000 && least[1] < least[0] && least[2] >= 4_000_000,
        "{least:?}"
    );
}

static EACH: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
fn count(which: usize) {
    EACH[which].fetch_add(1, Ordering::Relaxed);
}

sprat::codelet! {
    static LOCAL: Codelet<(), ()> = |_s, (), ()| count(0);
    Any => |_s, (), ()| count(1);
}

#[test]
fn each_engine_finds_out_for_itself() {
    let rt = runtime(3);
    let calls = FIRST_SPAN + 2 * TRIES;
    rt.finish(|s| {
        for xe in 0..3 {
            for _ in 0..calls {
                s.codelet("local").on_xe(xe).call(&LOCAL, (), ());
            }
        }
        Ok(())
    })
    .unwrap();
    for counts in rt.alternates(&LOCAL) {
        let all: u64 = counts.iter().map(|c| c.calls).sum();
        assert_eq!(all, u64::from(calls));
        assert_eq!(counts.iter().filter(|c| c.chosen).count(), 1);
        assert!(counts.iter().all(|c| c.calls >= u64::from(TRIES)));
    }
    let ran: u64 = EACH.iter().map(|n| n.load(Ordering::Relaxed)).sum();
    assert_eq!(ran, u64::from(3 * calls));
}

sprat::codelet! {
    static FAILS: Codelet<(), ()> = |_s, (), ()| spin(Duration::from_micros(10));
    Any => |_s, (), ()| panic!("as it shall");
}

#[test]
fn one_that_panics_is_tried_as_often_as_any_and_loses() {
    let rt = runtime(1);
    let call = || {
        rt.finish(|s| {
            s.call(&FAILS, (), ());
            Ok(())
        })
    };
    let failed = (0..2 * TRIES).filter(|_| call().is_err()).count();
    assert_eq!(failed, TRIES as usize);
    (0..TRIES).for_each(|_| call().unwrap());
    let counts = &rt.alternates(&FAILS)[0];
    assert_eq!([0, 1].map(|which| counts[which].chosen), [true, false]);
    assert_eq!(counts[1].least_ns, None);
}

/// Nobody who uses the macro needs `unsafe`.
mod safe {
    #![forbid(unsafe_code)]
    use sprat::{Read, ReadWrite};

    sprat::codelet! {
        /// y += a x
        pub static AXPY: Codelet<f64, (Read<f64>, ReadWrite<f64>)> = |_s, a, (x, y)| {
            for (y, x) in y.iter_mut().zip(x) {
                *y += a * x;
            }
        }, also for Sse42, Avx2, Avx512f, Neon, Sve;
        Any => |_s, a, (x, y)| (0..y.len()).for_each(|i| y[i] += a * x[i]);
    }
}
use safe::AXPY;

#[test]
fn alternates_for_extensions_compute_the_same_wherever_they_run() {
    let rt = runtime(2);
    let (x, y) = (
        rt.block::<f64>(1003).unwrap(),
        rt.block::<f64>(1003).unwrap(),
    );
    rt.write(x, |x| (0..x.len()).for_each(|i| x[i] = i as f64))
        .unwrap();
    rt.finish(|s| {
        for _ in 0..200 {
            s.call(&AXPY, 0.5, (x.read(), y.read_write()));
        }
        Ok(())
    })
    .unwrap();
    let right = |y: &[f64]| (0..y.len()).all(|i| y[i] == 100.0 * i as f64);
    assert!(rt.read(y, right).unwrap());
    for counts in rt.alternates(&AXPY) {
        // Those of this architecture, the usual one and the last.
        let meant: &[Isa] = match () {
            () if cfg!(target_arch = "x86_64") => &[Isa::Sse42, Isa::Avx2, Isa::Avx512f],
            () if cfg!(target_arch = "aarch64") => &[Isa::Neon, Isa::Sve],
            () => &[],
        };
        let isas: Vec<Isa> = counts.iter().map(|c| c.isa).collect();
        assert_eq!((isas[0], &isas[1..isas.len() - 1]), (Isa::Any, meant));
        assert_eq!(isas.last(), Some(&Isa::Any));
        for one in counts {
            assert_eq!(one.usable, one.isa.is_here());
            assert!(one.usable || (one.calls == 0 && !one.chosen), "{one:?}");
        }
    }
}

#[cfg(target_arch = "x86_64")]
sprat::codelet! {
    static INTRINSICS: Codelet<i32, ReadWrite<i32>> = |_s, add, x| x.iter_mut().for_each(|x| *x += add);
    Avx2 => |_s, add, x| {
        use std::arch::x86_64::{_mm256_add_epi32, _mm256_extract_epi32, _mm256_set1_epi32};
        // Safe in here, since this is compiled for AVX2.
        let sum = _mm256_add_epi32(_mm256_set1_epi32(*add), _mm256_set1_epi32(x[0]));
        x.fill(_mm256_extract_epi32::<5>(sum));
    };
}

#[cfg(target_arch = "x86_64")]
#[test]
fn intrinsics_can_be_called_in_an_alternate_for_their_extension() {
    let rt = runtime(1);
    let x = rt.block::<i32>(9).unwrap();
    rt.finish(|s| {
        for _ in 0..20 {
            s.call(&INTRINSICS, 3, x.read_write());
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(x, |x| x.to_vec()).unwrap(), [60; 9]);
    let counts = &rt.alternates(&INTRINSICS)[0];
    assert_eq!(counts[1].isa, Isa::Avx2);
    assert_eq!(counts[1].calls > 0, Isa::Avx2.is_here());
}

// By hand, as in the hero interface.
static SCALE: Codelet<f64, (Read<f64>, Write<f64>)> =
    // SAFETY: it needs nothing.
    unsafe {
        Codelet::<f64, (Read<f64>, Write<f64>)>::new("scale", |_, k, (x, y)| y[0] = k * x[0])
            .alternate(Isa::Any, scale)
    };
fn scale(_: &Scope<'_>, k: &f64, (x, y): (&[f64], &mut [f64])) {
    y[0] = k * x[0];
}

#[test]
fn static_codelets_take_options_fail_and_are_told_of_like_others() {
    let rt = runtime(2);
    let (x, y) = (rt.block::<f64>(1).unwrap(), rt.block::<f64>(1).unwrap());
    rt.write(x, |x| x[0] = 4.0).unwrap();
    rt.finish(|s| {
        let end = s.call(&SCALE, 2.0, (x.read(), y.write())).event();
        let again = s.codelet("again").priority(Priority::High).after(&end);
        again.call(&SCALE, 3.0, (x.read(), y.write()));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(y, |y| y[0]).unwrap(), 12.0);

    static FAILS: Codelet<u32, ()> = Codelet::new("fails", |_, n, ()| panic!("number {n}"));
    let line = line!() + 2;
    let spawn = |s: &Scope<'_>| {
        s.call(&FAILS, 7, ());
        Ok(())
    };
    let error = rt.finish(spawn).unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(
        (&*failure.codelet, failure.spawned_at.line()),
        ("fails", line)
    );
    assert!(error.to_string().contains("number 7"), "{error}");
    // One body alone is not counted.
    assert!(
        rt.alternates(&FAILS)
            .iter()
            .all(|c| c.len() == 1 && c[0].calls == 0)
    );
}

/// Against the promise, as another language's interface could.
#[test]
fn another_list_under_the_same_address_gets_nothing_that_is_not_in_it() {
    static SAME: u8 = 1;
    let rt = runtime(1);
    rt.finish(|s| {
        s.spawn((), |s, ()| {
            let mut last = 0;
            for _ in 0..4 * TRIES {
                s.run_best(&SAME, &[Isa::Any; 3], |which| {
                    spin(Duration::from_micros(if which == 3 { 1 } else { 300 }));
                    last = which;
                });
            }
            s.run_best(&SAME, &[Isa::Any; 3], |which| last = which);
            assert_eq!(last, 3, "it is the fastest");
            s.run_best(&SAME, &[Isa::Any], |which| last = which);
            assert_eq!(last, 0, "there are 0 and 1");
        });
        Ok(())
    })
    .unwrap();
}

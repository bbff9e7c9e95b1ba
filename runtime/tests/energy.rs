//! The policies that turn engines off: where more engines do no more, where they do, and when the policy changes.
//!
//! Checked itself: it fails if nobody tries another number of engines (`narrowing_never_tries`), or if each trial is taken for better.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]
#![cfg(target_os = "linux")]

use sprat::{Policy, Runtime};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a codelet does.
type Body = fn(&AtomicBool);

fn nap() {
    thread::sleep(Duration::from_micros(200));
}

/// One at a time can go on, and others burn their processors meanwhile.
fn alone(lock: &AtomicBool) {
    while lock.swap(true, Ordering::Acquire) {
        std::hint::spin_loop();
    }
    nap();
    lock.store(false, Ordering::Release);
}

fn beside(_: &AtomicBool) {
    nap();
}

/// Runs codelets for so long; in which part of the time both engines worked.
fn both_work(rt: &Runtime, seconds: f64, body: Body) -> f64 {
    let (begin, lock) = (Instant::now(), AtomicBool::new(false));
    let (mut looks, mut both) = (0.0, 0.0);
    while begin.elapsed().as_secs_f64() < seconds {
        rt.finish(|s| {
            (0..20).for_each(|_| _ = s.spawn((), |_, ()| body(&lock)));
            Ok(())
        })
        .unwrap();
        looks += 1.0;
        both += f64::from(u8::from(rt.turned_off_xes().is_empty()));
    }
    both / looks
}

#[test]
fn engines_are_turned_off_that_do_not_help_and_only_while_the_policy_says_so() {
    if !std::path::Path::new("/proc/self/schedstat").exists() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this kernel does not tell the processor times of threads"
        );
        return;
    }
    let builder = Runtime::builder().xes(2).oversubscribe(true).pin(false);
    let builder = builder.ignore_environment().policy(Policy::Energy);
    let rt = &builder.build().unwrap();
    // It finds out in a second.
    both_work(rt, 1.0, alone);
    let wide = both_work(rt, 3.0, alone);
    assert!(wide < 0.4, "both work in {wide} of the time");
    // As soon as another policy is said both work, and stay at work.
    rt.set_policy(Policy::Performance).unwrap();
    assert_eq!(rt.turned_off_xes(), []);
    assert_eq!(both_work(rt, 0.5, alone), 1.0);
    for policy in [Policy::EnergyDelay, Policy::Energy] {
        rt.set_policy(policy).unwrap();
        assert_eq!(rt.policy(), policy);
        let wide = both_work(rt, 3.0, beside);
        assert!(wide > 0.5, "{policy}: both work in {wide} of the time");
    }
}

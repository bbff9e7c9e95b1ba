//! The policies that turn engines off: that other numbers of engines are tried, and what happens when the policy changes. Which of them are kept is
//! for the tests of `decide::narrowing`: here it depends on what else the machine does.
//!
//! Checked itself: it fails if nobody tries another number of engines (`narrowing_never_tries`).

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]
#![cfg(target_os = "linux")]

use sprat::{Policy, Runtime};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// One at a time can go on, and others burn their processors meanwhile.
fn alone(lock: &AtomicBool) {
    while lock.swap(true, Ordering::Acquire) {
        std::hint::spin_loop();
    }
    thread::sleep(Duration::from_micros(200));
    lock.store(false, Ordering::Release);
}

/// Nothing that is waited for here takes so long, whatever else the machine does.
const FOREVER: Duration = Duration::from_secs(100);

/// Runs codelets of which one at a time can go on, until this is so of the engines that are turned off.
fn run_until(rt: &Runtime, is_so: impl Fn(&[usize]) -> bool) {
    let (begin, lock) = (Instant::now(), AtomicBool::new(false));
    while !is_so(&rt.turned_off_xes()) {
        assert!(begin.elapsed() < FOREVER, "off: {:?}", rt.turned_off_xes());
        rt.finish(|s| {
            (0..20).for_each(|_| _ = s.spawn((), |_, ()| alone(&lock)));
            Ok(())
        })
        .unwrap();
    }
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
    for policy in [Policy::Energy, Policy::EnergyDelay] {
        rt.set_policy(policy).unwrap();
        assert_eq!(rt.policy(), policy);
        run_until(rt, |off| !off.is_empty());
        // As soon as another policy is said both work, and stay at work.
        rt.set_policy(Policy::Performance).unwrap();
        assert_eq!(rt.turned_off_xes(), []);
        let begin = Instant::now();
        run_until(rt, |off| {
            assert_eq!(off, []);
            begin.elapsed() > Duration::from_millis(300)
        });
    }
}

//! A panic in the runtime's own code ends the process with a message, wherever it happens; users' panics do not.
//!
//! Runs itself again as a child process, which panics. Checked itself: fails if a guard is taken away.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]
#![cfg(unix)]

use sprat::{CeMode, PanicPlace, Runtime};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PLACE: &str = "SPRAT_TEST_PANIC_INSIDE";

/// In the child: a scope that waits for an event, with a panic where the variable says.
fn child(place: &str) {
    let rt = Runtime::builder()
        .xes(2)
        .ce(CeMode::Shared)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap();
    let (event, trigger) = rt.event("later");
    rt.panic_inside(match place {
        "execution engine" => PanicPlace::ExecutionEngine,
        "host" => PanicPlace::Host,
        "control engine" => PanicPlace::ControlEngine,
        "trigger" => PanicPlace::Trigger,
        other => panic!("what is {other}?"),
    });
    // Without it the scope goes on until somebody has come to the place, however late.
    let kept = match place {
        "trigger" => {
            std::thread::spawn(move || trigger.satisfy());
            None
        }
        _ => Some(trigger),
    };
    let _ = rt.finish(|s| {
        for _ in 0..100 {
            s.spawn((), |_, ()| std::thread::sleep(Duration::from_micros(50)));
        }
        s.codelet("waits").after(&event).spawn((), |_, ()| ());
        Ok(())
    });
    drop(kept);
    // It was to die before.
    println!("it lives");
}

fn dies(place: &str, says: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_panic_inside_ends_the_process", "--nocapture"])
        .env(PLACE, place)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("a panic in {place} left a hang");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.signal(),
        Some(libc_sigabrt()),
        "a panic in {place}: {errors}"
    );
    assert!(
        errors.contains("a test has asked for this panic"),
        "{errors}"
    );
    let message = format!("sprat: internal error in {says}");
    assert!(errors.contains(&message), "{place}: {errors}");
    assert!(errors.contains("Please report this"), "{errors}");
}

/// The same on all systems with signals that this runs on.
fn libc_sigabrt() -> i32 {
    6
}

#[test]
fn a_panic_inside_ends_the_process() {
    if let Ok(place) = std::env::var(PLACE) {
        return child(&place);
    }
    dies("execution engine", "the thread sprat-xe");
    dies("host", "the engine of a host thread");
    // Its routine runs on whatever thread stands in for it, too.
    dies("control engine", "the ");
    dies("trigger", "a trigger");
}

/// Panics when it is dropped.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        if !std::thread::panicking() {
            panic!("a bomb");
        }
    }
}

#[test]
fn panics_of_users_are_theirs() {
    let rt = Runtime::builder()
        .xes(2)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    let bomb = || Bomb(drops.clone());
    // In captures that are dropped unrun, in values, in a body's return value, in what `finish` gives.
    let error = rt
        .finish(|s| {
            let (first, second) = (bomb(), bomb());
            s.cancel("to drop captures");
            s.spawn_once((), move |_, ()| drop(first));
            s.spawn_once((), move |_, ()| drop(second));
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.cancellation().unwrap().not_started, 2);
    assert_eq!(drops.load(Ordering::Relaxed), 2);
    rt.finish(|s| {
        let value = bomb();
        s.spawn_once((), move |_, ()| Ok(value));
        Ok(())
    })
    .unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 3);
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let kept = rt.finish(|s| {
            s.spawn((), |_, ()| panic!("so that what the body gives is dropped"));
            Ok(bomb())
        });
        drop(kept);
    }));
    assert_eq!(
        *thrown.unwrap_err().downcast_ref::<&str>().unwrap(),
        "a bomb"
    );
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    // All seats are free, and everything works.
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                rt.finish(|s| {
                    s.spawn((), |_, ()| ());
                    Ok(())
                })
                .unwrap();
            });
        }
    });
}

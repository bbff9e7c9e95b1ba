//! Looks for stuck scopes: in pieces, given up when something moves, and made whole when that goes on.

use super::{FOREVER, piece, runtime, until, while_these_wait, while_they_wait};
use crate::error::ErrorKind;
use crate::hope::Hope;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::stuck::NoLook;
use crate::sync::atomic::Ordering;
use crate::waiting::{LONGEST, PIECE};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A look for hope, as the control engine begins one.
fn look_for_hope(shared: &Shared) -> Hope {
    let claims = shared.claims();
    shared.looked_at.store(claims, Ordering::Relaxed);
    Hope::new(claims)
}

/// Hope from outside is found in pieces as short: nobody waits for all of them when a scope is opened meanwhile.
#[test]
fn hope_is_looked_for_in_short_pieces() {
    const COUNT: usize = 30_000;
    while_they_wait(COUNT, |shared, _, trigger| {
        let (hope, pieces) = until("it moves", || {
            let (mut hope, mut pieces) = (look_for_hope(shared), 0);
            while piece(|| hope.go_on(shared)).ok()? {
                pieces += 1;
            }
            Some((hope, pieces))
        });
        assert!(hope.for_all());
        assert!(pieces >= COUNT / PIECE, "{pieces}");
        assert!(hope.longest <= LONGEST, "{}", hope.longest);
        trigger.satisfy();
    });
}

/// What one waits for who gave hope comes between two pieces, and nobody begins by that: the look is given up, since the hope is gone.
#[test]
fn hope_that_goes_meanwhile_is_none() {
    let rt = runtime();
    let [(one, first), (two, second)] = ["one", "two"].map(|name| rt.event(name));
    let spawn = |s: &Scope<'_>| {
        for _ in 0..2 * PIECE {
            let waits = s.codelet("waits").after(&one).after(&two);
            waits.spawn((), |_, ()| ());
        }
    };
    while_these_wait(&rt, 2 * PIECE, spawn, |shared| {
        let mut hope = until("it moves", || {
            let mut hope = look_for_hope(shared);
            (piece(|| hope.go_on(shared)) == Ok(true)).then_some(hope)
        });
        let claims = shared.claims();
        first.satisfy();
        assert_eq!(shared.claims(), claims, "nobody has begun");
        assert_eq!(piece(|| hope.go_on(shared)), Err(NoLook::Moves));
        second.satisfy();
    });
}

/// A runtime whose control engine does nothing while this is done: whoever looks is the test.
fn without_control_engine<R>(shared: &Shared, look: impl FnOnce() -> R) -> R {
    let control = &shared.domains[0].control;
    control.paused.store(true, Ordering::SeqCst);
    until("it looks", || {
        (!control.busy.load(Ordering::SeqCst)).then_some(())
    });
    let seen = look();
    control.paused.store(false, Ordering::SeqCst);
    control.bed.wake();
    seen
}

/// Satisfies an event that nobody waits for: nobody begins anything, but what was seen may be so no more.
fn stir(rt: &Runtime) {
    rt.event("nobody's").1.satisfy();
}

/// A look during which something has moved is given up and made again, and nobody waits for a whole one.
#[test]
fn a_look_for_stuck_scopes_that_is_given_up_is_made_again() {
    while_they_wait(10 * PIECE, |shared, rt, trigger| {
        without_control_engine(shared, || {
            until("no look is given up", || {
                let requested = &shared.domains[0].control.requested;
                requested.store(false, Ordering::SeqCst);
                shared.looked_at.store(u64::MAX, Ordering::SeqCst);
                thread::scope(|threads| {
                    threads.spawn(|| {
                        until("no look begins", || {
                            let looked_at = shared.looked_at.load(Ordering::SeqCst);
                            (looked_at != u64::MAX).then_some(())
                        });
                        stir(rt);
                    });
                    assert_eq!(shared.end_stuck_scopes(), 0);
                });
                // A whole look would have ended with the claims there.
                assert_eq!(shared.looked_at.load(Ordering::SeqCst), u64::MAX);
                requested.load(Ordering::SeqCst).then_some(())
            });
        });
        trigger.satisfy();
    });
}

/// Beside one scope that is stuck something stirs all the time, so that no look in pieces comes to an end: it is ended nevertheless.
#[test]
fn a_stuck_scope_beside_a_busy_neighbour_is_ended() {
    let rt = &runtime();
    let (quiet, done) = (AtomicBool::new(false), mpsc::channel());
    let stirs = &AtomicBool::new(true);
    thread::scope(|threads| {
        let (shared, quiet, (tell, ended)) = (rt.shared(), &quiet, done);
        threads.spawn(move || {
            let failed = rt.finish(|s| {
                let (never, trigger) = s.event("never");
                for _ in 0..10 * PIECE {
                    s.codelet("waits").after(&never).spawn((), |_, ()| ());
                }
                s.codelet("keeps it")
                    .after(&never)
                    .spawn_once((), move |_, ()| trigger.satisfy());
                while !quiet.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                Ok(())
            });
            tell.send(failed.unwrap_err().kind()).unwrap();
        });
        without_control_engine(shared, || {
            let stirring = threads.spawn(move || {
                while stirs.load(Ordering::SeqCst) {
                    stir(rt);
                }
            });
            quiet.store(true, Ordering::SeqCst);
            let begun = Instant::now();
            while shared.end_stuck_scopes() == 0 {
                assert!(
                    begun.elapsed() < Duration::from_secs(60),
                    "put off for ever"
                );
                thread::yield_now();
            }
            stirs.store(false, Ordering::SeqCst);
            stirring.join().unwrap();
        });
        let kind = ended.recv_timeout(FOREVER).expect("it does not end");
        assert_eq!(kind, ErrorKind::Stuck);
    });
}

/// Two codelets wait for events that the other one satisfies, and one of them also for something outside, which is hope; it is gone when
/// the scope is cancelled. Nobody becomes ready by that, and the scope ends.
#[test]
fn a_circle_that_loses_its_hope_by_a_cancellation_ends() {
    let rt = runtime();
    let (tell, ended) = mpsc::channel();
    thread::scope(|threads| {
        let (shared, rt) = (rt.shared(), &rt);
        let (give, got) = mpsc::channel();
        threads.spawn(move || {
            let (outside, trigger) = rt.event("outside");
            let failed = rt.finish(|s| {
                let [(first, one), (second, two)] = ["one", "two"].map(|name| s.event(name));
                let both = s.codelet("both").after(&outside).after(&first);
                both.spawn_once((), move |_, ()| two.satisfy());
                let other = s.codelet("other").after(&second);
                other.spawn_once((), move |_, ()| one.satisfy());
                give.send(s.canceller()).unwrap();
                Ok(())
            });
            tell.send(failed.unwrap_err()).unwrap();
            drop(trigger);
        });
        let canceller = got.recv().unwrap();
        // There is hope: nobody looks again before something moves.
        until("nobody looks", || {
            let looked_at = shared.looked_at.load(Ordering::SeqCst);
            let waits = shared.who_waits(1).is_some_and(|found| found.0 == 2);
            (waits && looked_at == shared.claims()).then_some(())
        });
        assert!(canceller.cancel("enough"));
        let Ok(error) = ended.recv_timeout(Duration::from_secs(60)) else {
            eprintln!("the scope does not end");
            std::process::abort();
        };
        assert!(error.to_string().contains("enough"), "{error}");
    });
}

/// What cannot wait for the end of a look is done between its pieces: the look is part of the routine that asks polled functions, fires
/// timers, and looks at deadlines.
#[test]
fn polled_functions_are_asked_between_the_pieces_of_a_look() {
    while_they_wait(10 * PIECE, |shared, rt, trigger| {
        without_control_engine(shared, || {
            let asked = Arc::new(AtomicBool::new(false));
            let (me, by_me, ends) = (thread::current().id(), asked.clone(), Arc::new(()));
            let still_here = Arc::downgrade(&ends);
            let _polled = rt.poll_event("polled", move || {
                by_me.fetch_or(thread::current().id() == me, Ordering::SeqCst);
                Ok(still_here.strong_count() == 0)
            });
            let asked = (0..1000).any(|_| {
                shared.looked_at.store(u64::MAX, Ordering::SeqCst);
                shared.end_stuck_scopes();
                asked.load(Ordering::SeqCst)
            });
            assert!(asked);
            drop(ends);
        });
        trigger.satisfy();
    });
}

/// An access to a file is on its way, for which all wait: that is hope, and seen in pieces too.
#[test]
#[cfg(unix)]
fn an_access_to_a_file_is_hope_that_is_seen_in_pieces() {
    let pipe = std::env::temp_dir().join(format!("sprat-hope-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let rt = runtime();
    thread::scope(|threads| {
        let (shared, rt, path) = (rt.shared(), &rt, &pipe);
        threads.spawn(move || {
            rt.finish(|s| {
                let read = s.read_file::<u8>(path, 0..5)?;
                for _ in 0..2 * PIECE {
                    s.codelet("waits").spawn(read.read(), |_, _| ());
                }
                Ok(())
            })
            .unwrap();
        });
        until("it is not on its way", || {
            (!shared.io.in_flight().is_empty()).then_some(())
        });
        let begun = Instant::now();
        let seen = without_control_engine(shared, || {
            loop {
                let (mut hope, mut pieces) = (look_for_hope(shared), 0);
                while piece(|| hope.go_on(shared)) == Ok(true) {
                    pieces += 1;
                }
                // Before all were spawned there was less to look at, or something moved.
                let seen = pieces > 1 && hope.for_all();
                if seen || begun.elapsed() > Duration::from_secs(60) {
                    return seen;
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        std::fs::write(path, [1; 5]).unwrap();
        assert!(seen, "no hope");
    });
    std::fs::remove_file(&pipe).unwrap();
}

/// Looks that are given up put a stuck scope off, but for no longer than a second.
#[test]
fn looks_that_are_given_up_put_off_for_a_second() {
    let rt = runtime();
    let shared = rt.shared();
    without_control_engine(shared, || {
        let begun = Instant::now();
        assert!(!shared.is_put_off_too_long(), "the first one");
        until("put off for ever", || {
            shared.is_put_off_too_long().then_some(())
        });
        assert!(begun.elapsed() >= Duration::from_secs(1));
    });
}

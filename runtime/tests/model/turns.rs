//! Codelets that have their turns one after the other on one engine: what else is to be done there is not held up by that.

use super::runtime;
use sprat::{Block, Scope, Spawned};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{ThreadId, current};
use std::time::{Duration, Instant};

/// Waits as long as it takes, but not for ever: then what is waited for does not come.
fn wait_for(flag: &AtomicBool, what: &str) {
    let begin = Instant::now();
    while !flag.load(Ordering::Acquire) {
        assert!(begin.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::yield_now();
    }
}

const MANY: usize = 20;

/// Of two engines the one where the host that calls does not sit: it runs what the other one cannot.
fn elsewhere<'s>(s: &Scope<'s>, found: &'s AtomicUsize) -> usize {
    found.store(usize::MAX, Ordering::Relaxed);
    for xe in 0..2 {
        let probe = s.codelet("probe").on_xe(xe);
        probe.spawn((), move |_, ()| {
            _ = found.compare_exchange(usize::MAX, xe, Ordering::Relaxed, Ordering::Relaxed);
        });
    }
    let begin = Instant::now();
    while found.load(Ordering::Relaxed) == usize::MAX {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the other one runs its own"
        );
        std::thread::yield_now();
    }
    found.load(Ordering::Relaxed)
}

/// The engine `found` runs a codelet that stays there, and behind it, when all of them are in the block's list, so many others, which call
/// `f` with their numbers.
fn spawn_list<'s>(
    s: &Scope<'s>,
    a: Block<u64>,
    (found, go): (&'s AtomicUsize, &'s AtomicBool),
    f: impl Fn(usize) + Copy + Send + Sync + 's,
) -> Vec<Spawned<()>> {
    let xe = elsewhere(s, found);
    let has_begun = std::sync::Arc::new(AtomicBool::new(false));
    let begins = has_begun.clone();
    let first = s.codelet("first").on_xe(xe);
    first.spawn_once(a.commute(), move |_, _| {
        begins.store(true, Ordering::Release);
        wait_for(go, "the first one runs while others are spawned");
    });
    wait_for(&has_begun, "the first one runs elsewhere");
    let all = (0..MANY).map(|n| {
        s.spawn(a.commute(), move |_, a| {
            a[0] += 1;
            f(n);
        })
    });
    all.collect()
}

/// A seat is shut while its engine runs those who have their turns: it leaves the others to engines whose seats are open.
#[test]
fn a_shut_engine_does_not_go_on_with_those_who_have_their_turns_next() {
    let rt = &runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let found = &AtomicUsize::new(0);
    let go = &AtomicBool::new(false);
    let shut: &[AtomicUsize; 2] = &Default::default();
    let where_shut = &std::sync::Mutex::new(None::<ThreadId>);
    rt.finish(|s| {
        spawn_list(s, a, (found, go), move |n| {
            let here = Some(current().id());
            let mut there = where_shut.lock().unwrap();
            if n == 3 {
                *there = here;
                rt.relieve_xe(found.load(Ordering::Relaxed), true);
            } else if there.is_some() {
                // The runtime itself opens it again if the other one limps on a busy machine.
                let is_shut = rt.relieved_xes() == [found.load(Ordering::Relaxed)];
                shut[usize::from(is_shut && *there == here)].fetch_add(1, Ordering::Relaxed);
            }
        });
        go.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    let [elsewhere, there] = shut.each_ref().map(|ran| ran.load(Ordering::Relaxed));
    assert_eq!(elsewhere + there, MANY - 4);
    assert!(there <= 1, "{there} ran on the engine that was shut");
}

/// Who begins to wait for the end of one that has ended, whose neighbours run, need not wait for the whole list.
#[test]
fn who_waits_late_for_the_end_of_one_need_not_wait_for_the_list() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let found = &AtomicUsize::new(0);
    let flags: &[AtomicBool; 4] = &Default::default();
    let [go, reached, waits, told] = flags;
    rt.finish(|s| {
        let all = spawn_list(s, a, (found, go), move |n| match n {
            5 => {
                reached.store(true, Ordering::Release);
                wait_for(waits, "somebody begins to wait");
            }
            // Some may run between two looks at all that have run.
            9 => wait_for(told, "who began to wait late waits for the others, too"),
            _ => (),
        });
        go.store(true, Ordering::Release);
        wait_for(reached, "one ended whose event is named now");
        let late = s.codelet("waits").after(&all[2].event());
        late.spawn((), |_, ()| told.store(true, Ordering::Release));
        waits.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), MANY as u64);
}

/// One of them waits in its body for what follows the end of a neighbour, which has run.
#[test]
fn who_waits_in_its_turn_for_what_follows_the_end_of_one_before_it_runs_that() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let a = rt.block::<u64>(1).unwrap();
        let flags: &[AtomicBool; 2] = &Default::default();
        let [go, told] = flags;
        rt.finish(|s| {
            let mut third = None;
            for n in 0..MANY {
                let before = third.clone();
                let one = s.spawn_once(a.commute(), move |s, a| {
                    // With one engine they run when all are spawned.
                    wait_for(go, "the first one runs while others are spawned");
                    a[0] += 1;
                    if n == 6 || n == 9 {
                        told.store(false, Ordering::Release);
                        let follows = s.codelet("follows").after(&before.unwrap());
                        follows.spawn((), |_, ()| told.store(true, Ordering::Release));
                        let begin = Instant::now();
                        s.help_until(&|| {
                            told.load(Ordering::Acquire) || begin.elapsed().as_secs() > 5
                        });
                        assert!(told.load(Ordering::Acquire), "it waits for itself");
                    }
                });
                if n == 2 {
                    third = Some(one.event());
                }
            }
            go.store(true, Ordering::Release);
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), MANY as u64);
    }
}

/// One with which another shall stay takes the group along, though it was in the list before.
#[test]
fn one_that_others_stay_with_later_brings_the_group() {
    let rt = &runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let found = &AtomicUsize::new(0);
    let flags: &[AtomicBool; 4] = &Default::default();
    let [go, ran, goes_on, there] = flags;
    let posted = || rt.xe_counts().iter().map(|c| c.posted).sum::<u64>();
    rt.finish(|s| {
        let (event, trigger) = s.event("the group has a place");
        let all = spawn_list(s, a, (found, go), move |n| match n {
            8 => ran.store(true, Ordering::Release),
            9 => wait_for(goes_on, "it holds the engine"),
            _ => (),
        });
        let stays = s.codelet("stays").with(&all[8]).after(&event);
        stays.spawn((), |_, ()| there.store(true, Ordering::Release));
        go.store(true, Ordering::Release);
        wait_for(ran, "the one with which it stays has run");
        let before = posted();
        s.satisfy(trigger);
        assert_eq!(posted() - before, 1, "the group was there");
        goes_on.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    assert!(there.load(Ordering::Acquire));
}

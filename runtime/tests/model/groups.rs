//! Groups: members run where the group is, and a thief takes the group along.

use sprat::{CeMode, ErrorKind, Group, Runtime, Scope};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{ThreadId, current};
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

fn wait_until(holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody came");
        std::thread::yield_now();
    }
}

fn posted(rt: &Runtime) -> u64 {
    rt.xe_counts().iter().map(|c| c.posted).sum()
}

/// One more member, and where it ran.
fn member<'s>(s: &Scope<'s>, group: Group, ran: &'s Mutex<Option<ThreadId>>) {
    s.codelet("member")
        .with(group)
        .spawn((), move |_, ()| *ran.lock().unwrap() = Some(current().id()));
}

#[test]
fn members_made_ready_elsewhere_are_posted_to_the_groups_engine() {
    let rt = runtime(2);
    let group = rt.group();
    let (home, go) = (Mutex::new(None), AtomicBool::new(false));
    let (home, go) = (&home, &go);
    let done = AtomicU32::new(0);
    let done = &done;
    rt.finish(|s| {
        // The engine that chooses the group's home holds it until the other one has posted members there.
        s.codelet("home").with(group).spawn((), move |_, ()| {
            *home.lock().unwrap() = Some(current().id());
            wait_until(|| go.load(Ordering::Acquire));
        });
        // The host must not run it itself: it waits here until the other engine has taken it.
        wait_until(|| home.lock().unwrap().is_some());
        let before = posted(&rt);
        for _ in 0..10 {
            s.codelet("member").with(group).spawn((), move |_, ()| {
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(posted(&rt) - before, 10);
        go.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 10);
}

#[test]
fn a_thief_takes_the_group_along() {
    let rt = runtime(2);
    let group = rt.group();
    let ran = [(); 2].map(|()| Mutex::new(None));
    let (rt, ran) = (&rt, &ran);
    rt.finish(|s| {
        s.codelet("home").with(group).spawn((), move |s, ()| {
            // Ready at home, which goes on for long: the other engine takes it from there.
            let before = posted(rt);
            member(s, group, &ran[0]);
            wait_until(|| ran[0].lock().unwrap().is_some());
            assert_eq!(posted(rt), before);
            assert_ne!(ran[0].lock().unwrap().unwrap(), current().id());
            // Now the group is there, and the next member is posted there.
            member(s, group, &ran[1]);
            assert_eq!(posted(rt), before + 1);
            wait_until(|| ran[1].lock().unwrap().is_some());
        });
        Ok(())
    })
    .unwrap();
    let [first, second] = ran.each_ref().map(|one| one.lock().unwrap().unwrap());
    assert_eq!(first, second);
}

#[test]
fn a_group_of_another_runtime_is_refused() {
    let (one, other) = (runtime(1), runtime(1));
    let group = other.group();
    let error = one
        .finish(|s| {
            s.codelet("foreign").with(group).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(
        error.to_string().contains("group of another runtime"),
        "{error}"
    );
}

#[test]
fn more_groups_than_numbers_lose_nothing() {
    let rt = runtime(2);
    let ran = AtomicU32::new(0);
    rt.finish(|s| {
        for _ in 0..40_000 {
            let group = s.group();
            s.codelet("member").with(group).spawn((), |_, ()| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(ran.into_inner(), 40_000);
}

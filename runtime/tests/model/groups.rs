//! Groups: members run where the group is, and a thief takes the group along.

use sprat::{CeMode, Error, ErrorKind, Group, Priority, Result, Runtime, Scope, Spawned};
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

/// Spawns members that stay with an earlier codelet, which has started on the other engine and stays there until this has ended: how
/// many were posted.
fn posted_to_company<'s, R>(rt: &Runtime, s: &Scope<'s>, first: &Spawned<R>) -> u64
where
    R: Send + Sync + 'static,
{
    let before = posted(rt);
    let mut last = None;
    for level in [
        Priority::Normal,
        Priority::High,
        Priority::Low,
        Priority::Normal,
    ] {
        let options = s.codelet("member").priority(level);
        last = Some(match &last {
            None => options.with(first).spawn((), |_, ()| ()),
            Some(last) => options.with(last).spawn((), |_, ()| ()),
        });
    }
    posted(rt) - before
}

#[test]
fn codelets_stay_with_an_earlier_one_and_with_those_that_stay_with_it() {
    let rt = runtime(2);
    let (home, go) = (AtomicBool::new(false), AtomicBool::new(false));
    let (rt, home, go) = (&rt, &home, &go);
    rt.finish(|s| {
        let (event, trigger) = s.event("start");
        let first = s.codelet("first").after(&event);
        let first = first.spawn((), move |_, ()| {
            home.store(true, Ordering::Release);
            wait_until(|| go.load(Ordering::Acquire));
        });
        // It is named before it starts.
        let later = s.codelet("later").after(&first.event());
        later.with(&first).spawn((), |_, ()| ());
        s.satisfy(trigger);
        wait_until(|| home.load(Ordering::Acquire));
        assert_eq!(posted_to_company(rt, s, &first), 4);
        go.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
}

#[test]
fn codelets_stay_together_that_stay_with_one_that_is_gone() {
    let rt = runtime(2);
    let (home, go) = (AtomicBool::new(false), AtomicBool::new(false));
    let (rt, home, go) = (&rt, &home, &go);
    let mut gone = None;
    rt.finish(|s| {
        gone = Some(s.spawn((), |_, ()| ()));
        Ok(())
    })
    .unwrap();
    let gone = gone.unwrap();
    rt.finish(|s| {
        let first = s.codelet("first").with(&gone);
        first.spawn((), move |_, ()| {
            home.store(true, Ordering::Release);
            wait_until(|| go.load(Ordering::Acquire));
        });
        wait_until(|| home.load(Ordering::Acquire));
        assert_eq!(posted_to_company(rt, s, &gone), 4);
        go.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
}

#[test]
fn codelets_go_to_the_place_that_an_earlier_one_named() {
    let rt = runtime(2);
    let (home, go) = (AtomicBool::new(false), AtomicBool::new(false));
    let (rt, home, go) = (&rt, &home, &go);
    let here = Mutex::new(None);
    rt.finish(|s| {
        for xe in 0..2 {
            let here = &here;
            let named = s.codelet("named").on_xe(xe);
            named.spawn((), move |_, ()| {
                here.lock().unwrap().get_or_insert((current().id(), xe));
            });
        }
        wait_until(|| here.lock().unwrap().is_some());
        // The host sits in the other one's seat.
        let there = here.lock().unwrap().unwrap().1;
        let first = s.codelet("first").on_xe(there);
        let first = first.spawn((), move |_, ()| {
            home.store(true, Ordering::Release);
            wait_until(|| go.load(Ordering::Acquire));
        });
        wait_until(|| home.load(Ordering::Acquire));
        assert_eq!(posted_to_company(rt, s, &first), 4);
        go.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
}

#[test]
fn recorded_codelets_stay_with_earlier_ones() -> Result<()> {
    let rt = runtime(2);
    let blocks = rt.blocks::<u64>(8, 1)?;
    let graph = rt.record(|s| {
        // Without a word each would go where its block is.
        let mut last = None;
        for (at, &block) in blocks.iter().enumerate() {
            let options = s.codelet("adds");
            let options = match &last {
                Some(last) if at % 4 != 0 => options.with(last),
                _ => options,
            };
            last = Some(options.spawn(block.read_write(), |_, x| x[0] += 1));
        }
        let there = s.codelet("there").on_xe(1);
        let there = there.spawn(blocks[0].read(), |_, _| ());
        let too = s.codelet("too").with(&there);
        too.spawn(blocks[1].read_write(), |_, _| ());
        Ok(())
    })?;
    let owners = graph.owners();
    for four in owners[..8].chunks(4) {
        assert_eq!(four, [four[0]; 4], "{owners:?}");
    }
    assert_ne!(owners[0], owners[4], "{owners:?}");
    assert_eq!(owners[8..], [1, 1], "{owners:?}");
    rt.replay(&graph, 3)?;
    for block in blocks {
        assert_eq!(rt.read(block, |x| x[0])?, 3);
    }
    Ok(())
}

#[test]
fn nobody_stays_with_those_who_are_not_there() -> Result<()> {
    let (rt, other) = (runtime(1), runtime(1));
    let mut foreign = None;
    other.finish(|s| {
        foreign = Some(s.spawn((), |_, ()| ()));
        Ok(())
    })?;
    let mut recorded = None;
    let _graph = rt.record(|s| {
        recorded = Some(s.spawn((), |_, ()| ()));
        Ok(())
    })?;
    let (foreign, recorded) = (foreign.unwrap(), recorded.unwrap());
    let alone = |s: &Scope<'_>, whom: &Spawned<()>| {
        s.codelet("alone").with(whom).spawn((), |_, ()| ());
    };
    let told = |ended: Result<()>| -> (ErrorKind, String) {
        let error: Error = ended.unwrap_err();
        match error.failure() {
            Some(failure) => (failure.kind, failure.cause.clone()),
            None => (error.kind(), error.to_string()),
        }
    };
    for (whom, kind, words) in [
        (foreign, ErrorKind::Foreign, "a codelet of another runtime"),
        (recorded, ErrorKind::Graph, "a codelet of a graph"),
    ] {
        let (found, text) = told(rt.finish(|s| {
            alone(s, &whom);
            Ok(())
        }));
        assert_eq!(found, kind, "{text}");
        assert!(text.contains(words), "{text}");
        // And in another graph.
        let ended = rt.record(|s| {
            alone(s, &whom);
            Ok(())
        });
        let (found, text) = told(ended.map(|_| ()));
        assert_eq!(found, ErrorKind::Graph, "{text}");
        assert!(text.contains("not in this graph"), "{text}");
    }
    Ok(())
}

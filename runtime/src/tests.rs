//! What only the inside of a whole runtime shows: who waits, looked at in pieces; and what happens when there is no more room.

mod hope;

use crate::access::Lent;
use crate::error::{ErrorKind, Result};
use crate::open::{Open, OpenBody, OpenHints, Opening};
use crate::page;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::stuck::NoLook;
use crate::sync::{lock, sleep, thread};
use crate::trigger::Trigger;
use crate::waiting::{LONGEST, Look, PIECE};
use std::time::{Duration, Instant};

/// Nothing that is waited for here takes so long, whatever else the machine does.
const FOREVER: Duration = Duration::from_secs(300);

/// Does this until it gives something.
#[track_caller]
fn until<R>(what: &str, mut found: impl FnMut() -> Option<R>) -> R {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < FOREVER, "{what}");
        thread::yield_now();
    }
}

fn runtime() -> Runtime {
    let builder = Runtime::builder().ignore_environment().xes(1).pin(false);
    builder.live_codelets(1 << 20).build().unwrap()
}

/// So many wait for an event and for a block, and this is done meanwhile.
fn while_they_wait(count: usize, look: impl FnOnce(&Shared, &Runtime, Trigger)) {
    let rt = runtime();
    let block = rt.block::<u64>(1).unwrap();
    let (event, trigger) = rt.event("late");
    let spawn = |s: &Scope<'_>| {
        for _ in 0..count {
            let waits = s.codelet("waits").after(&event);
            waits.spawn(block.read_write(), |_, x| x[0] += 1);
        }
    };
    while_these_wait(&rt, count, spawn, |shared| look(shared, &rt, trigger));
    assert_eq!(rt.read(block, |x| x[0]).unwrap(), count as u64);
}

/// So many wait that were spawned so, and this is done meanwhile.
fn while_these_wait(
    rt: &Runtime,
    count: usize,
    spawn: impl FnOnce(&Scope<'_>) + Send,
    look: impl FnOnce(&Shared),
) {
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rt.finish(|s| {
                spawn(s);
                Ok(())
            })
            .unwrap();
        });
        let shared = rt.shared();
        until("they do not wait", || {
            let all = shared.who_waits(1).is_some_and(|found| found.0 == count);
            if !all {
                sleep(Duration::from_millis(5));
            }
            all.then_some(())
        });
        look(shared);
    });
}

/// The next piece of a look. A control engine looks too, now and then: that is waited for.
fn piece(mut go_on: impl FnMut() -> Result<bool, NoLook>) -> Result<bool, NoLook> {
    until("somebody keeps the lock", || match go_on() {
        Err(NoLook::Busy) => None,
        went => Some(went),
    })
}

/// Looks at all who wait, by pieces: and how many these were.
fn look_at_all(shared: &Shared) -> (Look, usize) {
    until("it moves", || {
        let (mut look, mut pieces) = (Look::new(shared, 100), 0);
        while piece(|| look.go_on(shared)).ok()? {
            pieces += 1;
        }
        Some((look, pieces))
    })
}

/// Tens of thousands wait for one event and in one queue: no piece looks at more than a few of them, and all are counted.
#[test]
fn however_many_wait_each_piece_is_short() {
    const COUNT: usize = 30_000;
    while_they_wait(COUNT, |shared, _, trigger| {
        let (look, pieces) = look_at_all(shared);
        assert!(look.longest <= LONGEST, "{}", look.longest);
        assert!(pieces > COUNT / PIECE, "{pieces}");
        assert_eq!((look.count, look.named.len()), (COUNT, 100));
        for one in &look.named {
            assert_eq!(one.name, "waits");
            // The first one has the block; of the others it is told, for sure or perhaps.
            let told = one.waits_for.join("; ");
            assert!(
                told.contains("event `late`, to come from outside"),
                "{told}"
            );
        }
        let in_queue = |one: &&page::Waiting| one.waits_for.join("; ").contains("block 0");
        assert!(look.named.iter().filter(in_queue).count() >= 99);
        trigger.satisfy();
    });
}

/// Between two pieces something moves: what was seen before is no longer so.
#[test]
fn a_look_is_given_up_when_something_has_moved() {
    while_they_wait(10 * PIECE, |shared, rt, trigger| {
        let mut look = until("it moves", || {
            let mut look = Look::new(shared, 100);
            (piece(|| look.go_on(shared)) == Ok(true)).then_some(look)
        });
        rt.finish(|s| {
            s.spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        // The engine that ran it goes to sleep again; that nothing moves now is no excuse.
        until("it moves on", || shared.while_still(|| ()).ok());
        assert_eq!(piece(|| look.go_on(shared)), Err(NoLook::Moves));
        trigger.satisfy();
    });
}

/// Who has the lock keeps a look waiting, and takes nothing from what it has seen; but one who does not let go is not waited for.
#[test]
fn a_look_goes_on_when_somebody_else_has_looked() {
    while_they_wait(3 * PIECE, |shared, _, trigger| {
        let mut look = Look::new(shared, 1);
        let held = lock(&shared.stranger);
        assert_eq!(look.go_on(shared), Err(NoLook::Busy));
        assert!(shared.who_waits(1).is_none());
        drop(held);
        while piece(|| look.go_on(shared)) == Ok(true) {
            let held = lock(&shared.stranger);
            assert_eq!(look.go_on(shared), Err(NoLook::Busy));
            drop(held);
        }
        assert_eq!((look.count, look.named.len()), (3 * PIECE, 1));
        trigger.satisfy();
    });
}

struct Nothing;

impl OpenBody for Nothing {
    fn run(&mut self, _: &Scope<'static>, _: &[Lent]) {}
}

/// Opens a codelet with so many slots.
fn open(scope: &Scope<'_>, slots: u32) -> Result<Open> {
    let opening = Opening {
        scope: scope.key(),
        name: "open",
        slots,
        hints: OpenHints::default(),
    };
    // SAFETY: of this scope, whose body runs; it borrows nothing.
    unsafe {
        scope.open(opening, |body, _| {
            body.write(Nothing);
        })
    }
}

/// A codelet with many slots needs many records; if one is missing, it gives the others back.
#[test]
fn an_open_codelet_without_room_leaves_nothing() {
    let builder = Runtime::builder().ignore_environment().xes(1).pin(false);
    let rt = builder.build().unwrap();
    rt.finish(|s| {
        let arena = &rt.shared().arena;
        let mut opened = vec![open(s, 65_535)?];
        arena.stop_growing();
        let error = loop {
            match open(s, 65_535) {
                Ok(one) => opened.push(one),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::System, "{error}");
        // What it had taken is there for one that needs less.
        opened.push(open(s, 5_000)?);
        for one in opened {
            // SAFETY: nobody knows of it.
            unsafe { s.drop_open(one) };
        }
        Ok(())
    })
    .unwrap();
}

/// More wait for one end, and for one value, than are looked at: nobody is given a false reason.
#[test]
fn of_many_who_wait_for_one_codelet_none_is_given_a_false_reason() {
    // A few more than a piece looks at: for each of them all those are looked at.
    const EACH: usize = PIECE + 100;
    let rt = runtime();
    let (event, trigger) = rt.event("late");
    let spawn = |s: &Scope<'_>| {
        let first = s.codelet("first").after(&event).spawn((), |_, ()| ());
        let end = first.event();
        let value = s
            .codelet("second")
            .after(&event)
            .spawn((), |_, ()| Ok(7u64));
        let value = value.value();
        for _ in 0..EACH {
            s.codelet("for the end").after(&end).spawn((), |_, ()| ());
        }
        for _ in 0..EACH {
            s.codelet("for the value").spawn(value.read(), |_, _| ());
        }
    };
    while_these_wait(&rt, 2 * EACH + 2, spawn, |shared| {
        let (_, named) = until("it moves", || shared.who_waits(2 * EACH + 2));
        for name in ["for the end", "for the value"] {
            let (mut perhaps, mut surely) = (0, 0);
            let what = name.trim_start_matches("for ");
            for one in named.iter().filter(|one| one.name == name) {
                match &one.waits_for[..] {
                    [reason] if *reason == format!("perhaps {what} of another codelet") => {
                        perhaps += 1;
                    }
                    [reason] if reason.starts_with(&format!("{what} of `")) => surely += 1,
                    other => panic!("{name}: {other:?}"),
                }
            }
            assert_eq!(perhaps + surely, EACH);
            assert!(perhaps > 0 && surely > 0, "{perhaps} {surely}");
        }
        trigger.satisfy();
    });
}

/// One codelet waits for ten times as many events as a piece looks at: the piece ends nevertheless, and says that there are more.
#[test]
fn a_codelet_that_waits_for_very_much_is_looked_at_in_part() {
    const EVENTS: usize = 10 * PIECE;
    let rt = runtime();
    let (events, triggers): (Vec<_>, Vec<_>) = (0..EVENTS).map(|_| rt.event("one of many")).unzip();
    let spawn = |s: &Scope<'_>| {
        let patient = s.codelet("patient");
        let patient = events
            .iter()
            .fold(patient, |patient, one| patient.after(one));
        patient.spawn((), |_, ()| ());
    };
    while_these_wait(&rt, 1, spawn, |shared| {
        let (look, _) = look_at_all(shared);
        assert!(look.longest <= LONGEST, "{}", look.longest);
        let [one] = &look.named[..] else {
            panic!("{}", look.named.len())
        };
        let (more, events) = one.waits_for.split_last().unwrap();
        assert!(more.starts_with("perhaps more: "), "{more}");
        assert!(!events.is_empty() && events.len() < 100, "{}", events.len());
        let event = "event `one of many`, to come from outside";
        assert!(events.iter().all(|one| one == event), "{events:?}");
        triggers.into_iter().for_each(Trigger::satisfy);
    });
}

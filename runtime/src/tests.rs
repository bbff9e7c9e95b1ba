//! What only the inside of a whole runtime shows: who waits, looked at in pieces; and what happens when there is no more room.

use crate::access::Lent;
use crate::error::{ErrorKind, Result};
use crate::open::{Open, OpenBody, OpenHints, Opening};
use crate::page;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::sync::sleep;
use crate::trigger::Trigger;
use crate::waiting::{Look, PIECE};
use std::time::{Duration, Instant};

/// So many wait for an event and for a block, and this is done meanwhile.
fn while_they_wait(count: usize, look: impl FnOnce(&Shared, &Runtime, Trigger)) {
    let builder = Runtime::builder().ignore_environment().xes(1).pin(false);
    let rt = builder.live_codelets(1 << 20).build().unwrap();
    let block = rt.block::<u64>(1).unwrap();
    let (event, trigger) = rt.event("late");
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rt.finish(|s| {
                for _ in 0..count {
                    let waits = s.codelet("waits").after(&event);
                    waits.spawn(block.read_write(), |_, x| x[0] += 1);
                }
                Ok(())
            })
            .unwrap();
        });
        let shared = rt.shared();
        let begun = Instant::now();
        while shared.who_waits(1).is_none_or(|found| found.0 < count) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "they do not wait"
            );
            sleep(Duration::from_millis(5));
        }
        look(shared, &rt, trigger);
    });
    assert_eq!(rt.read(block, |x| x[0]).unwrap(), count as u64);
}

/// Tens of thousands wait for one event and in one queue: no piece looks at more than a few of them, and all are counted.
#[test]
fn however_many_wait_each_piece_is_short() {
    const COUNT: usize = 30_000;
    while_they_wait(COUNT, |shared, _, trigger| {
        // A control engine looks too, now and then, and then this one is given up.
        let begun = Instant::now();
        let (look, pieces) = loop {
            let (mut look, mut pieces) = (Look::new(shared, 100), 0);
            let went = loop {
                match look.go_on(shared) {
                    Some(true) => pieces += 1,
                    went => break went,
                }
            };
            if went.is_some() {
                break (look, pieces);
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it moves");
        };
        assert!(look.longest <= PIECE, "{}", look.longest);
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
        let mut look = Look::new(shared, 100);
        let begun = Instant::now();
        while look.go_on(shared) != Some(true) {
            assert!(begun.elapsed() < Duration::from_secs(60), "it moves");
        }
        rt.finish(|s| {
            s.spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        // The engine that ran it goes to sleep again; that nothing moves now is no excuse.
        while shared.while_still(|| ()).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        assert_eq!(look.go_on(shared), None);
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

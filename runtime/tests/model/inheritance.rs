//! What a high codelet waits for goes before what else is ready, be they in whole blocks or in parts of them.

use sprat::{AnyAccess, Block, Builder, CeMode, Mode, Options, Priority, Runtime, Scope};
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Mutex;

/// One engine, so that there is one order.
fn builder() -> Builder {
    Runtime::builder()
        .xes(1)
        .ce(CeMode::Shared)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
}

fn runtime() -> Runtime {
    builder().build().unwrap()
}

/// A matrix with eight bytes in a row, or what is used of it.
#[derive(Clone, Debug)]
enum Use {
    Whole,
    Part(Range<usize>),
    Tile(Range<usize>, Range<usize>),
}

impl Use {
    fn of(&self, block: Block<u8>, mode: Mode) -> AnyAccess {
        let byte = NonZeroU32::MIN;
        match self.clone() {
            Use::Whole => AnyAccess::whole(block, mode),
            Use::Part(range) => AnyAccess::part(block, mode, byte, range),
            Use::Tile(rows, columns) => AnyAccess::tile(block, mode, byte, (rows, columns), 8),
        }
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<&'static str>>);

impl Log {
    fn spawn<'s>(&'s self, options: Options<'_, 's>, access: Vec<AnyAccess>, what: &'static str) {
        options.spawn(access, move |_, _| self.0.lock().unwrap().push(what));
    }

    fn fill<'s>(&'s self, s: &Scope<'s>) {
        (0..10).for_each(|_| self.spawn(s.codelet("other"), Vec::new(), "other"));
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn high<'x, 's>(s: &'x Scope<'s>) -> Options<'x, 's> {
    s.codelet("high").priority(Priority::High)
}

/// What one uses and what another does, whom the first keeps waiting or not.
fn pairs() -> Vec<(Use, Use, bool)> {
    use Use::{Part, Tile, Whole};
    let tile = || Tile(0..4, 0..4);
    vec![
        (Whole, Whole, true),
        (Whole, Part(4..6), true),
        (Whole, Tile(1..3, 1..3), true),
        (Part(0..8), Whole, true),
        (Part(0..8), Part(4..6), true),
        (Part(0..8), Part(8..64), false),
        (Part(8..16), tile(), true),
        (Part(4..8), tile(), false),
        (tile(), Whole, true),
        (tile(), Part(10..13), true),
        (tile(), Part(12..16), false),
        (tile(), Tile(3..8, 3..8), true),
        (tile(), Tile(0..4, 4..8), false),
    ]
}

/// The order in which `holds`, 20 others and `high` ran.
fn assert_order(log: &[&str], waits: bool, of: &dyn std::fmt::Debug) {
    assert_eq!(log.len(), 22, "{of:?}: {log:?}");
    match waits {
        true => assert_eq!(log[..2], ["holds", "high"], "{of:?}: {log:?}"),
        // It is not high for nothing.
        false => assert_eq!(log[..2], ["high", "other"], "{of:?}: {log:?}"),
    }
}

#[test]
fn levels_are_given_to_those_who_hold_what_is_waited_for() {
    for pair in pairs() {
        let (rt, log) = (runtime(), Log::default());
        let a = rt.block::<u8>(64).unwrap();
        let (first, second, waits) = &pair;
        for (mode, wanted) in [
            (Mode::ReadWrite, Mode::ReadWrite),
            (Mode::Write, Mode::Read),
            (Mode::Read, Mode::Write),
        ] {
            rt.finish(|s| {
                log.fill(s);
                log.spawn(s.codelet("holds"), vec![first.of(a, mode)], "holds");
                log.fill(s);
                log.spawn(high(s), vec![second.of(a, wanted)], "high");
                Ok(())
            })
            .unwrap();
            assert_order(&log.take(), *waits, &(&pair, mode));
        }
    }
}

/// All children become ready when their parent's body has left the block to them.
#[test]
fn levels_are_given_among_the_children_of_who_has_the_block_or_a_part() {
    let both = Mode::ReadWrite;
    let is_part = |one: &Use| !matches!(one, Use::Whole);
    for own in [Use::Whole, Use::Part(0..128), Use::Tile(0..16, 0..8)] {
        for (first, second, waits) in &pairs() {
            if !is_part(first) || !is_part(second) {
                continue;
            }
            for in_scope in [false, true] {
                let (rt, log) = (runtime(), Log::default());
                let a = rt.block::<u8>(128).unwrap();
                rt.finish(|s| {
                    let log = &log;
                    s.spawn(own.of(a, both), move |s, _| {
                        let fill = || {
                            for at in 100..110 {
                                let other = vec![Use::Part(at..at + 1).of(a, both)];
                                log.spawn(s.codelet("other"), other, "other");
                            }
                        };
                        fill();
                        log.spawn(s.codelet("holds"), vec![first.of(a, both)], "holds");
                        fill();
                        match in_scope {
                            true => {
                                s.scope(|s| log.spawn(high(s), vec![second.of(a, both)], "high"));
                            }
                            false => log.spawn(high(s), vec![second.of(a, both)], "high"),
                        }
                    });
                    Ok(())
                })
                .unwrap();
                assert_order(&log.take(), *waits, &(&own, first, second));
            }
        }
    }
}

#[test]
fn levels_go_on_through_those_who_wait_for_parts() {
    let (rt, log) = (runtime(), Log::default());
    let (a, b) = (rt.block::<u8>(64).unwrap(), rt.block::<u8>(64).unwrap());
    let [left, middle, right] = [0..20, 10..50, 40..64].map(Use::Part);
    let both = Mode::ReadWrite;
    rt.finish(|s| {
        log.fill(s);
        log.spawn(s.codelet("first"), vec![left.of(a, both)], "first");
        log.spawn(
            s.codelet("second"),
            vec![middle.of(a, both), left.of(b, both)],
            "second",
        );
        // Two parts of a block, in each of which it waits.
        let two = vec![right.of(a, both), middle.of(b, both)];
        log.spawn(s.codelet("third"), two, "third");
        log.fill(s);
        log.spawn(high(s), vec![right.of(b, both)], "high");
        Ok(())
    })
    .unwrap();
    assert_eq!(log.take()[..4], ["first", "second", "third", "high"]);
}

#[test]
fn all_who_read_a_part_side_by_side_are_given_the_level() {
    let (rt, log) = (runtime(), Log::default());
    let a = rt.block::<u8>(64).unwrap();
    rt.finish(|s| {
        log.fill(s);
        for _ in 0..3 {
            log.spawn(
                s.codelet("reads"),
                vec![Use::Part(0..20).of(a, Mode::Read)],
                "reads",
            );
        }
        log.spawn(
            s.codelet("reads"),
            vec![Use::Part(5..9).of(a, Mode::Read)],
            "reads",
        );
        log.fill(s);
        log.spawn(high(s), vec![Use::Whole.of(a, Mode::Write)], "high");
        Ok(())
    })
    .unwrap();
    assert_eq!(
        log.take()[..5],
        ["reads", "reads", "reads", "reads", "high"]
    );
}

/// The host runs a reader itself when it has spawned enough, and the reader's record is soon that of one who writes what another
/// reader has still to read.
#[test]
fn who_writes_a_part_waits_for_its_readers_whoever_read_it_before() {
    let rt = builder().live_codelets(64).build().unwrap();
    let (a, log) = (rt.block::<u8>(64).unwrap(), Log::default());
    rt.finish(|s| {
        let (event, trigger) = s.event("read now");
        let part = |mode| vec![Use::Part(0..8).of(a, mode)];
        log.spawn(s.codelet("late").after(&event), part(Mode::Read), "late");
        log.spawn(
            s.codelet("early").priority(Priority::High),
            part(Mode::Read),
            "early",
        );
        for _ in 0..10_000 {
            s.spawn((), |_, ()| ());
        }
        assert_eq!(log.0.lock().unwrap()[..], ["early"]);
        for _ in 0..500 {
            log.spawn(s.codelet("writes"), part(Mode::Write), "writes");
        }
        s.satisfy(trigger);
        Ok(())
    })
    .unwrap();
    let log = log.take();
    assert_eq!(
        (&log[..3], log.len()),
        (&["early", "late", "writes"][..], 502)
    );
}

//! Why a codelet waited between its spawn and its start: each of the six reasons in a run made by hand, whose waits are known, and in a
//! real one that has that very reason; and the report names it.

mod traced;

use sprat::trace::{Event, Kind, VIA};
use sprat::{CeMode, Home, Priority, Runtime, Topology};
use sprat_tools::analyse::{Analysis, REASONS, analyse};
use sprat_tools::interval::Interval;
use sprat_tools::read::read;
use sprat_tools::report::text::text;
use sprat_tools::run::{Doing, NONE, Run, Sort, Task};
use std::sync::mpsc;
use std::time::Duration;
use traced::{file, traced_on};

/// How long a codelet runs that others wait for.
const LONG: Duration = Duration::from_millis(10);

fn sleep() {
    std::thread::sleep(LONG);
}

/// The waits of the one codelet of this name, in nanoseconds, in the order of [`REASONS`]. The report for the terminal has them under these
/// names, and says nothing where there was no wait.
fn waits(analysis: &Analysis, name: &str) -> [u64; 6] {
    let row = analysis.kinds.iter().find(|row| row.name == name);
    let row = row.expect("it ran");
    assert_eq!(row.count, 1);
    let waits = row.waits.each();
    let text = text(analysis);
    let table = text.split("Waits of one codelet").nth(1).unwrap();
    let cells = |begin: &str| -> Vec<String> {
        let mut lines = table.lines().map(str::trim_start);
        let line = lines.find(|line| line.starts_with(&format!("{begin} ")));
        let cells = line.unwrap().split("  ").map(str::trim);
        let cells = cells.filter(|cell| !cell.is_empty()).skip(1);
        cells.map(str::to_owned).collect()
    };
    assert_eq!(cells("name"), REASONS);
    let shown = cells(name);
    assert_eq!(shown.len(), waits.len(), "{table}");
    for (cell, wait) in shown.iter().zip(waits) {
        assert_eq!(cell.starts_with("0 "), wait == 0, "{cell} for {wait}");
    }
    waits
}

/// So often a run is made again: whoever else works on the machine may take a processor away in the middle of it.
const TRIES: usize = 50;

/// Makes a run until what is seen in it is so.
fn in_some_run(run: impl Fn() -> [u64; 6], is_so: impl Fn([u64; 6]) -> bool) {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let waits = run();
        if is_so(waits) {
            return;
        }
        seen.push(waits);
    }
    panic!("in no run: {seen:?}");
}

/// In some run of such a program `late` waits so long for this alone, but for a tenth of it.
fn assert_mostly(reason: &str, xes: usize, program: impl Fn(&Runtime)) {
    let at = REASONS.iter().position(|one| *one == reason).unwrap();
    let run = || {
        let name = format!("why-{reason}");
        let (_, analysis) = traced_on(xes, &name, CeMode::Shared, &program);
        waits(&analysis, "late")
    };
    in_some_run(run, |waits| {
        let all: u64 = waits.iter().sum();
        u128::from(all) >= LONG.as_nanos() / 2 && waits[at] * 10 >= all * 9
    });
}

/// Two engines and a host's scope of 1000; `late` is spawned at 10, ready at 400 and runs from 900 on. Engine 0 is busy, and engine 1 sleeps
/// from 500 to 700.
fn by_hand(cause: Task, hint: u32) -> [u64; 6] {
    let kinds = ["(others)", "cause", "late", "(body of a scope)"];
    let kind = |(name, number): (&&str, u16)| Kind {
        number,
        name: (*name).to_owned(),
        ..Kind::default()
    };
    let task = |kind, stream, ready, start, end| Task {
        kind,
        stream,
        spawn: 10,
        ready,
        start,
        end,
        cause: NONE,
        spawner: 0,
        has_spawn: true,
        ..Task::default()
    };
    let body = Task {
        sort: Sort::Body,
        spawn: 0,
        spawner: NONE,
        ..task(3, 0, 0, 0, 20)
    };
    let cause = Task {
        hint: cause.hint,
        ..task(1, 1, cause.ready, 100, 400)
    };
    let late = Task {
        cause: 2,
        hint,
        ..task(2, 0, 400, 900, 1000)
    };
    let busy = [task(0, 0, 10, 20, 900), task(0, 1, 10, 400, 500)];
    let again = task(0, 1, 10, 700, 1000);
    let span = |stream, what, start, end| (stream, what, Interval { start, end });
    let run = Run {
        kinds: kinds.iter().zip(0..).map(kind).collect(),
        xes: 2,
        regions: vec![0; 2],
        tasks: vec![body, busy[0], cause, busy[1], again, late],
        doings: vec![
            span(0, Doing::Seated, 0, 1000),
            span(1, Doing::Parked, 0, 100),
            span(1, Doing::Parked, 500, 700),
        ],
        length: 1000,
        whole: true,
        ..Run::default()
    };
    waits(&analyse(&run), "late")
}

#[test]
fn by_hand_each_reason_has_its_time() {
    let plain = Task {
        ready: 10,
        ..Task::default()
    };
    let moves = Task {
        hint: Event::moving(0),
        ready: 100,
        ..Task::default()
    };
    let bound = Event::hint(2, 0, 0);
    let low = Event::hint(0, 0, 1);
    // In the order of `REASONS`.
    assert_eq!(by_hand(plain, 0), [390, 0, 0, 0, 200, 300]);
    assert_eq!(by_hand(moves, 0), [90, 300, 0, 0, 200, 300]);
    assert_eq!(by_hand(plain, bound), [390, 0, 200, 0, 0, 300]);
    assert_eq!(by_hand(plain, low), [390, 0, 0, 300, 200, 0]);
}

#[test]
fn for_another_codelet() {
    assert_mostly("dependences", 2, |rt| {
        let block = rt.block::<u64>(1).unwrap();
        rt.finish(|s| {
            s.codelet("slow").spawn(block.write(), |_, x| {
                sleep();
                x[0] = 1;
            });
            let late = s.codelet("late");
            late.spawn(block.read(), |_, x| assert_eq!(x[0], 1));
            Ok(())
        })
        .unwrap();
    });
}

/// The runtime's own codelets that bring data are known by what they are: a user's of the same name are not taken for them.
#[test]
fn for_data() {
    for own in [true, false] {
        in_some_run(
            || waits_behind_a_migration(own),
            |waits| {
                assert!(own || waits[1] == 0, "{waits:?}");
                // Until the block could go it waited for `slow`.
                u128::from(waits[0]) >= LONG.as_nanos() / 2 && (waits[1] > 0) == own
            },
        );
    }
}

/// What `late` waits for behind one that brings its block: the runtime's `own`, or a user's of that name.
fn waits_behind_a_migration(own: bool) -> [u64; 6] {
    let path = file(&format!("why-data-{own}"));
    let rt = Runtime::builder()
        .topology(Topology::synthetic("region:2 core:1").unwrap())
        .ignore_environment()
        .ce(CeMode::Shared)
        .trace(&*path)
        .build()
        .unwrap();
    let block = rt.block_at::<u64>(Home::Region(0), 1 << 20).unwrap();
    rt.finish(|s| {
        s.codelet("slow").on_xe(0).spawn(block.write(), |_, x| {
            sleep();
            x[0] = 1;
        });
        match own {
            true => _ = s.migrate(block, Home::Region(1)),
            false => _ = s.codelet("migrate").spawn(block.read_write(), |_, _| ()),
        }
        let late = s.codelet("late");
        late.spawn(block.read(), |_, x| assert_eq!(x[0], 1));
        Ok(())
    })
    .unwrap();
    drop(rt);
    let run = read(&std::fs::read(&path).unwrap()).unwrap();
    waits(&analyse(&run), "late")
}

#[test]
fn for_its_own_engine() {
    assert_mostly("affinity", 2, |rt| {
        rt.finish(|s| {
            // The other one has nothing to run.
            s.codelet("slow").on_xe(0).spawn((), |_, ()| sleep());
            s.codelet("late").on_xe(0).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
    });
}

#[test]
fn behind_what_is_more_urgent() {
    assert_mostly("priority", 1, |rt| {
        rt.finish(|s| {
            let late = s.codelet("late").priority(Priority::Low);
            late.spawn((), |_, ()| ());
            s.codelet("slow").spawn((), |_, ()| sleep());
            Ok(())
        })
        .unwrap();
    });
}

/// A thread outside lets a codelet go while all engines sleep: it lies in the queue of the domain's control engine until one is awake.
#[test]
fn in_the_control_engines_queue() {
    let (run, analysis) = traced_on(2, "why-control", CeMode::Shared, |rt| {
        let (event, trigger) = rt.event("from outside");
        let (tell, told) = mpsc::channel();
        let own = rt.clone();
        let outside = std::thread::spawn(move || {
            told.recv().unwrap();
            // That is looked for when all sleep; one look may have begun before.
            let looks = || {
                own.ce_counts()
                    .iter()
                    .map(|ce| ce.stuck_checks)
                    .sum::<u64>()
            };
            let before = looks();
            while looks() < before + 2 {
                std::thread::yield_now();
            }
            trigger.satisfy()
        });
        rt.finish(|s| {
            s.codelet("late").after(&event).spawn((), |_, ()| ());
            tell.send(()).unwrap();
            Ok(())
        })
        .unwrap();
        outside.join().unwrap();
    });
    let late = (run.tasks.iter()).find(|task| run.name(task.kind) == "late");
    let lay = VIA[usize::from(late.unwrap().via)];
    assert!(lay.starts_with("the domain's queue"), "{lay}");
    let [_, data, affinity, priority, control, engines] = waits(&analysis, "late");
    assert_eq!([data, affinity, priority], [0; 3]);
    assert!(control > 0, "{control} and {engines}");
}

#[test]
fn for_an_engine_to_be_free() {
    assert_mostly("engines", 1, |rt| {
        rt.finish(|s| {
            // One engine gives the newest first.
            s.codelet("late").spawn((), |_, ()| ());
            s.codelet("slow").spawn((), |_, ()| sleep());
            Ok(())
        })
        .unwrap();
    });
}

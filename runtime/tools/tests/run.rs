//! Traces of real runs, read back: each start has its ready, and sums agree with the time that passed.

mod traced;

use sprat::{CeMode, Home, Runtime, Topology};
use sprat_tools::analyse::{Analysis, analyse};
use sprat_tools::read::read;
use sprat_tools::report;
use sprat_tools::run::{NONE, Run, Sort};
use std::time::Instant;
use traced::{file, traced_on};

/// The trace of what `program` does on two engines.
fn traced(name: &str, mode: CeMode, program: impl FnOnce(&Runtime)) -> (Run, Analysis) {
    traced_on(2, name, mode, program)
}

fn named<'a>(run: &'a Run, name: &'a str) -> impl Iterator<Item = &'a sprat_tools::run::Task> {
    run.tasks
        .iter()
        .filter(move |task| run.name(task.kind) == name)
}

/// Some work that takes about a microsecond.
fn work(seed: u64) -> u64 {
    (0..400).fold(seed, |x, i| {
        std::hint::black_box(x.wrapping_mul(31).wrapping_add(i))
    })
}

#[test]
fn codelets_with_and_without_blocks() {
    for (mode, name) in [
        (CeMode::Shared, "s"),
        (CeMode::Elastic, "e"),
        (CeMode::Dedicated, "d"),
    ] {
        let begin = Instant::now();
        let (run, analysis) = traced(&format!("flow-{name}"), mode, |rt| {
            let blocks = rt.blocks::<u64>(4, 100).unwrap();
            rt.finish(|s| {
                for round in 0..50u64 {
                    for at in 0..4 {
                        let both = (blocks[at].read_write(), blocks[(at + 1) % 4].read());
                        s.codelet("mix").spawn(both, move |_, (own, other)| {
                            own[0] = work(own[0] ^ other[0] ^ round);
                        });
                    }
                    s.codelet("free").spawn((), move |s, ()| {
                        s.codelet("child").spawn((), move |_, ()| _ = work(round));
                    });
                }
                Ok(())
            })
            .unwrap();
        });
        assert!(u128::from(run.length) <= begin.elapsed().as_nanos());
        assert_eq!(named(&run, "mix").count(), 200);
        assert_eq!(named(&run, "child").count(), 50);
        assert_eq!(analysis.codelets, 300);
        let parent = |child: &sprat_tools::run::Task| run.tasks[child.spawner as usize].kind;
        let free = named(&run, "free").next().unwrap().kind;
        assert!(named(&run, "child").all(|child| parent(child) == free));
        // Who waited was made ready by one who ran before, of the same kind.
        let mix = named(&run, "mix").next().unwrap().kind;
        let caused: Vec<_> = named(&run, "mix")
            .filter(|task| task.cause != NONE)
            .collect();
        assert!(
            caused
                .iter()
                .all(|task| run.tasks[task.cause as usize].kind == mix)
        );
        // Each changes one block and reads one, 800 bytes each; nobody else.
        let used: u64 = run.blocks.values().map(|one| one.read).sum();
        assert_eq!(used, 200 * 2 * 800);
        assert_eq!(run.blocks.values().map(|one| one.writes).sum::<u64>(), 200);
    }
}

#[test]
fn rounds_of_a_graph() {
    let (run, analysis) = traced("graph", CeMode::Shared, |rt| {
        let blocks = rt.blocks::<u64>(3, 10).unwrap();
        let graph = rt
            .record(|s| {
                for at in 0..3 {
                    let both = (blocks[at].read_write(), blocks[(at + 1) % 3].read());
                    s.codelet("step")
                        .spawn(both, |_, (own, other)| own[0] = work(other[0]));
                }
                Ok(())
            })
            .unwrap();
        rt.replay(&graph, 20).unwrap();
        rt.replay(&graph, 5).unwrap();
    });
    assert_eq!((analysis.steps, analysis.codelets), (75, 75));
    // Those of later rounds waited for somebody, and rounds go on from replay to replay.
    let waited = named(&run, "step")
        .filter(|task| task.cause != NONE)
        .count();
    assert_eq!(waited, 74);
    assert_eq!(named(&run, "step").map(|task| task.round).max(), Some(24));
    // All 75 hang on one chain; but if the host was put aside in one of the two bodies that is the longer way than the steps it replayed:
    // 60 in the first, 15 in the second.
    let link = |name| {
        let mut links = analysis.chain.links.iter();
        links.find(|link| link.name == name)
    };
    let steps_ns = |late: bool| -> u64 {
        let some = named(&run, "step").filter(|task| (task.round >= 20) == late);
        some.map(|task| task.length()).sum()
    };
    let body_ns = link("(body of a scope)").map_or(0, |body| body.time_ns);
    match link("step").unwrap().count {
        75 => (),
        60 => assert!(body_ns >= steps_ns(true), "{body_ns}"),
        15 => assert!(body_ns >= steps_ns(false), "{body_ns}"),
        other => panic!("{other} steps are on the chain"),
    }
}

#[test]
fn what_users_add() {
    let (run, analysis) = traced("spans", CeMode::Shared, |rt| {
        let named = rt.block::<u64>(1).unwrap();
        rt.name(named, "u").unwrap();
        rt.finish(|s| {
            s.codelet("one").spawn(named.write(), |s, _| {
                let _span = s.span("inner");
                s.count("level", 2.5);
            });
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(run.samples.len(), 1);
    assert_eq!(
        (run.name(run.samples[0].kind), run.samples[0].value),
        ("level", 2.5)
    );
    let one = named(&run, "one").next().unwrap();
    let span = run.spans[0];
    assert_eq!(run.name(span.kind), "inner");
    assert!(one.start <= span.interval.start && span.interval.end <= one.end);
    let block = *run.blocks.keys().next().unwrap();
    assert!(run.block_name(block).starts_with("block u ("));
    // The report has both.
    let text = report::text::text(&analysis);
    let line = |name: &str| {
        let found = text.lines().find(|line| line.contains(name));
        found.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    assert!(line("level").contains("1 values from 2.5 to 2.5"), "{text}");
    assert!(line("inner").contains("1 times"), "{text}");
}

/// What a host's body makes ready was made so by that body, and hangs on it.
#[test]
fn a_body_is_a_cause() {
    let (run, _) = traced("cause", CeMode::Shared, |rt| {
        let (event, trigger) = rt.event("from the body");
        rt.finish(|s| {
            s.codelet("late").after(&event).spawn((), |_, ()| ());
            _ = work(1);
            s.satisfy(trigger);
            Ok(())
        })
        .unwrap();
    });
    let late = named(&run, "late").next().unwrap();
    assert!(late.cause != NONE, "{late:?}");
    assert_eq!(run.tasks[late.cause as usize].sort, Sort::Body);
}

/// A runtime of two regions with an engine each, on a machine on paper.
fn two_regions(path: &std::path::Path) -> Runtime {
    Runtime::builder()
        .topology(Topology::synthetic("region:2 core:1").unwrap())
        .ignore_environment()
        .ce(CeMode::Shared)
        .trace(path)
        .build()
        .unwrap()
}

/// A graph is told once, and its blocks go elsewhere between two replays: what steps use is where it is by then.
#[test]
fn blocks_that_move_between_replays() {
    let path = file("moves");
    let rt = two_regions(&path);
    let block = rt.block_at::<u64>(Home::Region(0), 100).unwrap();
    rt.write(block, |x| x.fill(1)).unwrap();
    rt.migrate(block, Home::Region(0)).unwrap();
    let graph = rt
        .record(|s| {
            let step = s.codelet("step").on_xe(0);
            step.spawn(block.read(), |_, x| assert_eq!(x[0], 1));
            Ok(())
        })
        .unwrap();
    rt.replay(&graph, 3).unwrap();
    rt.migrate(block, Home::Region(1)).unwrap();
    rt.replay(&graph, 2).unwrap();
    rt.replicate(block).unwrap();
    drop((graph, rt));
    let run = read(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(run.flaws, Vec::<String>::new());
    let away: Vec<f32> = named(&run, "step").map(|task| task.away).collect();
    assert_eq!(away, [0.0, 0.0, 0.0, 1.0, 1.0]);
    // Two steps, and the codelet that replicates if that ran in the other region.
    let remote: u64 = run.blocks.values().map(|one| one.remote).sum();
    assert!(remote == 2 * 800 || remote == 3 * 800, "{remote}");
    let rows = analyse(&run).moves;
    let way = |from| rows.iter().find(|row| row.from == from).unwrap();
    assert_eq!((way(0).to, way(0).moved, way(0).moved_bytes), (1, 1, 800));
    assert_eq!((way(1).to, way(1).copied, way(1).copied_bytes), (0, 1, 800));
    let text = report::text::text(&analyse(&run));
    assert!(
        text.contains("0 to 1            1 moved with 800 B"),
        "{text}"
    );
}

/// Who reads the copy of its own region reads nothing from elsewhere.
#[test]
fn copies_are_near() {
    let path = file("copies");
    let rt = two_regions(&path);
    let block = rt.block_at::<u64>(Home::Region(0), 100).unwrap();
    rt.write(block, |x| x.fill(1)).unwrap();
    // On paper memory is where the first writer is, which is the seat of this thread.
    rt.migrate(block, Home::Region(0)).unwrap();
    let read_there = || {
        rt.finish(|s| {
            let step = s.codelet("step").on_xe(1);
            step.spawn(block.read(), |_, x| assert_eq!(x[0], 1));
            Ok(())
        })
        .unwrap();
    };
    read_there();
    rt.replicate(block).unwrap();
    read_there();
    drop(rt);
    let run = read(&std::fs::read(&path).unwrap()).unwrap();
    let away: Vec<f32> = named(&run, "step").map(|task| task.away).collect();
    assert_eq!(away, [1.0, 0.0]);
}

#[test]
fn skipped_and_outside() {
    let (run, analysis) = traced("skipped", CeMode::Shared, |rt| {
        let block = rt.block::<u64>(1).unwrap();
        let (event, trigger) = rt.event("from outside");
        let outside = std::thread::spawn(move || trigger.satisfy());
        let ended = rt.finish(|s| {
            s.codelet("late").after(&event).spawn((), |_, ()| ());
            s.codelet("fails")
                .spawn(block.write(), |_, _| Err::<(), _>(sprat::Error::msg("no")));
            s.codelet("skipped").spawn(block.read(), |_, _| ());
            Ok(())
        });
        assert!(ended.is_err());
        outside.join().unwrap();
    });
    assert_eq!(run.skipped, (1, 0));
    assert!(
        analysis
            .findings
            .iter()
            .any(|finding| finding.id == "skipped")
    );
    assert_eq!(named(&run, "late").count(), 1);
}

#[test]
fn a_trace_that_cannot_be_written_is_told_at_the_start() {
    let builder = Runtime::builder().ignore_environment().xes(1);
    let error = builder
        .trace("/no/such/folder/run.sprat")
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("/no/such/folder/run.sprat") && text.contains("folder"),
        "{text}"
    );
}

#[test]
fn two_runtimes_have_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.sprat");
    let build = || {
        Runtime::builder()
            .ignore_environment()
            .xes(1)
            .trace(&path)
            .build()
            .unwrap()
    };
    let (one, two) = (build(), build());
    drop((one, two));
    for path in [&path, &folder.path().join("two-2.sprat")] {
        assert!(read(&std::fs::read(path).unwrap()).unwrap().whole);
    }
}

/// A host for which no seat is free waits outside of all: its scope is open for as long as its codelets run, not as long as its body.
#[test]
fn a_scope_is_open_though_its_host_sits_nowhere() {
    let long = std::time::Duration::from_millis(20);
    let (run, analysis) = traced_on(1, "outside", CeMode::Shared, |rt| {
        let (sits, seated) = std::sync::mpsc::channel();
        let (spawned, leave) = std::sync::mpsc::channel();
        std::thread::scope(|threads| {
            threads.spawn(move || {
                rt.finish(|_| {
                    sits.send(()).unwrap();
                    leave.recv().unwrap();
                    Ok(())
                })
                .unwrap();
            });
            seated.recv().unwrap();
            rt.finish(|s| {
                let late = s.codelet("late");
                late.spawn((), move |_, ()| std::thread::sleep(long));
                spawned.send(()).unwrap();
                Ok(())
            })
            .unwrap();
        });
    });
    let late = named(&run, "late").next().unwrap();
    assert!(u128::from(late.length()) >= long.as_nanos());
    assert!(analysis.in_scopes_ns >= late.length(), "{analysis:?}");
    assert!(analysis.engines[0].running >= late.length());
}

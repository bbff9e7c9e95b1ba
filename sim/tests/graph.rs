//! Decisions about recorded graphs are the same in the runtime and in the simulator, byte by byte.

use sprat::trace::Did;
use sprat::{Graph, Policy, Runtime, Sum};
use sprat_sim::{conclude_again, decide_again};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

fn same(graph: &Graph<'_>) {
    let decided = graph.decisions();
    assert_eq!(decide_again(&decided).unwrap(), decided);
}

#[test]
fn compiled_graphs_are_decided_again_with_equal_bytes() {
    for xes in [1, 2, 3, 8] {
        let rt = runtime(xes);
        let field = rt.block::<f64>(240).unwrap();
        let (sum, tiles) = (rt.block::<f64>(1).unwrap(), rt.blocks::<f64>(9, 4).unwrap());
        let recorded = rt.record(|s| {
            for (at, &tile) in tiles.iter().enumerate() {
                let part = field.part(20 * at..20 * at + 30);
                let value = s.codelet("part").cost(10 * at as u64 + 1, 0).spawn(
                    (part.read_write(), sum.reduce(Sum)),
                    |_, (x, sum)| {
                        x[0] += 1.0;
                        sum[0] += x[0];
                        Ok(x[0])
                    },
                );
                let options = match at % 3 {
                    0 => s.codelet("tile").near(tiles[8 - at]),
                    1 => s.codelet("tile").on_xe(at % xes),
                    _ => s.codelet("tile"),
                };
                let columns = 2 * at..2 * at + 4;
                let access = (
                    tile.commute(),
                    field.tile(0..12, columns, 20).read(),
                    value.read(),
                );
                options.spawn(access, |_, (tile, field, value)| {
                    tile[0] += field[(0, 0)] + value;
                });
            }
            s.codelet("all")
                .spawn((field.write(), sum.read()), |_, _| ());
            Ok(())
        });
        let graph = recorded.unwrap();
        same(&graph);
        rt.replay(&graph, 3).unwrap();
        same(&graph);
    }
}

#[test]
fn new_plans_are_decided_again_with_equal_bytes() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(12, 1).unwrap();
    let host = std::thread::current().id();
    let recorded = rt.record(|s| {
        for &tile in &tiles {
            s.spawn(tile.read_write(), move |_, _| {
                let slow = std::thread::current().id() != host;
                for _ in 0..if slow { 3 } else { 1 } {
                    std::thread::sleep(Duration::from_micros(700));
                }
            });
        }
        let all: Vec<_> = tiles.iter().map(|tile| tile.read()).collect();
        s.spawn(all, |_, _| ());
        Ok(())
    });
    let graph = recorded.unwrap();
    let (planned, begun) = (graph.owners(), std::time::Instant::now());
    while graph.owners() == planned {
        // When depends on what else the machine does.
        assert!(
            begun.elapsed() < Duration::from_secs(100),
            "one engine is throttled, and nothing is planned anew"
        );
        rt.replay(&graph, 20).unwrap();
    }
    assert!(graph.decisions().contains("\nspeeds "));
    same(&graph);
}

#[test]
fn a_decision_that_was_made_otherwise_shows() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let graph = rt.record(|s| {
        (0..2).for_each(|xe| _ = s.codelet("c").on_xe(xe).spawn(a.read_write(), |_, _| ()));
        Ok(())
    });
    let decided = graph.unwrap().decisions();
    let otherwise = decided.replace("step 1 told 0:1", "step 1 told");
    assert_ne!(otherwise, decided);
    assert_eq!(decide_again(&otherwise).unwrap(), decided);
    assert!(decide_again("nothing of the kind").is_err());
}

#[test]
fn what_is_concluded_of_engines_is_concluded_again_with_equal_bytes() {
    if std::fs::read_to_string("/proc/self/schedstat").is_err() {
        eprintln!("skipped: this system does not tell the processor times of threads");
        return;
    }
    // A control engine that looks late concludes nothing of silence, and how late it looks depends on what else the machine does.
    let begin = Instant::now();
    while !concluded_again() {
        assert!(
            begin.elapsed() < Duration::from_secs(100),
            "nobody was relieved"
        );
    }
}

#[test]
fn what_engines_may_do_is_decided_again_with_equal_bytes() {
    let begin = Instant::now();
    while !allotted_again() {
        assert!(
            begin.elapsed() < Duration::from_secs(100),
            "no other number of engines was tried"
        );
    }
}

/// Runs under a policy that tries how many engines help, then under caps, and decides again what was decided. Whether several numbers of engines were.
fn allotted_again() -> bool {
    let path = std::env::temp_dir().join(format!("sprat-allot-{}.sprat", std::process::id()));
    let builder = Runtime::builder().xes(4).oversubscribe(true).pin(false);
    let builder = builder.policy(Policy::Energy).ignore_environment();
    let rt = builder.trace(&path).build().unwrap();
    let begin = Instant::now();
    let run = || {
        rt.finish(|s| {
            (0..50).for_each(|_| {
                _ = s.spawn((), |_, ()| std::thread::sleep(Duration::from_micros(100)));
            });
            Ok(())
        })
        .unwrap();
    };
    while begin.elapsed() < Duration::from_millis(400) {
        run();
    }
    // By the model four engines draw 16 W at the most, and two of them at work 10 W.
    rt.set_power_cap(Some(10.0)).unwrap();
    run();
    rt.set_power_cap(None).unwrap();
    rt.set_policy(Policy::Performance).unwrap();
    run();
    drop(rt);
    let trace = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let all = conclude_again("a trace", &trace).unwrap();
    for one in &all {
        assert_eq!(one.again, one.logged);
    }
    let did = all.iter().flat_map(|one| one.logged.did.iter());
    let engines: BTreeSet<u32> = did
        .filter_map(|did| match did {
            Did::Allot { engines, .. } => Some(*engines),
            _ => None,
        })
        .collect();
    assert!(
        engines.contains(&4) && engines.iter().any(|one| *one <= 2),
        "{engines:?}"
    );
    // Where nobody tells how long threads run, nobody tries.
    let tries = std::path::Path::new("/proc/self/schedstat").exists();
    engines.len() > 2 || !tries
}

/// Runs what gets an engine relieved, and concludes again what was concluded of it. Whether one was.
fn concluded_again() -> bool {
    let path = std::env::temp_dir().join(format!("sprat-conclude-{}.sprat", std::process::id()));
    let builder = Runtime::builder().xes(2).oversubscribe(true).relieve(true);
    let rt = builder.ignore_environment().trace(&path).build().unwrap();
    let begin = Instant::now();
    rt.finish(|s| {
        // While it sleeps its engine shows no sign, and the other one has nothing to do.
        s.spawn((), |_, ()| std::thread::sleep(Duration::from_millis(300)));
        s.spawn(
            (),
            |_, ()| {
                while begin.elapsed() < Duration::from_millis(2) {}
            },
        );
        Ok(())
    })
    .unwrap();
    drop(rt);
    let all = conclude_again("a trace", &std::fs::read(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let did: Vec<Did> = all.iter().flat_map(|one| one.logged.did.clone()).collect();
    for one in &all {
        assert_eq!(one.again, one.logged);
    }
    did.iter().any(|did| matches!(did, Did::Relieve { .. }))
}

//! Analyses of runs made by hand, whose longest chain, waits and findings are known.

use sprat::trace::Event;
use sprat_tools::analyse::{Analysis, Class, Diagnosis, Why, analyse, classes};
use sprat_tools::interval::Interval;
use sprat_tools::report::html::html;
use sprat_tools::run::{BlockUse, Doing, Far, NONE, Run, Sort, Task};

/// A run on two engines with kinds `a`, `b` and a body; tasks come by their starts.
fn run(length: u64, tasks: Vec<Task>, doings: Vec<(u32, Doing, u64, u64)>) -> Run {
    let kinds = ["(others)", "a", "b", "(body of a scope)"];
    let kind = |(number, name): (usize, &&str)| sprat::trace::Kind {
        number: number as u16,
        name: (*name).to_owned(),
        ..Default::default()
    };
    let doing = |(xe, doing, start, end)| (xe, doing, Interval { start, end });
    Run {
        kinds: kinds.iter().enumerate().map(kind).collect(),
        xes: 2,
        regions: vec![0; 2],
        tasks,
        doings: doings.into_iter().map(doing).collect(),
        length,
        whole: true,
        ..Run::default()
    }
}

const A: u16 = 1;
const B: u16 = 2;

/// A codelet that ran on an engine, from when to when, and who made it ready then.
fn codelet(
    kind: u16,
    stream: u32,
    (spawn, ready): (u64, u64),
    (start, end): (u64, u64),
    cause: u32,
) -> Task {
    Task {
        kind,
        stream,
        spawn,
        ready,
        start,
        end,
        cause,
        spawner: 0,
        has_spawn: true,
        ..Task::default()
    }
}

/// A body of a host's scope on the first engine.
fn body(start: u64, end: u64) -> Task {
    Task {
        sort: Sort::Body,
        kind: 3,
        spawner: NONE,
        ..codelet(3, 0, (start, start), (start, end), NONE)
    }
}

fn first(analysis: &Analysis) -> &str {
    analysis.findings[0].id
}

/// The body spawns for 10; then a1 -> a2 -> a3 on engine 0, 100 each; b runs beside for 60 and engine 1 sleeps afterwards.
fn chain_of_three() -> Run {
    run(
        310,
        vec![
            body(0, 10),
            codelet(B, 1, (5, 5), (10, 70), NONE),
            codelet(A, 0, (2, 2), (10, 110), NONE),
            codelet(A, 0, (3, 110), (110, 210), 2),
            codelet(A, 0, (4, 210), (210, 310), 3),
        ],
        vec![
            (0, Doing::Seated, 0, 310),
            (1, Doing::Parked, 0, 10),
            (1, Doing::Searched, 70, 80),
            (1, Doing::Parked, 80, 310),
        ],
    )
}

#[test]
fn a_chain_is_the_longest_path_and_what_its_kind_costs() {
    let analysis = analyse(&chain_of_three());
    // 2 of the body until it spawned the first, then three times 100.
    assert_eq!(analysis.bounds.by_path_ns, 302);
    assert_eq!(analysis.bounds.by_work_ns, 180);
    assert_eq!(analysis.bounds.took_ns, 310);
    let links: Vec<_> = analysis
        .chain
        .links
        .iter()
        .map(|l| (l.name.as_str(), l.count, l.time_ns))
        .collect();
    assert_eq!(links, [("a", 3, 300), ("(body of a scope)", 1, 2)]);
    assert_eq!(analysis.chain.members, [0, 2, 3, 4]);
    assert_eq!(analysis.chain.queued_ns, 8);
    // Without `a` what is left is the body until it spawned `b`, and that; without `b` nothing changes.
    let free = |name| {
        analysis
            .free
            .iter()
            .find(|free| free.name == name)
            .unwrap()
            .least_ns
    };
    assert_eq!(free("a"), 65);
    assert_eq!(free("b"), 302);
}

#[test]
fn each_engines_time_is_split() {
    let analysis = analyse(&chain_of_three());
    let [zero, one] = analysis.engines[..] else {
        panic!("two engines")
    };
    assert_eq!(
        (
            zero.running,
            zero.body,
            zero.parked,
            zero.looking,
            zero.runtime
        ),
        (300, 10, 0, 0, 0)
    );
    assert_eq!(
        (one.running, one.body, one.parked, one.looking, one.runtime),
        (60, 0, 240, 10, 0)
    );
    assert_eq!(one.total(), 310);
    // While engine 1 slept from 80 to 310 others waited up to 210; then nothing was left that had not begun. From 2 to 10 some
    // were ready.
    assert_eq!(analysis.idle.dependences, 140);
    assert_eq!(analysis.idle.nothing, 102);
    assert_eq!(analysis.idle.ready_elsewhere, 8);
    assert_eq!(first(&analysis), "dependences");
    let text = &analysis.findings[0].text;
    assert!(
        text.contains("3 codelets `a`") && text.contains("97% of the run"),
        "{text}"
    );
    // 140 of 620; of the path of 302 these are 300.
    let start =
        "23% of the engines' time waits for `a`, which is on the critical path 99% of the time";
    assert!(text.starts_with(start), "{text}");
    // Each engine's parts add up to its time.
    for split in &analysis.engines {
        let idle = split.why.total();
        assert_eq!(idle, split.blocked + split.looking + split.parked);
    }
    let waits = analysis.kinds.iter().find(|row| row.name == "a").unwrap();
    // 108 and 208 for others; 8 ready while engine 1 slept.
    assert_eq!(waits.waits.dependences, 107 + 206);
    assert_eq!((waits.waits.control, waits.waits.engines), (8, 0));
}

#[test]
fn a_host_that_sleeps_on_its_seat_and_the_seats_own_thread_are_told_apart() {
    let run = run(
        100,
        vec![body(10, 20)],
        vec![
            (0, Doing::Parked, 0, 100),
            (0, Doing::Seated, 10, 60),
            (0, Doing::HostParked, 30, 50),
        ],
    );
    let list: Vec<_> = classes(&run, &run.streams(), 0)
        .into_iter()
        .map(|(span, class)| (span.start, span.end, class))
        .collect();
    assert_eq!(
        list,
        [
            (0, 10, Class::Parked),
            (10, 20, Class::Body),
            (20, 30, Class::Runtime),
            (30, 50, Class::Parked),
            (50, 60, Class::Runtime),
            (60, 100, Class::Parked),
        ]
    );
}

#[test]
fn codelets_bound_to_a_busy_engine() {
    let hint = Event::hint(2, 0, 0);
    let mut tasks = vec![body(0, 10)];
    for at in 0..4 {
        let start = 10 + at * 2000;
        let one = codelet(A, 0, (at, at), (start, start + 2000), NONE);
        tasks.push(Task { hint, ..one });
    }
    let run = run(
        8010,
        tasks,
        vec![(0, Doing::Seated, 0, 8010), (1, Doing::Parked, 0, 8010)],
    );
    let analysis = analyse(&run);
    assert_eq!(first(&analysis), "bound-to-engines");
    let text = &analysis.findings[0].text;
    assert!(text.contains("`a` are bound to engine 0"), "{text}");
}

#[test]
fn codelets_that_are_too_short() {
    let mut tasks = vec![body(0, 10)];
    for at in 0..100u64 {
        tasks.push(codelet(
            A,
            (at % 2) as u32,
            (at / 20, at / 20),
            (10 + at * 500, 90 + at * 500),
            NONE,
        ));
    }
    let run = run(50_010, tasks, vec![(0, Doing::Seated, 0, 50_010)]);
    let analysis = analyse(&run);
    assert_eq!(first(&analysis), "grain");
    let text = &analysis.findings[0].text;
    assert!(text.contains("100 codelets `a` take 80 ns each"), "{text}");
}

#[test]
fn a_body_that_spawns_slowly() {
    let tasks = vec![
        body(0, 9000),
        codelet(A, 1, (3000, 3000), (3000, 4500), NONE),
        codelet(A, 1, (6000, 6000), (6000, 7500), NONE),
    ];
    let doings = vec![
        (0, Doing::Seated, 0, 9000),
        (1, Doing::Parked, 0, 3000),
        (1, Doing::Parked, 4500, 6000),
        (1, Doing::Parked, 7500, 9000),
    ];
    let analysis = analyse(&run(9000, tasks, doings));
    assert_eq!(first(&analysis), "one-spawner");
    assert_eq!(analysis.bounds.by_path_ns, 9000);
}

/// A codelet that took no time at the very end is all that an engine has: the rest of its time is not lost.
#[test]
fn an_engine_with_nothing_but_a_moment_has_all_its_time() {
    let tasks = vec![body(0, 10), codelet(A, 1, (1, 1), (100, 100), NONE)];
    let analysis = analyse(&run(100, tasks, vec![(0, Doing::Seated, 0, 100)]));
    assert_eq!(analysis.engines[1].total(), 100);
}

/// Nobody waits for anything before a scope begins, though the engine slept on.
#[test]
fn sleep_has_its_reason_inside_of_scopes_alone() {
    let tasks = vec![
        body(1000, 1010),
        codelet(A, 0, (1001, 1001), (1010, 1900), NONE),
        codelet(B, 0, (1002, 1900), (1900, 2000), 1),
    ];
    let doings = vec![(0, Doing::Seated, 1000, 2000), (1, Doing::Parked, 0, 3000)];
    let analysis = analyse(&run(3000, tasks, doings));
    let told: Vec<_> = (analysis.rows[1].iter())
        .map(|(span, what)| (span.start, span.end, *what))
        .collect();
    let nothing = Diagnosis::Idle(Why::Nothing);
    assert_eq!(
        told,
        [
            (0, 1000, nothing),
            (1000, 2000, Diagnosis::Idle(Why::Dependences)),
            (2000, 3000, nothing)
        ]
    );
}

#[test]
fn a_run_with_nothing_wrong() {
    let tasks = vec![
        body(0, 10),
        codelet(A, 0, (1, 1), (10, 5000), NONE),
        codelet(B, 1, (2, 2), (10, 5000), NONE),
    ];
    let analysis = analyse(&run(5000, tasks, vec![(0, Doing::Seated, 0, 5000)]));
    assert_eq!(first(&analysis), "well");
    let rows: Vec<_> = analysis
        .kinds
        .iter()
        .map(|row| (row.name.as_str(), row.median_ns))
        .collect();
    assert_eq!(rows, [("a", 4990), ("b", 4990)]);
    assert_eq!(analysis.kinds[0].histogram[12], 1);
}

#[test]
fn scopes_one_after_the_other_are_one_chain() {
    let second = Task {
        spawner: 2,
        ..codelet(A, 0, (505, 505), (510, 610), NONE)
    };
    let tasks = vec![
        body(0, 10),
        codelet(A, 0, (5, 5), (10, 110), NONE),
        body(500, 510),
        second,
    ];
    let doings = vec![(0, Doing::Seated, 0, 110), (0, Doing::Seated, 500, 610)];
    let analysis = analyse(&run(700, tasks, doings));
    assert_eq!(analysis.bounds.by_path_ns, 105 + 105);
    assert_eq!(analysis.bounds.took_ns, 110 + 110);
}

/// Names are users': they must not end the script element that they stand in, nor begin a comment there.
#[test]
fn a_page_takes_any_name() {
    let mut run = run(100, vec![codelet(A, 0, (1, 1), (10, 90), NONE)], vec![]);
    let name = "<!-- </script><script> \" --> <b>";
    run.kinds[usize::from(A)].name = name.to_owned();
    let page = html(&run, &analyse(&run));
    let (_, rest) = page
        .split_once(r#"<script id="data" type="application/json">"#)
        .unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    assert!(!data.contains('<'));
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["analysis"]["kinds"][0]["name"], name);
}

/// Blocks that are used from afar count with the time of who uses them, also those that no list names.
#[test]
fn remote_memory_is_weighed_by_time() {
    let blocks = |run: &mut Run, count: u32| {
        for block in 0..count {
            let one = BlockUse {
                read: 1 << 20,
                remote: 1 << 20,
                times: 1,
                home: 1,
                kind: A,
                ..BlockUse::default()
            };
            run.blocks.insert((block, 0), one);
            let far = Far {
                read: 1 << 20,
                written: 0,
            };
            run.far.insert(((block, 0), 0), far);
        }
    };
    let away = |kind, at: (u64, u64), away| Task {
        away,
        ..codelet(kind, 0, (1, 1), at, NONE)
    };
    // Most of the bytes are far, but who uses them takes 2% of the time.
    let short = vec![
        body(0, 10),
        away(A, (10, 400), 1.0),
        away(B, (400, 20_010), 0.0),
    ];
    let seated = || vec![(0, Doing::Seated, 0, 20_010)];
    let mut few = run(20_010, short, seated());
    blocks(&mut few, 150);
    let is_remote = |analysis: &Analysis| {
        let mut all = analysis.findings.iter();
        all.find(|finding| finding.id == "remote-memory").cloned()
    };
    assert_eq!(is_remote(&analyse(&few)), None);
    let long = vec![
        body(0, 10),
        away(A, (10, 400), 0.0),
        away(B, (400, 20_010), 1.0),
    ];
    let mut much = run(20_010, long, seated());
    blocks(&mut much, 150);
    let found = is_remote(&analyse(&much)).unwrap();
    // Of two engines one is at it for nearly all of the time, of which half may be lost.
    assert!((found.weight - 0.245).abs() < 0.001, "{found:?}");
    // 150 blocks of a MiB, of which the list has a hundred.
    assert!(found.text.contains("157 MB of 157 MB"), "{found:?}");
    // Of one block it is told who reads it from where, and what to do: if nobody writes it copies will do.
    let block = BlockUse {
        read: 9_300_000_000,
        remote: 9_200_000_000,
        times: 1000,
        kind: B,
        ..BlockUse::default()
    };
    much.blocks.insert((12, 7), block);
    much.block_names.insert((12, 7), "u[12]".to_owned());
    let far = |read| Far { read, written: 0 };
    much.far.insert(((12, 7), 1), far(9_200_000_000));
    much.far.insert(((12, 7), 2), far(10));
    let found = is_remote(&analyse(&much)).unwrap();
    let start = "block u[12] (12) was read 9.20 GB from region 1 and lives in region 0 (by `b`)";
    assert!(found.text.starts_with(start), "{found:?}");
    assert!(found.next.starts_with("replicate it"), "{found:?}");
    much.blocks.get_mut(&(12, 7)).unwrap().written = 1;
    let found = is_remote(&analyse(&much)).unwrap();
    assert!(found.next.starts_with("migrate it"), "{found:?}");
}

/// While a block is on its way engines wait for data, as far as nothing else was missing; and that is a finding of its own.
#[test]
fn waits_for_data_are_told_apart() {
    let tasks = vec![
        body(0, 10),
        // Until 300 the move itself waits for `a`; it ends at 9000, and then `b` goes.
        codelet(A, 0, (1, 1), (10, 300), NONE),
        Task {
            hint: Event::moving(0),
            ..codelet(4, 0, (2, 300), (300, 9000), 1)
        },
        codelet(B, 1, (3, 9000), (9000, 10_000), 2),
    ];
    let doings = vec![
        (0, Doing::Seated, 0, 10_000),
        (1, Doing::Parked, 0, 9000),
        (0, Doing::HostParked, 9000, 10_000),
    ];
    let mut run = run(10_000, tasks, doings);
    run.kinds.push(sprat::trace::Kind {
        number: 4,
        name: "migrate".to_owned(),
        ..Default::default()
    });
    let analysis = analyse(&run);
    let row = |name: &str| {
        let mut rows = analysis.kinds.iter();
        rows.find(|row| row.name == name).unwrap().waits
    };
    assert_eq!((row("b").dependences, row("b").data), (297, 8700));
    assert_eq!((row("migrate").dependences, row("migrate").data), (298, 0));
    // `a` was ready at 1 and engine 1 slept until it began; then nothing was ready.
    let why = analysis.engines[1].why;
    assert_eq!((why.nothing, why.ready_elsewhere), (1, 9));
    assert_eq!((why.dependences, why.data), (290, 8700));
    assert_eq!(analysis.engines[0].why.nothing, 1000);
    assert_eq!(first(&analysis), "data");
    let text = &analysis.findings[0].text;
    assert!(
        text.contains("waits for data") && text.contains("`b`"),
        "{text}"
    );
    // What was waited for, by the kinds whose ends let engines go on.
    let awaited: Vec<_> = analysis
        .awaited
        .iter()
        .map(|one| (one.name.as_str(), one.time_ns))
        .collect();
    assert_eq!(awaited, [("migrate", 8700), ("a", 290)]);
    // The timeline has the reason that took most of each span.
    let last = |xe: usize| {
        analysis.rows[xe]
            .iter()
            .map(|(_, what)| *what)
            .collect::<Vec<_>>()
    };
    assert_eq!(last(1), [Diagnosis::Idle(Why::Data), Diagnosis::Running]);
    assert_eq!(last(0).last(), Some(&Diagnosis::Idle(Why::Nothing)));
}

/// Times that only damage can make are added up to the most that there is.
#[test]
fn sums_do_not_overflow() {
    let most = 1 << 53;
    let mut tasks = vec![body(0, 10)];
    for at in 0..5000 {
        let cause = if at == 0 { NONE } else { at };
        tasks.push(codelet(A, at % 2, (1, 5), (10, most), cause));
    }
    let one = |at: u32| (0, Doing::Parked, 0, most - u64::from(at));
    let damaged = run(most, tasks, (0..5000).map(one).collect());
    let analysis = analyse(&damaged);
    assert_eq!(analysis.kinds[0].total_ns, u64::MAX);
    assert!(!sprat_tools::report::text::text(&analysis).is_empty());
}

/// Neighbours that reduce one block do not hand it on.
#[test]
fn a_block_that_is_reduced_is_no_chain() {
    let path = std::env::temp_dir().join(format!("sprat-golden-{}.sprat", std::process::id()));
    let rt = sprat::Runtime::builder()
        .ignore_environment()
        .xes(1)
        .trace(&path)
        .build()
        .unwrap();
    let (sum, handed) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    rt.finish(|s| {
        for _ in 0..5 {
            let both = (sum.reduce(sprat::Sum), handed.read_write());
            s.codelet("both").spawn(both, |_, (sum, handed)| {
                sum[0] += 1;
                handed[0] += 1;
            });
        }
        Ok(())
    })
    .unwrap();
    drop(rt);
    let run = sprat_tools::read::read(&std::fs::read(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut writes: Vec<u64> = run.blocks.values().map(|one| one.writes).collect();
    writes.sort();
    assert_eq!(writes, [0, 5]);
}

/// A codelet helps until something has come: what it ran of others meanwhile is work once, and a body that held it helped once.
#[test]
fn what_ran_inside_of_another_codelet_is_counted_once() {
    let inner = |at, (start, end)| codelet(B, 0, (at, at), (start, end), NONE);
    let nested = run(
        2000,
        vec![
            body(0, 1000),
            codelet(A, 0, (10, 10), (100, 900), NONE),
            inner(20, (200, 600)),
            inner(30, (300, 400)),
            inner(40, (700, 800)),
            // Spawned by the body behind all that.
            codelet(B, 1, (950, 950), (960, 1960), NONE),
        ],
        vec![(0, Doing::Seated, 0, 2000)],
    );
    let analysis = analyse(&nested);
    // 800 and 1,000 on two engines; and of the body the 150 that it did not help for up to the last spawn, and that one.
    let bounds = analysis.bounds;
    assert_eq!((bounds.by_work_ns, bounds.by_path_ns), (900, 1150));
    // Without `b` the body up to the spawn of `a`, and that; `a` alone ran 300, so without it the path stays the larger bound.
    let free = |name| {
        let found = analysis.free.iter().find(|free| free.name == name);
        found.unwrap().least_ns
    };
    assert_eq!((free("b"), free("a")), (810, 1150));
}

//! The memory report: who touched what from where.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, ErrorKind, Result, Runtime, Topology};

const LEN: usize = 1000;
const BYTES: u64 = 8 * LEN as u64;

/// Two regions with an engine each.
fn two_regions() -> Runtime {
    let topology = Topology::synthetic("region:2 core:1").unwrap();
    let builder = Runtime::builder().topology(topology).ignore_environment();
    builder
        .memory_report(true)
        .oversubscribe(true)
        .build()
        .unwrap()
}

/// Codelets named so, each on its engine.
fn run(rt: &Runtime, block: Block<u64>, codelets: &[(&'static str, usize, bool)]) {
    rt.finish(|s| {
        for &(name, xe, writes) in codelets {
            let options = s.codelet(name).on_xe(xe);
            match writes {
                true => _ = options.spawn(block.write(), |_, x| x.fill(1)),
                false => _ = options.spawn(block.read(), |_, x| assert_eq!(x[0], 1)),
            }
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn bytes_are_local_or_remote_by_the_engines_region() -> Result<()> {
    let rt = two_regions();
    let u = rt.block(LEN)?;
    rt.name(u, "u")?;
    run(
        &rt,
        u,
        &[
            ("fill", 0, true),
            ("look", 1, false),
            ("look", 1, false),
            ("look", 0, false),
        ],
    );
    let report = rt.memory_report()?;
    assert_eq!(report.regions, 2);
    assert_eq!(
        (report.local_bytes, report.remote_bytes),
        (2 * BYTES, 2 * BYTES)
    );
    assert_eq!((report.unplaced_bytes, report.other_bytes), (0, 0));
    let first = &report.touched[0];
    assert_eq!(
        (first.codelet, first.home, first.region),
        ("look", Some(0), 1)
    );
    assert_eq!(
        (first.times, first.bytes_read, first.bytes_written),
        (2, 2 * BYTES, 0)
    );
    assert!(first.spawned_at.contains("memory_report.rs"));
    assert_eq!(report.touched.len(), 3);
    let [worst] = &report.worst[..] else {
        panic!("{:?}", report.worst);
    };
    assert_eq!((worst.codelet, worst.bytes), ("look", 2 * BYTES));
    assert!(
        worst.advice.contains("block u (0) lives in region 0"),
        "{}",
        worst.advice
    );
    let text = report.to_string();
    assert!(
        text.contains("15.6 KiB local, 15.6 KiB remote, 2 memory regions"),
        "{text}"
    );
    Ok(())
}

#[test]
fn advice_is_what_would_mend_it() -> Result<()> {
    let advice = |codelets: &[(&'static str, usize, bool)]| -> Result<String> {
        let rt = two_regions();
        run(&rt, rt.block(LEN)?, codelets);
        Ok(rt.memory_report()?.worst[0].advice.clone())
    };
    let (fill, far, near) = (("fill", 0, true), ("far", 1, false), ("near", 0, false));
    let away = advice(&[fill, far, far, far, far])?;
    assert!(
        away.contains("region 1 does most") && away.contains("`far`"),
        "{away}"
    );
    let copies = advice(&[&[fill][..], &[far; 20], &[near; 20]].concat())?;
    assert!(copies.contains("hardly written"), "{copies}");
    let both = advice(&[fill, ("change", 1, true), fill])?;
    assert!(both.contains("spawn `change` near it"), "{both}");
    Ok(())
}

#[test]
fn parts_and_tiles_count_what_they_are() -> Result<()> {
    let rt = two_regions();
    let u = rt.block::<u64>(LEN)?;
    rt.finish(|s| {
        s.codelet("part")
            .spawn(u.part(10..20).write(), |_, x| x.fill(1));
        s.codelet("tile")
            .spawn(u.tile(0..4, 5..8, 10).read_write(), |_, _| ());
        Ok(())
    })?;
    let report = rt.memory_report()?;
    let of = |name| {
        let one = report
            .touched
            .iter()
            .find(|one| one.codelet == name)
            .unwrap();
        (one.bytes_read, one.bytes_written)
    };
    assert_eq!(of("part"), (0, 80));
    assert_eq!(of("tile"), (96, 96));
    Ok(())
}

#[test]
fn lists_of_blocks_and_children_count_and_values_do_not() -> Result<()> {
    let rt = two_regions();
    let blocks = rt.blocks::<u64>(9, LEN)?;
    rt.finish(|s| {
        let all: Vec<_> = blocks.iter().map(|block| block.read_write()).collect();
        let inner = blocks[0];
        let sum = s.codelet("sum").spawn(all, move |s, _| {
            s.codelet("child").spawn(inner.read(), |_, _| ());
            Ok(7u64)
        });
        s.codelet("reader")
            .spawn(sum.read(), |_, sum| assert_eq!(*sum, 7));
        Ok(())
    })?;
    let report = rt.memory_report()?;
    let names: Vec<_> = report.touched.iter().map(|one| one.codelet).collect();
    assert_eq!(names.iter().filter(|name| **name == "sum").count(), 9);
    assert_eq!(names.iter().filter(|name| **name == "child").count(), 1);
    assert!(!names.contains(&"reader"));
    assert_eq!(report.local_bytes + report.remote_bytes, 19 * BYTES);
    Ok(())
}

#[test]
fn adopted_memory_is_told_apart() -> Result<()> {
    let rt = two_regions();
    let mut mine = vec![0u64; LEN];
    rt.finish(|s| {
        let block = s.adopt(&mut mine)?;
        s.codelet("fill").spawn(block.write(), |_, x| x.fill(3));
        Ok(())
    })?;
    let report = rt.memory_report()?;
    assert_eq!(
        (
            report.unplaced_bytes,
            report.local_bytes,
            report.remote_bytes
        ),
        (BYTES, 0, 0)
    );
    assert_eq!(report.touched[0].home, None);
    assert!(report.to_string().contains("adopted memory"));
    Ok(())
}

#[test]
fn failed_codelets_count_and_skipped_ones_do_not() -> Result<()> {
    let rt = two_regions();
    let u = rt.block::<u64>(LEN)?;
    let failed = rt.finish(|s| {
        s.codelet("fails")
            .spawn(u.write(), |_, _| Err::<(), _>(sprat::Error::msg("no")));
        s.codelet("skipped").spawn(u.read(), |_, _| ());
        Ok(())
    });
    assert!(failed.is_err());
    let report = rt.memory_report()?;
    let names: Vec<_> = report.touched.iter().map(|one| one.codelet).collect();
    assert_eq!(names, ["fails"]);
    Ok(())
}

/// Each codelet counts in each round, by who ran it, and the replay itself does not.
#[test]
fn rounds_of_graphs_count() -> Result<()> {
    let rt = two_regions();
    let (u, v) = (rt.block::<u64>(LEN)?, rt.block::<u64>(LEN)?);
    let rounds = 1001;
    let graph = rt.record(|s| {
        let fill = s.codelet("fill").on_xe(0);
        fill.spawn(u.write(), |_, u| u.fill(1));
        let copy = s.codelet("copy").on_xe(1);
        copy.spawn((u.read(), v.write()), |_, (u, v)| v.copy_from_slice(u));
        let part = s.codelet("part").on_xe(0);
        part.spawn(v.part(5..10).read_write(), |_, _| ());
        let value = s.codelet("value").on_xe(1).spawn((), |_, ()| Ok(3u64));
        s.codelet("reader").on_xe(0).spawn(value.read(), |_, _| ());
        Ok(())
    })?;
    rt.replay(&graph, rounds)?;
    let report = rt.memory_report()?;
    let rounds = rounds as u64;
    let of = |name| -> Vec<_> {
        let touched = report.touched.iter().filter(|one| one.codelet == name);
        touched
            .map(|one| (one.times, one.bytes_read, one.bytes_written, one.region))
            .collect()
    };
    assert_eq!(of("fill"), [(rounds, 0, rounds * BYTES, 0)]);
    let (reads, writes) = (
        (rounds, rounds * BYTES, 0, 1),
        (rounds, 0, rounds * BYTES, 1),
    );
    let mut copies = of("copy");
    copies.sort();
    assert_eq!(copies, [writes, reads]);
    assert_eq!(of("part"), [(rounds, 40 * rounds, 40 * rounds, 0)]);
    assert_eq!(report.touched.len(), 4, "{report}");
    Ok(())
}

/// A graph without blocks holds none, and hides none that others touch.
#[test]
fn graphs_without_blocks_hide_nothing() -> Result<()> {
    let rt = two_regions();
    let graph = rt.record(|s| {
        s.codelet("nothing").spawn((), |_, ()| ());
        Ok(())
    })?;
    let u = rt.block::<u64>(LEN)?;
    for round in 1..4 {
        rt.replay(&graph, 1)?;
        run(&rt, u, &[("fill", 0, true), ("look", 1, false)]);
        let report = rt.memory_report()?;
        assert!(
            report.touched.iter().all(|one| one.times == round),
            "{report}"
        );
        assert_eq!(report.touched.len(), 2, "{report}");
    }
    Ok(())
}

#[test]
fn what_is_given_back_early_counts_once() -> Result<()> {
    let rt = two_regions();
    let (a, b) = (rt.block::<u64>(LEN)?, rt.block::<u64>(LEN)?);
    rt.finish(|s| {
        let accesses = (a.write().raw(), b.read_write().raw());
        let options = s.codelet("gives back").at_ready();
        options.spawn(accesses, move |s, (a, _)| {
            // SAFETY: a bare pointer, not used below.
            unsafe { s.release(a) }
        });
        Ok(())
    })?;
    let report = rt.memory_report()?;
    let (read, written) = report.touched.iter().fold((0, 0), |(read, written), one| {
        (read + one.bytes_read, written + one.bytes_written)
    });
    assert_eq!((read, written), (BYTES, 2 * BYTES), "{report}");
    assert!(report.touched.iter().all(|one| one.times == 1), "{report}");
    Ok(())
}

#[test]
fn without_an_account_there_is_an_error_that_says_what_to_do() -> Result<()> {
    let rt = Runtime::builder().ignore_environment().build()?;
    let error = rt.memory_report().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("SPRAT_MEMORY_REPORT=1"),
        "{error}"
    );
    Ok(())
}

//! Rounds with arguments: each codelet sees that of its own round, however rounds overlap, and what is misused is refused.

use sprat::{ErrorKind, Param, Runtime, Spawned};
use std::sync::atomic::{AtomicUsize, Ordering};

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// An argument wider than a word, whose parts must belong together.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    round: u64,
    twice: u64,
    time: f64,
}

fn step(round: usize) -> Step {
    Step {
        round: round as u64,
        twice: 2 * round as u64,
        time: round as f64 / 4.0,
    }
}

#[test]
fn each_codelet_sees_its_own_rounds_argument() -> sprat::Result<()> {
    const ROUNDS: usize = 3000;
    for xes in [1, 2, 3] {
        let rt = runtime(xes);
        // Rows that know nothing of each other, so that their rounds drift apart, and one that ties them together.
        let rows = rt.blocks::<u64>(6, 2)?;
        let graph = rt.record_with(|s, param: Param<Step>| {
            for (at, row) in rows.iter().enumerate() {
                let codelet = s.codelet("row").near(*row);
                codelet.spawn((row.read_write(), param), move |_, (row, step)| {
                    assert_eq!((step.round, step.twice), (row[0], 2 * row[0]));
                    assert_eq!(step.time, row[0] as f64 / 4.0);
                    row[0] += 1;
                    row[1] += step.round * at as u64;
                });
            }
            Ok(())
        })?;
        rt.replay_with(&graph, ROUNDS, step)?;
        for (at, row) in rows.iter().enumerate() {
            let sum = (0..ROUNDS as u64).sum::<u64>() * at as u64;
            assert_eq!(rt.read(*row, |row| (row[0], row[1]))?, (ROUNDS as u64, sum));
        }
        // A second replay begins with its own first round.
        rt.write(rows[0], |row| row.fill(0))?;
        for row in &rows {
            rt.write(*row, |row| row.fill(0))?;
        }
        rt.replay_with(&graph, 2, step)?;
        assert_eq!(rt.read(rows[1], |row| row[1])?, 1);
    }
    Ok(())
}

#[test]
fn rounds_with_arguments_overlap() -> sprat::Result<()> {
    // The second codelet of a round waits until the first one of the next round has begun.
    const ROUNDS: usize = 20;
    let (rt, begun) = (runtime(2), AtomicUsize::new(0));
    let blocks = rt.blocks::<u64>(2, 1)?;
    let graph = rt.record_with(|s, round: Param<usize>| {
        s.spawn((blocks[0].write(), round), |_, (_, round)| {
            begun.fetch_max(round + 1, Ordering::Relaxed);
        });
        s.spawn((blocks[1].write(), round), |_, (_, round)| {
            while begun.load(Ordering::Relaxed) < (round + 2).min(ROUNDS) {
                std::thread::yield_now();
            }
        });
        Ok(())
    })?;
    assert_eq!(graph.owners(), [0, 1]);
    rt.replay_with(&graph, ROUNDS, |round| round)
}

#[test]
fn arguments_are_made_once_each_in_order_and_here() -> sprat::Result<()> {
    let (rt, here) = (runtime(2), std::thread::current().id());
    let a = rt.block::<u64>(1)?;
    let graph = rt.record_with(|s, add: Param<u64>| {
        s.spawn((add, a.read_write()), |_, (add, a)| a[0] = 10 * a[0] + add);
        Ok(())
    })?;
    let mut asked = Vec::new();
    rt.replay_with(&graph, 5, |round| {
        assert_eq!(std::thread::current().id(), here);
        asked.push(round);
        // The thread is not in a seat yet: it may look at blocks.
        rt.read(a, |a| a[0]).unwrap() + round as u64
    })?;
    assert_eq!(asked, [0, 1, 2, 3, 4]);
    assert_eq!(rt.read(a, |a| a[0])?, 1234);
    rt.replay_with(&graph, 0, |_| unreachable!("there are no rounds"))?;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        rt.replay_with(&graph, 3, |round| match round {
            2 => panic!("no number"),
            other => other as u64,
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(rt.read(a, |a| a[0])?, 1234);
    rt.replay_with(&graph, 1, |_| 5)?;
    assert_eq!(rt.read(a, |a| a[0])?, 12345);
    Ok(())
}

#[test]
fn arguments_stand_beside_values_scratch_and_lists() -> sprat::Result<()> {
    let rt = runtime(2);
    let out = rt.blocks::<u64>(8, 1)?;
    let graph = rt.record_with(|s, n: Param<u32>| {
        let twice: Spawned<u64> = s.spawn(n, |_, n| Ok(2 * u64::from(n)));
        let scratch = sprat::scratch::<u64>(3);
        let list: Vec<_> = out.iter().map(|block| block.read_write()).collect();
        s.codelet("all").on_xe(1).spawn(
            (scratch, [n, n], list, twice.read(), n),
            |_, (scratch, [a, b], list, twice, c)| {
                assert!(a == b && b == c && *twice == 2 * u64::from(a));
                scratch[2] = *twice;
                list.into_iter().for_each(|block| block[0] += scratch[2]);
            },
        );
        Ok(())
    })?;
    rt.replay_with(&graph, 10, |round| round as u32)?;
    assert_eq!(rt.read(out[7], |out| out[0])?, 90);
    Ok(())
}

/// A codelet keeps in few bits where its argument stands; behind very many blocks it must be looked for.
#[test]
fn arguments_stand_behind_thousands_of_blocks() -> sprat::Result<()> {
    let rt = runtime(2);
    let all = rt.blocks::<u64>(8_200, 1)?;
    for count in [8_190, 8_191, 8_192, 8_200] {
        let graph = rt.record_with(|s, n: Param<u64>| {
            let list: Vec<_> = all[..count].iter().map(|block| block.write()).collect();
            s.spawn((list, n), |_, (list, n)| {
                list.into_iter().for_each(|block| block[0] = n);
            });
            Ok(())
        })?;
        rt.replay_with(&graph, 3, |round| (count + round) as u64)?;
        for block in &all[..count] {
            assert_eq!(rt.read(*block, |block| block[0])?, (count + 2) as u64);
        }
    }
    Ok(())
}

#[test]
fn a_failed_round_and_arguments_without_size() -> sprat::Result<()> {
    let rt = runtime(2);
    let a = rt.block::<u64>(1)?;
    let graph = rt.record_with(|s, fails: Param<bool>| {
        s.codelet("shaky")
            .spawn((fails, a.write()), |_, (fails, a)| match fails {
                true => Err(sprat::Error::msg("as told")),
                false => {
                    a[0] = 1;
                    Ok(())
                }
            });
        Ok(())
    })?;
    let error = rt.replay_with(&graph, 5, |round| round == 3).unwrap_err();
    assert!(error.to_string().contains("as told (in round 3"), "{error}");
    // Round 4 wrote all of it.
    assert_eq!(rt.read(a, |a| a[0])?, 1);
    let nothing = rt.record_with(|s, nothing: Param<()>| {
        s.spawn((nothing, a.read_write()), |_, ((), a)| a[0] += 1);
        Ok(())
    })?;
    rt.replay_with(&nothing, 5, |_| ())?;
    // No argument is an argument without size.
    rt.replay(&nothing, 4)?;
    assert_eq!(rt.read(a, |a| a[0])?, 10);
    Ok(())
}

#[test]
fn arguments_in_the_wrong_place_are_refused() -> sprat::Result<()> {
    let rt = runtime(2);
    let mut kept = None;
    let graph = rt.record_with(|_, param: Param<u64>| {
        kept = Some(param);
        Ok(())
    })?;
    rt.replay_with(&graph, 3, |round| round as u64)?;
    let param = kept.unwrap();
    let dynamic = rt.finish(|s| {
        s.spawn(param, |_, _| unreachable!());
        Ok(())
    });
    let error = dynamic.unwrap_err();
    assert_eq!(error.failure().unwrap().kind, ErrorKind::Graph, "{error}");
    assert!(error.to_string().contains("record_with"), "{error}");
    let other = rt.record_with(|s, _: Param<u64>| {
        s.spawn(param, |_, _| ());
        Ok(())
    });
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Foreign);
    let without = rt.record(|s| {
        s.spawn((param, param), |_, _| ());
        Ok(())
    });
    assert_eq!(without.unwrap_err().kind(), ErrorKind::Foreign);
    Ok(())
}

#[test]
fn more_arguments_than_memory_are_an_error() -> sprat::Result<()> {
    let rt = runtime(1);
    let graph = rt.record_with(|s, wide: Param<[u64; 1 << 20]>| {
        s.spawn(wide, |_, _| unreachable!());
        Ok(())
    })?;
    let error = rt
        .replay_with(&graph, 1 << 31, |_| unreachable!())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System);
    assert!(
        error.to_string().contains("fewer rounds at a time"),
        "{error}"
    );
    let error = rt.replay_with(&graph, usize::MAX, |_| unreachable!());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Graph);
    let other = runtime(1);
    let error = other.replay_with(&graph, 1, |_| unreachable!());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Foreign);
    Ok(())
}

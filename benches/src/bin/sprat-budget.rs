//! Runs one path of the runtime many times, so that a tool can count its instructions: see `.ci/stages/budget`.
//!
//! The tool counts what is done inside of [`budget_measured`], on the thread that calls it. With one engine that is all of it, since
//! the caller takes the engine's seat.

use sprat::{Block, CeMode, Event, Graph, Result, Runtime, Scope, Value};
use std::hint::black_box;
use std::process::ExitCode;

/// A path: its name, and what to do. That says how many codelets, or other things, each of its two halves ran: the first
/// half, which is not counted, warms up.
type Path = (&'static str, fn(&Runtime) -> Result<usize>);

const PATHS: [Path; 8] = [
    ("flat", flat),
    ("chain", chain),
    ("fib", fib),
    ("two_blocks", two_blocks),
    ("commute", commute),
    ("replay_chain", replay_chain),
    ("replay_stencil", replay_stencil),
    ("idle", idle),
];

const CODELETS: usize = 10_000;

/// What is counted. Its name is what the tool is told.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(unsafe_code, reason = "a tool must find it by its name")]
fn budget_measured(run: &mut dyn FnMut()) {
    run();
    // Not a tail call: the function ends when what is counted has ended.
    black_box(());
}

/// Runs it once to warm up, then once to be counted.
fn measured(mut run: impl FnMut() -> Result<()>) -> Result<()> {
    run()?;
    let mut result = Ok(());
    budget_measured(&mut || result = run());
    result
}

fn flat(rt: &Runtime) -> Result<usize> {
    measured(|| {
        rt.finish(|s| {
            for n in 0..CODELETS {
                s.spawn((), move |_, ()| _ = black_box(n));
            }
            Ok(())
        })
    })?;
    Ok(CODELETS)
}

fn chain(rt: &Runtime) -> Result<usize> {
    fn link(s: &Scope<'_>, left: usize) {
        if left > 1 {
            s.spawn((), move |s, ()| link(s, left - 1));
        }
    }
    measured(|| {
        rt.finish(|s| {
            s.spawn((), |s, ()| link(s, CODELETS));
            Ok(())
        })
    })?;
    Ok(CODELETS)
}

/// Each call that has children spawns two, and a sum that reads both.
fn fib(rt: &Runtime) -> Result<usize> {
    const N: u64 = 15;
    fn call(s: &Scope<'_>, n: u64) -> Value<u64> {
        if n < 2 {
            return s.spawn((), move |_, ()| Ok(n)).value();
        }
        let (a, b) = (
            s.spawn((), move |s, ()| call(s, n - 1)),
            s.spawn((), move |s, ()| call(s, n - 2)),
        );
        s.spawn((a.read(), b.read()), |_, (a, b)| Ok(a + b)).value()
    }
    /// Codelets of a call, itself included.
    fn count(n: u64) -> usize {
        if n < 2 {
            2
        } else {
            2 + count(n - 1) + count(n - 2)
        }
    }
    measured(|| {
        rt.finish(|s| {
            s.spawn((), |s, ()| call(s, N));
            Ok(())
        })
    })?;
    Ok(count(N))
}

fn two_blocks(rt: &Runtime) -> Result<usize> {
    let blocks = rt.blocks::<u64>(64, 1)?;
    measured(|| {
        rt.finish(|s| {
            for n in 0..CODELETS {
                let (a, b) = (blocks[n % 64], blocks[(n * 7 + 1) % 64]);
                // 7 n + 1 = n has no solution where 64 divides the difference: 6 n is even, 1 is not.
                s.spawn((a.read(), b.read_write()), |_, (a, b)| b[0] ^= a[0]);
            }
            Ok(())
        })
    })?;
    Ok(CODELETS)
}

fn commute(rt: &Runtime) -> Result<usize> {
    let sum = rt.block::<u64>(1)?;
    measured(|| {
        rt.finish(|s| {
            for n in 0..CODELETS as u64 {
                s.spawn(sum.commute(), move |_, sum| sum[0] += n);
            }
            Ok(())
        })
    })?;
    Ok(CODELETS)
}

fn replay_chain(rt: &Runtime) -> Result<usize> {
    let graph = rt.record(|s| {
        let mut last: Option<Event> = None;
        for n in 0..CODELETS {
            let link = s.codelet("link");
            let link = match &last {
                Some(last) => link.after(last),
                None => link,
            };
            last = Some(link.spawn((), move |_, ()| _ = black_box(n)).event());
        }
        Ok(())
    })?;
    replayed(rt, &graph)
}

fn replay_stencil(rt: &Runtime) -> Result<usize> {
    const WIDTH: usize = 64;
    let rows: [Vec<Block<u64>>; 2] = [rt.blocks(WIDTH, 1)?, rt.blocks(WIDTH, 1)?];
    let graph = rt.record(|s| {
        for n in 0..CODELETS {
            let (row, column) = (n / WIDTH, n % WIDTH);
            let from = |by: usize| rows[(row + 1) % 2][(column + by) % WIDTH].read();
            let access = (
                [from(WIDTH - 1), from(0), from(1)],
                rows[row % 2][column].write(),
            );
            s.spawn(access, |_, (from, to)| {
                to[0] = from[0][0] ^ from[1][0] ^ from[2][0]
            });
        }
        Ok(())
    })?;
    replayed(rt, &graph)
}

/// In two rounds, so that what a call costs counts as little as it does in practice.
fn replayed(rt: &Runtime, graph: &Graph<'_>) -> Result<usize> {
    measured(|| rt.replay(graph, 2))?;
    Ok(2 * graph.codelets())
}

/// A scope in which nothing happens: a seat is taken, work is looked for, none is found, the seat is left.
fn idle(rt: &Runtime) -> Result<usize> {
    const SCOPES: usize = 1000;
    measured(|| (0..SCOPES).try_for_each(|_| rt.finish(|_| Ok(()))))?;
    Ok(SCOPES)
}

fn run(name: &str) -> Result<usize> {
    let names = || PATHS.map(|(name, _)| name).join(", ");
    let path = PATHS.iter().find(|path| path.0 == name);
    let Some((_, run)) = path else {
        return Err(sprat::Error::msg(format!(
            "there is no path `{name}`; the paths are: {}",
            names()
        )));
    };
    let rt = Runtime::builder().xes(1).ce(CeMode::Shared).build()?;
    run(&rt)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [flag] if flag == "--list" => {
            PATHS.iter().for_each(|(name, _)| println!("{name}"));
            ExitCode::SUCCESS
        }
        [name] => match run(name) {
            Ok(count) => {
                println!("{count}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("sprat-budget: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!(
                "usage: sprat-budget PATH | --list\nRuns a path of the runtime, to be counted, and says how many codelets that were."
            );
            ExitCode::FAILURE
        }
    }
}

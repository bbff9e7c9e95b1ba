//! The simulator's workloads on the real runtime: the same codelets with the same accesses, whose bodies do what their names say.

use sprat::decide::dependence::Mode;
use sprat::{Block, ErrorKind, Result, Runtime};
use sprat_sim::{Affinity, Cost, Workload};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// A workload on a runtime, ready to be run again and again.
pub(crate) struct Real<'r, 'w> {
    runtime: &'r Runtime,
    workload: &'w Workload,
    blocks: Vec<Block<f64>>,
    /// One that belongs to each engine.
    anchors: Vec<Block<f64>>,
}

impl<'r, 'w> Real<'r, 'w> {
    pub(crate) fn new(runtime: &'r Runtime, workload: &'w Workload) -> Result<Self> {
        let block = |bytes: &u64| runtime.block::<f64>((*bytes as usize).div_ceil(8).max(1));
        let blocks = workload
            .sizes
            .iter()
            .map(block)
            .collect::<Result<Vec<_>>>()?;
        let anchors = runtime.blocks::<f64>(runtime.xes(), 1)?;
        runtime.finish(|s| {
            for &block in &blocks {
                s.spawn(block.write(), |_, cells| {
                    (0..)
                        .zip(cells)
                        .for_each(|(at, cell)| *cell = 1.0 / f64::from(1 + at % 7));
                });
            }
            Ok(())
        })?;
        Ok(Real {
            runtime,
            workload,
            blocks,
            anchors,
        })
    }

    /// The same until nobody has interrupted it, or so often that it is of no use to try on.
    pub(crate) fn run_calmly(&self, times: Option<&[AtomicU64]>) -> Result<u64> {
        const MOST: usize = 40;
        let mut took_ns = 0;
        for _ in 0..MOST {
            let before = interruptions();
            took_ns = self.run(times)?;
            if interruptions() == before {
                break;
            }
        }
        Ok(took_ns)
    }

    /// Runs it once. Nanoseconds from the first spawn to the end of all; `times` gets each body's, if it is given.
    pub(crate) fn run(&self, times: Option<&[AtomicU64]>) -> Result<u64> {
        let begin = Instant::now();
        self.runtime.finish(|s| {
            for (number, codelet) in self.workload.codelets.iter().enumerate() {
                let of = |mode: fn(Mode) -> bool| {
                    codelet
                        .accesses
                        .iter()
                        .filter(move |access| mode(access.mode))
                };
                let reads: Vec<_> = of(|mode| mode == Mode::Read)
                    .map(|access| self.blocks[access.block as usize].read())
                    .collect();
                let writes: Vec<_> = of(|mode| mode == Mode::Write)
                    .map(|access| self.blocks[access.block as usize].write())
                    .collect();
                let changes: Vec<_> = of(|mode| !matches!(mode, Mode::Read | Mode::Write))
                    .map(|access| self.blocks[access.block as usize].read_write())
                    .collect();
                let options = match codelet.affinity {
                    Affinity::Prefer(xe) => {
                        s.codelet(codelet.name).near(self.anchors[usize::from(xe)])
                    }
                    Affinity::Only(xe) => s.codelet(codelet.name).on_xe(usize::from(xe)),
                    _ => s.codelet(codelet.name),
                };
                let operations = match codelet.cost {
                    Cost::Operations(operations) => operations,
                    Cost::Ns(_) => {
                        return Err(sprat::Error::new(
                            ErrorKind::Config,
                            "a real body does operations; how long it takes is measured",
                        ));
                    }
                };
                let (name, time) = (codelet.name, times.map(|times| &times[number]));
                options.spawn(
                    (reads, (writes, changes)),
                    move |_, (reads, (mut writes, mut changes))| {
                        let begin = time.map(|_| Instant::now());
                        body(name, operations, &reads, &mut writes, &mut changes);
                        if let (Some(time), Some(begin)) = (time, begin) {
                            time.store(begin.elapsed().as_nanos() as u64, Relaxed);
                        }
                    },
                );
            }
            Ok(())
        })?;
        Ok(begin.elapsed().as_nanos() as u64)
    }
}

/// How often the kernel has taken a core away from a thread of this process. Nothing where it does not say.
fn interruptions() -> u64 {
    let status = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("status")).ok()
    };
    let count = |status: String| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    tasks.filter_map(status).filter_map(count).sum()
}

/// How long a small fixed body of this kind takes now, in nanoseconds: a virtual machine is faster and slower from minute to minute, and
/// not all bodies by the same.
pub(crate) fn reference(name: &str) -> f64 {
    const CELLS: usize = 48 * 48;
    let (from, mut to) = (vec![0.5; CELLS], vec![0.25; CELLS]);
    let mut once = || {
        let begin = Instant::now();
        for _ in 0..4 {
            match name {
                "five_points" => body(name, 0, &[&from, &from, &from], &mut [&mut to], &mut []),
                "rank" => body(
                    name,
                    20_000,
                    &[&from, &from, &from],
                    &mut [&mut to],
                    &mut [],
                ),
                "tile" => body(name, 0, &[&from, &from], &mut [], &mut [&mut to]),
                "gemm" | "syrk" | "trsm" | "potrf" => {
                    body("gemm", 0, &[&from, &from], &mut [], &mut [&mut to])
                }
                _ => body(name, 40_000, &[&from], &mut [&mut to], &mut []),
            }
        }
        begin.elapsed().as_nanos() as u64
    };
    let mut times: Vec<u64> = (0..31).map(|_| once()).collect();
    times.sort_unstable();
    times[times.len() / 4] as f64
}

/// What a codelet with this name does.
fn body<'v>(
    name: &str,
    operations: u64,
    reads: &[&[f64]],
    writes: &mut [&'v mut [f64]],
    changes: &mut [&'v mut [f64]],
) {
    match (name, reads, writes, changes) {
        ("five_points", [own, faces @ ..], [out], []) => five_points(own, faces, out),
        ("tile", faces, [], [own]) => wave(faces, own),
        ("gemm", [a, b], [], [c]) => gemm(a, b, c, false),
        ("syrk", [a], [], [c]) => gemm(a, a, c, true),
        ("trsm", [a], [], [c]) => trsm(a, c),
        ("potrf", [], [], [a]) => potrf(a),
        ("rank", [edges, ranks @ ..], [out], []) => rank(operations, edges.len(), ranks, out),
        (_, reads, writes, changes) => {
            let first: f64 = reads.iter().filter_map(|cells| cells.first()).sum();
            let sum = compute(operations, first);
            for out in [writes, changes] {
                out.iter_mut()
                    .filter_map(|cells| cells.first_mut())
                    .for_each(|cell| *cell = sum);
            }
        }
    }
}

/// Two operations a turn on each of four numbers.
fn compute(operations: u64, first: f64) -> f64 {
    let mut lanes = [first + 0.1, 0.2, 0.3, 0.4];
    for _ in 0..operations / 8 {
        lanes.iter_mut().for_each(|x| *x = *x * 0.999 + 0.001);
    }
    std::hint::black_box(lanes).iter().sum()
}

fn edge(cells: &[f64]) -> usize {
    cells.len().isqrt().max(1)
}

fn five_points(own: &[f64], faces: &[&[f64]], out: &mut [f64]) {
    let n = edge(own);
    for row in 0..n {
        let at = row * n;
        let (north, south) = (row.saturating_sub(1) * n, (row + 1).min(n - 1) * n);
        let (here, up, down) = (
            &own[at..at + n],
            &own[north..north + n],
            &own[south..south + n],
        );
        let to = &mut out[at..at + n];
        for column in 1..n.max(1) - 1 {
            to[column] = 0.25 * (here[column - 1] + here[column + 1] + up[column] + down[column])
                + 0.01 * here[column];
        }
        (to[0], to[n - 1]) = (here[0], here[n - 1]);
    }
    for face in faces {
        out.iter_mut()
            .zip(*face)
            .take(n)
            .for_each(|(to, from)| *to = 0.5 * (*to + *from));
    }
}

fn wave(faces: &[&[f64]], own: &mut [f64]) {
    let n = edge(own);
    let mut corner: f64 = faces.iter().filter_map(|face| face.last()).sum::<f64>() * 0.25;
    for row in 0..n {
        for column in 0..n {
            let at = row * n + column;
            let north = if row > 0 { own[at - n] } else { corner };
            let west = if column > 0 { own[at - 1] } else { corner };
            own[at] = (0.3 * north + 0.3 * west).max(0.2 * own[at]) + 0.1;
        }
        corner = own[row * n] * 0.5;
    }
}

/// `c` loses a share of `a` times `b` transposed; of `c` only the lower half, if that is all that is wanted.
fn gemm(a: &[f64], b: &[f64], c: &mut [f64], half: bool) {
    let n = edge(c);
    for i in 0..n {
        let until = if half { i + 1 } else { n };
        for k in 0..n {
            let factor = a[i * n + k] * 1e-3;
            let (row, from) = (&mut c[i * n..i * n + until], &b[k * n..k * n + until]);
            row.iter_mut()
                .zip(from)
                .for_each(|(to, from)| *to = *to * 0.9999 - factor * from);
        }
    }
}

fn trsm(a: &[f64], c: &mut [f64]) {
    let n = edge(c);
    for k in 0..n {
        let by = 1.0 / (a[k * n + k].abs() + 1.0);
        let (done, rest) = c.split_at_mut((k + 1) * n);
        let row = &mut done[k * n..];
        row.iter_mut().for_each(|x| *x *= by);
        for (other, factor) in rest.chunks_mut(n).zip(&a[k * n + k + 1..(k + 1) * n]) {
            other
                .iter_mut()
                .zip(&*row)
                .for_each(|(x, y)| *x -= 1e-3 * factor * y);
        }
    }
}

fn potrf(a: &mut [f64]) {
    let n = edge(a);
    for k in 0..n {
        let root = (a[k * n + k].abs() + 1.0).sqrt();
        let (done, rest) = a.split_at_mut((k + 1) * n);
        let row = &mut done[k * n..];
        row[k..].iter_mut().for_each(|x| *x /= root);
        for (i, other) in rest.chunks_mut(n).enumerate() {
            let factor = 1e-3 * row[k + 1 + i];
            other[k + 1 + i..]
                .iter_mut()
                .zip(&row[k + 1 + i..])
                .for_each(|(x, y)| *x -= factor * y);
        }
    }
}

fn rank(operations: u64, edges: usize, ranks: &[&[f64]], out: &mut [f64]) {
    let Some(first) = ranks.first() else {
        return;
    };
    let mut at = edges;
    for edge in 0..(operations / 4) as usize {
        at = at.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let from = ranks[edge % ranks.len()];
        let value = from.get(at % first.len()).copied().unwrap_or(0.0);
        let to = edge % out.len();
        out[to] = 0.9 * out[to] + 0.1 * value;
    }
}

//! The twin of `programs/fortran/cg.f90`: conjugate gradients for Poisson's equation on a square, its rows cut into strips.
//! One step is recorded and replayed until the residual is small; the result is compared with a serial loop, and with the
//! exact solution of the discrete equations.

use crate::{number, tell_time};
use sprat::{Block, Error, Result, Runtime, Scope, Sum};
use std::time::Instant;

/// Steps after which nobody waits for the residual any more.
const MOST: usize = 100_000;

/// One row of A p, from it and its neighbours.
fn row(above: &[f64], here: &[f64], below: &[f64], out: &mut [f64]) {
    let n = out.len();
    let (above, here, below) = (&above[..n], &here[..n], &below[..n]);
    for i in 0..n {
        out[i] = 4.0 * here[i] - above[i] - below[i];
    }
    for i in 1..n {
        out[i] -= here[i - 1];
    }
    for i in 0..n - 1 {
        out[i] -= here[i + 1];
    }
}

/// A p for a strip, from the strips above and below as far as there are any.
fn multiply(n: usize, p: &[f64], above: Option<&[f64]>, below: Option<&[f64]>, q: &mut [f64]) {
    let none = vec![0.0; n];
    let at = |i: usize| &p[i * n..(i + 1) * n];
    let rows = p.len() / n;
    let above = above.map_or(&none[..], |strip| &strip[strip.len() - n..]);
    let below = below.map_or(&none[..], |strip| &strip[..n]);
    for (i, out) in q.chunks_exact_mut(n).enumerate() {
        let up = if i > 0 { at(i - 1) } else { above };
        let down = if i + 1 < rows { at(i + 1) } else { below };
        row(up, at(i), down, out);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds so many times the one vector to the other.
fn add(factor: f64, from: &[f64], to: &mut [f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// p = r + beta p.
fn advance(beta: f64, r: &[f64], p: &mut [f64]) {
    for (p, r) in p.iter_mut().zip(r) {
        *p = r + beta * *p;
    }
}

struct Problem {
    n: usize,
    x: Vec<Block<f64>>,
    r: Vec<Block<f64>>,
    p: Vec<Block<f64>>,
    q: Vec<Block<f64>>,
    /// Sums over all strips: p.q, the old and the new r.r.
    pq: Block<f64>,
    rr: Block<f64>,
    new: Block<f64>,
}

fn step(s: &Scope<'_>, w: &Problem) {
    let (n, last) = (w.n, w.p.len() - 1);
    s.codelet("clear")
        .spawn((w.pq.write(), w.new.write()), |_, (pq, new)| {
            pq[0] = 0.0;
            new[0] = 0.0;
        });
    for b in 0..=last {
        let (top, bottom) = (b == 0, b == last);
        let mut beside = Vec::with_capacity(2);
        if !top {
            beside.push(w.p[b - 1].read());
        }
        if !bottom {
            beside.push(w.p[b + 1].read());
        }
        s.codelet("apply").spawn(
            (w.p[b].read(), w.q[b].write(), w.pq.reduce(Sum), beside),
            move |_, (p, q, sum, beside)| {
                let above = if top { None } else { Some(beside[0]) };
                let below = if bottom { None } else { beside.last().copied() };
                multiply(n, p, above, below, q);
                sum[0] += dot(p, q);
            },
        );
    }
    for b in 0..=last {
        s.codelet("update").spawn(
            (
                w.x[b].read_write(),
                w.r[b].read_write(),
                w.p[b].read(),
                w.q[b].read(),
                w.pq.read(),
                w.rr.read(),
                w.new.reduce(Sum),
            ),
            |_, (x, r, p, q, pq, rr, new)| {
                let alpha = rr[0] / pq[0];
                add(alpha, p, x);
                add(-alpha, q, r);
                new[0] += dot(r, r);
            },
        );
    }
    for b in 0..=last {
        s.codelet("advance").spawn(
            (
                w.p[b].read_write(),
                w.r[b].read(),
                w.rr.read(),
                w.new.read(),
            ),
            |_, (p, r, rr, new)| advance(new[0] / rr[0], r, p),
        );
    }
    s.codelet("turn")
        .spawn((w.rr.write(), w.new.read()), |_, (rr, new)| rr[0] = new[0]);
}

/// The same without Sprat: the solution, and how many steps it took.
fn serial(n: usize, rhs: &[f64], enough: f64) -> (Vec<f64>, usize) {
    let (mut x, mut q) = (vec![0.0; n * n], vec![0.0; n * n]);
    let (mut r, mut p) = (rhs.to_vec(), rhs.to_vec());
    let (mut rr, mut rounds) = (dot(&r, &r), 0);
    while rr > enough && rounds < MOST {
        multiply(n, &p, None, None, &mut q);
        let alpha = rr / dot(&p, &q);
        add(alpha, &p, &mut x);
        add(-alpha, &q, &mut r);
        let new = dot(&r, &r);
        advance(new / rr, &r, &mut p);
        rr = new;
        rounds += 1;
    }
    (x, rounds)
}

/// The greatest difference; no number if one of them is none, which `f64::max` would drop.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(
            0.0,
            |far, off| if off > far || off.is_nan() { off } else { far },
        )
}

pub(crate) fn run() -> Result<()> {
    let (n, strips): (usize, usize) = (number(1, 128)?, number(2, 8)?);
    if strips < 2 || n % strips != 0 {
        return Err(Error::msg(
            "SIZE is a multiple of STRIPS, and there are at least 2 of these",
        ));
    }
    let cells = n * n / strips;
    let exact: Vec<f64> = (0..n * n)
        .map(|at| (0.1 * (at % n + 1) as f64).sin() + (0.05 * (at / n + 1) as f64).cos())
        .collect();
    let mut rhs = vec![0.0; n * n];
    multiply(n, &exact, None, None, &mut rhs);
    let start = dot(&rhs, &rhs);
    let enough = 1e-24 * start;

    let rt = Runtime::new()?;
    let w = Problem {
        n,
        x: rt.blocks(strips, cells)?,
        r: rt.blocks(strips, cells)?,
        p: rt.blocks(strips, cells)?,
        q: rt.blocks(strips, cells)?,
        pq: rt.block(1)?,
        rr: rt.block(1)?,
        new: rt.block(1)?,
    };
    rt.write(w.rr, |rr| rr[0] = start)?;
    for (b, part) in rhs.chunks_exact(cells).enumerate() {
        rt.write(w.r[b], |place| place.copy_from_slice(part))?;
        rt.write(w.p[b], |place| place.copy_from_slice(part))?;
    }
    let graph = rt.record(|s| {
        step(s, &w);
        Ok(())
    })?;
    let (mut rounds, begin) = (0, Instant::now());
    rt.replay_until(&graph, |round| {
        rounds = round + 1;
        let small = rt.read(w.rr, |rr| rr[0] <= enough);
        rounds >= MOST || small.unwrap_or(true)
    })?;
    let took = begin.elapsed();
    let mut found = Vec::with_capacity(n * n);
    for &block in &w.x {
        rt.read(block, |x| found.extend_from_slice(x))?;
    }
    let (plain, serial_rounds) = serial(n, &rhs, enough);
    let (off, far) = (distance(&found, &plain), distance(&found, &exact));
    println!(
        "cg: {} unknowns, {rounds} steps (serial {serial_rounds}) in {:.3} s; off a serial loop by {off:.1e}, off the solution by {far:.1e}",
        n * n,
        took.as_secs_f64()
    );
    // What is no number is neither.
    if !(off < 1e-9 && far < 1e-9) || rounds.abs_diff(serial_rounds) > 5 {
        return Err(Error::msg("that is too far"));
    }
    tell_time(took, rounds * (3 * strips + 2));
    Ok(())
}

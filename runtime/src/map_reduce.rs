//! Reductions over blocks: chunks are mapped, and what comes out is combined in a fixed tree.
//!
//! Which chunks there are, and in which order their results are combined, is a matter of the length and the grain alone. What
//! is measured decides only how many neighbouring chunks one codelet goes through. See `docs/design/loops.md`.

use crate::chunks::Chunks;
use crate::decide::grain::{self, CHUNK_NS};
use crate::error::{Error, ErrorKind, Result};
use crate::for_each::{Finished, Grain, Job, with_len};
use crate::options::Options;
use crate::options::Spawned;
use crate::scope::Scope;
use crate::sync::{Mutex, lock};
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

/// What all chunks share.
struct Reduction<A: Chunks, M, C, R> {
    job: Job<A, M>,
    combine: C,
    len: usize,
    chunk: usize,
    /// Results of halves that wait for the other half, by where their chunks were split.
    halves: Vec<Mutex<Option<R>>>,
    /// That of the first chunk, which was measured.
    first: Mutex<Option<R>>,
    result: Mutex<Option<R>>,
}

/// A half of chunks: where it was split off, and whether it is the first one.
type Way = Vec<(usize, bool)>;

/// Chunks of one reduction: a result is kept of each.
const MOST_CHUNKS: usize = 1 << 24;

impl<'s> Scope<'s> {
    /// Calls `map` with each chunk of what `access` gives, on all engines, and with where the chunk starts; combines what
    /// that returns, in pairs of neighbours, in an order that depends on the length and the grain only. So the result has
    /// the same bits at any number of engines, also for floating-point numbers.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::Grain;
    /// let rt = sprat::Runtime::new()?;
    /// let (x, y) = (rt.block::<f64>(100_000)?, rt.block::<f64>(100_000)?);
    /// rt.finish(|s| {
    ///     s.for_each((x.write(), y.write()), Grain::Auto, |_, (x, y)| {
    ///         x.fill(0.1);
    ///         y.fill(10.0);
    ///     });
    ///     let dot = s.map_reduce(
    ///         (x.read(), y.read()),
    ///         Grain::Auto,
    ///         |_, (x, y)| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>(),
    ///         |a, b| a + b,
    ///     );
    ///     s.spawn(dot.read(), |_, dot| assert!((dot - 1e5).abs() < 1e-6));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// An access with nothing in it gives what `map` makes of nothing. `combine` need not be commutative, but associative, or
    /// nearly so as for floating-point numbers.
    ///
    /// # Failures
    /// As for [`Scope::for_each`]; and [`ErrorKind::Access`] with more than 2^24 chunks, each of whose results is kept until it is combined; [`ErrorKind::System`] without memory for that.
    #[track_caller]
    pub fn map_reduce<A, R, M, C>(
        &self,
        access: A,
        grain: impl Into<Grain>,
        map: M,
        combine: C,
    ) -> Spawned<R>
    where
        A: Chunks,
        R: Send + Sync + 'static,
        M: for<'v> Fn(usize, A::View<'v>) -> R + Send + Sync + 's,
        C: Fn(R, R) -> R + Send + Sync + 's,
    {
        let options = self.codelet("map_reduce");
        options.map_reduce(access, grain, map, combine)
    }
}

impl<'s> Options<'_, 's> {
    /// Spawns a reduction with these options. See [`Scope::map_reduce`]. They hold for it as for a
    /// [loop](Options::for_each).
    #[track_caller]
    pub fn map_reduce<A, R, M, C>(
        self,
        access: A,
        grain: impl Into<Grain>,
        map: M,
        combine: C,
    ) -> Spawned<R>
    where
        A: Chunks,
        R: Send + Sync + 'static,
        M: for<'v> Fn(usize, A::View<'v>) -> R + Send + Sync + 's,
        C: Fn(R, R) -> R + Send + Sync + 's,
    {
        let (about, grain) = (self.about(Location::caller()), grain.into());
        self.spawn_once(access.clone(), move |s, view| {
            let raw = A::raw(view);
            with_len::<A, R>(&raw, |len| {
                let chunk = match grain {
                    Grain::Auto => grain::reduced(len),
                    Grain::Elements(elements) => elements.max(1),
                };
                let chunks = len.div_ceil(chunk);
                if chunks > MOST_CHUNKS {
                    return Finished::Wrong(Error::new(
                        ErrorKind::Access,
                        format!(
                            "{len} elements in chunks of {chunk} are {chunks} chunks, and a reduction keeps the result of each: it can have {MOST_CHUNKS}; take a larger grain"
                        ),
                    ));
                }
                let halves = match halves(chunks) {
                    Ok(halves) => halves,
                    Err(error) => return Finished::Wrong(error),
                };
                let reduction = Reduction::<A, M, C, R> {
                    job: Job::new(raw, map, about),
                    combine,
                    len,
                    chunk,
                    halves,
                    first: Mutex::new(None),
                    result: Mutex::new(None),
                };
                run(s, access, Arc::new(reduction), grain == Grain::Auto)
            })
        })
    }
}

/// Places for the results of halves of so many chunks.
fn halves<R>(chunks: usize) -> Result<Vec<Mutex<Option<R>>>> {
    let mut halves = Vec::new();
    if halves.try_reserve_exact(chunks).is_err() {
        return Err(Error::new(
            ErrorKind::System,
            format!(
                "no memory for the results of the {chunks} chunks of a reduction; take a larger grain"
            ),
        ));
    }
    halves.resize_with(chunks, || Mutex::new(None));
    Ok(halves)
}

impl<A, M, C, R> Reduction<A, M, C, R>
where
    A: Chunks,
    M: for<'v> Fn(usize, A::View<'v>) -> R,
    C: Fn(R, R) -> R,
{
    fn map(&self, chunk: usize) -> R {
        if chunk == 0
            && let Some(first) = lock(&self.first).take()
        {
            return first;
        }
        let start = chunk * self.chunk;
        let range = start..start.saturating_add(self.chunk).min(self.len);
        // SAFETY: the range lies in the view, no two chunks overlap and each is mapped once, and the reduction's codelet, of
        // which we are a part, holds the view until all of it has ended.
        (self.job.body)(start, unsafe { A::chunk(&self.job.raw, range) })
    }

    /// Maps and combines these chunks, one after the other.
    fn reduce(&self, chunks: Range<usize>) -> R {
        match chunks.len() {
            0 | 1 => self.map(chunks.start),
            _ => {
                let mid = grain::split(chunks.start, chunks.end);
                let first = self.reduce(chunks.start..mid);
                (self.combine)(first, self.reduce(mid..chunks.end))
            }
        }
    }

    /// Some chunks have come out: combines with the other halves that have, up to one that has not.
    fn come_out(&self, mut way: Way, mut result: R) {
        while let Some((mid, is_first)) = way.pop() {
            let mut half = lock(&self.halves[mid]);
            let Some(other) = half.take() else {
                *half = Some(result);
                return;
            };
            drop(half);
            result = match is_first {
                true => (self.combine)(result, other),
                false => (self.combine)(other, result),
            };
        }
        *lock(&self.result) = Some(result);
    }

    fn end(&self) -> R {
        self.job.end();
        let result = lock(&self.result).take();
        result.expect("nothing failed, so all has come out")
    }
}

/// The body of a reduction.
fn run<'s, A, M, C, R>(
    s: &Scope<'s>,
    access: A,
    reduction: Arc<Reduction<A, M, C, R>>,
    measures: bool,
) -> Finished<R>
where
    A: Chunks,
    R: Send + Sync + 'static,
    M: for<'v> Fn(usize, A::View<'v>) -> R + Send + Sync + 's,
    C: Fn(R, R) -> R + Send + Sync + 's,
{
    let count = reduction.len.div_ceil(reduction.chunk);
    let mut group = 1;
    if measures && count > 1 {
        let begin = Instant::now();
        reduction.job.try_to(|| {
            let first = reduction.map(0);
            *lock(&reduction.first) = Some(first);
        });
        let nanos = begin.elapsed().as_nanos() as u64;
        let engines = s.frame().engine.shared.seats.len();
        group = grain::grain(nanos.min(CHUNK_NS), 1, count, engines);
    }
    // In the checking mode there is one engine, and blocks are closed when the body ends that declared them.
    if count <= group || s.frame().engine.shared.check.is_some() {
        reduction.job.try_to(|| {
            let result = reduction.reduce(0..count);
            *lock(&reduction.result) = Some(result);
        });
        return Finished::Here(reduction.end());
    }
    let all = s.scope(|s| halve(s, &reduction, Way::new(), 0..count, group));
    let ended = s
        .codelet(reduction.job.name)
        .at(reduction.job.at)
        .priority(reduction.job.level)
        .after(&all);
    let ended = ended.spawn_once(access, move |_, _| Ok(reduction.end()));
    Finished::Later(ended.value())
}

/// Runs these chunks: gives away the second half as long as there are more than `group`, then runs the rest.
fn halve<'s, A, M, C, R>(
    s: &Scope<'s>,
    reduction: &Arc<Reduction<A, M, C, R>>,
    mut way: Way,
    mut chunks: Range<usize>,
    group: usize,
) where
    A: Chunks,
    R: Send + Sync + 'static,
    M: for<'v> Fn(usize, A::View<'v>) -> R + Send + Sync + 's,
    C: Fn(R, R) -> R + Send + Sync + 's,
{
    while chunks.len() > group {
        let mid = grain::split(chunks.start, chunks.end);
        let (second, theirs) = (mid..chunks.end, reduction.clone());
        let mut their_way = way.clone();
        their_way.push((mid, false));
        let options = s.codelet(reduction.job.name).at(reduction.job.at);
        let options = options.priority(reduction.job.level);
        options.spawn_once((), move |s, ()| halve(s, &theirs, their_way, second, group));
        way.push((mid, true));
        chunks.end = mid;
    }
    (reduction.job).try_to(|| reduction.come_out(way, reduction.reduce(chunks)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_without_memory_are_an_error() {
        assert_eq!(halves::<u64>(3).unwrap().len(), 3);
        let error = halves::<u64>(usize::MAX / 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::System);
        assert!(error.to_string().contains("larger grain"), "{error}");
    }
}

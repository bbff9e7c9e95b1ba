//! Loops over blocks: in chunks, on all engines.
//!
//! A loop is one codelet that declares what it goes over, and whose body makes its chunks: children that share its views.
//! They need no place in any queue, since a codelet gives its blocks back only when all its descendants have ended. Chunks
//! are made by halving, each half a codelet that may be stolen and halves on; so a thief takes much at a time, and who is
//! alone goes through the chunks in order. See `docs/design/loops.md`.

use crate::access::Value;
use crate::affinity::Priority;
use crate::chunks::Chunks;
use crate::decide::grain;
use crate::error::Result;
use crate::options::Options;
use crate::options::Spawned;
use crate::outcome::{End, Outcome};
use crate::panics;
use crate::scope::Scope;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock};
use std::ops::Range;
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

/// How many elements a chunk of a loop has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// Found out. [`Scope::for_each`] measures what the first elements take, and makes chunks of about 30 microseconds, or of
    /// less if that would be fewer than four for each engine, but not below five. [`Scope::map_reduce`] makes 256 chunks at
    /// most, by the length alone, and measures only how many of them a codelet takes, so that the result does not depend on
    /// time.
    #[default]
    Auto,
    /// So many; the last chunk may have fewer. 0 counts as 1.
    Elements(usize),
}

impl From<usize> for Grain {
    fn from(elements: usize) -> Self {
        Grain::Elements(elements)
    }
}

/// What all chunks of a loop share.
pub(crate) struct Job<A: Chunks, F> {
    pub(crate) raw: A::Raw,
    pub(crate) body: F,
    pub(crate) name: &'static str,
    pub(crate) at: &'static Location<'static>,
    /// The loop's, and so that of all its chunks.
    pub(crate) level: Priority,
    stop: AtomicBool,
    /// What the first chunk said that panicked.
    failed: Mutex<Option<String>>,
}

impl<A: Chunks, F> Job<A, F> {
    pub(crate) fn new(raw: A::Raw, body: F, (name, at, level): About) -> Self {
        Job {
            raw,
            body,
            name,
            at,
            level,
            stop: AtomicBool::new(false),
            failed: Mutex::new(None),
        }
    }

    /// Runs some of it, unless something has failed.
    pub(crate) fn try_to(&self, part: impl FnOnce()) {
        // Relaxed: who does not see it yet does work that nobody will look at.
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        if let Err(message) = panics::caught(part) {
            self.stop.store(true, Ordering::Relaxed);
            lock(&self.failed).get_or_insert(message);
        }
    }

    /// When all of it has ended: goes on with the panic of a chunk, if there was one.
    pub(crate) fn end(&self) {
        if let Some(message) = lock(&self.failed).take() {
            resume_unwind(Box::new(message));
        }
    }
}

/// How a loop's body ends: at once, or with the value of a child.
pub(crate) enum Finished<R> {
    Here(R),
    Later(Value<R>),
    Wrong(crate::error::Error),
}

impl<R: Send + Sync + 'static> Outcome for Finished<R> {
    type Value = R;
    fn end(self) -> End<R> {
        match self {
            Finished::Here(value) => End::Value(value),
            Finished::Later(value) => End::Forward(value),
            Finished::Wrong(error) => End::Failed(error),
        }
    }
}

impl<'s> Scope<'s> {
    /// Calls `body` with each chunk of what `access` gives, on all engines, and with where in there it starts. One codelet as
    /// far as others are concerned: it has its place in program order, and its end is the end of all chunks.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::Grain;
    /// let rt = sprat::Runtime::new()?;
    /// let (x, y) = (rt.block::<f64>(100_000)?, rt.block::<f64>(100_000)?);
    /// rt.finish(|s| {
    ///     s.for_each(x.write(), Grain::Auto, |start, x| {
    ///         for (i, x) in (start..).zip(x) {
    ///             *x = i as f64;
    ///         }
    ///     });
    ///     // Side by side, in chunks of 4,096 elements.
    ///     s.for_each((x.read(), y.write()), 4096, |_, (x, y)| {
    ///         for (x, y) in x.iter().zip(y) {
    ///             *y = 2.0 * x;
    ///         }
    ///     });
    ///     // What is called for a part of a block, in a codelet or not, is the same.
    ///     s.for_each(y.part(..10).read_write(), 1, |i, y| y[0] -= i as f64);
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.read(y, |y| (y[9], y[99_999]))?, (9.0, 199_998.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Chunks are called in any order, and each once. With `0..n` as an access it is a loop over indices.
    ///
    /// # Failures
    /// If a chunk panics, chunks that have not begun are left out, and the whole loop counts as one codelet that panicked:
    /// all that it was to write is poisoned. Accesses of different lengths make it fail before it begins.
    #[track_caller]
    pub fn for_each<A, F>(&self, access: A, grain: impl Into<Grain>, body: F) -> Spawned<()>
    where
        A: Chunks,
        F: for<'v> Fn(usize, A::View<'v>) + Send + Sync + 's,
    {
        self.codelet("for_each").for_each(access, grain, body)
    }
}

impl<'s> Options<'_, 's> {
    /// Spawns a loop with these options. See [`Scope::for_each`]. Its chunks are of its level; those options about placement
    /// hold for its beginning only, since chunks run on all engines.
    #[track_caller]
    pub fn for_each<A, F>(self, access: A, grain: impl Into<Grain>, body: F) -> Spawned<()>
    where
        A: Chunks,
        F: for<'v> Fn(usize, A::View<'v>) + Send + Sync + 's,
    {
        let (about, grain) = (self.about(Location::caller()), grain.into());
        self.spawn_once(access.clone(), move |s, view| {
            let raw = A::raw(view);
            with_len::<A, ()>(&raw, |len| {
                let job = Arc::new(Job::<A, F>::new(raw, body, about));
                run(s, access, job, len, grain)
            })
        })
    }
}

/// The body of a loop.
fn run<'s, A, F>(
    s: &Scope<'s>,
    access: A,
    job: Arc<Job<A, F>>,
    len: usize,
    grain: Grain,
) -> Finished<()>
where
    A: Chunks,
    F: for<'v> Fn(usize, A::View<'v>) + Send + Sync + 's,
{
    let (from, chunk) = match grain {
        Grain::Elements(elements) => (0, elements.max(1)),
        Grain::Auto => probe(s, &job, len),
    };
    let count = (len - from).div_ceil(chunk);
    if s.frame().engine.shared.check.is_some() {
        // In the checking mode there is one engine, and blocks are closed when the body ends that declared them.
        let start = |at: usize| from.saturating_add(at.saturating_mul(chunk)).min(len);
        (0..count).for_each(|at| call(&job, start(at)..start(at + 1)));
        job.end();
        return Finished::Here(());
    }
    if count <= 1 {
        call(&job, from..len);
        job.end();
        return Finished::Here(());
    }
    let chunks = Cut { from, len, chunk };
    let all = s.scope(|s| halve(s, &job, chunks, 0..count));
    // It declares what the loop has declared: so if it fails, that is poisoned.
    let ended = s.codelet(job.name).at(job.at).priority(job.level);
    let ended = ended.after(&all).spawn_once(access, move |_, _| job.end());
    Finished::Later(ended.value())
}

/// How what is left of a loop is cut into chunks.
#[derive(Clone, Copy)]
struct Cut {
    from: usize,
    len: usize,
    chunk: usize,
}

/// Runs a chunk.
fn call<A, F>(job: &Job<A, F>, range: Range<usize>)
where
    A: Chunks,
    F: for<'v> Fn(usize, A::View<'v>),
{
    if range.is_empty() {
        return;
    }
    job.try_to(|| {
        let start = range.start;
        // SAFETY: the range lies in the view (`run` cut it so), no two chunks of a loop overlap, and the loop's codelet, of
        // which we are a part, holds the view until all of it has ended.
        let chunk = unsafe { A::chunk(&job.raw, range) };
        (job.body)(start, chunk);
    });
}

/// Runs these chunks: gives away the second half as long as there is one, then runs the first of them.
fn halve<'s, A, F>(s: &Scope<'s>, job: &Arc<Job<A, F>>, cut: Cut, mut chunks: Range<usize>)
where
    A: Chunks,
    F: for<'v> Fn(usize, A::View<'v>) + Send + Sync + 's,
{
    while chunks.len() > 1 {
        let mid = chunks.start + chunks.len() / 2;
        let (second, theirs) = (mid..chunks.end, job.clone());
        let options = s.codelet(job.name).at(job.at).priority(job.level);
        options.spawn_once((), move |s, ()| halve(s, &theirs, cut, second));
        chunks.end = mid;
    }
    let start = cut.from + chunks.start * cut.chunk;
    let end = start.saturating_add(cut.chunk).min(cut.len);
    call(job, start..end);
}

/// Runs the first elements, twice as many each time, until it is known what they take. Gives how far it came, and the size
/// of the chunks of the rest.
fn probe<'s, A, F>(s: &Scope<'s>, job: &Job<A, F>, len: usize) -> (usize, usize)
where
    A: Chunks,
    F: for<'v> Fn(usize, A::View<'v>) + Send + Sync + 's,
{
    let (mut done, mut next) = (0_usize, 1_usize);
    loop {
        let end = done.saturating_add(next).min(len);
        let begin = Instant::now();
        call(job, done..end);
        let nanos = begin.elapsed().as_nanos() as u64;
        let tried = end - done;
        done = end;
        if nanos >= grain::PROBE_NS || done == len {
            let engines = s.frame().engine.shared.seats.len();
            return (done, grain::grain(nanos, tried, len - done, engines));
        }
        next *= 2;
    }
}

/// What a loop is called, where, and its level.
pub(crate) type About = (&'static str, &'static Location<'static>, Priority);

/// The result of a body whose length may be wrong.
pub(crate) fn with_len<A: Chunks, R>(
    raw: &A::Raw,
    body: impl FnOnce(usize) -> Finished<R>,
) -> Finished<R> {
    let len: Result<usize> = A::len(raw);
    len.map_or_else(Finished::Wrong, body)
}

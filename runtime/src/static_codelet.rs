//! Codelets that stand in a `static`, with alternates: other bodies that do the same on processors that can do more.

use crate::access::Access;
use crate::decide::alternates::MOST;
use crate::isa::Isa;
use crate::options::Options;
use crate::options::Spawned;
use crate::runtime::Runtime;
use crate::scope::Scope;
use std::time::Instant;

/// A body that needs nothing of the processor beyond what the program was compiled for.
pub type StaticBody<Q, A> = for<'c, 's, 'v> fn(&'c Scope<'s>, &'c Q, <A as Access>::View<'v>);
/// A body that needs an extension of the instruction set.
pub type UnsafeBody<Q, A> =
    for<'c, 's, 'v> unsafe fn(&'c Scope<'s>, &'c Q, <A as Access>::View<'v>);

/// A codelet that stands in a `static`, to be spawned by [`Scope::call`]: a name, a body, and alternates. `Q` are its
/// parameters, `A` its accesses.
///
/// Alternates do the same as the body in another way, mostly with instructions that not every processor has. Each
/// execution engine runs those that it can, measures each a few times, keeps to the one that is fastest there, and looks
/// again after a while ([`decide::alternates`](crate::decide::alternates)). That takes the calls of one codelet to be
/// alike; for small and large tiles write two. A program means what its sequential run means if all alternates give the
/// same result; if they round differently, so may it from run to run.
///
/// [`codelet!`](crate::codelet) writes both the codelet and its alternates, and no `unsafe` is needed:
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// use sprat::{Read, Runtime, Write};
///
/// sprat::codelet! {
///     /// y = k x.
///     static SCALE: Codelet<f64, (Read<f64>, Write<f64>)> = |_s, k, (x, y)| {
///         y.iter_mut().zip(x).for_each(|(y, x)| *y = k * x);
///     }, also for Avx2, Neon;
/// }
///
/// let rt = Runtime::new()?;
/// let (a, b) = (rt.block::<f64>(1000)?, rt.block::<f64>(1000)?);
/// rt.write(a, |a| a.fill(2.0))?;
/// rt.finish(|s| {
///     s.call(&SCALE, 1.5, (a.read(), b.write()));
///     Ok(())
/// })?;
/// assert_eq!(rt.read(b, |b| b[999])?, 3.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Codelet<Q: 'static, A: Access> {
    name: &'static str,
    body: StaticBody<Q, A>,
    alternates: [Option<(Isa, UnsafeBody<Q, A>)>; MOST - 1],
}

impl<Q, A: Access> Clone for Codelet<Q, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Q, A: Access> Copy for Codelet<Q, A> {}

impl<Q, A: Access> Codelet<Q, A> {
    /// A codelet without alternates. The name is for errors, traces and the simulator.
    pub const fn new(name: &'static str, body: StaticBody<Q, A>) -> Self {
        Codelet {
            name,
            body,
            alternates: [None; MOST - 1],
        }
    }

    /// Adds an alternate that needs `isa`. On processors without it, and on other architectures, it is left out.
    ///
    /// # Safety
    /// `body` is sound to call where `isa` is there: it needs no other extension, and asks nothing else of its caller.
    /// [`codelet!`](crate::codelet) sees to that.
    ///
    /// # Panics
    /// If there are seven already; in a `static` that is an error of the compiler.
    #[must_use]
    pub const unsafe fn alternate(mut self, isa: Isa, body: UnsafeBody<Q, A>) -> Self {
        let mut at = 0;
        while self.alternates[at].is_some() {
            at += 1;
            assert!(at < MOST - 1, "a codelet has at most seven alternates");
        }
        self.alternates[at] = Some((isa, body));
        self
    }

    /// Adds an alternate that needs nothing of the processor: another way to do the same, which may be faster.
    ///
    /// # Panics
    /// As [`Codelet::alternate`].
    #[must_use]
    pub const fn or(self, body: StaticBody<Q, A>) -> Self {
        // SAFETY: a safe function is sound to call anywhere.
        unsafe { self.alternate(Isa::Any, body) }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What names it in the engines' tables.
    fn address(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Runs the best that the engine of this scope can run.
    fn run(&'static self, s: &Scope<'_>, params: &Q, view: A::View<'_>) {
        if self.alternates[0].is_none() {
            return (self.body)(s, params, view);
        }
        let isas = self.alternates.iter().flatten().map(|&(isa, _)| isa);
        run_best(s, self.address(), isas, |which| {
            match which.checked_sub(1).and_then(|at| self.alternates[at]) {
                None => (self.body)(s, params, view),
                // SAFETY: only what is usable is chosen: the engine has what it needs, which is all that it needs.
                Some((_, body)) => unsafe { body(s, params, view) },
            }
        });
    }
}

/// Chooses for the engine of this scope from a usual body and those that need these, at most seven, and has that one run: 0 is the usual
/// one. Whoever has the same address has the same list each time.
fn run_best(
    s: &Scope<'_>,
    address: usize,
    needs: impl Iterator<Item = Isa>,
    run: impl FnOnce(usize),
) {
    let engine = s.frame().engine;
    let table = &engine.shared.alternates;
    let xe = engine.local(|local| local.here.map_or(0, |here| here.xe));
    let mut usable = 1u8;
    for (at, isa) in needs.enumerate() {
        usable |= u8::from(table.can_run(xe, isa)) << (at + 1);
    }
    if usable == 1 {
        return run(0);
    }
    let choice = table.choose(xe, address, usable);
    if usable >> choice.which & 1 == 0 {
        // Another list was measured under this address, against the promise: only what this one can run may run.
        if choice.measure {
            table.measured(xe, address, choice, None);
        }
        return run(0);
    }
    if !choice.measure {
        return run(choice.which);
    }
    let mut trial = Trial(None, |ns| table.measured(xe, address, choice, ns));
    let begin = Instant::now();
    run(choice.which);
    trial.0 = Some(begin.elapsed().as_nanos() as u64);
}

/// Tells how long a body took, or that it panicked.
struct Trial<F: Fn(Option<u64>)>(Option<u64>, F);

impl<F: Fn(Option<u64>)> Drop for Trial<F> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}

impl Scope<'_> {
    /// For interfaces of other languages: chooses for this engine from a usual body and alternates that need these, at most seven, as
    /// [`Codelet::alternate`] says, and calls `run` with the number of the chosen one, where 0 is the usual body. What the chosen one needs
    /// is there. The static is the codelet's own, and stands for the same list each time: with another list it is the usual body that runs
    /// where the chosen one is not in that.
    ///
    /// # Panics
    /// If there are more than seven alternates, or the static has no size, and so perhaps no address of its own.
    pub fn run_best<T>(&self, codelet: &'static T, needs: &[Isa], run: impl FnOnce(usize)) {
        const { assert!(size_of::<T>() > 0, "it may have no address of its own") };
        assert!(needs.len() < MOST, "a codelet has at most seven alternates");
        let address = std::ptr::from_ref(codelet).addr();
        run_best(self, address, needs.iter().copied(), run);
    }
}

impl<'s> Scope<'s> {
    /// Spawns a codelet that stands in a `static`, with these parameters. See [`Codelet`].
    #[track_caller]
    pub fn call<Q, A>(&self, codelet: &'static Codelet<Q, A>, params: Q, access: A) -> Spawned<()>
    where
        Q: Copy + Send + Sync + 'static,
        A: Access,
    {
        self.codelet(codelet.name).call(codelet, params, access)
    }
}

impl<'s> Options<'_, 's> {
    /// Spawns a codelet that stands in a `static`, with these options. See [`Scope::call`].
    #[track_caller]
    pub fn call<Q, A>(self, codelet: &'static Codelet<Q, A>, params: Q, access: A) -> Spawned<()>
    where
        Q: Copy + Send + Sync + 'static,
        A: Access,
    {
        self.spawn(access, move |s, view| codelet.run(s, &params, view))
    }
}

/// What an execution engine knows of one of a codelet's bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlternateCounts {
    /// What it needs; the first of a codelet's is its usual body, which needs [`Isa::Any`].
    pub isa: Isa,
    /// Whether the engine can run it.
    pub usable: bool,
    /// Whether the engine keeps to it at present.
    pub chosen: bool,
    /// How often it ran here. Not counted where only one body is usable.
    pub calls: u64,
    /// The least time of a call in the last trials here, in nanoseconds.
    pub least_ns: Option<u64>,
}

impl Runtime {
    /// What each execution engine knows of a codelet's bodies: the usual one, then the alternates in their order.
    pub fn alternates<Q, A: Access>(
        &self,
        codelet: &'static Codelet<Q, A>,
    ) -> Vec<Vec<AlternateCounts>> {
        let others = codelet.alternates.iter().flatten().map(|&(isa, _)| isa);
        self.alternates_at(codelet.address(), others)
    }

    /// The same of a codelet that [`Scope::run_best`] knows by this static and these alternates.
    pub fn alternates_of<T>(
        &self,
        codelet: &'static T,
        needs: &[Isa],
    ) -> Vec<Vec<AlternateCounts>> {
        let address = std::ptr::from_ref(codelet).addr();
        self.alternates_at(address, needs.iter().copied())
    }

    fn alternates_at(
        &self,
        address: usize,
        needs: impl Iterator<Item = Isa> + Clone,
    ) -> Vec<Vec<AlternateCounts>> {
        let table = &self.shared().alternates;
        let of = |xe: usize| {
            let known = table.known(xe, address);
            let counts = |(which, isa): (usize, Isa)| AlternateCounts {
                isa,
                usable: table.can_run(xe as u16, isa),
                chosen: known.as_ref().and_then(|known| known.chosen()) == Some(which),
                calls: known.as_ref().map_or(0, |known| known.calls(which)),
                least_ns: known.as_ref().and_then(|known| known.least_ns(which)),
            };
            let all = std::iter::once(Isa::Any).chain(needs.clone());
            all.enumerate().map(counts).collect()
        };
        (0..self.xes()).map(of).collect()
    }
}
